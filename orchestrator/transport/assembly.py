"""Finite-element matrix of div(Sigma grad phi) on the nodes of a regular grid.

The matrix couples a node with its 8 (26) neighbors only, so it is kept as one array of
coefficients per neighbor instead of a sparse matrix: the places where the cells' element matrices
are added never change.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field

import numpy as np

from orchestrator.transport.conductivity import Conductivity
from orchestrator.transport.elements import corners, hall_integrals, symmetric_integrals
from orchestrator.transport.threads import Team


@functools.cache
def half_offsets(d: int) -> tuple[tuple[int, ...], ...]:
    """The zero offset and one of each pair of opposite neighbor offsets, in array axes order."""
    return tuple(o for o in itertools.product((-1, 0, 1), repeat=d) if o >= (0,) * d)


def shifted(shape: tuple[int, ...], offset: tuple[int, ...]) -> tuple[tuple, tuple]:
    """Slices of all nodes p that have a neighbor p + offset, and of these neighbors."""
    here = tuple(slice(max(0, -o), n - max(0, o)) for n, o in zip(shape, offset, strict=True))
    there = tuple(slice(max(0, o), n - max(0, -o)) for n, o in zip(shape, offset, strict=True))
    return here, there


@dataclass(frozen=True)
class Stencil:
    """A matrix on the nodes of a grid that couples direct neighbors only.

    Attributes
    ----------
    symmetric : ndarray, shape (5, ny + 1, nx + 1) or (14, nz + 1, ny + 1, nx + 1)
        Entry k at node p is the element (p, p + half_offsets[k]) of the symmetric part, S.
    skew : ndarray of the same shape, or None
        The same of the antisymmetric part (Hall), S.
    team : Team
        Threads for products with it.
    """

    symmetric: np.ndarray
    skew: np.ndarray | None = None
    team: Team = field(default_factory=lambda: Team(1))

    @property
    def nodes(self) -> tuple[int, ...]:
        """Shape of a nodal field."""
        return self.symmetric.shape[1:]

    @property
    def offsets(self) -> np.ndarray:
        """`half_offsets` along z, y, x, also in two dimensions, shape (5 or 14, 3)."""
        return np.array([(0, *o)[-3:] for o in half_offsets(len(self.nodes))])

    def apply(self, u: np.ndarray, transpose: bool = False) -> np.ndarray:
        """The matrix (or its transpose) times nodal fields, shape (..., *nodes)."""
        from orchestrator.transport import cellwise

        fields = self._fields(u)
        result = self.team.empty(fields.shape)
        blocks = self.team.blocks(0, fields.shape[2], fields.size)
        self.team.run(cellwise.multiply, blocks, *self.parts(transpose), fields, result)
        return result.reshape(u.shape)

    def energies(self, v: np.ndarray, u: np.ndarray) -> np.ndarray:
        """v_k^T A u_l of nodal fields v and u, shape (K, *nodes); shape (K, K)."""
        from orchestrator.transport import cellwise

        left, right = self._fields(v), self._fields(u)
        count, layers, rows, _ = right.shape
        sums = np.empty((layers, rows, count, count))
        blocks = self.team.blocks(0, rows, right.size)
        self.team.run(cellwise.energies, blocks, *self.parts(False), left, right, sums)
        return np.add.reduce(sums, axis=(0, 1))

    def _fields(self, u: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(u, float).reshape(-1, *(1, *self.nodes)[-3:])

    def parts(self, transpose: bool) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
        """Both parts, the sign of the second and the rows to neighbors, as kernels take them."""
        symmetric = self._fields(self.symmetric)
        steps = self.offsets[2::3, :2]
        if self.skew is None:
            return symmetric, symmetric, 0.0, steps
        return symmetric, self._fields(self.skew), -1.0 if transpose else 1.0, steps


class Assembler:
    """Adds up the element matrices of all cells of a grid.

    Parameters
    ----------
    cells : (ny, nx) or (nz, ny, nx)
        Number of cells along the array axes.
    spacing : (cx, cy) or (cx, cy, cz)
        Edges of a cell, m.
    thickness : float
        Thickness of a two-dimensional film, m; 1 in 3D.
    team : Team, optional
        Threads; one if not given.

    Attributes
    ----------
    places : ndarray of int, shape (P, 4)
        For pairs of a cell's corners the number of the offset between them and the place (z, y, x)
        of the first in the cell.
    symmetric, skew : ndarray, shape (components, P)
        Element matrices of unit components of the conductivity at these pairs, m.
    """

    def __init__(
        self,
        cells: tuple[int, ...],
        spacing: tuple[float, ...],
        thickness: float,
        team: Team | None = None,
    ) -> None:
        d = len(cells)
        self.cells = cells
        self.nodes = tuple(n + 1 for n in cells)
        self.team = team or Team(1)
        offsets = half_offsets(d)
        places, rows, columns = [], [], []
        for (i, p), (j, q) in itertools.product(enumerate(corners(d)), repeat=2):
            offset = tuple(b - a for a, b in zip(p, q, strict=True))
            if offset in offsets:
                places.append((offsets.index(offset), *(0, *p)[-3:]))
                rows.append(i)
                columns.append(j)
        self.places = np.array(places)
        self.symmetric = thickness * symmetric_integrals(spacing)[:, rows, columns]
        self.skew = thickness * hall_integrals(spacing)[:, rows, columns]

    def __call__(self, sigma: Conductivity) -> Stencil:
        """The matrix of a conductivity field."""
        symmetric = self._sum(self.symmetric, sigma.symmetric)
        skew = None if sigma.hall is None else self._sum(self.skew, sigma.hall)
        return Stencil(symmetric, skew, self.team)

    def _sum(self, integrals: np.ndarray, components: np.ndarray) -> np.ndarray:
        from orchestrator.transport import cellwise

        result = self.team.empty((len(half_offsets(len(self.cells))), *self.nodes))
        grid = (1, *self.nodes)[-3:]
        cells = np.ascontiguousarray(components).reshape(-1, *(1, *self.cells)[-3:])
        blocks = self.team.blocks(0, grid[1], result.size)
        out = result.reshape(-1, *grid)
        self.team.run(cellwise.assemble, blocks, integrals, self.places, cells, out)
        return result
