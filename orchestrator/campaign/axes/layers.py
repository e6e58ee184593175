"""Campaign files that are laid over others by `extends`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.base.errors import InputError
from orchestrator.base.tomlfile import read_toml
from orchestrator.describe.validation import nearest

_KEYS = ("name", "extends", "base", "change", "axes")


def laid_over(
    content: dict[str, Any], folder: Path, above: tuple[Path, ...] = ()
) -> dict[str, Any]:
    """The content with that of the file that it extends, and the base's path from here.

    Axes replace those of the same name, and changes of the other file at their own keys.

    Raises
    ------
    InputError
        If a key is unknown or has the wrong type, or a file extends itself.
    """
    if "film" in content and "base" not in content:
        raise InputError("this is an experiment; `orchestrator run` carries it out")
    for key in sorted(set(content) - set(_KEYS)):
        raise InputError(f"{key}: unknown key; {nearest(key, _KEYS)}")
    if not isinstance(content.get("change", {}), dict):
        raise InputError("change: must be a table of dotted keys and values")
    if not isinstance(content.get("axes", []), list):
        raise InputError("axes: must be a list of tables [[axes]]")
    for number, table in enumerate(content.get("axes", [])):
        if not isinstance(table, dict):
            raise InputError(f"axes {number}: must be a table, got {table!r}")
    content = dict(content)
    if isinstance(content.get("base"), str):
        content["base"] = str(folder / content["base"])
    if "extends" not in content:
        return content
    other = content.pop("extends")
    if not isinstance(other, str):
        raise InputError(f"extends: {other!r} must be the path of a campaign file")
    path = folder / other
    if path.resolve() in above:
        raise InputError(f"extends: {path} extends itself")
    try:
        below = laid_over(read_toml(path), path.parent, (*above, path.resolve()))
    except InputError as error:
        raise InputError(f"extends: {error}") from None
    axes = {
        table.get("name"): table for table in [*below.get("axes", []), *content.get("axes", [])]
    }
    varied = {key for table in content.get("axes", []) for key in _keys_of(table)}
    change = {k: v for k, v in below.get("change", {}).items() if k not in varied}
    change |= content.get("change", {})
    return below | content | {"change": change, "axes": list(axes.values())}


def _keys_of(axis: dict[str, Any]) -> set[str]:
    """The keys that an axis sets at all of its points, as far as its table is in order."""
    tables = [axis.get("zip"), *(axis.get(kind, {}) for kind in ("latin_hypercube", "sobol"))]
    ranges = [t.get("ranges", t) for t in tables if isinstance(t, dict)]
    return {
        str(axis.get("key")),
        *(key for table in ranges if isinstance(table, dict) for key in table),
    }
