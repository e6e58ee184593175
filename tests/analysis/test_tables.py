"""Tidy tables hold each known value once, with its place."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from orchestrator.analysis.tables import to_dataframe
from orchestrator.base.errors import InputError


@pytest.fixture
def results():
    energy = np.arange(8.0).reshape(2, 2, 2)
    energy[1, 0] = np.nan
    return xr.Dataset(
        {
            "energy": (("seed", "state", "input"), energy, {"units": "W"}),
            "power": (("seed", "pulse"), [[1.0, 2.0, np.nan], [np.nan] * 3], {"units": "W"}),
            "rank": (("seed",), [1.0, np.nan], {"units": "1"}),
        },
        {
            "seed": [3, 4],
            "state": ["before", "after"],
            "time": (("seed", "pulse"), np.ones((2, 3))),
        },
    )


def test_rows_are_the_known_values(results):
    frame = to_dataframe(results, "energy")
    assert list(frame.columns) == ["seed", "state", "input", "energy"]
    rows = frame.to_numpy().tolist()
    assert rows == [
        [3, "before", 0, 0.0],
        [3, "before", 1, 1.0],
        [3, "after", 0, 2.0],
        [3, "after", 1, 3.0],
        [4, "after", 0, 6.0],
        [4, "after", 1, 7.0],
    ]
    assert frame.attrs["units"] == {"energy": "W"}


def test_a_value_of_the_run_is_repeated_along_the_others_dimensions(results):
    frame = to_dataframe(results, "power", "rank")
    assert frame[["seed", "pulse", "power", "rank", "time"]].to_numpy().tolist() == [
        [3, 0, 1.0, 1.0, 1.0],
        [3, 1, 2.0, 1.0, 1.0],
        [3, 2, pytest.approx(np.nan, nan_ok=True), 1.0, 1.0],
    ]


def test_what_does_not_go_together_is_refused(results):
    with pytest.raises(InputError, match="'power' depends on pulse, 'energy' does not"):
        to_dataframe(results, "energy", "power")
    with pytest.raises(InputError, match="did you mean 'energy'"):
        to_dataframe(results, "enrgy")
    with pytest.raises(InputError, match="name at least one"):
        to_dataframe(results)
