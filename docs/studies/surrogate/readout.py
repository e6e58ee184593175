"""What trainings, the surrogate and ideal textures say of a layout, in the same units."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from docs.studies.shared import ALONG
from docs.studies.surrogate.layouts import Layout
from docs.studies.surrogate.model import FILM_CONSTANTS, Constants, Surrogate
from docs.studies.surrogate.trainings import TIME, VOLTAGE, read
from orchestrator.analysis.ideal import Disorder, IdealTextures
from orchestrator.learning.hopfield import all_patterns, energy, is_trivial, signs, trained_patterns

STEPS = 4
"""Of the surrogate for a training."""
CONTROL = replace(FILM_CONSTANTS, drive=0.0)
"""A current that orders nothing and lets the texture forget as much."""


def margins(g: np.ndarray, patterns: tuple[str, ...]) -> np.ndarray:
    """How far E' of each pattern lies below that of all other inputs, in units of its power.

    Against the film's own conductance before training; negative where another lies lower.

    Parameters
    ----------
    g : ndarray, shape (starts, patterns, 2, N, N)
        Before and after training.

    Returns
    -------
    ndarray, shape (starts, patterns)
    """
    names = all_patterns(g.shape[-1])
    inputs = np.array([signs(p) for p in names], float)
    result = []
    for k, pattern in enumerate(patterns):
        energies = energy(g[:, k, -1] - g[:, k, 0], inputs)
        own, trained = names.index(pattern), trained_patterns(pattern)
        others = [i for i, p in enumerate(names) if p not in trained and not is_trivial(p)]
        power = -energy(g[:, k, 0], inputs[[own]])[:, 0]
        result.append((energies[:, others].min(axis=1) - energies[:, own]) / power)
    return np.array(result).T


def trained_by_surrogate(
    layout: Layout, starts: int, constants: Constants = FILM_CONSTANTS, seed: int = 0
) -> np.ndarray:
    """G in S before and after trainings of all patterns, shape (starts, patterns, 2, N, N).

    Starts count from `seed`; all layouts have the same random numbers.
    """
    film = Surrogate(layout.device, constants)
    result = []
    for start in range(seed, seed + starts):
        rng = np.random.default_rng(start)
        q = film.untrained(rng)
        for pattern in layout.patterns:
            voltages = VOLTAGE * signs(pattern)
            result.append(film.trained(q, voltages, TIME, STEPS, rng)[1])
    g = np.array(result)
    return g.reshape(starts, len(layout.patterns), *g.shape[1:])


def quiet(layout: Layout) -> np.ndarray:
    """The same without noise from a film without order, one start: the mean of many films."""
    film = Surrogate(layout.device, FILM_CONSTANTS)
    nothing = np.zeros(film.shape, complex)
    g = [film.trained(nothing, VOLTAGE * signs(p), TIME, STEPS, None)[1] for p in layout.patterns]
    return np.array(g)[None]


def trained_by_micromagnetics(folder: Path, layout: Layout) -> np.ndarray:
    """The same of a file of `docs.studies.surrogate.trainings`."""
    return read(folder, layout)["conductance"][:, :, [0, -1]]


def ideal(layout: Layout, disorder: Disorder) -> np.ndarray:
    """The same of the model of ideal textures, one start; an isotropic maze before."""
    device = layout.device
    textures = IdealTextures(device.film, device.contacts, device.resistivity, ALONG)
    g = [[textures.conductance(p, d) for d in (1.0, disorder)] for p in layout.patterns]
    return np.array(g)[None]


def changes(g: np.ndarray) -> np.ndarray:
    """Mean change of G of every pair of contacts in every training, S; shape (patterns, pairs)."""
    first, second = np.triu_indices(g.shape[-1], 1)
    return (g[:, :, -1] - g[:, :, 0]).mean(axis=0)[:, first, second]
