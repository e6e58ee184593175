"""Results of a run as one xarray Dataset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from orchestrator.campaign.folder import DESCRIPTION, JOURNAL, UNTRAINED, Journal, read_json
from orchestrator.errors import RunFolderError
from orchestrator.experiment import Experiment
from orchestrator.learning.hopfield import all_patterns, energy, weight_matrix
from orchestrator.learning.pulses import drive_values
from orchestrator.mx3.ovf import read_ovf

REFERENCES = ("saturated", "untrained")


def open_run(path: str | Path) -> xr.Dataset:
    """Open a run folder, finished or in progress, as a Dataset.

    Only committed pulses are seen; what is not there yet is NaN.

    Parameters
    ----------
    path : path-like
        The run folder.

    Returns
    -------
    xarray.Dataset
        Dimensions `training` (one per pattern), `pulse`, `contact`, `contact_in`, `input` (all 2^N
        patterns), `reference` (`saturated`, `untrained`), `state` (`before`, `after`, `relaxed`),
        `start` (untrained starts), and where there are any `probe`, `snapshot`, `z`, `y`, `x`,
        `component`. Every variable carries its unit in `attrs["units"]`; the Dataset's attributes
        hold the canonical description, its hash, program, engine and seed.

    Raises
    ------
    RunFolderError
        If it is not a run folder, or a file in it is damaged.
    """
    folder = Path(path)
    if not (folder / DESCRIPTION).is_file():
        raise RunFolderError(f"{folder}: not a run folder (no {DESCRIPTION} in it)")
    description = read_json(folder / DESCRIPTION)
    experiment = Experiment.from_dict(description["experiment"], source=str(folder))
    patterns = experiment.training.patterns
    journals = [Journal(folder / str(k) / JOURNAL).records for k in range(1, len(patterns) + 1)]
    dataset = xr.Dataset(coords=_coordinates(experiment))
    if (folder / UNTRAINED).exists():
        untrained = read_json(folder / UNTRAINED)
        _add_untrained(dataset, untrained)
    _add_pulses(dataset, experiment, journals)
    if (folder / UNTRAINED).exists():
        _add_states(dataset, experiment, journals)
    if experiment.output.snapshots:
        _add_snapshots(dataset, experiment, folder)
    dataset.attrs = {
        "description": json.dumps(description["experiment"]),
        "hash": description["hash"],
        "device_hash": experiment.device.hash,
        "program": f"mumax3-orchestrator {description['program']}",
        "engine": json.dumps(description["engine"]),
        "seed": experiment.start.seed,
    }
    return dataset


def _coordinates(experiment: Experiment) -> dict[str, Any]:
    names = list(experiment.device.contact_names)
    plan = experiment.training
    return {
        "training": list(plan.patterns),
        "pulse": np.arange(1, plan.pulses + 1),
        "contact": names,
        "contact_in": names,
        "input": all_patterns(len(names)),
    }


def _add_untrained(dataset: xr.Dataset, untrained: dict[str, Any]) -> None:
    g = np.array(untrained["conductance"])
    dataset.coords["start"] = untrained["seeds"]
    dataset.coords["reference"] = list(REFERENCES)
    matrix = ("contact", "contact_in")
    _put(dataset, "conductance_untrained", ("start", *matrix), g, "S", "G of settled textures")
    references = np.stack([np.array(untrained["saturated"]), g.mean(axis=0)])
    text = "G0 of the film saturated along its normal, and mean G of untrained textures"
    _put(dataset, "conductance_reference", ("reference", *matrix), references, "S", text)


_PULSE_VARIABLES = {
    "voltage": ("voltages", ("contact",), "V", "voltage held at the contact"),
    "current": ("currents", ("contact",), "A", "terminal current, positive into the film"),
    "conductance": (
        "conductance",
        ("contact", "contact_in"),
        "S",
        "G^n of the texture that the pulse found",
    ),
    "probe_conductance": ("probes", ("probe",), "S", "conductance between the probe's contacts"),
    "time": ("time", (), "s", "simulated time at the end of the pulse and its gap"),
    "duration": ("duration", (), "s", "length of the pulse"),
    "power": ("power", (), "W", "Joule heat during the pulse"),
    "max_dm": ("max_dm", (), "1", "largest change of a magnetization vector over the pulse"),
    "steps": ("steps", (), "1", "time steps of the engine"),
}


def _add_pulses(
    dataset: xr.Dataset, experiment: Experiment, journals: list[list[dict[str, Any]]]
) -> None:
    shape = (len(journals), experiment.training.pulses)
    sizes = {"contact": len(experiment.contacts), "contact_in": len(experiment.contacts)}
    if experiment.probes:
        dataset.coords["probe"] = [probe.name for probe in experiment.probes]
        sizes["probe"] = len(experiment.probes)
    committed = [[r for r in records if r["kind"] == "pulse"] for records in journals]
    for name, (key, dims, unit, text) in _PULSE_VARIABLES.items():
        if name == "probe_conductance" and not experiment.probes:
            continue
        values = np.full((*shape, *(sizes[d] for d in dims)), np.nan)
        for k, records in enumerate(committed):
            for record in records:
                if record[key] is not None:
                    values[k, record["pulse"] - 1] = record[key]
        _put(dataset, name, ("training", "pulse", *dims), values, unit, text)
    spent = dataset.power.to_numpy() * dataset.duration.to_numpy()
    _put(dataset, "energy_spent", ("training", "pulse"), spent, "J", "Joule heat of the pulse")
    stages = ["transport", "engine", "files"]
    dataset.coords["stage"] = stages
    seconds = np.full((*shape, len(stages)), np.nan)
    for k, records in enumerate(committed):
        for record in records:
            seconds[k, record["pulse"] - 1] = [record["seconds"][stage] for stage in stages]
    _put(dataset, "wall_time", ("training", "pulse", "stage"), seconds, "s", "wall-clock time")


def _add_states(
    dataset: xr.Dataset, experiment: Experiment, journals: list[list[dict[str, Any]]]
) -> None:
    """G before training, after the last pulse and after relaxation; energies under each reference.

    Also Delta^n = G^{n+1} - G^n of every pulse, whose last member needs G after the last pulse.
    """
    n = len(experiment.contacts)
    dataset.coords["state"] = ["before", "after", "relaxed"]
    g = np.full((len(journals), 3, n, n), np.nan)
    g[:, 0] = dataset.conductance_untrained[0]
    for k, records in enumerate(journals):
        for record in records:
            if record["kind"] in ("trained", "relaxed"):
                g[k, 1 if record["kind"] == "trained" else 2] = record["conductance"]
    matrix = ("contact", "contact_in")
    text = "G before training, after the last pulse, and relaxed without current"
    _put(dataset, "conductance_state", ("training", "state", *matrix), g, "S", text)

    of_pulse = dataset.conductance.to_numpy()
    following = np.concatenate([of_pulse[:, 1:], g[:, 1:2]], axis=1)
    text = "Delta^n = G^{n+1} - G^n of Eq. (8)"
    dims = ("training", "pulse", *matrix)
    _put(dataset, "conductance_change", dims, following - of_pulse, "S", text)

    plan = experiment.training
    inputs = np.array([drive_values(p, plan.amplitude, plan.drive) for p in all_patterns(n)])
    references = weight_matrix(dataset.conductance_reference.to_numpy(), plan.drive)
    weights = weight_matrix(g, plan.drive)[:, :, None] - references
    text = "E' of Eq. (7) of every input"
    dims = ("training", "state", "reference", "input")
    _put(dataset, "energy", dims, energy(weights, inputs), "W", text)
    text = "power of every input in the reference, -E0"
    power = -energy(references, inputs)
    _put(dataset, "reference_power", ("reference", "input"), power, "W", text)
    difference = weight_matrix(of_pulse, plan.drive)[:, :, None] - references
    own = dataset["voltage" if plan.drive == "voltage" else "current"].to_numpy()
    trained = -np.einsum("tprij,tpi,tpj->tpr", difference, own, own)
    text = "E' of what the pulse held, in the texture that it found"
    _put(dataset, "trained_energy", ("training", "pulse", "reference"), trained, "W", text)


def _add_snapshots(dataset: xr.Dataset, experiment: Experiment, folder: Path) -> None:
    chosen = list(experiment.output.snapshots)
    trainings = range(1, len(experiment.training.patterns) + 1)
    shape = (len(trainings), len(chosen), *experiment.film.shape, 3)
    cx, cy, cz = experiment.film.cell_size
    nx, ny, nz = experiment.film.cells
    dataset.coords["snapshot"] = chosen
    for axis, count, size in (("x", nx, cx), ("y", ny, cy), ("z", nz, cz)):
        dataset.coords[axis] = (axis, (np.arange(count) + 0.5) * size, {"units": "m"})
    dataset.coords["component"] = ["x", "y", "z"]
    dims = ("training", "snapshot", "z", "y", "x", "component")
    for name, stem, unit, text in (
        ("magnetization", "m", "1", "unit vector of the magnetization after so many pulses"),
        ("current_density", "snapshot_j", "A/m2", "current density in that texture"),
    ):
        values = np.full(shape, np.nan, dtype=np.float32)
        for k in trainings:
            for s, number in enumerate(chosen):
                path = folder / str(k) / f"{stem}_{number:06d}.ovf"
                if path.exists():
                    values[k - 1, s] = read_ovf(path).data
        _put(dataset, name, dims, values, unit, text)


def _put(
    dataset: xr.Dataset, name: str, dims: tuple[str, ...], values: Any, unit: str, text: str
) -> None:
    dataset[name] = (dims, values, {"units": unit, "long_name": text})
