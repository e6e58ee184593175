"""Trains many films of an experiment with the study's own kernel.

    python -m docs.studies.reliable_learning.trainings FILE.npz --first 101 --count 319

trains each pattern of data/experiments/reliable.toml from the starts with the seeds 101 to 419, one
core at about 2 s for each start, and keeps the conductances of the untrained and the trained
textures. It saves after every start; the same command goes on, another one (other settings or
another first seed) is refused. `--set key=value` changes the experiment, as an axis of a campaign
would.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from docs.studies.reliable_learning.film import LEAST_DAMPING, FastFilm
from docs.studies.reliable_learning.saved import label_of, save, settings_of
from docs.studies.shared import DATA
from orchestrator.base.errors import InputError
from orchestrator.campaign.axes.keys import changed
from orchestrator.describe.experiment import Experiment


def varied(changes: Mapping[str, object]) -> Experiment:
    """The experiment of reliable.toml with some keys changed."""
    base = Experiment.from_toml(DATA / "experiments" / "reliable.toml")
    content = base.to_dict() | {"output": {}}
    return Experiment.from_dict(changed(content, changes))


def refusal(experiment: Experiment) -> str | None:
    """Why the study's kernel cannot train an experiment, if so."""
    if any(experiment.conditions.B_ext):
        return "the study's kernel knows no external field"
    plan = experiment.training
    if plan.drive != "voltage" or plan.duration is not None or plan.oersted:
        return "the study's kernel knows pulses of given voltages and one length only"
    material = experiment.device.material
    if material.xi or material.Dind or material.demag or material.axis[:2] != (0, 0):
        return (
            "the study's kernel knows xi = 0, bulk DMI, an axis along z and no demagnetizing field"
        )
    if material.alpha < LEAST_DAMPING:
        return f"the study's kernel is not accurate below alpha = {LEAST_DAMPING:g}"
    return None


def described(changes: Mapping[str, object]) -> Experiment:
    """As `varied`; ends the program if there is no such key or the kernel cannot train it."""
    try:
        experiment = varied(changes)
    except InputError as refused:
        raise SystemExit(str(refused)) from None
    if reason := refusal(experiment):
        raise SystemExit(reason)
    return experiment


def trained(experiment: Experiment, film: FastFilm, seed: int) -> np.ndarray:
    """G in S before and after the training of each pattern, shape (patterns, 2, N, N)."""
    plan = experiment.training
    begin = experiment.start
    start = film.settled(seed, begin.settle_time, begin.settle_alpha)
    result = []
    for pattern in plan.patterns:
        _, g = film.trained(start, plan, pattern)
        result.append(g[[0, -1]])
    return np.array(result)


def train(experiment: Experiment, file: Path, first: int, count: int) -> None:
    """Trains films from so many starts, and saves after each; goes on with what the file has."""
    label = label_of(file, settings_of(experiment), range(first, first + count))
    film = FastFilm(experiment.device, experiment.conditions)
    saturated = film.network.solve(experiment.film.saturated()).conductance
    done = list(np.load(file)["conductance"]) if file.exists() else []
    for seed in range(first + len(done), first + count):
        done.append(trained(experiment, film, seed))
        films = {
            "conductance": np.array(done),
            "saturated": saturated,
            "patterns": np.array(experiment.training.patterns),
            "seeds": np.arange(first, seed + 1),
        }
        save(file, films | label)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--first", type=int, default=101)
    parser.add_argument("--count", type=int, default=319)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    pairs = [change.split("=", 1) for change in arguments.set]
    values = {key: tomllib.loads(f"value = {value}")["value"] for key, value in pairs}
    train(described(values), arguments.file, arguments.first, arguments.count)


if __name__ == "__main__":
    main()
