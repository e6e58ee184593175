"""The clock of the language: `now()` and `since(moment)`."""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass

from orchestrator.engines.cpu.language.functions import exposed


@dataclass(frozen=True)
class Duration:
    """A length of time, s."""

    length: float

    def __str__(self) -> str:
        return f"{self.length:.9g}s"

    @exposed
    def seconds(self) -> float:
        return self.length

    @exposed
    def minutes(self) -> float:
        return self.length / 60

    @exposed
    def hours(self) -> float:
        return self.length / 3600


@dataclass(frozen=True)
class Moment:
    """A point of time: seconds of a steady clock, and the date for those who read."""

    clock: float
    date: datetime.datetime

    def __str__(self) -> str:
        return self.date.isoformat(" ")


def now() -> Moment:
    """The present moment."""
    return Moment(time.monotonic(), datetime.datetime.now().astimezone())


def since(moment: Moment) -> Duration:
    """The time since a moment."""
    return Duration(time.monotonic() - moment.clock)
