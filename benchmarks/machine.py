"""What the memory of this machine gives to one thread."""

from __future__ import annotations

import time

import numpy as np
from numba import njit


@njit(fastmath=True)
def _triad(a: np.ndarray, b: np.ndarray, c: np.ndarray, factor: float) -> None:
    for i in range(a.size):
        a[i] = b[i] + factor * c[i]


def bandwidth(size: int, seconds: float = 0.3) -> float:
    """Bytes per second of a STREAM triad a = b + s c in single precision on one thread.

    CPU time counts, and the best of several runs; what the write of `a` reads is not counted.

    Parameters
    ----------
    size : int
        Bytes of the three arrays together: small ones stay in the caches.
    seconds : float
        CPU time to spend.
    """
    a, b, c = np.ones((3, max(size // 12, 1000)), np.float32)
    repeats = max(1, int(1e8 / (12 * a.size)))
    _triad(a, b, c, np.float32(0.5))
    best, begun = 0.0, time.process_time()
    while time.process_time() - begun < seconds:
        start = time.process_time()
        for _ in range(repeats):
            _triad(a, b, c, np.float32(0.5))
        best = max(best, 12 * a.size * repeats / (time.process_time() - start))
    return best
