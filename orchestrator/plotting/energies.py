"""E' of the inputs before and after training (the paper's Fig. 2d-f)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from orchestrator.base.units import Scale, scale_for
from orchestrator.describe.contacts import Contact
from orchestrator.describe.film import Film
from orchestrator.learning.hopfield import is_trivial, trained_patterns
from orchestrator.plotting.contacts import draw_pictogram
from orchestrator.plotting.runs import MOST_BARS, experiment_of, half_of, inputs_shown, name_of
from orchestrator.plotting.style import (
    MINUS,
    OTHER,
    PLUS,
    TRAINED,
    in_style,
    new_figure,
    page_width,
    part_of,
    tell_left_out,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from orchestrator.describe.experiment import Experiment


@in_style
def energies_figure(dataset: xr.Dataset, experiment: Experiment | None = None) -> Any:
    """E' of the inputs before and after training under both references (Fig. 2d-f)."""
    from matplotlib.lines import Line2D

    experiment = experiment or experiment_of(dataset)
    rows, columns = len(dataset.reference), dataset.sizes["training"]
    figure = new_figure(page_width(columns), 2.15 * rows + 0.35)
    grid = figure.subplots(rows, columns, squeeze=False, sharey="row")
    for row, reference in enumerate(dataset.reference.to_numpy()):
        scale = scale_for(dataset.energy.sel(reference=reference).to_numpy(), "W")
        for column in range(columns):
            axes = grid[row, column]
            run = dataset.isel(training=column).sel(reference=reference)
            draw_energies(axes, run, experiment.film, experiment.contacts, scale)
            training = run.training.item()
            if row == 0:
                axes.set_title(name_of(dataset, str(training)))
            axes.set_ylabel("" if column else f"{axes.get_ylabel()}, reference {reference}")
    figure.align_ylabels(grid[:, 0])
    pairs = [p for p in half_of(dataset.input.to_numpy()) if not is_trivial(str(p))]
    tell_left_out(figure, min(len(pairs), MOST_BARS), len(pairs), "pairs of inputs")
    entries = dict(zip(*reversed(grid[0, 0].get_legend_handles_labels()), strict=True))
    for color, label in ((PLUS, "contact at +"), (MINUS, "contact at −")):
        entries[label] = Line2D([], [], color=color, marker="o", linestyle="", markersize=4)
    order = ("before", "contact at +", "after training", "contact at −", "the trained pattern")
    labels = [label for label in order if label in entries]
    handles = [entries[label] for label in labels]
    figure.legend(handles, labels, loc="outside upper center", ncols=3 if columns == 1 else 5)
    return figure


def draw_energies(
    axes: Axes,
    run: xr.Dataset,
    film: Film,
    contacts: Sequence[Contact],
    scale: Scale | None = None,
) -> None:
    """E' of the inputs: bars after training, rings before it, patterns pictured below.

    A pattern and its inverse have one energy and one bar; the trivial inputs, at zero by
    construction, have none.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    run : xarray.Dataset
        One training under one reference.
    film, contacts : Film, sequence of Contact
        For the pictures of the patterns.
    scale : Scale, optional
        Unit of the axis; default by the values.
    """
    inputs = inputs_shown(run)
    trained = trained_patterns(str(run.training.item()))
    energies = run.energy.sel(input=inputs)
    scale = scale or scale_for(energies.sel(state=["before", "relaxed"]).to_numpy(), "W")
    before, after = (scale.factor * energies.sel(state=s).to_numpy() for s in ("before", "relaxed"))
    own = np.array([p in trained for p in inputs])
    place = np.arange(len(inputs))
    axes.bar(place[~own], after[~own], 0.72, color=OTHER, label="after training")
    axes.bar(place[own], after[own], 0.72, color=TRAINED, label="the trained pattern")
    rings = axes.plot(place, before, "o", markersize=3.5, label="before")[0]
    rings.set(markerfacecolor="w", markeredgecolor="k", markeredgewidth=0.7)
    axes.axhline(0, color="k", linewidth=0.6)
    axes.set(ylabel=f"E' ({scale.unit})", xlim=(-0.6, len(inputs) - 0.4))
    axes.set_xticks(place, [""] * len(inputs), minor=False)
    axes.tick_params(axis="x", length=0)
    axes.spines["bottom"].set_visible(False)
    room = 72 * 0.8 * part_of(axes)[0] / max(1, len(inputs))
    for x, pattern in zip(place, inputs, strict=True):
        draw_pictogram(axes, film, contacts, pattern, (float(x), -4), min(16, 0.85 * room))
