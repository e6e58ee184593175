"""The figures of a run, in the layout of the paper's Figs. 1 and 2."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from orchestrator.learning.hopfield import is_trivial, trained_patterns
from orchestrator.plotting.style import (
    draw_current,
    draw_map,
    draw_texture,
    new_figure,
    save,
)

if TYPE_CHECKING:
    from orchestrator.transport.network import Network


def plot_run(dataset: xr.Dataset, folder: Path) -> list[Path]:
    """Draw all figures that the Dataset of a run allows into a folder and return their paths."""
    folder.mkdir(exist_ok=True)
    paths = [plot_conductance(dataset, folder / "conductance.png")]
    if "energy" in dataset and len(dataset.contact) > 2:
        paths.append(plot_energies(dataset, folder / "energies.png"))
    if "magnetization" in dataset and "current_density" in dataset:
        paths.append(plot_snapshots(dataset, folder / "textures.png"))
    return paths


def plot_conductance(dataset: xr.Dataset, path: Path) -> Path:
    """|G| between the contacts, and of the probes, against time (Fig. 1b)."""
    figure = new_figure(5 * len(dataset.training), 3.6)
    axes_row = figure.subplots(1, len(dataset.training), squeeze=False)[0]
    names = dataset.contact.to_numpy()
    for axes, training in zip(axes_row, dataset.training.to_numpy(), strict=True):
        run = dataset.sel(training=training)
        start = 1e9 * np.concatenate([[0.0], run.time[:-1]])
        for a in range(len(names)):
            for b in range(a + 1, len(names)):
                g = np.abs(run.conductance[:, a, b])
                axes.plot(start, g, label=f"|G({names[a]},{names[b]})|")
        for probe in dataset.get("probe", xr.DataArray([])).to_numpy():
            g = np.abs(run.probe_conductance.sel(probe=probe))
            axes.plot(start, g, "--", label=f"|G| {probe}")
        axes.set(title=f"{{{training}}}", xlabel="time (ns)", ylabel="|G| (S)")
        axes.legend(fontsize=7)
    return save(figure, path)


def plot_energies(dataset: xr.Dataset, path: Path) -> Path:
    """E' of all inputs before and after training under both references (Fig. 2d-f).

    Under the saturated reference the trivial inputs are at zero by construction and below all
    others, so "minimal" is a statement about the other inputs.
    """
    rows, columns = len(dataset.reference), len(dataset.training)
    figure = new_figure(5 * columns, 3.2 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    inputs = dataset.input.to_numpy()
    place = np.arange(len(inputs))
    for row, reference in enumerate(dataset.reference.to_numpy()):
        for column, training in enumerate(dataset.training.to_numpy()):
            axes = grid[row, column]
            chosen = dataset.energy.sel(reference=reference, training=training)
            axes.plot(place, 1e3 * chosen.sel(state="before"), "o", mfc="none", label="before")
            trained = 1e3 * chosen.sel(state="relaxed").to_numpy()
            own = np.array([i in trained_patterns(training) for i in inputs])
            trivial = np.array([is_trivial(i) for i in inputs])
            axes.bar(place, trained, color=np.where(trivial, "0.85", "0.6"), label="trained")
            axes.bar(place[own], trained[own], color="C3", label="the trained pattern")
            axes.set_xticks(place, inputs, rotation=90, family="monospace", fontsize=7)
            axes.set(title=f"{{{training}}}, reference {reference}", ylabel="E' (mW)")
            axes.axhline(0, color="k", linewidth=0.5)
            axes.legend(fontsize=7)
    figure.supxlabel("input (all plus and all minus are trivial: E' = 0)", fontsize=8)
    return save(figure, path)


def plot_snapshots(dataset: xr.Dataset, path: Path) -> Path:
    """Textures and current densities of the kept states (Fig. 1a, c-f; Fig. 2a-c)."""
    description = _description(dataset)
    nx, ny, _ = description["film"]["cells"]
    cx, cy, _ = description["film"]["cell_size"]
    lengths = (nx * cx, ny * cy)
    snapshots = dataset.snapshot.to_numpy()
    log = len(dataset.contact) > 2
    pairs = [(t, s) for t in dataset.training.to_numpy() for s in snapshots]
    figure = new_figure(4.6 * len(pairs), 7.2)
    grid = figure.subplots(2, len(pairs), squeeze=False)
    for column, (training, snapshot) in enumerate(pairs):
        state = dataset.sel(training=training, snapshot=snapshot).isel(z=0)
        times = dataset.time.sel(training=training)
        time = 1e9 * float(times.sel(pulse=snapshot)) if snapshot else 0.0
        m, j = state.magnetization.to_numpy(), state.current_density.to_numpy()
        grid[0, column].set_title(f"{{{training}}}, {time:.3g} ns")
        if np.isfinite(m).all() and np.isfinite(j).all():
            draw_texture(grid[0, column], m, lengths)
            draw_current(grid[1, column], j, lengths, log=log)
    return save(figure, path)


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
