from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from orchestrator.analysis.statistics import recall_confusion, success_rate, trained_names
from orchestrator.base.errors import InputError
from orchestrator.learning.hopfield import all_patterns, signs

PATTERNS = ["+-+-", "++--"]


@pytest.fixture
def campaign():
    """Ten seeds x two patterns: Hebbian weights; 8 of 10 and 0 of 9 learned, one unfinished."""
    rank = np.ones((10, 2, 1, 2))
    rank[8:, 0] = 3
    rank[:, 1] = 2
    rank[9, 1] = np.nan
    g = np.full((10, 2, 1, 3, 4, 4), np.nan)
    for p, pattern in enumerate(PATTERNS):
        g[:, p, :, 2] = 1 + np.outer(signs(pattern), signs(pattern))
    g[9, 1] = np.nan
    run = ("seed", "pattern", "training")
    matrix = ("contact", "contact_in")
    of_pulse = np.ones((10, 2, 1, 3, 4, 4))
    return xr.Dataset(
        {
            "status": (("seed", "pattern"), np.full((10, 2), "finished")),
            "trained_rank": ((*run, "reference"), rank),
            "conductance_state": ((*run, "state", *matrix), g),
            "conductance_reference": (("reference", *matrix), np.ones((2, 4, 4))),
            "conductance": ((*run, "pulse", *matrix), of_pulse),
            "energy": ((*run, "state", "reference", "input"), np.ones((10, 2, 1, 3, 2, 16))),
        },
        coords={
            "seed": range(10),
            "pattern": PATTERNS,
            "state": ["before", "after", "relaxed"],
            "reference": ["saturated", "untrained"],
            "input": all_patterns(4),
            "time": ((*run, "pulse"), np.ones((10, 2, 1, 3)) * [0, 1e-10, 2e-10]),
        },
        attrs={"description": json.dumps({"base": {"training": {"voltage": 0.05}}})},
    )


def test_rates_and_wilsons_intervals(campaign):
    rates = success_rate(campaign, "pattern").sel(reference="untrained")
    assert rates.rate.values.tolist() == [0.8, 0.0]
    assert rates["count"].values.tolist() == [10, 9]
    # published values of Wilson's interval: 8 of 10, and 0 of 9 with z^2/(n + z^2) as its end
    assert (float(rates.low[0]), float(rates.high[0])) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    z2 = 1.959964**2
    assert (float(rates.low[1]), float(rates.high[1])) == pytest.approx((0, z2 / (9 + z2)))


def test_rates_over_the_other_axis_and_of_nothing(campaign):
    rates = success_rate(campaign, "seed").sel(reference="saturated")
    assert rates["count"].values.tolist() == [2] * 9 + [1]
    assert rates.rate.values.tolist() == [0.5] * 8 + [0.0, 0.0]
    nothing = success_rate(campaign.assign(trained_rank=campaign.trained_rank * np.nan), "pattern")
    assert nothing.rate.isnull().all()
    both = success_rate(campaign, ("seed", "pattern")).sel(reference="saturated")
    assert both.sizes == {"seed": 10, "pattern": 2}
    assert both.rate.sel(pattern="+-+-").values.tolist() == [1.0] * 8 + [0.0, 0.0]
    with pytest.raises(InputError, match="'sed' is no axis"):
        success_rate(campaign, "sed")


def test_hebbian_weights_recall_what_was_trained(campaign):
    shares = recall_confusion(campaign)
    assert shares.trained.values.tolist() == PATTERNS
    assert (shares.sum("attractor") == 1).all()
    for pattern in PATTERNS:
        assert float(shares.sel(trained=pattern, attractor=pattern)) == 1


def test_patterns_are_read_off_the_pulses_where_no_axis_names_them(campaign):
    turns = np.array([signs("+-+-"), 0 * signs("+-+-"), signs("++--")]) * 0.05
    voltage = np.full((10, 2, 1, 3, 4), np.nan)
    voltage[:, 0] = turns
    voltage[:9, 1] = turns[:1] + 0.05  # only differences count
    dims = ("seed", "pattern", "training", "pulse", "contact")
    names = trained_names(campaign.assign(voltage=(dims, voltage)).drop_vars("pattern"))
    assert (names.isel(pattern=0) == "+-+-/++--").all()
    assert names.isel(pattern=1, training=0).values.tolist() == ["+-+-"] * 9 + [""]
