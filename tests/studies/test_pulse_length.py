"""Pulses against continuous training on a small film."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from orchestrator.describe.sections import Training

PATTERN = "+--+"
DURATION = 6.4e-10


@pytest.fixture
def texture(small_film, corners):
    film = small_film(contacts=corners)
    return film, film.relaxed(film.random(5), 2e-9)


def final(texture, **changes) -> np.ndarray:
    film, m = texture
    return film.trained(m, Training((PATTERN,), voltage=0.02, **changes))[0]


def test_frozen_currents_converge_with_first_order(texture):
    lengths = [1.6e-10, 8e-11, 4e-11, 2e-11]
    ends = [final(texture, pulse_length=t, pulses=round(DURATION / t))[-1] for t in lengths]
    steps = [np.linalg.norm(a - b) for a, b in itertools.pairwise(ends)]
    orders = np.log2(np.array(steps[:-1]) / steps[1:])
    assert orders == pytest.approx(1.0, abs=0.15)
    assert steps[-1] < 2e-3 * np.linalg.norm(ends[-1])


def test_adaptive_pulses_bound_the_change_of_the_currents(texture):
    """Every pulse but the first ones changes the currents by no more than the bound asks."""
    bound = 1e-3
    g = final(texture, pulse_length=2e-11, pulses=1000, max_current_change=bound, duration=DURATION)
    v = 0.02 * np.array([1, -1, -1, 1])
    currents = g @ v
    changes = np.linalg.norm(np.diff(currents, axis=0), axis=1) / np.linalg.norm(
        currents[:-1], axis=1
    )
    assert 5 < len(changes) < 100
    assert changes[3:-1].max() < 1.5 * bound
    assert np.median(changes[3:-1]) > 0.6 * bound
