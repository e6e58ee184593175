"""A geometric multigrid cycle on grids of any size, in two and three dimensions.

Coarse matrices are Galerkin products with bilinear (trilinear) interpolation, in films with holes
weighted by conductances, so they stay couplings of direct neighbors whatever the texture, the
contacts and the vacuum do. Nodes that are not free have neither interpolation nor coefficients. The
smoother is Gauss-Seidel in the order of the nodes' parities, once before and, reversed, once after
each coarse correction, all in single precision.
U. Trottenberg, C. Oosterlee, A. Schueller, "Multigrid" (2001).

The cycle is the same on processors and GPUs; `ops` has its steps, see
`orchestrator.transport.host`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from orchestrator.transport.assembly import Stencil, half_offsets, shifted
from orchestrator.transport.layout import DIRECT, Layout, coarsening


@dataclass
class Level:
    """One grid: its matrix, right-hand sides f, solutions u and residuals r.

    `weights` are those of the interpolation along z, y and x, see
    `orchestrator.transport.weighted`; none where halves will do.
    """

    layout: Layout
    factors: tuple[int, ...]
    weights: tuple[Any, ...]
    a: Any
    inverse: Any
    u: Any
    f: Any
    r: Any


class Multigrid:
    """A matrix, and approximate solutions of its symmetric part for several right-hand sides.

    Memory is kept from one matrix to the next.

    Parameters
    ----------
    free : ndarray of bool
        Nodes whose values are unknown.
    spacing : tuple of float
        Edges of a cell along the array axes.
    count : int
        Number K of right-hand sides.
    ops : Host or Device
        Where the arrays are and what works on them.
    weighted : bool
        Whether interpolation is to know where the film conducts.
    """

    def __init__(
        self,
        free: np.ndarray,
        spacing: tuple[float, ...],
        count: int,
        ops: Any,
        weighted: bool = False,
    ) -> None:
        self.ops = ops
        self.free = ops.xp.asarray(free)
        self.scale = 1.0
        self._matrix: Any = None
        self._skew: Any = None
        steps = coarsening(free.shape, spacing)
        layout = Layout(free.shape)
        self.levels = []
        for factors in [*steps, (1,) * free.ndim]:
            self.levels.append(self._level(layout, factors, count, weighted))
            layout = layout.coarse(factors)
        self._inverse = None

    def _level(self, layout: Layout, factors: tuple[int, ...], count: int, weighted: bool) -> Level:
        def field(components: int) -> Any:
            shape = (layout.rows, components, layout.length)
            return self.ops.xp.zeros(shape, np.float32)

        matrix = field(len(half_offsets(len(layout.nodes))))
        weights = tuple(
            self.ops.xp.zeros(shape, np.float32)
            for shape in (_weight_shapes(layout, factors) if weighted else ())
        )
        return Level(layout, factors, weights, matrix, field(1), *(field(count) for _ in range(3)))

    @property
    def finest(self) -> Level:
        """The level of the matrix itself."""
        return self.levels[0]

    def field(self) -> Any:
        """Zero fields on the finest grid."""
        return self.ops.xp.zeros_like(self.finest.u)

    @cached_property
    def work(self) -> tuple[Any, Any, Any]:
        """Fields for the corrections (zero between solutions), directions and their images."""
        return self.field(), self.field(), self.field()

    @cached_property
    def remainder(self) -> Any:
        """Another field, for matrices that are not symmetric."""
        return self.field()

    def update(self, stencil: Stencil) -> None:
        """Take over a matrix."""
        self.scale = 1 / float(stencil.symmetric[0].max())
        self._matrix = self.ops.matrix(stencil)
        layout, a = self.finest.layout, self.finest.a
        self.ops.fill(stencil.symmetric, self.free, self.scale, layout, a)
        if stencil.skew is None:
            self._skew = None
        else:
            if self._skew is None:
                self._skew = self.ops.xp.zeros_like(a)
            self.ops.fill(stencil.skew, self.free, self.scale, layout, self._skew)
        for level, below in zip(self.levels, self.levels[1:], strict=False):
            self.ops.invert_diagonal(level)
            self.ops.galerkin(level, below)
        self._inverse = self.ops.xp.asarray(_dense_inverse(self.levels[-1], self.ops.numbers))

    def residual(self, potentials: Any, source: Any, transpose: bool = False) -> np.ndarray:
        """Residuals source - A potentials on the finest grid; potentials^T A potentials, scaled."""
        arrays = (potentials, source, self.free)
        energy = self.ops.load(self.finest, self._matrix, *arrays, self.scale, transpose)
        return self.scale * energy

    def product(self, p: Any, q: Any, transpose: bool = False) -> np.ndarray:
        """q = -A p (-A^T p) and p^T A p, shape (K,), with the scaled matrix A."""
        curvature = self.ops.product(self.finest, p, q)
        if self._skew is not None:
            sign = -1.0 if transpose else 1.0
            self.ops.subtract_skew(self.finest, self._skew, sign, p, q)
        return curvature

    def cycle(self) -> None:
        """From the finest level's f approximate solutions u."""
        for level, below in zip(self.levels, self.levels[1:], strict=False):
            self.ops.smooth(level, backward=False)
            self.ops.restrict(level, below)
        coarsest = self.levels[-1]
        inside, values = coarsest.layout.nodal(coarsest.u), coarsest.layout.nodal(coarsest.f)
        small = values.reshape(len(values), -1) @ self._inverse
        inside[...] = small.reshape(inside.shape)
        for level, below in zip(self.levels[-2::-1], self.levels[::-1], strict=False):
            self.ops.prolong(below, level)
            self.ops.smooth(level, backward=True)


def _weight_shapes(layout: Layout, factors: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Shapes of a level's weights along z, y and x."""
    d, shapes = len(factors), []
    for axis in reversed(range(-3, 0)):
        coarsened = axis + d >= 0 and factors[axis] == 2
        shapes.append((layout.rows, 1, layout.length) if coarsened else (1, 1, 1))
        if coarsened:
            layout = layout.coarse(tuple(2 if k == axis + d else 1 for k in range(d)))
    return shapes[::-1]


def memory(
    nodes: tuple[int, ...],
    spacing: tuple[float, ...],
    count: int,
    weighted: bool = False,
    skew: bool = False,
) -> int:
    """Bytes that a network takes on a device, temporary arrays included.

    That is while it is solved and the state before is still there.

    Parameters
    ----------
    nodes, spacing : tuple
        Of the finest grid along the array axes.
    count : int
        Number K of right-hand sides.
    weighted : bool
        As for `Multigrid`.
    skew : bool
        Whether the matrix has an antisymmetric part (Hall).
    """
    d, layout, parts = len(nodes), Layout(nodes), 2 if skew else 1
    halves, tensor = len(half_offsets(d)), d * (d + 1) // 2 + skew * d * (d - 1) // 2
    # work, with the antisymmetric part the remainder and that part
    single = (3 * count + skew * (count + halves)) * layout.rows * layout.length
    # two guesses, what is guessed of the transpose, and the direction between them
    single += (2 * parts + 2 * skew + 1) * count * int(np.prod(nodes))
    for factors in [*coarsening(nodes, spacing), (1,) * len(nodes)]:
        single += (halves + 1 + 3 * count) * layout.rows * layout.length
        if weighted:
            single += sum(int(np.prod(shape)) for shape in _weight_shapes(layout, factors))
        layout = layout.coarse(factors)
    # conductivities of the media; tensors and potentials of the state before and of this one, their
    # image; the matrix and the one before, or the residual with its temporary arrays
    double = 3 + 2 * tensor + 2 * parts * count
    double += max(2 * parts * halves + count, parts * halves + 4 * count)
    single += DIRECT**2
    return 4 * single + (8 * double + 3) * int(np.prod(nodes))


def _dense_inverse(level: Level, numbers: Callable[[Any], np.ndarray]) -> np.ndarray:
    d = len(level.layout.nodes)
    a = level.layout.nodal(numbers(level.a))
    size = int(np.prod(level.layout.nodes))
    number = np.arange(size).reshape(level.layout.nodes)
    matrix = np.zeros((size, size))
    for k, offset in enumerate(half_offsets(d)):
        here, there = shifted(level.layout.nodes, offset)
        p, q, values = number[here].ravel(), number[there].ravel(), a[k][here].ravel()
        matrix[p, q] = values
        matrix[q, p] = values
    diagonal = np.diag(matrix)
    empty = diagonal <= 0
    # interpolation may be degenerate beside contacts; a trace of the diagonal keeps it regular
    matrix[np.diag_indices(size)] += np.where(empty, 1.0, 1e-6 * diagonal)
    inverse = np.linalg.inv(matrix)
    inverse[empty] = 0
    return ((inverse + inverse.T) / 2).astype(np.float32)
