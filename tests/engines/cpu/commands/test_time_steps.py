"""Lengths of steps at their limits: at rest, and with numbers that no step can follow."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.engines.cpu.language.errors import FatalError, PanicError
from orchestrator.engines.cpu.script.world import World

HEAD = """
    SetGridSize(4, 4, 1)
    SetCellSize(4e-9, 4e-9, 4e-9)
    Msat = 8e5
    Aex = 13e-12
    alpha = 0.1
    EnableDemag = false
"""


def test_a_run_after_rest_ends_on_time(world: World) -> None:
    """At rest Relax doubles its step without end; the run that follows must not inherit it."""
    world.execute(HEAD + "m = uniform(0, 0, 1)\nRelax()\nRun(1e-9)")
    assert world.sim.clock.time == pytest.approx(1e-9, rel=1e-12)


def test_short_runs_end_on_time(world: World) -> None:
    world.execute(HEAD + "m = uniform(1, 0, 0)\nB_ext = vector(0, 0, 0.1)\nRun(1e-10)")
    assert world.sim.clock.dt > 1e-13
    world.execute("Run(1e-14)")
    assert world.sim.clock.time == pytest.approx(1e-10 + 1e-14, rel=1e-9)


def test_maxdt_holds_for_the_first_step(world: World) -> None:
    world.execute(HEAD + "m = uniform(0, 0, 1)\nSteps(40)")
    assert world.sim.clock.dt > 1e-4
    before = world.sim.clock.time
    world.sim.clock.time = 0.0
    world.execute("MaxDt = 1e-13\nSteps(1)")
    assert before > 1e-13 and world.sim.clock.time == 1e-13


@pytest.mark.parametrize(
    "text",
    [
        "B_ext = vector(0, 0, 1e30)\nSteps(1)",
        "B_ext = vector(0, 0, 1e30)\nFixDt = 1e-13\nSteps(3)",
        "B_ext = vector(0, 0, 1e30)\nMinDt = 1e-13\nSteps(3)",
        "B_ext = vector(0, 0, 1e30)\nSetSolver(1)\nSteps(3)",
        "B_ext = vector(0, 0, 1e30)\nMinimize()",
        "Msat = 1e-30\nm = twodomain(1, 0, 0, 0, 1, 0, -1, 0, 0)\nSteps(1)",
        "Temp = 1e30\nSteps(1)",
        "Temp = -1\nSteps(1)",
    ],
)
def test_torques_that_no_step_can_follow_end_the_run(world: World, text: str) -> None:
    world.execute(HEAD + "m = uniform(1, 0.1, 0)")
    with pytest.raises(FatalError, match=r"at t = 0 s the torque is (too strong|not a number)"):
        world.execute(text)
    m = world.sim.state.m
    assert world.sim.clock.step < 3 and world.sim.clock.time == 0
    np.testing.assert_allclose((m**2).sum(axis=-1), 1, rtol=1e-6)


def test_strong_fields_are_followed_in_short_steps(world: World) -> None:
    """A millionth of a turn takes as many steps at 1e8 T as at 1 T."""
    counts = []
    for field in (1.0, 1e8):
        world.execute(HEAD + f"m = uniform(1, 0, 0)\nB_ext = vector(0, 0, {field})\nt = 0")
        world.sim.clock.dt, before = 1e-15 / field, world.sim.clock.step
        world.execute(f"alpha = 0\nRun({1e-11 / field})")
        counts.append(world.sim.clock.step - before)
        angle = np.arctan2(world.sim.state.m[..., 1], world.sim.state.m[..., 0])
        np.testing.assert_allclose(angle, world.sim.settings.GammaLL * 1e-11, rtol=1e-4)
    assert counts[0] == counts[1]


def test_negative_numbers_of_images_are_refused(world: World) -> None:
    with pytest.raises(PanicError, match="numbers of images must not be negative"):
        world.execute("SetPBC(0, -1, 0)")
