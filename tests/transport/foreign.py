"""Arrays that mix with those of numpy as little as CuPy's do, for tests without a GPU."""

from __future__ import annotations

import weakref
from typing import Any, ClassVar

import numpy as np


class ForeignArray(np.ndarray):
    """An array in the memory of no device; refuses arrays of numpy in operations."""

    def __array_finalize__(self, source: object) -> None:
        owner: Any = self
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        Foreign.note(owner)

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **options):
        if out:
            options["out"] = _plain(out)
        result = getattr(ufunc, method)(*_plain(inputs), **options)
        return out[0] if out else _foreign(result)

    def __array_function__(self, function, types, args, options):
        return _foreign(function(*_plain(args), **{k: _plain(v) for k, v in options.items()}))

    def __setitem__(self, place, value):
        self.view(np.ndarray)[_plain(place)] = _plain(value)

    def __getitem__(self, place):
        return _foreign(self.view(np.ndarray)[_plain(place)])

    def get(self) -> np.ndarray:
        """A copy for numpy."""
        return np.array(self.view(np.ndarray))


class Foreign:
    """In place of the module cupy; counts the bytes of the arrays that live."""

    ndarray = ForeignArray
    held = 0
    most = 0
    _known: ClassVar[set[int]] = set()

    @classmethod
    def note(cls, owner: np.ndarray) -> None:
        key = id(owner)
        if key in cls._known:
            return
        cls._known.add(key)
        cls.held += owner.nbytes
        cls.most = max(cls.most, cls.held)
        weakref.finalize(owner, cls._forget, key, owner.nbytes)

    @classmethod
    def _forget(cls, key: int, size: int) -> None:
        cls._known.discard(key)
        cls.held -= size

    @staticmethod
    def asarray(values: Any) -> ForeignArray:
        """A copy, unless it is there already."""
        return values if isinstance(values, ForeignArray) else np.array(values).view(ForeignArray)

    def __getattr__(self, name: str) -> Any:
        def call(*args, **options):
            options = {key: _plain(value) for key, value in options.items()}
            return _foreign(getattr(np, name)(*_plain(args), **options))

        return call


def _plain(value: Any) -> Any:
    """Foreign arrays, also in lists and tuples, for numpy."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    if type(value) is np.ndarray and value.ndim:
        raise TypeError("an array of numpy among those of the device")
    return value.view(np.ndarray) if isinstance(value, ForeignArray) else value


def _foreign(value: Any) -> Any:
    return value.view(ForeignArray) if isinstance(value, np.ndarray) else value
