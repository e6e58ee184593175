"""Topological charge of films and angles of the magnetization."""

from __future__ import annotations

import numpy as np

Periodic = tuple[int, int, int]


def _neighbor(m: np.ndarray, dx: int, dy: int, periodic: Periodic) -> np.ndarray:
    """m of the cell dx, dy further; zero beyond an edge that is not periodic."""
    shifted = np.roll(m, (-dy, -dx), axis=(1, 2))
    for axis, step, wraps in ((2, dx, periodic[0]), (1, dy, periodic[1])):
        if step and not wraps:
            beyond: list[slice] = [slice(None)] * 4
            beyond[axis] = slice(-step, None) if step > 0 else slice(None, -step)
            shifted[tuple(beyond)] = 0
    return shifted


def _difference(m: np.ndarray, dx: int, dy: int, periodic: Periodic) -> np.ndarray:
    """The derivative along an axis times the cell size, with the cells that are there.

    Fourth order within the magnet, second order next to its edge, first order in strips of two
    cells, zero in a single cell.
    """
    back2, back, front, front2 = (_neighbor(m, k * dx, k * dy, periodic) for k in (-2, -1, 1, 2))
    has2, has, fore, fore2 = (
        v.any(axis=-1, keepdims=True) for v in (back2, back, front, front2)
    )  # fmt: skip
    both = has & fore
    choices = [
        (both & has2 & fore2, 2 / 3 * (front - back) + (back2 - front2) / 12),
        (both, 0.5 * (front - back)),
        (has & has2, 0.5 * back2 - 2 * back + 1.5 * m),
        (has, m - back),
        (fore & fore2, -0.5 * front2 + 2 * front - 1.5 * m),
        (fore, front - m),
    ]
    result = np.zeros_like(m)
    for condition, value in reversed(choices):
        result = np.where(condition, value, result)
    return result


def charge_density(
    m: np.ndarray, cell_size: tuple[float, float, float], periodic: Periodic
) -> np.ndarray:
    """m . (dm/dx x dm/dy) in 1/m2 by finite differences.

    Parameters
    ----------
    m : ndarray, shape (nz, ny, nx, 3)
        Zero in vacuum.
    cell_size : (cx, cy, cz)
        In m.
    periodic : (px, py, pz)
        Not zero along periodic axes.

    Returns
    -------
    ndarray, shape (nz, ny, nx)
    """
    m = m.astype(float)
    along_x, along_y = _difference(m, 1, 0, periodic), _difference(m, 0, 1, periodic)
    density = (m * np.cross(along_x, along_y)).sum(axis=-1) / (cell_size[0] * cell_size[1])
    return np.where(m.any(axis=-1), density, 0.0)


def _solid_angle(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Signed solid angle of the spherical triangle of three unit vectors."""

    def dot(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.asarray((u * v).sum(axis=-1))

    return 2 * np.arctan2(dot(a, np.cross(b, c)), 1 + dot(a, b) + dot(a, c) + dot(b, c))


def lattice_charge_density(
    m: np.ndarray, cell_size: tuple[float, float, float], periodic: Periodic
) -> np.ndarray:
    """The solid angle per area, 1/m2, of Berg and Luescher (Nucl. Phys. B 190, 412, 1981).

    Each cell has the triangles with its neighbors in the four quadrants; a square of four cells
    has four of them, which count half. Arguments and result are those of `charge_density`.
    """
    m = m.astype(float)
    around = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    total = np.zeros(m.shape[:3])
    for (ax, ay), (bx, by) in zip(around, around[1:] + around[:1], strict=True):
        corner = _neighbor(m, ax + bx, ay + by, periodic)
        weight = np.where(corner.any(axis=-1), 0.5, 1.0)
        sides = _neighbor(m, ax, ay, periodic), _neighbor(m, bx, by, periodic)
        total += weight * _solid_angle(m, *sides)
    return total / (cell_size[0] * cell_size[1])


def charge(density: np.ndarray, cell_size: tuple[float, float, float]) -> float:
    """The charge of a density, averaged over the layers."""
    return float(density.sum()) * cell_size[0] * cell_size[1] / (4 * np.pi * density.shape[0])


def azimuth(m: np.ndarray) -> np.ndarray:
    """Angle in the plane, rad, (nz, ny, nx)."""
    return np.arctan2(m[..., 1], m[..., 0])


def polar_angle(m: np.ndarray) -> np.ndarray:
    """Angle to +z, rad, (nz, ny, nx)."""
    return np.arccos(np.clip(m[..., 2], -1, 1))
