"""The study of all inputs: what its symmetries do to a texture that is turned with its pattern."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from orchestrator.describe.experiment import Experiment
from orchestrator.describe.film import Film
from orchestrator.learning.hopfield import all_patterns, energy, is_trivial, signs
from orchestrator.transport.network import Network

DATA = Path(__file__).parents[2] / "data" / "experiments"
INPUTS = all_patterns(4)


@pytest.fixture
def study(load_study):
    return load_study("inputs.analysis")


def turned(m: np.ndarray) -> np.ndarray:
    """A texture turned by 90 degrees, the film and its vectors: contact k comes to place k + 1."""
    moved = np.rot90(m, k=1, axes=(1, 2)).copy()
    x, y = moved[..., 0].copy(), moved[..., 1].copy()
    moved[..., 0], moved[..., 1] = y, -x
    return moved


def test_classes_have_the_sizes_of_the_paper(study):
    kinds = [study.canonical(p)[0] for p in INPUTS if not is_trivial(p)]
    assert [kinds.count(kind) for kind in study.CLASSES] == [8, 4, 2]
    for pattern in INPUTS:
        if not is_trivial(pattern):
            kind, places = study.canonical(pattern)
            seen = study.moved(pattern, places)
            assert kind in (seen, study.inverse(seen))


def test_turned_textures_of_turned_patterns_have_one_landscape(study):
    """Physics: G of a turned texture is G with its contacts moved on; so all rows must agree."""
    shipped = Experiment.from_toml(DATA / "hopfield4.toml")
    network = Network(
        Film((20, 20, 1), (20e-9, 20e-9, 1e-6)), shipped.resistivity, shipped.contacts
    )
    rng = np.random.default_rng(3)
    m = rng.normal(size=(1, 20, 20, 3))
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    pattern, names, rows = "++-+", [], []
    for _ in range(4):
        names.append(pattern)
        rows.append(energy(network.solve(m).conductance, np.array([signs(p) for p in INPUTS])))
        m, pattern = turned(m), pattern[-1] + pattern[:-1]
    runs = xr.Dataset(
        {"energy": (("seed", "training", "state", "input"), np.array(rows)[None, :, None])},
        coords={"training": names, "state": ["relaxed"], "input": INPUTS},
    )
    inputs, energies = study.landscape(runs, names)
    assert inputs[1] == "++-+" and energies.shape == (4, 7)
    np.testing.assert_allclose(energies, energies[:1].repeat(4, axis=0), rtol=1e-9)
    assert np.ptp(energies[0]) > 0.01 * abs(energies[0]).max()
