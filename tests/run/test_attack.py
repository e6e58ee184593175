"""Damage that was once not noticed: flipped bits, lost locks, what killed processes leave."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from contextlib import contextmanager

import numpy as np
import pytest
import xarray as xr

from orchestrator.base import netcdf
from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.campaign.archive.gather import export
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.store import CAMPAIGN, CampaignFolder, create
from orchestrator.describe.hashing import canonical_hash
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run import training
from orchestrator.run.check import find_damage
from orchestrator.run.execute import run
from orchestrator.run.folder import DESCRIPTION, JOURNAL, LOCK, TEXTURES, UNTRAINED, run_folder
from orchestrator.run.locks import STALE_AFTER
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Quiet, Workplace


def workplace(root):
    return Workplace(root, CpuEngine(threads=1), Quiet(), lambda: False)


@pytest.fixture
def finished(experiment, tmp_path):
    return run(experiment, workplace(tmp_path))


def changed(path, *keys, to):
    """The JSON of a file with another value, its checksum left alone."""
    content = json.loads(path.read_text())
    owner = content
    for key in keys[:-1]:
        owner = owner[key]
    owner[keys[-1]] = to
    path.write_text(json.dumps(content))


def without_checksum(path):
    """A file as older versions wrote it."""
    content = json.loads(path.read_text())
    del content["checksum"]
    content.pop("templates", None)
    path.write_text(json.dumps(content))


def test_another_voltage_in_the_description_is_noticed(experiment, finished):
    path = finished / DESCRIPTION
    for old in (False, True):  # with a checksum, and as older versions wrote it
        if old:
            without_checksum(path)
        changed(path, "experiment", "training", "voltage", to=0.035)
        (damage,) = find_damage(finished)
        assert damage.path == path
        uses = (open_run, lambda folder: run(experiment, workplace(folder.parent)))
        for use in uses:
            with pytest.raises(RunFolderError, match=r"description\.json: damaged"):
                use(finished)
        changed(path, "experiment", "training", "voltage", to=0.025)
        assert find_damage(finished) == []


def test_another_conductance_of_the_untrained_is_noticed(finished):
    path = finished / UNTRAINED
    changed(path, "conductance", 0, 0, 0, to=1.0)
    (damage,) = find_damage(finished)
    assert str(damage) == f"{path}: damaged (its checksum is wrong)"
    with pytest.raises(RunFolderError, match=r"untrained\.json: damaged"):
        open_run(finished)


def test_a_changed_campaign_is_noticed(experiment, tmp_path):
    folder = create(Campaign(experiment, {"start.seed": [3, 4]}), tmp_path)
    changed(folder.path / CAMPAIGN, "runs", 0, "pulses", to=4)
    with pytest.raises(RunFolderError, match=r"campaign\.json: damaged \(its checksum is wrong\)"):
        CampaignFolder(folder.path)


def test_a_changed_note_of_a_texture_is_noticed(experiment, finished):
    note = next((finished.parent / TEXTURES).glob("*.json"))
    changed(note, "start", "seed", to=77)
    assert {d.path for d in find_damage(finished)} == {note, note.with_suffix(".ovf")}


def test_folders_of_older_versions_open(experiment, finished):
    expected = open_run(finished).load()
    for path in (
        finished / DESCRIPTION,
        finished / UNTRAINED,
        *(finished.parent / TEXTURES).glob("*.json"),
    ):
        without_checksum(path)
    xr.testing.assert_identical(open_run(finished).load(), expected)
    assert find_damage(finished) == []
    assert run(experiment, workplace(finished.parent)) == finished
    # the first version hashed the defaults, too
    description = finished / DESCRIPTION
    first = canonical_hash(experiment.to_dict())
    changed(description, "hash", to=first)
    assert open_run(finished).attrs["hash"] == first
    assert find_damage(finished) == []


def test_a_lock_lost_during_the_sync_stops_the_commit(experiment, tmp_path, monkeypatch):
    """A process that sleeps in the sync for long finds another owner when it wakes up."""
    folder = run_folder(tmp_path, experiment)
    synced, seen = training.synced, []

    @contextmanager
    def slow(paths):
        with synced(paths):
            yield
        seen.append(paths)
        if len(seen) == 3:
            owner = json.loads((folder / LOCK).read_text())
            (folder / LOCK).write_text(json.dumps(owner | {"token": "another", "pid": 1}))

    monkeypatch.setattr(training, "synced", slow)
    with pytest.raises(RunFolderError, match="the lock was lost"):
        run(experiment, workplace(tmp_path))
    assert len((folder / "1" / JOURNAL).read_bytes().splitlines()) == 2


def test_a_journal_removed_during_a_run_stops_it(experiment, tmp_path):
    class Removing(Quiet):
        def pulse(self, pattern, record):
            (run_folder(tmp_path, experiment) / "1" / JOURNAL).unlink()

    place = Workplace(tmp_path, CpuEngine(1), Removing(), lambda: False)
    with pytest.raises(RunFolderError, match=r"journal\.jsonl: changed .*it was removed"):
        run(experiment, place)


def test_what_killed_processes_leave_is_removed(experiment, tmp_path, monkeypatch):
    folder = run_folder(tmp_path, experiment)
    (folder / "1" / "engine.out").mkdir(parents=True)
    old, new = folder / f"{LOCK}.{'a' * 32}.tmp", folder / f"{LOCK}.{'b' * 32}.tmp"
    clock = folder / ".clock.0123"
    inside = [
        folder / ".description.json.1.tmp",
        folder / ".m_000000.ovf.1.tmp",
        folder / "1" / ".m_000001.ovf.1.tmp",
        folder / "1" / "engine.out" / ".m_000001.ovf.1.tmp",
    ]
    for path in (old, new, clock, *inside):
        path.touch()
    for path in (old, clock):
        os.utime(path, (time.time() - 2 * STALE_AFTER,) * 2)
    run(experiment, workplace(tmp_path))
    left = {path for path in (old, new, clock, *inside) if path.exists()}
    assert left == {new}  # of a process that may be taking the lock just now


def test_folders_in_which_textures_were_made_are_removed(experiment, tmp_path):
    shared = tmp_path / TEXTURES
    run(experiment, workplace(tmp_path))
    keys = [path.stem for path in shared.glob("*.ovf")]
    shutil.rmtree(run_folder(tmp_path, experiment))
    note = shared / f"{keys[1]}.json"
    (shared / f"{keys[1]}.ovf").unlink()
    (shared / f".{note.name}.1.tmp").touch()
    for key in keys:
        (shared / f"{key}.work").mkdir()
    run(experiment, workplace(tmp_path))
    assert {path.suffix for path in shared.iterdir()} == {".ovf", ".json"}


def test_a_gathered_file_that_does_not_fit_is_an_error(finished, tmp_path, monkeypatch):
    target = tmp_path / "results.nc"
    target.write_text("what was there")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        export(open_run(finished), target)
    assert target.read_text() == "what was there"
    assert not list(tmp_path.glob(".results*"))


def test_a_netcdf_file_has_the_checksum_that_is_returned(tmp_path):
    data = xr.Dataset({"x": ("t", np.arange(5.0))})
    path = tmp_path / "x.nc"
    crc32 = netcdf.write_netcdf(data, path, {})
    assert crc32 == netcdf.write_netcdf(data, tmp_path / "y.nc", {})
    with xr.open_dataset(path, engine="h5netcdf") as again:
        xr.testing.assert_equal(again.load(), data)


def test_an_experiment_of_another_version_is_named(finished):
    path = finished / DESCRIPTION
    without_checksum(path)
    changed(path, "experiment", "training", "color", to="red")
    with pytest.raises(InputError, match="color"):
        open_run(finished)
    (damage,) = find_damage(finished)
    assert "color" in str(damage)
