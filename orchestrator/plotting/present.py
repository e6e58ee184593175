"""A training as it is now: its latest texture, the current of its latest pulse, and its course."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from orchestrator.plotting.contacts import draw_contacts
from orchestrator.plotting.fields import draw_current, draw_texture
from orchestrator.plotting.movies import draw_course
from orchestrator.plotting.runs import experiment_of, pattern_at
from orchestrator.plotting.style import in_style, new_figure


@in_style
def present_figure(
    dataset: xr.Dataset,
    training: int,
    pulses: int,
    m: np.ndarray,
    j: np.ndarray | None = None,
    title: str = "",
) -> Any:
    """The latest texture, current and E' of a training that goes on.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `open_run`.
    training : int
        Which, from 0.
    pulses : int
        How many are committed.
    m : ndarray, shape (nz, ny, nx, 3)
        The texture after them; its lowest layer is shown.
    j : ndarray, shape (nz, ny, nx, 3), optional
        The current density of the last pulse, A/m2.
    title : str
        Of the texture.
    """
    experiment = experiment_of(dataset)
    film, contacts = experiment.film, experiment.contacts
    lx, ly, _ = film.lengths
    run = dataset.isel(training=training)
    height = float(np.clip(2.2 * ly / lx, 0.7, 3.2))
    figure = new_figure(7.2, height + 0.8)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 0.95])
    draw_texture(left, m[0], (lx, ly))
    pattern = pattern_at(run, pulses, str(run.training.item())) if pulses else None
    draw_contacts(left, film, contacts, pattern)
    left.set_title(title)
    if j is None:
        middle.set_axis_off()
    else:
        image = draw_current(middle, j[0], (lx, ly), film=film, contacts=contacts)
        draw_contacts(middle, film, contacts)
        middle.set(ylabel="", title="|j| of the last pulse")
        middle.tick_params(labelleft=False)
        bar = middle.inset_axes((1.04, 0, 0.06, 1))
        figure.colorbar(image, cax=bar, label="|j| (A/m²)")
    right.set_box_aspect(float(np.clip(ly / lx / 0.9, 0.6, 1.6)))
    draw_course(right, dataset, training)
    return figure
