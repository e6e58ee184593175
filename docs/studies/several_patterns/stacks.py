"""Stacks of films that hold several patterns, learned by turns or each by films of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from docs.studies.several_patterns.memory import Memory, remembered
from docs.studies.several_patterns.trainings import Trained


@dataclass(frozen=True)
class Case:
    """Some patterns and the films that learn them.

    Attributes
    ----------
    trained : Trained
        Films of one device.
    entries : list of int
        One entry of the training, in which the patterns take turns; or one for each pattern, each
        learned by its own part of a stack, the films of which are joined afterwards.
    factor : float
        Times the stack's own conductance before training: the reference.
    """

    trained: Trained
    entries: Sequence[int]
    factor: float

    @property
    def patterns(self) -> list[str]:
        return [p for k in self.entries for p in self.trained.entries[k].split("/")]

    @property
    def films(self) -> int:
        return len(self.trained.conductance)

    def weights(self, members: np.ndarray) -> np.ndarray:
        """G' in S of stacks of films of these numbers, shape (stacks, films in a stack)."""
        g = self.trained.conductance
        groups = np.array_split(members, len(self.entries), axis=1)
        after = sum(g[own, k, -1].sum(axis=1) for own, k in zip(groups, self.entries, strict=True))
        return after - self.factor * g[members, self.entries[0], 0].sum(axis=1)

    def untrained(self, members: np.ndarray, others: np.ndarray) -> np.ndarray:
        """G' of untrained stacks of other films with these as the reference: what chance holds."""
        before = self.trained.conductance[:, self.entries[0], 0]
        return before[others].sum(axis=1) - self.factor * before[members].sum(axis=1)

    def judged(self, members: np.ndarray) -> Memory:
        return remembered(self.weights(members), self.patterns)


def shuffled(films: np.ndarray, size: int, count: int) -> np.ndarray:
    """Numbers of the films of stacks drawn at random, shape (count, size)."""
    rng = np.random.default_rng(1)
    return np.array([rng.permutation(films)[:size] for _ in range(count)])


def with_error(
    share: Callable[[np.ndarray], float], films: int, parts: int = 6
) -> tuple[float, float]:
    """A share over random stacks of some films, and its error from leaving out parts (jackknife).

    Parameters
    ----------
    share : callable
        Of the numbers of the films.
    """
    numbers = np.arange(films)
    pieces = np.array_split(numbers, parts)
    left = np.array([share(np.setdiff1d(numbers, piece)) for piece in pieces])
    error = np.sqrt((parts - 1) / parts * ((left - left.mean()) ** 2).sum())
    return share(numbers), float(error)
