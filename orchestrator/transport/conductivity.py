"""The local conductivity tensor of a film.

Cellwise, Sigma_ij = sigma_perp delta_ij + (sigma_par - sigma_perp) m_i m_j + sigma_ah eps_ijk m_k:
anisotropic magnetoresistance with the planar Hall effect in its off-diagonal part, and the
anomalous Hall effect as the antisymmetric part. A metal has a plain conductivity, vacuum none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.film import Film
from orchestrator.describe.media import Region, Resistivity
from orchestrator.transport.threads import Team

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

    def check_positive(self) -> None:
        """Refuse tensors that are neither zero (vacuum) nor positive definite.

        Raises
        ------
        InputError
            With the first such cell.
        """
        d = self.dimension
        tensor = np.zeros((d, d, *self.symmetric.shape[1:]))
        for sigma, (a, b) in zip(self.symmetric, PAIRS[d], strict=True):
            tensor[a, b] = tensor[b, a] = sigma
        minors = [tensor[0, 0], tensor[0, 0] * tensor[1, 1] - tensor[0, 1] ** 2]
        if d == 3:
            minors.append(np.linalg.det(np.moveaxis(tensor, (0, 1), (-2, -1))))
        positive = np.logical_and.reduce([minor > 0 for minor in minors])
        empty = ~self.conducting()
        if self.hall is not None:
            empty &= (self.hall == 0).all(axis=0)
        wrong = ~(positive | empty)
        if wrong.any():
            place = tuple(int(i) for i in np.argwhere(wrong)[0])
            rows = np.moveaxis(tensor, (0, 1), (-2, -1))[place].tolist()
            where = (*place[::-1], 0)[:3]
            raise InputError(
                f"the conductivity of {int(wrong.sum())} cells is not positive definite; the first "
                f"is {rows} S/m in cell (ix, iy, iz) = {where}"
            )

    def conducting(self) -> np.ndarray:
        """Mask of the cells that are not vacuum."""
        return (self.symmetric != 0).any(axis=0)


@dataclass(frozen=True)
class Media:
    """What conducts where, whatever the directions of m; numbers where all cells are alike.

    Attributes
    ----------
    across : float or ndarray, shape (nz, ny, nx)
        sigma_perp of a magnet, sigma of a metal, 0 in vacuum, S/m.
    difference : float or ndarray, shape (nz, ny, nx)
        sigma_par - sigma_perp, S/m; 0 outside magnets.
    hall : float or ndarray, shape (nz, ny, nx)
        Anomalous Hall conductivity, S/m; 0 outside magnets.
    metal, vacuum : ndarray of bool, shape (nz, ny, nx), or None
        Cells that conduct though m is zero, and that do not although it is not.
    """

    across: float | np.ndarray
    difference: float | np.ndarray
    hall: float | np.ndarray
    metal: np.ndarray | None = None
    vacuum: np.ndarray | None = None

    @classmethod
    def of(cls, film: Film, resistivity: Resistivity, regions: tuple[Region, ...] = ()) -> Media:
        """The media of a film of one resistivity with regions of others."""
        values = _conductivities(resistivity)
        if not regions and film.shape is None:
            return cls(*values)
        across, difference, hall = (np.full(film.array_shape, value) for value in values)
        metal, vacuum = np.zeros(film.array_shape, bool), ~film.inside
        for region in regions:
            cells = region.area.cells(film)
            values = (0.0, 0.0, 0.0)
            if region.resistivity is not None:
                values = _conductivities(region.resistivity)
            elif region.rho is not None:
                values = (1 / region.rho, 0.0, 0.0)
            for field, value in zip((across, difference, hall), values, strict=True):
                field[cells] = value
            metal[cells] = region.medium == "metal"
            vacuum[cells] = region.medium == "vacuum"
        return cls(across, difference, hall, metal, vacuum)


def _conductivities(resistivity: Resistivity) -> tuple[float, float, float]:
    across = 1 / resistivity.perpendicular
    return across, 1 / resistivity.parallel - across, resistivity.sigma_ah


def conducting_cells(m: np.ndarray, media: Media, team: Team | None = None) -> np.ndarray:
    """Mask of the cells that conduct, after checking m.

    Parameters
    ----------
    m : ndarray, shape (nz, ny, nx, 3)
        Unit vectors, zero vectors where nothing is magnetic.
    media : Media
        Metal conducts although m is zero, vacuum does not although it is not.
    team : Team, optional
        Threads; one if not given.

    Raises
    ------
    InputError
        If m holds a NaN or a vector that is neither a unit vector nor zero.
    """
    from orchestrator.transport import cellwise

    m, team = _real(m), team or Team(1)
    conducting, wrong = np.empty(m.shape[:3], bool), np.empty(m.shape[:2], int)
    blocks = team.blocks(0, m.shape[1], conducting.size)
    team.run(cellwise.find_conducting, blocks, m, UNIT_TOLERANCE, conducting, wrong)
    if wrong.any():
        norm = np.sqrt(np.einsum("...i,...i", m, m))
        z, y, x = (
            int(i) for i in np.argwhere((norm != 0) & ~(np.abs(norm - 1) <= UNIT_TOLERANCE))[0]
        )
        raise InputError(
            f"m has {int(wrong.sum())} vectors that are neither of unit length nor zero (vacuum); "
            f"the first is {m[z, y, x].tolist()} in cell (ix, iy, iz) = ({x}, {y}, {z})"
        )
    if media.metal is not None:
        conducting |= media.metal
    if media.vacuum is not None:
        conducting &= ~media.vacuum
    return conducting


def conductivity(
    m: np.ndarray, media: Media, conducting: np.ndarray, team: Team | None = None
) -> Conductivity:
    """Conductivity tensors of a film.

    Parameters
    ----------
    m : ndarray, shape (nz, ny, nx, 3)
        Unit vectors, zero vectors where nothing is magnetic. With nz = 1 the 2 x 2 block of the
        film's plane is returned.
    media : Media
        sigma_perp, sigma_par - sigma_perp and the anomalous Hall conductivity.
    conducting : ndarray of bool, shape (nz, ny, nx)
        Cells that conduct, as `conducting_cells` finds them.
    team : Team, optional
        Threads; one if not given.
    """
    from orchestrator.transport import cellwise

    d = 2 if m.shape[0] == 1 else 3
    cells = m.shape[:3]
    team = team or Team(1)
    symmetric = team.empty((len(PAIRS[d]), *cells))
    hall = team.empty((len(HALL_PAIRS[d]) if np.any(media.hall) else 0, *cells))
    team.run(
        cellwise.tensors,
        team.blocks(0, cells[1], symmetric.size),
        _real(m),
        np.array(PAIRS[d]),
        *(np.atleast_3d(value) for value in (media.across, media.difference, media.hall)),
        conducting,
        symmetric,
        hall,
    )
    symmetric, hall = (components.reshape(-1, *cells[-d:]) for components in (symmetric, hall))
    return Conductivity(symmetric, hall if len(hall) else None)


def _real(m: np.ndarray) -> np.ndarray:
    """A magnetization as kernels take it."""
    return np.require(m, np.float32 if m.dtype == np.float32 else float, ("C", "W"))
