"""Types of expressions and the conversions between them.

The type of an expression is a Python class: int, float, bool, str, NoneType for calls without
result, `Vector`, and the classes of the objects that scripts hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from orchestrator.engines.cpu.language.errors import CompileError
from orchestrator.engines.cpu.language.nodes import Constant, Expression
from orchestrator.engines.cpu.language.values import (
    BoolFunction,
    Closure,
    ScalarFunction,
    Vector,
    VectorFunction,
    as_integer,
)

_NAMES = {float: "float64", str: "string", type(None): "void"}


@runtime_checkable
class Gettable(Protocol):
    """An object that stands for a number or vector, as `E_total` does."""

    value_type: type

    def get(self) -> Any:
        """The present value."""


def type_name(kind: type) -> str:
    """A type's name in messages."""
    return _NAMES.get(kind, kind.__name__)


@dataclass(frozen=True)
class IntToFloat(Expression):
    """An int used as float."""

    operand: Expression
    type = float

    def children(self) -> tuple[Expression, ...]:
        return (self.operand,)

    def with_children(self, children: tuple[Expression, ...]) -> Expression:
        return IntToFloat(*children)

    def evaluate(self) -> float:
        return float(self.operand.evaluate())


@dataclass(frozen=True)
class FloatToInt(Expression):
    """A float used as int; must be integral."""

    operand: Expression
    type = int

    def children(self) -> tuple[Expression, ...]:
        return (self.operand,)

    def with_children(self, children: tuple[Expression, ...]) -> Expression:
        return FloatToInt(*children)

    def evaluate(self) -> int:
        return as_integer(self.operand.evaluate())


@dataclass(frozen=True)
class Get(Expression):
    """The value of an object that stands for one."""

    operand: Expression
    type: type

    def children(self) -> tuple[Expression, ...]:
        return (self.operand,)

    def fixed(self) -> Expression:
        return Constant(self.evaluate(), self.type)

    def evaluate(self) -> Any:
        return self.operand.evaluate().get()


@dataclass(frozen=True)
class Delay(Expression):
    """An expression handed over as a function."""

    operand: Expression
    type: type[Closure]

    def children(self) -> tuple[Expression, ...]:
        return (self.operand,)

    def with_children(self, children: tuple[Expression, ...]) -> Expression:
        return Delay(children[0], self.type)

    def evaluate(self) -> Closure:
        return self.type(self.operand)


def convert(expression: Expression, target: type, line: int, statement: str) -> Expression:
    """Make an expression of the target type, or say that it cannot be one.

    Raises
    ------
    CompileError
        If there is no such conversion.
    """
    source = expression.type
    if source is type(None):
        raise CompileError("void used as value", line, statement)
    if target is object or source is target:
        return expression
    if isinstance(target, type) and issubclass(source, target) and source is not bool:
        return expression
    if target is float:
        if source is int:
            return IntToFloat(expression)
        if getattr(source, "value_type", None) is float:
            return Get(expression, float)
    if target is Vector and getattr(source, "value_type", None) is Vector:
        return Get(expression, Vector)
    if target is int and source is float:
        return FloatToInt(expression)
    if target is ScalarFunction and source in (int, float):
        return Delay(convert(expression, float, line, statement), ScalarFunction)
    if target is ScalarFunction and getattr(source, "value_type", None) is float:
        return Delay(Get(expression, float), ScalarFunction)
    if target is VectorFunction and source is Vector:
        return Delay(expression, VectorFunction)
    if target is BoolFunction and source is bool:
        return Delay(expression, BoolFunction)
    raise CompileError(
        f"type mismatch: can not use type {type_name(source)} as {type_name(target)}",
        line,
        statement,
    )
