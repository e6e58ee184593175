"""Textures and current densities of kept states (the paper's Figs. 1a, c-f and 2a-c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from orchestrator.plotting.contacts import draw_contacts
from orchestrator.plotting.fields import (
    Colors,
    current_norm,
    draw_color_wheel,
    draw_current,
    draw_texture,
)
from orchestrator.plotting.runs import experiment_of, name_of, pattern_at, time_of
from orchestrator.plotting.style import (
    LOOK,
    in_style,
    new_figure,
    spread,
    tell_left_out,
)

if TYPE_CHECKING:
    from orchestrator.describe.experiment import Experiment


@in_style
def textures_figure(
    dataset: xr.Dataset,
    states: int = LOOK.states,
    colors: Colors = "wheel",
    experiment: Experiment | None = None,
) -> Any:
    """Textures and current densities of kept states (Fig. 1a, c-f; Fig. 2a-c).

    Two rows for each training: the magnetization with the contacts, and below it the current.
    """
    experiment = experiment or experiment_of(dataset)
    film, contacts = experiment.film, experiment.contacts
    lx, ly, _ = film.lengths
    shown = [int(s) for s in spread(dataset.snapshot.to_numpy(), states)]
    panel = min(2.0, 6.0 / len(shown))
    height = float(np.clip(panel * ly / lx, 0.35, 3.0))
    trainings = dataset.sizes["training"]
    rows = 2 * trainings
    figure = new_figure(panel * len(shown) + 1.5, (2 * height + 0.36) * trainings + 0.28)
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, hspace=0.0, wspace=0.01)
    widths = [*([1.0] * len(shown)), 0.8 / panel]
    grid = figure.add_gridspec(rows, len(widths), width_ratios=widths)
    current = dataset.current_density.isel(z=0).sel(snapshot=shown).to_numpy()
    norm = current_norm(list(current.reshape(-1, *current.shape[-3:])))
    for k, training in enumerate(dataset.training.to_numpy()):
        texture = image = None
        for column, snapshot in enumerate(shown):
            state = dataset.isel(training=k, z=0).sel(snapshot=snapshot)
            upper = figure.add_subplot(grid[2 * k, column])
            lower = figure.add_subplot(grid[2 * k + 1, column])
            m, j = state.magnetization.to_numpy(), state.current_density.to_numpy()
            if not (np.isfinite(m).all() and np.isfinite(j).all()):
                upper.set_axis_off()
                lower.set_axis_off()
                continue
            pattern = pattern_at(dataset.isel(training=k), int(snapshot), str(training))
            texture = draw_texture(upper, m, (lx, ly), colors)
            draw_contacts(upper, film, contacts, pattern)
            image = draw_current(lower, j, (lx, ly), norm, film=film, contacts=contacts)
            draw_contacts(lower, film, contacts)
            time = f"{time_of(dataset.isel(training=k), snapshot):.3g} ns"
            upper.set_title(time if column else f"{name_of(dataset, str(training))}: {time}")
            upper.set(xlabel="")
            upper.tick_params(labelbottom=False)
            if 2 * k + 2 < rows:
                lower.set(xlabel="")
            if column:
                for axes in (upper, lower):
                    axes.set(ylabel="")
                    axes.tick_params(labelleft=False)
        keys = [figure.add_subplot(grid[2 * k + n, -1]) for n in (0, 1)]
        for key in keys:
            key.set_axis_off()
        if texture is None or image is None:
            continue
        if colors == "wheel":
            draw_color_wheel(keys[0].inset_axes((0.05, 0.2, 0.75, 0.6)))
        else:
            figure.colorbar(texture, cax=keys[0].inset_axes((0.05, 0.03, 0.15, 0.94)), label="m_z")
        bar = keys[1].inset_axes((0.05, 0.03, 0.15, 0.94))
        figure.colorbar(image, cax=bar, label="|j| (A/m²)", extend="both")
    total = dataset.sizes["snapshot"]
    tell_left_out(figure, len(shown), total, "kept states of each training")
    return figure
