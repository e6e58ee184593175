"""Runs under way: what interrupts them, what goes on between their steps."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.engines.cpu.language.errors import InterruptError
from orchestrator.engines.cpu.physics.simulation import Simulation


class Control:
    """Starts and ends the runs of a simulation.

    Attributes
    ----------
    interrupted : bool
        Whether the script is to end after the present step.
    running : int
        How many runs are under way, one within the other.
    post_steps : list of callable
        What a script wants done after every step.
    """

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._resume = False
        self.interrupted = False
        self.running = 0
        self.post_steps: list[Callable[[], None]] = []

    def interrupt(self) -> None:
        """Ask the script to end after the present step."""
        self.interrupted = True
        self._sim.stop_requested = True

    def guard(self) -> None:
        """End an interrupted script.

        Raises
        ------
        InterruptError
            If it is to end.
        """
        if self.interrupted:
            raise InterruptError("interrupted")

    def stop_run(self) -> None:
        """End the run under way after the present step."""
        self._sim.stop_requested = True

    def disturbed(self) -> None:
        """Let a run under way go on with fresh stages, since m has changed between steps."""
        if self.running and not self._sim.stop_requested:
            self._sim.stop_requested = self._resume = True

    def advance(self, go: Callable[[], None]) -> None:
        """Run until `go` is through; again where a command between its steps disturbed it."""
        self.running += 1
        try:
            while True:
                self._sim.stop_requested = self._resume = False
                if not self.interrupted:
                    go()
                self.guard()
                if not self._resume:
                    return
        finally:
            self.running -= 1
            # The end of a run within a run ends the outer one too, as in mumax3.
            self._sim.stop_requested = self.running > 0

    def after_step(self) -> None:
        """Do what a script wants done after every step."""
        for act in list(self.post_steps):
            act()
