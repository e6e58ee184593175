"""scipy's Fourier transforms without `import scipy.fft`.

That import takes as long as numba's, for special functions and documentation that nobody needs
here. The transforms themselves are one compiled module, which is loaded by itself; where a version
of scipy has it elsewhere, scipy.fft gives the same results.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

import numpy as np

_COMPILED = ("_pocketfft", "pypocketfft"), ("_duccfft", "pyduccfft")
"""Folder in scipy.fft and module: up to scipy 1.17, and from 1.18 on."""
_TO_WAVES, _TO_FIELD = (True, 0), (False, 2)
"""Direction and factor: none, and one over the length."""


def fast_length(count: int) -> int:
    """The next length of at least `count` at which a real field is fast to transform."""
    return int(_transforms().good_size(count, True))


def rfft(field: np.ndarray, length: int, axis: int, threads: int = 1) -> np.ndarray:
    """Waves of a real field that is filled up with zeros to a length along an axis."""
    whole = _filled(field, length, axis)
    return np.asarray(_transforms().r2c(whole, (axis,), *_TO_WAVES, None, threads))


def rfftn(field: np.ndarray) -> np.ndarray:
    """Waves of a real field along all axes."""
    return np.asarray(_transforms().r2c(field, tuple(range(field.ndim)), *_TO_WAVES, None, 1))


def fft(wave: np.ndarray, length: int, axis: int, threads: int = 1) -> np.ndarray:
    """Waves along a further axis, filled up with zeros; may overwrite its argument."""
    whole = _filled(wave, length, axis)
    return np.asarray(_transforms().c2c(whole, (axis,), *_TO_WAVES, whole, threads))


def ifft(wave: np.ndarray, axis: int, threads: int = 1) -> np.ndarray:
    """The inverse of `fft`; may overwrite its argument."""
    return np.asarray(_transforms().c2c(wave, (axis,), *_TO_FIELD, wave, threads))


def irfft(wave: np.ndarray, length: int, axis: int, threads: int = 1) -> np.ndarray:
    """The real field of a length along an axis that has these waves."""
    return np.asarray(_transforms().c2r(wave, (axis,), length, *_TO_FIELD, None, threads))


def _filled(field: np.ndarray, length: int, axis: int) -> np.ndarray:
    count = field.shape[axis]
    if count == length:
        return field
    shape = list(field.shape)
    shape[axis] = length
    whole = np.zeros(shape, field.dtype)
    whole[(slice(None),) * axis + (slice(count),)] = field
    return whole


@cache
def _transforms() -> Any:
    """The compiled module, or what does the same."""
    import scipy

    for folder, name in _COMPILED:
        place = os.path.join(scipy.__path__[0], "fft", folder)
        found = PathFinder.find_spec(f"scipy.fft.{folder}.{name}", [place])
        if found is not None and found.loader is not None:
            module = module_from_spec(found)
            found.loader.exec_module(module)
            return module
    return _OfScipy


class _OfScipy:
    """The compiled module's functions in terms of scipy.fft."""

    @staticmethod
    def good_size(count: int, real: bool) -> int:
        from scipy.fft import next_fast_len

        return int(next_fast_len(count, real))

    @staticmethod
    def r2c(field: Any, axes: Any, forward: bool, factor: int, out: Any, threads: int) -> Any:
        from scipy.fft import rfftn

        return rfftn(field, axes=axes, workers=threads)

    @staticmethod
    def c2c(wave: Any, axes: Any, forward: bool, factor: int, out: Any, threads: int) -> Any:
        from scipy.fft import fftn, ifftn

        return (fftn if forward else ifftn)(wave, axes=axes, overwrite_x=True, workers=threads)

    @staticmethod
    def c2r(
        wave: Any, axes: Any, length: int, forward: bool, factor: int, out: Any, threads: int
    ) -> Any:
        from scipy.fft import irfft

        return irfft(wave, length, axis=axes[0], workers=threads)
