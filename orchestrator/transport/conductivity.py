"""The local conductivity tensor of a magnetic film.

Cellwise, Sigma_ij = sigma_perp delta_ij + (sigma_par - sigma_perp) m_i m_j + sigma_ah eps_ijk m_k:
anisotropic magnetoresistance with the planar Hall effect in its off-diagonal part, and the
anomalous Hall effect as the antisymmetric part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from orchestrator.device import Resistivity
from orchestrator.errors import InputError

UNIT_TOLERANCE = 1e-3
"""Largest accepted deviation of |m| from 1."""

PAIRS = {
    2: ((0, 0), (1, 1), (0, 1)),
    3: ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)),
}
"""Index pairs (x = 0, y = 1, z = 2) of the stored symmetric components, by dimension."""

HALL_PAIRS = {2: ((0, 1),), 3: ((1, 2), (2, 0), (0, 1))}
"""Index pairs (a, b) with Sigma_ab = -Sigma_ba = +hall, by dimension."""


@dataclass(frozen=True)
class Conductivity:
    """Conductivity tensors of all cells, component first.

    Attributes
    ----------
    symmetric : ndarray, shape (3, ny, nx) or (6, nz, ny, nx)
        Components `PAIRS[d]` of the symmetric part, S/m.
    hall : ndarray, shape (1, ny, nx) or (3, nz, ny, nx), or None
        Components `HALL_PAIRS[d]` of the antisymmetric part, S/m; None where there is none.
    """

    symmetric: np.ndarray
    hall: np.ndarray | None = None

    @property
    def dimension(self) -> int:
        """2 or 3."""
        return self.symmetric.ndim - 1

    def components(self) -> Iterator[tuple[np.ndarray, tuple[int, int]]]:
        """All nonzero elements Sigma_ab with their indices (a, b)."""
        for sigma, (a, b) in zip(self.symmetric, PAIRS[self.dimension], strict=True):
            yield sigma, (a, b)
            if a != b:
                yield sigma, (b, a)
        if self.hall is not None:
            for sigma, (a, b) in zip(self.hall, HALL_PAIRS[self.dimension], strict=True):
                yield sigma, (a, b)
                yield -sigma, (b, a)

    def times(self, field: np.ndarray) -> np.ndarray:
        """Sigma times a vector field given component first, shape (d, *cells)."""
        result = np.zeros_like(field)
        for sigma, (a, b) in self.components():
            result[a] += sigma * field[b]
        return result


def conducting_cells(m: np.ndarray) -> np.ndarray:
    """Mask of the cells that are not vacuum, after checking m.

    Parameters
    ----------
    m : ndarray, shape (nz, ny, nx, 3)
        Unit vectors, zero vectors in vacuum.

    Raises
    ------
    InputError
        If m holds a NaN or a vector that is neither a unit vector nor zero.
    """
    norm = np.sqrt(np.einsum("...i,...i", m, m))
    magnetic = norm != 0
    wrong = magnetic & ~(np.abs(norm - 1) <= UNIT_TOLERANCE)
    if wrong.any():
        z, y, x = (int(i) for i in np.argwhere(wrong)[0])
        raise InputError(
            f"m has {int(wrong.sum())} vectors that are neither of unit length nor zero (vacuum); "
            f"the first is {m[z, y, x].tolist()} in cell (ix, iy, iz) = ({x}, {y}, {z})"
        )
    return magnetic


def conductivity(m: np.ndarray, resistivity: Resistivity) -> Conductivity:
    """Conductivity tensors of a film with anisotropic magnetoresistance.

    Parameters
    ----------
    m : ndarray, shape (nz, ny, nx, 3)
        Unit vectors, zero vectors in vacuum. With nz = 1 the 2 x 2 block of the film's plane is
        returned.
    resistivity : Resistivity
        rho_par, rho_perp and the anomalous Hall conductivity.
    """
    d = 2 if m.shape[0] == 1 else 3
    field = np.moveaxis(m[0] if d == 2 else m, -1, 0).astype(float)
    magnetic = np.any(field != 0, axis=0)
    across = 1 / resistivity.perpendicular
    difference = 1 / resistivity.parallel - across
    symmetric = np.empty((len(PAIRS[d]), *field.shape[1:]))
    for component, (a, b) in zip(symmetric, PAIRS[d], strict=True):
        np.multiply(field[a], field[b], out=component)
        component *= difference
        if a == b:
            component += across * magnetic
    hall = None
    if resistivity.sigma_ah:
        normals = field[2:3] if d == 2 else field
        hall = resistivity.sigma_ah * normals
    return Conductivity(symmetric, hall)
