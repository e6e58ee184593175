"""Whole scripts on every engine: known answers, files beside the script, and refusals."""

from __future__ import annotations

import math
import shlex

import numpy as np
import pytest

import orchestrator
from orchestrator.base.errors import EngineError, InputError
from orchestrator.ovf.files import write_ovf

GAMMA, ALPHA = 1.7595e11, 0.1
SPIN = """
SetGridSize(2, 2, 1)
SetCellSize(5e-9, 5e-9, 5e-9)
EnableDemag = false
Msat = 8e5
alpha = 0.1
m.LoadFile("start.ovf")
B_ext = Vector(0, 0, 1)
TableAdd(B_ext)
TableAutoSave(1e-11)
AutoSave(m, 5e-11)
Run(1e-10)
SaveAs(B_ext, "B")
"""


def settings(engine, tmp_path, stand_in):
    if engine == "cpu":
        return {"engine": "cpu", "threads": 1}
    binary = tmp_path / "mumax3"
    binary.write_text(f'#!/bin/sh\nexec {shlex.join(stand_in)} "$@"\n')
    binary.chmod(0o755)
    return {"engine": engine, "binary": str(binary)}


@pytest.mark.parametrize("engine", ["cpu", "mumax3"])
def test_a_script_leaves_a_folder_a_table_and_fields(engine, tmp_path, stand_in):
    options = settings(engine, tmp_path, stand_in)
    home = tmp_path / "home"
    home.mkdir()
    (home / "spin.mx3").write_text(SPIN)
    m = np.zeros((1, 2, 2, 3))
    m[..., 0] = 1
    write_ovf(home / "start.ovf", m, (5e-9, 5e-9, 5e-9))
    out = orchestrator.mx3(home / "spin.mx3", **options)
    assert (out.folder, out.engine) == (home / "spin.out", engine)
    table = out.table
    assert table.t.size == 11
    np.testing.assert_allclose(table.t[[0, -1]], [0, 1e-10])
    # a spin that falls into the field: m_z = tanh(alpha gamma B t / (1 + alpha^2))
    rate = ALPHA * GAMMA / (1 + ALPHA**2)
    np.testing.assert_allclose(table.mz, np.tanh(rate * table.t), atol=1e-3)
    assert table.B_extz.attrs["units"] == "T"
    fields = out.open("m")
    assert fields.m.sizes == {"t": 3, "z": 1, "y": 2, "x": 2, "component": 3}
    mz = fields.m.sel(component="z").isel(z=0, y=0, x=0)
    np.testing.assert_allclose(mz, np.tanh(rate * fields.t), atol=1e-3)
    left = {path.name for path in home.iterdir()}
    assert left == {"spin.mx3", "spin.out", "start.ovf"}
    with pytest.raises(InputError, match=r"spin\.out: is there already"):
        orchestrator.mx3(home / "spin.mx3", **options)
    with pytest.raises(InputError, match="no saved B_demag"):
        out.open("B_demag")
    if engine == "cpu":  # another process of mumax3 would cost seconds
        again = orchestrator.mx3(
            home / "spin.mx3", folder=home / "spin.out", overwrite=True, **options
        )
        np.testing.assert_array_equal(again.table.mz, table.mz)


@pytest.mark.parametrize("engine", ["cpu", "mumax3"])
def test_what_an_engine_refuses_is_named_with_its_line(engine, tmp_path, stand_in):
    script = tmp_path / "wrong.mx3"
    script.write_text("SetGridSize(2, 2, 1)\nSetCellSize(5e-9, 5e-9, 5e-9)\nMsta = 8e5\n")
    with pytest.raises(EngineError, match=r"wrong\.mx3: .*Msta") as caught:
        orchestrator.mx3(script, **settings(engine, tmp_path, stand_in))
    assert ("line 3" if engine == "cpu" else f"{script}:3") in str(caught.value)


def test_bad_arguments_write_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for script, folder, message in (
        ("missing.mx3", None, r"missing\.mx3: cannot be read"),
        (SPIN, None, "given as text needs an output folder"),
        (SPIN, "no/folder.out", "there is no folder no"),
        (3, None, "script: must be the path"),
    ):
        with pytest.raises(InputError, match=message):
            orchestrator.mx3(script, "cpu", folder)
    with pytest.raises(InputError, match="engine: 'gpu' is none of"):
        orchestrator.mx3("Msat = 1\n", "gpu", "x.out")
    assert list(tmp_path.iterdir()) == []


def test_only_the_output_of_a_script_is_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    (tmp_path / "spin.mx3").write_text(SPIN)
    for folder, message in (
        ("mine", "mine: holds other files"),
        (".", "holds the script"),
        ("..", "holds the script"),
        ("spin.mx3", "is no folder"),
    ):
        with pytest.raises(InputError, match=message):
            orchestrator.mx3("spin.mx3", "cpu", folder, overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"
    assert (tmp_path / "spin.mx3").read_text() == SPIN


def test_a_room_of_the_same_name_does_not_hide_the_function():
    import orchestrator.mx3.script
    import orchestrator.transport.network

    assert callable(orchestrator.mx3)
    assert callable(orchestrator.transport)
    assert callable(orchestrator.run)
    assert math.isfinite(GAMMA)
