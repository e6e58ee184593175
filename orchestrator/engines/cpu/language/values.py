"""Values of the script language beyond numbers, booleans and strings, and how Go prints them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestrator.base.numbers import go_number
from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.language.functions import exposed


@dataclass(frozen=True)
class Vector:
    """Three float64 numbers, `vector(x, y, z)`."""

    components: tuple[float, float, float]

    @exposed
    def x(self) -> float:
        return self.components[0]

    @exposed
    def y(self) -> float:
        return self.components[1]

    @exposed
    def z(self) -> float:
        return self.components[2]

    @exposed
    def add(self, other: Vector) -> Vector:
        return self.madd(1.0, other)

    @exposed
    def sub(self, other: Vector) -> Vector:
        return self.madd(-1.0, other)

    @exposed
    def madd(self, weight: float, other: Vector) -> Vector:
        return vector(
            *(a + weight * b for a, b in zip(self.components, other.components, strict=True))
        )

    @exposed
    def mul(self, factor: float) -> Vector:
        return vector(*(factor * c for c in self.components))

    @exposed
    def div(self, divisor: float) -> Vector:
        return vector(*(divide(c, divisor) for c in self.components))

    @exposed
    def dot(self, other: Vector) -> float:
        return sum(a * b for a, b in zip(self.components, other.components, strict=True))

    @exposed
    def cross(self, other: Vector) -> Vector:
        (a, b, c), (u, v, w) = self.components, other.components
        return vector(b * w - c * v, c * u - a * w, a * v - b * u)

    @exposed
    def len(self) -> float:
        return math.sqrt(self.dot(self))


def vector(x: float, y: float, z: float) -> Vector:
    """The vector (x, y, z)."""
    return Vector((x, y, z))


@dataclass(frozen=True)
class Numbers:
    """A list of numbers that can be indexed but not written, a Go slice."""

    values: tuple[float, ...]


class Closure:
    """An expression handed over unevaluated, to be evaluated when its value is needed."""

    def __init__(self, expression: Any) -> None:
        self.expression = expression

    @property
    def uses_time(self) -> bool:
        """Whether `t` occurs in the expression."""
        return bool(self.expression.uses_time())

    def fixed(self) -> Closure:
        """The closure with the present value of every variable but `t`."""
        return type(self)(self.expression.fixed())

    def evaluate(self) -> Any:
        """The present value."""
        return self.expression.evaluate()


class ScalarFunction(Closure):
    """A closure whose value is a float."""


class VectorFunction(Closure):
    """A closure whose value is a `Vector`."""


class BoolFunction(Closure):
    """A closure whose value is a bool."""


@dataclass(frozen=True)
class FloatFunction:
    """A function of one number that a script can hold in a variable and call."""

    call: Callable[[float], float]


def divide(a: float, b: float) -> float:
    """a / b as IEEE 754 has it: infinite or NaN where b is zero."""
    if b != 0.0:
        return a / b
    if a == 0.0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def as_integer(value: float) -> int:
    """The int of an integral float.

    Raises
    ------
    PanicError
        If the value is not integral.
    """
    if not math.isfinite(value) or value != int(value):
        raise PanicError(f"can not use {go_format(value)} as int")
    return int(value)


def go_format(value: Any) -> str:
    """A value as Go's `%v` prints it: the shortest digits that read back, float32 or float64."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(value)
    if isinstance(value, float | np.floating):
        return go_number(value)
    if isinstance(value, Vector):
        return "[" + " ".join(go_format(c) for c in value.components) + "]"
    if isinstance(value, Numbers):
        return "[" + " ".join(go_format(c) for c in value.values) + "]"
    if value is None:
        return "<nil>"
    return str(value)
