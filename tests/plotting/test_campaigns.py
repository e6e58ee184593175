"""What the figures of a campaign show."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from orchestrator.analysis.statistics import recall_confusion, success_rate
from orchestrator.learning.hopfield import all_patterns, signs
from orchestrator.plotting.campaigns import (
    draw_conductances,
    draw_confusion,
    draw_success,
    draw_success_map,
    landscapes_figure,
    map_axes,
    plot_campaign,
)
from orchestrator.plotting.style import OTHER, TRAINED, Look, new_figure

VOLTAGES, ALPHAS, PATTERN = [0.0125, 0.025, 0.05], [0.1, 1.0], "+--+"


@pytest.fixture
def campaign():
    """Alpha x voltage x 5 starts of one pattern: learned as often as said, one point unfinished."""
    learned = np.array([[0, 2, 5], [1, 3, 4]])
    rank = np.where(np.arange(5) < learned[..., None], 1.0, 4.0)
    rank[0, 0] = np.nan
    rank = np.repeat(rank[..., None, None], 2, axis=-1)
    run = ("alpha", "voltage", "seed", "training")
    matrix = ("contact", "contact_in")
    ones = np.ones((2, 3, 5, 1))
    g = np.repeat((1.0 + np.outer(signs(PATTERN), signs(PATTERN)))[None], 3, axis=0)
    g = np.broadcast_to(g, (2, 3, 5, 1, 3, 4, 4)).copy()
    g[0, 0] = np.nan
    begin = ones[..., None] * [0.0, 1e-10]
    energy = np.broadcast_to(1e-3 * np.arange(16.0), (2, 3, 5, 1, 3, 2, 16)).copy()
    energy[0, 0] = np.nan
    return xr.Dataset(
        {
            "status": (run[:-1], np.full((2, 3, 5), "finished")),
            "trained_rank": ((*run, "reference"), rank),
            "conductance_state": ((*run, "state", *matrix), g),
            "conductance_reference": (("reference", *matrix), np.ones((2, 4, 4))),
            "conductance": ((*run, "pulse", *matrix), -g[..., :2, :, :]),
            "energy": ((*run, "state", "reference", "input"), energy),
        },
        coords={
            "alpha": ALPHAS,
            "voltage": ("voltage", VOLTAGES, {"units": "V"}),
            "seed": range(1, 6),
            "training": [PATTERN],
            "contact": list("1234"),
            "state": ["before", "after", "relaxed"],
            "reference": ["saturated", "untrained"],
            "input": all_patterns(4),
            "time": ((*run, "pulse"), begin),
        },
        attrs={"description": '{"base": {"training": {"voltage": 0.05}}}'},
    )


@pytest.fixture
def axes():
    return new_figure(4, 3).subplots()


def test_a_map_has_shares_counts_and_intervals_with_units(campaign, axes):
    image = draw_success_map(axes, campaign, "voltage", "alpha")
    rates = success_rate(campaign, ("alpha", "voltage")).sel(reference="untrained")
    shown = image.get_array()
    np.testing.assert_allclose(shown.filled(np.nan), rates.rate)
    assert np.ma.getmaskarray(shown).tolist() == [[True, False, False], [False] * 3]
    words = [t.get_text() for t in axes.texts]
    assert words[0] == "none"
    assert words[1::2] == ["2/5", "5/5", "1/5", "3/5", "4/5"]
    assert words[2] == "12–77 %"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("voltage (V)", "alpha")
    assert [t.get_text() for t in axes.get_xticklabels()] == ["0.0125", "0.025", "0.05"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["0.1", "1"]
    assert axes.get_title() == "reference untrained"


def test_maps_are_made_of_pairs_of_axes_but_the_starts(campaign):
    assert map_axes(campaign) == [("alpha", "voltage")]
    assert map_axes(campaign.isel(alpha=[0])) == []


def test_success_over_an_axis_has_points_with_intervals_and_counts(campaign, axes):
    draw_success(axes, campaign, "voltage")
    untrained = axes.containers[1]
    np.testing.assert_allclose(untrained.lines[0].get_ydata(), [1 / 5, 5 / 10, 9 / 10])
    labels = [t.get_text() for t in axes.get_xticklabels()]
    assert labels == ["0.0125\nn = 5", "0.025\nn = 10", "0.05\nn = 10"]
    assert axes.get_title(loc="left") == "25 trainings, 95 % intervals"
    chance = next(line for line in axes.lines if line.get_label() == "by chance")
    assert chance.get_ydata()[0] == pytest.approx(1 / 7)
    figure = axes.figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    legend = axes.get_legend().get_window_extent(renderer)
    assert not legend.overlaps(axes.get_window_extent(renderer))
    assert figure.bbox.padded(1).contains(*legend.max)


def test_conductances_begin_at_zero_and_say_how_many_are_left_out(campaign, axes, monkeypatch):
    draw_conductances(axes, campaign)
    assert len(axes.lines) == 25
    np.testing.assert_allclose(axes.lines[0].get_xdata(), [0, 0.1])
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0, 0])
    assert axes.get_ylabel() == "|G(1,2)| (S)"
    assert axes.get_title(loc="left") == ""
    monkeypatch.setitem(draw_conductances.__globals__, "_CURVES", 10)
    few = new_figure(4, 3).subplots()
    draw_conductances(few, campaign)
    assert few.get_title(loc="left") == f"{len(few.lines)} of 25 trainings"
    assert len(few.lines) <= 10


def test_landscapes_mark_the_trained_pattern_and_name_the_runs(campaign, monkeypatch):
    figure = landscapes_figure(campaign)
    panels = [a for a in figure.axes if a.patches]
    assert len(panels) == 25
    assert panels[0].get_title() == "0.1, 0.025, 1"
    heights = [bar.get_height() for bar in panels[0].patches]
    np.testing.assert_allclose(heights, np.arange(1, 8))
    colors = [to_hex(bar.get_facecolor()) for bar in panels[0].patches]
    assert colors == [TRAINED if k == 5 else OTHER for k in range(7)]
    assert figure.get_suptitle().endswith("red: the trained pattern")
    monkeypatch.setitem(landscapes_figure.__wrapped__.__globals__, "_PANELS", 4)
    few = landscapes_figure(campaign)
    assert few.get_suptitle().endswith("; 21 of 25 left out")
    assert "by alpha, voltage, seed" in few.get_suptitle()


def test_recall_shows_shares_above_pictures_of_the_attractors(campaign, axes):
    shares = recall_confusion(campaign)
    draw_confusion(axes, shares)
    np.testing.assert_allclose(axes.images[0].get_array(), shares)
    assert [t.get_text() for t in axes.texts] == ["1"]
    pictured = [box.get_gid() for box in axes.artists]
    assert pictured == [f"pattern {a}" for a in shares.attractor.values if a[0] in "+-"]
    assert [t.get_text() for t in axes.get_yticklabels()] == [PATTERN]
    words = [t.get_text() for t in axes.get_xticklabels()]
    assert words[-1] == "never\nsettles"


def test_all_figures_of_a_campaign(campaign, tmp_path):
    names = [path.name for path in plot_campaign(campaign, tmp_path / "f", Look("svg"))]
    assert names == [
        "conductance.svg",
        "landscapes.svg",
        "success_alpha.svg",
        "success_voltage.svg",
        "success_seed.svg",
        "success_alpha_voltage.svg",
        "recall.svg",
    ]
    text = (tmp_path / "f" / "success_alpha_voltage.svg").read_text()
    assert "voltage (V)" in text
    assert "5/5" in text
