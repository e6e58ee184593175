"""JSON files of a run that appear whole, and tell whether they are as they were written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import crc32, write_whole

_CHECKSUM = "checksum"


def write_note(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file with a checksum of its content, whole or not at all."""
    write_json(path, content | {_CHECKSUM: _checksum_of(content)})


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_whole(path, (json.dumps(content, indent=1) + "\n").encode())


def read_note(path: Path, *parts: str) -> dict[str, Any]:
    """The content of a file of `write_note`, whose keys are `parts`.

    Files without a checksum, as older versions wrote them, hold these keys and nothing else.

    Raises
    ------
    RunFolderError
        If it is missing or damaged.
    """
    found = read_json(path, *parts)
    stored = found.pop(_CHECKSUM, None)
    if stored is None and set(found) != set(parts):
        unknown = ", ".join(sorted(set(found) - set(parts)))
        raise RunFolderError(f"{path}: damaged (no checksum, and the unknown key {unknown})")
    if stored is not None and stored != _checksum_of(found):
        raise RunFolderError(f"{path}: damaged (its checksum is wrong)")
    return found


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
    except (ValueError, RecursionError) as error:
        raise RunFolderError(f"{path}: damaged ({error})") from None
    if not isinstance(found, dict) or not all(part in found for part in parts):
        raise RunFolderError(f"{path}: damaged (it must hold {', '.join(parts)})")
    return found


def _checksum_of(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return crc32(text.encode())
