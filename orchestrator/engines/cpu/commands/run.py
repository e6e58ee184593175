"""Commands that advance the simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from orchestrator.engines.cpu.language.errors import FatalError, InterruptError, ScriptExit
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import BoolFunction
from orchestrator.engines.cpu.physics.stepper import SOLVERS, run_until
from orchestrator.engines.cpu.script.limits import check_memory

if TYPE_CHECKING:
    from orchestrator.engines.cpu.script.world import World


class RunCommands:
    """`Run`, `Steps`, `RunWhile`, `Relax`, `Minimize`, `SetSolver`, `ThermSeed`, `Exit`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def _advance(self, go: Callable[[], None]) -> None:
        """Run until `go` is through; again where a command between its steps disturbed it."""
        world, sim = self.world, self.world.sim
        world.magnetize()
        if sim.EnableDemag:
            check_memory(world.cells, demag=True)
        world.running += 1
        try:
            while True:
                sim.stop_requested = world.resume_run = False
                if not world.interrupted:
                    go()
                if world.interrupted:
                    raise InterruptError("interrupted")
                if not world.resume_run:
                    return
        finally:
            world.running -= 1
            # The end of a run within a run ends the outer one too, as in mumax3.
            sim.stop_requested = world.running > 0

    @exposed
    def run(self, seconds: float) -> None:
        if not math.isfinite(seconds):
            raise FatalError(f"can not run for {seconds} s")
        sim = self.world.sim
        end = sim.time + seconds
        self._advance(lambda: run_until(sim, lambda: sim.time < end, alarm=end))

    @exposed
    def steps(self, count: int) -> None:
        sim = self.world.sim
        end = sim.step + count
        self._advance(lambda: run_until(sim, lambda: sim.step < end))

    @exposed
    def run_while(self, condition: BoolFunction) -> None:
        self._advance(lambda: self.world.sim.run_while(lambda: bool(condition.evaluate())))

    @exposed
    def relax(self) -> None:
        self._advance(self.world.sim.relax)

    @exposed
    def minimize(self) -> None:
        self._advance(self.world.sim.minimize)

    @exposed
    def set_solver(self, number: int) -> None:
        if number not in SOLVERS:
            raise FatalError(f"there is no solver {number}, the solvers are {list(SOLVERS)}")
        self.world.sim.solver = number

    @exposed
    def therm_seed(self, seed: int) -> None:
        self.world.sim.thermal.seed(seed)

    @exposed
    def exit(self) -> None:
        raise ScriptExit
