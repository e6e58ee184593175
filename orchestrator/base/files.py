"""Files that appear whole or not at all, and are on the disk when they do; checksums."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from orchestrator.base.errors import RunFolderError


def sync(path: Path) -> None:
    """Bring a file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def synced(paths: Sequence[Path]) -> Iterator[None]:
    """Bring files and folders to the disk, all at once, while something else is done.

    Raises
    ------
    OSError
        If it fails for any of them.
    """
    done = [_threads().submit(sync, path) for path in paths]
    try:
        yield
    finally:
        wait(done)
    for one in done:
        one.result()


@cache
def _threads() -> ThreadPoolExecutor:
    """They wait for the disk."""
    return ThreadPoolExecutor(8, "disk")


os.register_at_fork(after_in_child=_threads.cache_clear)


@contextmanager
def written_whole(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A temporary name to write a file under, which then takes the place of `path`.

    The file is synced before it is renamed, unless it need not be durable: after a crash of the
    machine such a file may be torn. Where writing fails, what was there stays.
    """
    writer = f"{os.getpid()}-{threading.get_native_id()}"
    temporary = path.with_name(f".{path.name}.{writer}.tmp")
    try:
        yield temporary
        if durable:
            sync(temporary)
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | memoryview, *, durable: bool = True) -> str:
    """Write a file whole or not at all, see `written_whole`; the checksum of its content.

    Raises
    ------
    OSError
        If the disk does not take all of it; what was there stays.
    """
    with written_whole(path, durable=durable) as temporary:
        temporary.write_bytes(content)
    return crc32(content)


def crc32(content: bytes | memoryview) -> str:
    """CRC-32 of some bytes as 8 hexadecimal digits."""
    return f"{zlib.crc32(content):08x}"


def checksum(path: Path) -> str:
    """CRC-32 of a file as 8 hexadecimal digits.

    Raises
    ------
    RunFolderError
        If it cannot be read.
    """
    try:
        return crc32(path.read_bytes())
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be read ({error.strerror})") from None
