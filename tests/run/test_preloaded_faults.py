"""Every call that writes fails once: nothing committed is lost, and the run goes on, bit for bit.

A library that is preloaded lets the n-th call that opens for writing, writes, syncs, renames, links
or makes a folder below the root fail. The run must end with one message or succeed, and the same
command again must give the same bits.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.run.check import find_damage
from orchestrator.run.folder import FINISHED, JOURNAL, RELAXED
from orchestrator.run.journal import look_into

SOURCE = Path(__file__).parent / "preloaded" / "faults.c"
ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EMFILE)
SEED = 20261127

SERVER = """
import ctypes, json, os, sys
from pathlib import Path
import numba, scipy.sparse.linalg, xarray, h5netcdf, pydantic, jinja2
from orchestrator.base.errors import OrchestratorError
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu import make
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.workplace import Quiet, Workplace

faults = ctypes.CDLL(sys.argv[1])
experiment = Experiment.from_dict(json.loads(sys.argv[2]))


def carry_out(root, n, code):
    faults.fault_arm(str(root).encode() + b"/", ctypes.c_long(n), code)
    try:
        run(experiment, Workplace(root, CpuEngine(1), Quiet(), lambda: False))
    except OrchestratorError as error:
        return type(error).__name__ + ": " + str(error)
    return ""


carry_out(Path(sys.argv[3]), 0, 0)  # what is imported and compiled now is so in all children
print("ready", flush=True)
for line in sys.stdin:
    root, n, code = json.loads(line)
    here, there = os.pipe()
    if os.fork() == 0:
        try:
            said = carry_out(Path(root), n, code)
            words = {"said": said, "calls": faults.fault_calls()}
        except BaseException as error:
            import traceback
            faults.fault_arm(b"", ctypes.c_long(0), 0)
            words = {"traceback": traceback.format_exc()}
        faults.fault_arm(b"", ctypes.c_long(0), 0)
        os.write(there, json.dumps(words).encode())
        os._exit(0)
    os.close(there)
    with open(here) as answer:
        text = answer.read()
    os.wait()
    print(text, flush=True)
"""


@pytest.fixture(scope="module")
def description():
    return {
        "name": "small",
        "film": {"cells": [16, 12, 1], "cell_size": [5e-9, 5e-9, 1e-6]},
        "material": {"Ms": 4.9e5, "Aex": 1e-11, "Dbulk": 2e-3, "alpha": 0.5, "P": 0.5},
        "resistivity": {"rho_par": 9e-7, "rho_perp": 1e-7},
        "contacts": [
            {"name": "left", "shape": "side", "side": "left"},
            {"name": "right", "shape": "side", "side": "right"},
        ],
        "start": {"settle_time": 2e-12},
        "training": {
            "patterns": ["+-"],
            "voltage": 0.025,
            "pulse_length": 2e-12,
            "pulses": 3,
            "relax_time": 1e-12,
        },
        "reference": {"starts": 1},
        "output": {"snapshots": [1, 3]},
    }


class Server:
    """Forks a process for each run, so that nothing is imported or compiled again."""

    def __init__(self, library, description):
        words = [str(library), json.dumps(description), str(library.parent / "first")]
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"LD_PRELOAD": str(library), "NUMBA_NUM_THREADS": "1"},
        )
        first = self._process.stdout.readline()
        if first != "ready\n":
            self.close()
            raise RuntimeError("the server did not start")

    def run(self, root, n=0, code=0):
        self._process.stdin.write(json.dumps([str(root), n, code]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "traceback" not in answer, f"call {n}, {errno.errorcode.get(code)}: {answer}"
        return answer

    def close(self):
        with self._process:
            self._process.stdin.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, description):
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and Linux to preload a library")
    library = tmp_path_factory.mktemp("preloaded") / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    made = Server(library, description)
    yield made
    made.close()


@pytest.fixture(scope="module")
def undisturbed(server, tmp_path_factory):
    """The bits of a run without faults, and how many calls it takes."""
    root = tmp_path_factory.mktemp("undisturbed")
    answer = server.run(root)
    assert answer["said"] == ""
    return bits(root), answer["calls"]


def folder_of(root):
    found = [path.parent for path in root.glob("small-*/description.json")]
    return found[0] if found else None


def bits(root):
    training = folder_of(root) / "1"
    names = (RELAXED, "m_000003.ovf", "state_000001.nc", "state_000003.nc")
    return {name: (training / name).read_bytes() for name in names}


def strike(server, root, n, code, wanted):
    """Let call n fail, and go on."""
    said = server.run(root, n, code)["said"]
    folder = folder_of(root)
    committed = b""
    if folder is not None and (folder / "1" / JOURNAL).exists():
        found = look_into(folder / "1" / JOURNAL)
        assert not found.damaged
        committed = (folder / "1" / JOURNAL).read_bytes()[: found.end]
    place = f"call {n}, {errno.errorcode[code]}: {said}"
    assert "\n" not in said, place
    if not said:
        assert (folder / FINISHED).exists(), place
    assert server.run(root)["said"] == "", place
    folder = folder_of(root)
    assert (folder / "1" / JOURNAL).read_bytes().startswith(committed), place
    assert find_damage(folder) == [], place
    assert bits(root) == wanted, place
    left = [path for path in root.rglob("*") if path.name.endswith((".tmp", ".lock"))]
    assert [path for path in left if not path.name.startswith(".clock")] == [], place
    return said


def test_some_calls_that_fail(server, undisturbed, tmp_path):
    wanted, calls = undisturbed
    assert calls > 60
    choice = random.Random(SEED)
    said = [
        strike(server, tmp_path / f"{n}", n, choice.choice(ERRORS), wanted)
        for n in sorted(choice.sample(range(1, calls + 1), 8))
    ]
    assert sum(bool(text) for text in said) >= 4  # most calls that fail end the run


@pytest.mark.slow
@pytest.mark.parametrize("shift", range(len(ERRORS)))
def test_every_call_fails_once(server, undisturbed, tmp_path, shift):
    wanted, calls = undisturbed
    ended = 0
    for n in range(1, calls + 1):
        root = tmp_path / f"{n}"
        ended += bool(strike(server, root, n, ERRORS[(n + shift) % len(ERRORS)], wanted))
        shutil.rmtree(root)
    print(f"{calls} calls, each failed once: {ended} ended the run, no pulse was lost")
    assert ended > calls / 2
