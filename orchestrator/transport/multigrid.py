"""A geometric multigrid cycle on grids of any size, in two and three dimensions.

Coarse matrices are Galerkin products with bilinear (trilinear) interpolation, so they stay
couplings of direct neighbors whatever the texture, the contacts and the vacuum do. Nodes that are
not free have neither interpolation nor coefficients. An odd number of cells is completed by a
coarse node beyond the film. Axes with cells much longer than the shortest are coarsened later
(semicoarsening). U. Trottenberg, C. Oosterlee, A. Schueller, "Multigrid" (2001).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestrator.transport import kernels
from orchestrator.transport.assembly import half_offsets, shifted

DIRECT = 150
"""Grids of at most this many nodes are solved by their inverse matrix."""

Shape = tuple[int, ...]


def padded(shape: Shape) -> Shape:
    """Shape of a nodal field with its border."""
    return tuple(n + 3 for n in shape)


def interior(field: np.ndarray, d: int) -> np.ndarray:
    """View of a bordered field's nodes, last d axes."""
    inner: tuple[Any, ...] = (..., *(slice(1, -2),) * d)
    return field[inner]


class Layout:
    """Where the nodes and their neighbors lie in a flattened field with border."""

    def __init__(self, nodes: Shape) -> None:
        self.nodes = nodes
        self.shape = padded(nodes)
        self.size = int(np.prod(self.shape))
        strides = np.cumprod((1, *self.shape[:0:-1]))[::-1]
        outer = itertools.product((-1, 0, 1), repeat=len(nodes) - 1)
        self.steps = np.array([np.dot(o, strides[:-1]) for o in outer], dtype=np.int64)
        firsts = np.meshgrid(*(np.arange(1, n + 1) for n in nodes[:-1]), indexing="ij")
        rows = sum(f * s for f, s in zip(firsts, strides[:-1], strict=True)) + 1
        self.rows = np.asarray(rows, dtype=np.int64).ravel()

    def fields(self, count: int, dtype: type) -> np.ndarray:
        """Zero fields, shape (count, size)."""
        return np.zeros((count, self.size), dtype)

    def expand(self, values: np.ndarray, dtype: type = np.float64) -> np.ndarray:
        """Fields (K, *nodes) with their border, flattened."""
        result: np.ndarray = np.zeros((len(values), *self.shape), dtype)
        interior(result, len(self.nodes))[...] = values
        return result.reshape(len(values), -1)

    def strip(self, fields: np.ndarray) -> np.ndarray:
        """Fields (K, *nodes) of flattened ones."""
        return interior(fields.reshape(-1, *self.shape), len(self.nodes))


def expand_matrix(
    layout: Layout, upper: np.ndarray, free: np.ndarray, skew: np.ndarray | None = None
) -> np.ndarray:
    """Coefficients of all neighbors, shape (3^d, size), of a stencil on the free nodes."""
    d = free.ndim
    result = np.zeros((3**d, *layout.shape))
    inside = interior(result, d)
    center = 3**d // 2
    inside[center] = upper[0] * free
    for k, offset in enumerate(half_offsets(d)):
        if k:
            here, there = shifted(layout.nodes, offset)
            both = free[here] & free[there]
            step = int(np.dot(offset, 3 ** np.arange(d)[::-1]))
            forward = backward = upper[k][here] * both
            if skew is not None:
                change = skew[k][here] * both
                forward, backward = forward + change, backward - change
            inside[(center + step, *here)] = forward
            inside[(center - step, *there)] = backward
    return result.reshape(3**d, -1)


def coarsening(nodes: Shape, spacing: tuple[float, ...]) -> list[tuple[int, ...]]:
    """Factors (1 or 2) along the array axes from each level to the next.

    Parameters
    ----------
    nodes : tuple of int
        Nodes of the finest grid along the array axes.
    spacing : tuple of float
        Spacing of the finest grid along the array axes.
    """
    steps = []
    while np.prod(nodes) > DIRECT:
        possible = [h for n, h in zip(nodes, spacing, strict=True) if n > 2]
        shortest = min(possible)
        factors = tuple(
            2 if n > 2 and h < 1.9 * shortest else 1 for n, h in zip(nodes, spacing, strict=True)
        )
        steps.append(factors)
        nodes = tuple(n // 2 + 1 if f == 2 else n for n, f in zip(nodes, factors, strict=True))
        spacing = tuple(h * f for h, f in zip(spacing, factors, strict=True))
    return steps


@dataclass
class _Level:
    layout: Layout
    matrix: np.ndarray
    inverse: np.ndarray
    free: np.ndarray
    factors: tuple[int, ...]


class Multigrid:
    """Cycle of a symmetric matrix in single precision, as a preconditioner.

    Parameters
    ----------
    layouts : list of Layout
        Grids from fine to coarse, see `layouts_of`.
    steps : list of tuple of int
        Coarsening factors between them.
    matrix : ndarray, shape (3^d, size)
        Coefficients on the finest grid.
    """

    def __init__(
        self, layouts: list[Layout], steps: list[tuple[int, ...]], matrix: np.ndarray
    ) -> None:
        self._scale = float(matrix[len(matrix) // 2].max())
        a = (matrix / self._scale).astype(np.float32)
        self._levels = []
        for k, factors in enumerate(steps):
            layout = layouts[k]
            diagonal = a[len(a) // 2].reshape(layout.shape)
            free = (diagonal > 0).astype(np.float32)
            inverse = np.zeros((2, *layout.shape), np.float32)
            with np.errstate(divide="ignore"):
                reciprocal = np.where(diagonal > 0, 1 / diagonal, 0)
            inverse[0, ..., 1::2] = reciprocal[..., 1::2]
            inverse[1, ..., 2::2] = reciprocal[..., 2::2]
            self._levels.append(
                _Level(layout, a, inverse.reshape(2, -1), _as_3d(free), _as_3d_factors(factors))
            )
            a = _galerkin(a, layout.nodes, factors)
        self._coarsest = layouts[-1]
        self._inverse = _dense_inverse(self._coarsest, a)

    def __call__(self, rhs: np.ndarray) -> np.ndarray:
        """Approximate solutions for right-hand sides of shape (K, size)."""
        result = self._cycle(0, rhs.astype(np.float32)).astype(np.float64)
        result /= self._scale
        return result

    def _cycle(self, k: int, f: np.ndarray) -> np.ndarray:
        if k == len(self._levels):
            d = len(self._coarsest.nodes)
            result = self._coarsest.fields(len(f), np.float32)
            small = self._coarsest.strip(f).reshape(len(f), -1) @ self._inverse
            interior(result.reshape(-1, *self._coarsest.shape), d)[...] = small.reshape(
                -1, *self._coarsest.nodes
            )
            return result
        level = self._levels[k]
        layout = level.layout
        grid = (layout.steps, layout.rows, layout.nodes[-1])
        below = self._levels[k + 1].layout if k + 1 < len(self._levels) else self._coarsest
        u = layout.fields(len(f), np.float32)
        kernels.smooth(level.matrix, level.inverse, u, f, *grid, False)
        r = layout.fields(len(f), np.float32)
        kernels.residual(level.matrix, u, f, *grid, r)
        coarse = below.fields(len(f), np.float32)
        kernels.restrict(_as_4d(r, layout), _as_4d(coarse, below), level.factors)
        correction = self._cycle(k + 1, coarse)
        kernels.prolong(_as_4d(correction, below), _as_4d(u, layout), level.factors, level.free)
        kernels.smooth(level.matrix, level.inverse, u, f, *grid, True)
        return u


def layouts_of(nodes: Shape, steps: list[tuple[int, ...]]) -> list[Layout]:
    """Grids from fine to coarse."""
    layouts = [Layout(nodes)]
    for factors in steps:
        nodes = tuple(n // 2 + 1 if f == 2 else n for n, f in zip(nodes, factors, strict=True))
        layouts.append(Layout(nodes))
    return layouts


def _galerkin(a: np.ndarray, nodes: Shape, factors: tuple[int, ...]) -> np.ndarray:
    d = len(nodes)
    for axis in range(d):
        if factors[axis] == 1:
            continue
        coarse = (*nodes[:axis], nodes[axis] // 2 + 1, *nodes[axis + 1 :])
        before, after = 3**axis, 3 ** (d - axis - 1)

        def six(
            shape: Shape, axis: int = axis, before: int = before, after: int = after
        ) -> tuple[int, ...]:
            p, q = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1 :]))
            return before, 3, after, p, shape[axis], q

        b = np.zeros((3**d, int(np.prod(padded(coarse)))), a.dtype)
        kernels.coarsen_axis(a.reshape(six(padded(nodes))), b.reshape(six(padded(coarse))))
        a, nodes = b, coarse
    return a


def _dense_inverse(layout: Layout, a: np.ndarray) -> np.ndarray:
    d = len(layout.nodes)
    inside = interior(a.reshape(-1, *layout.shape), d)
    size = int(np.prod(layout.nodes))
    number = np.arange(size).reshape(layout.nodes)
    matrix = np.zeros((size, size))
    for k, offset in enumerate(itertools.product((-1, 0, 1), repeat=d)):
        here, there = shifted(layout.nodes, offset)
        matrix[number[here].ravel(), number[there].ravel()] = inside[k][here].ravel()
    diagonal = np.diag(matrix)
    empty = diagonal <= 0
    # interpolation may be degenerate beside contacts; a trace of the diagonal keeps it regular
    matrix[np.diag_indices(size)] += np.where(empty, 1.0, 1e-6 * diagonal)
    inverse = np.linalg.inv(matrix)
    inverse[empty] = 0
    return ((inverse + inverse.T) / 2).astype(np.float32)


def _as_3d(field: np.ndarray) -> np.ndarray:
    return field if field.ndim == 3 else field[None]


def _as_3d_factors(factors: tuple[int, ...]) -> tuple[int, ...]:
    return factors if len(factors) == 3 else (1, *factors)


def _as_4d(fields: np.ndarray, layout: Layout) -> np.ndarray:
    shape = layout.shape if len(layout.shape) == 3 else (1, *layout.shape)
    return fields.reshape(-1, *shape)
