"""Reading out stacks of trained films: energies, recall, references, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from orchestrator import open_campaign
from orchestrator.learning.hopfield import (
    all_patterns,
    energy,
    inverse,
    is_trivial,
    pattern_string,
    signs,
    trained_patterns,
)


@dataclass(frozen=True)
class Films:
    """Trained films of one device.

    Attributes
    ----------
    before, after : ndarray, shape (films, patterns, N, N)
        G in S before training, and relaxed after it.
    saturated : ndarray, shape (N, N)
        G of the film saturated along its normal.
    patterns : list of str
        What was trained.
    """

    before: np.ndarray
    after: np.ndarray
    saturated: np.ndarray
    patterns: list[str]

    @classmethod
    def of(cls, path: Path) -> Films:
        """The films of a file of `trainings`, or the finished ones of a campaign over `seed`.

        Ends the program with one line if there are none.
        """
        if not path.exists():
            raise SystemExit(f"{path}: no such file or folder of trained films")
        if path.suffix == ".npz":
            content = np.load(path)
            before, after = np.moveaxis(content["conductance"], 2, 0)
            return cls(before, after, content["saturated"], [str(p) for p in content["patterns"]])
        campaign = open_campaign(path)
        states = campaign.conductance_state.sel(state=["before", "relaxed"])
        order = ("state", "seed", "training", "contact", "contact_in")
        if set(states.dims) != set(order):
            axes = ", ".join(str(d) for d in states.dims if d not in order[:1] + order[2:])
            raise SystemExit(f"{path}: films of a stack are a campaign over seed alone, not {axes}")
        before, after = states.transpose(*order).to_numpy()
        finished = np.isfinite(after).all(axis=(1, 2, 3))
        if not finished.any():
            raise SystemExit(f"{path}: no film has finished its trainings")
        reference = campaign.conductance_reference.sel(reference="saturated")
        saturated = reference.isel(seed=int(finished.argmax())).to_numpy()
        patterns = [str(p) for p in campaign.training.to_numpy()]
        return cls(before[finished], after[finished], saturated, patterns)

    @classmethod
    def joined(cls, parts: Sequence[Films]) -> Films:
        """Films of one device from several sources."""
        before, after = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("before", "after")
        )
        return cls(before, after, parts[0].saturated, parts[0].patterns)

    def stacked(self, members: np.ndarray) -> Films:
        """Stacks of films of these numbers, shape (stacks, films in a stack): sums of G."""
        before, after = (g[members].sum(axis=1) for g in (self.before, self.after))
        return Films(before, after, members.shape[1] * self.saturated, self.patterns)

    def __getitem__(self, chosen: slice | np.ndarray) -> Films:
        return Films(self.before[chosen], self.after[chosen], self.saturated, self.patterns)

    def __len__(self) -> int:
        return len(self.before)


def in_order(films: int, size: int) -> np.ndarray:
    """Numbers of the films of stacks that share none, shape (stacks, size)."""
    count = films // size
    return np.arange(count * size).reshape(count, size)


def at_random(films: int, size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of the films of stacks drawn at random, without a film twice in a stack."""
    return np.array([rng.choice(films, size, replace=False) for _ in range(count)])


FACTOR = 1.04
"""Times the device's own conductance before training: the reference chosen on other films."""

Reference = Callable[[Films], np.ndarray]
"""G0 of every stack, shape of `Films.before` or one that fits."""


def own(factor: float = 1.0) -> Reference:
    """The device before its training, times a factor."""
    return lambda films: factor * films.before


def twin(factor: float) -> Reference:
    """Another device like it, untrained, times a factor: the next one of the list."""
    return lambda films: factor * np.roll(films.before, 1, axis=0)


def mean_of_four(factor: float) -> Reference:
    """The mean of a device and three others like it, untrained: the default of an experiment."""
    return lambda films: factor / 4 * sum(np.roll(films.before, -k, axis=0) for k in range(4))


def mean_untrained(factor: float) -> Reference:
    """The mean of all untrained devices, times a factor."""
    return lambda films: factor * films.before.mean(axis=(0, 1))


def scaled(factor: float) -> Reference:
    """A film without anisotropy of some times the conductance of the saturated one."""
    return lambda films: factor * films.saturated


def lowest(weights: np.ndarray, pattern: str) -> np.ndarray:
    """Whether a pattern has the lowest E' of all inputs that drive a current.

    Parameters
    ----------
    weights : ndarray, shape (..., N, N)
        G' in S.
    """
    names = all_patterns(weights.shape[-1])
    energies = energy(weights, np.array([signs(p) for p in names], float))
    trained = trained_patterns(pattern)
    others = [k for k, p in enumerate(names) if p not in trained and not is_trivial(p)]
    return energies[..., others].min(axis=-1) > energies[..., names.index(pattern)]


def recalled_from_all(weights: np.ndarray, pattern: str, trivial: bool = False) -> np.ndarray:
    """Whether asynchronous recall without self-term finds a pattern from everywhere in any order.

    Each update lowers E', so this is so if the pattern and its inverse are the only patterns that
    no single flip lowers.

    Parameters
    ----------
    weights : ndarray, shape (..., N, N)
        G' in S.
    trivial : bool
        Whether recall may start from, and go to, the inputs that drive no current.
    """
    n = weights.shape[-1]
    names = all_patterns(n)
    energies = energy(weights, np.array([signs(p) for p in names], float))
    if not trivial:
        energies[..., [is_trivial(p) for p in names]] = np.inf
    place = {name: k for k, name in enumerate(names)}
    flipped = [[place[p[:i] + inverse(p[i]) + p[i + 1 :]] for i in range(n)] for p in names]
    minima = (energies[..., flipped] > energies[..., None]).all(axis=-1)
    wanted = np.isin(names, trained_patterns(pattern))
    return (minima == wanted).all(axis=-1)


def recall_with_current(weights: np.ndarray, start: str) -> str:
    """Where asynchronous recall ends that leaves out updates after which no current would flow.

    In the order of the contacts, without self-term.
    """
    w = weights - np.diag(np.diag(weights))
    v = signs(start)
    while True:
        before = v.copy()
        for i, row in enumerate(w):
            after = v.copy()
            after[i] = np.sign(row @ v) or v[i]
            if not is_trivial(pattern_string(after)):
                v = after
        if np.array_equal(before, v):
            return pattern_string(v)


def succeeded(
    films: Films, reference: Reference, trivial: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """For each stack and pattern: lowest, and recalled from everywhere; (stacks, patterns)."""
    weights = films.after - reference(films)
    both = [
        (lowest(weights[:, k], p), recalled_from_all(weights[:, k], p, trivial))
        for k, p in enumerate(films.patterns)
    ]
    low, found = np.array(both).transpose(1, 2, 0)
    return low, found


def wilson(successes: int, count: int) -> str:
    """A count with Wilson's 95 % interval."""
    low, high = binomtest(successes, count).proportion_ci(method="wilson")
    return f"{successes} of {count} ({100 * low:.0f} to {100 * high:.0f} %)"


def random_share(
    films: Films, size: int, reference: Reference, trivial: bool = False, draws: int = 600
) -> np.ndarray:
    """Share of random stacks with all three patterns lowest, and also recalled; shape (2,)."""
    members = at_random(len(films), size, draws, np.random.default_rng(1))
    low, found = succeeded(films.stacked(members), reference, trivial)
    return np.array([low.all(axis=1).mean(), (low & found).all(axis=1).mean()])


def resampled(
    films: Films, size: int, reference: Reference, trivial: bool = False, parts: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """`random_share` and its standard error."""

    def share(members: np.ndarray) -> np.ndarray:
        return random_share(films[members], size, reference, trivial)

    return jackknife(share, len(films), parts)


def jackknife(
    share: Callable[[np.ndarray], Any], films: int, parts: int
) -> tuple[np.ndarray, np.ndarray]:
    """A share over random stacks of some films, and its standard error.

    Stacks share films, so the error comes from leaving out one part of the films after the other.

    Parameters
    ----------
    share : callable
        Of the numbers of the films.
    """
    numbers = np.arange(films)
    pieces = np.array_split(numbers, parts)
    left_out = np.array([share(np.delete(numbers, piece)) for piece in pieces])
    error = np.sqrt((parts - 1) / parts * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    return np.asarray(share(numbers)), error


def deficits(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of G' over the pairs of neighboring corners, and over the two diagonals, S.

    Contacts 1 to 4 follow one another around the film. With these sums a and d, E' at 1 V is 4 a
    for {+-+-}, and 2 (a + d) in the mean of the four patterns with one odd contact: {+-+-} lies
    below all of these only if a < d.
    """
    neighbors = sum(weights[..., k, (k + 1) % 4] for k in range(4))
    return neighbors, weights[..., 0, 2] + weights[..., 1, 3]
