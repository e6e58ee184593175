"""Time stands still in Relax and Minimize, for all that looks at it."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.engines.cpu.script.world import World

FILM = """
SetGridSize(4, 4, 1)
SetCellSize(4e-9, 4e-9, 4e-9)
Msat = 8e5
Aex = 1e-11
alpha = 0.5
EnableDemag = false
m = uniform(1, 0.2, 0.1)
"""


@pytest.mark.parametrize("command", ["Relax()", "Minimize()"])
def test_terms_hooks_and_outputs_see_the_time_of_the_beginning(world: World, command: str) -> None:
    world.execute(
        FILM + "t = 3e-12\nB_ext = vector(1e11 * t - 0.2, 0.1, 0)\nr := RunningAverage(m)"
    )
    times = []
    world.control.post_steps.append(lambda: times.append(world.sim.clock.time))
    world.execute("AutoSave(m, 1e-15)\nTableAutoSave(1e-15)\nTableAdd(r)\n" + command)
    assert len(times) > 5 and set(times) == {3e-12}
    assert world.sim.clock.time == 3e-12
    np.testing.assert_allclose(
        world.magnet.values()[0, 0, 0], np.array([1, 1, 0]) / np.sqrt(2), atol=1e-3
    )
    _, rows = world.record.table.read()
    assert rows[:, 0].tolist() == [3e-12]
    assert rows[0, 4:].tolist() == [0, 0, 0]
    assert len(list(world.outputs.folder.glob("m*.ovf"))) == 1


def test_a_minimize_that_descends_says_nothing(world: World, capsys) -> None:
    world.execute(FILM + "Ku1 = 1e5\nanisU = vector(1, 0, 0)\nMinimize()")
    assert "WARNING" not in capsys.readouterr().err
