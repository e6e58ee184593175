"""The study of the limits of rules, on conductances that follow a known rule."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import xarray as xr

from orchestrator.analysis.rule_limits import power_law
from orchestrator.describe.experiment import Experiment
from orchestrator.learning.hopfield import signs

ROOT = Path(__file__).parents[2]
STEP, PULSES = 2e-10, 10
PATTERNS = ("+++-", "++-+", "++--", "+-++", "+-+-", "+--+", "+---")


@pytest.fixture
def study(load_study) -> ModuleType:
    return load_study("learning_rule.rule_limits")


def run(voltage: float, seed: int, patterns: tuple[str, ...], power: float = 2.0) -> xr.Dataset:
    """A run whose weights grow by 1e9 V^(power - 2) V_i V_j in S/s, more or less in each pulse."""
    experiment = Experiment.from_toml(ROOT / "data" / "experiments" / "hopfield4.toml")
    experiment = dataclasses.replace(
        experiment,
        film=dataclasses.replace(experiment.film, cells=(20, 20, 1), cell_size=(2e-8, 2e-8, 1e-6)),
        training=dataclasses.replace(experiment.training, voltage=voltage),
        start=dataclasses.replace(experiment.start, seed=seed),
    )
    draw = np.random.default_rng(seed)
    v = voltage * np.array([signs(p) for p in patterns], float)
    rate = 1e9 * voltage ** (power - 2) * np.einsum("mi,mj->mij", v, v)
    change = STEP * rate[:, None] * (1 + 0.1 * draw.normal(size=(1, PULSES, 1, 1)))
    g = np.cumsum(change, axis=1) - change
    shape = (len(patterns), PULSES)
    dims = ("training", "pulse")
    times = np.broadcast_to(STEP * np.arange(1, PULSES + 1), shape)
    held = np.broadcast_to(v[:, None], (*shape, 4))
    return xr.Dataset(
        {
            "conductance": ((*dims, "contact", "contact_in"), g),
            "conductance_change": ((*dims, "contact", "contact_in"), change),
            "voltage": ((*dims, "contact"), held),
            "time_end": (dims, times),
            "duration": (dims, np.full(shape, STEP)),
            "conductance_reference": (
                ("reference", "contact", "contact_in"),
                np.zeros((2, 4, 4)),
            ),
        },
        coords={"training": list(patterns), "reference": ["saturated", "untrained"]},
        attrs={"description": json.dumps(experiment.to_dict())},
    )


def test_strength_goes_with_the_rules_power_of_the_voltage(study):
    runs = [run(v, seed, ("+--+",), 1.5) for v in (0.0125, 0.025, 0.05) for seed in (1, 2)]
    amplitudes, found = study.strengths(runs, PULSES)
    assert amplitudes.tolist() == [0.0125, 0.025, 0.05]
    assert found["Hebb"].shape == (2, 3)
    power, _ = power_law(amplitudes, found["Hebb"])
    assert power == pytest.approx(1.5, abs=1e-6)
    # One rule makes all changes here, so its strength is their size.
    np.testing.assert_allclose(found["Hebb"], found["all changes"], rtol=1e-6)


def test_starts_with_missing_voltages_are_left_out(study):
    runs = [run(v, 1, ("+--+",)) for v in (0.025, 0.05)] + [run(0.05, 2, ("+--+",))]
    _, found = study.strengths(runs, PULSES)
    assert found["stripes"].shape == (1, 2)


def test_leading_eigenvector_of_hebbian_weights_is_the_pattern(study):
    overlaps = study.all_overlaps([run(0.05, s, PATTERNS) for s in (1, 2)], by_kind=True)
    assert set(overlaps) == {"one odd contact", "two and two", "alternating"}
    for curves in overlaps.values():
        assert len(curves) == 2
        np.testing.assert_allclose([c[1:] for c in curves], 1, atol=1e-6)
