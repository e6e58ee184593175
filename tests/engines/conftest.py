"""Stand-ins for mumax3: the embedded engine, and wrappers around it that misbehave."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from orchestrator.mx3.ovf import write_ovf
from orchestrator.mx3.script import Scripts

STAND_IN = [sys.executable, "-c", "from orchestrator.cli import main; main()", "mx3"]


class Silent:
    def stage(self, title, duration, done=0.0):
        pass

    def progress(self, progress):
        pass

    def pulse(self, pattern, record):
        pass


@pytest.fixture
def silent():
    return Silent()


@pytest.fixture
def stand_in():
    return list(STAND_IN)


@pytest.fixture
def started(experiment, tmp_path):
    """Setup, a relaxation block and a folder with the initial magnetization."""
    m0 = experiment.initial_magnetization(1)
    write_ovf(tmp_path / "m0.ovf", m0, experiment.film.cell_size)
    scripts = Scripts(experiment.device)
    return scripts.setup(), scripts.relax(1e-11, "m1.ovf"), tmp_path


@pytest.fixture
def wrapper(tmp_path: Path):
    """Makes an executable that does a piece of Python with mumax3's arguments in sys.argv.

    The self-test passes; `real()` runs the embedded engine, `out` is the output folder.
    """

    def make(body: str) -> list[str]:
        path = tmp_path / "fake-mumax3"
        path.write_text(
            f"#!{sys.executable}\n"
            "import os, signal, subprocess, sys, time\n"
            f"def real(**options):\n"
            f"    return subprocess.run({STAND_IN!r} + sys.argv[1:], **options).returncode\n"
            "out = sys.argv[sys.argv.index('-o') + 1]\n"
            "if 'selftest' in sys.argv[-1]:\n"
            "    sys.exit(real())\n"
            f"{body}\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return [str(path)]

    return make
