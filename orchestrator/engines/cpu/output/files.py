"""Files of a script: what goes wrong with them ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.base.errors import InputError
from orchestrator.base.files import written_whole
from orchestrator.engines.cpu.language.errors import FatalError


@contextmanager
def fatal(path: str | Path) -> Iterator[None]:
    """What goes wrong with a file ends the script.

    Raises
    ------
    FatalError
        Naming the file and what is wrong with it.
    """
    try:
        yield
    except InputError as error:
        raise FatalError(str(error)) from None
    except OSError as error:
        raise FatalError(f"{path}: {error.strerror}") from None


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    FatalError
        Naming the file and what prevents it, such as a full disk.
    """
    with fatal(path), written_whole(path) as temporary:
        temporary.write_bytes(data)
