"""Figures of very large runs hold a choice and say of how much."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from orchestrator.plotting.conductance import MOST_CURVES, conductance_figure
from orchestrator.plotting.energies import energies_figure
from orchestrator.plotting.figures import plot_run
from orchestrator.plotting.style import Look, spread
from orchestrator.plotting.textures import textures_figure


@pytest.mark.parametrize(("count", "most"), [(1, 6), (6, 6), (7, 6), (400, 3), (9, 1)])
def test_a_spread_has_the_ends(count, most):
    chosen = spread(range(count), most)
    assert len(chosen) == len(set(chosen)) == min(count, most)
    assert chosen[0] == 0
    assert chosen[-1] == (count - 1 if most > 1 else 0)


def test_many_states_are_spread_over_few_panels(dataset):
    many = dataset.isel(training=[0], snapshot=[0, 1, 2, 3] * 100)
    few = textures_figure(many.assign_coords(snapshot=range(400)).isel(snapshot=slice(0, 4)), 2)
    assert few.get_suptitle() == "2 of 4 kept states of each training shown"
    titles = [a.get_title() for a in few.axes if a.get_title()]
    assert titles == ["training {+--+}: 0 ns", "0.03 ns"]
    assert textures_figure(dataset, 4).get_suptitle() == ""


def test_many_trainings_have_some_figures(dataset, tmp_path):
    small = dataset.drop_vars(["magnetization", "current_density"])
    small = small.isel(contact=[0, 1], contact_in=[0, 1])
    paths = plot_run(small.isel(training=[0, 1] * 50), tmp_path, Look("svg"))
    assert [path.name for path in paths] == [f"conductance_{k}.svg" for k in range(1, 9)]
    assert "24 of 100 trainings shown" in paths[0].read_text()


def test_many_pairs_of_contacts_are_those_that_change_most(dataset):
    contacts, (pulses,) = 24, dataset.pulse.shape
    g = np.random.default_rng(1).random((1, pulses, contacts, contacts))
    g[0, :, 3, 20] = np.linspace(1, 3, pulses)
    names = [f"c{k}" for k in range(contacts)]
    matrix = ("contact", "contact_in")
    begin = dataset.time.isel(training=[0])
    run = xr.Dataset(
        {
            "conductance": (("training", "pulse", *matrix), g),
            "conductance_state": (("training", "state", *matrix), g[:, :1].repeat(3, axis=1)),
            "time_end": dataset.time_end.isel(training=[0]),
        },
        {
            "training": ["+-" * 12],
            "contact": names,
            "contact_in": names,
            "state": ["before", "after", "relaxed"],
            "time": begin,
        },
    )
    figure = conductance_figure(run)
    assert figure.get_suptitle() == "200 of 276 pairs of contacts shown"
    lines = figure.axes[0].lines
    assert len(lines) == MOST_CURVES + 2
    highest = max(line.get_ydata()[-2] for line in lines)
    assert highest == pytest.approx(3)


def test_many_inputs_are_the_trained_and_the_lowest(dataset, monkeypatch):
    figure = energies_figure(dataset)
    assert figure.get_suptitle() == ""
    monkeypatch.setattr("orchestrator.plotting.energies.MOST_BARS", 5)
    assert energies_figure(dataset).get_suptitle() == "5 of 7 pairs of inputs shown"
