"""kill -9 at random moments: nothing committed is lost, and the result has the same bits."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import pytest
import xarray as xr

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.check import find_damage
from orchestrator.run.execute import is_finished, run
from orchestrator.run.folder import DESCRIPTION, JOURNAL, run_folder
from orchestrator.run.journal import look_into
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Quiet, Workplace

SERVER = """
import json, os, signal, sys, time
from pathlib import Path
import numba, scipy.sparse.linalg, xarray, h5netcdf, pydantic, jinja2
from orchestrator.run.execute import run
from orchestrator.run.workplace import Workplace
from orchestrator.run.workplace import Quiet
from orchestrator.engines.cpu import make
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.describe.experiment import Experiment
description, root = json.loads(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            place = Workplace(root / line.split()[1], CpuEngine(1), Quiet(), lambda: False)
            run(Experiment.from_dict(description), place)
        except BaseException as error:
            print(f"child: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    end = time.monotonic() + float(line.split()[0])
    done = 0
    while not done and time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.001)
    if not done:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class Server:
    """Forks processes that carry out the run and kills them after a while."""

    def __init__(self, description, root):
        command = [sys.executable, "-c", SERVER, json.dumps(description), str(root)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"

    def attempt(self, seconds, root):
        """Exit code of a process that is killed after so many seconds; -9 if it was."""
        self.process.stdin.write(f"{seconds} {root}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def records_of(folder):
    journal = folder / "1" / JOURNAL
    return [record.to_json() for record in look_into(journal).records]


def torture(description, tmp_path, kills, seed, pulses=25):
    """Kill until so many kills have been survived; how many there were, and of which kind."""
    description["training"]["pulses"] = pulses
    description["output"] = {"every": 5}
    experiment = Experiment.from_dict(description)
    chance = random.Random(seed)
    found = {"kills": 0, "in training": 0, "runs": 0, "pulses": 0}
    with Server(description, tmp_path) as server:
        begun = time.monotonic()
        assert server.attempt(300, "whole") == 0
        span = time.monotonic() - begun
        whole = run_folder(tmp_path / "whole", experiment)
        reference = open_run(whole).load().drop_vars("wall_time")
        while found["kills"] < kills:
            found["runs"] += 1
            root = f"run{found['runs']}"
            folder = run_folder(tmp_path / root, experiment)
            code, before = -signal.SIGKILL, []
            while code == -signal.SIGKILL:
                begun = time.monotonic()
                code = server.attempt(chance.uniform(0, span), root)
                if code == 0:
                    span = 0.5 * span + 0.5 * (time.monotonic() - begun)
                else:  # so that in the end a pulse is done in time
                    span *= 1.1
                records = records_of(folder)
                assert records[: len(before)] == before, "a committed pulse was lost"
                if code == -signal.SIGKILL:
                    found["kills"] += 1
                    found["in training"] += len(records) > 0
                    if (folder / DESCRIPTION).exists():
                        assert find_damage(folder) == []
                        open_run(folder).load()
                before = records
            assert code == 0
            assert is_finished(folder)
            again = open_run(folder).load().drop_vars("wall_time")
            xr.testing.assert_identical(again, reference)
            for name in (f"m_{pulses:06d}.ovf", "m_relaxed.ovf"):
                assert (folder / "1" / name).read_bytes() == (whole / "1" / name).read_bytes()
            found["pulses"] += pulses
    return found


def test_a_few_kills(description, tmp_path):
    found = torture(description, tmp_path, kills=4, seed=1, pulses=15)
    assert found["kills"] >= 4


@pytest.mark.slow
def test_a_hundred_kills(description, tmp_path):
    begun = time.monotonic()
    found = torture(description, tmp_path, kills=120, seed=2)
    print(f"\n{found}, {time.monotonic() - begun:.0f} s: none lost, all results bit for bit equal")
    assert found["in training"] >= 40


LIMITED = """
import json, os, resource, signal, sys
from pathlib import Path
from orchestrator.run.execute import run
from orchestrator.run.workplace import Workplace
from orchestrator.run.workplace import Quiet
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.base.errors import OrchestratorError
from orchestrator.describe.experiment import Experiment
description, root, limit = sys.argv[1:]
experiment, engine = Experiment.from_dict(json.loads(description)), CpuEngine(1)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    run(experiment, Workplace(Path(root), engine, Quiet(), lambda: False))
except OrchestratorError as error:
    print(error)
    sys.exit(1)
"""


def limited(description, root, limit=0):
    """Carry out a run with a limit on the size of files; code and message."""
    command = [sys.executable, "-c", LIMITED, json.dumps(description), root, str(limit)]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def workplace(root):
    return Workplace(root, CpuEngine(threads=1), Quiet(), lambda: False)


def plain(description):
    """Many pulses, nothing kept: only the journal grows."""
    description["training"]["pulses"] = 20
    description["output"] = {"maps": False}
    return Experiment.from_dict(description)


def test_journal_that_cannot_grow_keeps_its_pulses(description, tmp_path):
    experiment = plain(description)
    code, said = limited(description, tmp_path, limit=7000)
    assert code == 1
    assert "cannot be written (File too large); committed pulses stay" in said
    folder = run_folder(tmp_path, experiment)
    done = int(open_run(folder).power.notnull().sum())
    assert 3 < done < 20
    assert find_damage(folder) == []
    run(experiment, workplace(tmp_path))
    run(experiment, workplace(tmp_path / "whole"))
    again, whole = (
        open_run(run_folder(root, experiment)).load().drop_vars("wall_time")
        for root in (tmp_path, tmp_path / "whole")
    )
    xr.testing.assert_identical(again, whole)


def test_full_disk(description, tmp_path):
    """On a file system of 64 kB the run fails with a message; with more room it goes on."""
    experiment = plain(description)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        code, said = limited(description, tmp_path)
        assert code == 1
        assert "No space left on device" in said
        subprocess.run(["mount", "-o", "remount,size=1m", str(tmp_path)], check=True)
        run(experiment, workplace(tmp_path))
        folder = run_folder(tmp_path, experiment)
        assert is_finished(folder)
        assert find_damage(folder) == []
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_folder_that_cannot_be_written(description, tmp_path):
    """A read-only file system, which refuses root, too."""
    plain(description)
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a read-only file system")
    try:
        code, said = limited(description, tmp_path)
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)
    assert code == 1
    assert "cannot be written (Read-only file system)" in said


@pytest.mark.parametrize("limit", [4600, 6000, 9000])
def test_states_that_do_not_fit_on_the_disk_are_an_error(description, tmp_path, limit):
    """A file of textures fits, one of a kept state does not: no zeros, no crash."""
    code, said = limited(description, tmp_path, limit)
    assert code == 1
    assert "cannot be written (File too large); committed pulses stay" in said
    folder = run_folder(tmp_path, Experiment.from_dict(description))
    assert find_damage(folder) == []
    assert not list(folder.rglob("*.nc")) + list(folder.rglob(".*.tmp"))
    assert limited(description, tmp_path) == (0, "")
    assert find_damage(folder) == []
    whole = run(Experiment.from_dict(description), workplace(tmp_path / "whole"))
    for number in (0, 2, 3):
        name = f"1/state_{number:06d}.nc"
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
