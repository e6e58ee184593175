"""The temperature of a film that its current warms: closed forms."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.conditions import Conditions
from orchestrator.describe.couplings import Heat
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.material import Material
from orchestrator.learning.heat import Bath

BATH = Bath(capacity=2e-15, sink=1e-6, temperature=300.0, resistances=(0.0, 0.0))
TAU = 2e-9


def test_the_film_approaches_its_final_temperature_exponentially():
    # P/G = 50 K
    times = np.linspace(0, 10e-9, 11)
    found = [BATH.after(300.0, 5e-5, t) for t in times]
    np.testing.assert_allclose(found, 300 + 50 * (1 - np.exp(-times / TAU)), rtol=1e-14)
    assert BATH.after(350.0, 0.0, TAU) == pytest.approx(300 + 50 / math.e, rel=1e-14)


def test_pieces_of_a_pulse_add_up():
    whole = BATH.after(310.0, 3e-5, 5e-9)
    piece = 310.0
    for _ in range(50):
        piece = BATH.after(piece, 3e-5, 1e-10)
    assert piece == pytest.approx(whole, rel=1e-13)


@pytest.mark.parametrize("duration", [1e-15, 1.9e-12, 2.1e-12, 1e-9, 1e-6])
def test_the_mean_keeps_the_energy(duration):
    """C (T - T(0)) = P t - G t (mean T - T0)."""
    begin, power = 320.0, 4e-5
    end, mean = BATH.after(begin, power, duration), BATH.mean(begin, power, duration)
    stored = BATH.capacity * (end - begin)
    let_out = BATH.sink * duration * (mean - BATH.temperature)
    assert stored + let_out == pytest.approx(power * duration, rel=1e-9, abs=1e-28)
    assert min(begin, end) <= mean <= max(begin, end)


def test_without_a_sink_all_heat_stays():
    closed = dataclasses.replace(BATH, sink=0.0)
    assert closed.after(300.0, 5e-5, 4e-9) == pytest.approx(400.0)
    assert closed.mean(300.0, 5e-5, 4e-9) == pytest.approx(350.0)


def test_pulse_and_gap():
    warming = BATH.pulse(300.0, 5e-5, TAU, TAU)
    top = 300 + 50 * (1 - 1 / math.e)
    assert warming.end == pytest.approx(300 + (top - 300) / math.e)
    assert warming.pulse == pytest.approx(300 + 50 / math.e)
    assert warming.gap == pytest.approx(300 + (top - 300) * (1 - 1 / math.e))


def test_heat_of_series_resistances_is_not_the_films():
    bath = dataclasses.replace(BATH, resistances=(2.0, 3.0))
    currents = np.array([0.1, -0.1])
    assert bath.power(np.array([0.5, -0.5]), currents) == pytest.approx(0.1 - 0.05)


def test_capacity_and_sink_of_a_film(description):
    description["conditions"] = {"temperature": 300.0}
    description["heat"] = {"capacity": 3e6, "sink": 1e8}
    description["regions"] = [
        {"name": "hole", "medium": "vacuum",
         "area": {"shape": "rectangle", "lower": [4e-8, 3e-8], "upper": [6e-8, 5e-8]}}
    ]  # fmt: skip
    bath = Bath.of(Experiment.from_dict(description))
    area = (20 * 16 - 4 * 4) * 25e-18
    assert bath.capacity == pytest.approx(3e6 * area * 1e-6)
    assert bath.sink == pytest.approx(1e8 * area)


def test_constants_follow_the_magnetization():
    heat = Heat(capacity=3e6, curie=600.0, exponent=0.5)
    material = Material(Ms=5e5, Aex=1e-11, alpha=0.1, Dbulk=2e-3, Ku1=1e5)
    # m = sqrt((1 - 525/600) / (1 - 300/600)) = 1/2
    found = heat.constants(material, 300.0, 525.0)
    wanted = {"Msat": 2.5e5, "Aex": 2.5e-12, "Dbulk": 5e-4, "Ku1": 1.25e4}
    assert found == pytest.approx(wanted)
    assert heat.constants(material, 300.0, 300.0)["Msat"] == 5e5
    with pytest.raises(InputError, match="reaches 600 K"):
        heat.constants(material, 300.0, 600.0)


@pytest.mark.parametrize(
    ("heat", "conditions", "words"),
    [
        ({"capacity": 3e6}, {}, "heat: needs conditions.temperature"),
        ({"capacity": 3.5}, {"temperature": 300.0}, "capacity = 3.5 J"),
        ({"capacity": 3e6, "curie": 250.0}, {"temperature": 300.0}, "curie: 250 K lies below"),
        (
            {"capacity": 3e6, "curie": 900.0},
            {"temperature": 300.0, "grain_size": 3e-8, "grain_spread": 0.1},
            "conditions.grain_size do not follow",
        ),
    ],
)
def test_impossible_heat_is_refused(description, heat, conditions, words):
    description |= {"heat": heat, "conditions": conditions}
    with pytest.raises(InputError, match=words):
        Experiment.from_dict(description)


def test_heat_left_out_leaves_the_hash(experiment):
    assert experiment.heat is None
    heated = dataclasses.replace(
        experiment, conditions=Conditions(temperature=300.0), heat=Heat(capacity=3e6)
    )
    assert heated.hash != experiment.hash
