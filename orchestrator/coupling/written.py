"""What a coupled script itself writes: its table and numbered files, going on over all pulses."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.base.errors import EngineError
from orchestrator.base.files import sync
from orchestrator.coupling.prepared import OUT, Prepared, Timed
from orchestrator.engines.collect import TABLE

_NUMBERED = re.compile(r"(?P<name>.*?)(?P<number>\d{6})(?P<end>\.[A-Za-z0-9]+)")


class Written:
    """The folder `out` of a training, and where its numbers are.

    Parameters
    ----------
    folder : Path
        The training's folder.
    prepared : Prepared
        The script.
    state : mapping
        As `state` gave it after the last committed pulse; empty before the first.

    Attributes
    ----------
    blocks : int
        Pulses and readings so far.
    """

    def __init__(self, folder: Path, prepared: Prepared, state: Mapping[str, Any]) -> None:
        self.folder = folder / OUT
        self._prepared = prepared
        if state:
            self.blocks = int(state["blocks"])
            self._numbers = dict(state["numbers"])
            self._saves = list(state["saves"])
            self._table = int(state["table"])
            self._forget_later()
        else:
            self._begin()

    def _begin(self) -> None:
        """The folder as the preparation has left it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._prepared.folder / OUT, self.folder)
        self.blocks, self._saves = 0, [0] * len(self._prepared.timed)
        self._numbers = {}
        for path in self.folder.iterdir():
            if match := _NUMBERED.fullmatch(path.name):
                following = int(match["number"]) + 1
                self._numbers[match["name"]] = max(following, self._numbers.get(match["name"], 0))
        table = self.folder / TABLE
        self._table = table.stat().st_size if table.exists() else 0

    def _forget_later(self) -> None:
        """Take out what was written after the last committed pulse."""
        self.folder.mkdir(exist_ok=True)
        for path in self.folder.iterdir():
            match = _NUMBERED.fullmatch(path.name)
            if match and int(match["number"]) >= self._numbers.get(match["name"], 0):
                path.unlink()
        self._cut_table()

    def _cut_table(self) -> None:
        table = self.folder / TABLE
        if not self._table:
            table.unlink(missing_ok=True)
        elif not table.exists() or table.stat().st_size < self._table:
            raise EngineError(f"{table}: shorter than it was after the last committed pulse")
        else:
            with open(table, "r+b") as file:
                file.truncate(self._table)

    @property
    def state(self) -> dict[str, Any]:
        """What brings a new instance to this point."""
        return {
            "blocks": self.blocks,
            "numbers": dict(self._numbers),
            "saves": list(self._saves),
            "table": self._table,
        }

    def begun(self, time: float) -> str:
        """Statements that let everything go on that is written by itself, from a time in s.

        A schedule is due for the first time when it is set up, and from then on each period.
        """
        timed = self._prepared.timed
        lines = [
            f"t = {_due(one, saves)!r}\n{one.schedule.statement(one.period)}\n"
            for one, saves in zip(timed, self._saves, strict=True)
            if one.period
        ]
        return "".join([*lines, f"t = {time!r}\n"] if lines else [])

    def ended(self) -> str:
        """Statements that stop all of it."""
        return "".join(f"{one.schedule.statement(0.0)}\n" for one in self._prepared.timed)

    def take(self, folder: Path, time: float) -> None:
        """Take what a block has written that ended at a time in s, and count it.

        Raises
        ------
        EngineError
            If the table has other columns than before.
        """
        self.blocks += 1
        for k, one in enumerate(self._prepared.timed):
            self._saves[k] += _saved(one, self._saves[k], time)
        files = []
        for path in folder.iterdir():
            if match := _NUMBERED.fullmatch(path.name):
                files.append((match["name"], int(match["number"]), match["end"], path))
        for name, _, end, path in sorted(files):
            number = self._numbers.get(name, 0)
            self._numbers[name] = number + 1
            shutil.move(path, self.folder / f"{name}{number:06d}{end}")
        if self._prepared.has_table and (folder / TABLE).exists():
            self._append((folder / TABLE).read_bytes())
        sync(self.folder)

    def _append(self, rows: bytes) -> None:
        table = self.folder / TABLE
        self._cut_table()
        if self._table:
            head, _, rest = rows.partition(b"\n")
            with open(table, "rb") as file:
                before = file.readline().rstrip(b"\n")
            if head != before:
                raise EngineError(f"{table}: has the columns {before!r}, the pulse wrote {head!r}")
            rows = rest
        with open(table, "ab") as file:
            file.write(rows)
        sync(table)
        self._table += len(rows)


def _due(timed: Timed, saves: int) -> float:
    """When something is due that was written so many times, s."""
    return timed.start + saves * timed.period


def _saved(timed: Timed, saves: int, time: float) -> int:
    """How often a schedule that was set up when it was due has been served until a time in s."""
    due, period = _due(timed, saves), timed.period
    count = 0
    while period and time - due - (count - 1) * period >= period:
        count += 1
    return count
