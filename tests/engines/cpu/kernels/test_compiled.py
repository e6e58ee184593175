"""Compiled code on disk: used again by every process, but not after a kernel has changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import orchestrator

CALL = """
import numpy as np
from orchestrator.engines.cpu.kernels.step import largest
stages = np.array([3, 4, 0], np.float32).reshape(1, 3, 1, 1, 1)
print(largest(stages, np.ones(1, np.float32), 0, 1), *largest.stats.cache_hits.values())
"""


def test_a_change_in_an_inner_kernel_is_seen(tmp_path: Path) -> None:
    """`largest` calls a kernel that we move to another file, and change there."""
    source = Path(orchestrator.__file__).parent
    shutil.copytree(source, tmp_path / "orchestrator", ignore=shutil.ignore_patterns("__pycache__"))
    kernels = tmp_path / "orchestrator" / "engines" / "cpu" / "kernels"
    step, inner = kernels / "step.py", kernels / "inner.py"
    head, mark, rest = step.read_text().partition("@compiled\ndef combine")
    start = head.index("@compiled\ndef _add_stages")
    inner.write_text(f"{head}")
    step.write_text(
        head[:start].replace(
            "import compiled\n",
            "import compiled\nfrom orchestrator.engines.cpu.kernels.inner import _add_stages\n",
        )
        + mark
        + rest
    )

    cache = tmp_path / "cache"

    def called() -> list[float]:
        done = subprocess.run(
            [sys.executable, "-c", CALL], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(cache)},
            cwd=tmp_path,
        )  # fmt: skip
        return [float(word) for word in done.stdout.split()]

    assert called() == [5]
    assert called() == [5, 1]  # from the disk, in another process
    text = inner.read_text()
    assert text.count("wa * stages[a + x]") == 1
    inner.write_text(text.replace("wa * stages[a + x]", "2 * wa * stages[a + x]"))
    assert called() == [10]
    assert len(list(cache.rglob("step.largest.*.code"))) == 1
