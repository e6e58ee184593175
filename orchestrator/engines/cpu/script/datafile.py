"""Functions given by two columns of a CSV file."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise

from orchestrator.engines.cpu.language.errors import FatalError, PanicError
from orchestrator.engines.cpu.language.values import FloatFunction


def function_from_datafile(path: str, x_column: int, y_column: int, method: str) -> FloatFunction:
    """Interpolate a table: "linear", "nearest" or "step" (0 before the first x).

    Lines that start with # are comments; outside the table the first or last value holds.

    Raises
    ------
    FatalError
        If the file or the method is unusable.
    PanicError
        If x is not strictly increasing or there are no rows.
    """
    points = _read(path, x_column, y_column)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    if not points or any(b <= a for a, b in pairwise(xs)):
        raise PanicError(f"{path}: column {x_column} must hold strictly increasing numbers")

    def linear(a: int, x: float) -> float:
        return ys[a] + (x - xs[a]) * (ys[a + 1] - ys[a]) / (xs[a + 1] - xs[a])

    def nearest(a: int, x: float) -> float:
        return ys[a] if x - xs[a] < xs[a + 1] - x else ys[a + 1]

    between: dict[str, Callable[[int, float], float]] = {
        "linear": linear,
        "nearest": nearest,
        "step": lambda a, x: ys[a],
    }
    if method not in between:
        raise FatalError(f"interpolation {method!r} is unknown; known are {', '.join(between)}")

    def value(x: float) -> float:
        after = bisect_right(xs, x)
        if after == 0:
            return 0.0 if method == "step" else ys[0]
        return ys[-1] if after == len(xs) else between[method](after - 1, x)

    return FloatFunction(value)


def _read(path: str, x_column: int, y_column: int) -> list[tuple[float, float]]:
    points = []
    with open(path, newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if not row or row[0].startswith("#"):
                continue
            try:
                points.append((float(row[x_column]), float(row[y_column])))
            except (ValueError, IndexError):
                raise FatalError(
                    f"{path}: line {number} has no numbers in columns {x_column} and {y_column}"
                ) from None
    return points
