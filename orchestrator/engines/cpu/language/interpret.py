"""Scripts executed in a world of names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orchestrator.engines.cpu.language.check import Checker
from orchestrator.engines.cpu.language.errors import CompileError
from orchestrator.engines.cpu.language.scope import Scope
from orchestrator.engines.cpu.language.statements import Guard, Statement

_RECURSION = 20_000
"""Calls within calls that the deepest tree needs which is parsed."""


@contextmanager
def _deep_calls() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def check_script(
    text: str, scope: Scope, unsupported: dict[str, str], find: Callable[[str], str]
) -> list[Statement]:
    """Check a whole script; its top-level variables enter the scope if all of it is right.

    Raises
    ------
    CompileError
        At the first statement that is wrong; the scope is as it was.
    """
    before = dict(scope.names)
    try:
        with _deep_calls():
            return Checker(scope, unsupported, find).check(text)
    except CompileError:
        scope.names = before
        raise


def run_script(
    program: list[Statement], guard: Guard, echo: Callable[[str], None] | None = None
) -> None:
    """Run checked statements in order, each announced to `echo`."""
    with _deep_calls():
        for statement in program:
            if echo is not None:
                echo(statement.text)
            statement.execute(guard)
