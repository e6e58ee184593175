"""What weights remember: fixed points of recall, basins, the lowest inputs; many stacks at once.

Recall is asynchronous in the order of the contacts, without self-term, and leaves out updates after
which all contacts would have one voltage, as in `docs.studies.reliable_learning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.learning.hopfield import all_patterns, energy, is_trivial, signs


def inputs_of(contacts: int) -> np.ndarray:
    """The inputs that drive a current, one of each pair of inverses, shape (M, N)."""
    names = [p for p in all_patterns(contacts) if p[0] == "+" and not is_trivial(p)]
    return np.array([signs(p) for p in names])


def local_fields(weights: np.ndarray, states: np.ndarray) -> np.ndarray:
    """V_i I'_i without self-term, S: what holds every contact of a state, or turns it if negative.

    Parameters
    ----------
    weights : ndarray, shape (..., N, N)
        G' in S.
    states : ndarray, shape (M, N)
        Of +1 and -1.

    Returns
    -------
    ndarray, shape (..., M, N)
    """
    own = np.diagonal(weights, axis1=-2, axis2=-1)[..., None, :]
    return states * np.einsum("...ij,mj->...mi", weights, states) - own


def ends(weights: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Where recall from all starts ends.

    Parameters
    ----------
    weights : ndarray, shape (S, N, N)
        G' of each stack, S.
    starts : ndarray, shape (M, N)
        Of +1 and -1, none of equal signs.

    Returns
    -------
    ndarray, shape (S, M, N)
    """
    n = starts.shape[-1]
    w = (weights + np.swapaxes(weights, -1, -2)) / 2 * (1 - np.eye(n))
    v = np.broadcast_to(starts, (len(w), *starts.shape)).astype(float)
    while True:
        before = v.copy()
        for i in range(n):
            output = np.einsum("sj,smj->sm", w[:, i], v)
            after = np.where(output == 0, v[..., i], np.sign(output))
            trivial = np.abs(v.sum(axis=-1) - v[..., i] + after) == n
            v[..., i] = np.where(trivial, v[..., i], after)
        if np.array_equal(before, v):
            return v


def fixed(weights: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Which states recall leaves alone, shape (S, M)."""
    return (ends(weights, states) == states).all(axis=-1)


def neighbors(patterns: np.ndarray) -> np.ndarray:
    """The inputs one wrong sign from a pattern that are no pattern and drive a current."""
    n = patterns.shape[-1]
    flipped = (patterns[:, None, :] * (1 - 2 * np.eye(n, dtype=int))).reshape(-1, n)
    overlaps = np.abs(flipped @ patterns.T).max(axis=1)
    return flipped[(overlaps < n) & (np.abs(flipped.sum(axis=1)) < n)]


def found_nearest(weights: np.ndarray, patterns: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Whether recall from each start ends at a pattern, or its inverse, as near as any.

    Returns
    -------
    ndarray of bool, shape (S, M)
    """
    n = patterns.shape[-1]
    overlaps = np.abs(starts @ patterns.T)
    nearest = overlaps == overlaps.max(axis=1, keepdims=True)
    reached = np.abs(ends(weights, starts) @ patterns.T) == n
    return (reached & nearest).any(axis=-1)


@dataclass(frozen=True)
class Memory:
    """How each of some stacks remembers P patterns.

    Attributes
    ----------
    stable : ndarray of bool, shape (S, P)
        Whether recall leaves a pattern alone.
    recalled : ndarray, shape (S,)
        Share of the inputs one wrong sign from a pattern from which recall ends at the nearest.
    lowest : ndarray of bool, shape (S,)
        Whether all patterns have lower E' than every other input that drives a current; of more
        than ten contacts, than every input one wrong sign away and 500 random ones.
    lower : ndarray, shape (S, P)
        Share of those other inputs with lower E' than a pattern.
    """

    stable: np.ndarray
    recalled: np.ndarray
    lowest: np.ndarray
    lower: np.ndarray


def others_of(patterns: np.ndarray, sample: int = 500) -> np.ndarray:
    """Inputs that are no pattern: all of up to ten contacts, else neighbors and random ones."""
    n = patterns.shape[-1]
    if n <= 10:
        listed = inputs_of(n)
    else:
        random = np.random.default_rng(0).choice([-1, 1], (sample, n))
        listed = np.concatenate([neighbors(patterns), random])
    return listed[np.abs(listed @ patterns.T).max(axis=1) < n]


def remembered(weights: np.ndarray, patterns: Sequence[str]) -> Memory:
    """Judge the weights G' (S) of some stacks, shape (S, N, N), by what they should hold."""
    v = np.array([signs(p) for p in patterns])
    others = others_of(v)
    own, rest = (energy(weights, x.astype(float)) for x in (v, others))
    return Memory(
        stable=fixed(weights, v),
        recalled=found_nearest(weights, v, neighbors(v)).mean(axis=-1),
        lowest=own.max(axis=-1) < rest.min(axis=-1),
        lower=(rest[:, None, :] < own[:, :, None]).mean(axis=-1),
    )
