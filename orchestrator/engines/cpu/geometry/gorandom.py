"""Go's `math/rand` generator, so that random initial states agree with mumax3's cell by cell.

The generator is the additive lagged Fibonacci recurrence x[n] = x[n-607] + x[n-273] modulo 2^64,
started from a multiplicative congruential generator (factor 48271, modulus 2^31 - 1) whose words
are combined by exclusive or with the state of the same recurrence after 7.8e12 steps from seed 1.
That state, a table in Go's library, is computed here: the recurrence is linear, so its state after
n steps follows from z^n modulo z^607 - z^334 - 1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

_LENGTH = 607
_TAP = 273
_MODULUS = 2**31 - 1
_FACTOR = 48271
_WARM_UP = 7_800_000_000_000
_ZERO_SEED = 89482311


def _seed_words(seed: int, shift: int) -> np.ndarray:
    """The words that the congruential generator gives for a seed, three draws each."""
    x = seed % _MODULUS or _ZERO_SEED
    words = []
    for _ in range(20):
        x = x * _FACTOR % _MODULUS
    for _ in range(_LENGTH):
        word = 0
        for place in (2 * shift, shift, 0):
            x = x * _FACTOR % _MODULUS
            word ^= x << place
        words.append(word % 2**64)
    return np.array(words, dtype=np.uint64)


def _reduce(polynomial: np.ndarray) -> np.ndarray:
    """A polynomial modulo z^607 - z^334 - 1, coefficients modulo 2^64."""
    while polynomial.size > _LENGTH:
        low, high = polynomial[:_LENGTH].copy(), polynomial[_LENGTH:]
        size = max(_LENGTH, high.size + _LENGTH - _TAP)
        polynomial = np.zeros(size, np.uint64)
        polynomial[:_LENGTH] = low
        polynomial[: high.size] += high
        polynomial[_LENGTH - _TAP : _LENGTH - _TAP + high.size] += high
        if not polynomial[_LENGTH:].any():
            polynomial = polynomial[:_LENGTH]
    return polynomial


@functools.cache
def _warm_state() -> np.ndarray:
    """The 607 words of Go's table, in the order of the generator's memory."""
    power = np.zeros(_LENGTH, np.uint64)
    power[0] = 1
    for bit in bin(_WARM_UP)[2:]:
        power = _reduce(np.convolve(power, power))
        if bit == "1":
            power = _reduce(np.concatenate((np.zeros(1, np.uint64), power)))
    # Memory slot `feed` is overwritten downwards from slot 333: slots in the order of time.
    slots = (_LENGTH - _TAP - 1 - np.arange(_LENGTH)) % _LENGTH
    sequence = np.empty(2 * _LENGTH, np.uint64)
    sequence[:_LENGTH] = _seed_words(1, 10)[slots]
    for n in range(_LENGTH, 2 * _LENGTH):
        sequence[n] = sequence[n - _LENGTH] + sequence[n - _TAP]
    windows = np.lib.stride_tricks.sliding_window_view(sequence, _LENGTH)[:_LENGTH]
    advanced = (windows * power[None, :]).sum(axis=1, dtype=np.uint64)
    # After n steps the oldest word lies n slots below the first one overwritten.
    state = np.empty(_LENGTH, np.uint64)
    state[(slots - _WARM_UP) % _LENGTH] = advanced
    return state


class GoRandom:
    """`rand.New(rand.NewSource(seed))`."""

    def __init__(self, seed: int) -> None:
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Restart the stream."""
        slots = (_LENGTH - _TAP - 1 - np.arange(_LENGTH)) % _LENGTH
        self._past = (_seed_words(seed, 20) ^ _warm_state())[slots]
        self._ready = np.empty(0, np.uint64)

    def words(self, count: int) -> np.ndarray:
        """The next `count` words, uint64."""
        parts, have = [self._ready], self._ready.size
        while have < count:
            new = self._past[:_TAP] + self._past[_LENGTH - _TAP :]
            self._past = np.concatenate((self._past[_TAP:], new))
            parts.append(new)
            have += new.size
        stream = np.concatenate(parts)
        self._ready = stream[count:]
        return stream[:count]

    def int63(self) -> int:
        """A non-negative integer below 2^63."""
        return int(self.words(1)[0]) & (2**63 - 1)

    def floats(self, count: int) -> np.ndarray:
        """The next `count` values of `Float64()`, in [0, 1)."""
        values = (self.words(count) & np.uint64(2**63 - 1)).astype(np.float64) / 2.0**63
        while (values == 1.0).any():  # drawn again by Go, once in 1e16
            kept = values[values != 1.0]
            values = np.concatenate((kept, self.floats(count - kept.size)))
        return values

    def float64(self) -> float:
        """A number in [0, 1)."""
        return float(self.floats(1)[0])

    def normal(self) -> float:
        """`NormFloat64()`: the ziggurat of Marsaglia and Tsang with 128 strips."""
        kn, wn, fn = _normal_strips()
        while True:
            word = self.int63() >> 31
            j = word - 2**32 if word >= 2**31 else word
            i = j & 0x7F
            x = j * float(wn[i])
            if abs(j) < kn[i]:
                return x
            if i == 0:
                while True:
                    x = -math.log(self.float64()) / _NORMAL_TAIL
                    y = -math.log(self.float64())
                    if y + y >= x * x:
                        return _NORMAL_TAIL + x if j > 0 else -_NORMAL_TAIL - x
            height = fn[i] + np.float32(self.float64()) * (fn[i - 1] - fn[i])
            if height < np.float32(math.exp(-0.5 * x * x)):
                return x

    def exponential(self) -> float:
        """`ExpFloat64()`: the ziggurat of Marsaglia and Tsang with 256 strips."""
        ke, we, fe = _exponential_strips()
        while True:
            j = self.int63() >> 31
            i = j & 0xFF
            x = j * float(we[i])
            if j < ke[i]:
                return x
            if i == 0:
                return _EXPONENTIAL_TAIL - math.log(self.float64())
            height = fe[i] + np.float32(self.float64()) * (fe[i - 1] - fe[i])
            if height < np.float32(math.exp(-x)):
                return x


_NORMAL_TAIL = 3.442619855899
_EXPONENTIAL_TAIL = 7.69711747013104972
_Strips = tuple[list[int], np.ndarray, np.ndarray]


@functools.cache
def _normal_strips() -> _Strips:
    return _strips(
        128, 2.0**31, _NORMAL_TAIL, 9.91256303526217e-3,
        lambda x: math.exp(-0.5 * x * x), lambda f: math.sqrt(-2.0 * math.log(f)),
    )  # fmt: skip


@functools.cache
def _exponential_strips() -> _Strips:
    return _strips(
        256, 2.0**32, _EXPONENTIAL_TAIL, 3.9496598225815571993e-3,
        lambda x: math.exp(-x), lambda f: -math.log(f),
    )  # fmt: skip


def _strips(
    count: int,
    scale: float,
    tail: float,
    area: float,
    density: Callable[[float], float],
    inverse: Callable[[float], float],
) -> _Strips:
    """Borders of the strips of equal area (Marsaglia and Tsang, J. Stat. Softw. 5 (2000) 8)."""
    k, w, f = [0] * count, np.zeros(count, np.float32), np.zeros(count, np.float32)
    x = previous = tail
    base = area / density(tail)
    k[0], k[1] = int(tail / base * scale), 0
    w[0], w[-1] = base / scale, tail / scale
    f[0], f[-1] = 1.0, density(tail)
    for i in range(count - 2, 0, -1):
        x = inverse(area / x + density(x))
        k[i + 1] = int(x / previous * scale)
        previous = x
        f[i], w[i] = density(x), x / scale
    return k, w, f
