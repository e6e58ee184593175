"""The mathematical functions of the language, with Go's results for infinite and NaN values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from orchestrator.base.constants import MU0
from orchestrator.engines.cpu.language.functions import Function
from orchestrator.engines.cpu.language.nodes import Constant
from orchestrator.engines.cpu.language.scope import Scope


def _safe(function: Callable[..., float], name: str) -> Callable[..., float]:
    """The function; where Python raises, what IEEE 754 and Go return."""

    def call(*arguments: float) -> float:
        try:
            return function(*arguments)
        except (ValueError, OverflowError, ZeroDivisionError):
            return _exceptional(name, *arguments)

    return call


def _exceptional(name: str, *arguments: float) -> float:
    from scipy import special

    table: dict[str, Callable[..., Any]] = {
        "pow": np.power, "mod": np.fmod, "remainder": lambda x, y: math.nan,
        "gamma": special.gamma, "acos": np.arccos, "asin": np.arcsin, "acosh": np.arccosh,
        "atanh": np.arctanh, "exp2": np.exp2, "log": np.log, "log10": np.log10, "log2": np.log2,
        "log1p": np.log1p, "exp": np.exp, "expm1": np.expm1, "sqrt": np.sqrt, "cosh": np.cosh,
        "sinh": np.sinh, "pow10": lambda n: math.inf if n > 0 else 0.0,
    }  # fmt: skip
    with np.errstate(all="ignore"):
        return float(table.get(name, lambda *x: math.nan)(*arguments))


def _bessel(kind: str) -> Callable[..., float]:
    def call(*arguments: float) -> float:
        from scipy import special

        return float(getattr(special, kind)(*arguments))

    return call


def _unchanged_if_not_finite(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: float(function(x)) if math.isfinite(x) else x


def _minimum(x: float, y: float) -> float:
    return math.nan if math.isnan(x) or math.isnan(y) else min(x, y)


def _maximum(x: float, y: float) -> float:
    return math.nan if math.isnan(x) or math.isnan(y) else max(x, y)


def _heaviside(x: float) -> float:
    return 1.0 if x > 0 else 0.0 if x < 0 else 0.5


def _normal_density(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def _sinc(x: float) -> float:
    return 1.0 if x == 0 else math.sin(x) / x


def _logb(x: float) -> float:
    return -math.inf if x == 0 else abs(x) if not math.isfinite(x) else math.frexp(x)[1] - 1.0


_FLOATS: dict[str, Callable[..., float]] = {
    "abs": abs, "acos": math.acos, "acosh": math.acosh, "asin": math.asin, "asinh": math.asinh,
    "atan": math.atan, "atanh": math.atanh, "cbrt": lambda x: float(np.cbrt(x)),
    "ceil": _unchanged_if_not_finite(math.ceil), "cos": math.cos, "cosh": math.cosh,
    "erf": math.erf, "erfc": math.erfc, "exp": math.exp, "exp2": math.exp2, "expm1": math.expm1,
    "floor": _unchanged_if_not_finite(math.floor), "gamma": math.gamma, "j0": _bessel("j0"),
    "j1": _bessel("j1"), "log": math.log, "log10": math.log10, "log1p": math.log1p,
    "log2": math.log2, "logb": _logb, "sin": math.sin, "sinc": _sinc, "sinh": math.sinh,
    "sqrt": math.sqrt, "tan": math.tan, "tanh": math.tanh,
    "trunc": _unchanged_if_not_finite(math.trunc), "y0": _bessel("y0"), "y1": _bessel("y1"),
    "heaviside": _heaviside, "sign": lambda x: float((x > 0) - (x < 0)),
}  # fmt: skip
_TWO_FLOATS: dict[str, Callable[..., float]] = {
    "atan2": math.atan2, "hypot": math.hypot, "max": _maximum, "min": _minimum, "mod": math.fmod,
    "pow": math.pow, "remainder": math.remainder,
}  # fmt: skip
_CONSTANTS: dict[str, Any] = {
    "true": True, "false": False, "pi": math.pi, "inf": math.inf, "mu0": MU0,
}  # fmt: skip


def add_stdlib(scope: Scope) -> None:
    """Declare constants and mathematical functions."""

    def declare(
        name: str, parameters: tuple[type, ...], returns: type, call: Callable[..., Any]
    ) -> None:
        scope.declare(name, Function(name, parameters, returns, call))

    for name, value in _CONSTANTS.items():
        scope.declare(name, Constant(value, type(value)))
    for name, function in _FLOATS.items():
        declare(name, (float,), float, _safe(function, name))
    for name, function in _TWO_FLOATS.items():
        declare(name, (float, float), float, _safe(function, name))
    declare("norm", (float,), float, _normal_density)
    declare("jn", (int, float), float, _bessel("jn"))
    declare("yn", (int, float), float, _bessel("yn"))
    declare("ldexp", (float, int), float, _safe(math.ldexp, "ldexp"))
    declare("pow10", (int,), float, _safe(lambda n: 10.0**n, "pow10"))
    declare("ilogb", (float,), int, lambda x: int(_logb(x)))
    declare("isnan", (float,), bool, math.isnan)
    declare("isinf", (float, int), bool, lambda x, s: math.isinf(x) and (s == 0 or x * s > 0))
