"""Checked statements, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.base.errors import OrchestratorError
from orchestrator.engines.cpu.language.errors import FatalError, PanicError, ScriptError
from orchestrator.engines.cpu.language.nodes import EngineVariable, Expression, Variable

Guard = Callable[[], None]
"""Called before every statement; raises to end the script."""


@dataclass(frozen=True)
class Statement:
    """A statement with its place in the script."""

    line: int
    text: str

    def execute(self, guard: Guard) -> None:
        """Run the statement.

        Raises
        ------
        ScriptError
            With line and text of the statement, whatever goes wrong.
        """
        guard()
        try:
            self.run(guard)
        except ScriptError as error:
            error.locate(self.line, self.text)
            raise
        except OrchestratorError as error:
            raise FatalError(str(error), self.line, self.text) from error
        except MemoryError:
            raise FatalError("out of memory", self.line, self.text) from None
        except OSError as error:
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise FatalError(what, self.line, self.text) from error
        except (ArithmeticError, RecursionError) as error:
            raise PanicError(str(error), self.line, self.text) from error

    def run(self, guard: Guard) -> None:
        """What the statement does."""


@dataclass(frozen=True)
class Evaluate(Statement):
    """An expression for its effect."""

    expression: Expression

    def run(self, guard: Guard) -> None:
        self.expression.evaluate()


@dataclass(frozen=True)
class Assign(Statement):
    """`:=`, `=`, `+=`, `-=`, `++`, `--`: a value for a variable."""

    target: Variable | EngineVariable
    value: Expression

    def run(self, guard: Guard) -> None:
        self.target.assign(self.value.evaluate())


@dataclass(frozen=True)
class Block(Statement):
    """`{ ... }`."""

    body: Sequence[Statement]

    def run(self, guard: Guard) -> None:
        for statement in self.body:
            statement.execute(guard)


@dataclass(frozen=True)
class If(Statement):
    """`if condition { ... } else { ... }`."""

    condition: Expression
    then: Statement
    otherwise: Statement | None

    def run(self, guard: Guard) -> None:
        if self.condition.evaluate():
            self.then.execute(guard)
        elif self.otherwise is not None:
            self.otherwise.execute(guard)


@dataclass(frozen=True)
class For(Statement):
    """`for start; condition; step { ... }` and its shorter forms."""

    start: Statement | None
    condition: Expression | None
    step: Statement | None
    body: Statement

    def run(self, guard: Guard) -> None:
        if self.start is not None:
            self.start.execute(guard)
        while self.condition is None or self.condition.evaluate():
            self.body.execute(guard)
            if self.step is not None:
                self.step.execute(guard)
