"""Placement of disc contacts by a library optimizer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import DiscContact
from orchestrator.describe.film import Film

Measure = Callable[[tuple[DiscContact, ...]], float]
"""A figure of merit of a layout; larger is better."""


@dataclass(frozen=True)
class DiscFamily:
    """Layouts of discs centered on nodes of a film, perhaps with rotational symmetry.

    A layout is a vector of integers: for each orbit the node (ix, iy) of its first disc and, where
    `radii` leaves a choice, the radius in cells.

    Parameters
    ----------
    film : Film
        Its cells are square in the plane.
    orbits : tuple of tuple of int
        Numbers of the contacts (from 0) that turns about the film's middle carry into one another,
        clockwise by 360 degrees / length. An orbit of one contact lies anywhere.
    radii : (int, int)
        Smallest and largest radius in cells.
    gap : int
        Smallest distance in cells between the edges of two discs.

    Raises
    ------
    InputError
        If the orbits do not hold each contact once, or the cells are not square.
    """

    film: Film
    orbits: tuple[tuple[int, ...], ...]
    radii: tuple[int, int]
    gap: int = 2

    def __post_init__(self) -> None:
        members = sorted(itertools.chain.from_iterable(self.orbits))
        if members != list(range(len(members))):
            raise InputError(f"orbits must hold the contacts 0 to N - 1 once each, got {members}")
        cx, cy, _ = self.film.cell_size
        if abs(cx - cy) > 1e-9 * cx:
            raise InputError(f"the cells must be square in the plane, not {cx:g} m x {cy:g} m")

    def bounds(self) -> list[tuple[int, int]]:
        """Smallest and largest value of each number of a layout."""
        nx, ny, _ = self.film.cells
        low, high = self.radii
        place = [(low, nx - low), (low, ny - low)]
        return (place + [self.radii] * (low < high)) * len(self.orbits)

    def discs(self, x: Sequence[float] | np.ndarray) -> np.ndarray:
        """Centers and radius of every disc in cells, shape (N, 3)."""
        nx, ny, _ = self.film.cells
        middle = np.array([nx / 2, ny / 2])
        numbers = np.asarray(x, float).reshape(len(self.orbits), -1)
        result = np.empty((sum(map(len, self.orbits)), 3))
        for orbit, (px, py, *rest) in zip(self.orbits, numbers, strict=True):
            radius = rest[0] if rest else self.radii[0]
            for k, contact in enumerate(orbit):
                angle = -2 * np.pi * k / len(orbit)
                c, s = np.cos(angle), np.sin(angle)
                dx, dy = px - middle[0], py - middle[1]
                turned = np.array([c * dx - s * dy, s * dx + c * dy])
                result[contact] = (*np.round(middle + turned, 6), radius)
        return result

    def violation(self, x: Sequence[float] | np.ndarray) -> float:
        """By how many cells discs overlap or leave the film in all; 0 where they do not."""
        nx, ny, _ = self.film.cells
        discs = self.discs(x)
        centers, radius = discs[:, :2], discs[:, 2]
        outside = np.concatenate(
            [radius[:, None] - centers, centers + radius[:, None] - (nx, ny)], axis=1
        )
        first, second = np.triu_indices(len(discs), 1)
        apart = np.hypot(*(centers[first] - centers[second]).T)
        overlap = radius[first] + radius[second] + self.gap - apart
        return float(np.maximum(outside, 0).sum() + np.maximum(overlap, 0).sum())

    def contacts(self, x: Sequence[float] | np.ndarray) -> tuple[DiscContact, ...]:
        """The contacts of a layout, named "1" to "N"."""
        cell = self.film.cell_size[0]
        return tuple(
            DiscContact(str(k), (float(px * cell), float(py * cell)), float(radius * cell))
            for k, (px, py, radius) in enumerate(self.discs(x), start=1)
        )


@dataclass(frozen=True)
class Placement:
    """The best layout that was found.

    Attributes
    ----------
    layout : tuple of int
        Its numbers, see `DiscFamily`.
    contacts : tuple of DiscContact
        Its contacts.
    value : float
        Its measure.
    measured : int
        How many layouts were measured.
    """

    layout: tuple[int, ...]
    contacts: tuple[DiscContact, ...]
    value: float
    measured: int


def best_placement(
    family: DiscFamily,
    measure: Measure,
    *,
    start: Sequence[int] | None = None,
    generations: int = 100,
    population: int = 10,
    seed: int = 1,
) -> Placement:
    """Maximize a measure over a family of layouts by differential evolution.

    R. Storn, K. Price, J. Glob. Optim. 11, 341 (1997), as `scipy.optimize` has it, on integers.
    Layouts whose discs overlap or leave the film count as worse than all others, the more so the
    more they do. No layout is measured twice.

    Parameters
    ----------
    family : DiscFamily
        The layouts.
    measure : callable
        What is maximized.
    start : sequence of int, optional
        A layout of the first generation.
    generations, population : int
        Most generations, and layouts in each as a multiple of the number of variables.
    seed : int
        Of the random numbers.

    Raises
    ------
    InputError
        If no layout without overlaps was found.
    """
    from scipy.optimize import differential_evolution

    known: dict[tuple[int, ...], float] = {}

    def cost(x: np.ndarray) -> float:
        violation = family.violation(x)
        if violation > 0:
            return 1e6 * (1 + violation)
        layout = tuple(round(v) for v in x)
        if layout not in known:
            known[layout] = measure(family.contacts(layout))
        return -known[layout]

    differential_evolution(
        cost,
        family.bounds(),
        integrality=True,
        x0=start,
        maxiter=generations,
        popsize=population,
        tol=1e-6,
        rng=np.random.default_rng(seed),
        polish=False,
    )
    if not known:
        raise InputError("no layout without overlaps was found; allow smaller discs or gaps")
    layout = max(known, key=known.__getitem__)
    return Placement(layout, family.contacts(layout), known[layout], len(known))
