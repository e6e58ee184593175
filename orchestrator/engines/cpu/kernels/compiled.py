"""`compiled`: numba's compilation, cached on disk until any kernel changes.

numba keeps compiled code as long as the file of the function that is called stays the same; the
functions that it calls, compiled into it, may have changed. Here the code also depends on every
file of this folder: whatever of the kernels is edited, what was compiled before is not used again.
The code lies where numba puts it, `__pycache__`, `NUMBA_CACHE_DIR` or the user's cache, shared by
all processes.
"""

from __future__ import annotations

import functools
import glob
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import caching


@functools.cache
def _sources() -> str:
    """Hash of all files of kernels as they are when the process first asks."""
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        content = path.read_bytes()
        found.update(f"{path.name} {len(content)}\n".encode() + content)
    return found.hexdigest()[:16]


class _Cache(caching.FunctionCache):
    """A cache whose files are those of one state of the sources.

    Files of other states are removed when code is saved; a process that still uses them compiles
    once more.
    """

    def __init__(self, py_func: Callable[..., Any]) -> None:
        super().__init__(py_func)
        self._stem = self._impl.filename_base
        self._cache_file = caching.IndexDataCacheFile(
            cache_path=self._cache_path,
            filename_base=f"{self._stem}-{_sources()}",
            source_stamp=self._impl.locator.get_source_stamp(),
        )

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save compiled code."""
        super().save_overload(sig, data)
        for path in Path(self._cache_path).glob(f"{glob.escape(self._stem)}[-.]*"):
            if f"-{_sources()}." not in path.name:
                path.unlink(missing_ok=True)


def compiled(function: Callable[..., Any]) -> Any:
    """A function compiled by numba, with numpy's division and without the interpreter's lock."""
    made: Any = njit(nogil=True, error_model="numpy")(function)
    if hasattr(made, "enable_caching"):  # not with NUMBA_DISABLE_JIT
        made._cache = _Cache(function)
    return made
