"""Figures of the transport of textures: maps of one, resistances of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from orchestrator.base.units import scale_for
from orchestrator.measure.measurement import Measurement
from orchestrator.plotting.contacts import draw_contacts
from orchestrator.plotting.fields import (
    draw_color_wheel,
    draw_current,
    draw_map,
    draw_potential,
    draw_texture,
)
from orchestrator.plotting.style import MINUS, PLUS, in_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@in_style
def measurement_figure(measurement: Measurement) -> Any:
    """Magnetization, current density, potential and Joule heat of one texture, from above.

    Of a film of several layers the lowest is shown.
    """
    film, contacts = measurement.film, measurement.drive.state.contacts
    lx, ly, _ = film.lengths
    panel = 2.6
    height = float(np.clip(panel * ly / lx, 0.6, 4.0))
    figure = new_figure(2 * panel + 2.0, 2 * height + 0.4)
    figure.set_layout_engine("constrained", wspace=0.08)
    axes = figure.subplots(2, 2)
    draw_texture(axes[0, 0], measurement.texture.m[0], (lx, ly))
    axes[0, 0].set_title("magnetization")
    draw_color_wheel(axes[0, 0].inset_axes((1.04, 0.25, 0.3, 0.5)))
    inside = measurement.state.conducting[0]
    j = measurement.current_density[0]
    image = draw_current(axes[0, 1], j, (lx, ly), film=film, contacts=contacts)
    figure.colorbar(image, ax=axes[0, 1], label="|j| (A/m²)", extend="both", shrink=0.8)
    axes[0, 1].set_title("current density")
    draw_potential(axes[1, 0], measurement.potential[0], inside, (lx, ly))
    axes[1, 0].set_title("potential")
    heat = np.ma.masked_array(measurement.power_density[0], ~inside)
    draw_map(axes[1, 1], heat, (lx, ly), "j·E (W/m³)")
    axes[1, 1].set_title("power density")
    for panel_axes in axes.flat:
        draw_contacts(panel_axes, film, contacts)
    if not film.is_2d:
        figure.suptitle(f"the lowest of {film.cells[2]} layers", fontsize=7, color="0.35")
    return figure


def swept(series: xr.Dataset) -> str:
    """The coordinate that a series is drawn over: the applied field that varies most, or `t`."""
    fields = [str(name) for name in series.coords if str(name).startswith("B_ext")]
    ranges = {
        name: float(np.ptp(values)) if np.isfinite(values).all() else 0.0
        for name in fields
        if (values := series[name].to_numpy()).size
    }
    largest = max(ranges, key=lambda name: ranges[name], default="t")
    return largest if ranges.get(largest, 0.0) > 0 else "t"


@in_style
def series_figure(series: xr.Dataset) -> Any:
    """Two-terminal resistance between the first and last contact, and what floating ones show.

    Over the applied field where the series has one that varies, else over time.
    """
    over = swept(series)
    x = series[over].to_numpy()
    scale = scale_for(x, series[over].attrs["units"])
    first, last = (str(series.contact.values[k]) for k in (0, -1))
    floating = [str(name) for name in series.contact.values[1:-1]]
    figure = new_figure(3.5 if not floating else 7.0, 2.6)
    axes = figure.subplots(1, 2 if floating else 1, squeeze=False)[0]
    r = series.resistance.sel(contact=first, contact_in=last).to_numpy()
    _draw_sweep(axes[0], scale.factor * x, r)
    axes[0].set(ylabel=f"R({first}, {last}) (Ω)")
    if floating:
        shown = series.voltage.sel(contact=floating)
        unit = scale_for(shown.to_numpy(), "V")
        for name in floating:
            v = unit.factor * shown.sel(contact=name).to_numpy()
            axes[1].plot(scale.factor * x, v, "o-", markersize=2.5, label=name)
        axes[1].set(ylabel=f"V ({unit.unit})")
        axes[1].legend()
    for panel in axes:
        panel.set(xlabel=f"{over} ({scale.unit})")
    return figure


def _draw_sweep(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    """A curve; one that turns back, such as a loop, in a color for each direction."""
    falling = np.append(np.diff(x), 0) < 0
    if not falling.any():
        axes.plot(x, y, "o-", markersize=2.5, color=MINUS)
        return
    for down, color, label in ((True, MINUS, "falling"), (False, PLUS, "rising")):
        parts = np.flatnonzero(falling == down)
        for part in np.split(parts, np.flatnonzero(np.diff(parts) > 1) + 1):
            if len(part) and part[0] < len(x) - 1:
                ends = slice(part[0], part[-1] + 2)
                axes.plot(x[ends], y[ends], "o-", markersize=2.5, color=color, label=label)
                label = ""
    axes.legend()
