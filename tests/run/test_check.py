from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.cli.main import cli
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.check import find_damage, losses, take_back
from orchestrator.run.execute import is_finished, run
from orchestrator.run.folder import DESCRIPTION, DESCRIPTION_COPY, FINISHED, JOURNAL, UNTRAINED
from orchestrator.run.notes import write_note
from orchestrator.run.rendering import render_experiment
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Quiet, Workplace


def workplace(root):
    return Workplace(root, CpuEngine(threads=1), Quiet(), lambda: False)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A finished run, and its results."""
    from orchestrator.describe.experiment import Experiment

    experiment = Experiment.from_dict(
        {
            "name": "small",
            "film": {"cells": [20, 16, 1], "cell_size": [5e-9, 5e-9, 1e-6]},
            "material": {"Ms": 4.9e5, "Aex": 1e-11, "Dbulk": 2e-3, "alpha": 0.5, "P": 0.5},
            "resistivity": {"rho_par": 9e-7, "rho_perp": 1e-7},
            "contacts": [
                {"name": "left", "shape": "side", "side": "left"},
                {"name": "right", "shape": "side", "side": "right"},
            ],
            "start": {"settle_time": 2e-11},
            "training": {
                "patterns": ["+-", "-+"],
                "voltage": 0.025,
                "pulse_length": 1e-11,
                "pulses": 5,
                "relax_time": 1e-11,
            },
            "reference": {"starts": 1},
            "output": {"snapshots": [2, 5]},
        }
    )
    folder = run(experiment, workplace(tmp_path_factory.mktemp("runs")))
    return experiment, folder, open_run(folder).load()


@pytest.fixture
def copy(original, tmp_path):
    root = tmp_path / "runs"
    shutil.copytree(original[1].parent, root)
    return root / original[1].name


def flip(path, place=-100):
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(raw)


DAMAGES = {
    "state": ("1/state_000002.nc", 0),
    "last state": ("1/state_000005.nc", 5),
    "map": ("2/j_000004.ovf", 2),
    "start": ("1/m_000000.ovf", 0),
    "last": ("2/m_000005.ovf", 2),
    "relaxed": ("1/m_relaxed.ovf", 5),
    "journal": (f"1/{JOURNAL}", 2),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_named_and_computed_again_with_the_same_bits(original, copy, name):
    relative, pulses = DAMAGES[name]
    assert find_damage(copy) == []
    path = copy / relative
    place = path.read_bytes().index(b'"pulse":4') if name == "journal" else -100
    flip(path, place)
    (damage,) = find_damage(copy)
    assert damage.path == path
    said = take_back(copy)
    assert f"training {relative[0]} goes on after pulse {pulses}" in said
    assert find_damage(copy) == []
    assert not (copy / FINISHED).exists()
    run(original[0], workplace(copy.parent))
    assert find_damage(copy) == []
    again = open_run(copy).load()
    xr.testing.assert_equal(again.drop_vars("wall_time"), original[2].drop_vars("wall_time"))
    for k in (1, 2):
        name = f"{k}/m_relaxed.ovf"
        assert (copy / name).read_bytes() == (original[1] / name).read_bytes()


def test_missing_and_shared_files_are_noticed(copy):
    (copy / "1" / "state_000002.nc").unlink()
    flip(copy / UNTRAINED, 0)
    (texture,) = (copy.parent / "textures").glob("*.ovf")
    flip(texture)
    found = {str(damage) for damage in find_damage(copy)}
    assert found == {
        f"{copy / UNTRAINED}: damaged (Expecting value: line 1 column 1 (char 0))",
        f"{copy / '1' / 'state_000002.nc'}: missing",
        f"{texture}: checksum is wrong",
    }


@pytest.mark.parametrize("lost", ["untrained", "journal", "training"])
def test_a_finished_run_that_has_lost_results_is_not_taken_for_finished(original, copy, lost):
    assert is_finished(copy)
    if lost == "untrained":
        (copy / UNTRAINED).unlink()
    elif lost == "journal":
        journal = copy / "1" / JOURNAL
        journal.write_bytes(journal.read_bytes()[: journal.stat().st_size // 2])
    else:
        shutil.rmtree(copy / "1")
        (copy / "1").touch()
    assert not is_finished(copy)
    assert find_damage(copy)
    take_back(copy)
    run(original[0], workplace(copy.parent))
    assert find_damage(copy) == []
    assert is_finished(copy)
    again = open_run(copy).load()
    xr.testing.assert_equal(again.drop_vars("wall_time"), original[2].drop_vars("wall_time"))


@pytest.mark.parametrize("content", ["{}", "[]", "{"])
def test_damaged_description_is_named(original, copy, content):
    (copy / DESCRIPTION).write_text(content)
    (damage,) = find_damage(copy)
    assert str(damage).startswith(f"{copy / DESCRIPTION}: damaged (")
    for use in (lambda: open_run(copy), lambda: run(original[0], workplace(copy.parent))):
        with pytest.raises(RunFolderError, match=r"description\.json: damaged"):
            use()


@pytest.mark.parametrize("content", ["{}", "[]", "{"])
def test_a_description_is_restored_from_its_copy_and_nothing_is_lost(original, copy, content):
    whole = (copy / DESCRIPTION).read_bytes()
    for damaged, other in [(DESCRIPTION, DESCRIPTION_COPY), (DESCRIPTION_COPY, DESCRIPTION)]:
        (copy / damaged).write_text(content)
        (damage,) = find_damage(copy)
        assert damage.path == copy / damaged
        assert losses(copy, [damage]) == []
        said = take_back(copy)
        assert ("restored from its copy" in said) == (damaged == DESCRIPTION)
        assert (copy / FINISHED).exists()
        run(original[0], workplace(copy.parent))
        assert (copy / other).read_bytes() == (copy / damaged).read_bytes() == whole
        assert find_damage(copy) == []
    again = open_run(copy).load()
    xr.testing.assert_identical(again, original[2])


def test_a_description_and_a_field_are_mended_together(original, copy):
    flip(copy / DESCRIPTION)
    flip(copy / "1" / "state_000005.nc")
    damages = find_damage(copy)
    said = take_back(copy)
    assert "restored from its copy" in said
    assert "training 1 goes on after pulse 5" in said
    assert losses(copy, damages) == []
    run(original[0], workplace(copy.parent))
    again = open_run(copy).load()
    xr.testing.assert_equal(again.drop_vars("wall_time"), original[2].drop_vars("wall_time"))


def test_without_an_intact_copy_a_damaged_description_is_not_mended(copy):
    for name in (DESCRIPTION, DESCRIPTION_COPY):
        flip(copy / name)
    with pytest.raises(RunFolderError, match="no copy of it"):
        take_back(copy)


def test_a_copy_of_another_experiment_is_not_taken(copy):
    content = json.loads((copy / DESCRIPTION_COPY).read_text())
    content.pop("checksum")
    content["experiment"]["start"]["seed"] = 77
    write_note(copy / DESCRIPTION_COPY, content)
    (copy / DESCRIPTION).write_text("{")
    with pytest.raises(RunFolderError, match="no copy of it"):
        take_back(copy)


@pytest.mark.parametrize("content", ["{}", "[1]", "{"])
def test_damaged_notes_are_computed_again(original, copy, content):
    (note,) = (copy.parent / "textures").glob("*.json")
    for path in (note, copy / UNTRAINED):
        path.write_text(content)
    texture = note.with_suffix(".ovf")
    untrained, *rest = (str(damage) for damage in find_damage(copy))
    assert untrained.startswith(f"{copy / UNTRAINED}: damaged (")
    assert set(rest) == {
        f"{note}: checksum is not known",
        f"{texture}: checksum is not known",
    }
    with pytest.raises(RunFolderError, match=r"untrained\.json: damaged"):
        open_run(copy)
    bits = texture.read_bytes()
    take_back(copy)
    run(original[0], workplace(copy.parent))
    assert find_damage(copy) == []
    assert texture.read_bytes() == bits


def test_a_damaged_map_is_not_replayed(original, copy, tmp_path):
    flip(copy / "2" / "j_000004.ovf")
    with pytest.raises(RunFolderError, match=r"j_000004\.ovf: damaged .*check --repair"):
        render_experiment(original[0], copy.parent, tmp_path / "scripts")
    assert not (tmp_path / "scripts").exists()


def test_damaged_fields_are_not_read(copy):
    flip(copy / "1" / "state_000002.nc", -1000)
    data = open_run(copy)
    with pytest.raises(RunFolderError, match=r"state_000002\.nc: damaged"):
        data.magnetization.load()
    assert np.isfinite(data.conductance).all()


def test_going_on_from_a_damaged_texture_is_refused(original, copy):
    journal = copy / "1" / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-2]))
    (copy / FINISHED).unlink()
    flip(copy / "1" / "m_000005.ovf")
    with pytest.raises(RunFolderError, match=r"m_000005\.ovf: damaged .*check --repair"):
        run(original[0], workplace(copy.parent))


def test_a_damaged_texture_does_not_take_back_finished_runs(original, copy):
    root = copy.parent
    shutil.copytree(copy, root / "small-copy")
    (texture,) = (root / "textures").glob("*.ovf")
    bits = texture.read_bytes()
    flip(texture)
    checked = CliRunner().invoke(cli, ["campaign", "check", str(copy)])
    assert checked.output == f"{texture}: checksum is wrong\n"
    repaired = CliRunner().invoke(cli, ["campaign", "check", "--repair", str(copy)])
    assert f"{texture}: removed; what needs it computes it again" in repaired.output
    assert "taken back" not in repaired.output
    assert (copy / FINISHED).exists()
    assert (root / "small-copy" / FINISHED).exists()
    assert find_damage(copy) == []
    shutil.rmtree(copy)
    run(original[0], workplace(root))
    assert texture.read_bytes() == bits


def test_textures_are_checked_once_for_all_runs(original, copy, monkeypatch):
    from orchestrator.campaign.spec import Campaign
    from orchestrator.campaign.store import create
    from orchestrator.run import check

    sweep = {"training.voltage": [0.025 + 1e-4 * k for k in range(10)]}
    campaign = create(Campaign(original[0], sweep), copy.parent)
    for entry in campaign.runs[1:]:
        shutil.copytree(copy, entry.folder)
    checked = []
    original_check = check.texture_is_damaged

    def spy(texture):
        checked.append(texture)
        return original_check(texture)

    monkeypatch.setattr(check, "texture_is_damaged", spy)
    CliRunner().invoke(cli, ["campaign", "check", str(campaign.path)])
    assert len(checked) == 1


def test_on_the_command_line(copy):
    clean = CliRunner().invoke(cli, ["campaign", "check", str(copy)])
    assert (clean.exit_code, clean.output) == (0, "1 run folders: no damage\n")
    flip(copy / "1" / "state_000002.nc")
    damaged = CliRunner().invoke(cli, ["campaign", "check", str(copy)])
    assert damaged.exit_code == 1
    assert "state_000002.nc: checksum is wrong" in damaged.output
    before = (copy / "1" / JOURNAL).read_bytes()
    repair = ["campaign", "check", "--repair", str(copy)]
    asked = CliRunner().invoke(cli, repair)
    assert isinstance(asked.exception, InputError)
    assert "pulses 1 to 5 of training 1 are thrown away and computed again" in asked.output
    assert "--yes" in str(asked.exception)
    assert (copy / "1" / JOURNAL).read_bytes() == before
    repaired = CliRunner().invoke(cli, [*repair, "--yes"])
    assert repaired.exit_code == 0
    assert "training 1 goes on after pulse 0" in repaired.output
