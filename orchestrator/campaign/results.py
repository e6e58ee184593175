"""Results of a campaign as one xarray Dataset."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from orchestrator.base.errors import InputError
from orchestrator.base.kinds import as_path
from orchestrator.base.lazy import BlockArray
from orchestrator.base.netcdf import write_netcdf
from orchestrator.campaign.columns import OWN
from orchestrator.campaign.status import run_state
from orchestrator.campaign.store import CampaignFolder, RunEntry
from orchestrator.campaign.values import values_of
from orchestrator.run.fields import FIELDS
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
    """
    folder = CampaignFolder(as_path("campaign folder", path))
    runs = {entry.index: entry for entry in folder.runs}
    axes = folder.content["axes"]
    grid = tuple(len(axis["coordinate"]) for axis in axes)
    names = tuple(axis["name"] for axis in axes)
    layout = folder.content["layout"]
    coordinates: dict[str, Any] = {
        axis["name"]: (axis["name"], axis["coordinate"], {"units": axis["unit"]}) for axis in axes
    }
    coordinates |= layout["coordinates"]
    states = {index: run_state(entry.folder)[0] for index, entry in runs.items()}
    folders = {index: str(entry.folder) for index, entry in runs.items()}
    own: dict[str, Mapping[Any, str]] = {"status": states, "folder": folders}
    variables: dict[str, Any] = {
        name: (names, _table(grid, own[name]), {"long_name": text}) for name, text in OWN.items()
    }
    first = folder.experiment((0,) * len(grid))
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
            fields = _fields(folder, runs, grid, key)
            variables[column.name] = fields.variable((*names, *column.dims), column.attrs)
    attrs = {
        "campaign": folder.content["campaign"]["name"],
        "description": json.dumps(folder.content["campaign"]),
        "hash": folder.content["hash"],
        "program": f"mumax3-orchestrator {folder.content['program']}",
    }
    return xr.Dataset(variables, coordinates, attrs).set_coords(COORDINATES)


def export(dataset: xr.Dataset, path: Path, *, fields: bool = False) -> None:
    """Write a Dataset of a run or a campaign into one compressed netCDF file.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `open_run` or `open_campaign`.
    path : Path
        The file; it appears whole.
    fields : bool
        With the kept magnetizations and current densities.

    Raises
    ------
    InputError
        If the file's folder does not exist.
    OSError
        If the disk does not take all of it.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    if not fields:
        inner = {dim for column in FIELDS.values() for dim in column.dims} - {"training"}
        dataset = dataset.drop_dims(inner, errors="ignore")
    encoding = {
        str(name): {"zlib": True, "complevel": 1}
        for name, variable in dataset.data_vars.items()
        if variable.dtype.kind == "f" and variable.ndim
    }
    write_netcdf(dataset, path, encoding)


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


def _fields(folder: CampaignFolder, runs: Runs, grid: tuple[int, ...], key: str) -> BlockArray:
    first = folder.experiment((0,) * len(grid))

    def blocks(places: list[tuple[int, ...]]) -> Iterator[np.ndarray]:
        for place in places:
            fields = kept_fields(first, key, runs[place[: len(grid)]].folder)
            yield from fields.blocks([place[len(grid) :]])

    inner = kept_fields(first, key, folder.path)
    return BlockArray((*grid, *inner.grid), inner.block_shape, inner.dtype, blocks)
