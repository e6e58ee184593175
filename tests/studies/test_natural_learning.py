"""What training does to driven and undriven connections."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.analysis.ideal import IdealTextures
from orchestrator.describe.contacts import CornerContact
from orchestrator.describe.film import Film
from orchestrator.describe.sections import Training
from orchestrator.learning.hopfield import signs

FILM = Film((64, 64, 1), (6e-9, 6e-9, 1e-6))
PATTERNS = ("+-+-", "+--+", "++-+")
UPPER = np.triu_indices(4, 1)


@pytest.fixture
def film(small_film, corners):
    contacts = tuple(CornerContact(c.name, c.corner, 48e-9) for c in corners)
    return small_film(film=FILM, contacts=contacts)


def changes(pattern: str, before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Relative changes of |G_ij| between different and between equal voltages."""
    change = np.abs(after[UPPER]) / np.abs(before[UPPER]) - 1
    different = np.not_equal.outer(signs(pattern), signs(pattern))[UPPER]
    return change[different], change[~different]


def test_ideal_stripes_raise_every_driven_connection_more_than_the_others(film):
    ideal = IdealTextures(FILM, film.contacts, film.device.resistivity, along=0.44)
    for pattern in PATTERNS:
        maze, ordered = (ideal.conductance(pattern, d) for d in (1.0, 0.5))
        driven, equal = changes(pattern, maze, ordered)
        assert driven.min() > 0
        assert driven.mean() > 2 * equal.mean()


def test_trained_films_raise_driven_connections_more_than_the_others(film):
    """The first 5 ns of five trainings; each pattern of the paper and two starts."""
    growth, contrast = [], []
    for seed, patterns in ((2, PATTERNS), (3, PATTERNS[:2])):
        m = film.relaxed(film.random(seed), 4e-9)
        for pattern in patterns:
            plan = Training((pattern,), pulse_length=2.5e-10, pulses=20, voltage=0.05)
            g = film.trained(m, plan)[0]
            driven, equal = changes(pattern, g[0], g[-1])
            growth.append(driven.mean())
            contrast.append(driven.mean() - equal.mean())
    assert np.mean(growth) > 0.01
    assert np.mean(contrast) > 0.003
