"""Scripts in the dialects of mumax3, compared with golden ones, and checked by the engine."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from orchestrator.engines.cpu.main import main
from orchestrator.engines.mumax3.dialect import AMUMAX, DIALECTS, V3_10, V3_11, cache_folder
from orchestrator.engines.mumax3.features import Features, features
from orchestrator.engines.session import load_state
from orchestrator.mx3.script import Scripts

GOLDEN = Path(__file__).parents[2] / "mx3" / "golden"


def whole_script(experiment, dialect):
    scripts = Scripts(experiment.device)
    parts = [
        scripts.setup().split("\n", 1)[1],  # without the line with program version and hash
        load_state("m_000000.ovf", 0.0),
        scripts.pulse(1, [0.1, -0.1], "j_000001.ovf", 1e-10, "m_000001.ovf"),
        scripts.relax(1e-9, "m_relaxed.ovf", alpha=0.5),
    ]
    return dialect.header() + dialect.translate("".join(parts))


@pytest.mark.parametrize("name", DIALECTS)
def test_golden_scripts(experiment, name):
    golden = (GOLDEN / f"{name}.mx3").read_text()
    assert whole_script(experiment, DIALECTS[name]) == golden


@pytest.mark.parametrize("name", ["3.10", "3.11"])
def test_golden_scripts_are_valid(name, capsys):
    assert main(["-vet", str(GOLDEN / f"{name}.mx3")]) == 0


def test_the_setup_itself_is_the_same_in_all_dialects(experiment):
    """It is part of the key of settled textures, which stored runs go on with."""
    assert "For mumax3" not in Scripts(experiment.device).setup()


def test_translation_renames_functions_only():
    script = 'm.LoadFile("LoadFile.ovf")\nsaveas(m, "SaveAs")\nx := SaveAsWell(LoadFile ("a"))\n'
    assert AMUMAX.translate(script) == (
        'm.LoadOvfFile("LoadFile.ovf")\nSaveOvfAs(m, "SaveAs")\n'
        'x := SaveAsWell(LoadOvfFile ("a"))\n'
    )
    assert V3_10.translate(script) == script


@pytest.mark.parametrize(
    ("dialect", "pbc", "warns"),
    [(V3_10, 0, True), (AMUMAX, 0, True), (V3_11, 0, False), (V3_10, 1, False)],
)
def test_missing_dmi_at_film_faces_is_told(experiment, dialect, pbc, warns):
    film = dataclasses.replace(experiment.film, pbc=(0, 0, pbc))
    setup = Scripts(dataclasses.replace(experiment.device, film=film)).setup()
    assert bool(dialect.warnings(setup)) is warns


def test_flags_are_explicit():
    assert V3_11.arguments("a.mx3", "a.out", "", 1) == [
        "-http", "", "-o", "a.out", "-f", "-cache", "", "-gpu", "1", "a.mx3",
    ]  # fmt: skip
    live = V3_10.live_arguments("a.mx3", "a.out", "/k", 0, 4000)
    assert live[live.index("-http") + 1] == "127.0.0.1:4000"
    assert live[0] == "-i" and live[-1] == "a.mx3"
    assert "--webui-disable" in AMUMAX.arguments("a.mx3", "a.out", "", 0)


def test_features_of_a_setup(experiment, tmp_path):
    setup = Scripts(experiment.device).setup()
    assert features(setup) == Features((20, 16, 1), (0, 0, 1), demag=False, bulk_dmi=True)
    text = (
        "// SetGridSize(1, 1, 1)\nsetgridsize( 4,5 ,6 )\nDbulk = 0.0\nOpenBC = true\nSetSolver(3)"
    )
    assert features(text) == Features((4, 5, 6), open_bc=True, solver=3)
    assert features("SetGridSize(N, N, 1)").cells is None
    assert cache_folder(setup, tmp_path) == ""
    assert cache_folder("EnableDemag = true", tmp_path) == str(tmp_path / "kernels")
