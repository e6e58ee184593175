"""The figures hold what they should, and do not grow without bound."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from orchestrator.learning.hopfield import listed_inputs
from orchestrator.plotting import campaigns, figures
from orchestrator.plotting.style import Look, spread


def made_up(contacts=4, trainings=1, pulses=5, states=2):
    """The results of a run with values that are easy to recognize."""
    n, rng = contacts, np.random.default_rng(0)
    patterns = ["+" * (k % (n - 1) + 1) + "-" * (n - k % (n - 1) - 1) for k in range(trainings)]
    inputs = listed_inputs(patterns)
    end = 1e-9 * np.arange(1, pulses + 1) * np.ones((trainings, 1))
    size = (trainings, states, 1, 6, 8, 3)
    m = np.zeros(size, np.float32)
    m[..., 2] = 1
    matrix = ("contact", "contact_in")
    return xr.Dataset(
        {
            "conductance": (("training", "pulse", *matrix), rng.random((trainings, pulses, n, n))),
            "time_end": (("training", "pulse"), end),
            "energy": (
                ("training", "state", "reference", "input"),
                1e-9 * rng.random((trainings, 3, 2, len(inputs))),
            ),
            "magnetization": (("training", "snapshot", "z", "y", "x", "component"), m),
            "current_density": (("training", "snapshot", "z", "y", "x", "component"), m),
        },
        {
            "training": patterns,
            "pulse": np.arange(1, pulses + 1),
            "contact": [f"c{k}" for k in range(n)],
            "contact_in": [f"c{k}" for k in range(n)],
            "input": inputs,
            "state": ["before", "after", "relaxed"],
            "reference": ["saturated", "untrained"],
            "snapshot": np.arange(states),
            "time": (("training", "pulse"), end - 1e-9),
        },
        {"description": json.dumps({"film": {"cells": [8, 6, 1], "cell_size": [5e-9] * 3}})},
    )


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved."""
    found = {}

    def keep(figure, path, look=None):
        found[path.name] = figure
        return path

    monkeypatch.setattr(figures, "save", keep)
    monkeypatch.setattr(campaigns, "save", keep)
    return found


def title(figure):
    return "" if figure._suptitle is None else figure._suptitle.get_text()


def test_conductance_stands_at_the_time_at_which_it_was_found(drawn, tmp_path):
    data = made_up()
    figures.plot_conductance(data, tmp_path / "g")
    (axes,) = drawn["g"].axes
    assert len(axes.lines) == 6
    line = next(line for line in axes.lines if line.get_label() == "|G(c0,c2)|")
    np.testing.assert_allclose(line.get_xdata(), [0, 1, 2, 3, 4])
    # the largest of all is just below 1 S
    assert axes.get_ylabel() == "|G| (mS)"
    np.testing.assert_allclose(line.get_ydata(), 1e3 * data.conductance[0, :, 0, 2])
    assert title(drawn["g"]) == ""


def test_energies_are_shown_in_the_unit_of_their_size(drawn, tmp_path):
    data = made_up()
    figures.plot_energies(data, tmp_path / "e")
    axes = drawn["e"].axes[0]
    assert axes.get_ylabel() == "E' (pW)"
    heights = [bar.get_height() for bar in axes.patches[:16]]
    np.testing.assert_allclose(heights, 1e12 * data.energy[0, 2, 0])


def test_many_states_are_spread_over_few_panels(drawn, tmp_path):
    figures.plot_snapshots(made_up(states=400, pulses=400), tmp_path / "t", Look(states=5))
    titles = [axes.get_title() for axes in drawn["t"].axes if axes.get_title()]
    assert titles == [f"{{+---}}, {n:.3g} ns" for n in (0, 100, 200, 299, 399)]
    assert title(drawn["t"]) == "5 of 400 kept states shown"


def test_many_trainings_share_the_panels(drawn, tmp_path):
    data = made_up(trainings=3, states=400, pulses=400)
    figures.plot_snapshots(data, tmp_path / "t", Look(states=12))
    assert title(drawn["t"]) == "24 of 1200 kept states shown"


def test_many_contacts_and_inputs_are_a_choice(drawn, tmp_path):
    data = made_up(contacts=12)
    figures.plot_conductance(data, tmp_path / "g")
    assert len(drawn["g"].axes[0].lines) == 45
    assert title(drawn["g"]) == "45 of 66 curves shown"
    shown = {line.get_label() for line in drawn["g"].axes[0].lines}
    span = (data.conductance.max("pulse") - data.conductance.min("pulse"))[0].to_numpy()
    a, b = max(((a, b) for a in range(12) for b in range(a + 1, 12)), key=lambda p: span[p])
    assert f"|G(c{a},c{b})|" in shown
    figures.plot_energies(data, tmp_path / "e")
    labels = [text.get_text() for text in drawn["e"].axes[0].get_xticklabels()]
    assert len(labels) <= 33
    assert data.training.item() in labels
    total = data.sizes["input"]
    assert title(drawn["e"]) == f"{len(labels)} of {total} inputs of trainings shown"


def test_kind_and_resolution_of_the_files(tmp_path):
    data = made_up(contacts=2).drop_vars("magnetization")
    for kind, dpi in (("png", 40), ("png", 80), ("svg", 40), ("pdf", 40)):
        (path,) = figures.plot_run(data, tmp_path / "figures", Look(kind, dpi))
        assert path.name == f"conductance.{kind}"
        if kind == "png":
            with Image.open(path) as image:
                assert image.size == (5 * dpi, 3.6 * dpi)
    assert b"<svg" in (tmp_path / "figures" / "conductance.svg").read_bytes()[:1000]


@pytest.mark.parametrize(("count", "most"), [(1, 6), (6, 6), (7, 6), (400, 3), (9, 1)])
def test_a_spread_has_the_ends(count, most):
    chosen = spread(range(count), most)
    assert len(chosen) == len(set(chosen)) == min(count, most)
    assert chosen[0] == 0
    assert chosen[-1] == (count - 1 if most > 1 else 0)


def test_campaign_curves_stand_at_the_time_of_their_conductance(drawn, tmp_path):
    runs = [made_up(contacts=2).assign(status=((), "finished")) for _ in range(41)]
    data = xr.concat(runs, "seed", coords="minimal", data_vars="all").assign_coords(seed=range(41))
    campaigns.plot_conductances(data, tmp_path / "g")
    lines = drawn["g"].axes[0].lines
    assert len(lines) == 40
    np.testing.assert_allclose(lines[0].get_xdata(), [0, 1, 2, 3, 4])
    assert title(drawn["g"]) == "40 of 41 trainings shown"
