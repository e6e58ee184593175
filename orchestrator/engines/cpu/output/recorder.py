"""What is written by itself while a simulation runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path

from orchestrator.engines.cpu.output.table import Schedule, Table


class Recorder:
    """The table, and what is saved each period.

    Parameters
    ----------
    path : Path
        Of the table.
    time : callable
        The simulated time, s.
    """

    def __init__(self, path: Path, time: Callable[[], float]) -> None:
        self.table = Table(path, time)
        self._time = time
        self._saves: dict[Hashable, tuple[Schedule, Callable[[], None]]] = {}

    def schedule(self, key: Hashable, period: float, save: Callable[[], None]) -> None:
        """Save something each period (s), from now on; 0 stops."""
        if period == 0:
            self._saves.pop(key, None)
        else:
            self._saves[key] = (Schedule(period, self._time()), save)

    def save_due(self) -> None:
        """Save and write what is due at this time."""
        for schedule, save in list(self._saves.values()):
            if schedule.due(self._time()):
                save()
                schedule.count += 1
        self.table.save_if_due()

    def close(self) -> None:
        """Close the table."""
        self.table.close()
