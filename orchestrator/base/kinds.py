"""Arguments of the wrong kind, told in the program's own words."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.base.errors import InputError


def check_kind(name: str, value: object, kind: type, instead: str = "") -> None:
    """Refuse an argument of another class.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
        What was given.
    kind : type
        What belongs there.
    instead : str
        How to come by one.

    Raises
    ------
    InputError
        With name, both classes, and what to do instead.
    """
    if not isinstance(value, kind):
        hint = f"; {instead}" if instead else ""
        raise InputError(f"{name}: must be {_a(kind)}, got {_a(type(value))}{hint}")


def as_path(name: str, value: object) -> Path:
    """The path that an argument gives.

    Raises
    ------
    InputError
        If it is neither a string nor a path.
    """
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(path, str) or not path or "\0" in path:
        got = f"{path!r}" if isinstance(path, str) else _a(type(value))
        raise InputError(f"{name}: must be the path of a file or folder, got {got}")
    return Path(path)


def _a(kind: type) -> str:
    if kind is type(None):
        return "None"
    return f"{'an' if kind.__name__[0] in 'AEIOaeio' else 'a'} {kind.__name__}"
