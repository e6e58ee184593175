"""Threads for the compiled kernels; results do not depend on their number."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

CELLS_PER_THREAD = 1 << 16
"""With fewer cells a further thread costs more than it saves."""


class Workers:
    """Threads that share the rows of a grid.

    Parameters
    ----------
    count : int, optional
        Number of threads; as many as there are cores by default.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or len(os.sched_getaffinity(0))
        self._pool: ThreadPoolExecutor | None = None

    def useful(self, cells: int) -> int:
        """How many threads are worth it for a number of cells."""
        return max(1, min(self.count, cells // CELLS_PER_THREAD))

    def rows(
        self, shape: tuple[int, ...], kernel: Callable[..., Any], *arguments: Any,
        tail: tuple[Any, ...],
    ) -> list[Any]:  # fmt: skip
        """Call kernel(*arguments, first, last, *tail) over blocks of rows of a grid.

        Parameters
        ----------
        shape : (nz, ny, nx)
            Of the grid, whose rows run along x.
        """
        nz, ny, nx = shape
        count = nz * ny
        blocks = min(count, self.useful(count * nx))
        edges = [count * k // blocks for k in range(blocks + 1)]
        if blocks == 1:
            return [kernel(*arguments, 0, count, *tail)]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.count)
        calls = [
            self._pool.submit(kernel, *arguments, first, last, *tail)
            for first, last in pairwise(edges)
        ]
        return [call.result() for call in calls]

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
