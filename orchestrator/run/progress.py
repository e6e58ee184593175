"""Progress of runs on terminals, in notebooks and in logs, and signals that ask a run to stop."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.base.quantities import duration as in_words
from orchestrator.base.units import with_unit
from orchestrator.engines.session import Progress
from orchestrator.learning.hopfield import energy, weight_matrix
from orchestrator.learning.records import PulseRecord
from orchestrator.run.untrained import read_untrained

if TYPE_CHECKING:
    from types import TracebackType

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


LOG_EVERY = 60.0
"""Seconds between lines of progress where there is no terminal."""
_NOTEBOOK_EVERY = 0.5
_NARROW = 100


def progress_of(
    console: Console, experiment: Experiment, folder: Path
) -> ProgressBar | ProgressLines:
    """A bar on a terminal; a line that changes in a notebook; elsewhere a line a minute.

    Parameters
    ----------
    console : Console
        Where to print.
    experiment : Experiment
        What is run.
    folder : Path
        Its run folder.
    """
    notes = _Notes(experiment, folder, short=console.width < _NARROW)
    if console.is_jupyter:
        from IPython.display import display

        shown = display({"text/plain": ""}, raw=True, display_id=True)

        def replace(line: str) -> None:
            shown.update({"text/plain": line}, raw=True)

        return ProgressLines(replace, notes, _NOTEBOOK_EVERY)
    if console.is_terminal:
        return ProgressBar(console, notes)

    def append(line: str) -> None:
        stamp = time.strftime("%H:%M:%S")
        console.print(f"{stamp} {line}", highlight=False, markup=False, soft_wrap=True)

    return ProgressLines(append, notes, LOG_EVERY)


class _Notes:
    """What is said of a committed pulse."""

    def __init__(self, experiment: Experiment, folder: Path, *, short: bool = False) -> None:
        self._folder = folder
        self._pulses = experiment.training.pulses
        self._drive = experiment.training.drive
        self._reference: np.ndarray | None = None
        self.short = short

    def of(self, record: PulseRecord) -> str:
        """Pulse, steps, largest |dm|, and E' of what the pulse held."""
        if self._reference is None:
            mean = read_untrained(self._folder).conductance.mean(axis=0)
            self._reference = weight_matrix(mean, self._drive)
        weights = weight_matrix(record.conductance, self._drive) - self._reference
        own = record.voltages if self._drive == "voltage" else record.currents
        e = with_unit(float(energy(weights, np.array([own]))[0]), "W")
        pulse = f"{record.number}/{self._pulses}"
        if self.short:
            return f"{pulse}, |dm| {record.max_dm:.2f}, E' {e}"
        steps = "" if record.steps is None else f"{record.steps} steps, "
        return f"pulse {pulse}, {steps}max |dm| {record.max_dm:.3f}, E' {e}"


class ProgressBar:
    """A bar for each stage, on a terminal."""

    def __init__(self, console: Console, notes: _Notes) -> None:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=8 if notes.short else 24),
            TextColumn("{task.completed:.2f}/{task.total:.4g} ns"),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(compact=notes.short),
            console=console,
        )
        self._notes = notes
        self._task: Any = None

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
        note = self._notes.of(record)
        self._bar.update(self._task, completed=1e9 * record.time, note=note)


class ProgressLines:
    """Lines of text, at most one in `every` seconds but for the first of a stage and the last."""

    def __init__(self, show: Callable[[str], None], notes: _Notes, every: float) -> None:
        self._show, self._notes, self._every = show, notes, every
        self._title, self._note = "", ""
        self._duration = self._time = self._first = 0.0
        self._begun = self._shown = time.monotonic()

    def __enter__(self) -> ProgressLines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if kind is None and self._title:
            self._time = self._duration
        if self._title:
            self._show(self._line())

    def _line(self) -> str:
        done, elapsed = self._time - self._first, time.monotonic() - self._begun
        parts = [f"{self._title}: {1e9 * self._time:.2f}/{1e9 * self._duration:.4g} ns", self._note]
        if done > 0 and self._time < self._duration:
            left = (self._duration - self._time) * elapsed / done
            parts.append(f"{in_words(left)} left")
        return ", ".join(part for part in parts if part)

    def _tick(self) -> None:
        if time.monotonic() - self._shown >= self._every:
            self._shown = time.monotonic()
            self._show(self._line())

    def stage(self, title: str, duration: float, done: float = 0.0) -> None:
        """Begin a stage of so much simulated time (s)."""
        self._title, self._note, self._duration = title, "", duration
        self._time = self._first = done
        self._begun = self._shown = time.monotonic()
        self._show(self._line())

    def progress(self, progress: Progress) -> None:
        """Note a simulated time."""
        self._time = progress.time
        self._tick()

    def pulse(self, pattern: str, record: PulseRecord) -> None:
        """Note a committed pulse."""
        self._time, self._note = record.time, self._notes.of(record)
        self._tick()
