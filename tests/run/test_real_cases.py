"""Whole runs on the embedded engine against the same runs with mumax3 on a GPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Workplace

CASES = Path(__file__).parents[1] / "real_cases"
TOLERANCES = {"conductance": 2e-7, "current": 2e-7, "energy": 1e-6}
"""Of the largest value; E' is a small difference of powers."""


@pytest.mark.parametrize("name", ["quick", "hole"])
def test_run_agrees_with_mumax3(name, tmp_path, silent):
    """G at every pulse to 2e-7 and m to 1e-5 after all pulses, from the same settling on."""
    experiment = Experiment.from_toml(CASES / f"{name}.toml")
    found = open_run(run(experiment, Workplace(tmp_path, CpuEngine(), silent, lambda: False)))
    with np.load(CASES / f"{name}.npz") as file:
        wanted = dict(file)
    for key, tolerance in TOLERANCES.items():
        values, expected = found[key].to_numpy(), wanted[key]
        assert values.shape == expected.shape
        scale = np.abs(expected).max()
        np.testing.assert_allclose(values, expected, rtol=0, atol=tolerance * scale, err_msg=key)
    last = found.magnetization.isel(snapshot=-1).to_numpy()
    np.testing.assert_allclose(last, wanted["m_last"], rtol=0, atol=1e-5)
