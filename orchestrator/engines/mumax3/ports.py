"""Whose port it is: a command must not go to a stranger that listens where mumax3 should."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_LISTENS = "0A"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_strangers(port: int, session: int) -> bool:
    """Whether only processes outside a session listen on a port.

    Parameters
    ----------
    port : int
        The port.
    session : int
        Number of the session, as of the process that leads it.

    Returns
    -------
    bool
        False also where the system does not tell: it has no `/proc`.
    """
    sockets = _listening(port)
    if not sockets:
        return False
    return not any(sockets & set(_sockets_of(process)) for process in _members(session))


def _listening(port: int) -> set[str]:
    """The sockets that listen on a port, by their inode."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                    found.add(words[9])
    return found


def _members(session: int) -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getsid(int(process.name)) == session:
                yield process


def _sockets_of(process: Path) -> Iterator[str]:
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                target = os.readlink(descriptor)
                if target.startswith("socket:["):
                    yield target.removeprefix("socket:[").removesuffix("]")
