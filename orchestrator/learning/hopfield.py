"""The film as a Hopfield network: weights, energies and recall.

With terminal currents I = G V and a reference G0, the weights are G' = G - G0, the outputs
I' = G' V (Eq. 6 of the paper) and the energy E' = -V^T G' V (Eq. 7). -E' is the power that the
texture adds to that of the reference.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.sections import SCRIPT

Mode = Literal["asynchronous", "synchronous"]


def signs(pattern: str) -> np.ndarray:
    """A pattern such as `"+--+"` as an array of +1 and -1."""
    return np.array([1 if sign == "+" else -1 for sign in pattern])


def pattern_string(values: Sequence[int] | np.ndarray) -> str:
    """An array of +1 and -1 as a pattern string."""
    return "".join("+" if value > 0 else "-" for value in values)


def inverse(pattern: str) -> str:
    """The pattern with all signs turned, which has the same energy."""
    return pattern.translate(str.maketrans("+-", "-+"))


def is_trivial(pattern: str) -> bool:
    """Whether all contacts have the same voltage, so that no current flows."""
    return len(set(pattern)) == 1


def all_patterns(contacts: int) -> list[str]:
    """All 2^N patterns, from all plus to all minus.

    Raises
    ------
    InputError
        Beyond 20 contacts, where the list would no longer be useful.
    """
    if contacts > 20:
        raise InputError(f"{contacts} contacts have too many patterns to list (at most 20)")
    return ["".join(signs) for signs in itertools.product("+-", repeat=contacts)]


def listed_inputs(entries: Sequence[str], contacts: int = 0, sample: int = 500) -> list[str]:
    """The inputs whose energies a run lists: all of them for up to ten contacts.

    For more contacts the trained patterns, their inverses, all inputs that differ from one of them
    in one sign, and `sample` random ones (the same ones each time), without the trivial ones.

    Parameters
    ----------
    entries : sequence of str
        The entries of `Training.patterns`.
    contacts : int
        Their number, where no entry is made of signs.
    """
    trained = sorted({p for entry in entries for p in trained_patterns(entry)})
    n = len(trained[0]) if trained else contacts
    if n <= 10:
        return all_patterns(n)
    near = [p[:k] + inverse(p[k]) + p[k + 1 :] for p in trained for k in range(n)]
    rng = np.random.default_rng(0)
    far = [pattern_string(v) for v in rng.choice([-1, 1], (sample, n))]
    return [p for p in dict.fromkeys([*trained, *near, *far]) if not is_trivial(p)]


def energy(weights: np.ndarray, voltages: np.ndarray) -> np.ndarray:
    """Energy E' = -sum_ij G'_ij V_i V_j of Eq. (7) in W.

    Parameters
    ----------
    weights : ndarray, shape (..., N, N)
        G' in S.
    voltages : ndarray, shape (M, N)
        Voltage vectors in V.

    Returns
    -------
    ndarray, shape (..., M)
    """
    return -np.einsum("...ij,mi,mj->...m", weights, voltages, voltages)


def weight_matrix(conductance: np.ndarray, drive: Literal["voltage", "current"]) -> np.ndarray:
    """The matrix whose change are the weights: G itself, or the resistances for fixed currents.

    The resistances are the pseudo-inverse of G: V = R I with the mean of V zero.

    Parameters
    ----------
    conductance : ndarray, shape (..., N, N)
        G in S; NaN stays NaN.
    drive : {"voltage", "current"}
        What the inputs are.

    Returns
    -------
    ndarray, shape (..., N, N)
        In S or ohm.
    """
    if drive == "voltage":
        return conductance
    known = np.isfinite(conductance).all(axis=(-2, -1))
    resistance = np.full_like(conductance, np.nan)
    resistance[known] = np.linalg.pinv(conductance[known])
    return resistance


def trained_patterns(entry: str) -> list[str]:
    """The patterns of an entry such as "+--+/++-+" and their inverses; none of "script"."""
    if entry == SCRIPT:
        return []
    patterns = entry.split("/")
    return patterns + [inverse(p) for p in patterns]


@dataclass(frozen=True)
class Recall:
    """Where a recall ended.

    Attributes
    ----------
    attractor : str
        The last pattern.
    steps : int
        Sweeps over all neurons in which something changed.
    converged : bool
        False where the pattern still changes after `max_sweeps`, as in a cycle.
    """

    attractor: str
    steps: int
    converged: bool


def recall(
    weights: np.ndarray,
    start: str,
    mode: Mode = "asynchronous",
    *,
    self_term: bool = False,
    order: Sequence[int] | np.random.Generator | None = None,
    max_sweeps: int = 100,
) -> Recall:
    """Recall by V_i <- sign(I'_i) V0 until nothing changes.

    An output that vanishes to rounding keeps the neuron as it is.

    Parameters
    ----------
    weights : ndarray, shape (N, N)
        G' in S.
    start : str
        Initial pattern.
    mode : {"asynchronous", "synchronous"}
        One neuron after the other, or all at once.
    self_term : bool
        Whether I'_i contains G'_ii V_i; Hopfield's rule leaves it out.
    order : sequence of int or numpy Generator, optional
        Order of the asynchronous updates: fixed (0, 1, ... by default), or drawn anew for each
        sweep.
    max_sweeps : int
        Sweeps after which it is given up.
    """
    w = np.array(weights, float)
    if not self_term:
        np.fill_diagonal(w, 0.0)
    dead = 1e-9 * np.abs(weights).sum(axis=1)
    v = signs(start)
    n = len(v)
    for sweep in range(max_sweeps):
        before = v.copy()
        if mode == "synchronous":
            output = w @ v
            v = np.where(np.abs(output) > dead, np.where(output > 0, 1, -1), v)
        else:
            for i in _sequence(order, n):
                output_i = w[i] @ v
                if abs(output_i) > dead[i]:
                    v[i] = 1 if output_i > 0 else -1
        if np.array_equal(before, v):
            return Recall(pattern_string(v), sweep, True)
    return Recall(pattern_string(v), max_sweeps, False)


def _sequence(order: Sequence[int] | np.random.Generator | None, n: int) -> Sequence[int]:
    if order is None:
        return range(n)
    return order.permutation(n).tolist() if isinstance(order, np.random.Generator) else order


@dataclass(frozen=True)
class Basin:
    """An attractor of the recall from a set of starts.

    Attributes
    ----------
    attractor : str
        The pattern, one of the pair of a pattern and its inverse.
    starts : int
        From how many of the starts the pair is reached.
    steps : float
        Mean number of sweeps.
    """

    attractor: str
    starts: int
    steps: float


def basins(
    weights: np.ndarray, mode: Mode, *, self_term: bool, starts: Sequence[str]
) -> tuple[list[Basin], int]:
    """Attractors from some starts, largest basin first, and the number that never settles.

    Patterns and their inverses are counted together. Asynchronous updates go in the order of the
    contacts.

    Parameters
    ----------
    weights : ndarray, shape (N, N)
        G' in S.
    """
    reached: dict[str, list[int]] = {}
    unsettled = 0
    for start in starts:
        end = recall(weights, start, mode, self_term=self_term)
        if not end.converged:
            unsettled += 1
            continue
        pair = max(end.attractor, inverse(end.attractor), key=lambda p: p.replace("+", "~"))
        reached.setdefault(pair, []).append(end.steps)
    found = [Basin(p, len(steps), float(np.mean(steps))) for p, steps in reached.items()]
    return sorted(found, key=lambda basin: (-basin.starts, basin.attractor)), unsettled


def trained_rank(energies: np.ndarray, pattern: str, inputs: Sequence[str]) -> float:
    """Rank (1 = lowest) of the pattern's energy among the non-trivial inputs, inverses as one.

    Of patterns that took turns, the rank among the inputs that were not trained; 1 means that all
    of them lie below every other input. A trivial pattern drives no current and does not count;
    NaN where there is no other.

    Parameters
    ----------
    energies : ndarray, shape (M,)
        Of the inputs.
    pattern : str
        A pattern, or several separated by /.
    inputs : sequence of str
        The inputs, among them the trained ones.
    """
    trained = [p for p in trained_patterns(pattern) if not is_trivial(p)]
    if not trained:
        return float("nan")
    values = {max(p, inverse(p)): e for p, e in zip(inputs, energies, strict=True)}
    own = max(e for p, e in values.items() if p in trained)
    others = [e for p, e in values.items() if p not in trained and not is_trivial(p)]
    return 1.0 + sum(e < own for e in others)
