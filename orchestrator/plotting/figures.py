"""The files with the figures of a run."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from orchestrator.base.kinds import as_path, check_kind
from orchestrator.plotting.conductance import conductance_figure
from orchestrator.plotting.contacts import draw_contacts
from orchestrator.plotting.energies import energies_figure
from orchestrator.plotting.fields import (
    draw_map,
)
from orchestrator.plotting.runs import experiment_of
from orchestrator.plotting.style import (
    LOOK,
    Look,
    in_style,
    new_figure,
    save,
    spread,
    tell_left_out,
)
from orchestrator.plotting.textures import textures_figure

if TYPE_CHECKING:
    from orchestrator.describe.experiment import Experiment
    from orchestrator.transport.network import Network

TRAININGS = 3
MOST_TRAININGS = 24
"""Trainings in one figure; of more there are further figures."""


@in_style
def plot_run(
    dataset: xr.Dataset,
    folder: str | Path,
    look: Look = LOOK,
    experiment: Experiment | None = None,
) -> list[Path]:
    """Draw all figures that the Dataset of a run allows into a folder and return their paths.

    Three trainings share a figure; of more there are further figures, of very many trainings
    some are left out.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `open_run`.
    folder : path-like
        Made if it is not there.
    look : Look
        Kind and resolution of the files, number of kept states.
    experiment : Experiment, optional
        What the run came from, where it is at hand; else read from the Dataset.

    Raises
    ------
    InputError
        If `dataset` is no Dataset.
    """
    check_kind("dataset", dataset, xr.Dataset, "`open_run` opens a folder")
    folder = as_path("folder", folder)
    folder.mkdir(exist_ok=True)
    experiment = experiment or experiment_of(dataset)
    total = dataset.sizes["training"]
    chosen = spread(range(total), MOST_TRAININGS)
    paths = []
    for k, first in enumerate(range(0, len(chosen), TRAININGS), start=1):
        part = dataset.isel(training=chosen[first : first + TRAININGS])
        number = f"_{k}" if total > TRAININGS else ""
        figures = {"conductance": conductance_figure(part)}
        if len(dataset.contact) > 2:
            figures["energies"] = energies_figure(part, experiment)
        if "magnetization" in dataset and "current_density" in dataset:
            figures["textures"] = textures_figure(part, look.states, experiment=experiment)
        for name, figure in figures.items():
            tell_left_out(figure, len(chosen), total, "trainings")
            paths.append(save(figure, folder / f"{name}{number}.{look.kind}", look))
    return paths


@in_style
def plot_sensitivities(network: Network, m: np.ndarray, path: Path, layer: int = 0) -> Path:
    """Where the conductances between the contacts are stored: |dG_ij/dm| of every cell.

    Derivatives by rotations of m, in S per radian, one map for each pair of contacts.

    Parameters
    ----------
    network : Network
        The film with its contacts.
    m : ndarray, shape (nz, ny, nx, 3)
        The texture.
    path : Path
        The file.
    layer : int
        The layer of cells that is shown.
    """
    from orchestrator.transport.sensitivity import sensitivity

    state = network.solve(m)
    pairs = list(combinations(state.contact_names, 2))
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = new_figure(2.6 * columns, 2.2 * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(pairs) :]:
        axes.remove()
    lx, ly, _ = network.film.lengths
    for axes, (a, b) in zip(grid, pairs, strict=False):
        slope = sensitivity(network.media, state, m, a, b)[layer]
        size = np.linalg.norm(slope, axis=-1)
        draw_map(axes, size, (lx, ly), f"|dG({a},{b})/dm| (S)")
        draw_contacts(axes, network.film, network.contacts)
    return save(figure, path)
