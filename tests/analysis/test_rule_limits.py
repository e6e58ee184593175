from __future__ import annotations

import itertools

import numpy as np
import pytest

from orchestrator.analysis.rule_limits import SQUARE, odd_share, power_law, shares_of_mean
from orchestrator.analysis.rules import Changes
from orchestrator.base.errors import InputError

VOLTAGES = 0.05 * np.array(
    [v for v in itertools.product((1.0, -1.0), repeat=4) if 0 < v.count(1.0) < 4]
)


def changes(rate: np.ndarray) -> Changes:
    n = len(rate)
    return Changes(rate, np.zeros((n, 4, 4)), VOLTAGES[:n], np.arange(n))


def hebb() -> np.ndarray:
    return np.einsum("mi,mj->mij", VOLTAGES, VOLTAGES)


def symmetric_noise(seed: int, scale: float) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, scale, (len(VOLTAGES), 4, 4))
    return noise + noise.transpose(0, 2, 1)


def test_square_has_eight_symmetries_that_keep_neighbors():
    assert len(set(SQUARE)) == 8
    for order in SQUARE:
        steps = np.diff([*order, order[0]]) % 4
        assert set(steps) <= {1, 3}


def test_even_rule_has_no_odd_share_and_a_linear_response_nothing_else():
    assert odd_share(changes(hebb())) == pytest.approx(0)
    linear = VOLTAGES[:, :, None] + VOLTAGES[:, None, :]
    assert odd_share(changes(linear)) == pytest.approx(1)
    # Of the squares: 6 pairs times 1 for Hebb, and 4 (equal voltages only) for the sum.
    pair = np.triu_indices(4, 1)
    expected = (linear[:, *pair] ** 2).sum() / ((linear + hebb() / 0.05)[:, *pair] ** 2).sum()
    assert odd_share(changes(linear + hebb() / 0.05)) == pytest.approx(expected)


def test_half_of_chance_is_odd():
    shares = [odd_share(changes(symmetric_noise(k, 1.0))) for k in range(50)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)


def test_reversed_voltages_must_be_there():
    with pytest.raises(InputError, match="exactly one training"):
        odd_share(changes(hebb()[:5]))


def test_mean_of_the_other_starts_predicts_what_they_share():
    starts = [changes(hebb()) for _ in range(3)]
    np.testing.assert_allclose(shares_of_mean(starts), 1)
    noise = [changes(symmetric_noise(k, 1.0)) for k in range(4)]
    assert shares_of_mean(noise).max() < 0.1
    # Noise of the same power as the rule: half is predicted, but for the noise of the mean.
    size = np.sqrt((hebb()[:, 0, 1] ** 2).mean() / 2)
    mixed = [changes(hebb() + symmetric_noise(k, size)) for k in range(20)]
    assert shares_of_mean(mixed).mean() == pytest.approx(0.5, abs=0.05)


def test_symmetries_map_changes_to_the_right_contacts():
    """A rule that favors neighbors keeps its form under all symmetries of the square."""
    side = np.array([[0, 2, 1, 2], [2, 0, 2, 1], [1, 2, 0, 2], [2, 1, 2, 0]])
    local = np.einsum("ij,mi,mj,mk->mij", side, VOLTAGES, VOLTAGES, np.abs(VOLTAGES))
    np.testing.assert_allclose(shares_of_mean([changes(local)] * 2), 1)
    # One that favors a single pair of contacts does not.
    lone = hebb().copy()
    lone[:, 0, 1] *= 5
    assert shares_of_mean([changes(lone)] * 2).max() < 0.9
    np.testing.assert_allclose(shares_of_mean([changes(lone)] * 2, [(0, 1, 2, 3)]), 1)


def test_starts_must_match():
    with pytest.raises(InputError, match="needs two"):
        shares_of_mean([changes(hebb())])
    with pytest.raises(InputError, match="same voltages"):
        shares_of_mean([changes(hebb()), changes(hebb()[:4])])


def test_exponent_and_its_error():
    amplitudes = (0.01, 0.02, 0.04)
    exact = np.outer([1.0, 2.0, 3.0], np.power(amplitudes, 1.7))
    power, error = power_law(amplitudes, exact)
    assert power == pytest.approx(1.7)
    assert error == pytest.approx(0, abs=1e-12)
    found = []
    for k in range(200):
        draw = np.random.default_rng(k)
        found.append(power_law(amplitudes, np.power(amplitudes, 1.7) * draw.normal(1, 0.3, (8, 3))))
    powers, errors = np.transpose(found)
    assert powers.mean() == pytest.approx(1.7, abs=0.05)
    assert errors.mean() == pytest.approx(powers.std(), rel=0.2)


@pytest.mark.parametrize(
    ("amplitudes", "strengths", "message"),
    [
        ((0.01,), np.ones((3, 1)), "two amplitudes"),
        ((0.01, 0.02), np.ones((1, 2)), "two starts"),
        ((0.01, 0.02), np.array([[1.0, -3.0], [1.0, 2.0]]), "not positive"),
    ],
)
def test_exponents_that_cannot_be_found(amplitudes, strengths, message):
    with pytest.raises(InputError, match=message):
        power_law(amplitudes, strengths)
