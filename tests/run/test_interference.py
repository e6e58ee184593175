"""What others do to a run while it works: they take its lock, move its folder, turn the clock."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
import xarray as xr

from orchestrator.base.errors import OrchestratorError
from orchestrator.campaign.results import open_campaign
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.store import create
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run import check, locks
from orchestrator.run.check import find_damage, take_back
from orchestrator.run.execute import is_finished, run
from orchestrator.run.folder import DESCRIPTION, JOURNAL, LOCK, TEXTURES, run_folder
from orchestrator.run.journal import read_journal
from orchestrator.run.locks import InUseError
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Interrupted, Quiet, Workplace

HOUR = 3600.0
REFUSED = re.compile("in use by process|has just begun|not been begun|--repair|checksum is wrong")
"""What a command may say that cannot work just now."""


class Meanwhile(Quiet):
    """A tracker that does something once a pulse is committed."""

    def __init__(self, act, after=(1,)):
        self.act, self.after = act, after

    def pulse(self, pattern, record):
        if record.number in self.after:
            self.act()


def workplace(root, tracker=None, engine=None):
    return Workplace(root, engine or CpuEngine(1), tracker or Quiet(), lambda: False)


@pytest.fixture(scope="module")
def whole(make_description, tmp_path_factory):
    """The folder of a run that nobody disturbed."""
    root = tmp_path_factory.mktemp("whole")
    return run(Experiment.from_dict(make_description()), workplace(root))


def values(folder):
    """All but what depends on the machine and its load."""
    data = open_run(folder).load().drop_vars("wall_time")
    del data.attrs["engine"]
    return data


def assert_as_undisturbed(folder, whole):
    assert is_finished(folder)
    assert find_damage(folder) == []
    xr.testing.assert_identical(values(folder), values(whole))
    for name in ("1/m_000003.ovf", "1/m_relaxed.ovf"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()


def disturbed(experiment, root, act, after=(1,)):
    """Carry the run out while something is done to it; what it says, if it cannot go on."""
    try:
        run(experiment, workplace(root, Meanwhile(act, after)))
    except OrchestratorError as error:
        return str(error)
    return ""


SLEEPER = """
import json, sys
from pathlib import Path
from orchestrator.base.errors import OrchestratorError
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run import check, locks
from orchestrator.run.execute import run
from orchestrator.run.workplace import Quiet, Workplace

locks._machine = lambda: "far"
locks.HEARTBEAT = 0.1


class Telling(Quiet):
    def pulse(self, pattern, record):
        print("pulse", flush=True)
        if record.number == 1:
            sys.stdin.readline()


try:
    place = Workplace(Path(sys.argv[2]), CpuEngine(1), Telling(), lambda: False)
    run(Experiment.from_dict(json.loads(sys.argv[1])), place)
except OrchestratorError as error:
    print(type(error).__name__, error, flush=True)
    sys.exit(2)
"""


@pytest.mark.parametrize("when", ["while the second works", "when the second has ended"])
def test_a_process_that_was_suspended_for_long_leaves_the_run_to_its_second_owner(
    description, tmp_path, monkeypatch, whole, when
):
    """SIGSTOP for longer than the lock's limit on another host, a second owner, then SIGCONT."""
    monkeypatch.setattr(locks, "STALE_AFTER", 0.6)
    experiment = Experiment.from_dict(description)
    folder = run_folder(tmp_path, experiment)
    command = [sys.executable, "-c", SLEEPER, json.dumps(description), str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as first:
        assert first.stdout.readline() == "pulse\n"
        for _ in range(5):  # it beats: however long it takes, nobody takes its lock
            time.sleep(0.2)
            with pytest.raises(InUseError, match=f"in use by process {first.pid}"):
                run(experiment, workplace(tmp_path))
        first.send_signal(signal.SIGSTOP)
        time.sleep(1.0)
        said = []

        def wake_up():
            first.send_signal(signal.SIGCONT)
            said.extend(first.communicate("\n", timeout=120))

        if when == "while the second works":
            run(experiment, workplace(tmp_path, Meanwhile(wake_up, after=(2,))))
        else:
            run(experiment, workplace(tmp_path))
            wake_up()
        assert first.returncode == 2
    assert said[0].startswith("BlockedError")
    assert "the lock was lost" in said[0]
    assert said[0].count("\n") == 1
    assert said[1] == ""
    assert_as_undisturbed(folder, whole)
    assert not (folder / LOCK).exists()
    assert {path.name for path in (folder / "1").iterdir()} == {
        path.name for path in (whole / "1").iterdir()
    }


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_texture_that_another_run_has_settled_meanwhile(
    description, experiment, tmp_path, whole, moment
):
    """The first to settle it loses its lock in the middle: it stops, the other's texture stays."""
    description["training"]["pulses"] = 4
    other = Experiment.from_dict(description)
    folder = run_folder(tmp_path, other)

    class Suspended(CpuEngine):
        def start(self, *arguments, **keywords):
            session = super().start(*arguments, **keywords)
            execute = session.execute

            def execute_late(*arguments, **keywords):
                if moment == "before":
                    take_over()
                result = execute(*arguments, **keywords)
                if moment == "after":
                    take_over()
                return result

            session.execute = execute_late
            return session

    def take_over():
        if not folder.exists():
            (lock,) = (tmp_path / TEXTURES).glob("*.lock")
            owner = json.loads(lock.read_text())
            lock.write_text(json.dumps(owner | {"machine": "far"}))
            os.utime(lock, (time.time() - HOUR,) * 2)
            run(other, workplace(tmp_path))

    expected = "the lock was lost" if moment == "after" else "No such file"
    with pytest.raises(OrchestratorError, match=expected):
        run(experiment, workplace(tmp_path, engine=Suspended(1)))
    assert is_finished(folder)
    assert find_damage(folder) == []
    assert {path.suffix for path in (tmp_path / TEXTURES).iterdir()} == {".ovf", ".json"}
    run(experiment, workplace(tmp_path))
    assert_as_undisturbed(run_folder(tmp_path, experiment), whole)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_clocks_that_jump_while_a_run_works(experiment, tmp_path, monkeypatch, whole, jump):
    """The process's clock, and the times of all files, its lock among them."""
    folder = run_folder(tmp_path, experiment)
    true, shift = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: true() + shift[0])
    monkeypatch.setattr(time, "time_ns", lambda: int(1e9 * (true() + shift[0])))

    def turn():
        shift[0] += jump
        for path in [folder / LOCK, *folder.rglob("*"), *(tmp_path / TEXTURES).iterdir()]:
            os.utime(path, (true() + jump, true() + jump))
        with pytest.raises(InUseError):  # on this host it is the process that counts
            run(experiment, workplace(tmp_path))

    assert disturbed(experiment, tmp_path, turn, after=(1, 2)) == ""
    assert_as_undisturbed(folder, whole)


def test_a_lock_that_a_jump_makes_old_goes_to_one_owner_alone(experiment, tmp_path, whole):
    """Seen from another host it is stale: that one takes it, and this one stops and says so."""
    folder = run_folder(tmp_path, experiment)

    def jump():
        owner = json.loads((folder / LOCK).read_text())
        (folder / LOCK).write_text(json.dumps(owner | {"machine": "far"}))
        os.utime(folder / LOCK, (time.time() - HOUR,) * 2)
        run(experiment, workplace(tmp_path))

    assert "the lock was lost" in disturbed(experiment, tmp_path, jump)
    assert_as_undisturbed(folder, whole)


def test_a_lock_of_the_future_is_respected(experiment, tmp_path, whole):
    """After a jump back: whether its owner lives is not known, so nobody writes."""
    folder = run_folder(tmp_path, experiment)
    said = []

    def jump():
        owner = json.loads((folder / LOCK).read_text())
        (folder / LOCK).write_text(json.dumps(owner | {"machine": "far"}))
        os.utime(folder / LOCK, (time.time() + HOUR,) * 2)
        said.append(disturbed(experiment, tmp_path, lambda: None))

    assert disturbed(experiment, tmp_path, jump) == ""
    assert "in use by process" in said[0]
    assert_as_undisturbed(folder, whole)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_the_index_of_a_campaign_sees_what_changed_whatever_the_clock_says(
    experiment, tmp_path, jump
):
    folder = create(Campaign(experiment, {"start.seed": [3]}), tmp_path)

    def turned():
        for path in folder.runs[0].folder.rglob("*"):
            os.utime(path, (time.time() + jump,) * 2)
        return open_campaign(folder.path).power.load().to_numpy()

    place, run_of_it = workplace(tmp_path), folder.runs[0].folder
    with pytest.raises(Interrupted):
        run(experiment, dataclasses.replace(place, stop=stopped_at(run_of_it, 1)))
    assert (turned() > 0).sum() == 1
    run(experiment, place)
    assert (turned() > 0).sum() == 3


def stopped_at(folder, number):
    """Asks to stop as soon as so many pulses are committed."""
    journal = folder / "1" / JOURNAL
    return lambda: journal.exists() and len(read_journal(journal).pulses) >= number


def test_a_folder_that_is_moved(experiment, tmp_path, whole):
    folder, there = run_folder(tmp_path, experiment), tmp_path / "elsewhere" / whole.name
    there.parent.mkdir()
    said = disturbed(experiment, tmp_path, lambda: folder.rename(there))
    assert str(folder) in said
    assert "\n" not in said
    assert not folder.exists()
    assert len(read_journal(there / "1" / JOURNAL).pulses) == 1
    assert find_damage(there) == []
    lock = there / LOCK
    lock.write_text(json.dumps(json.loads(lock.read_text()) | {"started": "1"}))  # it has ended
    run(experiment, workplace(there.parent))
    assert_as_undisturbed(there, whole)


def test_a_folder_that_is_removed(experiment, tmp_path, whole):
    folder = run_folder(tmp_path, experiment)
    said = disturbed(experiment, tmp_path, lambda: shutil.rmtree(folder))
    assert str(folder) in said
    assert "\n" not in said
    assert not folder.exists()
    run(experiment, workplace(tmp_path))
    assert_as_undisturbed(folder, whole)


def test_a_folder_that_another_run_has_begun_again(experiment, tmp_path, whole):
    folder = run_folder(tmp_path, experiment)

    def begin_again():
        folder.rename(tmp_path / "old")
        run(experiment, workplace(tmp_path))

    said = disturbed(experiment, tmp_path, begin_again)
    assert "the lock was lost" in said
    assert_as_undisturbed(folder, whole)


@pytest.mark.parametrize("left", [0.5, 0.999])
def test_a_journal_that_is_shortened(experiment, tmp_path, whole, left):
    folder = run_folder(tmp_path, experiment)
    journal = folder / "1" / JOURNAL
    before = []

    def shorten():
        os.truncate(journal, int(left * journal.stat().st_size))
        before.append(journal.read_bytes())

    said = disturbed(experiment, tmp_path, shorten, after=(2,))
    assert "changed while this process worked" in said
    assert journal.read_bytes() == before[0]
    with_less = len(read_journal(journal).pulses)
    assert with_less < 2
    if again := disturbed(experiment, tmp_path, lambda: None):
        # the texture to go on from had been removed, as the pulse after it was committed
        assert "missing; `orchestrator campaign check --repair" in again
        take_back(folder)
        run(experiment, workplace(tmp_path))
    assert_as_undisturbed(folder, whole)


@pytest.mark.parametrize("how", ["shortened", "removed"])
@pytest.mark.parametrize("name", ["1/m_000000.ovf", "1/j_000001.ovf", DESCRIPTION])
def test_a_file_that_is_shortened_or_removed_is_computed_again(
    experiment, tmp_path, whole, name, how
):
    folder = run_folder(tmp_path, experiment)

    def spoil():
        path = folder / name
        os.truncate(path, path.stat().st_size // 2) if how == "shortened" else path.unlink()

    disturbed(experiment, tmp_path, spoil, after=(2,))
    assert [damage.path for damage in find_damage(folder)] == [folder / name]
    take_back(folder)
    run(experiment, workplace(tmp_path))
    assert_as_undisturbed(folder, whole)


def test_the_present_texture_may_be_spoiled(experiment, tmp_path, whole):
    """It is in memory, too, and in the end replaced by its successor."""
    folder = run_folder(tmp_path, experiment)
    disturbed(experiment, tmp_path, lambda: os.truncate(folder / "1" / "m_000001.ovf", 100))
    assert_as_undisturbed(folder, whole)


def test_a_check_of_a_run_that_goes_on_meanwhile_gives_no_false_alarm(
    experiment, tmp_path, monkeypatch
):
    """It has read the journal up to a texture that is then replaced by its successor."""
    folder, place = run_folder(tmp_path, experiment), workplace(tmp_path)
    look_into = check.look_into

    with pytest.raises(Interrupted):
        run(experiment, dataclasses.replace(place, stop=stopped_at(folder, 1)))
    assert find_damage(folder) == []
    went_on = []

    def after_a_pulse(path):
        journal = look_into(path)
        if not went_on:
            went_on.append(True)
            with pytest.raises(Interrupted):
                run(experiment, dataclasses.replace(place, stop=stopped_at(folder, 2)))
        return journal

    monkeypatch.setattr(check, "look_into", after_a_pulse)
    assert find_damage(folder) == []
    assert not (folder / "1" / "m_000001.ovf").exists()
    (folder / "1" / "m_000002.ovf").unlink()
    assert [damage.reason for damage in find_damage(folder)] == ["missing"]


def _kind(text):
    found = REFUSED.search(text)
    return found.group() if found else "done"


@pytest.mark.slow
def test_two_runs_two_campaigns_and_a_repair_at_once(
    description, tmp_path, write_toml, as_toml, whole
):
    """All by the command line under one root, over and over until the campaigns are complete."""
    base = write_toml("base.toml", description)
    files = []
    for name, seeds in (("one", "[3, 4, 5]"), ("two", "[5, 4, 3]")):
        file = tmp_path / f"{name}.toml"
        axis = f'[[axes]]\nname = "seed"\nkey = "start.seed"\nvalues = {seeds}\n'
        file.write_text(f'name = "{name}"\nbase = "base.toml"\n{axis}')
        files.append(file)
    root = tmp_path / "runs"
    program = [sys.executable, "-m", "orchestrator"]
    at_work = ["--root", root, "--engine", "cpu"]
    workers = ["--workers", "2"]
    commands = [
        *2 * [["run", base, *at_work]],
        *(["campaign", "run", file, *at_work, *workers] for file in files),
    ]
    repair = [*program, "campaign", "check", str(files[0]), "--repair", "--yes", "--root", root]
    said, repairs = [], 0
    for _ in range(3):
        started = [
            subprocess.Popen(
                [*program, *map(str, command)],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
            for command in commands
        ]  # fmt: skip
        while any(process.poll() is None for process in started):
            done = subprocess.run([*map(str, repair)], capture_output=True, text=True, timeout=300)
            said.append(done.stdout + done.stderr)
            repairs += "not been begun" not in said[-1]
            assert done.returncode == 0 or REFUSED.search(said[-1]), said[-1]
        for process in started:
            said.append(process.communicate()[0])
            assert process.returncode == 0 or REFUSED.search(said[-1]), said[-1]
        # the next round finds damage to repair while others work
        for texture in sorted((root / TEXTURES).glob("*.ovf"))[:1]:
            os.truncate(texture, 100)
        for journal in sorted(root.glob(f"*/1/{JOURNAL}"))[:1]:
            os.truncate(journal.parent / "m_000000.ovf", 100)
    assert repairs >= 3
    print(f"\n{len(said)} commands at the same time: {Counter(_kind(text) for text in said)}")
    assert not any("Traceback" in text for text in said), said
    assert subprocess.run([*map(str, repair)], capture_output=True).returncode == 0
    for command in commands:
        last = subprocess.run([*program, *map(str, command)], capture_output=True, text=True)
        assert last.returncode == 0, last.stdout + last.stderr
    assert_as_undisturbed(run_folder(root, Experiment.from_dict(description)), whole)
    for seed in (4, 5):
        description["start"]["seed"] = seed
        other = Experiment.from_dict(description)
        run(other, workplace(tmp_path / "alone"))
        xr.testing.assert_identical(
            values(run_folder(root, other)), values(run_folder(tmp_path / "alone", other))
        )
