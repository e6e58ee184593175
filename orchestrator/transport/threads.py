"""Rows of a grid shared among threads."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

SMALLEST = 30_000
"""Least work (nodes times fields) worth the call of another thread."""


@functools.cache
def _helpers(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="transport")


os.register_at_fork(after_in_child=_helpers.cache_clear)


class Team:
    """Threads that share the rows of a kernel.

    Kernels write the rows they are given and nothing else, so results do not depend on the number
    of threads.

    Parameters
    ----------
    threads : int, optional
        How many; all cores of this process if not given.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or len(os.sched_getaffinity(0))

    def blocks(self, first: int, last: int, work: int) -> list[tuple[int, int]]:
        """Division of the rows `first` to `last` (not included)."""
        rows = last - first
        count = max(1, min(self.threads, work // SMALLEST, rows // 4))
        edges = [first + rows * k // count for k in range(count + 1)]
        return list(itertools.pairwise(edges))

    def run(self, kernel: Callable[..., None], blocks: list[tuple[int, int]], *args: Any) -> None:
        """Call kernel(first, last, *args) for all blocks."""
        waiting = [_helpers(self.threads - 1).submit(kernel, *block, *args) for block in blocks[1:]]
        kernel(*blocks[0], *args)
        for future in waiting:
            future.result()
