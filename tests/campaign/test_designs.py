from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.campaign.axes.designs import design
from orchestrator.campaign.spec import Axis, Campaign

RANGES = {"training.voltage": [0.01, 0.1], "training.pulses": [1, 4]}


def test_a_latin_hypercube_has_one_point_in_each_row_and_column():
    points = design("latin_hypercube", {"count": 8, "ranges": {"a": [0.0, 1.0], "b": [-1.0, 1.0]}})
    for key, low, high in (("a", 0, 1), ("b", -1, 1)):
        places = [int(8 * (p[key] - low) / (high - low)) for p in points]
        assert sorted(places) == list(range(8))


def test_sobol_fills_every_quarter_equally_and_is_the_same_every_time():
    table = {"count": 16, "ranges": {"a": [0.0, 1.0], "b": [0.0, 1.0]}, "seed": 3}
    points = design("sobol", table)
    assert points == design("sobol", table)
    assert points != design("sobol", table | {"seed": 4})
    quarters = np.histogram2d([p["a"] for p in points], [p["b"] for p in points], 2)[0]
    assert (quarters == 4).all()


def test_logarithmic_and_integer_ranges():
    table = {"count": 64, "ranges": {"v": [1e-3, 1e3], "n": [1, 4]}, "log": ["v"]}
    points = design("sobol", table)
    assert sum(p["v"] < 1 for p in points) == 32
    assert [sum(p["n"] == k for p in points) for k in (1, 2, 3, 4)] == 4 * [16]
    assert all(isinstance(p["n"], int) for p in points)


def test_runs_of_a_design(experiment):
    axis = Axis(name="point", latin_hypercube={"count": 5, "ranges": RANGES, "seed": 1})
    campaign = Campaign(experiment, [axis], change={"output.snapshots": []})
    assert campaign.axes[0].coordinate == [0, 1, 2, 3, 4]
    for point, change in zip(campaign.points, axis.changes, strict=True):
        assert point.experiment.training.voltage == change["training.voltage"]
        assert point.experiment.training.pulses == change["training.pulses"]
    again = Campaign.from_dict(campaign.to_dict(), "stored", None, stored=True)
    assert again.hash == campaign.hash


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"count": 6, "ranges": RANGES}, "power of two"),
        ({"count": 0, "ranges": RANGES}, "integer from 1"),
        ({"count": 4, "ranges": {}}, "a table of dotted keys"),
        ({"count": 4, "ranges": {"a": [2, 1]}}, "two rising numbers"),
        ({"count": 4, "ranges": {"a": [0.0, 1.0]}, "log": ["a"]}, "two rising numbers"),
        ({"count": 4, "ranges": {"a": [1.0, 2.0]}, "log": ["b"]}, "'b', which is not in ranges"),
        ({"count": 4, "range": {}}, "has the keys count, ranges"),
    ],
)
def test_impossible_designs_are_refused(table, words):
    with pytest.raises(ValueError, match=words):
        design("sobol", table)


def test_unknown_keys_are_refused(experiment):
    axis = Axis(name="point", sobol={"count": 4, "ranges": {"training.volage": [0.0, 1.0]}})
    with pytest.raises(InputError, match=r"training\.voltage"):
        Campaign(experiment, [axis])
