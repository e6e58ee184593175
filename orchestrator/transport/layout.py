"""Grids from fine to coarse, and where their nodes lie in memory.

A nodal field of K right-hand sides has shape (rows, K, length): all rows of nodes along x, one
after the other, with a border of zeros, one node before and two after the grid along each axis. So
a neighbor is a constant number of rows and nodes away and no kernel asks for the boundary. A
symmetric matrix that couples direct neighbors has shape (rows, H, length) with one coefficient for
each of `half_offsets`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from orchestrator.transport.assembly import half_offsets

DIRECT = 150
"""Grids of at most this many nodes are solved by their inverse matrix."""

Shape = tuple[int, ...]


class Layout:
    """Where the nodes of a grid lie in a field with border.

    Parameters
    ----------
    nodes : (ny, nx) or (nz, ny, nx)
        Nodes along the array axes.

    Attributes
    ----------
    grid : (first plane, plane after the last, rows of a plane, nodes along y, nodes along x)
        What kernels need to visit the rows of nodes.
    """

    def __init__(self, nodes: Shape) -> None:
        self.nodes = nodes
        self.padded = tuple(n + 3 for n in nodes)
        self.rows = int(np.prod(self.padded[:-1]))
        self.length = self.padded[-1]
        plane = self.padded[-2]
        planes = (1, nodes[0] + 1) if len(nodes) == 3 else (0, 1)
        self.grid = (*planes, plane, nodes[-2], nodes[-1])

    @cached_property
    def _inside(self) -> tuple[Any, ...]:
        inner = (slice(1, -2),) * len(self.nodes)
        return (*inner[:-1], slice(None), inner[-1])

    def inside(self, field: np.ndarray) -> np.ndarray:
        """View of the nodes of a field, shape (*nodes[:-1], K, nodes[-1])."""
        return field.reshape(*self.padded[:-1], -1, self.length)[self._inside]

    def nodal(self, field: np.ndarray) -> np.ndarray:
        """The same with K first, shape (K, *nodes)."""
        inside = self.inside(field)
        return inside.transpose(inside.ndim - 2, *range(inside.ndim - 2), inside.ndim - 1)

    def coarse(self, factors: tuple[int, ...]) -> Layout:
        """The grid of every second node along the axes of factor 2.

        An odd number of cells is completed by a coarse node beyond the film.
        """
        pairs = zip(self.nodes, factors, strict=True)
        return Layout(tuple(n // 2 + 1 if f == 2 else n for n, f in pairs))


def coarsening(nodes: Shape, spacing: tuple[float, ...]) -> list[tuple[int, ...]]:
    """Factors (1 or 2) along the array axes from each level to the next.

    Axes with cells much longer than the shortest are coarsened later (semicoarsening).

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


def galerkin_terms(layout: Layout, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the coefficients of a Galerkin product with interpolation along one axis are sums of.

    The coefficient of coarse nodes I and I + o is the sum over their fine neighbors 2 I + s and
    2 (I + o) + t along the axis, |s|, |t| <= 1, of weights 1 or 1/2 times the fine coefficient.

    Parameters
    ----------
    layout : Layout
        The grid before this axis is coarsened.
    axis : int
        Array axis.

    Returns
    -------
    places : ndarray of int, shape (terms, 4)
        Coarse and fine number in `half_offsets`, rows and nodes along x from fine node 2 I to the
        one that holds the coefficient.
    weights : ndarray, shape (terms,)
    ends : ndarray of int, shape (terms, 6)
        s, rows and nodes along x from fine node 2 I to 2 I + s; t and the same for 2 (I + o) + t.
    """
    return _galerkin_terms(len(layout.nodes), layout.grid[2], axis)


@functools.cache
def _galerkin_terms(d: int, plane: int, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    halves = half_offsets(d)
    places, weights, ends = [], [], []

    def way(steps: Sequence[int]) -> tuple[int, int]:
        z, y, x = (0, *steps)[-3:]
        return z * plane + y, x

    for k, offset in enumerate(halves):
        for s, t in itertools.product((-1, 0, 1), repeat=2):
            along = 2 * offset[axis] + t - s
            if abs(along) > 1:
                continue
            fine = (*offset[:axis], along, *offset[axis + 1 :])
            where = [0] * d
            where[axis] = s
            other = [*offset]
            other[axis] = 2 * offset[axis] + t
            ends.append((s, *way(where), t, *way(other)))
            if fine not in halves:
                where = [w + o for w, o in zip(where, fine, strict=True)]
                fine = tuple(-o for o in fine)
            places.append((k, halves.index(fine), *way(where)))
            weights.append((1 - 0.5 * abs(s)) * (1 - 0.5 * abs(t)))
    return np.array(places, np.int64), np.array(weights), np.array(ends, np.int64)
