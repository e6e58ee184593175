from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from orchestrator.analysis.rules import (
    Changes,
    alignment_tensor,
    fit_rule,
    leading_eigenvector,
    principal_overlap,
    recalled_neighbors,
)
from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import CornerContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.learning.hopfield import signs
from orchestrator.transport.conductivity import Conductivity
from orchestrator.transport.network import Network

PATTERNS = ("+++-", "++-+", "++--", "+-++", "+-+-", "+--+", "+---")
STEP = 2e-10
RULES = {
    "hebb": lambda v, g: 3e9 * np.outer(v, v),
    "difference": lambda v, g: -2e9 * np.subtract.outer(v, v) ** 2,
    "oja": lambda v, g: 3e9 * np.outer(v, v) - 4e10 * g * (v**2)[None, :],
}


def trainings(rule, pulses: int = 20, noise: float = 0.0) -> xr.Dataset:
    """What a run's Dataset would hold if conductances followed a rule; random starts."""
    draw = np.random.default_rng(3)
    shape = (len(PATTERNS), pulses)
    g, change = np.zeros((*shape, 4, 4)), np.zeros((*shape, 4, 4))
    voltages = np.zeros((*shape, 4))
    for k, pattern in enumerate(PATTERNS):
        v = 0.05 * signs(pattern)
        start = -draw.uniform(0.5, 1.5, (4, 4))
        now = (start + start.T) / 2
        for n in range(pulses):
            rough = draw.normal(0, noise, (4, 4)) if noise else np.zeros((4, 4))
            delta = STEP * rule(v, now) + rough + rough.T
            g[k, n], change[k, n], voltages[k, n] = now, delta, v
            now = now + delta
    times = np.broadcast_to(STEP * np.arange(1, pulses + 1), shape)
    dims = ("training", "pulse")
    return xr.Dataset(
        {
            "conductance": ((*dims, "contact", "contact_in"), g),
            "conductance_change": ((*dims, "contact", "contact_in"), change),
            "voltage": ((*dims, "contact"), voltages),
            "time": (dims, times),
            "duration": (dims, np.full(shape, STEP)),
        },
        coords={"training": list(PATTERNS), "pulse": np.arange(1, pulses + 1)},
    )


def terms_of(changes: Changes) -> dict[str, dict[str, np.ndarray]]:
    return {
        "hebb": {"product": changes.product()},
        "difference": {"difference": changes.squared_difference()},
        "oja": {"product": changes.product(), "decay": changes.decay()},
    }


@pytest.mark.parametrize("true", RULES)
def test_rule_that_made_the_changes_is_recovered_and_explains_them(true):
    changes = Changes.of_run(trainings(RULES[true]))
    found = {name: fit_rule(changes, t) for name, t in terms_of(changes).items()}
    assert found[true].explained == pytest.approx(1)
    assert found[true].predicted == pytest.approx(1)
    expected = {
        "hebb": {"product": 3e9},
        "difference": {"difference": -2e9},
        "oja": {"product": 3e9, "decay": 4e10},
    }[true]
    assert found[true].coefficients == pytest.approx(expected)
    wrong = {"hebb": "difference", "difference": "hebb", "oja": "difference"}[true]
    assert found[wrong].explained < 0.75
    assert found[wrong].explained < found[true].explained - 0.25


def test_standard_errors_cover_the_true_coefficients_in_noise():
    """The noise is drawn afresh for every pulse, so that the sandwich agrees with its spread."""
    changes = Changes.of_run(trainings(RULES["oja"], pulses=200, noise=2e-2))
    fit = fit_rule(changes, terms_of(changes)["oja"])
    assert fit.explained < 0.2
    for name, true in (("product", 3e9), ("decay", 4e10)):
        assert 0 < fit.errors[name] < 0.3 * abs(true)
        assert abs(fit.coefficients[name] - true) < 4 * fit.errors[name]
    assert fit.predicted < fit.explained


def test_useless_terms_do_not_predict():
    changes = Changes.of_run(trainings(RULES["hebb"], noise=2e-3))
    draw = np.random.default_rng(5)
    noise = {f"noise {k}": draw.normal(size=changes.rate.shape) for k in range(30)}
    fit = fit_rule(changes, noise)
    assert fit.explained > fit.predicted
    assert fit.predicted < 0.02


def test_changes_over_several_pulses_are_their_mean():
    single = Changes.of_run(trainings(RULES["oja"]))
    tens = Changes.of_run(trainings(RULES["oja"]), pulses=10)
    assert len(tens.rate) == len(single.rate) / 10
    np.testing.assert_allclose(tens.rate[0], single.rate[:10].mean(axis=0))
    np.testing.assert_array_equal(tens.conductance[1], single.conductance[10])
    joined = Changes.joined([single, tens])
    assert len(np.unique(joined.group)) == 2 * len(PATTERNS)


def test_fixed_point_of_oja_is_the_correlation_of_the_patterns():
    """b <V_i V_j> = c <V_j^2> G_ij; the leading eigenvectors agree."""
    patterns = ("++--", "++-+", "++--", "+-+-")
    g = -np.ones((4, 4))
    for _ in range(20000):
        for p in patterns:
            g = g + STEP / 10 * RULES["oja"](0.05 * signs(p), g)
    vectors = np.array([signs(p) for p in patterns])
    correlation = vectors.T @ vectors / len(patterns)
    np.testing.assert_allclose(g, 3e9 / 4e10 * correlation, atol=1e-3)
    assert principal_overlap(g, patterns) == pytest.approx(1, abs=1e-3)


def test_voltages_that_change_within_a_change_are_refused():
    run = trainings(RULES["hebb"])
    run["voltage"][2, 7] *= -1
    with pytest.raises(InputError, match="pulses 6 to 10"):
        Changes.of_run(run, pulses=5)
    with pytest.raises(InputError, match="30 pulses"):
        Changes.of_run(run, pulses=30)


def test_dependent_terms_are_refused():
    changes = Changes.of_run(trainings(RULES["hebb"]))
    with pytest.raises(InputError, match="not independent"):
        fit_rule(changes, {"a": changes.product(), "b": 2 * changes.product()})


def test_alignment_in_a_strip_is_exact():
    """Uniform field V/L: dSigma = q diag(E^2, -E^2)/2 adds (q E^2 / 2) w t / L, for any length."""
    film = Film((24, 10, 1), (5e-9, 5e-9, 1e-6))
    contacts = (SideContact("left", "left"), SideContact("right", "right"))
    lx, ly, lz = film.lengths
    for length in (0.0, 20e-9, np.inf):
        tensor = alignment_tensor(film, contacts, length)
        v = np.array([0.03, -0.02])
        change = np.einsum("ijkl,k,l->ij", tensor, v, v)
        expected = (0.05 / lx) ** 2 / 2 * ly * lz / lx
        np.testing.assert_allclose(change, expected * np.array([[1, -1], [-1, 1]]), rtol=1e-9)


def test_alignment_is_the_derivative_of_the_solved_conductance():
    """Sigma = 1 + q Q solved by the network, against q T V V for small q."""
    film = Film((16, 16, 1), (5e-9, 5e-9, 1e-6))
    places = ("top left", "top right", "bottom right", "bottom left")
    contacts = tuple(CornerContact(str(k), c, 10e-9) for k, c in enumerate(places))
    v = 0.05 * signs("++-+")
    predicted = np.einsum("ijkl,k,l->ij", alignment_tensor(film, contacts, 0.0), v, v)
    np.testing.assert_allclose(predicted.sum(axis=0), 0, atol=1e-9 * np.abs(predicted).max())

    up = np.zeros((*film.array_shape, 3))
    up[..., 2] = 1
    uniform = Network(film, Resistivity(rho_par=1.0, rho_perp=1.0), contacts).solve(up)
    field = uniform.current_density(v)
    length = np.linalg.norm(field, axis=-1)
    along = np.where(length[..., None] > 0, field / np.maximum(length, 1)[..., None], up)
    q = 1e-3 / length.max() ** 2
    # sigma_0 + q Q has q E^2/2 along the field and -q E^2/2 across it.
    x, y = along[0, ..., 0], along[0, ..., 1]
    strength = q * length[0] ** 2
    tensors = np.stack([1 + strength * (x * x - 0.5), 1 + strength * (y * y - 0.5)])
    sigma = Conductivity(np.stack([tensors[0], tensors[1], strength * x * y]))
    solved = Network(film, Resistivity(rho_par=1.0, rho_perp=1.0), contacts)
    change = solved.solve_conductivity(sigma).conductance - uniform.conductance
    np.testing.assert_allclose(change, q * predicted, rtol=5e-2)


def test_leading_eigenvector_has_no_common_part():
    pattern = signs("+++-").astype(float)
    vector = leading_eigenvector(np.outer(pattern, pattern))
    expected = np.array([1, 1, 1, -3]) / np.sqrt(12)
    assert abs(vector @ expected) == pytest.approx(1)
    assert abs(leading_eigenvector(-np.eye(4)).sum()) < 1e-12


def test_hebbian_weights_recall_from_one_wrong_sign():
    pattern = "+--+"
    weights = np.outer(signs(pattern), signs(pattern)) - np.eye(4)
    assert recalled_neighbors(weights, pattern) == (4, 4)
    assert recalled_neighbors(weights, "++++") == (0, 4)
    assert recalled_neighbors(weights, "+++-") == (0, 3)
