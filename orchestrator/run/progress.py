"""A progress bar for runs, and signals that ask a run to stop."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.base.units import with_unit
from orchestrator.engines.session import Progress
from orchestrator.learning.hopfield import energy, weight_matrix
from orchestrator.learning.records import PulseRecord
from orchestrator.run.untrained import read_untrained

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.describe.experiment import Experiment


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Catch SIGINT, SIGTERM and SIGUSR1; the yielded function tells whether one has come.

    A second SIGINT does not wait: it interrupts at once.
    """
    came: list[int] = []
    chosen = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)

    def note(number: int, _frame: Any) -> None:
        if number == signal.SIGINT and number in came:
            raise KeyboardInterrupt
        came.append(number)

    before = {number: signal.signal(number, note) for number in chosen}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class ProgressBar:
    """Pulse, simulated time, steps, largest |dm| and E' of the trained pattern."""

    def __init__(self, console: Console, experiment: Experiment, folder: Path) -> None:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.2f}/{task.total:.4g} ns"),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._folder = folder
        self._pulses = experiment.training.pulses
        self._drive = experiment.training.drive
        self._task: Any = None
        self._reference: np.ndarray | None = None

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(self, error: object, *_rest: object) -> None:
        if error is None:
            self._complete()
        self._bar.stop()

    def _complete(self) -> None:
        for task in self._bar.tasks:
            self._bar.update(task.id, completed=task.total)

    def stage(self, title: str, duration: float, done: float = 0.0) -> None:
        """Begin a bar for a stage of so much simulated time (s)."""
        self._complete()
        total = 1e9 * duration
        self._task = self._bar.add_task(title, total=total, note="")
        self._bar.update(self._task, completed=1e9 * done)

    def progress(self, progress: Progress) -> None:
        """Move the bar to a simulated time."""
        self._bar.update(self._task, completed=1e9 * progress.time)

    def pulse(self, pattern: str, record: PulseRecord) -> None:
        """Show a committed pulse."""
        if self._reference is None:
            mean = read_untrained(self._folder).conductance.mean(axis=0)
            self._reference = weight_matrix(mean, self._drive)
        weights = weight_matrix(record.conductance, self._drive) - self._reference
        own = record.voltages if self._drive == "voltage" else record.currents
        e = float(energy(weights, np.array([own]))[0])
        steps = "" if record.steps is None else f"{record.steps} steps, "
        note = (
            f"pulse {record.number}/{self._pulses}, {steps}"
            f"max |dm| {record.max_dm:.3f}, E' {with_unit(e, 'W')}"
        )
        self._bar.update(self._task, completed=1e9 * record.time, note=note)
