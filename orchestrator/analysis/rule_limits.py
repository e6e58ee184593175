"""What no rule of learning can explain, and how the changes go with the voltage.

The rules of `orchestrator.analysis.rules` are even: voltages of the opposite sign change the
conductances alike. What a texture does differently is out of their reach, and so is what differs
from one starting texture to the next.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orchestrator.analysis.rules import Changes
from orchestrator.base.errors import InputError

SQUARE: tuple[tuple[int, ...], ...] = tuple(
    order
    for k in range(4)
    for turned in [tuple((c + k) % 4 for c in range(4))]
    for order in (turned, turned[::-1])
)
"""Orders of four contacts, named around a square, that turn and mirror it."""


def odd_share(changes: Changes) -> float:
    """Share of the squared changes that is odd in the voltages, which no even rule explains.

    Where chance makes changes that have nothing to do with the voltages, half of them is odd.

    Parameters
    ----------
    changes : Changes
        One for each set of voltages, from the same starting texture, and as many with all voltages
        reversed.

    Raises
    ------
    InputError
        If a set of voltages has not exactly one reversed.
    """
    i, j = np.triu_indices(changes.rate.shape[1], 1)
    rate = changes.rate[:, i, j]
    odd = (rate - rate[_partners(changes.voltages, -changes.voltages)]) / 2
    return float((odd**2).sum() / (rate**2).sum())


def shares_of_mean(
    starts: Sequence[Changes], orders: Sequence[Sequence[int]] = SQUARE
) -> np.ndarray:
    """Share of each start's squared changes that the mean of the other starts predicts.

    No rule that knows the voltages, but not the texture, does better on many starts. Equivalent
    trainings count together: with all voltages reversed, and with the contacts in another order.

    Parameters
    ----------
    starts : sequence of Changes
        One for each starting texture, of the same sets of voltages in the same order.
    orders : sequence of sequence of int
        Symmetries of the contacts; the voltages of each set in each order must be a set, too.

    Returns
    -------
    ndarray, shape (S,)
        1 - sum of squared differences / sum of squares; negative if the mean misleads.

    Raises
    ------
    InputError
        If there are fewer than two starts, or equivalent voltages are missing.
    """
    if len(starts) < 2:
        raise InputError(f"a mean of the other starts needs two of them, got {len(starts)}")
    v = starts[0].voltages
    if any(s.voltages.shape != v.shape or (s.voltages != v).any() for s in starts):
        raise InputError("the starts must have the same voltages in the same order")
    rates = np.array([s.rate for s in starts])
    pooled = np.zeros_like(rates)
    for order in orders:
        for sign in (1, -1):
            same = _partners(v, sign * v[:, list(order)])
            back = np.argsort(order)
            pooled += rates[:, same][:, :, back][:, :, :, back]
    pooled /= 2 * len(orders)
    others = (pooled.sum(axis=0) - pooled) / (len(starts) - 1)
    i, j = np.triu_indices(v.shape[1], 1)
    left = ((rates - others)[..., i, j] ** 2).sum(axis=(1, 2))
    return np.asarray(1 - left / (rates[..., i, j] ** 2).sum(axis=(1, 2)))


def _partners(voltages: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Indices of the rows of voltages that are the wanted ones."""
    tolerance = 1e-9 * np.abs(voltages).max()
    equal = (np.abs(voltages[None] - wanted[:, None]) <= tolerance).all(axis=2)
    if (equal.sum(axis=1) != 1).any():
        lonely = int(np.argmax(equal.sum(axis=1) != 1))
        raise InputError(f"exactly one training needs the voltages {wanted[lonely].tolist()} V")
    return equal.argmax(axis=1)


def power_law(amplitudes: Sequence[float], strengths: np.ndarray) -> tuple[float, float]:
    """Exponent p of the mean strength ~ amplitude^p and its standard error.

    The slope of the logarithms by least squares, all amplitudes alike; the error by leaving out one
    start after the other (jackknife), since all strengths of one start share its texture.

    Parameters
    ----------
    amplitudes : sequence of float
        At least two.
    strengths : ndarray, shape (S, A)
        Of at least two starts.

    Raises
    ------
    InputError
        If there are too few, or a mean over starts, with one of them left out, is not positive.
    """
    strengths = np.asarray(strengths, float)
    count = len(strengths)
    if count < 2 or len(amplitudes) < 2 or strengths.shape[1] != len(amplitudes):
        raise InputError(
            "an exponent needs two starts or more at the same two amplitudes or more, got "
            f"strengths of shape {strengths.shape} at {len(amplitudes)} amplitudes"
        )
    total = strengths.sum(axis=0)
    means = [total / count, *((total - s) / (count - 1) for s in strengths)]
    if min(m.min() for m in means) <= 0:
        raise InputError("a mean strength is not positive, so it follows no power of the amplitude")
    x = np.log(np.asarray(amplitudes, float))
    slopes = np.array([np.polyfit(x, np.log(m), 1)[0] for m in means])
    error = np.sqrt((count - 1) / count * ((slopes[1:] - slopes[1:].mean()) ** 2).sum())
    return float(slopes[0]), float(error)
