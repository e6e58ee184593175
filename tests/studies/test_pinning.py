"""Grains of random anisotropy, and what they do to a small film."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import label

from orchestrator.describe.conditions import Conditions

KU1 = 1e5


@pytest.fixture
def study(load_study):
    return load_study("pinning.analysis")


def anisotropy_map(film) -> np.ndarray:
    block = 'SaveAs(Ku1, "Ku1.ovf")\nSaveAs(m, "after.ovf")\n'
    return film.execute(film.stripes(0, 0.0), block, "Ku1.ovf")[0, ..., 0]


@pytest.mark.parametrize(("size", "spread"), [(12e-9, 0.2), (12e-9, 0.8), (24e-9, 0.2)])
def test_anisotropy_varies_by_the_spread_over_grains_of_the_size(small_film, size, spread):
    """A Voronoi pattern of density 1/size^2: its grains are counted, and their Ku1 sampled."""
    film = small_film(conditions=Conditions(grain_size=size, grain_spread=spread))
    ku1 = anisotropy_map(film)
    values = np.unique(ku1)
    grains = [(ku1 == value, value) for value in values]
    count = sum(label(cells)[1] for cells, _ in grains)
    lx, ly, _ = film.device.film.lengths
    expected = lx * ly / size**2
    assert abs(count - expected) < 3 * np.sqrt(expected)
    error = spread / np.sqrt(len(values))
    assert abs(values.mean() / KU1 - 1) < 3 * error
    assert abs(values.std() / KU1 / spread - 1) < 3 / np.sqrt(2 * len(values))


def test_seed_chooses_the_grains(small_film):
    first, again, other = (
        anisotropy_map(
            small_film(conditions=Conditions(grain_size=2e-8, grain_spread=0.2, grain_seed=seed))
        )
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.9


def test_pinned_film_moves_less_under_a_small_current_and_goes_back(small_film, study, tmp_path):
    v, hold = 2e-3 * np.array([0.5, -0.5]), 1e-9
    found = {}
    for spread in (0.0, 0.8):
        conditions = Conditions(grain_size=20e-9 if spread else 0.0, grain_spread=spread)
        film = study.PinnedFilm(small_film().device, conditions, tmp_path)
        (m,) = film.alone(small_film().random(3), 3e-9)
        found[spread] = film.response(m, v, hold, film.alone(m, hold, hold))
    assert found[0.8].during < 0.7 * found[0.0].during
    assert found[0.8].kept < 0.3 * found[0.0].kept


def test_threshold_lies_where_more_than_its_share_is_kept(study, monkeypatch):
    monkeypatch.setattr(study, "VOLTAGES", (1e-3, 1e-2, 1e-1))
    assert study.threshold(np.array([0.5, 0.5, 0.6])) == 0
    assert study.threshold(np.array([0.0, 0.0, 0.5])) == pytest.approx(10**-1.5)
    assert study.threshold(np.array([0.0, 0.1, 0.2])) == np.inf
