"""Integrals of bilinear and trilinear elements on a box-shaped cell.

The corners of a cell are numbered in the order of its array axes, the last axis (x) fastest:
in 2D (y, x) = (0, 0), (0, 1), (1, 0), (1, 1).
"""

from __future__ import annotations

import itertools

import numpy as np

from orchestrator.transport.conductivity import HALL_PAIRS, PAIRS


def corners(d: int) -> list[tuple[int, ...]]:
    """Corners of a cell as 0/1 offsets along the array axes."""
    return list(itertools.product((0, 1), repeat=d))


def gradient_products(spacing: tuple[float, ...]) -> np.ndarray:
    """Integrals of dN_i/da dN_j/db over a cell for the linear shape functions N of its corners.

    Parameters
    ----------
    spacing : (cx, cy) or (cx, cy, cz)
        Edges of the cell, m.

    Returns
    -------
    ndarray, shape (d, d, 2^d, 2^d)
        Indices a, b (x, y, z), i, j (corners); m^(d - 2).
    """
    d = len(spacing)
    overlap = [h / 6 * np.array([[2.0, 1.0], [1.0, 2.0]]) for h in spacing]
    stiffness = [1 / h * np.array([[1.0, -1.0], [-1.0, 1.0]]) for h in spacing]
    slope = np.array([[-0.5, -0.5], [0.5, 0.5]])
    result = np.empty((d, d, 2**d, 2**d))
    for a, b in itertools.product(range(d), repeat=2):
        product: np.ndarray = np.ones((1, 1))
        for axis in reversed(range(d)):
            if a == b == axis:
                factor = stiffness[axis]
            elif axis == a:
                factor = slope
            elif axis == b:
                factor = slope.T
            else:
                factor = overlap[axis]
            product = np.kron(product, factor)
        result[a, b] = product
    return result


def symmetric_integrals(spacing: tuple[float, ...]) -> np.ndarray:
    """Element matrices of unit conductivity components `PAIRS[d]`, shape (3 or 6, 2^d, 2^d)."""
    t = gradient_products(spacing)
    return np.array([t[a, b] if a == b else t[a, b] + t[b, a] for a, b in PAIRS[len(spacing)]])


def hall_integrals(spacing: tuple[float, ...]) -> np.ndarray:
    """Element matrices of unit Hall components `HALL_PAIRS[d]`, shape (1 or 3, 2^d, 2^d)."""
    t = gradient_products(spacing)
    return np.array([t[a, b] - t[b, a] for a, b in HALL_PAIRS[len(spacing)]])


def center_gradient(spacing: tuple[float, ...]) -> np.ndarray:
    """Gradient at the cell's center from the corners' values, shape (d, 2^d), 1/m.

    It is also the average of the gradient over the cell.
    """
    d = len(spacing)
    signs = np.array(corners(d)).T[::-1] * 2.0 - 1.0
    return signs / 2 ** (d - 1) / np.array(spacing)[:, None]
