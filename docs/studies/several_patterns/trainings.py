"""Trains the films of campaigns with the kernel of the study of reliable learning.

    python -m docs.studies.several_patterns.trainings FOLDER NAME...

trains the runs of data/campaigns/NAME.toml, and keeps G before every pulse, after the last and
relaxed, in a file for each point of the axes other than `seed`. It saves after every start; the
same command goes on, unless the campaign has changed since.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from docs.studies.reliable_learning.film import FastFilm
from docs.studies.reliable_learning.saved import label_of, save, settings_of
from docs.studies.reliable_learning.trainings import refusal
from docs.studies.shared import DATA
from orchestrator.campaign.spec import Campaign
from orchestrator.describe.experiment import Experiment


def trained(experiment: Experiment, film: FastFilm, start: np.ndarray, entry: str) -> np.ndarray:
    """G in S before every pulse and after the last, then of textures that relaxed.

    Of an entry of the experiment's trainings, the patterns of which take turns as it says. What
    relaxed are the textures that `output.snapshots` names, and last the one after all pulses.
    Shape (pulses + 1 + relaxed, N, N).
    """
    plan, found, kept = experiment.training, [], []
    for number, (m, state) in enumerate(film.pulses(start, plan, entry)):
        found.append(state.conductance)
        if number in (*experiment.output.snapshots, plan.pulses):
            kept.append(film.run(m, None, plan.relax_time))
    return np.array(found + [film.network.solve(m).conductance for m in kept], np.float32)


def checked(experiment: Experiment) -> Experiment:
    """Ends the program if the kernel cannot train an experiment."""
    if reason := refusal(experiment):
        raise SystemExit(f"{experiment.name}: {reason}")
    return experiment


def points_of(campaign: Campaign) -> dict[str, list[Experiment]]:
    """The experiments of every start, by the labels along the other axes, joined by hyphens."""
    found: dict[str, list[Experiment]] = {}
    for point in campaign.points:
        labels = zip(campaign.axes, point.labels, strict=True)
        name = "-".join(str(label) for axis, label in labels if axis.name != "seed")
        found.setdefault(name, []).append(checked(point.experiment))
    return found


@dataclass(frozen=True)
class Trained:
    """Films of one point of a campaign.

    Attributes
    ----------
    conductance : ndarray, shape (films, entries, states, N, N)
        G in S before every pulse and after the last, then relaxed.
    entries : list of str
        What was trained; patterns that took turns are joined by /.
    """

    conductance: np.ndarray
    entries: list[str]

    @classmethod
    def of(cls, file: Path) -> Trained:
        content = np.load(file)
        return cls(content["conductance"], [str(entry) for entry in content["entries"]])


def train(file: Path, experiments: list[Experiment], most: int) -> None:
    """Trains one film from each start, and saves after each; goes on with what the file has."""
    seeds = [experiment.start.seed for experiment in experiments]
    label = label_of(file, settings_of(experiments[0]), seeds)
    film = FastFilm(experiments[0].device, experiments[0].conditions)
    entries = experiments[0].training.patterns
    done = list(Trained.of(file).conductance) if file.exists() else []
    for experiment in experiments[len(done) : most]:
        begin = experiment.start
        start = film.settled(begin.seed, begin.settle_time, begin.settle_alpha)
        done.append(np.array([trained(experiment, film, start, entry) for entry in entries]))
        films = {
            "conductance": np.array(done),
            "entries": np.array(entries),
            "seeds": np.array(seeds[: len(done)]),
        }
        save(file, films | label)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("campaigns", nargs="+", metavar="NAME")
    parser.add_argument("--films", type=int, default=10**6, help="at most so many of each point")
    parser.add_argument("--points", nargs="+", metavar="LABEL", help="of the campaigns; else all")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.campaigns:
        campaign = Campaign.from_toml(DATA / "campaigns" / f"{name}.toml")
        points = points_of(campaign)
        if unknown := set(arguments.points or ()) - set(points):
            raise SystemExit(
                f"{name} has no point {', '.join(unknown)}; it has {', '.join(points)}"
            )
        for label in arguments.points or points:
            began = time.process_time()
            train(arguments.folder / f"{name}-{label}.npz", points[label], arguments.films)
            print(f"{name} {label}: {time.process_time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
