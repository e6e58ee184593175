"""Compiled code on disk: one of several processes compiles, damaged files are compiled anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.base.compilation import _Files, _State

MODULE = """
from pathlib import Path
from orchestrator.base.compilation import compiled_from

compiled = compiled_from([Path(__file__)], fastmath=True)

@compiled
def inner(x):
    return 2 * x + 1

@compiled
def outer(values):
    total = 0.0
    for x in values:
        total += inner(x)
    return total
"""
CALL = """
import numpy as np
from module import outer
print(outer(np.arange(4.0)), outer(np.arange(3)))
print(sum(outer.stats.cache_misses.values()), sum(outer.stats.cache_hits.values()))
"""
HIDE = """
import sys
import numba.core.runtime.nrt
sys.modules["numba.core.runtime._nrt_python"] = None
"""


@pytest.fixture
def start(tmp_path):
    """Starts a process that calls the kernels of a module, with a cache of their own."""
    (tmp_path / "module.py").write_text(MODULE)
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    environment = os.environ | {"PYTHONPATH": paths, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def process(call=CALL):
        return subprocess.Popen(
            [sys.executable, "-c", call], stdout=subprocess.PIPE, text=True, env=environment
        )

    return process


def counted(process):
    """Compilations and uses of compiled code, after a look at the result."""
    out, _ = process.communicate()
    assert process.returncode == 0
    result, counts = out.splitlines()
    assert result == "16.0 9.0"
    return tuple(map(int, counts.split()))


def test_one_process_compiles_and_what_is_damaged_or_left_behind_does_no_harm(start, tmp_path):
    together = [start() for _ in range(2)]
    assert sum(misses for misses, _ in map(counted, together)) == 2  # two types of arguments
    found = [path for path in Path(tmp_path / "cache").rglob("*") if path.is_file()]
    assert sorted(path.name.split(".")[1] for path in found) == ["inner"] * 2 + ["outer"] * 2
    assert {path.suffix for path in found} == {".code"}

    cut, killed = (path for path in found if "outer" in path.name)
    cut.write_bytes(cut.read_bytes()[:-20])
    killed.rename(killed.with_suffix(".lock"))  # as of a process that was killed while it compiled
    assert counted(start()) == (2, 0)
    assert counted(start()) == (0, 2)
    cut.unlink()  # what is loaded and what is compiled live in one process
    assert counted(start()) == (1, 1)


def test_files_are_what_their_names_say_or_compiled_anew(start, tmp_path):
    assert counted(start()) == (2, 0)
    one, other = (tmp_path / "cache").rglob("module.outer*.code")
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())  # code for other arguments
    middle = len(content) // 2
    other.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    assert counted(start()) == (2, 0)
    assert counted(start(HIDE + CALL)) == (0, 2)  # loaded in numba's own way
    for path in (one, other):  # what cannot be removed
        path.unlink()
        path.mkdir()
    one.with_name("module.outer.of-another-state.code").mkdir()
    assert counted(start()) == (2, 0)


def test_code_that_the_disk_does_not_take_is_compiled_again(tmp_path):
    files = _Files(tmp_path / "gone", "name", _State([]), "")
    assert files.load("key") is None
    files.save("key", "code")
    assert files.load("key") is None
    (tmp_path / "gone").mkdir()
    files.save("key", "code")
    assert files.load("key") == "code"
    assert [path.suffix for path in (tmp_path / "gone").iterdir()] == [".code"]
