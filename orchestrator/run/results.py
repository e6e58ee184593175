"""Results of a run as one xarray Dataset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.base.files import checksum
from orchestrator.base.kinds import as_path
from orchestrator.base.lazy import BlockArray
from orchestrator.describe.experiment import Experiment
from orchestrator.run.description import described_experiment, read_description
from orchestrator.run.fields import FIELDS, read_state
from orchestrator.run.folder import (
    DESCRIPTION,
    JOURNAL,
    state_name,
    training_folder,
    training_folders,
)
from orchestrator.run.journal import read_journal
from orchestrator.run.layout import run_coordinates, script_coordinates
from orchestrator.run.pruned import removed_on_purpose
from orchestrator.run.variables import COORDINATES, read_variables


def open_run(path: str | Path) -> xr.Dataset:
    """Open a run folder, finished or in progress, as a Dataset.

    Only committed pulses are seen; what is not there yet is NaN. Magnetizations and current
    densities are read from their files when they are used.

    Parameters
    ----------
    path : path-like
        The run folder.

    Returns
    -------
    xarray.Dataset
        Dimensions `training` (one per pattern), `pulse`, `contact`, `contact_in`, `input` (all 2^N
        patterns, a choice for more than ten contacts), `reference` (`saturated`, `untrained`),
        `state` (`before`, `after`, `relaxed`), `start` (untrained starts), and where there are any
        `probe`, `snapshot`, `z`, `y`, `x`, `component`. What is known of every pulse has the
        coordinate `time`, at which the pulse begins and its G^n is found. Every variable carries
        its unit in `attrs["units"]`; the Dataset's attributes hold the canonical description, its
        hash, program, engine, hash of the user's own templates, and seed.

    Raises
    ------
    InputError
        If it is not a run folder.
    RunFolderError
        If a file in it is damaged.

    Examples
    --------
    >>> folder = orchestrator.run(experiment, engine="cpu")
    >>> results = orchestrator.open_run(folder)
    >>> results.current.dims, results.current.attrs["units"]
    (('training', 'pulse', 'contact'), 'A')
    >>> bool((abs(results.current.sum("contact")) < 1e-12).all())  # Kirchhoff
    True
    """
    folder = as_path("run folder", path)
    if not (folder / DESCRIPTION).is_file():
        raise InputError(f"{folder}: not a run folder (no {DESCRIPTION} in it)")
    return _dataset(folder, *described_experiment(folder))


def results_of(folder: Path, experiment: Experiment) -> xr.Dataset:
    """The Dataset of `open_run`, where the experiment of the folder is at hand."""
    return _dataset(folder, read_description(folder), experiment)


def _dataset(folder: Path, description: dict[str, Any], experiment: Experiment) -> xr.Dataset:
    variables: dict[str, Any] = dict(read_variables(experiment, folder))
    coordinates: dict[str, Any] = dict(run_coordinates(experiment))
    if experiment.training.script:
        trainings = training_folders(folder, experiment.training.patterns)
        journals = [read_journal(training / JOURNAL) for training in trainings]
        coordinates |= script_coordinates(experiment, journals)
    if kept := experiment.output.states(experiment.training.pulses):
        coordinates |= field_coordinates(experiment, kept)
        for key in experiment.output.fields:
            column = FIELDS[key]
            fields = kept_fields(experiment, key, folder)
            variables[column.name] = fields.variable(column.dims, column.attrs)
    attrs = {
        "description": json.dumps(description["experiment"]),
        "hash": description["hash"],
        "device_hash": experiment.device.hash,
        "program": f"mumax3-orchestrator {description['program']}",
        "engine": json.dumps(description["engine"]),
        "templates": description.get("templates") or "",
        "seed": experiment.start.seed,
    }
    return xr.Dataset(variables, coordinates, attrs).set_coords(COORDINATES)


def field_coordinates(experiment: Experiment, kept: Sequence[int]) -> dict[str, Any]:
    """Coordinates of the kept fields: numbers of pulses, and the cells' centers in m."""
    coordinates: dict[str, Any] = {"snapshot": list(kept), "component": ["x", "y", "z"]}
    film = experiment.film
    for axis, count, size in zip("xyz", film.cells, film.cell_size, strict=True):
        coordinates[axis] = (axis, (np.arange(count) + 0.5) * size, {"units": "m"})
    return coordinates


def kept_fields(experiment: Experiment, key: str, folder: Path) -> BlockArray:
    """The kept fields "m" or "j" of a run along training and snapshot; NaN where not there."""
    kept = experiment.output.states(experiment.training.pulses)
    shape, dtype = (*experiment.film.array_shape, 3), FIELDS[key].dtype

    @cache
    def checksums(training: Path) -> dict[str, str]:
        records = read_journal(training / JOURNAL).records
        return {name: crc for record in records for name, crc in record.files.items()}

    @cache
    def removed(training: str) -> set[str]:
        return removed_on_purpose(folder).get(training, set())

    def read(place: tuple[int, ...]) -> np.ndarray:
        training, number = training_folder(folder, place[0] + 1), kept[place[1]]
        path = training / state_name(number)
        expected = checksums(training).get(path.name)
        if expected is None or (not path.exists() and path.name in removed(training.name)):
            return np.full(shape, np.nan, dtype)
        if checksum(path) != expected:
            raise RunFolderError(f"{path}: damaged (its checksum is wrong)")
        return read_state(path, key, experiment.film.array_shape)

    grid = (len(experiment.training.patterns), len(kept))
    return BlockArray(grid, shape, dtype, partial(map, read))
