"""Locks against a second writer: a file with host, process and heartbeat, on any file system.

The lock is a small JSON file that appears whole. Its holder touches it every few seconds. It is
stale when its process is known to be gone (same host and boot), or when its heartbeat is old
(another host). A stale lock is replaced while a second lock, named after the stale one's token, is
held: so two processes cannot both take over the same lock, nor take a fresh one for a stale one.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.base.errors import BlockedError

HEARTBEAT = 5.0
"""Seconds between two touches of a held lock."""
STALE_AFTER = 60.0
"""Seconds without a touch after which a lock of another host is stale."""


_CLOCK = ".clock"


class InUseError(BlockedError):
    """Another process holds the lock."""


@dataclass(frozen=True)
class Owner:
    """Who holds a lock: host with boot and process namespace, process with its start time."""

    host: str
    machine: str
    pid: int
    started: str
    token: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class Lock:
    """A held lock.

    Parameters
    ----------
    path : Path
        The lock file.

    Raises
    ------
    InUseError
        If another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owner = _myself()
        _take(path, self.owner)
        _clear(path)
        self._released = threading.Event()
        self._heart = threading.Thread(target=self._beat, name=f"lock {path}", daemon=True)
        self._heart.start()

    def check(self) -> None:
        """Make sure that the lock is still ours.

        Raises
        ------
        BlockedError
            If another process has taken it over, as after this one was suspended for long.
        """
        found = _read(self.path)
        if found is None or found.token != self.owner.token:
            by = "gone" if found is None else f"now held by {found}"
            raise BlockedError(f"{self.path}: the lock was lost, it is {by}")

    def is_held(self) -> bool:
        """Whether the lock is still ours."""
        found = _read(self.path)
        return found is not None and found.token == self.owner.token

    def release(self) -> None:
        """Give the lock back."""
        self._released.set()
        self._heart.join()
        if self.is_held():
            self.path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._released.wait(HEARTBEAT):
            try:
                os.utime(self.path)
            except OSError:
                return


@contextmanager
def locked(path: Path) -> Iterator[Lock]:
    """Hold the lock file `path` against a second writer; see `Lock`."""
    lock = Lock(path)
    try:
        yield lock
    finally:
        lock.release()


def holder(path: Path) -> Owner | None:
    """The live holder of a lock file, None where it is free or stale."""
    found = _read(path)
    return None if found is None or _is_stale(path, found) else found


def _take(path: Path, owner: Owner) -> None:
    if _create(path, owner):
        return
    found = _read(path)
    if found is None:
        if not _create(path, owner):
            raise InUseError(f"{path.parent}: in use by a process that has just begun")
        return
    if not _is_stale(path, found):
        raise InUseError(f"{path.parent}: in use by {found}")
    right = path.with_name(f"{path.name}.{found.token[:12]}")
    _take(right, owner)
    try:
        again = _read(path)
        if again is None or again.token != found.token:
            raise InUseError(f"{path.parent}: in use by a process that has just begun")
        os.replace(_written(path, owner), path)
    finally:
        right.unlink(missing_ok=True)


def _clear(path: Path) -> None:
    """Remove what killed processes have left beside a lock: none lives this long."""
    left = [*path.parent.glob(f"{path.name}.*.tmp"), *path.parent.glob(f"{_CLOCK}.*")]
    now = _now(path.parent) if left else 0.0
    for file in left:
        with suppress(FileNotFoundError):
            if now - file.stat().st_mtime > STALE_AFTER:
                file.unlink()


def _written(path: Path, owner: Owner) -> Path:
    temporary = path.with_name(f"{path.name}.{owner.token}.tmp")
    try:
        temporary.write_text(json.dumps(asdict(owner)))
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _create(path: Path, owner: Owner) -> bool:
    """Let the lock file appear with its content, unless there is one."""
    temporary = _written(path, owner)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:
        return _create_without_links(path, owner)
    finally:
        temporary.unlink()
    return True


def _create_without_links(path: Path, owner: Owner) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with open(descriptor, "w") as file:
        file.write(json.dumps(asdict(owner)))
    return True


def _read(path: Path) -> Owner | None:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    try:
        return Owner(**json.loads(text))
    except (ValueError, TypeError):
        return Owner("an unknown host", "", 0, "", f"damaged{len(text)}")


def _is_stale(path: Path, owner: Owner) -> bool:
    if owner.machine and owner.machine == _machine():
        return _started(owner.pid) != owner.started
    try:
        age = _now(path.parent) - path.stat().st_mtime
    except FileNotFoundError:
        return True
    return age > STALE_AFTER


def _now(folder: Path) -> float:
    """The file system's time, which another host's touches are measured in."""
    probe = folder / f"{_CLOCK}.{uuid.uuid4().hex}"
    try:
        probe.touch()
        now = probe.stat().st_mtime
        probe.unlink()
    except OSError:
        return time.time()
    return now


def _myself() -> Owner:
    pid = os.getpid()
    return Owner(socket.gethostname(), _machine(), pid, _started(pid) or "", uuid.uuid4().hex)


def _machine() -> str:
    """Names a host between two boots and, in containers, its own table of processes."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()} {boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def _started(pid: int) -> str | None:
    """When a living process of this host started, in ticks where the system tells; None if dead."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    except OSError:
        pass
    else:
        return None if fields[0] in "ZX" else fields[19]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return ""
