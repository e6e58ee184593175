"""Expressions over results, such as `mean(trained_rank(reference="untrained") == 1)`.

Evaluated by walking the parsed tree: numbers, names, a list of functions, arithmetic and
comparisons. A name called with keywords selects labels. Nothing else of Python is reached.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from orchestrator.base.errors import InputError

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "exp": np.exp,
    "min": lambda *v: np.nanmin([np.nanmin(x) for x in v]),
    "max": lambda *v: np.nanmax([np.nanmax(x) for x in v]),
    "mean": lambda v: np.nanmean(v),
    "sum": lambda v: np.nansum(v),
    "last": lambda v: v.dropna("pulse", how="all").isel(pulse=-1),
    "first": lambda v: v.isel(pulse=0),
}
_LARGEST_EXPONENT = 64


class Expression:
    """An expression that can be evaluated with different names.

    Parameters
    ----------
    text : str
        The expression.
    names : collection of str, optional
        The names that there will be; others are refused now.

    Raises
    ------
    InputError
        If it is no expression, or holds what is not allowed.
    """

    def __init__(self, text: str, names: Any = None) -> None:
        self.text = text
        if not isinstance(text, str) or len(text) > 1000:
            raise InputError(f"{text!r}: must be an expression of at most 1000 characters")
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise InputError(f"{text!r}: no expression ({error})") from None
        self._check(self._tree, names)

    def __call__(self, names: Mapping[str, Any]) -> float:
        """The value, a single number.

        Raises
        ------
        InputError
            If it is no single number, or a selection names labels that there are not.
        """
        try:
            with np.errstate(all="ignore"):
                value = np.asarray(self._value(self._tree, names), dtype=float)
        except InputError:
            raise
        except (KeyError, ValueError, TypeError, IndexError, ArithmeticError) as error:
            raise InputError(f"{self.text!r}: {error}") from None
        if value.size != 1:
            raise InputError(
                f"{self.text!r}: gives {value.size} numbers of shape {value.shape}, not one; "
                "select labels, or take mean, min, max, sum or last"
            )
        return float(value.reshape(()))

    def _check(self, node: ast.AST, names: Any) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
            return
        if isinstance(node, ast.Name):
            if names is not None and node.id not in names:
                known = ", ".join(sorted(names))
                raise InputError(f"{self.text!r}: {node.id!r} is none of {known}")
            return
        parts: list[ast.AST]
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            parts = [node.left, node.right]
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            parts = [node.operand]
        elif isinstance(node, ast.Compare) and all(type(op) in _COMPARE for op in node.ops):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            function = node.func.id in FUNCTIONS
            if function == bool(node.keywords) or any(k.arg is None for k in node.keywords):
                raise InputError(
                    f"{self.text!r}: {node.func.id} is called as a function, of "
                    f"{', '.join(FUNCTIONS)}, or with keywords that select labels of a variable"
                )
            if not function:
                parts = [node.func, *(k.value for k in node.keywords)]
                if node.args or any(not _is_label(k.value) for k in node.keywords):
                    raise InputError(f"{self.text!r}: labels are words, numbers or names")
            else:
                parts = list(node.args)
        else:
            raise InputError(f"{self.text!r}: {type(node).__name__} is not allowed here")
        for part in parts:
            self._check(part, names)

    def _value(self, node: ast.AST, names: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return names[node.id]
        if isinstance(node, ast.UnaryOp):
            value = self._value(node.operand, names)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp):
            left, right = self._value(node.left, names), self._value(node.right, names)
            if isinstance(node.op, ast.Pow) and np.max(np.abs(right)) > _LARGEST_EXPONENT:
                raise InputError(f"{self.text!r}: exponents go up to {_LARGEST_EXPONENT}")
            return _BINARY[type(node.op)](left, right)
        if isinstance(node, ast.Compare):
            values = [self._value(part, names) for part in (node.left, *node.comparators)]
            result: Any = True
            for op, a, b in zip(node.ops, values, values[1:], strict=False):
                result = result & _COMPARE[type(op)](a, b)
            return result
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.keywords:
            labels = {str(k.arg): self._value(k.value, names) for k in node.keywords}
            return names[node.func.id].sel(labels)
        return FUNCTIONS[node.func.id](*(self._value(part, names) for part in node.args))


def _is_label(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant | ast.Name)
