"""Arrays that are read from files when they are indexed, for xarray."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from xarray.backends.common import BackendArray
from xarray.core import indexing


class BlockArray(BackendArray):
    """An array of blocks along its leading axes; only the blocks that an index meets are read.

    Parameters
    ----------
    grid : tuple of int
        Lengths of the leading axes.
    block_shape : tuple of int
        Shape of each block, the other axes.
    dtype : dtype-like
        Type of the values.
    read : callable
        The blocks at some indices (i, j, ...) of the leading axes, in their order.
    """

    def __init__(
        self,
        grid: tuple[int, ...],
        block_shape: tuple[int, ...],
        dtype: Any,
        read: Callable[[list[tuple[int, ...]]], Iterable[np.ndarray]],
    ) -> None:
        self.shape = (*grid, *block_shape)
        self.dtype = np.dtype(dtype)
        self.grid = grid
        self.block_shape = block_shape
        self.blocks = read

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        support = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, support, self._outer)

    def _outer(self, key: tuple[Any, ...]) -> np.ndarray:
        leading, rest = key[: len(self.grid)], key[len(self.grid) :]
        chosen = [np.atleast_1d(np.arange(n)[k]) for n, k in zip(self.grid, leading, strict=True)]
        places = list(itertools.product(*(c.tolist() for c in chosen)))
        blocks = [_pick(block, rest) for block in self.blocks(places)]
        lengths = tuple(len(c) for c in chosen)
        inner = _pick(np.empty(self.block_shape, bool), rest).shape
        out = np.array(blocks, dtype=self.dtype).reshape(lengths + inner)
        single = tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in leading)
        return out[single]

    def variable(self, dims: tuple[str, ...], attrs: dict[str, Any]) -> Any:
        """An xarray Variable that reads on first use and then remembers."""
        import xarray as xr

        lazy: Any = indexing.LazilyIndexedArray(self)
        array: Any = indexing.MemoryCachedArray(indexing.CopyOnWriteArray(lazy))
        return xr.Variable(dims, array, attrs)


def _pick(block: np.ndarray, key: tuple[Any, ...]) -> np.ndarray:
    """Index each axis by itself, from the last so that integers do not shift the others."""
    for axis in reversed(range(len(key))):
        block = block[(slice(None),) * axis + (key[axis],)]
    return block
