"""table.txt: a row of averages now and then."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import numpy as np

from orchestrator.engines.cpu.language.errors import FatalError
from orchestrator.engines.cpu.language.values import go_format


class Schedule:
    """When something is due: at once, then each period after the time it was set up.

    Parameters
    ----------
    period, start : float
        In s; the period 0 is never due.
    """

    def __init__(self, period: float, start: float) -> None:
        self.period = period
        self.start = start
        self.count = -1

    def due(self, time: float) -> bool:
        """Whether it is due at a time; the caller counts."""
        return self.period != 0 and time - self.start - self.count * self.period >= self.period


class Column:
    """A column (or three) of the table."""

    def __init__(
        self, name: str, unit: str, components: int, read: Callable[[], tuple[float, ...]]
    ) -> None:
        axes = ("",) if components == 1 else "xyz"[:components]
        self.headers = [f"{name}{axis} ({unit})" for axis in axes]
        self.read = read


class Table:
    """The table of a run; the file is made when the first row is written."""

    def __init__(self, path: Path, time: Callable[[], float]) -> None:
        self.path = path
        self.time = time
        self.columns: list[Column] = []
        self.schedule = Schedule(0.0, 0.0)
        self._file: TextIO | None = None

    def add(self, column: Column) -> None:
        """Add a column.

        Raises
        ------
        FatalError
            If rows have been written already.
        """
        if self._file is not None:
            raise FatalError(
                f"data table add {column.headers[0]}: need to add quantity before table is "
                "output the first time"
            )
        self.columns.append(column)

    def _opened(self) -> TextIO:
        if self._file is None:
            self._file = open(self.path, "w", buffering=1)  # noqa: SIM115
            headers = [header for column in self.columns for header in column.headers]
            self._file.write("\t".join(["# t (s)", *headers]) + "\n")
        return self._file

    def save(self) -> None:
        """Write a row."""
        numbers = [np.float32(value) for column in self.columns for value in column.read()]
        cells = [go_format(float(self.time())), *map(go_format, numbers)]
        self.write_line("\t".join(cells))
        self.schedule.count += 1

    def write_line(self, text: str) -> None:
        """Write a line of text between the rows.

        Raises
        ------
        FatalError
            If the file cannot be written.
        """
        try:
            self._opened().write(text + "\n")
        except OSError as error:
            raise FatalError(f"{self.path}: {error.strerror}") from None

    def auto_save(self, period: float) -> None:
        """Write rows by themselves, one each period (s); 0 stops."""
        self.schedule = Schedule(period, self.time())

    def save_if_due(self) -> None:
        """Write a row if the schedule says so."""
        if self.schedule.due(self.time()):
            self.save()

    def read(self) -> tuple[list[str], np.ndarray]:
        """Names of the columns and the rows written so far, (rows, columns)."""
        if self._file is None:
            return [], np.zeros((0, 0))
        head, *lines = self.path.read_text().splitlines()
        names = head.removeprefix("# ").split("\t")
        rows = [line.split("\t") for line in lines]
        return names, np.array([row for row in rows if len(row) == len(names)], float)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):  # told when the row was written
                file.close()
