"""Faults of those who work, not of what they work at: no run fails for them."""

from __future__ import annotations

from typing import Any

from orchestrator.base.errors import EngineError


class JobLost(EngineError):
    """A job ended, or stopped to answer, while its worker had a task."""


class SiteFault(EngineError):
    """The site cannot work as its file says; a person has to change something."""


class SlotFault(EngineError):
    """A fault of the place where a worker sits: its GPU, driver or machine.

    Attributes
    ----------
    passing : bool
        Whether it goes away by itself, as a GPU that others have filled.
    """

    def __init__(self, message: str, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.passing)
