"""Protocols beyond the constant train, run, stopped, resumed and read back."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Interrupted, Workplace


@pytest.fixture
def carry_out(silent):
    def in_folder(description, root, every_pulse=False):
        experiment = Experiment.from_dict(description)
        while True:
            asked = []

            def stop(asked=asked):
                asked.append(True)
                return every_pulse and len(asked) > 1

            try:
                return open_run(run(experiment, Workplace(root, CpuEngine(1), silent, stop)))
            except Interrupted:
                continue

    return in_folder


def with_training(description, **changes):
    training = {k: v for k, v in (description["training"] | changes).items() if v is not None}
    return description | {"training": training, "output": {}}


PROTOCOLS = {
    "gap": {"gap": 2e-11, "waveform": "alternating"},
    "triangle": {"waveform": "triangle", "period": 4, "pulses": 4},
    "turns": {"patterns": ["+-/-+"], "pulses": 4},
    "current": {"drive": "current", "current": 0.1},
    "adaptive": {"max_change": 0.1, "duration": 4e-11, "pulses": 100},
    "adaptive current": {"max_current_change": 1e-3, "duration": 4e-11, "pulses": 100},
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_resumed_at_every_pulse_gives_the_same(description, tmp_path, name, carry_out):
    changed = with_training(description, **PROTOCOLS[name])
    whole = carry_out(changed, tmp_path / "whole")
    pieces = carry_out(changed, tmp_path / "pieces", every_pulse=True)
    for variable in ("conductance", "voltage", "current", "time", "energy", "duration"):
        np.testing.assert_array_equal(whole[variable], pieces[variable])
    assert whole.trained_rank.notnull().all()


def test_gaps_pass_in_time_and_turn_signs_of_the_voltage(description, tmp_path, carry_out):
    data = carry_out(with_training(description, **PROTOCOLS["gap"]), tmp_path)
    np.testing.assert_allclose(data.time_end[0], [3e-11, 6e-11, 9e-11], rtol=1e-3)
    np.testing.assert_array_equal(np.sign(data.voltage[0, :, 0]), [1, -1, 1])


def test_fixed_currents_are_what_flows(description, tmp_path, carry_out):
    data = carry_out(with_training(description, **PROTOCOLS["current"]), tmp_path)
    np.testing.assert_allclose(data.current[0, :, 0], 0.1, rtol=1e-10)
    np.testing.assert_allclose(data.voltage.sum("contact"), 0, atol=1e-15)
    # E' = -I^T (R - R0) I with I = (I0, -I0) is minus the change of I^2 / |G|
    g = np.abs(data.conductance_state.sel(state="relaxed")[0, 0, 0])
    g0 = np.abs(data.conductance_reference.sel(reference="saturated")[0, 0])
    expected = -(0.1**2) * (1 / g - 1 / g0)
    energy = data.energy.sel(state="relaxed", reference="saturated", input="+-")[0]
    assert float(energy) == pytest.approx(float(expected))


def test_adaptive_pulses_keep_the_change_small(description, tmp_path, carry_out):
    data = carry_out(with_training(description, **PROTOCOLS["adaptive"]), tmp_path)
    assert float(data.time_end[0].dropna("pulse")[-1]) == pytest.approx(4e-11, abs=5e-13)
    change = data.max_dm[0].dropna("pulse")[4:]
    assert float(change.median()) == pytest.approx(0.09, rel=0.25)
    assert float(change.quantile(0.9)) < 0.2


def test_a_film_without_magnetoresistance_learns_nothing(description, tmp_path, carry_out):
    description["contacts"].append({"name": "c", "shape": "corner", "corner": "top right"})
    description["contacts"][-1]["size"] = 1e-8
    description["contacts"][1] |= {"stop": 3e-8}
    description["resistivity"]["amr_ratio"] = 0.0
    description["probes"] = []
    data = carry_out(with_training(description, patterns=["++-"]), tmp_path)
    assert np.abs(data.energy / data.reference_power.max()).max() < 1e-12
    assert data.trained_rank.isnull().all()
