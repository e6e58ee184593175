"""The journal of a training: committed records, one line each with its checksum."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import crc32
from orchestrator.learning.records import (
    HeldRecord,
    JournalRecord,
    PulseRecord,
    ReadingRecord,
    RelaxedRecord,
    StartRecord,
    TrainedRecord,
    record_of,
)


@dataclass(frozen=True)
class Found:
    """What a journal's file holds.

    Attributes
    ----------
    records : list
        Intact records up to the first damage.
    end : int
        Their length in bytes.
    size : int or None
        Length of the file in bytes, with a torn last line; None where there is no file.
    damaged : int
        Number of the damaged line, from 1; 0 where there is none. A torn last line, without its
        end, is none.
    """

    records: list[JournalRecord] = field(default_factory=list)
    end: int = 0
    size: int | None = None
    damaged: int = 0

    @property
    def pulses(self) -> list[PulseRecord]:
        """The committed pulses."""
        return [record for record in self.records if isinstance(record, PulseRecord)]

    @property
    def readings(self) -> list[ReadingRecord]:
        """The committed readings."""
        return [record for record in self.records if isinstance(record, ReadingRecord)]

    @property
    def steps(self) -> list[HeldRecord]:
        """The committed pulses and readings."""
        return [record for record in self.records if isinstance(record, HeldRecord)]

    @property
    def start(self) -> StartRecord | None:
        """The record of the first texture."""
        return _last(self.records, StartRecord)

    @property
    def trained(self) -> TrainedRecord | None:
        """The record of the texture after the last pulse."""
        return _last(self.records, TrainedRecord)

    @property
    def relaxed(self) -> RelaxedRecord | None:
        """The last record of a training that is complete."""
        return _last(self.records, RelaxedRecord)


def _last(records: list[JournalRecord], kind: type[Any]) -> Any:
    return next((record for record in reversed(records) if type(record) is kind), None)


def look_into(path: Path) -> Found:
    """What a journal holds, be it damaged or not there."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Found()
    records: list[JournalRecord] = []
    end = 0
    lines = content.split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):
        record = _record_of(line)
        if record is None or not _follows(record, records):
            return Found(records, end, len(content), number)
        records.append(record)
        end += len(line) + 1
    return Found(records, end, len(content))


def read_journal(path: Path) -> Found:
    """What a journal holds.

    Raises
    ------
    RunFolderError
        If a whole line is damaged.
    """
    found = look_into(path)
    if found.damaged:
        raise RunFolderError(
            f"{path}: line {found.damaged} is damaged; `orchestrator campaign check --repair` lets "
            "what follows be computed again"
        )
    return found


def journal_line(record: JournalRecord) -> bytes:
    """A record as a line of a journal: CRC-32 and JSON."""
    text = json.dumps(record.to_json(), separators=(",", ":"), allow_nan=False).encode()
    return crc32(text).encode() + b" " + text + b"\n"


class Journal:
    """A journal to append to, by one process that holds the run's lock.

    Parameters
    ----------
    path : Path
        The file; made with the first record.

    Raises
    ------
    RunFolderError
        If a whole line is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found = read_journal(path)
        self._end, self._size = self.found.end, self.found.size

    def append(self, record: JournalRecord) -> None:
        """Commit a record: when this returns, it is on disk.

        A torn last line, as a crash leaves it, is cut off before.

        Raises
        ------
        RunFolderError
            If the file is not as this process has left it.
        """
        line = journal_line(record)
        new = os.O_CREAT | os.O_EXCL if self._size is None else 0
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | new, 0o644)
        except FileNotFoundError:
            raise self._changed("it was removed") from None
        except FileExistsError:
            raise self._changed("another process has made it") from None
        try:
            size = os.fstat(descriptor).st_size
            if size != (self._size or 0):
                raise self._changed(f"it has {size} bytes, not {self._size or 0}")
            if size > self._end:
                os.ftruncate(descriptor, self._end)
            self._size = self._end = self._end + _write_all(descriptor, line)
            os.fsync(descriptor)
            if os.fstat(descriptor).st_size != self._end:
                raise self._changed("another process writes to it")
        finally:
            os.close(descriptor)
        self.found.records.append(record)

    def _changed(self, how: str) -> RunFolderError:
        return RunFolderError(
            f"{self.path}: changed while this process worked ({how}); nothing more is written"
        )


def _write_all(descriptor: int, line: bytes) -> int:
    written = 0
    while written < len(line):
        written += os.write(descriptor, line[written:])
    return written


@dataclass(frozen=True)
class Glance:
    """How far a journal is.

    Attributes
    ----------
    pulses, steps : int
        Committed pulses, and these and the readings together.
    pulse : PulseRecord or None
        The last pulse.
    last : JournalRecord or None
        The last record of all.
    """

    pulses: int = 0
    steps: int = 0
    pulse: PulseRecord | None = None
    last: JournalRecord | None = None


def glance_at(path: Path) -> Glance:
    """How far a journal is: all checksums are compared, but only the last records are parsed.

    Raises
    ------
    RunFolderError
        If a whole line is damaged.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except (FileNotFoundError, NotADirectoryError):
        return Glance()
    damaged = next((n for n, line in enumerate(lines, start=1) if not _is_intact(line)), 0)
    pulses, readings = (
        [line for line in lines if f'"kind":"{kind.kind}",'.encode() in line]
        for kind in (PulseRecord, ReadingRecord)
    )
    pulse, last = (_record_of(found[-1]) if found else None for found in (pulses, lines))
    if damaged or not isinstance(pulse, PulseRecord | None) or (lines and last is None):
        raise RunFolderError(f"{path}: line {damaged or len(lines)} is damaged")
    return Glance(len(pulses), len(pulses) + len(readings), pulse, last)


def committed(path: Path) -> tuple[int, float | None]:
    """Committed pulses of a journal, and the wall-clock time of the last one in s.

    Quick: only the last line is parsed, and no checksum compared.
    """
    mark = f'"kind":"{PulseRecord.kind}",'.encode()
    lines = [line for line in path.read_bytes().split(b"\n")[:-1] if mark in line]
    record = _record_of(lines[-1]) if lines else None
    if not isinstance(record, PulseRecord):
        return len(lines), None
    return len(lines), sum(record.seconds.values())


def _is_intact(line: bytes) -> bool:
    checksum, _, text = line.partition(b" ")
    try:
        return int(checksum, 16) == int(crc32(text), 16)
    except ValueError:
        return False


def _record_of(line: bytes) -> JournalRecord | None:
    if not _is_intact(line):
        return None
    try:
        return record_of(json.loads(line.partition(b" ")[2]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _follows(record: JournalRecord, records: list[JournalRecord]) -> bool:
    """Whether a record comes in its turn: a start, steps, each kind from 1 on, trained, relaxed."""
    before = records[-1] if records else None
    if isinstance(record, HeldRecord):
        alike = _last(records, type(record))
        number = alike.number if alike is not None else 0
        return not isinstance(before, TrainedRecord) and record.number == number + 1
    if isinstance(record, StartRecord):
        return before is None
    return not isinstance(before, type(record))
