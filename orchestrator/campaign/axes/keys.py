"""Dotted keys into a description, such as `training.voltage` or `contacts.*.size`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.base.errors import InputError
from orchestrator.describe.validation import nearest


def dotted_keys(description: Any, prefix: str = "") -> list[str]:
    """All dotted keys of a description, branches and leaves; list members by number."""
    members: list[tuple[str, Any]] = []
    if isinstance(description, dict):
        members = list(description.items())
    elif isinstance(description, list) and any(isinstance(v, dict) for v in description):
        members = [(str(k), v) for k, v in enumerate(description)]
    keys = []
    for name, value in members:
        keys += [f"{prefix}{name}", *dotted_keys(value, f"{prefix}{name}.")]
    return keys


def check_key(description: dict[str, Any], key: str) -> None:
    """Make sure that a dotted key exists in a description.

    Raises
    ------
    InputError
        With the nearest key that does.
    """
    if not _expand(description, key):
        known = dotted_keys(description)
        owner = key.partition(".")[0]
        if owner in description and description[owner] is None:
            raise InputError(
                f"{key!r}: the base has no {owner}; give it one, or change {owner} as a whole"
            )
        sections = [name for name in known if "." not in name]
        hint = nearest(key, known, "sections", sections)
        raise InputError(f"{key!r} is no key of the experiment; {hint}")


def check_changes(description: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Make sure that changes name existing keys that can be swept.

    Raises
    ------
    InputError
        If one does not.
    """
    if not isinstance(changes, Mapping):
        raise InputError(f"change: must be a table of dotted keys and values, not {changes!r}")
    for key, value in changes.items():
        check_key(description, key)
        if key.startswith("start.m0") or (isinstance(value, dict) and value.get("m0")):
            raise InputError("start.m0 cannot be changed here; write one base for each file")


def changed(description: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a description with other values at some dotted keys, which must exist."""
    result = copy.deepcopy(description)
    for key, value in changes.items():
        check_key(result, key)
        for path in _expand(result, key):
            owner: Any = result
            for part in path[:-1]:
                owner = owner[part]
            owner[path[-1]] = copy.deepcopy(value)
    return result


def overrides(points: Iterable[Mapping[str, Any]], key: str) -> bool:
    """Whether each of some points sets all that a key stands for, whatever was there before."""
    return all(any(_covers(other, key) for other in point) for point in points)


def _covers(other: str, key: str) -> bool:
    """Whether a key stands for another one's whole branch: `contacts.*` for `contacts.0.size`."""
    parts, inner = other.split("."), key.split(".")
    return len(parts) <= len(inner) and all(
        a == b or (a == "*" and (b == "*" or b.isdigit()))
        for a, b in zip(parts, inner, strict=False)
    )


def _expand(description: Any, key: str) -> list[list[Any]]:
    """The paths that a key stands for; `*` is every member of a list."""
    paths: list[tuple[list[Any], Any]] = [([], description)]
    for part in key.split("."):
        following: list[tuple[list[Any], Any]] = []
        for path, value in paths:
            if isinstance(value, dict) and part in value:
                following.append(([*path, part], value[part]))
            elif isinstance(value, list):
                chosen = range(len(value)) if part == "*" else _index(part, len(value))
                following += [([*path, k], value[k]) for k in chosen]
        paths = following
    return [path for path, _ in paths]


def _index(part: str, length: int) -> list[int]:
    return [int(part)] if part.isdigit() and int(part) < length else []
