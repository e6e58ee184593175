"""The names that scripts may use, and those refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from orchestrator.engines.cpu.language.functions import Function, function_of, methods_of
from orchestrator.engines.cpu.language.nodes import EngineVariable
from orchestrator.engines.cpu.language.scope import Scope
from orchestrator.engines.cpu.language.stdlib import add_stdlib


class Names:
    """The outermost scope of scripts, with the names of the language.

    Attributes
    ----------
    scope : Scope
        Names and their meanings; scripts add their variables.
    unsupported : dict of str to str
        Names in lower case that are refused, with the reason.
    """

    def __init__(self) -> None:
        self.scope = Scope()
        self.unsupported: dict[str, str] = {}
        add_stdlib(self.scope)

    def declare_functions(self, *functions: Callable[..., Any]) -> None:
        """Give annotated functions a script name: theirs without underscores."""
        for function in functions:
            found = function_of(function)
            self.scope.declare(found.name, found)

    def declare_commands(self, commands: object) -> None:
        """Make the exposed methods of an object functions of the script."""
        kind: type = type(commands)
        for name, method in methods_of(kind).items():
            call = method.call.__get__(commands)
            self.scope.declare(
                name, Function(name, method.parameters, method.returns, call, method.variadic)
            )

    def declare_object(
        self,
        name: str,
        value: object,
        assign: Callable[[Any], None] | None = None,
        input_type: type = float,
    ) -> None:
        """Name an object; `assign` takes what a script assigns to it."""
        self.scope.declare(
            name,
            EngineVariable(
                name, type(value), lambda: value, assign, input_type=input_type, freezes=False
            ),
        )

    def declare_variable(
        self,
        name: str,
        kind: type,
        read: Callable[[], Any],
        write: Callable[[Any], None] | None = None,
        *,
        is_time: bool = False,
    ) -> None:
        """Name a number, string or boolean of the engine."""
        self.scope.declare(
            name, EngineVariable(name, kind, read, write, input_type=kind, is_time=is_time)
        )

    def refuse(self, names: Iterable[str], reason: str) -> None:
        """Refuse names that mumax3 has, with a reason."""
        self.unsupported |= {name.lower(): reason for name in names}

    def value(self, name: str) -> object:
        """The object that a name stands for; None if it stands for none."""
        meaning: Any = self.scope.find(name)
        return meaning.evaluate() if hasattr(meaning, "evaluate") else None
