"""Insulated films with common contacts: what a stack is the sum of."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from orchestrator.analysis.references import with_references
from orchestrator.analysis.stacks import stacked
from orchestrator.analysis.statistics import recall_confusion
from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.learning.hopfield import all_patterns, energy, signs, trained_rank
from orchestrator.transport.network import Network

INPUTS = all_patterns(4)
VOLTAGES = 0.05 * np.array([signs(p) for p in INPUTS])


def test_conductances_of_insulated_films_with_common_contacts_add_up():
    """The network of two films and the vacuum between them, and of each film alone."""
    cell = (5e-9, 5e-9, 10e-9)
    rng = np.random.default_rng(2)
    m = rng.normal(size=(3, 6, 8, 3))
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    m[1] = 0
    lower, upper = m.copy(), m.copy()
    lower[2] = upper[0] = 0
    resistivity = Resistivity(rho_par=7e-7, rho_perp=1e-7)
    contacts = (SideContact("left", "left"), SideContact("right", "right"))
    network = Network(Film((8, 6, 3), cell), resistivity, contacts)
    both, first, second = (network.solve(part).conductance for part in (m, lower, upper))
    assert first[0, 0] > 0 and second[0, 0] > 0
    np.testing.assert_allclose(both, first + second, rtol=1e-8)


def films(count: int, drive: str = "voltage") -> xr.Dataset:
    """Trainings of {+--+} and {++-+} that add Hebb's weights to a film, and larger noise."""
    rng = np.random.default_rng(4)
    noise = rng.normal(size=(count, 2, 4, 4))
    noise = noise + np.swapaxes(noise, -1, -2)
    patterns = ["+--+", "++-+"]
    base = 100 * (4 * np.eye(4) - 1)
    learned = np.array([np.outer(signs(p), signs(p)) for p in patterns])
    before = np.broadcast_to(base, noise.shape)
    states = np.stack([before, before + learned + noise, before + learned + noise], axis=2)
    references = np.stack([base, base])
    energies = energy(states[:, :, :, None] - references, VOLTAGES)
    dims, matrix = ("seed", "training", "state"), ("contact", "contact_in")
    rank = [
        [[trained_rank(e, p, INPUTS) for e in r[2]] for p, r in zip(patterns, run, strict=True)]
        for run in energies
    ]
    return xr.Dataset(
        {
            "conductance_state": ((*dims, *matrix), states, {"units": "S"}),
            "conductance_reference": (("reference", *matrix), references),
            "energy": ((*dims, "reference", "input"), energies, {"units": "W"}),
            "reference_power": (("reference", "input"), -energy(references, VOLTAGES)),
            "trained_rank": (("seed", "training", "reference"), rank),
        },
        coords={
            "seed": range(1, count + 1),
            "training": patterns,
            "state": ["before", "after", "relaxed"],
            "reference": ["saturated", "untrained"],
            "input": INPUTS,
        },
        attrs={
            "description": json.dumps(
                {"training": {"voltage": 0.05 if drive == "voltage" else None}}
            )
        },
    )


def test_energies_and_conductances_are_sums_over_the_films():
    single = films(7)
    stacks = stacked(single, 3)
    assert dict(stacks.sizes)["stack"] == 2 and "seed" not in stacks.dims
    second = single.isel(seed=slice(3, 6))
    for name in ("energy", "conductance_state"):
        np.testing.assert_allclose(stacks[name].isel(stack=1), second[name].sum("seed"), rtol=1e-12)
        assert stacks[name].attrs == single[name].attrs
    for name in ("reference_power", "conductance_reference"):
        np.testing.assert_allclose(stacks[name].isel(stack=1), 3 * single[name], rtol=1e-12)
    weights = stacks.conductance_state - stacks.conductance_reference
    again = energy(
        weights.transpose("stack", "training", "state", "reference", ...).to_numpy(), VOLTAGES
    )
    listed = stacks.energy.transpose("stack", "training", "state", "reference", "input")
    np.testing.assert_allclose(again, listed, rtol=1e-9, atol=1e-9)


def test_noise_averages_out_and_what_was_learned_does_not():
    single = films(400)
    alone = float((single.trained_rank == 1).mean())
    together = stacked(single, 50)
    assert alone < 0.7
    assert (together.trained_rank == 1).all()
    found = recall_confusion(with_references(together, ["own"]), "own")
    for pattern in found.trained.to_numpy():
        assert float(found.sel(trained=pattern, attractor=pattern)) > 0.85


def test_unfinished_films_leave_their_stack_without_values():
    single = films(4)
    single["energy"][3, 1, 2] = np.nan
    rank = stacked(single, 2).trained_rank
    assert rank.sel(training="++-+").isel(stack=1).isnull().all()
    assert int(rank.isnull().sum()) == 2


def test_stacks_that_cannot_be_are_refused():
    single = films(3)
    with pytest.raises(InputError, match="'pattern' is no axis"):
        stacked(single, 2, along="pattern")
    with pytest.raises(InputError, match="films: 4 of the 3 along 'seed'"):
        stacked(single, 4)
    with pytest.raises(InputError, match="given currents"):
        stacked(films(3, drive="current"), 2)
