"""Voronoi tessellations from Go's random numbers, so that grains agree with mumax3's."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from orchestrator.engines.cpu.geometry.gorandom import GoRandom
from orchestrator.engines.cpu.geometry.shapes import Shape

_TILE = 2
"""Grains along a tile."""
_OFFSET = 1 << 24

Centers = tuple[np.ndarray, np.ndarray, np.ndarray]


class Tessellation:
    """Grains of a mean size, each with a region drawn at random.

    Centres are drawn tile by tile, from a generator that is seeded by the tile's place, so that
    the plane has no end and no order.

    Parameters
    ----------
    size : float
        Mean size of a grain, m.
    regions : int
        Number of regions to draw from.
    seed : int
        Seed.
    """

    def __init__(self, size: float, regions: int, seed: int) -> None:
        self._tile = float(np.float32(size * _TILE))
        self._regions = regions
        self._seed = seed
        self._tiles: dict[tuple[int, int], Centers] = {}

    def region_of(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The regions at places (m), int."""
        found = np.zeros(np.shape(x), int)
        tx, ty = np.floor(x / self._tile).astype(int), np.floor(y / self._tile).astype(int)
        for column, row in {(int(i), int(j)) for i, j in zip(tx.flat, ty.flat, strict=True)}:
            here = (tx == column) & (ty == row)
            around = [
                self._centers(i, j)
                for i in (column - 1, column, column + 1)
                for j in (row - 1, row, row + 1)
            ]
            cx, cy, region = (np.concatenate(parts) for parts in zip(*around, strict=True))
            if len(cx):
                distance = (x[here][:, None] - cx) ** 2 + (y[here][:, None] - cy) ** 2
                found[here] = region[np.argmin(distance, axis=1)]
        return found

    def _centers(self, column: int, row: int) -> Centers:
        if (column, row) not in self._tiles:
            seed = (row + _OFFSET) * _OFFSET + (column + _OFFSET)
            generator = GoRandom(seed ^ self._seed)
            count = _poisson(generator.float64, _TILE * _TILE)
            centers = [
                (
                    column * self._tile + generator.float64() * self._tile,
                    row * self._tile + generator.float64() * self._tile,
                    _below(generator, self._regions) % 256,
                )
                for _ in range(count)
            ]
            x, y, region = np.array(centers, float).reshape(-1, 3).T
            self._tiles[column, row] = x, y, region.astype(int)
        return self._tiles[column, row]


def grain_roughness(size: float, low: float, high: float, seed: int) -> Shape:
    """What lies below a surface of flat grains with heights between low and high, m."""
    grains = Tessellation(size, 256, seed)

    def inside(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        height = low + (high - low) * grains.region_of(x, y) / 256
        return np.asarray((z <= low) | ((z < height) & (z < high)))

    return Shape(inside)


def _below(generator: GoRandom, upper: int) -> int:
    """Go's `Intn`: an int below a bound of at most 31 bits, without bias."""
    highest = 2**31 - 1 - 2**31 % upper
    while (value := generator.int63() >> 32) > highest:
        pass
    return value % upper


def _poisson(draw: Callable[[], float], mean: float) -> int:
    """Knuth's product of uniform numbers."""
    count, product, limit = 0, draw(), math.exp(-mean)
    while product > limit:
        count, product = count + 1, product * draw()
    return count
