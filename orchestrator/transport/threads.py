"""Rows of a grid shared among threads, and memory that is used again."""

from __future__ import annotations

import functools
import itertools
import os
import threading
from collections import defaultdict
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import numpy as np

SMALLEST = 30_000
"""Least work (nodes times fields) worth the call of another thread."""


class _Helper(threading.Thread):
    """A thread that waits for work."""

    def __init__(self) -> None:
        super().__init__(name="transport", daemon=True)
        self.tasks: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self.start()

    def run(self) -> None:
        while True:
            kernel, block, args, done = self.tasks.get()
            try:
                kernel(*block, *args)
                done.put(None)
            except BaseException as error:
                done.put(error)
            del kernel, block, args, done  # no array is kept alive by a thread that waits


@functools.cache
def _helpers(count: int) -> list[_Helper]:
    return [_Helper() for _ in range(count)]


os.register_at_fork(after_in_child=_helpers.cache_clear)


SPARE = 2
"""Most arrays of one shape that are kept while nobody uses them."""


class _Loan:
    """Memory of an array, given back when the last array that shows it is gone."""

    def __init__(self, array: np.ndarray, spare: list[np.ndarray]) -> None:
        self.__array_interface__ = array.__array_interface__
        self._array = array
        self._spare = spare

    def __del__(self) -> None:
        if len(self._spare) < SPARE:
            self._spare.append(self._array)


class Team:
    """Threads that share the rows of a kernel, and memory for large arrays.

    Kernels write the rows they are given and nothing else, so results do not depend on the number
    of threads. Memory that comes from the system is cleared by it, page by page: for large arrays
    that takes longer than what is done with them.

    Parameters
    ----------
    threads : int, optional
        How many; all cores of this process if not given.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or len(os.sched_getaffinity(0))
        self._spare: dict[tuple[Any, ...], list[np.ndarray]] = defaultdict(list)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy has no memory yet."""
        return Team, (self.threads,)

    def empty(self, shape: tuple[int, ...], dtype: Any = float) -> np.ndarray:
        """An array of any content, in memory of one alike that nobody uses any more."""
        spare = self._spare[shape, np.dtype(dtype)]
        try:
            array = spare.pop()
        except IndexError:
            array = np.empty(shape, dtype)
        return np.asarray(_Loan(array, spare))

    def blocks(self, first: int, last: int, work: int) -> list[tuple[int, int]]:
        """Division of the rows `first` to `last` (not included)."""
        rows = last - first
        count = max(1, min(self.threads, work // SMALLEST, rows // 4))
        edges = [first + rows * k // count for k in range(count + 1)]
        return list(itertools.pairwise(edges))

    def run(self, kernel: Callable[..., None], blocks: list[tuple[int, int]], *args: Any) -> None:
        """Call kernel(first, last, *args) for all blocks."""
        if len(blocks) == 1:
            kernel(*blocks[0], *args)
            return
        done: SimpleQueue[BaseException | None] = SimpleQueue()
        for helper, block in zip(_helpers(self.threads - 1), blocks[1:], strict=False):
            helper.tasks.put((kernel, block, args, done))
        try:
            kernel(*blocks[0], *args)
        finally:
            errors = [done.get() for _ in blocks[1:]]
        for error in errors:
            if error is not None:
                raise error

    def elementwise(self, function: np.ufunc, *fields: np.ndarray, out: np.ndarray) -> np.ndarray:
        """A function of numpy for each element of fields, shape (..., rows, length)."""

        alike = [np.broadcast_to(field, out.shape) for field in fields]

        def kernel(first: int, last: int) -> None:
            for layer in np.ndindex(out.shape[:-2]):
                rows = (*layer, slice(first, last))
                function(*(field[rows] for field in alike), out=out[rows], casting="same_kind")

        self.run(kernel, self.blocks(0, out.shape[-2], out.size))
        return out
