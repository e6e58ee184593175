"""Commands that advance the simulation."""

from __future__ import annotations

import math
from collections.abc import Callable

from orchestrator.engines.cpu.language.errors import FatalError, ScriptExit
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import BoolFunction
from orchestrator.engines.cpu.physics.minimize import minimize
from orchestrator.engines.cpu.physics.relax import relax
from orchestrator.engines.cpu.physics.stepper import run_until
from orchestrator.engines.cpu.physics.tableaus import SOLVERS
from orchestrator.engines.cpu.script.limits import check_memory
from orchestrator.engines.cpu.script.world import World

_RISE = 1e-5
"""Part of the energy by which it must have risen to be more than rounding."""


class RunCommands:
    """`Run`, `Steps`, `RunWhile`, `Relax`, `Minimize`, `SetSolver`, `ThermSeed`, `Exit`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def _advance(self, go: Callable[[], None]) -> None:
        world = self.world
        world.magnet.ensure()
        if world.sim.settings.EnableDemag:
            check_memory(world.space.cells, demag=True)
        world.control.advance(go)

    @exposed
    def run(self, seconds: float) -> None:
        if not math.isfinite(seconds):
            raise FatalError(f"can not run for {seconds} s")
        sim = self.world.sim
        end = sim.clock.time + seconds
        self._advance(lambda: run_until(sim, lambda: sim.clock.time < end, alarm=end))

    @exposed
    def steps(self, count: int) -> None:
        sim = self.world.sim
        end = sim.clock.step + count
        self._advance(lambda: run_until(sim, lambda: sim.clock.step < end))

    @exposed
    def run_while(self, condition: BoolFunction) -> None:
        sim = self.world.sim
        self._advance(lambda: run_until(sim, lambda: bool(condition.evaluate())))

    @exposed
    def relax(self) -> None:
        self._advance(lambda: relax(self.world.sim))

    @exposed
    def minimize(self) -> None:
        ends: list[tuple[float, float]] = []
        self._advance(lambda: ends.append(minimize(self.world.sim)))
        if ends:
            before, after = ends[0][0], ends[-1][1]
            if after - before > _RISE * max(abs(before), abs(after)):
                self.world.outputs.warn(
                    f"WARNING: Minimize ended at E_total = {after:.4g} J, above the {before:.4g} J "
                    "from which it began: m stands still, but not at a minimum; Relax descends"
                )

    @exposed
    def set_solver(self, number: int) -> None:
        if number not in SOLVERS:
            raise FatalError(f"there is no solver {number}, the solvers are {list(SOLVERS)}")
        self.world.sim.settings.solver = number

    @exposed
    def therm_seed(self, seed: int) -> None:
        self.world.sim.seed(seed)

    @exposed
    def exit(self) -> None:
        raise ScriptExit
