"""Results of a campaign as one xarray Dataset."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import count, product
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from orchestrator.base.kinds import as_path
from orchestrator.base.lazy import BlockArray
from orchestrator.campaign.archive.values import values_of
from orchestrator.campaign.columns import OWN
from orchestrator.campaign.status import run_state
from orchestrator.campaign.store import CampaignFolder, RunEntry
from orchestrator.describe.experiment import Experiment
from orchestrator.run.fields import FIELDS
from orchestrator.run.layout import common_layout
from orchestrator.run.results import field_coordinates, kept_fields
from orchestrator.run.variables import COORDINATES, Variables, read_variables

_CACHED_RUNS = 1024

Runs = dict[tuple[int, ...], RunEntry]
"""Runs by their place along the axes."""
Blocks = Callable[[str, tuple[int, ...], list[tuple[int, ...]]], Iterator[np.ndarray]]
"""Gives the blocks of a variable of some shape at some places."""


def open_campaign(path: str | Path) -> xr.Dataset:
    """Open a campaign folder, finished or in progress, as a Dataset.

    Only the state of each run is looked up; everything else is read when it is used.

    Parameters
    ----------
    path : path-like
        The campaign's folder.

    Returns
    -------
    xarray.Dataset
        The axes of the campaign are dimensions in front of those of a run, see `open_run`; shorter
        runs are filled with NaN, and so are runs and pulses that are not there yet. A dimension has
        a coordinate where it is the same for all runs. `status` holds the state of each run,
        `folder` its folder. Kept fields are there where all
        runs have the same film and kept the same states.

    Raises
    ------
    InputError
        If it is not a campaign folder.
    RunFolderError
        If its description, or, on use, another file is damaged.

    Examples
    --------
    >>> folder = orchestrator.run_campaign(campaign, engine="cpu", workers=1)  # doctest: +SKIP
    >>> results = orchestrator.open_campaign(folder)
    >>> results.status.dims, results.conductance.attrs["units"]
    (('training_voltage',), 'S')
    """
    folder = CampaignFolder(as_path("campaign folder", path))
    everything = [range(len(axis["coordinate"])) for axis in folder.content["axes"]]
    return _dataset(folder, everything, folder.content["layout"])


def open_campaign_tree(path: str | Path) -> xr.DataTree:
    """Open a campaign whose runs have different films, or keep different states, with its fields.

    Parameters
    ----------
    path : path-like
        The campaign's folder.

    Returns
    -------
    xarray.DataTree
        One node for each kind of film, named after its cells (`64x64x1`, and for further films of
        so many cells `64x64x1_2`): the Dataset of `open_campaign` for its runs alone.

    Raises
    ------
    InputError
        If it is not a campaign folder.
    RunFolderError
        If its description, or, on use, another file is damaged.
    """
    folder = CampaignFolder(as_path("campaign folder", path))
    experiments = {entry.index: folder.experiment(entry.index) for entry in folder.runs}
    kept = any(e.output.states(e.training.pulses) for e in experiments.values())
    kinds: dict[Any, list[tuple[int, ...]]] = {}
    for index, e in experiments.items():
        # parts that different axes change by themselves, so that each kind is a grid of its own
        shape = (e.output, e.training.pulses, len(e.training.patterns)) if kept else ()
        kinds.setdefault((e.film, tuple(c.name for c in e.contacts), shape), []).append(index)
    nodes: dict[str, xr.Dataset] = {}
    for (film, *_), places in kinds.items():
        plain = "x".join(str(n) for n in film.cells)
        name = next(n for k in count(1) if (n := plain if k == 1 else f"{plain}_{k}") not in nodes)
        chosen = [sorted(set(along)) for along in zip(*places, strict=True)]
        layout = common_layout(experiments[place] for place in places)
        nodes[name] = _dataset(folder, chosen, layout)
    return xr.DataTree.from_dict(nodes)


def _dataset(
    folder: CampaignFolder, chosen: Sequence[Sequence[int]], layout: dict[str, Any]
) -> xr.Dataset:
    """The Dataset of the runs at all combinations of the chosen points of each axis."""
    by_place = {entry.index: entry for entry in folder.runs}
    runs = {
        place: by_place[tuple(axis[k] for axis, k in zip(chosen, place, strict=True))]
        for place in product(*(range(len(points)) for points in chosen))
    }
    axes = folder.content["axes"]
    grid = tuple(len(points) for points in chosen)
    names = tuple(axis["name"] for axis in axes)
    coordinates: dict[str, Any] = {
        axis["name"]: (
            axis["name"],
            [axis["coordinate"][k] for k in points],
            {"units": axis["unit"]},
        )
        for axis, points in zip(axes, chosen, strict=True)
    }
    coordinates |= layout["coordinates"]
    states = {place: run_state(entry.folder)[0] for place, entry in runs.items()}
    folders = {place: str(entry.folder) for place, entry in runs.items()}
    own: dict[str, Mapping[Any, str]] = {"status": states, "folder": folders}
    variables: dict[str, Any] = {
        name: (names, _table(grid, own[name]), {"long_name": text}) for name, text in OWN.items()
    }
    first = folder.experiment(runs[(0,) * len(grid)].index)
    blocks = _reader(folder, runs, states)
    for name, (dims, _, attrs) in read_variables(first, None).items():
        shape = tuple(layout["sizes"][dim] for dim in dims)
        array = BlockArray(grid, shape, float, partial(blocks, name, shape))
        variables[name] = array.variable((*names, *dims), attrs)
    if layout["fields"]:
        kept = first.output.states(first.training.pulses)
        coordinates |= field_coordinates(first, kept)
        for key in first.output.fields:
            column = FIELDS[key]
            fields = _fields(first, runs, grid, key)
            variables[column.name] = fields.variable((*names, *column.dims), column.attrs)
    attrs = {
        "campaign": folder.content["campaign"]["name"],
        "description": json.dumps(folder.content["campaign"]),
        "hash": folder.content["hash"],
        "program": f"mumax3-orchestrator {folder.content['program']}",
    }
    return xr.Dataset(variables, coordinates, attrs).set_coords(COORDINATES)


def _table(grid: tuple[int, ...], values: Mapping[tuple[int, ...], str]) -> np.ndarray:
    table = np.full(grid, "", dtype=object)
    for index, value in values.items():
        table[index] = value
    return table.astype(np.str_)


def _reader(folder: CampaignFolder, runs: Runs, states: Mapping[Any, str]) -> Blocks:
    """What gives the blocks of a variable in all runs, NaN where there is nothing."""

    @lru_cache(maxsize=_CACHED_RUNS)
    def read(entry: RunEntry) -> Variables:
        return read_variables(folder.experiment(entry.index), entry.folder)

    def blocks(
        name: str, shape: tuple[int, ...], places: list[tuple[int, ...]]
    ) -> Iterator[np.ndarray]:
        quiet = [runs[place] for place in places if states[place] not in ("missing", "running")]
        values = values_of(folder, quiet, name, read)
        for place in places:
            out = np.full(shape, np.nan)
            if states[place] == "running":
                value = read(runs[place]).get(name, (None, None))[1]
            else:
                value = None if states[place] == "missing" else next(values)
            if value is not None:
                out[tuple(slice(n) for n in value.shape)] = value
            yield out

    return blocks


def _fields(experiment: Experiment, runs: Runs, grid: tuple[int, ...], key: str) -> BlockArray:
    """The kept fields "m" or "j" of all runs, whose films are that of one of their experiments."""

    def blocks(places: list[tuple[int, ...]]) -> Iterator[np.ndarray]:
        for place in places:
            fields = kept_fields(experiment, key, runs[place[: len(grid)]].folder)
            yield from fields.blocks([place[len(grid) :]])

    inner = kept_fields(experiment, key, Path())
    return BlockArray((*grid, *inner.grid), inner.block_shape, inner.dtype, blocks)
