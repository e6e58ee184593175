"""Expressions of scripts as the simulation takes them: values, or functions of time."""

from __future__ import annotations

from typing import Any

from orchestrator.engines.cpu.language.values import Closure, Vector
from orchestrator.engines.cpu.physics.clock import Clock
from orchestrator.engines.cpu.script.limits import finite


class Moments:
    """The time that `t` means, of the simulation or of the stage under way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stage: float | None = None

    def time(self) -> float:
        """The time that `t` means: of the stage while a closure is evaluated."""
        return self._clock.time if self._stage is None else self._stage

    def set_time(self, time: float) -> None:
        """Set the time of the simulation, s."""
        self._clock.time = time

    def closure(self, name: str, function: Closure, *, freeze: bool) -> Any:
        """A closure as the simulation takes it: its value now, or a function of time.

        Parameters
        ----------
        name : str
            What takes it, for messages.
        freeze : bool
            Whether variables other than `t` keep the values of this moment.

        Raises
        ------
        FatalError
            Now or at any time later, if the value is not finite.
        """
        if not function.uses_time:
            return finite(name, _plain(function.evaluate()))
        kept = function.fixed() if freeze else function

        def at(time: float) -> Any:
            outer, self._stage = self._stage, time
            try:
                return finite(name, _plain(kept.evaluate()))
            finally:
                self._stage = outer

        return at


def _plain(value: Any) -> Any:
    return value.components if isinstance(value, Vector) else value
