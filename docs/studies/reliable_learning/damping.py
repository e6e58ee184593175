"""A damping of 0.3: why the training for 1 fails, and how a training forth and back learns.

    python -m docs.studies.reliable_learning.damping FOLDER

trains the films of data/campaigns/reliable_damping.toml, one core at 6 s for each, into the
FOLDER in which `robustness` keeps its own, and prints the tables of the page. `--tables` takes the
files as they are, `--also` shows what other trainings with {+-+-} changed. The first films were
used to choose the protocol and the factor of the reference.
"""

from __future__ import annotations

import argparse
import itertools
import tomllib
from pathlib import Path

import numpy as np

from docs.studies.reliable_learning.analysis import counted
from docs.studies.reliable_learning.readout import (
    Films,
    in_order,
    own,
    random_share,
    resampled,
    succeeded,
)
from docs.studies.reliable_learning.trainings import train, varied
from docs.studies.shared import DATA, mean_and_error, print_header
from orchestrator.learning.hopfield import energy, signs

CHOSEN_ON = 24
"""Films on which voltage, pulses and factor were chosen."""
FACTOR = 1.02
"""Times the stack's own conductance before training."""
FACTORS = (1.0, 1.01, 1.02, 1.03, 1.04)
SIZES = (1, 4, 12, 24, 36)
PATTERN = "+-+-"
KINDS = {
    "{+-+-}": ["+-+-"],
    "two neighbors": ["++--", "+--+"],
    "2 or 4 odd": ["+-++", "+++-"],
    "1 or 3 odd": ["-+++", "++-+"],
}
"""Inputs by what the currents of {+-+-} do at their contacts: into the film at 1 and 3."""


def changes(films: Films) -> list[str]:
    """Change of E' of each kind of input by {+-+-}, in % of the pattern's power before."""
    k = films.patterns.index(PATTERN)
    power = -energy(films.before[:, k], signs(PATTERN)[None]).mean()
    change = films.after[:, k] - films.before[:, k]
    cells = []
    for inputs in KINDS.values():
        vectors = np.array([signs(p) for p in inputs], float)
        cells.append(mean_and_error(100 * energy(change, vectors).mean(axis=1) / power, "+.1f"))
    return cells


def choice_table(films: Films) -> None:
    """Random stacks of the films on which the factor was chosen."""
    print(f"\nrandom stacks of {len(films)} films: all three lowest and recalled")
    print_header("films", *(f"{c:g} own" for c in FACTORS))
    for size in (8, 12):
        shares = [random_share(films, size, own(c))[1] for c in FACTORS]
        print(f"| {size} | {' | '.join(f'{100 * s:.0f} %' for s in shares)} |")


def held_out_table(films: Films) -> None:
    """Stacks of other films that share none, and random stacks."""
    print(f"\n{len(films)} other films, reference {FACTOR:g} own")
    heads = [f"{{{p}}} lowest, recalled" for p in films.patterns]
    random = ("random stacks: lowest", "both")
    print_header("films", *heads, "all three lowest", "and recalled", *random)
    for size in itertools.takewhile(lambda size: 2 * size <= len(films), SIZES):
        low, found = succeeded(films.stacked(in_order(len(films), size)), own(FACTOR))
        shares, errors = resampled(films, size, own(FACTOR))
        cells = [f"{100 * s:.0f} ± {100 * e:.0f} %" for s, e in zip(shares, errors, strict=True)]
        print(f"| {size} | {' | '.join([*counted(low, found), *cells])} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", action="store_true", help="train nothing")
    parser.add_argument("--also", nargs="+", default=[], type=Path, help="files of `trainings`")
    arguments = parser.parse_args()
    campaign = tomllib.loads((DATA / "campaigns" / "reliable_damping.toml").read_text())
    seeds = campaign["axes"][0]["integers"]
    file = arguments.folder / "forth-and-back.npz"
    if not arguments.tables:
        change = {k: v for k, v in campaign["change"].items() if not k.startswith("output")}
        train(varied(change), file, seeds["start"], seeds["count"])
    films = Films.of(file)
    print("change of E' by {+-+-} in % of the pattern's power before")
    print_header("damping, training", *KINDS)
    others = {"1": "none", "0.3": "alpha0.3", "0.1": "alpha0.1"}
    shown = {label: arguments.folder / f"{name}.npz" for label, name in others.items()}
    shown |= {"0.3, forth and back": file} | {path.stem: path for path in arguments.also}
    for label, path in shown.items():
        if path.exists():
            print(f"| {label} | {' | '.join(changes(Films.of(path)))} |")
    choice_table(films[:CHOSEN_ON])
    held_out_table(films[CHOSEN_ON:])


if __name__ == "__main__":
    main()
