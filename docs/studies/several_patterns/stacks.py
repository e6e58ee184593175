"""Stacks of films that hold several patterns, learned in one training or each by its own films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from docs.studies.several_patterns.memory import Memory, local_fields, remembered
from docs.studies.several_patterns.trainings import Trained
from orchestrator.learning.hopfield import energy, signs

DRAWS = 200
"""Random stacks for a share."""


@dataclass(frozen=True)
class Case:
    """Some patterns and the films that learn them.

    Attributes
    ----------
    trained : Trained
        Films of one device; the first and the last of their states count.
    entries : list of int
        One entry of the training, of one or several patterns; or one for each pattern, each
        learned by its own part of a stack, the films of which are joined afterwards.
    factor : float
        Times the stack's own conductance before training: the reference.
    """

    trained: Trained
    entries: Sequence[int]
    factor: float = 1.0

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

    def judged(self, members: np.ndarray) -> Memory:
        return remembered(self.weights(members), self.patterns)

    def chance(self) -> Memory:
        """Untrained stacks of half of the films, with the other half as the reference."""
        half = self.films // 2
        order = shuffled(np.arange(self.films), 2 * half)
        before = self.trained.conductance[:, self.entries[0], 0]
        stacks, references = (before[part].sum(axis=1) for part in np.split(order, 2, axis=1))
        return remembered(stacks - self.factor * references, self.patterns)

    def fields(self, pattern: str) -> np.ndarray:
        """V_i I'_i of every film, or of as many films as there are parts, S; shape (films, N)."""
        count = len(self.entries)
        numbers = np.arange(self.films)
        members = np.array([np.roll(numbers, -k)[:count] for k in numbers])
        return local_fields(self.weights(members), signs(pattern)[None])[:, 0]


def shuffled(films: np.ndarray, size: int) -> np.ndarray:
    """Numbers of the films of stacks drawn at random, shape (DRAWS, size)."""
    rng = np.random.default_rng(1)
    return np.array([rng.permutation(films)[:size] for _ in range(DRAWS)])


def changes(trained: Trained, entry: int, pattern: str) -> np.ndarray:
    """Change of E' over the pattern's power before, of every film in every state."""
    power = -energy(trained.conductance[:, entry].astype(float), signs(pattern)[None])[..., 0]
    return 1 - power / power[:, :1]


def after_blocks(trained: Trained, blocks: int, count: int) -> Trained:
    """What films of which every block was left to relax held after the first few of them."""
    states = trained.conductance[:, :, [0, count - 1 - blocks]]
    return Trained(states, ["/".join(e.split("/")[:count]) for e in trained.entries])
