"""The tables of a run: what they say, in units that fit."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from orchestrator.cli.report import print_report
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Quiet, Workplace


def said(dataset):
    console = Console(file=io.StringIO(), width=160)
    print_report(dataset, console)
    return console.file.getvalue()


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
