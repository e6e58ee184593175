"""Points that fill a box evenly, where a grid would take too many."""

from __future__ import annotations

import math
from typing import Any

MOST_POINTS = 100_000


def design(kind: str, table: dict[str, Any]) -> list[dict[str, Any]]:
    """The points of a Latin hypercube or of a scrambled Sobol sequence.

    Parameters
    ----------
    kind : {"latin_hypercube", "sobol"}
        Which.
    table : dict
        `count`, `ranges` (dotted keys and [low, high]), and optionally `seed` and `log`. Keys whose
        limits are both integers are rounded.

    Returns
    -------
    list of dict
        Dotted keys and values of each point.

    Raises
    ------
    ValueError
        If a key is unknown or a value is impossible.
    """
    unknown = sorted(set(table) - {"count", "ranges", "seed", "log"})
    if unknown or not {"count", "ranges"} <= set(table):
        raise ValueError(f"{kind} has the keys count, ranges, seed, log, got {', '.join(table)}")
    count, ranges, seed = table["count"], table["ranges"], table.get("seed", 0)
    for name, number, low in (("count", count, 1), ("seed", seed, 0)):
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number:
            raise ValueError(f"{name} of {kind} is an integer from {low}, got {number!r}")
    if count > MOST_POINTS or (kind == "sobol" and count & (count - 1)):
        raise ValueError(f"count of {kind} is at most {MOST_POINTS}; for sobol a power of two")
    if not isinstance(ranges, dict) or not ranges:
        raise ValueError(f"ranges of {kind} is a table of dotted keys and [low, high]")
    logarithmic = table.get("log", [])
    stray = sorted(set(logarithmic) - set(ranges))
    if stray:
        raise ValueError(f"log of {kind} names {stray[0]!r}, which is not in ranges")
    for key, limits in ranges.items():
        if not (
            isinstance(limits, list)
            and len(limits) == 2
            and all(isinstance(v, int | float) and math.isfinite(v) for v in limits)
            and limits[0] < limits[1]
            and (key not in logarithmic or limits[0] > 0)
        ):
            raise ValueError(f"range {limits!r} of {key} must be two rising numbers")
    return [
        {
            key: _value(share, limits[0], limits[1], key in logarithmic)
            for share, (key, limits) in zip(row, ranges.items(), strict=True)
        }
        for row in _shares(kind, len(ranges), count, seed)
    ]


def _shares(kind: str, dimensions: int, count: int, seed: int) -> list[list[float]]:
    from scipy.stats import qmc

    if kind == "sobol":
        return qmc.Sobol(dimensions, rng=seed).random_base2(count.bit_length() - 1).tolist()
    return qmc.LatinHypercube(dimensions, rng=seed).random(count).tolist()


def _value(share: float, low: float, high: float, logarithmic: bool) -> float:
    if logarithmic:
        value = float(low * (high / low) ** share)
    elif isinstance(low, int) and isinstance(high, int):
        return min(high, low + math.floor(share * (high - low + 1)))
    else:
        value = low + share * (high - low)
    return round(value) if isinstance(low, int) and isinstance(high, int) else value
