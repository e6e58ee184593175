"""Trains many films of an experiment with the study's own kernel.

    python -m docs.studies.reliable_learning.trainings FILE.npz --first 101 --count 319

trains each pattern of data/experiments/reliable.toml from the starts with the seeds 101 to 419, one
core at about 3 s for each start, and keeps the conductances of the untrained and the trained
textures. It saves after every start; the same command goes on. `--set key=value` changes the
experiment, as an axis of a campaign would.
"""

from __future__ import annotations

import argparse
import os
import tomllib
from pathlib import Path

import numpy as np

from docs.studies.reliable_learning.film import FastFilm
from docs.studies.shared import DATA
from orchestrator.campaign.axes.keys import changed
from orchestrator.describe.conditions import Conditions
from orchestrator.describe.experiment import Experiment
from orchestrator.learning.hopfield import signs


def described(changes: list[str]) -> Experiment:
    """The experiment of reliable.toml with some keys changed."""
    base = Experiment.from_toml(DATA / "experiments" / "reliable.toml")
    content = base.to_dict() | {"output": {}}
    pairs = [change.split("=", 1) for change in changes]
    values = {key: tomllib.loads(f"value = {value}")["value"] for key, value in pairs}
    experiment = Experiment.from_dict(changed(content, values))
    if experiment.conditions != Conditions():
        raise SystemExit("the study's kernel knows no fields, temperatures or grains")
    return experiment


def trained(experiment: Experiment, film: FastFilm, seed: int) -> np.ndarray:
    """G in S before and after the training of each pattern, shape (patterns, 2, N, N)."""
    plan = experiment.training
    start = film.settled(seed, experiment.start.settle_time)
    result = []
    for pattern in plan.patterns:
        voltages = plan.amplitude * signs(pattern)
        _, g = film.trained(start, voltages, plan.pulse_length, plan.pulses, plan.relax_time)
        result.append(g[[0, -1]])
    return np.array(result)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--first", type=int, default=101)
    parser.add_argument("--count", type=int, default=319)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    experiment = described(arguments.set)
    film = FastFilm(experiment.device)
    saturated = film.network.solve(experiment.film.saturated()).conductance
    done = list(np.load(arguments.file)["conductance"]) if arguments.file.exists() else []
    for seed in range(arguments.first + len(done), arguments.first + arguments.count):
        done.append(trained(experiment, film, seed))
        patterns = np.array(experiment.training.patterns)
        temporary = arguments.file.with_suffix(".part.npz")
        seeds = np.arange(arguments.first, seed + 1)
        np.savez(
            temporary,
            conductance=np.array(done),
            saturated=saturated,
            patterns=patterns,
            seeds=seeds,
        )
        os.replace(temporary, arguments.file)


if __name__ == "__main__":
    main()
