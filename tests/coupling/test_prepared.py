"""What an engine reports of a script, and the folder that keeps it."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.coupling.script import read_script
from orchestrator.ovf.files import read_ovf

from .conftest import prepared_there

EMPTY = "SetGridSize(8, 4, 1)\nSetCellSize(4e-9, 4e-9, 4e-9)\nAex = 1e-11\n"


def test_the_engine_reports_grid_geometry_regions_and_materials(script, cpu, tmp_path):
    prepared = prepared_there(script, cpu, tmp_path / "root")
    assert prepared.field("m").cell_size == (4e-9, 4e-9, 4e-9)
    inside = np.zeros((1, 12, 24), bool)
    inside[:, 1:11] = True
    np.testing.assert_array_equal(prepared.cells("geom") > 0, inside)
    right = np.zeros((1, 12, 24))
    right[..., 12:] = 1
    np.testing.assert_array_equal(prepared.cells("regions"), right)
    np.testing.assert_array_equal(prepared.cells("Msat"), np.where(right, 6e5, 8e5))
    m = np.where(inside[..., None], np.array([1, 0.1, 0]) / np.hypot(1, 0.1), 0)
    np.testing.assert_allclose(prepared.field("m").data, m, atol=1e-7)
    assert [(one.start, one.period) for one in prepared.timed] == [
        (0, 2e-12),
        (0, 8e-12),
        (0, 5e-12),
    ]
    assert [path.name for path in (prepared.folder / "out").iterdir()] == ["m000000.ovf"]


def test_a_script_is_prepared_once(script, cpu, tmp_path, monkeypatch):
    first = prepared_there(script, cpu, tmp_path)
    monkeypatch.setattr(type(cpu), "play", None)
    assert prepared_there(script, cpu, tmp_path).folder == first.folder


def test_relaxing_and_files_that_are_read_belong_to_the_preparation(write, cpu, tmp_path):
    (tmp_path / "film.mx3").write_text("Msat = 8e5\nAex = 1e-11\nalpha = 1\n")
    text = 'source("film.mx3")\nm = Uniform(1, 1, 0)\nB_ext = vector(0, 0.5, 0)\nrelax()\n'
    script = read_script(write(EMPTY + text))
    prepared = prepared_there(script, cpu, tmp_path / "root")
    assert prepared.field("m").data[..., 1].min() > 0.99
    assert [path.name[:5] for path in (prepared.folder / "inputs").iterdir()] == ["film_"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no magnetic cell: Msat is 0 in all cells"),
        ("Msat = 8e5\nSetGeom(XRange(1, 2))\n", "line 5.*geometry"),
        ("Msat = 8e5\nNothing()\n", r"script line 5: .*undefined: Nothing"),
        ('Msat = 8e5\nm.LoadFile("film.ovf")\n', "script line 5"),
    ],
)
def test_a_script_that_cannot_be_used_leaves_nothing(write, cpu, tmp_path, text, words):
    (tmp_path / "film.ovf").write_bytes(b"no texture")
    path = write(EMPTY + text)
    with pytest.raises(InputError, match=words) as refused:
        prepared_there(read_script(path), cpu, tmp_path / "root")
    assert str(path) in str(refused.value)
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("name", ["regions.ovf", "setup.mx3"])
def test_a_damaged_file_is_told(script, cpu, tmp_path, name):
    prepared = prepared_there(script, cpu, tmp_path)
    with open(prepared.folder / name, "ab") as file:
        file.write(b"\nAex = 1e-11\n")
    with pytest.raises(RunFolderError, match=rf"{name}: damaged"):
        prepared_there(script, cpu, tmp_path)


@pytest.mark.parametrize("form", ["OVF1_TEXT", "OVF2_TEXT", "OVF1_BINARY"])
def test_the_report_has_a_format_of_its_own(write, cpu, tmp_path, form):
    """OVF 1 holds vectors only; Msat is a scalar."""
    path = write(f"OutputFormat = {form}\n{EMPTY}Msat = 8e5\nm = Uniform(0, 1, 0)\nsave(m)\n")
    prepared = prepared_there(read_script(path), cpu, tmp_path / "root")
    assert (prepared.cells("Msat") == np.float32(8e5)).all()
    saved = read_ovf(prepared.folder / "out" / "m000000.ovf")
    np.testing.assert_array_equal(saved.data, prepared.field("m").data)
