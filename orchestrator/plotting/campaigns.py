"""The figures of a campaign."""

from __future__ import annotations

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
from orchestrator.plotting.style import LOOK, Look, new_figure, save, tell_left_out

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANELS = 60
_CURVES = 40


def plot_campaign(dataset: xr.Dataset, folder: Path, look: Look = LOOK) -> list[Path]:
    """Draw all figures that a campaign's Dataset allows into a folder and return their paths."""
    check_kind("dataset", dataset, xr.Dataset, "`open_campaign` opens a folder")
    folder = as_path("folder", folder)
    folder.mkdir(exist_ok=True)
    paths = [plot_conductances(dataset, folder / f"conductance.{look.kind}", look)]
    if dataset.sizes["contact"] > 2:
        paths.append(plot_landscapes(dataset, folder / f"landscapes.{look.kind}", look=look))
        for axis in campaign_axes(dataset):
            paths.append(plot_success(dataset, axis, folder / f"success_{axis}.{look.kind}", look))
        paths.append(plot_recall(dataset, folder / f"recall.{look.kind}", look))
    return paths


def campaign_axes(dataset: xr.Dataset) -> list[str]:
    """Names of a campaign's axes."""
    return [str(dim) for dim in dataset.status.dims]


def plot_success(dataset: xr.Dataset, over: str, path: Path, look: Look = LOOK) -> Path:
    """Share of trainings that succeeded over an axis, with 95 % intervals by Wilson's score."""
    rates = success_rate(dataset, over)
    labels = [str(value) for value in rates[over].to_numpy()]
    figure = new_figure(max(4.5, 0.7 * len(labels) + 2), 3.6)
    axes = figure.subplots()
    place = np.arange(len(labels))
    for k, reference in enumerate(rates.reference.to_numpy()):
        chosen = rates.sel(reference=reference)
        rate = chosen.rate.to_numpy()
        error = [rate - chosen.low.to_numpy(), chosen.high.to_numpy() - rate]
        shift = place + 0.16 * (k - (len(rates.reference) - 1) / 2)
        axes.errorbar(shift, rate, error, fmt="o", capsize=4, label=f"reference {reference}")
        for x, top, n in zip(
            shift, chosen.high.to_numpy(), chosen["count"].to_numpy(), strict=True
        ):
            if n:
                axes.annotate(f"n={n}", (x, top), ha="center", va="bottom", fontsize=6)
    chance = 1 / (2 ** (dataset.sizes["contact"] - 1) - 1)
    axes.axhline(chance, color="k", linestyle=":", linewidth=1, label="by chance")
    axes.set_xticks(place, labels, family="monospace" if set(labels[0]) <= set("+-") else None)
    unit = dataset[over].attrs.get("units", "1")
    axes.set(xlabel=over if unit == "1" else f"{over} ({unit})", ylabel="share that learned")
    axes.set(ylim=(-0.03, 1.12), xlim=(-0.5, len(labels) - 0.5))
    axes.legend(fontsize=7)
    return save(figure, path, look)


def plot_landscapes(
    dataset: xr.Dataset, path: Path, reference: str = "untrained", look: Look = LOOK
) -> Path:
    """E' of all inputs after training, one small panel for each training (Fig. 2d-f).

    At most 60 trainings are shown.
    """
    energies = dataset.energy.sel(state="relaxed", reference=reference)
    names = trained_names(dataset)
    known = list(_places(energies, "input"))
    places = known[:_PANELS]
    scale = scale_for(energies.to_numpy(), "W")
    inputs = [p for p in energies.input.to_numpy() if p[0] == "+" and not is_trivial(p)]
    columns = energies.sizes[campaign_axes(dataset)[-1]] * energies.sizes["training"]
    columns = min(columns if columns <= 8 else 6, len(places))
    rows = -(-len(places) // columns)
    figure = new_figure(2.1 * columns, 1.5 * rows + 0.4)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.ravel()[len(places) :]:
        axes.set_axis_off()
    for axes, place in zip(grid.ravel(), places, strict=False):
        entry = str(names.isel({d: k for d, k in place.items() if d in names.dims}).item())
        values = scale.factor * energies.isel(place).sel(input=inputs).to_numpy()
        colors = ["C3" if is_trained(entry, p) else "0.6" for p in inputs]
        axes.bar(np.arange(len(inputs)), values, color=colors)
        axes.axhline(0, color="k", linewidth=0.5)
        axes.set_title(_title(dataset, place), fontsize=7)
        axes.set_xticks(np.arange(len(inputs)), inputs, rotation=90, family="monospace", fontsize=6)
        axes.tick_params(labelsize=6)
    for axes in grid.ravel()[max(0, len(places) - columns) : len(places)]:
        axes.tick_params(labelbottom=True)
    figure.supylabel(f"E' ({scale.unit}), reference {reference}; red: trained", fontsize=8)
    tell_left_out(figure, len(places), len(known), "finished trainings")
    return save(figure, path, look)


def plot_conductances(dataset: xr.Dataset, path: Path, look: Look = LOOK) -> Path:
    """|G| between the first two contacts against time, a curve for each training (Fig. 1b).

    At most 40 trainings are shown.
    """
    figure = new_figure(6, 4)
    axes = figure.subplots()
    conductance = np.abs(dataset.conductance.isel(contact=0, contact_in=1))
    known = list(_places(conductance, "pulse"))
    places = known[:_CURVES]
    scale = scale_for(conductance.to_numpy(), "S")
    last = campaign_axes(dataset)[-1]
    shown: set[Any] = set()
    for place in places:
        g = conductance.isel(place)
        label = dataset[last][place[last]].item()
        text = f"{last} = {label}" if label not in shown else None
        shown.add(label)
        axes.plot(
            1e9 * g.time, scale.factor * g, color=f"C{place[last] % 10}", linewidth=0.9, label=text
        )
    a, b = (str(n) for n in _contact_names(dataset))
    axes.set(xlabel="time (ns)", ylabel=f"|G({a},{b})| ({scale.unit})")
    axes.legend(fontsize=7)
    tell_left_out(figure, len(places), len(known), "trainings")
    return save(figure, path, look)


def plot_recall(dataset: xr.Dataset, path: Path, look: Look = LOOK) -> Path:
    """To which attractors the trained networks recall, under both references."""
    figure = new_figure(4.6 * dataset.sizes["reference"], 3.4)
    row = figure.subplots(1, dataset.sizes["reference"], squeeze=False)[0]
    for axes, reference in zip(row, dataset.reference.to_numpy(), strict=True):
        _draw_confusion(axes, recall_confusion(dataset, reference))
        axes.set_title(f"reference {reference}", fontsize=9)
    return save(figure, path, look)


def _draw_confusion(axes: Axes, shares: xr.DataArray) -> None:
    values = shares.to_numpy()
    if not len(values):
        axes.text(0.5, 0.5, "nothing finished", ha="center", transform=axes.transAxes)
        return
    axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (r, c), share in np.ndenumerate(values):
        color = "w" if share > 0.5 else "k"
        axes.text(c, r, f"{share:.2f}", ha="center", va="center", fontsize=6, color=color)
    small: dict[str, Any] = {"family": "monospace", "fontsize": 7}
    axes.set_xticks(range(len(values[0])), shares.attractor.to_numpy(), rotation=90, **small)
    axes.set_yticks(range(len(values)), shares.trained.to_numpy(), **small)
    axes.set(xlabel="attractor (or its inverse)", ylabel="trained")


def _places(array: xr.DataArray, *inner: str) -> Any:
    """Indices along all dimensions but the inner ones, where something is finite."""
    dims = [str(d) for d in array.dims if d not in inner]
    known = array.notnull().any(list(inner)).transpose(*dims).to_numpy()
    for index in np.argwhere(known):
        yield dict(zip(dims, index.tolist(), strict=True))


def _title(dataset: xr.Dataset, place: dict[str, int]) -> str:
    dims = [d for d in place if d in dataset.coords and dataset.sizes[d] > 1]
    return ", ".join(str(dataset[d][place[d]].item()) for d in dims)


def _contact_names(dataset: xr.Dataset) -> Any:
    return dataset.contact.to_numpy()[:2] if "contact" in dataset.coords else (1, 2)
