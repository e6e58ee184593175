"""Commands that advance the simulation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrator.engines.cpu.language.errors import FatalError, InterruptError, ScriptExit
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import BoolFunction

if TYPE_CHECKING:
    from orchestrator.engines.cpu.world import World


class RunCommands:
    """`Run`, `Steps`, `RunWhile`, `Relax`, `Minimize`, `SetSolver`, `Exit`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def _begin(self) -> None:
        self.world.magnetize()
        self.world.sim.stop_requested = False
        if self.world.interrupted:
            raise InterruptError("interrupted")

    def _end(self) -> None:
        if self.world.interrupted:
            raise InterruptError("interrupted")

    @exposed
    def run(self, seconds: float) -> None:
        if not math.isfinite(seconds):
            raise FatalError(f"can not run for {seconds} s")
        self._begin()
        self.world.sim.run(seconds)
        self._end()

    @exposed
    def steps(self, count: int) -> None:
        self._begin()
        self.world.sim.steps(count)
        self._end()

    @exposed
    def run_while(self, condition: BoolFunction) -> None:
        self._begin()
        self.world.sim.run_while(lambda: bool(condition.evaluate()))
        self._end()

    @exposed
    def relax(self) -> None:
        self._begin()
        self.world.sim.relax()
        self._end()

    @exposed
    def minimize(self) -> None:
        self._begin()
        self.world.sim.minimize()  # type: ignore[attr-defined]
        self._end()

    @exposed
    def set_solver(self, number: int) -> None:
        from orchestrator.engines.cpu.stepper import TABLEAUS

        if number not in TABLEAUS:
            raise FatalError(f"solver {number} is not in this engine, which has {sorted(TABLEAUS)}")
        self.world.sim.solver = number

    @exposed
    def exit(self) -> None:
        raise ScriptExit
