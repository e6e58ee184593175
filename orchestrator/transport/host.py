"""The multigrid solver's steps on processors, by the compiled kernels and several threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.transport import cellwise, kernels, weighted
from orchestrator.transport.assembly import Stencil, half_offsets
from orchestrator.transport.layout import Layout, galerkin_terms
from orchestrator.transport.threads import Team
from orchestrator.transport.weighted import SHARES

if TYPE_CHECKING:
    from orchestrator.transport.multigrid import Level


class Host:
    """Steps on arrays of numpy.

    Parameters
    ----------
    team : Team
        Threads that share the work.
    """

    xp = np

    def __init__(self, team: Team) -> None:
        self._team = team

    def _blocks(self, layout: Layout, count: int) -> list[tuple[int, int]]:
        z0, z1, _, ny, n = layout.grid
        return self._team.blocks(1, ny + 1, (z1 - z0) * ny * n * count)

    def numbers(self, values: np.ndarray) -> np.ndarray:
        """An array of numpy."""
        return values

    def matrix(self, stencil: Stencil) -> Stencil:
        """What `load` needs of a matrix."""
        return stencil

    def fill(
        self,
        coefficients: np.ndarray,
        free: np.ndarray,
        scale: float,
        layout: Layout,
        a: np.ndarray,
    ) -> None:
        """Coefficients of a stencil between free nodes, times a scale, as a matrix."""
        self._team.run(
            kernels.fill,
            self._blocks(layout, 5),
            coefficients.reshape(-1, *(1, *free.shape)[-3:]),
            free.reshape((1, *free.shape)[-3:]),
            np.array([(0, *offset)[-3:] for offset in half_offsets(free.ndim)]),
            scale,
            a,
            layout.grid,
        )

    def load(
        self,
        level: Level,
        matrix: Stencil,
        potentials: np.ndarray,
        source: np.ndarray | None,
        free: np.ndarray,
        scale: float,
        transpose: bool,
    ) -> np.ndarray:
        """Residuals scale (source - A phi) as right-hand sides; phi^T A phi, shape (K,)."""
        grid = (-1, *(1, *free.shape)[-3:])
        fields = potentials.reshape(grid)
        sums = np.empty((*fields.shape[1:3], len(fields)))
        self._team.run(
            cellwise.load,
            self._team.blocks(0, fields.shape[2], fields.size),
            *matrix.parts(transpose),
            fields,
            fields if source is None else source.reshape(grid),
            0.0 if source is None else 1.0,
            free.reshape(grid[1:]),
            scale,
            level.f,
            level.layout.grid,
            sums,
        )
        return np.add.reduce(sums, axis=(0, 1))

    def add(self, level: Level, potentials: np.ndarray, x: np.ndarray) -> None:
        """Add a field x to nodal potentials and clear it."""
        grid = (-1, *(1, *level.layout.nodes)[-3:])
        blocks = self._blocks(level.layout, len(potentials))
        self._team.run(kernels.add, blocks, potentials.reshape(grid), x, level.layout.grid)

    def place(self, level: Level, values: np.ndarray, free: np.ndarray, field: np.ndarray) -> None:
        """Nodal values on the free nodes as a field."""
        grid = (-1, *(1, *free.shape)[-3:])
        self._team.run(
            kernels.place,
            self._blocks(level.layout, len(values)),
            values.reshape(grid),
            free.reshape(grid[1:]),
            field,
            level.layout.grid,
        )

    def invert_diagonal(self, level: Level) -> None:
        """The inverse diagonal of a level."""
        grid = level.layout.grid
        self._team.run(
            kernels.invert_diagonal, self._blocks(level.layout, 1), level.a, level.inverse, grid
        )

    def smooth(self, level: Level, backward: bool) -> None:
        """A Gauss-Seidel sweep from zero, or its adjoint from what is there."""
        layout = level.layout
        fresh = not backward
        blocks = self._blocks(layout, level.u.shape[1])
        parities = [-1] if len(layout.nodes) == 2 else [1, 0] if backward else [0, 1]
        if fresh and len(layout.nodes) == 3:
            level.u[:] = 0
        arrays = (level.a, level.inverse, level.u, level.f, layout.grid)
        for parity in parities:
            self._team.run(kernels.smooth, blocks, *arrays, parity, backward, fresh, False)
            for block in blocks if len(blocks) > 1 else ():
                kernels.smooth(*block, *arrays, parity, backward, fresh, True)

    def restrict(self, level: Level, below: Level) -> None:
        """The residual of a level as the right-hand side of the one below."""
        system = (level.a, level.u, level.f, level.layout.grid)
        target = (below.f, below.layout.grid, (1, *level.factors)[-3:])
        blocks = self._blocks(level.layout, level.u.shape[1])
        rows = self._team.blocks(1, below.layout.grid[3] + 1, level.u.size)
        if level.weights:
            self._team.run(kernels.residual, blocks, *system, level.r)
            shares = (SHARES, *level.weights)
            self._team.run(weighted.restrict, rows, level.r, system[3], *target, *shares)
        elif len(level.layout.nodes) == 3:
            self._team.run(kernels.residual, blocks, *system, level.r)
            self._team.run(kernels.restrict, rows, level.r, system[3], *target)
        else:
            self._team.run(kernels.restrict_residual, rows, *system, *target)

    def prolong(self, below: Level, level: Level) -> None:
        """Add the solution of the level below."""
        blocks, factors = self._blocks(level.layout, level.u.shape[1]), (1, *level.factors)[-3:]
        fields = (below.u, below.layout.grid, level.u, level.layout.grid, factors)
        if level.weights:
            weights = (SHARES, level.inverse, *level.weights)
            self._team.run(weighted.prolong, blocks, *fields, *weights)
        else:
            self._team.run(kernels.prolong, blocks, *fields, level.inverse)

    def galerkin(self, level: Level, below: Level) -> None:
        """The matrix of the level below."""
        d = len(level.layout.nodes)
        layout, a = level.layout, level.a
        axes = [axis for axis in range(d) if level.factors[axis] == 2]
        if level.weights:
            axes.reverse()
        for axis in axes:
            factors = tuple(2 if k == axis else 1 for k in range(d))
            coarse = layout.coarse(factors)
            b = below.a if axis == axes[-1] else self._matrix(coarse, a)
            places, weights, ends = galerkin_terms(layout, axis)
            matrices = (a, layout.grid[2], b, coarse.grid)
            steps = ((layout.grid[0], 1, 1), (1, *factors)[-3:])
            blocks = self._blocks(coarse, a.shape[1])
            if level.weights:
                w = level.weights[axis - d]
                self._weigh(layout, a, axis - d + 3, w)
                terms = (places, ends, SHARES, w)
                self._team.run(weighted.coarsen, blocks, *matrices, *steps, *terms)
            else:
                halves = weights.astype(a.dtype)
                self._team.run(kernels.coarsen, blocks, *matrices, *steps, places, halves)
            layout, a = coarse, b

    def _matrix(self, layout: Layout, a: np.ndarray) -> np.ndarray:
        """A matrix like a on another grid, zero on its border."""
        b = self._team.empty((layout.rows, a.shape[1], layout.length), a.dtype)
        planes = b.reshape(-1, layout.grid[2], *b.shape[1:])
        border = [0, -2, -1]
        planes[:, border] = 0
        if len(planes) > 1:
            planes[border] = 0
        return b

    def _weigh(self, layout: Layout, a: np.ndarray, axis: int, w: np.ndarray) -> None:
        d = len(layout.nodes)
        offsets = np.array([(0, *offset)[-3:] for offset in half_offsets(d)], np.int64)
        blocks = self._blocks(layout, 1)
        self._team.run(weighted.weigh, blocks, a, layout.grid, offsets, axis, w)

    def product(self, level: Level, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """q = -A p and p^T A p, shape (K,)."""
        dots = np.zeros((level.layout.rows, p.shape[1]))
        blocks = self._blocks(level.layout, p.shape[1])
        self._team.run(kernels.product, blocks, level.a, p, level.layout.grid, q, dots)
        return np.add.reduce(dots)

    def subtract_skew(
        self, level: Level, skew: np.ndarray, sign: float, p: np.ndarray, q: np.ndarray
    ) -> None:
        """q -= sign T p with an antisymmetric matrix T."""
        blocks = self._blocks(level.layout, p.shape[1])
        self._team.run(
            kernels.subtract_skew, blocks, skew, np.float32(sign), p, level.layout.grid, q
        )

    def dot(self, level: Level, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """u^T v, shape (K,)."""
        dots = np.zeros((level.layout.rows, u.shape[1]))
        blocks = self._blocks(level.layout, u.shape[1])
        self._team.run(kernels.dot, blocks, u, v, level.layout.grid, dots)
        return np.add.reduce(dots)

    def descend(
        self,
        level: Level,
        x: np.ndarray,
        r: np.ndarray,
        p: np.ndarray,
        q: np.ndarray,
        factors: np.ndarray,
    ) -> None:
        """x += factors p and r += factors q."""
        blocks = self._blocks(level.layout, p.shape[1])
        factors = factors.astype(x.dtype)
        self._team.run(kernels.descend, blocks, x, r, p, q, factors, level.layout.grid)

    def turn(self, level: Level, p: np.ndarray, z: np.ndarray, factors: np.ndarray) -> None:
        """p = factors p + z."""
        blocks = self._blocks(level.layout, p.shape[1])
        self._team.run(kernels.turn, blocks, p, z, factors.astype(p.dtype), level.layout.grid)
