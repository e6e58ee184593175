"""The index repeats the runs and is never trusted over them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from orchestrator.campaign import results as campaign_results
from orchestrator.campaign.archive import index as index_module
from orchestrator.campaign.archive.index import INDEX, times_of
from orchestrator.campaign.results import open_campaign
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.store import CampaignFolder, create
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.folder import FINISHED, JOURNAL
from orchestrator.run.workplace import Quiet, Workplace


@pytest.fixture(scope="module")
def original(tmp_path_factory, make_description):
    """Three seeds; the first is computed, the others are copies of its folder."""
    from orchestrator.describe.experiment import Experiment

    root = tmp_path_factory.mktemp("runs")
    base = Experiment.from_dict(make_description())
    campaign = Campaign(base, {"start.seed": [3, 4, 5]}, change={"output.snapshots": []})
    folder = create(campaign, root)
    workplace = Workplace(root, CpuEngine(1), Quiet(), lambda: False)
    run(campaign.points[0].experiment, workplace)
    for entry in folder.runs[1:]:
        shutil.copytree(folder.runs[0].folder, entry.folder)
    return folder


@pytest.fixture
def folder(original, tmp_path, monkeypatch):
    """The campaign with files that are old enough for their times to tell, not yet indexed."""
    monkeypatch.setattr(index_module, "_SETTLED", -(10**18))
    shutil.copytree(original.root, tmp_path / "runs")
    folder = CampaignFolder(tmp_path / "runs" / original.path.name)
    (folder.path / INDEX).unlink(missing_ok=True)
    return folder


@pytest.fixture
def read(monkeypatch):
    """Names of the run folders that are read."""
    names = []
    original = campaign_results.read_variables

    def spy(experiment, path):
        if path is not None:
            names.append(path.name)
        return original(experiment, path)

    monkeypatch.setattr(campaign_results, "read_variables", spy)
    return names


def all_values(folder):
    return open_campaign(folder.path).drop_vars(["folder"]).load()


def shorten(entry):
    """Take the last line off a run's journal."""
    journal = entry.folder / "1" / JOURNAL
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))


def test_what_is_indexed_is_not_read_again_and_the_same_bit_for_bit(folder, read):
    first = all_values(folder)
    assert len(read) == 3
    again = all_values(folder)
    assert len(read) == 3
    for name, values in first.variables.items():
        np.testing.assert_array_equal(again.variables[name], values, err_msg=name)


def test_a_changed_run_is_read_again(folder, read):
    before = all_values(folder)
    shorten(folder.runs[1])
    after = all_values(folder)
    assert read[3:] == [folder.runs[1].folder.name]
    relaxed = after.energy.sel(state="relaxed")
    assert relaxed.isel(seed=1).isnull().all()
    np.testing.assert_array_equal(after.power.isel(seed=0), before.power.isel(seed=0))


def test_a_change_that_keeps_size_and_time_of_the_file_is_seen(folder, read):
    all_values(folder)
    journal = folder.runs[1].folder / "1" / JOURNAL
    found = os.stat(journal)
    content = journal.read_bytes()
    journal.write_bytes(content[:-1] + b"x")
    os.utime(journal, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert os.stat(journal).st_size == found.st_size
    all_values(folder)
    assert read[3:] == [folder.runs[1].folder.name]


def test_times_alone_do_not_make_a_run_read_again(folder, read):
    all_values(folder)
    for entry in folder.runs:
        os.utime(entry.folder / "1" / JOURNAL)
    all_values(folder)
    assert len(read) == 3


def test_files_that_are_young_are_compared_by_content(folder, monkeypatch):
    monkeypatch.setattr(index_module, "_SETTLED", 10**18)
    assert times_of(folder.runs[0].folder) == ""
    all_values(folder)
    shorten(folder.runs[0])
    assert all_values(folder).energy.sel(state="relaxed").isel(seed=0).isnull().all()


def test_a_run_that_went_on_is_read_again(folder):
    (folder.runs[2].folder / FINISHED).unlink()
    shorten(folder.runs[2])
    assert all_values(folder).energy.sel(state="relaxed").isel(seed=2).isnull().all()
    shutil.rmtree(folder.runs[2].folder)
    shutil.copytree(folder.runs[0].folder, folder.runs[2].folder)
    assert all_values(folder).energy.sel(state="relaxed").isel(seed=2).notnull().all()


def garbage(path):
    path.write_bytes(b"garbage " * 1000)


def torn(path):
    path.write_bytes(path.read_bytes()[:5000])


def overwritten_pages(path):
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def of_another_campaign(path):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE about SET about = 'another'")
        connection.execute("UPDATE blocks SET data = zeroblob(length(data))")
    connection.close()


def of_another_program(path):
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()


def wrong_values(path):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE blocks SET data = zeroblob(length(data))")
    connection.close()


def values_of_another_run(path):
    with sqlite3.connect(path) as connection:
        names = [name for (name,) in connection.execute("SELECT run FROM runs ORDER BY run")]
        for new, old in [("x", names[0]), names[:2], (names[1], "x")]:
            connection.execute("UPDATE blocks SET run = ? WHERE run = ?", (new, old))
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        garbage, torn, overwritten_pages, of_another_campaign, of_another_program, wrong_values,
        values_of_another_run,
    ],
)  # fmt: skip
def test_a_damaged_index_is_made_anew(folder, read, damage):
    first = all_values(folder)
    damage(folder.path / INDEX)
    for _ in range(2):
        again = all_values(folder)
        for name, values in first.variables.items():
            np.testing.assert_array_equal(again.variables[name], values, err_msg=name)
    read.clear()
    all_values(folder)
    assert not read


def test_another_version_of_the_program_reads_the_runs(folder, read, monkeypatch):
    all_values(folder)
    monkeypatch.setattr(index_module, "_program", lambda: "newer")
    all_values(folder)
    assert len(read) == 6


def test_where_no_index_can_be_the_runs_are_read(folder):
    first = all_values(folder)
    (folder.path / INDEX).unlink()
    (folder.path / INDEX).mkdir()
    again = all_values(folder)
    np.testing.assert_array_equal(again.energy, first.energy)


def test_an_index_that_another_process_writes_to_is_left_alone(folder, monkeypatch):
    first = all_values(folder)
    monkeypatch.setattr(index_module, "_WAIT", 0.01)
    other = sqlite3.connect(folder.path / INDEX)
    other.execute("BEGIN EXCLUSIVE")
    np.testing.assert_array_equal(all_values(folder).energy, first.energy)
    other.rollback()
    assert other.execute("SELECT count(*) FROM runs").fetchone() == (3,)
    other.close()


def test_a_run_that_is_damaged_is_refused_as_without_index(folder):
    all_values(folder)
    journal = folder.runs[0].folder / "1" / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0], b"00000000 {}\n", *lines[2:]]))
    from orchestrator.base.errors import RunFolderError

    with pytest.raises(RunFolderError, match="line 2 is damaged"):
        all_values(folder)


def test_a_run_that_is_removed_after_opening_is_not_there(folder):
    energy = all_values(folder).energy
    data = open_campaign(folder.path)
    shutil.rmtree(folder.runs[1].folder)
    assert data.energy.isel(seed=1).isnull().all()
    np.testing.assert_array_equal(data.energy.isel(seed=[0, 2]), energy.isel(seed=[0, 2]))


def test_two_processes_make_one_index(folder):
    """Two read at the same time for the first time; both have the same values."""
    program = (
        "import sys; from orchestrator.campaign.results import open_campaign; "
        "print(open_campaign(sys.argv[1]).energy.to_numpy().tobytes().hex())"
    )
    command = [sys.executable, "-c", program, str(folder.path)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = {process.communicate()[0] for process in started}
    assert found == {all_values(folder).energy.to_numpy().tobytes().hex() + "\n"}
