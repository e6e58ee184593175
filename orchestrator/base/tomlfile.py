"""Reading TOML files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from orchestrator.base.errors import InputError

_DEEPEST = 32
"""Levels of tables and arrays; ours have a handful."""


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises
    ------
    InputError
        If the file cannot be read, is not TOML, or has tables within tables without end.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:  # also numbers of 5000 digits and deep nesting
        raise InputError(f"{path}: not a TOML file ({error})") from None
    _check_depth(path, content)
    return content


def _check_depth(path: Path, content: dict[str, Any]) -> None:
    level: list[Any] = [content]
    for _ in range(_DEEPEST):
        level = [part for table in level for part in _parts(table)]
        if not level:
            return
    raise InputError(f"{path}: not a file of ours, its tables are nested {_DEEPEST} levels deep")


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
