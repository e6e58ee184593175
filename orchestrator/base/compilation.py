"""Kernels compiled by numba, kept on disk for all processes and compiled by one of them.

numba's own cache numbers its files in an index, which two processes that compile at the same time
can mix up, and keeps compiled code as long as the file of the function that is called stays the
same; the functions that it calls, compiled into it, may have changed. Here the name of a file says
what is in it: function, sources, versions, argument types and processor. So processes may share
files, and a process that needs code which another one compiles waits for it. The files lie where
numba puts them: `__pycache__`, `NUMBA_CACHE_DIR` or the user's cache.
"""

from __future__ import annotations

import glob
import hashlib
import io
import os
import pickle
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import llvmlite
import numba
from llvmlite.binding import add_symbol
from numba import njit
from numba.core import caching, serialize

try:
    from numba.core.environment import Environment, _rebuild_env
    from numba.core.runtime._nrt_python import c_helpers
except ImportError:  # a numba that has them elsewhere loads code in its own way, which takes longer
    c_helpers = None

try:
    import fcntl
except ImportError:  # not on Windows, where processes may compile the same code twice
    fcntl = None  # type: ignore[assignment]

LONGEST_WAIT = 120.0
"""Seconds after which code is compiled although another process does, too."""

CHECKSUM = 4
"""Bytes of the checksum that a file begins with."""


def compiled_from(sources: Sequence[Path], **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator like `numba.njit` for functions whose code is in some files.

    Parameters
    ----------
    sources : sequence of Path
        All files whose functions call one another: if any changes, nothing compiled before is used.
    **options
        Of `numba.njit`. The interpreter's lock is released in all functions.
    """
    state = _State(sources)

    def compiled(function: Callable[..., Any]) -> Any:
        made: Any = njit(nogil=True, **options)(function)
        if hasattr(made, "enable_caching"):  # not with NUMBA_DISABLE_JIT
            made._cache = _Cache(function, state, repr(sorted(options.items())))
        return made

    return compiled


class _State:
    """The sources as they are when the first function is compiled, and the compiler."""

    def __init__(self, sources: Sequence[Path]) -> None:
        self._sources = sources

    @cached_property
    def name(self) -> str:
        """Hash of all of them."""
        found = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}\n".encode())
        for path in sorted(self._sources):
            content = path.read_bytes()
            found.update(f"{path.name} {len(content)}\n".encode() + content)
        return found.hexdigest()[:16]


class _Cache(caching.FunctionCache):
    """What numba asks for compiled code of a function, and gives it to."""

    def __init__(self, function: Callable[..., Any], state: _State, options: str) -> None:
        super().__init__(function)
        name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        stem = f"{name}.{sys.implementation.cache_tag}"
        self._cache_file: Any = _Files(Path(self._cache_path), stem, state, options)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Compiled code, without all that numba imports and compiles in order to compile."""
        if c_helpers is None:
            return super().load_overload(sig, target_context)
        _announce_runtime()
        return self._load_overload(sig, target_context)


@cache
def _announce_runtime() -> None:
    """Name numba's C functions to LLVM; its other functions are part of the compiled code."""
    for name, address in c_helpers.items():
        add_symbol(name if name.startswith("_") else f"NRT_{name}", address)


class _Files:
    """A file for each combination of argument types, in place of numba's index.

    Files of other states of the sources are removed when code is saved; a process that still uses
    them compiles once more.
    """

    def __init__(self, folder: Path, stem: str, state: _State, options: str) -> None:
        self._folder = folder
        self._stem = stem
        self._state = state
        self._options = options
        self._locks: dict[Path, int] = {}

    def _path(self, key: Any) -> Path:
        kind = hashlib.sha256(f"{self._options} {key!r}".encode()).hexdigest()[:16]
        return self._folder / f"{self._stem}-{self._state.name}-{kind}.code"

    def load(self, key: Any) -> Any:
        """Compiled code, or None; then this process is to compile and save it."""
        path = self._path(key)
        found = _read(path)
        if found is None and fcntl is not None and path not in self._locks:
            self._lock(path)
            found = _read(path)
            if found is not None:
                self._release(path)
        return found

    def save(self, key: Any, data: Any) -> None:
        """Keep compiled code, if the disk takes it."""
        path = self._path(key)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            content = serialize.dumps(data)
            temporary.write_bytes(_checksum(path, content) + content)
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
        self._release(path)
        for other in self._folder.glob(f"{glob.escape(self._stem)}[-.]*"):
            if f"-{self._state.name}-" not in other.name:
                _remove(other)

    def flush(self) -> None:
        """Remove all files of this function."""
        for path in self._folder.glob(f"{glob.escape(self._stem)}[-.]*"):
            _remove(path)

    def _lock(self, path: Path) -> None:
        try:
            lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:
            return
        deadline = time.monotonic() + LONGEST_WAIT
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline or path.exists():
                    break
                time.sleep(0.02)
            except OSError:  # no locks on this file system
                break
        self._locks[path] = lock

    def _release(self, path: Path) -> None:
        lock = self._locks.pop(path, None)
        if lock is not None:
            _remove(path.with_suffix(".lock"))
            os.close(lock)


class _Unpickler(pickle.Unpickler):
    """Reads compiled code and imports no module of numba for functions that are part of it."""

    def find_class(self, module: str, name: str) -> Any:
        return _environment if name == _rebuild_env.__name__ else super().find_class(module, name)


def _environment(module: str, constants: list[Any], name: str) -> Any:
    if constants or module in sys.modules:
        return _rebuild_env(module, constants, name)
    found = Environment({})  # nothing is looked up in it
    found.env_name = name
    return found


def _read(path: Path) -> Any:
    try:
        content = path.read_bytes()
        code = memoryview(content)[CHECKSUM:]
        if content[:CHECKSUM] != _checksum(path, code):
            raise ValueError("damaged")
        kind = pickle.Unpickler if c_helpers is None else _Unpickler
        return kind(io.BytesIO(code)).load()
    except FileNotFoundError:
        return None
    except Exception:  # damaged, as by a full disk: compiled anew
        _remove(path)
        return None


def _checksum(path: Path, content: bytes | memoryview) -> bytes:
    """Of a file's name and content: that of another name holds code of other arguments."""
    return zlib.crc32(content, zlib.crc32(path.name.encode())).to_bytes(CHECKSUM, "big")


def _remove(path: Path) -> None:
    """Remove a file, if it is there and another user's folder allows it."""
    with suppress(OSError):
        path.unlink()
