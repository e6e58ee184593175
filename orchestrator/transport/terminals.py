"""Algebra of the conductance matrix I = G V: series resistances, mixed conditions, reductions.

Rows and columns of G sum to zero. `groups` says which contacts are joined by conducting cells: G
has one block for each group and fixes potentials within a group only.
"""

from __future__ import annotations

import numpy as np

from orchestrator.base.errors import InputError


def completed(reduced: np.ndarray, symmetric: bool) -> np.ndarray:
    """The matrix whose rows and columns sum to zero, from all but its last row and column."""
    if symmetric:
        reduced = (reduced + reduced.T) / 2
    k = len(reduced)
    g = np.zeros((k + 1, k + 1))
    g[:k, :k] = reduced
    g[:k, k] = -reduced.sum(axis=1)
    g[k, :k] = g[:k, k] if symmetric else -reduced.sum(axis=0)
    g[k, k] = -g[:k, k].sum()
    return g


def separated(g: np.ndarray, groups: np.ndarray, symmetric: bool) -> np.ndarray:
    """The matrix with exact zeros between contacts that are not joined."""
    numbers = np.unique(groups)
    if len(numbers) == 1:
        return g
    result = np.zeros_like(g)
    for group in numbers:
        members = np.flatnonzero(groups == group)
        inner = g[np.ix_(members[:-1], members[:-1])]
        result[np.ix_(members, members)] = completed(inner, symmetric)
    return result


def with_series_resistances(
    g: np.ndarray, groups: np.ndarray, resistances: np.ndarray
) -> np.ndarray:
    """Conductance between terminals behind resistances: (1 + G R)^-1 G.

    Parameters
    ----------
    g : ndarray, shape (N, N)
        Conductance of the film, S.
    groups : ndarray of int, shape (N,)
        Contacts that are joined.
    resistances : ndarray, shape (N,)
        Resistance between each terminal and its contact on the film, ohm.
    """
    if not np.any(resistances):
        return g
    symmetric = np.array_equal(g, g.T)
    behind = np.linalg.solve(np.eye(len(g)) + g * resistances, g)
    return separated(completed(behind[:-1, :-1], symmetric), groups, symmetric)


def solve_terminals(
    g: np.ndarray,
    groups: np.ndarray,
    names: tuple[str, ...],
    voltages: dict[int, float],
    currents: dict[int, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Voltages and currents of all terminals; those without a condition float, at zero current.

    Parameters
    ----------
    g : ndarray, shape (N, N)
        Conductance, S.
    groups : ndarray of int, shape (N,)
        Contacts that are joined.
    names : tuple of str
        Names of the contacts, for messages.
    voltages, currents : dict
        Given voltages (V) and currents into the film (A) by number of contact.

    Raises
    ------
    InputError
        If contacts are joined to none of given voltage, so that their potential is undefined.
    """
    n = len(g)
    for group in np.unique(groups):
        members = [int(k) for k in np.flatnonzero(groups == group)]
        if not any(k in voltages for k in members):
            total = sum(currents.get(k, 0.0) for k in members)
            which = "no contact" if len(members) == n else "none of the contacts joined to it"
            unbalanced = f"; besides, the currents add up to {total:g} A instead of 0"
            raise InputError(
                f"the potential of {', '.join(repr(names[k]) for k in members)} is undefined: "
                f"{which} has a voltage; ground one of them with voltage 0"
                f"{unbalanced if total else ''}"
            )
    fixed = np.array(sorted(voltages), int)
    others = np.array([k for k in range(n) if k not in voltages], int)
    v, i = np.zeros(n), np.zeros(n)
    v[fixed] = [voltages[k] for k in fixed]
    i[others] = [currents.get(int(k), 0.0) for k in others]
    if others.size:
        driven = i[others] - g[np.ix_(others, fixed)] @ v[fixed]
        v[others] = np.linalg.solve(g[np.ix_(others, others)], driven)
    i[fixed] = g[fixed] @ v
    return v, i


def kron_reduction(g: np.ndarray, groups: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Conductance between the contacts `keep` while all others float, shape (K, K).

    G_kk - G_kf G_ff^-1 G_fk; F. Doerfler, F. Bullo, IEEE Trans. Circuits Syst. I 60, 150 (2013).
    """
    rest = np.setdiff1d(np.flatnonzero(np.isin(groups, groups[keep])), keep)
    if not rest.size:
        return g[np.ix_(keep, keep)]
    inner = np.linalg.solve(g[np.ix_(rest, rest)], g[np.ix_(rest, keep)])
    return g[np.ix_(keep, keep)] - g[np.ix_(keep, rest)] @ inner


def two_terminal_resistances(g: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Resistances in ohm between every two contacts while all others float, shape (N, N).

    R_ij = P_ii + P_jj - P_ij - P_ji of the pseudo-inverse P of G (D. J. Klein, M. Randic, J. Math.
    Chem. 12, 81 (1993)); infinite between contacts that are not joined.
    """
    result = np.full(g.shape, np.inf)
    for group in np.unique(groups):
        block = np.ix_(groups == group, groups == group)
        inverse = np.linalg.pinv(g[block])
        own = np.diag(inverse)
        result[block] = own[:, None] + own - inverse - inverse.T
    return result
