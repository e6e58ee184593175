"""Coordinates of a run's results, and what the runs of a campaign have in common of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.describe.experiment import Experiment
from orchestrator.learning.hopfield import listed_inputs
from orchestrator.learning.records import STAGES
from orchestrator.run.journal import Found

REFERENCES = ("saturated", "untrained")
STATES = ("before", "after", "relaxed")


def run_coordinates(experiment: Experiment) -> dict[str, list[Any]]:
    """Coordinates of a run's results without those of its fields."""
    names = [contact.name for contact in experiment.contacts]
    plan = experiment.training
    coordinates: dict[str, list[Any]] = {
        "training": list(plan.patterns),
        "pulse": list(range(1, plan.pulses + 1)),
        "contact": names,
        "contact_in": names,
        "input": listed_inputs(plan.patterns, len(names)),
        "reference": list(REFERENCES),
        "state": list(STATES),
        "stage": list(STAGES),
        "start": start_seeds(experiment),
    }
    if experiment.probes:
        coordinates["probe"] = [probe.name for probe in experiment.probes]
    return coordinates


def script_coordinates(experiment: Experiment, journals: Sequence[Found]) -> dict[str, list[Any]]:
    """Further coordinates where a script chooses the pulses."""
    if not experiment.training.script:
        return {}
    most = max(len(journal.readings) for journal in journals)
    readings = {"reading": list(range(1, most + 1))} if most else {}
    return {"component": ["x", "y", "z"]} | readings


def start_seeds(experiment: Experiment) -> list[int]:
    """Seeds of the untrained textures, the first of which is trained."""
    start = experiment.start
    count = 1 if start.m0 is not None else experiment.reference.starts
    return [start.seed + k for k in range(count)]


def common_layout(experiments: Iterable[Experiment]) -> dict[str, Any]:
    """Sizes of the dimensions that hold all runs, and the coordinates that are the same in all.

    Returns
    -------
    dict
        `sizes`, `coordinates`, and `fields`: whether the kept fields have the same grid in all.
    """
    sizes: dict[str, int] = {}
    coordinates: dict[str, list[Any]] = {}
    grids = []
    for number, experiment in enumerate(experiments):
        own = run_coordinates(experiment)
        for name, values in own.items():
            sizes[name] = max(sizes.get(name, 0), len(values))
        if number == 0:
            coordinates = own
        shared = coordinates.keys() & own.keys()
        coordinates = {n: v for n, v in coordinates.items() if n in shared and own[n] == v}
        kept = experiment.output.states(experiment.training.pulses)
        grids.append((experiment.film, kept, experiment.output.fields, len(own["training"])))
    same = all(grid == grids[0] for grid in grids) and bool(grids[0][1])
    for name in [n for n, v in coordinates.items() if len(v) != sizes[n]]:
        del coordinates[name]
    return {"sizes": sizes, "coordinates": coordinates, "fields": same}
