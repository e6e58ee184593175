from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.learning.hopfield import (
    all_patterns,
    basins,
    energy,
    inverse,
    listed_inputs,
    recall,
    signs,
    trained_rank,
)

ALL_FOUR = np.array([signs(pattern) for pattern in all_patterns(4)])


def laplacian(n, edges):
    """Conductance matrix of resistors between nodes."""
    g = np.zeros((n, n))
    for i, j, c in edges:
        g[i, i] += c
        g[j, j] += c
        g[i, j] -= c
        g[j, i] -= c
    return g


def test_energy_is_the_sum_over_unequal_pairs():
    # Eq. (7): E' = 2 V0^2 sum over ordered pairs with V_i != V_j of G'_ij for rows that sum to zero
    rng = np.random.default_rng(0)
    g = laplacian(4, [(i, j, rng.normal()) for i in range(4) for j in range(i)])
    v0 = 0.05
    for pattern in all_patterns(4):
        v = signs(pattern)
        unequal = sum(g[i, j] for i in range(4) for j in range(4) if v[i] != v[j])
        np.testing.assert_allclose(
            energy(g, v0 * v[None]), [2 * v0**2 * unequal], rtol=1e-12, atol=1e-18
        )


def test_energy_is_minus_the_extra_joule_heat():
    extra = laplacian(3, [(0, 1, 2.0), (1, 2, 3.0)])
    # 1 V across a resistor of 2 S heats it with 2 W, 2 V with 8 W
    assert energy(extra, np.array([[1.0, 0.0, 0.0]]))[0] == pytest.approx(-2.0)
    assert energy(extra, np.array([[1.0, -1.0, -1.0]]))[0] == pytest.approx(-8.0)


def test_patterns_and_inverses_have_equal_energy_and_trivial_ones_none():
    rng = np.random.default_rng(1)
    g = laplacian(4, [(i, j, rng.normal()) for i in range(4) for j in range(i)])
    energies = dict(zip(all_patterns(4), energy(g, 0.1 * ALL_FOUR), strict=True))
    for pattern, e in energies.items():
        assert energies[inverse(pattern)] == pytest.approx(e)
    assert energies["++++"] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("pattern", ["+--+", "+-+-", "+---"])
def test_hebbian_weights_recall_their_pattern_from_every_other_start(pattern):
    v = signs(pattern)
    weights = np.outer(v, v).astype(float)
    found, unsettled = basins(weights, "asynchronous", self_term=True, starts=all_patterns(4))
    assert unsettled == 0
    assert {found[0].attractor} <= {pattern, inverse(pattern)}
    assert found[0].starts + sum(b.starts for b in found[1:]) == 16
    assert recall(weights, pattern).steps == 0
    assert trained_rank(energy(weights, ALL_FOUR), pattern, all_patterns(4)) == 1


def test_asynchronous_recall_never_raises_the_energy():
    rng = np.random.default_rng(2)
    for _ in range(20):
        g = laplacian(5, [(i, j, rng.normal()) for i in range(5) for j in range(i)])
        for start in all_patterns(5):
            end = recall(g, start, order=np.random.default_rng(3))
            assert end.converged
            before, after = energy(g, np.array([signs(start), signs(end.attractor)]))
            assert after <= before + 1e-12


def test_synchronous_recall_can_cycle_and_says_so():
    weights = np.array([[0.0, -1.0], [-1.0, 0.0]])
    assert not recall(weights, "++", "synchronous").converged
    assert recall(weights, "++", "asynchronous").attractor in ("+-", "-+")


def test_vanishing_output_keeps_the_neuron():
    g = laplacian(3, [(0, 1, 1.0), (1, 2, 1 / 3), (0, 2, 0.1)])
    assert recall(g, "+++", self_term=True).attractor == "+++"


def test_rank_counts_a_pattern_and_its_inverse_once():
    energies = np.zeros(16)
    for k, pattern in enumerate(all_patterns(4)):
        energies[k] = {"+--+": 1.0, "++--": 0.5}.get(max(pattern, inverse(pattern)), 2.0)
        if pattern in ("+--+", "-++-"):
            energies[k] = 1.0
        if pattern in ("++--", "--++"):
            energies[k] = 0.5
    assert trained_rank(energies, "-++-", all_patterns(4)) == 2
    assert trained_rank(energies, "++--", all_patterns(4)) == 1


def test_too_many_contacts_to_list():
    with pytest.raises(InputError, match="at most 20"):
        all_patterns(21)


def test_inputs_of_many_contacts_are_the_trained_ones_their_neighbors_and_a_sample():
    assert listed_inputs(["+-+"]) == all_patterns(3)
    letter = "+-" * 17 + "+"
    inputs = listed_inputs([letter], sample=100)
    assert inputs[:2] == [letter, inverse(letter)]
    far = [sum(a != b for a, b in zip(p, letter, strict=True)) for p in inputs]
    assert far.count(1) == 35 and far.count(34) == 35
    assert len(inputs) == len(set(inputs)) == 2 + 70 + 100
    assert inputs == listed_inputs([letter], sample=100)
    energies = np.array([-abs(35 - 2 * d) for d in far], float)
    assert trained_rank(energies, letter, inputs) == 1


def test_rank_of_patterns_that_took_turns_counts_the_others_only():
    energies = dict.fromkeys(all_patterns(3), 0.0)
    for pattern, value in {"++-": -2.0, "+-+": -1.0, "+--": -1.5}.items():
        energies[pattern] = energies[inverse(pattern)] = value
    values = np.array(list(energies.values()))
    assert trained_rank(values, "++-/+-+", list(energies)) == 2
    assert trained_rank(values, "++-/+--", list(energies)) == 1


def test_a_trivial_pattern_has_no_rank():
    energies = np.arange(8.0)
    assert np.isnan(trained_rank(energies, "+++", all_patterns(3)))
    assert np.isnan(trained_rank(np.arange(3.0), 12 * "-", ["++-+++++++++"] * 3))
    both = trained_rank(energies, "---/++-", all_patterns(3))
    assert both == trained_rank(energies, "++-", all_patterns(3))
