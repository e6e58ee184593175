"""Where and with what a run is carried out, who is told of it, and how it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.engines.session import Engine, Progress
from orchestrator.learning.records import PulseRecord


class Tracker(Protocol):
    """Is told how a run goes on."""

    def stage(self, title: str, duration: float, done: float = 0.0) -> None:
        """A stage of so much simulated time (s) begins, of which `done` is done."""

    def progress(self, progress: Progress) -> None:
        """A block runs; times are simulated times since the stage's start."""

    def pulse(self, pattern: str, record: PulseRecord) -> None:
        """A pulse has been committed."""


class Interrupted(Exception):
    """The run stopped at a pulse boundary on request; it can be resumed."""


@dataclass(frozen=True)
class Workplace:
    """Where and with what a run is carried out.

    Attributes
    ----------
    root : Path
        Folder of the run folders and of the textures that they share.
    engine : Engine
        The micromagnetic engine.
    tracker : Tracker
        Told how it goes on.
    stop : callable
        Asked at each pulse boundary whether to stop.
    templates : Path, optional
        The user's own templates.
    solver : str
        Name of the transport solver.
    threads : int, optional
        Its threads; all cores of this process if not given.
    """

    root: Path
    engine: Engine
    tracker: Tracker
    stop: Callable[[], bool]
    templates: Path | None = None
    solver: str = "auto"
    threads: int | None = None

    def stop_if_asked(self) -> None:
        """Raise `Interrupted` where a stop has been asked for."""
        if self.stop():
            raise Interrupted


class Quiet:
    """A tracker that says nothing; the folders tell how far a run is."""

    def stage(self, title: str, duration: float, done: float = 0.0) -> None:
        """Ignore that a stage begins."""

    def progress(self, progress: Progress) -> None:
        """Ignore that a block runs."""

    def pulse(self, pattern: str, record: PulseRecord) -> None:
        """Ignore that a pulse has been committed."""
