"""How weights hold patterns, ideals that learn the same ones, and the choice of patterns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import xarray as xr

from orchestrator.analysis.rules import alignment_tensor, recalled_neighbors
from orchestrator.describe.experiment import Experiment
from orchestrator.learning.hopfield import (
    all_patterns,
    energy,
    inverse,
    is_trivial,
    pattern_string,
    recall,
    signs,
)

SPREAD = 80e-9
"""Length in m over which the ideal film spreads its alignment (the study learning_rule)."""


def relatives(pattern: str, rows: int, columns: int) -> set[str]:
    """The patterns that a symmetry of the grid of contacts, or turning all signs, makes of one."""
    grid = signs(pattern).reshape(rows, columns)
    turned = [grid, grid.T] if rows == columns else [grid]
    images = [g[::a, ::b] for g in turned for a in (1, -1) for b in (1, -1)]
    found = {pattern_string(image.ravel()) for image in images}
    return found | {inverse(p) for p in found}


def choose_patterns(rows: int, columns: int, count: int, seed: int = 1) -> list[str]:
    """Patterns of a grid of contacts: unrelated, of small sum, of small overlap; else random.

    One after the other, from all patterns in a random order: not related to an earlier one as
    long as there are such, then of smallest sum of signs, then of smallest largest overlap with
    the earlier ones.
    """
    listed = half_of_patterns(rows * columns)
    np.random.default_rng(seed).shuffle(listed)
    v = np.array([signs(p) for p in listed])
    chosen: list[int] = []
    related: set[str] = set()
    for _ in range(count):
        overlap = np.abs(v @ v[chosen].T).max(axis=1, initial=0)
        kin = [p in related for p in listed]
        order = np.lexsort([overlap, np.abs(v.sum(axis=1)), kin])
        chosen.append(next(int(k) for k in order if k not in chosen))
        related |= relatives(listed[chosen[-1]], rows, columns)
    return [listed[k] for k in chosen]


def half_of_patterns(contacts: int) -> list[str]:
    """All non-trivial patterns, one of each pair of inverses."""
    return [p for p in all_patterns(contacts) if p[0] == "+" and not is_trivial(p)]


def hebb(patterns: Sequence[str]) -> np.ndarray:
    """Hopfield's weights sum_p V_i V_j, shape (N, N), without unit."""
    v = np.array([signs(p) for p in patterns], float)
    return v.T @ v


def share_lower(
    weights: np.ndarray, pattern: str, inputs: Sequence[str], trained: Iterable[str] = ()
) -> float:
    """Share of the inputs, without the trained ones and the trivial, with lower E' than a pattern.

    Equal to rounding is not lower.
    """
    own = {p for t in (pattern, *trained) for p in (t, inverse(t))}
    others = [p for p in inputs if p not in own and not is_trivial(p)]
    e = energy(weights, np.array([signs(p) for p in (pattern, *others)], float))
    return float(np.mean(e[1:] < e[0] - 1e-9 * np.abs(e).max()))


@dataclass(frozen=True)
class Verdict:
    """How some weights hold patterns; means over the patterns.

    Attributes
    ----------
    lower : float
        Share of the other inputs with lower E' than the pattern.
    learned : float
        Share of the patterns with E' below all other inputs.
    stable : float
        Share of the patterns that asynchronous recall leaves alone.
    recalled : float
        Share of the starts with one wrong sign that recall puts right.
    """

    lower: float
    learned: float
    stable: float
    recalled: float


def judge(weights: np.ndarray, patterns: Sequence[str], inputs: Sequence[str]) -> Verdict:
    """Judge weights by the patterns that they should hold; recall is without self-term."""
    lower = [share_lower(weights, p, inputs, patterns) for p in patterns]
    stable = [recall(weights, p).attractor == p for p in patterns]
    hits = np.array([recalled_neighbors(weights, p) for p in patterns])
    recalled = float(hits[:, 0].sum() / hits[:, 1].sum())
    learned = np.mean(np.array(lower) == 0)
    return Verdict(float(np.mean(lower)), float(learned), float(np.mean(stable)), recalled)


@cache
def tensor_of(experiment: Experiment) -> np.ndarray:
    return alignment_tensor(experiment.film, experiment.contacts, SPREAD)


def ideal_film(experiment: Experiment, patterns: Sequence[str]) -> np.ndarray:
    """Weights of a film whose stripes turn as far as each pattern wants, in 1/m."""
    v = np.array([signs(p) for p in patterns], float)
    return np.einsum("ijkl,mk,ml->ij", tensor_of(experiment), v, v)


def weights_of(run: xr.Dataset) -> dict[str, np.ndarray]:
    """Weights of one relaxed training by reference, and those before it, in S."""
    g = run.conductance_state.sel(state="relaxed").to_numpy()
    before = run.conductance_state.sel(state="before").to_numpy()
    saturated, untrained = run.conductance_reference.to_numpy()
    references = {"own": before, "untrained": untrained, "saturated": saturated}
    weights = {name: g - reference for name, reference in references.items()}
    return weights | {"before": before - untrained}


def change(run: xr.Dataset, pattern: str) -> float:
    """Change of E' by a training in units of the pattern's power before it."""
    before, _, relaxed = energy(run.conductance_state.to_numpy(), signs(pattern)[None]).ravel()
    return float((before - relaxed) / before)
