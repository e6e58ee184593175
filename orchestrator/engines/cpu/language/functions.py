"""What a script can call: Python functions and methods with their signatures."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

_Callable = TypeVar("_Callable", bound=Callable[..., Any])


@dataclass(frozen=True)
class Function:
    """A callable with the types that the checker needs.

    Attributes
    ----------
    parameters : tuple of type
        Types of the arguments; without meaning if `variadic`.
    returns : type
        Type of the result, NoneType for none.
    """

    name: str
    parameters: tuple[type, ...]
    returns: type
    call: Callable[..., Any]
    variadic: bool = False


def exposed(function: _Callable) -> _Callable:
    """Mark a method as visible to scripts, under its name without underscores."""
    function._exposed = True  # type: ignore[attr-defined]
    return function


def function_of(call: Callable[..., Any], name: str | None = None, *, method: bool = False) -> Any:
    """The `Function` of an annotated Python function (or unbound method)."""
    hints = typing.get_type_hints(call)
    parameters = list(inspect.signature(call).parameters.values())[1 if method else 0 :]
    variadic = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    types = () if variadic else tuple(hints[p.name] for p in parameters)
    returns = hints.get("return", type(None))
    return Function(name or script_name(call.__name__), types, returns, call, variadic)


def script_name(name: str) -> str:
    """The name of a Python function in scripts, which ignore case."""
    prefix = "ext_" if name.startswith("ext_") else ""
    return prefix + name[len(prefix) :].replace("_", "").lower()


@functools.cache
def methods_of(kind: Hashable) -> dict[str, Function]:
    """The methods of a class that scripts can call, by lower-case name."""
    found = {}
    for name, attribute in inspect.getmembers(kind, inspect.isfunction):
        if getattr(attribute, "_exposed", False):
            found[script_name(name)] = function_of(attribute, method=True)
    return found
