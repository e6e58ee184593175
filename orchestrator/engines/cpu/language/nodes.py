"""Checked expressions: trees that can be evaluated, searched for `t`, and frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.language.functions import Function

AnyType = type
"""The type `type`, whose name the attribute of expressions hides."""


class Expression:
    """A typed expression of a script."""

    type: type

    def evaluate(self) -> Any:
        """The present value."""
        raise NotImplementedError

    def children(self) -> tuple[Expression, ...]:
        """The expressions this one is made of."""
        return ()

    def with_children(self, children: tuple[Expression, ...]) -> Expression:
        """The same expression made of other children."""
        return self

    def uses_time(self) -> bool:
        """Whether `t` occurs in the expression."""
        return any(child.uses_time() for child in self.children())

    def fixed(self) -> Expression:
        """The expression with the present values of all variables but `t`."""
        return self.with_children(tuple(child.fixed() for child in self.children()))


@dataclass(frozen=True)
class Constant(Expression):
    """A value known when the script is checked, or a frozen variable."""

    value: Any
    type: type

    def evaluate(self) -> Any:
        return self.value


@dataclass(eq=False)
class Variable(Expression):
    """A script's variable: one storage cell per declaration."""

    name: str
    type: type
    value: Any = None

    def evaluate(self) -> Any:
        return self.value

    def fixed(self) -> Expression:
        return Constant(self.value, self.type)

    @property
    def input_type(self) -> AnyType:
        """The type that an assigned value must have."""
        return self.type

    def assign(self, value: Any) -> None:
        """Store a value."""
        self.value = value


@dataclass(eq=False)
class EngineVariable(Expression):
    """A name of the engine: a number or object that is read and perhaps assigned.

    `freezes` says whether a frozen closure keeps the value of the moment; objects and `t` stay
    live.
    """

    name: str
    type: type
    read: Callable[[], Any]
    write: Callable[[Any], None] | None = None
    input_type: AnyType = float
    is_time: bool = False
    freezes: bool = True

    def evaluate(self) -> Any:
        return self.read()

    def uses_time(self) -> bool:
        return self.is_time

    def fixed(self) -> Expression:
        return Constant(self.read(), self.type) if self.freezes and not self.is_time else self

    def assign(self, value: Any) -> None:
        """Hand a value to the engine."""
        assert self.write is not None
        self.write(value)


@dataclass(frozen=True)
class Operation(Expression):
    """A unary or binary operator applied to converted operands."""

    function: Callable[..., Any]
    operands: tuple[Expression, ...]
    type: type

    def children(self) -> tuple[Expression, ...]:
        return self.operands

    def with_children(self, children: tuple[Expression, ...]) -> Expression:
        return Operation(self.function, children, self.type)

    def evaluate(self) -> Any:
        return self.function(*[operand.evaluate() for operand in self.operands])


@dataclass(frozen=True)
class Logical(Expression):
    """`&&` and `||`, which evaluate the right side only if needed."""

    is_and: bool
    left: Expression
    right: Expression
    type = bool

    def children(self) -> tuple[Expression, ...]:
        return (self.left, self.right)

    def with_children(self, children: tuple[Expression, ...]) -> Expression:
        return Logical(self.is_and, *children)

    def evaluate(self) -> bool:
        if self.is_and:
            return self.left.evaluate() and self.right.evaluate()
        return self.left.evaluate() or self.right.evaluate()


@dataclass(frozen=True)
class Call(Expression):
    """A call of a function; of a method, whose first argument is its object."""

    function: Function
    arguments: tuple[Expression, ...]

    @property
    def type(self) -> type:  # type: ignore[override]
        return self.function.returns

    def children(self) -> tuple[Expression, ...]:
        return self.arguments

    def with_children(self, children: tuple[Expression, ...]) -> Expression:
        return Call(self.function, children)

    def evaluate(self) -> Any:
        return self.function.call(*[argument.evaluate() for argument in self.arguments])


@dataclass(frozen=True)
class CallValue(Expression):
    """A call of a function that a variable holds."""

    operand: Expression
    argument: Expression
    type = float

    def children(self) -> tuple[Expression, ...]:
        return (self.operand, self.argument)

    def with_children(self, children: tuple[Expression, ...]) -> Expression:
        return CallValue(*children)

    def evaluate(self) -> float:
        return self.operand.evaluate().call(self.argument.evaluate())


@dataclass(frozen=True)
class Index(Expression):
    """`x[i]` of a vector or list of numbers."""

    operand: Expression
    index: Expression
    elements: Callable[[Any], tuple[float, ...]]
    type = float

    def children(self) -> tuple[Expression, ...]:
        return (self.operand, self.index)

    def with_children(self, children: tuple[Expression, ...]) -> Expression:
        operand, index = children
        return Index(operand, index, self.elements)

    def evaluate(self) -> float:
        values, i = self.elements(self.operand.evaluate()), self.index.evaluate()
        if not 0 <= i < len(values):
            raise PanicError(f"index out of range [{i}] with length {len(values)}")
        return values[i]
