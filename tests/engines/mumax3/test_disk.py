"""A full disk inside mumax3, which ends with code 0, says nothing and leaves truncated files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.engines.mumax3.diagnosis import disk_fault

_CAN_MOUNT = subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode == 0
full_disk = pytest.mark.skipif(not _CAN_MOUNT, reason="needs `unshare -Urm`, to mount a tmpfs")

SILENT = """
def lossy(text):
    # As mumax3 does: what does not fit is lost, without a word.
    try:
        print(text, end="", flush=True)
    except OSError:
        pass


def fill():
    with open("fill", "wb", 0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass


def lose(name):
    open(out + "/" + name, "w").close()
"""
PROCESS = (
    SILENT
    + """
if script == "m2.mx3":
    os.makedirs(out)
    fill()
    lose("m2.ovf")
    sys.exit(0)
real()
"""
)
LIVE = (
    SILENT
    + """
child = subprocess.Popen(STAND_IN + arguments, stdout=subprocess.PIPE, text=True)
for line in child.stdout:
    if line.startswith("//block") and " 2 begin" in line:
        fill()
    lossy(line)
child.wait()
"""
)
PROGRAM = """
import sys
from pathlib import Path
from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.diagnosis import EngineFault
from orchestrator.engines.mumax3.live import LiveEngine
from orchestrator.engines.mumax3.process import Limits

kind = {"process": Mumax3Engine, "live": LiveEngine}[sys.argv[1]]
disk, source = Path(sys.argv[2]), Path(sys.argv[3])
for path in source.glob("*.ovf"):
    (disk / path.name).write_bytes(path.read_bytes())
blocks = [(source / f"block{n}").read_text() for n in (1, 2)]
engine = kind(sys.argv[4], limits=Limits(silence=60))
session = engine.start((source / "setup").read_text(), disk, "m0.ovf")
try:
    session.execute(blocks[0], "m1.ovf")
    session.execute(blocks[1], "m2.ovf")
except EngineFault as fault:
    print(fault.kind, fault)
finally:
    session.close()
"""


@full_disk
@pytest.mark.parametrize(("mode", "body"), [("process", PROCESS), ("live", LIVE)])
def test_a_full_disk_is_named_once_and_not_tried_again(pulses, fake, tmp_path, mode, body):
    (pulses.folder / "setup").write_text(pulses.setup)
    for n in (1, 2):
        (pulses.folder / f"block{n}").write_text(pulses.blocks[n - 1])
    disk = tmp_path / "disk"
    disk.mkdir()
    words = [sys.executable, "-c", PROGRAM, mode, disk, pulses.folder, fake(body)[0]]
    command = 'mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@"'
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", command, disk, *words],
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert done.stdout.startswith("disk ")
    assert "the disk is full" in done.stdout
    assert "started again" not in said and "one process for each block" not in said
    assert "Traceback" not in said


def test_room_is_no_fault(tmp_path):
    assert disk_fault(tmp_path, 1 << 20) is None
    assert list(tmp_path.iterdir()) == []
    assert disk_fault(tmp_path / "gone", 1) is None


_STATE = """
import sys
from pathlib import Path
import numpy as np
from orchestrator.base.errors import RunFolderError
from orchestrator.run.fields import write_state

path = Path(sys.argv[1]) / "state_000001.nc"
try:
    write_state(path, {"m": np.random.default_rng(1).normal(size=(1, 200, 200, 3))}, "float32")
except (OSError, RunFolderError) as error:
    print(getattr(error, "strerror", None) or error)
print([p.name for p in path.parent.iterdir()])
"""


@full_disk
def test_a_state_that_does_not_fit_leaves_no_traceback(tmp_path):
    command = 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"'
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", command, tmp_path, sys.executable, "-c", _STATE, tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        cwd=Path("/"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "No space left on device\n[]\n"
    assert done.stderr == ""
