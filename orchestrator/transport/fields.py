"""Cellwise fields of nodal potentials."""

from __future__ import annotations

import itertools

import numpy as np

from orchestrator.transport.conductivity import Conductivity
from orchestrator.transport.elements import center_gradient, corners, gradient_products


def corner_values(phi: np.ndarray) -> np.ndarray:
    """Values of a nodal field at the corners of every cell, shape (2^d, *cells)."""
    places = corners(phi.ndim)
    return np.array(
        [
            phi[tuple(slice(o, n - 1 + o) for o, n in zip(corner, phi.shape, strict=True))]
            for corner in places
        ]
    )


def average_gradient(phi: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Average gradient of a nodal field in every cell, shape (d, *cells)."""
    return np.tensordot(center_gradient(spacing), corner_values(phi), axes=1)


def gradient_product(u: np.ndarray, v: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Integrals of du/da dv/db over every cell, shape (d, d, *cells).

    Exact for the linear elements, so their contraction with the conductivities adds up to u^T A v.
    """
    d = u.ndim
    first = corner_values(u)
    second = corner_values(v).reshape(2**d, -1)
    products = gradient_products(spacing)
    result = np.empty((d, d, *first.shape[1:]))
    for a, b in itertools.product(range(d), repeat=2):
        weighted = (products[a, b] @ second).reshape(first.shape)
        np.einsum("i...,i...->...", first, weighted, out=result[a, b])
    return result


def contract(sigma: Conductivity, products: np.ndarray) -> np.ndarray:
    """Sum over a, b of Sigma_ab times products of shape (d, d, *cells)."""
    result = np.zeros(products.shape[2:])
    for component, (a, b) in sigma.components():
        result += component * products[a, b]
    return result
