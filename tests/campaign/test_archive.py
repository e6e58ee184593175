"""What leaves a campaign: pruned maps and states, and deposits of its data."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.campaign.archive.prune import kept_by
from orchestrator.campaign.execute import carry_out, tasks_of, to_do
from orchestrator.campaign.results import open_campaign
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.store import CampaignFolder, create
from orchestrator.cli.main import cli
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.table import EngineOptions
from orchestrator.run.check import damage_of_run
from orchestrator.run.folder import FINISHED, JOURNAL
from orchestrator.run.pruned import PRUNED, maps_of, prune, states_of
from orchestrator.run.results import open_run


@pytest.fixture(scope="module")
def computed(tmp_path_factory, make_description):
    """Two of three seeds are finished; three pulses with maps, states 0, 2 and 3."""
    root = tmp_path_factory.mktemp("archive") / "runs"
    base = Experiment.from_dict(make_description())
    folder = create(Campaign(base, {"start.seed": [3, 4, 5]}), root)
    with ThreadPoolExecutor(1) as executor:
        runs = to_do(folder, retry_failed=False)[:2]
        carry_out(folder, runs, tasks_of(folder, EngineOptions("cpu", 1)), executor)
    return folder


@pytest.fixture
def folder(computed, tmp_path):
    subprocess.run(["cp", "-r", str(computed.root), str(tmp_path)], check=True)
    return CampaignFolder(tmp_path / "runs" / computed.path.name)


def call(*words, text=None):
    return CliRunner().invoke(cli, ["campaign", *map(str, words)], input=text)


def files(folder):
    return sorted(p.name for p in (folder.runs[0].folder / "1").iterdir())


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("none", set()),
        ("first", {0}),
        ("first,last", {0, 75}),
        ("every:50", {0, 50}),
        ("last, 20,999", {20, 75}),
    ],
)
def test_rules_of_states(rule, kept):
    assert kept_by(rule, [0, 10, 20, 50, 75]) == kept


@pytest.mark.parametrize(
    "rule", ["", "all", "every:0", "every:x", "-1", "none,first", "first;last"]
)
def test_rules_that_are_none_are_refused(rule):
    with pytest.raises(InputError, match="keep-states"):
        kept_by(rule, [0, 10])


def test_nothing_is_removed_before_a_yes(folder):
    before = files(folder)
    said = call("prune", folder.path, "--maps", "--keep-states", "last", text="n\n")
    assert "1 of 3 runs are not finished and stay as they are" in said.output
    assert "2 runs: 6 maps and 4 kept states" in said.output
    assert "nothing is removed" in said.output
    assert files(folder) == before


def test_a_pruned_run_is_whole_and_opens(folder):
    run = folder.runs[0].folder
    before = open_run(run).load()
    campaign_before = open_campaign(folder.path).energy.load()
    assert call("prune", folder.path, "--maps", "--keep-states", "last", "--yes").exit_code == 0
    assert files(folder) == [
        JOURNAL, "m_000000.ovf", "m_000003.ovf", "m_relaxed.ovf", "state_000003.nc",
    ]  # fmt: skip
    assert damage_of_run(run) == []
    after = open_run(run).load()
    for name in before.data_vars:
        if name not in ("magnetization", "current_density"):
            np.testing.assert_array_equal(after[name], before[name], err_msg=name)
    kept = {"snapshot": [2]}
    np.testing.assert_array_equal(after.magnetization[:, 2], before.magnetization[:, 2])
    assert after.magnetization.isel(snapshot=[0, 1]).isnull().all()
    assert after.current_density.isel(kept).notnull().all()
    np.testing.assert_array_equal(open_campaign(folder.path).energy, campaign_before)
    again = call("prune", folder.path, "--maps", "--keep-states", "last", "--yes")
    assert "nothing to remove" in again.output


def test_a_pruned_campaign_goes_on(folder):
    call("prune", folder.path, "--maps", "--keep-states", "none", "--yes")
    (left,) = to_do(folder, retry_failed=False)
    with ThreadPoolExecutor(1) as executor:
        carry_out(folder, [left], tasks_of(folder, EngineOptions("cpu", 1)), executor)
    assert to_do(folder, retry_failed=True) == []
    checked = call("check", folder.path)
    assert (checked.exit_code, checked.output) == (0, "3 run folders: no damage\n")


def test_what_is_missing_otherwise_is_damage_still(folder):
    call("prune", folder.path, "--maps", "--yes")
    (folder.runs[0].folder / "1" / "state_000002.nc").unlink()
    (damage,) = damage_of_run(folder.runs[0].folder)
    assert (damage.path.name, damage.reason) == ("state_000002.nc", "missing")
    note = folder.runs[1].folder / PRUNED
    note.write_text(note.read_text().replace("j_000001", "j_000009"))
    assert damage_of_run(note.parent)[0].path.name == PRUNED


def test_only_maps_and_states_of_finished_runs_are_removed(folder):
    run = folder.runs[0].folder
    with pytest.raises(InputError, match=r"m_relaxed.ovf: is no map or kept state"):
        prune(run, [run / "1" / "m_relaxed.ovf"])
    (run / FINISHED).unlink()
    with pytest.raises(InputError, match="is not finished"):
        prune(run, maps_of(run))
    assert len(maps_of(run)) == 3
    assert sorted(states_of(run).values()) == [0, 2, 3]
    said = call("prune", folder.path, "--maps", "--yes")
    assert "2 of 3 runs are not finished" in said.output


def test_other_campaigns_with_the_same_runs_are_named(folder, make_description):
    base = Experiment.from_dict(make_description())
    other = create(Campaign(base, {"start.seed": [4, 9]}), folder.root)
    said = call("prune", folder.path, "--maps", text="n\n")
    assert f"1 of these runs also belong to {other.path.name}" in said.output


def test_without_a_word_what_to_remove_it_is_refused(folder):
    said = call("prune", folder.path, "--yes")
    assert isinstance(said.exception, InputError)


def test_one_run_folder_is_pruned_by_itself(folder):
    assert call("prune", folder.runs[0].folder, "--maps", "--yes").exit_code == 0
    assert maps_of(folder.runs[0].folder) == []
    assert len(maps_of(folder.runs[1].folder)) == 3


def test_a_crate_is_whole_and_opens_elsewhere(folder, tmp_path):
    rocrate = pytest.importorskip("rocrate.rocrate")
    (tmp_path / "figures.py").write_text("print('figures')\n")
    target = tmp_path / "deposit"
    said = call(
        "export", folder.path, target, "--crate", "--license", "CC-BY-4.0", "--title", "A film",
        "--author", "Ada Lovelace, 0000-0002-1825-0097", "--author", "A. N. Other",
        "--add", tmp_path / "figures.py",
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    assert "2 of 3 runs" in said.output
    assert "not finished and left out" in said.output
    subprocess.run(["sha256sum", "--check", "--quiet", "checksums.sha256"], cwd=target, check=True)
    named = {line.split("  ")[1] for line in (target / "checksums.sha256").read_text().splitlines()}
    there = {str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()}
    assert there == named | {"checksums.sha256"}
    mine, theirs = open_campaign(target / folder.path.name), open_campaign(folder.path)
    assert mine.status.values.tolist() == ["finished", "finished", "missing"]
    np.testing.assert_array_equal(mine.energy, theirs.energy)
    np.testing.assert_array_equal(mine.magnetization, theirs.magnetization)
    with xr.open_dataset(target / "results.nc", engine="h5netcdf") as results:
        np.testing.assert_array_equal(results.energy, theirs.energy)
    checked = call("check", target / folder.path.name)
    assert checked.output == "2 run folders: no damage; 1 are not begun\n"
    assert "SetGridSize(20, 16, 1)" in next((target / "scripts").iterdir()).read_text()
    versions = json.loads((target / "versions.json").read_text())
    assert versions["computed_with"][0]["engine"]["name"] == "cpu"
    assert versions["computed_with"][0]["runs"] == 2
    crate = rocrate.ROCrate(target)
    assert crate.name == "A film"
    assert crate.license["name"] == "CC-BY-4.0"
    assert [person["name"] for person in crate.creator] == ["Ada Lovelace", "A. N. Other"]
    assert crate.creator[0].id == "https://orcid.org/0000-0002-1825-0097"
    listed = {entity.id.rstrip("/") for entity in crate.data_entities}
    for part in ("results.nc", "README.md", "added", "scripts", folder.runs[0].folder.name):
        assert part in listed
    assert crate.get("results.nc")["sha256"] in (target / "checksums.sha256").read_text()
    assert crate.get("#campaign")["instrument"]["name"] == "mumax3-orchestrator"


def test_a_plain_deposit_without_states(folder, tmp_path):
    target = tmp_path / "deposit"
    assert call("export", folder.path, target, "--no-states").exit_code == 0
    assert not list(target.rglob("state_*.nc")) + list(target.rglob("j_*.ovf"))
    assert not (target / "ro-crate-metadata.json").exists()
    assert damage_of_run(target / folder.runs[0].folder.name) == []
    assert open_campaign(target / folder.path.name).magnetization.isnull().all()
    assert files(folder).count("state_000002.nc") == 1


def test_a_deposit_takes_nothing_damaged_and_replaces_nothing(folder, tmp_path):
    target = tmp_path / "deposit"
    journal = folder.runs[0].folder / "1" / "m_relaxed.ovf"
    journal.write_bytes(journal.read_bytes()[:-8])
    said = call("export", folder.path, target)
    assert isinstance(said.exception, RunFolderError)
    assert [p.name for p in tmp_path.iterdir()] == ["runs"]
    target.mkdir()
    assert "is there already" in str(call("export", folder.path, target).exception)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--crate"], "needs the --license"),
        (["--crate", "--license", "you may use it"], "neither an SPDX identifier"),
        (["--add", "nowhere.py"], "no such file to add"),
        (["--add", "/"], "a folder that does not"),
    ],
)
def test_a_deposit_that_cannot_be_described_is_refused(folder, tmp_path, words, message):
    if "--crate" in words:
        pytest.importorskip("rocrate.rocrate")
    said = call("export", folder.path, tmp_path / "deposit", *words)
    assert isinstance(said.exception, InputError)
    assert message in str(said.exception)
    assert not Path(tmp_path / "deposit").exists()
