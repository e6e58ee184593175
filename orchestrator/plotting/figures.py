"""The figures of a run, in the layout of the paper's Figs. 1 and 2."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from orchestrator.analysis.statistics import chosen_inputs
from orchestrator.base.kinds import as_path, check_kind
from orchestrator.base.units import scale_for
from orchestrator.learning.hopfield import is_trivial, trained_patterns
from orchestrator.plotting.style import (
    LOOK,
    Look,
    draw_current,
    draw_map,
    draw_texture,
    new_figure,
    save,
    spread,
    tell_left_out,
)

if TYPE_CHECKING:
    from orchestrator.transport.network import Network


_TRAININGS = 8
"""Most panels side by side."""
_CURVES = 45
"""Most pairs of contacts in a panel: all those of ten contacts."""
_INPUTS = 64
"""Most inputs in a panel."""
_PANELS = 24
"""Most textures in a figure, but at least as many as are asked for of one training."""


def plot_run(dataset: xr.Dataset, folder: Path, look: Look = LOOK) -> list[Path]:
    """Draw all figures that the Dataset of a run allows into a folder and return their paths."""
    check_kind("dataset", dataset, xr.Dataset, "`open_run` opens a folder")
    folder = as_path("folder", folder)
    folder.mkdir(exist_ok=True)
    paths = [plot_conductance(dataset, folder / f"conductance.{look.kind}", look)]
    if len(dataset.contact) > 2:
        paths.append(plot_energies(dataset, folder / f"energies.{look.kind}", look))
    if "magnetization" in dataset and "current_density" in dataset:
        paths.append(plot_snapshots(dataset, folder / f"textures.{look.kind}", look))
    return paths


def plot_conductance(dataset: xr.Dataset, path: Path, look: Look = LOOK) -> Path:
    """|G| between the contacts, and of the probes, against time (Fig. 1b).

    Of more than ten contacts the pairs whose |G| changes most.
    """
    trainings = spread(dataset.training.to_numpy(), _TRAININGS)
    figure = new_figure(5 * len(trainings), 3.6)
    axes_row = figure.subplots(1, len(trainings), squeeze=False)[0]
    names = dataset.contact.to_numpy()
    scale = scale_for(dataset.conductance.to_numpy(), "S")
    for axes, training in zip(axes_row, trainings, strict=True):
        run = dataset.sel(training=training)
        start = 1e9 * run.conductance.time
        pairs = _most_changed(np.abs(run.conductance.to_numpy()))
        for a, b in pairs:
            g = scale.factor * np.abs(run.conductance[:, a, b])
            axes.plot(start, g, label=f"|G({names[a]},{names[b]})|")
        for probe in dataset.get("probe", xr.DataArray([])).to_numpy():
            g = scale.factor * np.abs(run.probe_conductance.sel(probe=probe))
            axes.plot(start, g, "--", label=f"|G| {probe}")
        axes.set(title=f"{{{training}}}", xlabel="time (ns)", ylabel=f"|G| ({scale.unit})")
        axes.legend(fontsize=7, ncols=1 + len(axes.lines) // 12)
    pairs_in_all = len(names) * (len(names) - 1) // 2
    shown = len(trainings) * min(pairs_in_all, _CURVES)
    tell_left_out(figure, shown, len(dataset.training) * pairs_in_all, "curves")
    return save(figure, path, look)


def _most_changed(g: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of contacts, of many those whose conductance changes most over the pulses."""
    pairs = list(combinations(range(g.shape[-1]), 2))
    known = g[np.isfinite(g).all(axis=(1, 2))]
    if len(pairs) <= _CURVES or not len(known):
        return pairs[:_CURVES]
    span = known.max(axis=0) - known.min(axis=0)
    return sorted(sorted(pairs, key=lambda pair: -span[pair])[:_CURVES])


def plot_energies(dataset: xr.Dataset, path: Path, look: Look = LOOK) -> Path:
    """E' of all inputs before and after training under both references (Fig. 2d-f).

    Of many inputs the trained ones and the lowest of the others. Under the saturated reference the
    trivial inputs are at zero by construction and below all others, so "minimal" is a statement
    about the other inputs.
    """
    trainings = spread(dataset.training.to_numpy(), _TRAININGS)
    rows, columns = len(dataset.reference), len(trainings)
    figure = new_figure(5 * columns, 3.2 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    scale = scale_for(dataset.energy.sel(state=["before", "relaxed"]).to_numpy(), "W")
    shown = 0
    for column, training in enumerate(trainings):
        inputs = dataset.input.to_numpy()
        if len(inputs) > _INPUTS:
            inputs = np.array(chosen_inputs(dataset.sel(training=training), training, _INPUTS // 2))
        place = np.arange(len(inputs))
        shown += len(inputs)
        for row, reference in enumerate(dataset.reference.to_numpy()):
            axes = grid[row, column]
            chosen = dataset.energy.sel(reference=reference, training=training, input=inputs)
            before = scale.factor * chosen.sel(state="before")
            axes.plot(place, before, "o", mfc="none", label="before")
            trained = scale.factor * chosen.sel(state="relaxed").to_numpy()
            own = np.array([i in trained_patterns(training) for i in inputs])
            trivial = np.array([is_trivial(i) for i in inputs])
            axes.bar(place, trained, color=np.where(trivial, "0.85", "0.6"), label="trained")
            axes.bar(place[own], trained[own], color="C3", label="the trained pattern")
            axes.set_xticks(place, inputs, rotation=90, family="monospace", fontsize=7)
            axes.set(title=f"{{{training}}}, reference {reference}", ylabel=f"E' ({scale.unit})")
            axes.axhline(0, color="k", linewidth=0.5)
            axes.legend(fontsize=7)
    figure.supxlabel("input (all plus and all minus are trivial: E' = 0)", fontsize=8)
    tell_left_out(figure, shown, len(dataset.training) * len(dataset.input), "inputs of trainings")
    return save(figure, path, look)


def plot_snapshots(dataset: xr.Dataset, path: Path, look: Look = LOOK) -> Path:
    """Textures and current densities of the kept states (Fig. 1a, c-f; Fig. 2a-c).

    Of many states or trainings some, evenly spread.
    """
    description = _description(dataset)
    nx, ny, _ = description["film"]["cells"]
    cx, cy, _ = description["film"]["cell_size"]
    lengths = (nx * cx, ny * cy)
    snapshots = spread(dataset.snapshot.to_numpy(), look.states)
    log = len(dataset.contact) > 2
    trainings = spread(dataset.training.to_numpy(), max(1, _PANELS // len(snapshots)))
    pairs = [(t, s) for t in trainings for s in snapshots]
    figure = new_figure(4.6 * len(pairs), 7.2)
    grid = figure.subplots(2, len(pairs), squeeze=False)
    for column, (training, snapshot) in enumerate(pairs):
        state = dataset.sel(training=training, snapshot=snapshot).isel(z=0)
        ends = dataset.time_end.sel(training=training)
        time = 1e9 * float(ends.sel(pulse=snapshot)) if snapshot else 0.0
        m, j = state.magnetization.to_numpy(), state.current_density.to_numpy()
        grid[0, column].set_title(f"{{{training}}}, {time:.3g} ns")
        if np.isfinite(m).all() and np.isfinite(j).all():
            draw_texture(grid[0, column], m, lengths)
            draw_current(grid[1, column], j, lengths, log=log)
    total = len(dataset.training) * len(dataset.snapshot)
    tell_left_out(figure, len(pairs), total, "kept states")
    return save(figure, path, look)


def plot_sensitivities(network: Network, m: np.ndarray, path: Path, layer: int = 0) -> Path:
    """Where the conductances between the contacts are stored: |dG_ij/dm| of every cell.

    Derivatives by rotations of m, in S per radian, one map for each pair of contacts.

    Parameters
    ----------
    network : Network
        The film with its contacts.
    m : ndarray, shape (nz, ny, nx, 3)
        The texture.
    layer : int
        The layer of cells that is shown.
    """
    from orchestrator.transport.sensitivity import sensitivity

    state = network.solve(m)
    pairs = list(combinations(state.contact_names, 2))
    columns = min(3, len(pairs))
    figure = new_figure(4.2 * columns, 3.4 * -(-len(pairs) // columns))
    grid = figure.subplots(-(-len(pairs) // columns), columns, squeeze=False).ravel()
    for axes in grid[len(pairs) :]:
        axes.remove()
    lx, ly, _ = network.film.lengths
    for axes, (a, b) in zip(grid, pairs, strict=False):
        slope = sensitivity(network.media, state, m, a, b)[layer]
        size = np.linalg.norm(slope, axis=-1)
        draw_map(axes, size, (lx, ly), f"|dG({a},{b})/dm| (S)")
    return save(figure, path)


def _description(dataset: xr.Dataset) -> dict[str, Any]:
    return json.loads(dataset.attrs["description"])
