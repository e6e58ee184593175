from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from orchestrator.cli.pulse_cost import pulse_cost
from orchestrator.ovf.files import read_ovf


class Clockwork:
    """An engine whose blocks take a fixed time to start and a time for each simulated second."""

    def __init__(self, start, pace):
        self.fixed, self.pace, self.spent = start, pace, 0.0

    def start(self, setup, folder, magnetization):
        self.field = read_ovf(folder / magnetization)
        return self

    def execute(self, script, save):
        duration = float(re.search(r"Run\(([^)]+)\)", script)[1])
        wall = self.fixed + duration * self.pace
        self.spent += wall
        return SimpleNamespace(wall=wall, steps=round(duration * 1e15), field=self.field)

    def close(self):
        pass


@pytest.mark.parametrize("start", [0.0, 0.4])
@pytest.mark.parametrize("pace", [1e9, 1e11])
def test_the_start_of_a_process_counts_once(experiment, start, pace):
    """A pulse of 10 ps takes start + pace * 10 ps, whatever piece of it was measured."""
    engine = Clockwork(start, pace)
    cost = pulse_cost(experiment, "clockwork", engine)
    assert cost.block == pytest.approx(start + 1e-11 * pace, rel=1e-6)
    assert engine.spent < 8
    assert cost.steps_per_second == pytest.approx(1e15 / pace, rel=0.01)
