"""The figures of a campaign."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from orchestrator.analysis.statistics import (
    is_trained,
    recall_confusion,
    success_rate,
    trained_names,
)
from orchestrator.base.kinds import as_path, check_kind
from orchestrator.base.units import scale_for
from orchestrator.learning.hopfield import is_trivial
from orchestrator.plotting.contacts import draw_strip
from orchestrator.plotting.runs import half_of
from orchestrator.plotting.style import (
    LOOK,
    OTHER,
    TRAINED,
    Look,
    in_style,
    new_figure,
    save,
    spread,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

_PANELS = 48
_CURVES = 40
_BARS = 16
_MAP_CELLS = 12
"""Values of an axis up to which it is drawn as a side of a map."""


@in_style
def plot_campaign(dataset: xr.Dataset, folder: str | Path, look: Look = LOOK) -> list[Path]:
    """Draw all figures that a campaign's Dataset allows into a folder and return their paths.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `open_campaign`.
    folder : path-like
        Made if it is not there.
    look : Look
        Kind and resolution of the files.

    Raises
    ------
    InputError
        If `dataset` is no Dataset.
    """
    check_kind("dataset", dataset, xr.Dataset, "`open_campaign` opens a folder")
    folder = as_path("folder", folder)
    folder.mkdir(exist_ok=True)
    figures = {"conductance": conductances_figure(dataset)}
    if dataset.sizes["contact"] > 2:
        figures["landscapes"] = landscapes_figure(dataset)
        for axis in campaign_axes(dataset):
            figures[f"success_{axis}"] = success_figure(dataset, axis)
        for x, y in map_axes(dataset):
            figures[f"success_{x}_{y}"] = success_map_figure(dataset, x, y)
        figures["recall"] = recall_figure(dataset)
    return [save(figure, folder / f"{name}.{look.kind}", look) for name, figure in figures.items()]


def campaign_axes(dataset: xr.Dataset) -> list[str]:
    """Names of a campaign's axes."""
    return [str(dim) for dim in dataset.status.dims]


def map_axes(dataset: xr.Dataset) -> list[tuple[str, str]]:
    """Pairs of axes over which there is a map: of 2 to 12 values each, the starts left out."""
    sizes = dataset.status.sizes
    chosen = [a for a in campaign_axes(dataset) if a != "seed" and 1 < sizes[a] <= _MAP_CELLS]
    return list(itertools.combinations(chosen, 2))


def axis_label(dataset: xr.Dataset, name: str) -> str:
    """An axis with its unit."""
    unit = dataset[name].attrs.get("units", "1")
    return name if unit == "1" else f"{name} ({unit})"


def _labels(dataset: xr.Dataset, name: str) -> list[str]:
    values = dataset[name].to_numpy()
    return [f"{v:g}" if np.issubdtype(values.dtype, np.floating) else str(v) for v in values]


def _chance(dataset: xr.Dataset) -> float:
    return 1 / (2 ** (dataset.sizes["contact"] - 1) - 1)


@in_style
def success_figure(dataset: xr.Dataset, over: str) -> Any:
    """Share of trainings that succeeded over one axis."""
    figure = new_figure(float(np.clip(0.55 * dataset.sizes[over] + 1.8, 3.5, 7.2)), 2.6)
    draw_success(figure.subplots(), dataset, over)
    return figure


def draw_success(axes: Axes, dataset: xr.Dataset, over: str) -> None:
    """Share of trainings that succeeded over an axis, with 95 % intervals by Wilson's score.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    dataset : xarray.Dataset
        From `open_campaign`.
    over : str
        The axis.
    """
    rates = success_rate(dataset, over)
    labels = _labels(dataset, over)
    place = np.arange(len(labels))
    for k, reference in enumerate(rates.reference.to_numpy()):
        chosen = rates.sel(reference=reference)
        rate = chosen.rate.to_numpy()
        error = [rate - chosen.low.to_numpy(), chosen.high.to_numpy() - rate]
        shift = place + 0.2 * (k - (len(rates.reference) - 1) / 2)
        color = ("#56606e", TRAINED)[k % 2]
        axes.errorbar(
            shift,
            rate,
            error,
            fmt="o",
            ms=4,
            capsize=2,
            color=color,
            label=f"reference {reference}",
        )
    counts = rates["count"].max("reference").to_numpy()
    same = len(set(counts.tolist())) == 1
    axes.axhline(_chance(dataset), color="k", linestyle=":", linewidth=0.8, label="by chance")
    shown = labels if same else [f"{t}\nn = {n}" for t, n in zip(labels, counts, strict=True)]
    axes.set_xticks(place, shown, fontsize=6)
    if max(map(len, labels)) * len(labels) > 60:
        axes.set_xticks(place, shown, fontsize=6, rotation=30, ha="right")
    axes.set(xlabel=axis_label(dataset, over), ylabel="share that learned")
    axes.set(ylim=(-0.03, 1.03), xlim=(-0.5, len(labels) - 0.5))
    note = f"{counts[0]} trainings each" if same else f"{counts.sum()} trainings"
    axes.set_title(f"{note}, 95 % intervals", loc="left", color="0.35", fontsize=7)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


@in_style
def success_map_figure(dataset: xr.Dataset, x: str, y: str) -> Any:
    """Shares of trainings that succeeded over two axes, a map for each reference."""
    references = dataset.reference.to_numpy()
    columns, rows = dataset.sizes[x], dataset.sizes[y]
    panel = float(np.clip(0.62 * columns, 2.0, 6.0))
    figure = new_figure(panel * len(references) + 1.4, float(np.clip(0.4 * rows + 1.1, 1.7, 6)))
    row = figure.subplots(1, len(references), squeeze=False, sharey=True)[0]
    for axes, reference in zip(row, references, strict=True):
        image = draw_success_map(axes, dataset, x, y, str(reference))
        if axes is not row[0]:
            axes.set_ylabel("")
    bar = figure.colorbar(image, ax=list(row), label="share that learned\n(line: by chance)")
    bar.ax.axhline(_chance(dataset), color="k", linewidth=0.8)
    return figure


def draw_success_map(
    axes: Axes, dataset: xr.Dataset, x: str, y: str, reference: str = "untrained"
) -> AxesImage:
    """Share of trainings that succeeded over two axes, with counts and 95 % intervals.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    dataset : xarray.Dataset
        From `open_campaign`.
    x, y : str
        The axes of the campaign along both directions; all others are taken together.
    reference : str
        What the energies are compared with.
    """
    rates = success_rate(dataset, (y, x)).sel(reference=reference)
    rate = rates.rate.to_numpy()
    image: AxesImage = axes.imshow(
        np.ma.masked_invalid(rate), cmap="YlGnBu", vmin=0, vmax=1, aspect="auto", origin="lower"
    )
    axes.set_facecolor("0.93")
    for (r, c), share in np.ndenumerate(rate):
        cell = rates.isel({y: r, x: c})
        if not np.isfinite(share):
            axes.text(c, r, "none", ha="center", va="center", color="0.5", fontsize=6)
            continue
        text = f"{int(cell.successes)}/{int(cell['count'])}"
        interval = f"{100 * float(cell.low):.0f}–{100 * float(cell.high):.0f} %"
        color = "w" if share > 0.55 else "k"
        axes.text(c, r + 0.08, text, ha="center", va="bottom", color=color, fontsize=7)
        axes.text(c, r - 0.05, interval, ha="center", va="top", color=color, fontsize=5.5)
    axes.set_xticks(range(rate.shape[1]), _labels(dataset, x))
    axes.set_yticks(range(rate.shape[0]), _labels(dataset, y))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel=axis_label(dataset, x), ylabel=axis_label(dataset, y))
    axes.set_title(f"reference {reference}")
    return image


@in_style
def landscapes_figure(dataset: xr.Dataset, reference: str = "untrained") -> Any:
    """E' of all inputs after training, one small panel for each training (Fig. 2d-f)."""
    energies = dataset.energy.sel(state="relaxed", reference=reference)
    names = trained_names(dataset)
    found = list(_places(energies, "input"))
    places = found[:_PANELS]
    inputs = [p for p in half_of(energies.input.to_numpy()) if not is_trivial(p)][:_BARS]
    columns = energies.sizes[campaign_axes(dataset)[-1]] * energies.sizes["training"]
    columns = max(1, min(columns if 3 <= columns <= 6 else 6, len(places)))
    rows = max(1, -(-len(places) // columns))
    strip = 4.0 * len(str(inputs[0])) if inputs else 10
    height = 0.85 * rows + 0.55 + strip / 72
    figure = new_figure(max(3.5, 1.15 * columns + 0.5), height)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    scale = scale_for(energies.to_numpy(), "W")
    for axes in grid.ravel()[len(places) :]:
        axes.set_axis_off()
    for axes, place in zip(grid.ravel(), places, strict=False):
        entry = str(names.isel({d: k for d, k in place.items() if d in names.dims}).item())
        values = scale.factor * energies.isel(place).sel(input=inputs).to_numpy()
        colors = [TRAINED if is_trained(entry, p) else OTHER for p in inputs]
        axes.bar(np.arange(len(inputs)), values, 0.75, color=colors)
        axes.axhline(0, color="k", linewidth=0.5)
        axes.set_title(_title(dataset, place), fontsize=6, pad=2)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
    for axes in grid.ravel()[max(0, len(places) - columns) : len(places)]:
        for k, pattern in enumerate(inputs):
            draw_strip(axes, pattern, k)
    left_out = f"; {len(found) - _PANELS} of {len(found)} left out" if len(found) > _PANELS else ""
    figure.supylabel(f"E' ({scale.unit}), reference {reference}", fontsize=8)
    by = ", ".join(_varied(dataset, places[0])) if places else ""
    words = f"after training, by {by}" if by else "after training"
    figure.suptitle(f"{words}; red: the trained pattern{left_out}", fontsize=8)
    return figure


@in_style
def conductances_figure(dataset: xr.Dataset) -> Any:
    """|G| between the first two contacts against time, a curve for each training (Fig. 1b)."""
    figure = new_figure(3.5, 2.5)
    draw_conductances(figure.subplots(), dataset)
    return figure


def draw_conductances(axes: Axes, dataset: xr.Dataset) -> None:
    """|G| between the first two contacts, at the times at which the pulses begin.

    Colors tell the values of the campaign's last axis apart; of many runs some are left out, and
    the title says how many.
    """
    from matplotlib import colormaps

    conductance = np.abs(dataset.conductance.isel(contact=0, contact_in=1))
    found = list(_places(conductance, "pulse"))
    last = campaign_axes(dataset)[-1]
    labels = _labels(dataset, last)
    shades = colormaps["viridis"](np.linspace(0, 0.9, max(2, len(labels))))
    chosen = spread(found, _CURVES)
    scale = scale_for(conductance.to_numpy(), "S")
    shown: set[int] = set()
    for place in chosen:
        k, curve = place[last], conductance.isel(place)
        text = None if k in shown or len(labels) > 8 else labels[k]
        shown.add(k)
        time, g = 1e9 * curve.time.to_numpy(), scale.factor * curve.to_numpy()
        axes.plot(time, g, color=shades[k], linewidth=0.8, label=text)
    a, b = dataset.contact.to_numpy()[:2] if "contact" in dataset.coords else (1, 2)
    axes.set(xlabel="time (ns)", ylabel=f"|G({a},{b})| ({scale.unit})")
    axes.margins(x=0)
    if len(chosen) < len(found):
        axes.set_title(f"{len(chosen)} of {len(found)} trainings", loc="left", color="0.35")
    if 1 < len(labels) <= 8:
        axes.legend(title=axis_label(dataset, last), loc="upper left", bbox_to_anchor=(1, 1))


@in_style
def recall_figure(dataset: xr.Dataset) -> Any:
    """To which attractors the trained networks recall, under each reference."""
    count = dataset.sizes["reference"]
    tables = [recall_confusion(dataset, str(r)) for r in dataset.reference.to_numpy()]
    columns = max([*(t.sizes.get("attractor", 0) for t in tables), 4])
    rows = max([*(t.sizes.get("trained", 0) for t in tables), 2])
    width = float(np.clip(0.3 * columns + 0.9, 2.2, 5.5))
    figure = new_figure(width * count, float(np.clip(0.24 * rows + 1.4, 1.9, 7)))
    row = figure.subplots(1, count, squeeze=False)[0]
    for axes, reference, table in zip(row, dataset.reference.to_numpy(), tables, strict=True):
        draw_confusion(axes, table)
        axes.set_title(f"reference {reference}")
        if axes is not row[0]:
            axes.set_ylabel("")
    return figure


def draw_confusion(axes: Axes, shares: xr.DataArray) -> None:
    """Shares of the starts that end in each attractor, a row for each trained pattern.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    shares : xarray.DataArray
        From `recall_confusion`.
    """
    values = shares.to_numpy()
    if not len(values):
        axes.text(0.5, 0.5, "nothing finished", ha="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (r, c), share in np.ndenumerate(values):
        if share >= 0.005:
            color = "w" if share > 0.5 else "k"
            text = "1" if share > 0.995 else f"{share:.2f}".lstrip("0")
            axes.text(c, r, text, ha="center", va="center", fontsize=6, color=color)
    small: dict[str, Any] = {"fontsize": 6}
    attractors = [str(a) for a in shares.attractor.to_numpy()]
    words = ["" if set(a) <= set("+-") else a.replace(" ", "\n") for a in attractors]
    axes.set_xticks(range(len(attractors)), words, **small)
    for k, attractor in enumerate(attractors):
        if not words[k]:
            draw_strip(axes, attractor, k)
    axes.set_yticks(range(len(values)), shares.trained.to_numpy(), family="monospace", **small)
    axes.tick_params(length=0)
    axes.set(xlabel="attractor (or its inverse)", ylabel="trained")


def _places(array: xr.DataArray, *inner: str) -> Iterator[dict[str, int]]:
    """Indices along all dimensions but the inner ones, where something is finite."""
    dims = [str(d) for d in array.dims if d not in inner]
    known = array.notnull().any(list(inner)).transpose(*dims).to_numpy()
    for index in np.argwhere(known):
        yield dict(zip(dims, index.tolist(), strict=True))


def _varied(dataset: xr.Dataset, place: dict[str, int]) -> list[str]:
    return [d for d in place if d in dataset.coords and dataset.sizes[d] > 1]


def _title(dataset: xr.Dataset, place: dict[str, int]) -> str:
    return ", ".join(_labels(dataset, d)[place[d]] for d in _varied(dataset, place))
