"""The tables of a run: what they say, in units that fit."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console

from orchestrator.cli.report import print_report, report_as_dict
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Quiet, Workplace


def said(dataset, width=160):
    console = Console(file=io.StringIO(), width=width)
    print_report(dataset, console)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def crowded(make_description, tmp_path_factory):
    """A run with seven contacts of long names along the film's edges."""
    film = make_description()
    film["contacts"] = [
        {
            "name": f"contact number {k}",
            "shape": "side",
            "side": ("bottom", "top")[k % 2],
            "start": (k // 2) * 2e-8,
            "stop": (k // 2) * 2e-8 + 1e-8,
        }
        for k in range(7)
    ]
    film["training"] |= {"patterns": ["+--+-++"], "pulses": 1}
    film["output"] = {}
    root = tmp_path_factory.mktemp("crowded")
    place = Workplace(root, CpuEngine(1), Quiet(), lambda: False)
    return open_run(run(Experiment.from_dict(film), place)).load()


def test_names_are_whole_at_80_columns(crowded):
    text = said(crowded, 80)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in text
    for name in crowded.contact.to_numpy():
        assert sum(name in line for line in lines) >= 2, name  # a row of each table, and a column
    for word in ("saturated", "untrained", "asynchronous", "after/E0", "trained", "self-term"):
        assert word in text
    rows = [line for line in lines if line.startswith("+--+-++ -++-+--")]
    assert len(rows) == 2  # one for each reference
    assert all(row.rstrip().endswith("trained") for row in rows)


def test_values_for_programs_are_those_of_the_dataset(crowded):
    found = json.loads(json.dumps(report_as_dict(crowded)))
    assert found["contacts"] == crowded.contact.to_numpy().tolist()
    (training,) = found["trainings"]
    run = crowded.isel(training=0)
    assert training["training"] == "+--+-++"
    assert training["conductance_S"]["relaxed"] == (
        run.conductance_state.sel(state="relaxed").to_numpy().tolist()
    )
    energies = training["energy_W"]["untrained"]["relaxed"]
    assert len(energies) == 2**7
    one = run.energy.sel(reference="untrained", state="relaxed", input="+--+-++")
    assert energies["+--+-++"] == float(one)
    assert training["rank"]["untrained"] == int(run.trained_rank.sel(reference="untrained"))
    assert len(training["recall"]) == 8
    for recall in training["recall"]:
        assert sum(recall["attractors"].values()) + recall["never_settle"] == recall["starts"]


@pytest.fixture
def thin(description):
    """A film of 1 nm at 1 uV with three contacts, one of which has a name like markup."""
    description["film"]["cell_size"] = [5e-9, 5e-9, 1e-9]
    description["contacts"] = [
        {"name": "left", "shape": "side", "side": "left"},
        {"name": "[/x]", "shape": "side", "side": "right", "stop": 4e-8},
        {"name": "up", "shape": "side", "side": "right", "start": 4.5e-8},
    ]
    description["training"] |= {"patterns": ["+--"], "voltage": 1e-6, "pulses": 2}
    description["output"] = {}
    return Experiment.from_dict(description)


def test_a_thin_film_does_not_print_zeros(thin, tmp_path):
    data = open_run(run(thin, Workplace(tmp_path, CpuEngine(1), Quiet(), lambda: False))).load()
    text = said(data)
    g = 1e3 * float(data.conductance_state.sel(state="before", training="+--")[0, 0])
    assert "conductance matrix in mS, before -> after training {+--}" in text
    assert f"{g:+.3f} -> " in text
    energy = float(np.abs(data.energy.sel(state=["before", "relaxed"])).max())
    assert 1e-18 < energy < 1e-13
    assert "in fW and in units of E0" in text
    reference = data.energy.sel(state="before", reference="saturated", input="+--", training="+--")
    assert f"{1e15 * float(reference):+.3f}"[:5] in text
    assert "[/x]" in text
    before, after = (
        float(data.probe_conductance_state.sel(state=s)[0, 0]) for s in ("before", "relaxed")
    )
    (row,) = (line for line in text.splitlines() if "across" in line)
    assert f"{1e3 * before:+.3f}" in row
    assert f"{after / before - 1:+.2%}" in row
    assert before == float(data.probe_conductance[0, 0, 0])
