"""What was wrong with a description, in the words of its keys."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from orchestrator.base.errors import InputError

T = TypeVar("T")


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


def validated(adapter: TypeAdapter[T], table: Any) -> T:
    """What a table of a file describes; strictly, so that `true` is no 1 and "2" no number.

    Raises
    ------
    ValidationError
        See `explained`.
    """
    return adapter.validate_json(json.dumps(table, default=str), strict=True)


def explained(error: ValidationError, root: type, where: str = "") -> InputError:
    """What pydantic refuses, in the words of the description's keys: one line for each problem.

    Parameters
    ----------
    error : ValidationError
        What pydantic raised.
    root : type
        The dataclass that was validated.
    where : str
        Put in front of each line, such as the name of a file.
    """
    problems = _without_other_kinds(error.errors())
    meant = {guess for problem in problems if (guess := _meant(problem, root))}
    lines = [
        _explain(problem, root)
        for problem in problems
        if not (problem["type"] in _MISSING and problem["loc"] in meant)
    ]
    return InputError("\n".join(f"{where}: {line}" if where else line for line in lines))


def _without_other_kinds(problems: Sequence[Any]) -> list[Any]:
    """Without what is said of a table as a number or a word, where its own faults are told."""

    def of_table(problem: Any) -> bool:
        wrong_kind = problem["type"] in ("float_type", "literal_error")
        return not (wrong_kind and isinstance(problem["input"], dict))

    def told(problem: Any) -> bool:
        place, size = problem["loc"][:-1], len(problem["loc"])
        beside = (p for p in problems if p["loc"][: size - 1] == place)
        return any(of_table(p) or len(p["loc"]) > size for p in beside)

    return [p for p in problems if of_table(p) or not told(p)]


_MISSING = ("missing", "missing_argument")


def _meant(problem: Any, root: type) -> tuple[Any, ...] | None:
    """The place that an unknown key was probably meant for; that it is missing needs no word."""
    if problem["type"] != "unexpected_keyword_argument":
        return None
    *place, key = problem["loc"]
    _, owner, _ = _walk(problem["loc"], root)
    close = difflib.get_close_matches(key, [f.name for f in dataclasses.fields(owner)], 1, 0.7)
    return (*place, close[0]) if close else None


def _explain(problem: Any, root: type) -> str:
    """Key, what was wrong, what would be right."""
    parts, owner, kind = _walk(problem["loc"], root)
    key = ".".join(parts)
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "unexpected_keyword_argument":
        valid = [f.name for f in dataclasses.fields(owner)]
        return f"{key}: unknown key; {nearest(parts[-1], valid)}"
    if problem["type"] in _MISSING:
        return f"{key}: required, but missing"
    if problem["type"] in ("union_tag_not_found", "union_tag_invalid"):
        known = ", ".join(map(repr, _members(kind)))
        if isinstance(problem.get("input"), str):
            return f"{key}: must be one of {_names(kind)} or a table with shape = {known}"
        return f"{key}.shape: must be one of {known}"
    got = problem.get("input")
    plain = isinstance(got, str | int | float | bool | NoneType)
    stated = f" (got {got!r})" if plain else f" (got {type(got).__name__})"
    if "got " in message or not (plain or message.startswith("Input should")):
        stated = ""
    return f"{key}: {message}{stated}" if key else message


def _walk(location: Iterable[Any], root: type) -> tuple[list[str], Any, Any]:
    """Keys on the way to a value, the dataclass that holds it, and its type.

    The names by which pydantic tells the members of a union apart are left out of the keys.
    """
    parts: list[str] = []
    owner: Any = None
    kind: Any = root
    for part in location:
        members = _members(kind)
        if members and part in members:
            kind = members[part]
            continue
        plain = _plain(kind)
        if get_origin(plain) is dict:
            parts.append(str(part))
            kind = get_args(plain)[1]
            continue
        if get_origin(plain) in (Union, UnionType) and not members:
            named = [k for k in map(_plain, get_args(plain)) if getattr(k, "__name__", "") == part]
            kind = named[0] if named else None
            continue
        if isinstance(part, int) and is_dataclass(plain):  # an argument without its name
            names = [f.name for f in dataclasses.fields(plain) if not f.kw_only]
            part = names[part] if part < len(names) else part
        parts.append(str(part))
        if isinstance(part, int):
            arguments = [a for a in get_args(plain) if a is not Ellipsis]
            kind = arguments[min(part, len(arguments) - 1)] if arguments else None
            continue
        owner = plain
        hints = get_type_hints(owner, include_extras=True) if is_dataclass(owner) else {}
        kind = hints.get(part)
    return parts, owner, kind


def _plain(kind: Any) -> Any:
    """A type without `None` and annotations."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        rest = [k for k in get_args(kind) if k is not NoneType]
        return _plain(rest[0]) if len(rest) == 1 else kind
    return kind


def _members(kind: Any) -> dict[str, Any]:
    """The dataclasses of a union that are told apart by their `shape`, by shape."""
    plain = _plain(kind)
    found = get_args(plain) if get_origin(plain) in (Union, UnionType) else ()
    kinds = map(_plain, found)
    return {k.shape: k for k in kinds if is_dataclass(k) and hasattr(k, "shape")}


def _names(kind: Any) -> str:
    """The words that may stand for a member of such a union."""
    found = map(_plain, get_args(_plain(kind)))
    return ", ".join(repr(w) for k in found if get_origin(k) is Literal for w in get_args(k))
