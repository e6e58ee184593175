"""The Oersted field of a current density, averaged over every cell.

    B(r) = mu0 / (4 pi) integral of j(r') x (r - r') / |r - r'|^3 dr'  (Biot-Savart),

with j constant in each cell, is a convolution of j with the kernel

    K(R) = 1/V integral over both cells of (r - r') / |r - r'|^3 dr dr',  R from cell to cell.

The integrals along z are exact for all pairs. For neighbors within `NEAR` cells in the plane the
double integrals are those of Newell's function f (A. J. Newell, W. Williams, D. J. Dunlop,
J. Geophys. Res. 98, 9551 (1993)), with d^4 f / dy^2 dz^2 = 1/r, integrated along x by Gauss points;
beyond, of three Gauss points along x and y.

Only the current within the film counts. The leads that bring it to the contacts are not part of
the film, and their field is to be added where it matters.
"""

from __future__ import annotations

import itertools

import numpy as np

from orchestrator.base.constants import MU0
from orchestrator.base.errors import InputError
from orchestrator.describe.film import Film, check_open

NEAR = 8
"""Distance along x or y in longest edges up to which pairs of cells are integrated exactly."""

GAUSS_POINTS = 12
"""Points of the integration of f over a cell's edge."""

DIFFERENCE = ((-np.sqrt(0.4), 5 / 24), (0.0, 7 / 12), (np.sqrt(0.4), 5 / 24))
"""Gauss points and weights of the difference of two places in two cells of unit edge."""


class OerstedField:
    """Oersted fields of current densities in a film; the kernel is found once.

    Parameters
    ----------
    film : Film
        Its cells; periodic images are left out.

    Raises
    ------
    InputError
        If the film is laterally periodic.
    """

    def __init__(self, film: Film) -> None:
        from scipy.fft import next_fast_len, rfftn

        check_open(film, "the Oersted field")
        self.film = film
        self._size = tuple(next_fast_len(2 * n - 1, real=True) for n in film.array_shape)
        self._transforms = []
        for axis in range(2 if film.is_2d else 3):
            kernel = _fold(_kernel(film, axis), axis, self._size)
            self._transforms.append(rfftn(kernel, workers=1))

    def __call__(self, j: np.ndarray) -> np.ndarray:
        """Field in T averaged over every cell, shape (nz, ny, nx, 3).

        Parameters
        ----------
        j : ndarray, shape (nz, ny, nx, 3)
            Current density at the cells' centers, A/m2.

        Raises
        ------
        InputError
            If j has another shape or values that are not finite.
        """
        from scipy.fft import irfftn, rfftn

        shape = self.film.array_shape
        if j.shape != (*shape, 3) or not np.isfinite(j).all():
            raise InputError(
                f"need finite current densities of shape {(*shape, 3)}, got shape {j.shape}"
            )
        currents = [
            rfftn(j[..., a], self._size, workers=1) if j[..., a].any() else None for a in range(3)
        ]
        field = np.zeros((*shape, 3))
        inside = tuple(slice(n) for n in shape)
        for c, (a, b) in enumerate(((1, 2), (2, 0), (0, 1))):
            transform = np.zeros((), complex)
            for k, l, sign in ((a, b, 1), (b, a, -1)):
                current = currents[k]
                if current is not None and l < len(self._transforms):
                    transform = transform + sign * current * self._transforms[l]
            if transform.ndim:
                field[..., c] = irfftn(transform, self._size, workers=1)[inside]
        return field


def _kernel(film: Film, axis: int) -> np.ndarray:
    """Component `axis` (0 = x) of mu0/(4 pi) K between cell 0 and all others, one for each cell.

    For distances of at least zero along every axis; the rest follows by symmetry.
    """
    edges = film.cell_size[::-1]
    places = np.meshgrid(
        *(np.arange(n) * h for n, h in zip(film.array_shape, edges, strict=True)), indexing="ij"
    )
    z, y, x = places
    reach = NEAR * max(edges[1:])
    near = tuple(slice(int(reach / h + 1.5)) for h in edges[1:])
    distant = np.array(x)
    distant[:, *near] = film.cell_size[0]
    result = _far((distant, y, z), film.cell_size, axis)
    result[:, *near] = _near((x[:, *near], y[:, *near], z[:, *near]), film.cell_size, axis)
    return MU0 / (4 * np.pi) * result


def _fold(octant: np.ndarray, axis: int, size: tuple[int, ...]) -> np.ndarray:
    """A kernel, odd along x, y or z (`axis` 0, 1, 2) and even along the others, wrapped around."""
    result = np.zeros(size)
    odd = 2 - axis
    for signs in itertools.product((1, -1), repeat=3):
        parts = [slice(None) if s > 0 else slice(1, None) for s in signs]
        targets = [
            slice(0, n) if s > 0 else slice(m - 1, m - n, -1) if n > 1 else slice(0, 0)
            for s, n, m in zip(signs, octant.shape, size, strict=True)
        ]
        result[tuple(targets)] = signs[odd] * octant[tuple(parts)]
    return result


def _near(place: tuple[np.ndarray, ...], edges: tuple[float, ...], axis: int) -> np.ndarray:
    """K at distances within reach, from f; `place` and `edges` in the order x, y, z."""
    order = [axis, *(a for a in range(3) if a != axis)]
    x, y, z = (place[a] for a in order)
    hx, hy, hz = (edges[a] for a in order)
    points, weights = np.polynomial.legendre.leggauss(GAUSS_POINTS)
    total = np.zeros_like(x)
    for (q, wy), (r, wz) in itertools.product(((-1, 1.0), (0, -2.0), (1, 1.0)), repeat=2):
        for p, w in zip(points, weights, strict=True):
            after = newell_f(x + hx * (1 + p) / 2, y + q * hy, z + r * hz)
            before = newell_f(x - hx * (1 + p) / 2, y + q * hy, z + r * hz)
            total -= wy * wz * w * hx / 2 * (after - before)
    return total / np.prod(edges)


def newell_f(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """A function with d^4 f / dy^2 dz^2 = 1 / sqrt(x^2 + y^2 + z^2), x not zero."""
    r = np.sqrt(x * x + y * y + z * z)
    return (
        y / 2 * (z * z - x * x) * np.arcsinh(y / np.hypot(x, z))
        + z / 2 * (y * y - x * x) * np.arcsinh(z / np.hypot(x, y))
        - x * y * z * np.arctan(y * z / (x * r))
        + (2 * x * x - y * y - z * z) * r / 6
    )


def _far(place: tuple[np.ndarray, ...], edges: tuple[float, ...], axis: int) -> np.ndarray:
    """K at distances of several cells in the plane, exact along z; wrong near the origin."""
    x, y, z = place
    hx, hy, hz = edges
    total = np.zeros_like(x)
    for (s, wx), (t, wy) in itertools.product(DIFFERENCE, repeat=2):
        u, v = x + s * hx, y + t * hy
        rho = np.hypot(u, v)
        for offset, wz in ((-1, 1.0), (0, -2.0), (1, 1.0)):
            zeta = z + offset * hz
            if axis == 2:
                total -= wx * wy * wz * np.arcsinh(zeta / rho)
            else:
                along = u if axis == 0 else v
                total += wx * wy * wz * along / rho**2 * np.hypot(rho, zeta)
    return hx * hy / hz * total
