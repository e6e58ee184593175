"""A script that the web interface controls: commands between steps, and after the script's end."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator

import numpy as np

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.language.errors import (
    CompileError,
    ExpectationError,
    InterruptError,
    ScriptError,
)
from orchestrator.engines.cpu.language.values import go_format
from orchestrator.engines.cpu.script.quantities import Quantity
from orchestrator.engines.cpu.script.world import World
from orchestrator.engines.cpu.web.server import Inbox

CONSOLE_BYTES = 1 << 18
"""The console keeps this much of what was printed last."""
_TORQUE_INTERVAL = 0.5


class Interactive:
    """The simulation's side of the web interface: takes commands, publishes values.

    Parameters
    ----------
    world : World
        Its runs stop between two steps for commands from now on.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.inbox = Inbox()
        self.values: dict[str, str] = {}
        self.refresh_wanted = True
        self._lines: deque[str] = deque()
        self._bytes = 0
        self._alive = time.monotonic()
        self._requests = 0
        self._count = threading.Lock()
        self._torque = ("", 0.0)
        self._disturbed = False
        world.outputs.listeners.append(self._print)
        world.sim.before_run.append(self._before_run)
        world.sim.post_step.append(self._between_steps)

    # Commands

    def evaluate(self, text: str) -> None:
        """Run script text in the simulation's thread, now or between two steps.

        An error is told on the console and the simulation lives; a failed Expect, Exit() and
        Ctrl-C end it.
        """
        self._disturbed = True
        try:
            self.world.execute(text)
        except (ExpectationError, InterruptError):
            raise
        except ScriptError as error:
            if isinstance(error, CompileError):
                self.world.outputs.note(text)
            self.world.outputs.warn(str(error))
        finally:
            self.keep_alive()

    def stop(self) -> None:
        """End the run under way."""
        self.world.control.stop_run()

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """A request under way: someone is there."""
        with self._count:
            self._requests += 1
        try:
            yield
        finally:
            with self._count:
                self._requests -= 1
            self.keep_alive()

    def keep_alive(self) -> None:
        """Someone is there at this moment."""
        self._alive = time.monotonic()

    def wait(self, timeout: float) -> None:
        """Take commands until nobody has asked for anything for a time (s)."""
        self.keep_alive()
        self.world.outputs.say("script finished, waiting for the web interface")
        while self._requests or time.monotonic() - self._alive < timeout:
            self.refresh()
            self.inbox.run_next(timeout=0.05)
            self.world.control.guard()
        self.world.outputs.say(f"no request for {timeout:g} s, end")

    def _before_run(self) -> None:
        self.refresh()
        while not self.world.sim.stop_requested and self.inbox.run_next():
            pass

    def _between_steps(self) -> None:
        """Run what has come in; a run that a script has disturbed goes on with fresh stages.

        A Break and the end of a run within a command leave `stop_requested` set, which ends the
        run under way, as in mumax3.
        """
        self.refresh()
        sim, self._disturbed = self.world.sim, False
        while not sim.stop_requested and self.inbox.run_next():
            pass
        if self._disturbed:
            self.world.control.disturbed()

    # Values

    def _print(self, line: str) -> None:
        self._lines.append(line)
        self._bytes += len(line) + 1
        while self._bytes > CONSOLE_BYTES:
            self._bytes -= len(self._lines.popleft()) + 1

    def console(self) -> str:
        """What was printed, the end of it if it is much."""
        return "".join(f"{line}\n" for line in list(self._lines))

    def refresh(self) -> None:
        """Publish the present values if somebody has asked for them."""
        if not self.refresh_wanted:
            return
        self.refresh_wanted = False
        world, clock, settings = self.world, self.world.sim.clock, self.world.sim.settings
        space, period = world.space, world.record.table.schedule.period
        found = {
            "time": go_format(float(clock.time)), "nsteps": str(clock.step),
            "dt": go_format(float(clock.dt)), "lasterr": go_format(float(clock.last_err)),
            "maxtorque": self._max_torque(),
            "busy": "Running" if world.control.running else "Paused",
            "fixdt": go_format(float(settings.FixDt)), "mindt": go_format(float(settings.MinDt)),
            "maxdt": go_format(float(settings.MaxDt)), "maxerr": go_format(float(settings.MaxErr)),
            "solvertype": str(settings.solver), "tableAutoSave": go_format(float(period)),
        }  # fmt: skip
        for key, numbers in (("n", space.cells), ("c", space.size_of_cell), ("p", space.periods)):
            found |= {key + axis: go_format(n) for axis, n in zip("xyz", numbers, strict=True)}
        for name, parameter in world.sim.material.regional().items():
            row = [go_format(np.float32(v)) for v in parameter.values(clock.time)[0]]
            found[name] = row[0] if len(row) == 1 else f"({', '.join(row)})"
        self.values = found

    def _max_torque(self) -> str:
        """The largest torque, evaluated now and then; fields drawn at random are left alone."""
        sim = self.world.sim
        drawn = any(term.fresh_each_step for term in sim.active_terms())
        text, due = self._torque
        if sim.state.mesh is not None and not drawn and time.monotonic() >= due:
            evaluations = sim.clock.neval
            try:
                text = go_format(float(self._quantity("maxTorque").averages()[0]))
            except EngineError:  # such as a wrong parameter, which the next run tells
                text = ""
            sim.clock.neval = evaluations
            self._torque = (text, time.monotonic() + _TORQUE_INTERVAL)
        return text

    def _quantity(self, name: str) -> Quantity:
        value = self.world.names.value(name)
        if not isinstance(value, Quantity):
            raise KeyError(name)
        return value

    def field(self, name: str) -> np.ndarray:
        """The present values of a quantity, (nz, ny, nx, components).

        Raises
        ------
        KeyError
            If there is no quantity of that name.
        """
        self.world.space.mesh()
        return self._quantity(name).values()
