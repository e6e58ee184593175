"""`sprintf` with Go's verbs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from orchestrator.engines.cpu.language.types import type_name
from orchestrator.engines.cpu.language.values import go_format

_VERB = re.compile(r"%(?P<flags>[-+ 0#]*)(?P<width>\d*)(?:\.(?P<digits>\d*))?(?P<verb>.)", re.S)
_FLOATS, _INTEGERS = "eEfFgG", "dxXo"


def go_sprintf(text: str, values: Sequence[Any]) -> str:
    """A text with values at its verbs, as Go's fmt writes it, wrong verbs included."""
    left = list(values)

    def written(match: re.Match[str]) -> str:
        verb = match["verb"]
        if verb == "%":
            return "%"
        if not left:
            return f"%!{verb}(MISSING)"
        return _written(match, left.pop(0))

    result = _VERB.sub(written, text)
    if left:
        extra = ", ".join(f"{type_name(type(v))}={go_format(v)}" for v in left)
        result += f"%!(EXTRA {extra})"
    return result


def _written(match: re.Match[str], value: Any) -> str:
    flags, width, verb = match["flags"], match["width"], match["verb"]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    whole = number and isinstance(value, int)
    if verb in _FLOATS and number and not whole:
        if verb in "gG" and match["digits"] is None:
            return _padded(go_format(value), flags, width)
        digits = match["digits"]
        precision = "" if digits is None else f".{digits}"
        return f"%{flags}{width}{precision}{verb}" % value
    if verb in _INTEGERS and whole:
        return f"%{flags}{width}{verb}" % value
    if verb == "v":
        return _padded(go_format(value), flags, width)
    if verb == "t" and isinstance(value, bool):
        return _padded(go_format(value), flags, width)
    if verb in "sq" and isinstance(value, str):
        return _padded(f'"{value}"' if verb == "q" else value, flags, width)
    return f"%!{verb}({type_name(type(value))}={go_format(value)})"


def _padded(text: str, flags: str, width: str) -> str:
    size = int(width or 0)
    return text.ljust(size) if "-" in flags else text.rjust(size)
