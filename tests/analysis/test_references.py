from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from orchestrator.analysis.references import with_references
from orchestrator.base.errors import InputError
from orchestrator.learning.hopfield import all_patterns, energy, signs, trained_rank

INPUTS = all_patterns(4)
VOLTAGES = 0.05 * np.array([signs(p) for p in INPUTS])
RUN = ("seed", "training")
MATRIX = ("contact", "contact_in")


def laplacian(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Conductance matrices of networks of four contacts."""
    g = rng.uniform(1, 2, (*shape, 4, 4))
    g = -(g + np.swapaxes(g, -1, -2)) * (1 - np.eye(4))
    return g - g.sum(axis=-1)[..., None] * np.eye(4)


@pytest.fixture
def results():
    """Three runs of two trainings; the last one of the last run is unfinished."""
    rng = np.random.default_rng(1)
    states = laplacian(rng, (3, 2, 3))
    states[2, 1, 2] = np.nan
    films = laplacian(rng, (2,))
    energies = energy(states[:, :, :, None] - films, VOLTAGES)
    patterns = ["+--+", "++-+"]
    ranks = np.full((3, 2, 2), np.nan)
    for s, t, r in np.argwhere(np.isfinite(energies[:, :, 2]).all(axis=-1)):
        ranks[s, t, r] = trained_rank(energies[s, t, 2, r], patterns[t], INPUTS)
    return xr.Dataset(
        {
            "conductance_state": ((*RUN, "state", *MATRIX), states),
            "conductance_reference": (("reference", *MATRIX), films),
            "energy": ((*RUN, "state", "reference", "input"), energies, {"units": "W"}),
            "reference_power": (("reference", "input"), -energy(films, VOLTAGES)),
            "trained_rank": ((*RUN, "reference"), ranks),
            "trained_energy": ((*RUN, "reference"), ranks),
        },
        coords={
            "training": patterns,
            "state": ["before", "after", "relaxed"],
            "reference": ["saturated", "untrained"],
            "input": INPUTS,
        },
        attrs={"description": json.dumps({"training": {"voltage": 0.05}})},
    )


def test_the_runs_own_references_give_what_the_run_lists(results):
    again = with_references(results, ["untrained", "saturated", 1.0])
    for name in ("energy", "reference_power", "trained_rank", "conductance_reference"):
        ours = again[name].sel(reference=["saturated", "untrained"]).transpose(*results[name].dims)
        np.testing.assert_allclose(ours, results[name], rtol=1e-12, atol=1e-15, err_msg=name)
    same = again.energy.sel(reference="1.0") - again.energy.sel(reference="saturated")
    assert abs(same).max() < 1e-15
    assert again.energy.attrs["units"] == "W"


def test_own_reference_is_the_power_that_training_added(results):
    own = with_references(results, ["own"]).isel(reference=0)
    assert (own.energy.sel(state="before").isel(seed=slice(2)) == 0).all()
    change = results.conductance_state.sel(state="relaxed") - results.conductance_state.sel(
        state="before"
    )
    assert own.conductance_reference.dims == (*RUN, *MATRIX)
    expected = energy(change.to_numpy(), VOLTAGES)
    np.testing.assert_allclose(own.energy.sel(state="relaxed"), expected, atol=1e-15)


def test_a_small_reference_prefers_the_inputs_of_most_power(results):
    ranks = with_references(results, [1e-9]).trained_rank.isel(reference=0)
    power = energy(-results.conductance_state.sel(state="relaxed").to_numpy(), VOLTAGES)
    for t, pattern in enumerate(results.training.values):
        for s in range(2):
            own = power[s, t, INPUTS.index(pattern)]
            larger = np.unique(np.round(power[s, t][power[s, t] > own * (1 + 1e-9)], 12))
            assert int(ranks[s, t]) == 1 + len(larger)
    assert np.isnan(ranks[2, 1])


def test_resistances_of_a_better_conductor_are_smaller(results):
    driven = results.assign_attrs(description=json.dumps({"training": {"voltage": None}}))
    film = with_references(driven, [2.0]).isel(reference=0)
    saturated = results.isel(reference=0)
    np.testing.assert_allclose(film.reference_power, saturated.reference_power / 2)
    np.testing.assert_allclose(film.conductance_reference, 2 * saturated.conductance_reference)


@pytest.mark.parametrize("wrong", ["helix", 0.0, -1.0])
def test_unknown_references_are_refused(results, wrong):
    with pytest.raises(InputError, match="there are 'saturated', 'untrained', 'own'"):
        with_references(results, [wrong])
