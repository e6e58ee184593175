"""What was wrong with a description, in the words of its keys."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from orchestrator.base.errors import InputError


def nearest(
    name: str, known: Sequence[str], title: str = "valid", listed: Sequence[str] | None = None
) -> str:
    """What a misspelt name may have meant, and what there is: the end of a message.

    Parameters
    ----------
    name : str
        What was given.
    known : sequence of str
        What could have been meant.
    title : str
        What they are.
    listed : sequence of str, optional
        What is listed in their place, where they are many.
    """
    close = difflib.get_close_matches(name, known, 1)
    names = f"{title}: {', '.join(known if listed is None else listed)}"
    return f"did you mean {close[0]!r}? ({names})" if close else names


def within(where: str, check: Callable[..., object], *arguments: Any) -> None:
    """Call a check; what it refuses is refused with the place in front.

    Raises
    ------
    InputError
        Where the check does.
    """
    try:
        check(*arguments)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def explain(problem: Any, root: type, sections: Mapping[str, type]) -> str:
    """One line about an error of pydantic: key, what was wrong, what would be right.

    Parameters
    ----------
    problem : mapping
        One of `ValidationError.errors()`.
    root : type
        The dataclass that was validated.
    sections : mapping
        The dataclass of each key, of each value of a contact's `shape`, and, as `area.SHAPE`, of
        each shape of an area.
    """
    shapes = [name for name, kind in sections.items() if _is_shape(name, kind)]
    loc = problem["loc"]
    key = ".".join(
        str(part)
        for k, part in enumerate(loc)
        if not (k and part in shapes and _has_shape(loc[k - 1]))
    )
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "unexpected_keyword_argument":
        valid = _valid_names(loc[:-1], root, sections)
        return f"{key}: unknown key; {nearest(str(loc[-1]), valid)}"
    if problem["type"] in ("missing", "missing_argument"):
        return f"{key}: required, but missing"
    if problem["type"] in ("union_tag_not_found", "union_tag_invalid"):
        of_areas = [name.removeprefix("area.") for name in sections if name.startswith("area.")]
        known = ", ".join(map(repr, of_areas if loc[-1] == "area" else shapes))
        return f"{key}.shape: must be one of {known}"
    got = problem.get("input")
    plain = isinstance(got, str | int | float | bool)
    stated = f" (got {got!r})" if plain and "got " not in message else ""
    return f"{key}: {message}{stated}" if key else message


def _has_shape(key: str | int) -> bool:
    """Whether the value of a key is told apart by its `shape`: an item of a list, or an area."""
    return isinstance(key, int) or key == "area"


def _is_shape(name: str, kind: type) -> bool:
    return any(f.name == "shape" and f.default == name for f in dataclasses.fields(kind))


def _valid_names(location: Iterable[Any], root: type, sections: Mapping[str, type]) -> list[str]:
    owner: Any = root
    before = ""
    for part in map(str, location):
        owner = sections.get(f"area.{part}" if before == "area" else part, owner)
        before = part
    return [f.name for f in dataclasses.fields(owner)]
