from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from orchestrator.describe.sections import Training
from orchestrator.learning.pulses import Done, Pulse, contact_voltages, next_pulse

V = 0.05 * np.array([1.0, -1.0, -1.0, 1.0])
G = 4 * np.eye(4) - np.ones((4, 4))


def train_of(plan, entry="+--+", rate=1e9, growth=0.0):
    """All pulses where m changes by `rate` and G by `growth` times its first value per second."""
    done, pulses, g = [], [], G
    while (pulse := next_pulse(plan, entry, done, g)) is not None:
        pulses.append(pulse)
        before = done[-1].time if done else 0.0
        time = before + pulse.duration
        done.append(Done(time, rate * pulse.duration, V, g @ V))
        g = G * (1 + growth * time)
    return pulses


@pytest.fixture
def plan():
    return Training(patterns=("+--+",), voltage=0.05, pulse_length=1e-10, pulses=8)


def amplitudes(pulses):
    return [pulse.values[0] for pulse in pulses]


def test_constant_train_repeats_the_pattern(plan):
    pulses = train_of(plan)
    assert pulses == [Pulse((0.05, -0.05, -0.05, 0.05), 1e-10)] * 8


def test_waveforms(plan):
    def of(**changes):
        return amplitudes(train_of(dataclasses.replace(plan, **changes)))

    v = 0.05
    assert of(waveform="alternating", period=4) == [v, v, -v, -v, v, v, -v, -v]
    assert of(waveform="ramp") == pytest.approx([v * k / 8 for k in range(1, 9)])
    triangle = [0, v / 2, v, v / 2, 0, -v / 2, -v, -v / 2]
    assert of(waveform="triangle", period=8) == pytest.approx(triangle)


def test_patterns_take_turns_and_are_held(plan):
    plan = dataclasses.replace(plan, patterns=("+--+/++-+",), hold=2)
    second = [pulse.values[1] > 0 for pulse in train_of(plan, "+--+/++-+")]
    assert second == [False, False, True, True] * 2


def test_gaps_lengthen_the_train(plan):
    plan = dataclasses.replace(plan, gap=3e-10)
    assert {pulse.gap for pulse in train_of(plan)} == {3e-10}
    assert plan.total_time == pytest.approx(8 * 4e-10)


def test_fixed_currents_add_up_to_zero_and_give_their_voltages(plan):
    plan = dataclasses.replace(plan, patterns=("+++-",), drive="current", current=1e-3)
    pulse = train_of(plan, "+++-")[0]
    assert sum(pulse.values) == pytest.approx(0, abs=1e-18)
    assert np.ptp(pulse.values) == pytest.approx(2e-3)
    g = np.diag([3.0, 3, 3, 3]) - (1 - np.eye(4))
    assert g @ contact_voltages(pulse, g) == pytest.approx(pulse.values)


def test_adaptive_lengths_fill_the_duration_and_follow_the_change(plan):
    plan = dataclasses.replace(plan, max_change=0.1, duration=1e-9, pulses=1000)
    for rate, ratio in ((5e8, 1.8), (1.2e9, 0.75), (2e10, 0.5), (0.0, 2.0)):
        pulses = train_of(plan, rate=rate)
        lengths = [pulse.duration for pulse in pulses]
        assert sum(lengths) == pytest.approx(1e-9)
        assert lengths[:2] == pytest.approx([1e-10, ratio * 1e-10])
        assert all(rate * length <= 0.1 for length in lengths[6:])


def test_lengths_that_follow_the_currents_grow_as_learning_slows(plan):
    plan = dataclasses.replace(plan, max_current_change=0.1, duration=1e-8, pulses=1000)
    growth = 2e9
    lengths = np.array([pulse.duration for pulse in train_of(plan, growth=growth)])
    assert lengths.sum() == pytest.approx(1e-8)
    begun = np.cumsum(lengths) - lengths
    change = growth * lengths / (1 + growth * begun)  # of G over each pulse, as G is linear in time
    assert change[4:-1] == pytest.approx(0.09, rel=0.15)
    assert change.max() <= 0.2
    assert lengths[-2] > 10 * lengths[3]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"voltage": None}, "needs voltage"),
        ({"drive": "current"}, "needs current"),
        ({"period": 1}, "period"),
        ({"hold": 0}, "hold"),
        ({"gap": -1e-9}, "gap"),
        ({"max_change": 0.1}, "belongs together"),
        ({"duration": 1e-9}, "belongs together"),
        ({"max_change": 0.1, "max_current_change": 0.1, "duration": 1e-9}, "exclude each other"),
        ({"max_current_change": 3.0, "duration": 1e-9}, "max_current_change lies between"),
        ({"max_change": 0.1, "duration": 1e-9, "gap": 1e-9}, "excludes gap"),
        ({"patterns": ("+-+x",)}, "only \\+ and -"),
    ],
)
def test_impossible_trains_are_refused(plan, change, words):
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(plan, **change)


def test_a_pulse_that_took_longer_than_asked_counts_with_its_real_length(plan):
    """The engine's step is 1e-11 s: shorter pulses must not be taken for faster changes."""
    plan = dataclasses.replace(plan, max_change=0.1, duration=1e-9, pulses=1000)
    done, lengths = [], []
    while (pulse := next_pulse(plan, "+--+", done, G)) is not None:
        before = done[-1].time if done else 0.0
        taken = max(pulse.duration, 1e-11)
        lengths.append(pulse.duration)
        done.append(Done(before + taken, min(2.0, 5e10 * taken), V, G @ V))
    assert done[-1].time == pytest.approx(1e-9, abs=1e-11)
    assert min(lengths[:-1]) > 0.49e-11
