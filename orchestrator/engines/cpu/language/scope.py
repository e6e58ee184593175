"""Names and what they mean: Go's lexical scopes with mumax3's disregard of case."""

from __future__ import annotations

from orchestrator.engines.cpu.language.functions import Function
from orchestrator.engines.cpu.language.nodes import Constant, EngineVariable, Variable

Meaning = Function | Constant | EngineVariable | Variable


class Scope:
    """The names declared in one block, in front of those around it."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.outer = outer
        self.names: dict[str, Meaning] = {}

    def find(self, name: str) -> Meaning | None:
        """What a name means here, None if nothing."""
        scope: Scope | None = self
        while scope is not None:
            if (meaning := scope.names.get(name.lower())) is not None:
                return meaning
            scope = scope.outer
        return None

    def declare(self, name: str, meaning: Meaning) -> bool:
        """Give a new name a meaning; False if this scope has the name already."""
        if name.lower() in self.names:
            return False
        self.names[name.lower()] = meaning
        return True
