"""The index of a campaign: the values of its runs once more, to be read at once.

`index.sqlite` lies in the campaign's folder and is never trusted over the runs. It notes for each
run size and times of the files that its values come from, and their checksum. Where size or times
differ, the checksums are compared; where those differ, the run is read again. Each block of values
has a checksum of its own. An index that is damaged, of another campaign or of another version of
the program is made anew; where it cannot be written, the runs are read.
"""

from __future__ import annotations

import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from orchestrator.base.files import crc32
from orchestrator.run.folder import FINISHED, JOURNAL, UNTRAINED

INDEX = "index.sqlite"

_SETTLED = 2_000_000_000
"""Age in ns from which a file's times tell whether it has changed."""
_WAIT = 10.0
"""Time in s to wait for another process that writes to the index."""
_TABLES = (
    "CREATE TABLE about (about TEXT NOT NULL)",
    "CREATE TABLE runs (run TEXT PRIMARY KEY, times TEXT NOT NULL, checksum TEXT NOT NULL)",
    "CREATE TABLE blocks (run TEXT, variable TEXT, shape TEXT NOT NULL, checksum INTEGER NOT NULL, "
    "data BLOB NOT NULL, PRIMARY KEY (run, variable))",
)
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)

T = TypeVar("T")


@dataclass(frozen=True)
class Stamp:
    """What tells whether a run is as it was.

    Attributes
    ----------
    times : str
        Size and times of each file; empty where a file is too young for its times to tell.
    checksum : str
        Of the contents of all of them.
    """

    times: str
    checksum: str


def times_of(run: Path) -> str:
    """Sizes and times of the files that a run's values come from; empty while they are young."""
    parts, newest = [], 0
    for path in _sources(run):
        try:
            found = os.stat(path)
        except FileNotFoundError:
            continue
        name = path.removeprefix(str(run))
        parts.append(f"{name} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}")
        newest = max(newest, found.st_mtime_ns, found.st_ctime_ns)
    return "" if time.time_ns() - newest < _SETTLED else crc32("\n".join(parts).encode())


def stamp_of(run: Path) -> Stamp:
    """The stamp of a run folder as it is now."""
    times, contents = times_of(run), []
    for path in _sources(run):
        with suppress(FileNotFoundError):
            content = Path(path).read_bytes()
            contents.append(f"{path.removeprefix(str(run))} {len(content)} {crc32(content)}")
    return Stamp(times, crc32("\n".join(contents).encode()))


def _sources(run: Path) -> list[str]:
    """Journals, untrained starts, and the mark of a finished run; there or not."""
    names: list[str] = []
    with suppress(FileNotFoundError):
        names = os.listdir(run)
    trainings = sorted(name for name in names if name.isdecimal())
    return [
        *(f"{run}/{training}/{JOURNAL}" for training in trainings),
        f"{run}/{UNTRAINED}",
        f"{run}/{FINISHED}",
    ]


class Index:
    """The index of a campaign's folder, made where there is none.

    An error of the database is none of its user's: from then on the index is empty and takes
    nothing, and where it is damaged it is removed.

    Parameters
    ----------
    campaign : Path
        The campaign's folder.
    key : str
        The campaign's hash.
    """

    def __init__(self, campaign: Path, key: str) -> None:
        self._path = campaign / INDEX
        self._connection: sqlite3.Connection | None = None
        about = f"{key} {_program()}"
        for _ in range(2):
            if self._connection is None:
                self._open(about)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def stamp(self, run: str) -> Stamp | None:
        """The stamp of a run, by the name of its folder; None where it is not in the index."""
        query = "SELECT times, checksum FROM runs WHERE run = ?"
        found = self._tried(lambda c: c.execute(query, (run,)).fetchone(), None)
        return None if found is None else Stamp(*found)

    def put(self, runs: Mapping[str, tuple[Stamp, Mapping[str, np.ndarray]]]) -> None:
        """Take in the values of some runs, or replace them; all or none."""
        names = [(run,) for run in runs]
        stamps = [(run, stamp.times, stamp.checksum) for run, (stamp, _) in runs.items()]
        blocks = [
            _row(run, variable, value)
            for run, (_, values) in runs.items()
            for variable, value in values.items()
        ]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("DELETE FROM blocks WHERE run = ?", names)
                connection.executemany("REPLACE INTO runs VALUES (?, ?, ?)", stamps)
                connection.executemany("REPLACE INTO blocks VALUES (?, ?, ?, ?, ?)", blocks)

        self._tried(write, None)

    def restamp(self, stamps: Mapping[str, Stamp]) -> None:
        """Note other times of runs whose contents are the same."""
        rows = [(stamp.times, run) for run, stamp in stamps.items()]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("UPDATE runs SET times = ? WHERE run = ?", rows)

        self._tried(write, None)

    def get(self, run: str, variable: str) -> np.ndarray | None:
        """The values of a variable in a run; None where they are not there or damaged."""
        query = "SELECT shape, checksum, data FROM blocks WHERE run = ? AND variable = ?"
        found = self._tried(lambda c: c.execute(query, (run, variable)).fetchone(), None)
        if found is None:
            return None
        shape, checksum, data = found
        if checksum != _checksum(run, variable, shape, data):
            self._tried(lambda c: self._forget(c, run), None)
            return None
        return np.frombuffer(data).reshape([int(n) for n in shape.split()])

    def _forget(self, connection: sqlite3.Connection, run: str) -> None:
        """Have a run read again the next time."""
        with connection:
            connection.execute("DELETE FROM runs WHERE run = ?", (run,))

    def _tried(self, action: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        if self._connection is None:
            return otherwise
        try:
            return action(self._connection)
        except sqlite3.Error as error:
            self._close()
            if error.sqlite_errorcode in _DAMAGE:
                self._remove()
            return otherwise

    def _open(self, about: str) -> None:
        """Open the file, make its tables, and remove it where it is not what it should be."""
        try:
            self._connection = sqlite3.connect(self._path, timeout=_WAIT)
        except sqlite3.Error:
            return
        if os.access(self._path.parent, os.W_OK):
            self._tried(lambda c: _make_tables(c, about), None)
        query = "SELECT about FROM about"
        found: list[Any] = self._tried(lambda c: c.execute(query).fetchall(), [(about,)])
        if found != [(about,)]:
            self._close()
            self._remove()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _remove(self) -> None:
        for path in (self._path, self._path.with_name(f"{INDEX}-journal")):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _make_tables(connection: sqlite3.Connection, about: str) -> None:
    connection.execute("PRAGMA synchronous = OFF")  # a torn index is made anew
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if not connection.execute("SELECT name FROM sqlite_master").fetchall():
            for table in _TABLES:
                connection.execute(table)
            connection.execute("INSERT INTO about VALUES (?)", (about,))


def _row(run: str, variable: str, value: np.ndarray) -> tuple[str, str, str, int, bytes]:
    data = np.ascontiguousarray(value, dtype=float).tobytes()
    shape = " ".join(map(str, value.shape))
    return run, variable, shape, _checksum(run, variable, shape, data), data


def _checksum(run: str, variable: str, shape: str, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(f"{run} {variable} {shape}".encode()))


@cache
def _program() -> str:
    """Checksum of the code by which values come from the files of a run."""
    package = Path(__file__).parents[2]
    sources = sorted(path for room in ("learning", "run") for path in (package / room).glob("*.py"))
    return crc32(b"".join(path.read_bytes() for path in sources))
