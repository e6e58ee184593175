"""Results of a run as one xarray Dataset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.base.lazy import BlockArray
from orchestrator.describe.experiment import Experiment
from orchestrator.learning.hopfield import energy, listed_inputs, trained_rank, weight_matrix
from orchestrator.learning.pulses import drive_values
from orchestrator.run.fields import DIMS, NAMES, checksum, read_state, state_name
from orchestrator.run.folder import (
    DESCRIPTION,
    JOURNAL,
    UNTRAINED,
    Journal,
    read_description,
    read_untrained,
)
from orchestrator.run.layout import (
    REFERENCES,
    STAGES,
    STATES,
    run_coordinates,
    start_seeds,
)

_MATRIX = ("contact", "contact_in")

Variables = dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]]
Journals = list[list[dict[str, Any]]]


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
        `probe`, `snapshot`, `z`, `y`, `x`, `component`. Every variable carries its unit in
        `attrs["units"]`; the Dataset's attributes hold the canonical description, its hash,
        program, engine and seed.

    Raises
    ------
    InputError
        If it is not a run folder.
    RunFolderError
        If a file in it is damaged.
    """
    folder = Path(path)
    if not (folder / DESCRIPTION).is_file():
        raise InputError(f"{folder}: not a run folder (no {DESCRIPTION} in it)")
    description = read_description(folder)
    experiment = Experiment.from_dict(description["experiment"], source=str(folder))
    variables: dict[str, Any] = dict(read_variables(experiment, folder))
    coordinates: dict[str, Any] = dict(run_coordinates(experiment))
    if kept := experiment.output.states(experiment.training.pulses):
        coordinates |= field_coordinates(experiment, kept)
        for key in experiment.output.fields:
            name, unit, text = NAMES[key]
            fields = kept_fields(experiment, key, folder)
            labels = {"units": unit, "long_name": text}
            variables[name] = fields.variable(("training", "snapshot", *DIMS), labels)
    attrs = {
        "description": json.dumps(description["experiment"]),
        "hash": description["hash"],
        "device_hash": experiment.device.hash,
        "program": f"mumax3-orchestrator {description['program']}",
        "engine": json.dumps(description["engine"]),
        "seed": experiment.start.seed,
    }
    return xr.Dataset(variables, coordinates, attrs)


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
    shape = (*experiment.film.shape, 3)

    @cache
    def checksums(training: Path) -> dict[str, str]:
        records = Journal(training / JOURNAL).records
        return {name: crc for record in records for name, crc in record.get("files", {}).items()}

    def read(place: tuple[int, ...]) -> np.ndarray:
        training, number = folder / str(place[0] + 1), kept[place[1]]
        path = training / state_name(number)
        expected = checksums(training).get(path.name)
        if expected is None:
            return np.full(shape, np.nan, dtype=np.float32)
        if checksum(path) != expected:
            raise RunFolderError(f"{path}: damaged (its checksum is wrong)")
        return read_state(path, key)

    return BlockArray((len(experiment.training.patterns), len(kept)), shape, np.float32, read)


def read_variables(experiment: Experiment, folder: Path | None) -> Variables:
    """All variables of a run but its fields; of no folder, all NaN.

    Raises
    ------
    RunFolderError
        If a file is damaged.
    """
    count = len(experiment.training.patterns)
    journals: Journals = [[] for _ in range(count)]
    untrained = None
    if folder is not None:
        journals = [Journal(folder / str(k + 1) / JOURNAL).records for k in range(count)]
        if (folder / UNTRAINED).exists():
            untrained = read_untrained(folder)
    variables: Variables = {}
    _add_untrained(variables, experiment, untrained)
    _add_pulses(variables, experiment, journals)
    _add_states(variables, experiment, journals)
    return variables


def _add_untrained(
    variables: Variables, experiment: Experiment, untrained: dict[str, Any] | None
) -> None:
    n = len(experiment.contacts)
    g = np.full((len(start_seeds(experiment)), n, n), np.nan)
    references = np.full((len(REFERENCES), n, n), np.nan)
    if untrained is not None:
        g[:] = untrained["conductance"]
        references[:] = np.array(untrained["saturated"]), g.mean(axis=0)
    _put(variables, "conductance_untrained", ("start", *_MATRIX), g, "S", "G of settled textures")
    text = "G0 of the film saturated along its normal, and mean G of untrained textures"
    _put(variables, "conductance_reference", ("reference", *_MATRIX), references, "S", text)


_PULSE_VARIABLES: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "voltage": ("voltages", ("contact",), "V", "voltage held at the contact"),
    "current": ("currents", ("contact",), "A", "terminal current, positive into the film"),
    "conductance": ("conductance", _MATRIX, "S", "G^n of the texture that the pulse found"),
    "probe_conductance": ("probes", ("probe",), "S", "conductance between the probe's contacts"),
    "time": ("time", (), "s", "simulated time at the end of the pulse and its gap"),
    "power": ("power", (), "W", "Joule heat during the pulse"),
    "max_dm": ("max_dm", (), "1", "largest change of a magnetization vector over the pulse"),
    "steps": ("steps", (), "1", "time steps of the engine"),
}


def _add_pulses(variables: Variables, experiment: Experiment, journals: Journals) -> None:
    shape = (len(journals), experiment.training.pulses)
    n = len(experiment.contacts)
    sizes = {"contact": n, "contact_in": n, "probe": len(experiment.probes)}
    committed = [[r for r in records if r["kind"] == "pulse"] for records in journals]
    for name, (key, dims, unit, text) in _PULSE_VARIABLES.items():
        if name == "probe_conductance" and not experiment.probes:
            continue
        values = np.full((*shape, *(sizes[d] for d in dims)), np.nan)
        for k, records in enumerate(committed):
            for record in records:
                if record[key] is not None:
                    values[k, record["pulse"] - 1] = record[key]
        _put(variables, name, ("training", "pulse", *dims), values, unit, text)
    durations = np.diff(variables["time"][1], axis=1, prepend=0.0) - experiment.training.gap
    text = "length of the pulse, to the end of the engine's time step"
    _put(variables, "duration", ("training", "pulse"), durations, "s", text)
    spent = variables["power"][1] * durations
    _put(variables, "energy_spent", ("training", "pulse"), spent, "J", "Joule heat of the pulse")
    seconds = np.full((*shape, len(STAGES)), np.nan)
    for k, records in enumerate(committed):
        for record in records:
            seconds[k, record["pulse"] - 1] = [record["seconds"][stage] for stage in STAGES]
    _put(variables, "wall_time", ("training", "pulse", "stage"), seconds, "s", "wall-clock time")


def _add_states(variables: Variables, experiment: Experiment, journals: Journals) -> None:
    """G before training, after the last pulse and after relaxation; energies under each reference.

    Also Delta^n = G^{n+1} - G^n of every pulse, whose last member needs G after the last pulse.
    """
    n = len(experiment.contacts)
    g = np.full((len(journals), len(STATES), n, n), np.nan)
    g[:, 0] = variables["conductance_untrained"][1][0]
    for k, records in enumerate(journals):
        for record in records:
            if record["kind"] in ("trained", "relaxed"):
                g[k, 1 if record["kind"] == "trained" else 2] = record["conductance"]
    text = "G before training, after the last pulse, and relaxed without current"
    _put(variables, "conductance_state", ("training", "state", *_MATRIX), g, "S", text)

    of_pulse = variables["conductance"][1]
    following = np.concatenate([of_pulse[:, 1:], g[:, 1:2]], axis=1)
    text = "Delta^n = G^{n+1} - G^n of Eq. (8)"
    dims: tuple[str, ...] = ("training", "pulse", *_MATRIX)
    _put(variables, "conductance_change", dims, following - of_pulse, "S", text)

    plan = experiment.training
    listed = listed_inputs(plan.patterns)
    inputs = np.array([drive_values(p, plan.amplitude, plan.drive) for p in listed])
    references = weight_matrix(variables["conductance_reference"][1], plan.drive)
    weights = weight_matrix(g, plan.drive)[:, :, None] - references
    energies = energy(weights, inputs)
    dims = ("training", "state", "reference", "input")
    _put(variables, "energy", dims, energies, "W", "E' of Eq. (7) of every input")
    power = -energy(references, inputs)
    text = "power of every input in the reference, -E0"
    _put(variables, "reference_power", ("reference", "input"), power, "W", text)
    difference = weight_matrix(of_pulse, plan.drive)[:, :, None] - references
    own = variables["voltage" if plan.drive == "voltage" else "current"][1]
    trained = -np.einsum("tprij,tpi,tpj->tpr", difference, own, own)
    text = "E' of what the pulse held, in the texture that it found"
    _put(variables, "trained_energy", ("training", "pulse", "reference"), trained, "W", text)
    text = "rank of the trained pattern's relaxed energy among the non-trivial inputs, 1 = learned"
    dims = ("training", "reference")
    ranks = _ranks(energies[:, 2], power, plan.patterns)
    _put(variables, "trained_rank", dims, ranks, "1", text)


_ROUNDING = 1e-9
"""Share of the reference's power below which energies are rounding: the film has no weights."""


def _ranks(energies: np.ndarray, power: np.ndarray, patterns: Sequence[str]) -> np.ndarray:
    """Ranks, shape (training, reference); NaN where unfinished or without weights."""
    ranks = np.full(energies.shape[:2], np.nan)
    least = _ROUNDING * np.abs(power).max(axis=-1)
    for k, r in np.argwhere(np.abs(energies).max(axis=-1) > least):
        ranks[k, r] = trained_rank(energies[k, r], patterns[k], listed_inputs(patterns))
    return ranks


def _put(
    variables: Variables, name: str, dims: tuple[str, ...], values: np.ndarray, unit: str, text: str
) -> None:
    variables[name] = (dims, values, {"units": unit, "long_name": text})
