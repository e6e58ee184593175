"""Finite-element matrix of div(Sigma grad phi) on the nodes of a regular grid.

The matrix couples a node with its 8 (26) neighbors only, so it is kept as one array of
coefficients per neighbor instead of a sparse matrix: the places where the cells' element matrices
are added never change, and assembly is a small matrix product and a few shifted additions.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from orchestrator.transport.conductivity import Conductivity
from orchestrator.transport.elements import corners, hall_integrals, symmetric_integrals


def half_offsets(d: int) -> list[tuple[int, ...]]:
    """The zero offset and one of each pair of opposite neighbor offsets, in array axes order."""
    return [o for o in itertools.product((-1, 0, 1), repeat=d) if o >= (0,) * d]


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
    """

    symmetric: np.ndarray
    skew: np.ndarray | None = None

    @property
    def nodes(self) -> tuple[int, ...]:
        """Shape of a nodal field."""
        return self.symmetric.shape[1:]

    def apply(self, u: np.ndarray, transpose: bool = False) -> np.ndarray:
        """The matrix (or its transpose) times nodal fields, shape (..., *nodes)."""
        from orchestrator.transport import kernels

        d = len(self.nodes)
        grid = (1, *self.nodes)[-3:]
        offsets = np.array([(0, *o)[-3:] for o in half_offsets(d)])
        fields = np.ascontiguousarray(u, float).reshape(-1, *grid)
        symmetric = self.symmetric.reshape(-1, *grid)
        skew, sign = symmetric, 0.0
        if self.skew is not None:
            skew, sign = self.skew.reshape(-1, *grid), -1.0 if transpose else 1.0
        result = np.zeros_like(fields)
        kernels.multiply(symmetric, skew, sign, offsets, fields, result)
        return result.reshape(u.shape)


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
    """

    def __init__(
        self, cells: tuple[int, ...], spacing: tuple[float, ...], thickness: float
    ) -> None:
        d = len(cells)
        self.cells = cells
        self.nodes = tuple(n + 1 for n in cells)
        offsets = half_offsets(d)
        self._places: list[tuple[int | slice, ...]] = []
        rows, columns = [], []
        for (i, p), (j, q) in itertools.product(enumerate(corners(d)), repeat=2):
            offset = tuple(b - a for a, b in zip(p, q, strict=True))
            if offset in offsets:
                place = tuple(slice(a, a + n) for a, n in zip(p, cells, strict=True))
                self._places.append((offsets.index(offset), *place))
                rows.append(i)
                columns.append(j)
        self._symmetric = thickness * symmetric_integrals(spacing)[:, rows, columns]
        self._hall = thickness * hall_integrals(spacing)[:, rows, columns]

    def __call__(self, sigma: Conductivity) -> Stencil:
        """The matrix of a conductivity field."""
        symmetric = self._scatter(self._symmetric, sigma.symmetric)
        skew = None if sigma.hall is None else self._scatter(self._hall, sigma.hall)
        return Stencil(symmetric, skew)

    def _scatter(self, integrals: np.ndarray, components: np.ndarray) -> np.ndarray:
        flat = components.reshape(len(components), -1)
        values = (integrals.T @ flat).reshape(-1, *self.cells)
        result = np.zeros((len(half_offsets(len(self.cells))), *self.nodes))
        for place, value in zip(self._places, values, strict=True):
            result[place] += value
        return result
