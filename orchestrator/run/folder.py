"""One run on disk: description, textures, and a journal of committed pulses.

The folder of a run is named after the experiment and the hash of its canonical description:

    NAME-HASH/
        description.json        canonical description, program and engine
        untrained.json          conductances of the untrained starts
        finished.json           there once all trainings are complete
        failed.json             message of an attempt that failed
        .lock                   who writes here
        1/                      one folder per training, numbered as the patterns
            journal.jsonl       one line per committed pulse, with its checksum
            m_000000.ovf        the texture it started from
            m_000075.ovf        the last texture
            state_000050.nc     a kept state: compressed m and j
            j_000001.ovf        current maps

A pulse counts when its journal line is on disk; the texture that it ends with, and whatever is kept
of it, are there before. The line holds the checksums of these files.
"""

from __future__ import annotations

import json
import os
import shutil
import zlib
from pathlib import Path
from typing import Any

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import written_whole

DESCRIPTION = "description.json"
UNTRAINED = "untrained.json"
JOURNAL = "journal.jsonl"
RELAXED = "m_relaxed.ovf"
FINISHED = "finished.json"
FAILED = "failed.json"


def m_name(number: int) -> str:
    """Name of the texture after `number` pulses."""
    return f"m_{number:06d}.ovf"


def j_name(number: int) -> str:
    """Name of the current map of pulse `number`."""
    return f"j_{number:06d}.ovf"


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file whole or not at all, to the disk."""
    with written_whole(target) as temporary:
        shutil.copyfile(source, temporary)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_json(path: Path, *parts: str) -> dict[str, Any]:
    """Read a JSON file of a run folder, which holds some parts.

    Raises
    ------
    RunFolderError
        If it is missing or damaged.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise RunFolderError(f"{path}: damaged ({error})") from None
    if not isinstance(found, dict) or not all(part in found for part in parts):
        raise RunFolderError(f"{path}: damaged (it must hold {', '.join(parts)})")
    return found


def read_description(folder: Path) -> dict[str, Any]:
    """The description of a run folder: experiment, hash, program, engine.

    Raises
    ------
    RunFolderError
        If it is missing or damaged.
    """
    return read_json(folder / DESCRIPTION, "experiment", "hash", "program", "engine")


def read_untrained(folder: Path) -> dict[str, Any]:
    """The conductances of a run folder's untrained starts, and of the saturated film, in S.

    Raises
    ------
    RunFolderError
        If they are missing or damaged.
    """
    return read_json(folder / UNTRAINED, "seeds", "conductance", "saturated")


class Journal:
    """Records appended line by line, each with a CRC-32 of its text.

    A torn last line, as a crash leaves it, does not count and is cut off before the next append.

    Raises
    ------
    RunFolderError
        If a line other than the last is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records, self._end, damaged = read_records(path)
        if damaged:
            raise RunFolderError(
                f"{path}: line {damaged} is damaged; `orchestrator campaign check --repair` lets "
                "what follows be computed again"
            )

    def append(self, record: dict[str, Any]) -> None:
        """Commit a record: when this returns, it is on disk."""
        line = journal_line(record)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            os.ftruncate(descriptor, self._end)
            written = 0
            while written < len(line):
                written += os.pwrite(descriptor, line[written:], self._end + written)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._end += len(line)
        self.records.append(record)


def read_records(path: Path) -> tuple[list[dict[str, Any]], int, int]:
    """Intact records of a journal up to the first damage, their length in bytes, the damaged line.

    The damaged line is 0 where there is none; a torn last line is none.
    """
    records: list[dict[str, Any]] = []
    end = 0
    try:
        lines = path.read_bytes().split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return [], 0, 0
    for number, line in enumerate(lines[:-1], start=1):
        record = _checked(line)
        if record is None:
            return records, end, number if number < len(lines) - 1 else 0
        records.append(record)
        end += len(line) + 1
    return records, end, 0


def journal_line(record: dict[str, Any]) -> bytes:
    """A record as a line of a journal: CRC-32 and JSON."""
    text = json.dumps(record, separators=(",", ":"), allow_nan=False)
    return f"{zlib.crc32(text.encode()):08x} {text}\n".encode()


def _checked(line: bytes) -> dict[str, Any] | None:
    checksum, _, text = line.partition(b" ")
    try:
        return json.loads(text) if int(checksum, 16) == zlib.crc32(text) else None
    except ValueError:
        return None
