"""The symmetry of the square: degenerate patterns, as the paper counts them for Fig. 2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrator.describe.experiment import Experiment
from orchestrator.describe.film import Film
from orchestrator.learning.hopfield import all_patterns, energy, inverse, is_trivial, signs
from orchestrator.transport.network import Network

SHIPPED = Path(__file__).parents[2] / "data" / "experiments" / "hopfield4.toml"


def orbit(pattern):
    """All patterns that rotations, mirrors and the turn of all voltages make of one."""
    turned = [pattern[k:] + pattern[:k] for k in range(4)]
    mirrored = [p[::-1] for p in turned]
    return frozenset([*turned, *mirrored, *map(inverse, turned), *map(inverse, mirrored)])


def test_fourteen_inputs_fall_into_classes_of_two_four_and_eight():
    classes = {orbit(p) for p in all_patterns(4) if not is_trivial(p)}
    assert sorted(len(c) for c in classes) == [2, 4, 8]
    assert len(orbit("+-+-")) == 2 and len(orbit("+--+")) == 4 and len(orbit("++-+")) == 8


@pytest.fixture(scope="module")
def network():
    shipped = Experiment.from_toml(SHIPPED)
    film = Film((25, 25, 1), (16e-9, 16e-9, 1e-6))
    return Network(film, shipped.resistivity, shipped.contacts)


def energies(network, m):
    patterns = np.array([signs(p) for p in all_patterns(4)])
    return dict(zip(all_patterns(4), energy(network.solve(m).conductance, patterns), strict=True))


def test_saturated_film_has_one_power_for_each_class(network):
    up = np.zeros((1, 25, 25, 3))
    up[..., 2] = 1
    found = energies(network, up)
    for pattern in ("+-+-", "+--+", "++-+"):
        assert [found[p] for p in orbit(pattern)] == pytest.approx(
            [found[pattern]] * len(orbit(pattern))
        )


def test_turning_texture_and_pattern_together_keeps_the_energy(network):
    """A quarter turn counterclockwise takes contact 2 (top right) to contact 1 (top left)."""
    rng = np.random.default_rng(1)
    m = rng.normal(size=(1, 25, 25, 3))
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    turned = np.rot90(m, -1, axes=(1, 2))  # rows are y upwards: index -1 turns x towards y
    turned = np.stack([-turned[..., 1], turned[..., 0], turned[..., 2]], axis=-1)
    before, after = energies(network, m), energies(network, turned)
    for pattern in all_patterns(4):
        assert after[pattern[1:] + pattern[:1]] == pytest.approx(before[pattern])
    assert len({round(before[p] / before["+-+-"], 9) for p in orbit("++-+")}) > 1
