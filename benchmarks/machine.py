"""What this machine gives to one thread and to two."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from numba import njit


@njit(fastmath=True, nogil=True)
def _triad(a: np.ndarray, b: np.ndarray, c: np.ndarray, factor: float) -> None:
    for i in range(a.size):
        a[i] = b[i] + factor * c[i]


@njit(nogil=True)
def _arithmetic(a: np.ndarray) -> None:
    for _ in range(5_000_000):
        a[0] = a[0] * 0.9999999 + 1e-7


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


def gains(size: int, tries: int = 10) -> tuple[float, float]:
    """How many times as fast two threads are as one: arithmetic, and a triad of some bytes.

    Wall clock, the best of several tries each, one after the other.
    """

    def triads(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
        for _ in range(max(1, int(1e8 / (24 * a.size)))):
            _triad(a, b, c, np.float32(0.5))

    halves = [np.ones((3, max(size // 24, 1000)), np.float32) for _ in range(2)]
    numbers = [np.ones(1) for _ in range(2)]
    for function, arguments in ((_arithmetic, numbers[:1]), (triads, halves[0])):
        function(*arguments)
    arithmetic = [lambda n=n: _arithmetic(n) for n in numbers]
    triad = [lambda h=h: triads(*h) for h in halves]
    return _gain(arithmetic, tries), _gain(triad, tries)


def _gain(parts: list[Callable[[], None]], tries: int) -> float:
    alone, together = [], []
    for _ in range(tries):
        start = time.perf_counter()
        for part in parts:
            part()
        alone.append(time.perf_counter() - start)
        threads = [threading.Thread(target=part) for part in parts]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        together.append(time.perf_counter() - start)
    return min(alone) / min(together)
