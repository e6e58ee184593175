"""Signs that turn and gaps on a small film, and the protocols of the campaign."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrator.campaign.spec import Campaign
from orchestrator.describe.sections import Training
from orchestrator.learning.hopfield import signs
from orchestrator.learning.pulses import Done, next_pulse

CAMPAIGNS = Path(__file__).parents[2] / "data" / "campaigns"
PATTERN = "+--+"


def powers(film, m, **protocol) -> np.ndarray:
    """V^T G V before and after 2 ns of current, relative to the first."""
    plan = Training((PATTERN,), pulse_length=2.5e-10, pulses=8, voltage=0.0125, **protocol)
    g = film.trained(m, plan)[0]
    power = np.einsum("i,nij,j->n", signs(PATTERN), g, signs(PATTERN))
    return power / power[0]


def test_drift_that_turns_back_undoes_itself_and_gaps_let_it_relax(small_film, corners):
    film = small_film(contacts=corners)
    m = film.relaxed(film.random(3), 3e-9)
    constant = powers(film, m)
    alternating = powers(film, m, waveform="alternating", period=2)
    gaps = powers(film, m, gap=2.5e-10)
    change = abs(constant[-1] - 1)
    assert change > 0.02
    assert abs(alternating[-1] - 1) < 0.3 * change
    assert alternating[1] == constant[1]
    assert np.abs(np.diff(alternating)).min() > 0.05 * change
    assert 0 < (gaps[-1] - 1) / (constant[-1] - 1) < 0.7


@pytest.fixture(scope="module")
def experiments():
    """The first experiment of each protocol of the campaign."""
    points = Campaign.from_toml(CAMPAIGNS / "protocols.toml").points
    return {point.labels[0]: point.experiment for point in reversed(points)}


def first_values(plan: Training) -> list[float]:
    """What the first contact is held at during each pulse."""
    done = Done(0.0, 0.0, np.zeros(4), np.zeros(4))
    pulses = [next_pulse(plan, PATTERN, [done] * n, np.zeros((4, 4))) for n in range(plan.pulses)]
    return [pulse.values[0] for pulse in pulses]


def test_protocols_are_what_their_names_say(experiments):
    plain = experiments["constant"]
    for name in ("alternating 0.4 ns", "alternating 10 ns"):
        plan = experiments[name].training
        turns = np.flatnonzero(np.diff(np.sign(first_values(plan)))) + 1
        period = 2 * np.unique(np.diff(turns, prepend=0)) * plan.pulse_length
        assert period * 1e9 == pytest.approx(float(name.split()[1]))
    ramp = first_values(experiments["ramp"].training)
    np.testing.assert_allclose(np.diff(ramp), ramp[0])
    assert ramp[-1] == pytest.approx(plain.training.voltage)
    assert experiments["double voltage"].training.voltage == 2 * plain.training.voltage
    finer, film = experiments["finer maze"], plain.film
    assert finer.material.helix_pitch == plain.material.helix_pitch / 2
    assert finer.film.lengths == pytest.approx(film.lengths)
    for size in (24, 96):
        sizes = [1e9 * c.size for c in experiments[f"corners {size} nm"].contacts]
        assert sizes == pytest.approx([size] * 4)
    assert experiments["300 K"].conditions.temperature == 300
    currents = {
        name: e.training.pulses * e.training.pulse_length for name, e in experiments.items()
    }
    assert set(np.round(1e9 * np.array(list(currents.values())), 6)) == {30.0}
