"""How many patterns a stack of films holds: by turns, in blocks, apart; four to 35 contacts.

    python -m docs.studies.several_patterns.analysis FOLDER

takes what `docs.studies.several_patterns.trainings` has written for reliable_several,
reliable_contacts and reliable_letters, prints the tables of the page and draws several_patterns.png
and letters.png beside this file. Points that are missing are left out, and so are figures of them;
`--tables` draws none.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from docs.studies.many_contacts.analysis import coarser
from docs.studies.many_contacts.measures import hebb, ideal_film
from docs.studies.reliable_learning.readout import FACTOR, in_order, jackknife, wilson
from docs.studies.several_patterns.figures import draw, draw_letters, named
from docs.studies.several_patterns.memory import (
    found_nearest,
    local_fields,
    neighbors,
    remembered,
)
from docs.studies.several_patterns.stacks import (
    Case,
    after_blocks,
    changes,
    shuffled,
)
from docs.studies.several_patterns.trainings import Trained, points_of
from docs.studies.shared import DATA, mean_and_error, print_header
from orchestrator.campaign.spec import Campaign
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.media import Resistivity
from orchestrator.learning.hopfield import energy, signs
from orchestrator.transport.network import Network

SIZE = 12
"""Films of a stack."""
SIZES = (4, SIZE)
"""Of stacks of more than four contacts."""
BLOCKS = 4
"""Of the trainings of more than four contacts."""
RAISED = (1.0, 1.02, FACTOR, 1.06, 1.08)
"""Factors of the reference for letters."""
GAIN = 0.025
"""Change of E'/P of the ideals: about that of the films that learned one letter."""
PARTS = 6
"""Of the films, each left out once for the error of a share."""
MEASURES = ("stable", "recalled", "lowest")
FIGURES = (
    ("several_patterns.png", draw, ("reliable_several-1", "reliable_several-halves")),
    ("letters.png", draw_letters, ("reliable_letters-alone",)),
)
"""And the points that they cannot do without."""


def gains(case: Case) -> str:
    """Change of E'/P of each pattern, mean over the films."""
    each = zip(case.patterns, np.resize(case.entries, len(case.patterns)), strict=True)
    return ", ".join(mean_and_error(changes(case.trained, k, p)[:, -1], "+.3f") for p, k in each)


def random_stacks(case: Case, size: int) -> list[str]:
    """Patterns stable, starts recalled, all patterns lowest, in % of random stacks."""

    def percent(measure: str) -> str:
        def share(films: np.ndarray) -> float:
            return float(np.mean(getattr(case.judged(shuffled(films, size)), measure)))

        mean, error = jackknife(share, case.films, PARTS)
        return f"{100 * mean:.0f} ± {100 * error:.0f} %"

    return [percent(measure) for measure in MEASURES]


def stacks_apart(cases: Sequence[Case], size: int) -> list[str]:
    """Counts in stacks that share no film: stable patterns, recalled starts, all lowest."""
    judged = [case.judged(in_order(case.films, size)) for case in cases]
    stable, recalled, lowest = (
        np.concatenate([getattr(m, measure).ravel() for m in judged]) for measure in MEASURES
    )
    counts = [wilson(int(x.sum()), x.size) for x in (stable, lowest)]
    return [counts[0], f"{100 * recalled.mean():.0f} %", counts[1]]


def chances(cases: Sequence[Case]) -> list[str]:
    """The same shares in untrained stacks."""
    found = [case.chance() for case in cases]
    return [f"{100 * np.mean([getattr(m, x) for m in found]):.0f} %" for x in MEASURES]


def print_several(folder: Path) -> None:
    """Four contacts: each protocol and list of patterns."""
    print(f"four contacts: stacks of {SIZE} that share no film, and random ones")
    own = [f"{measure}, own" for measure in MEASURES]
    heads = ["turns", "trained", "films", "change of E'/P", *own]
    random = [f"random: {', '.join(MEASURES)}, own", f"random: against {FACTOR:g} own"]
    print_header(*heads, *random, "chance")
    for label in ("1", "5", "halves", "thirds"):
        if (file := folder / f"reliable_several-{label}.npz").exists():
            trained = Trained.of(file)
            for k in range(len(trained.entries)):
                print_case(label, trained, [k])
            if label == "halves":
                print_apart(trained)


def print_apart(halves: Trained) -> None:
    """Films that have learned one pattern each, joined: the first of the two blocks."""
    first = halves.conductance.shape[2] // 2 - 1
    single = Trained(halves.conductance[:, :, : first + 1], [e[:4] for e in halves.entries])
    place = {entry: k for k, entry in enumerate(single.entries)}
    for entry in ("+-+-/+--+", "+--+/++-+", "+-+-/++-+", "+-+-/+--+/++-+"):
        print_case("apart", single, [place[p] for p in entry.split("/")])


def print_case(label: str, trained: Trained, entries: Sequence[int]) -> None:
    case, raised = Case(trained, entries), Case(trained, entries, FACTOR)
    size = min(SIZE, case.films // 2)
    cells = [label, named("/".join(case.patterns)), str(case.films), gains(case)]
    few = f"needs {SIZE} films"
    cells += stacks_apart([case], SIZE) if case.films >= SIZE else [few] * 3
    shares = (random_stacks(case, size), random_stacks(raised, size), chances([case]))
    cells += [", ".join(share) for share in shares]
    print(f"| {' | '.join(cells)} |", flush=True)


def print_sizes(halves: Trained) -> None:
    """The pair that can be stable, in blocks of either order: stacks of any size."""
    print("\n{+-+-} and {+--+} in blocks: stacks that share no film, of both orders")
    print_header("films", *MEASURES)
    cases = [Case(halves, [halves.entries.index(e)]) for e in ("+-+-/+--+", "+--+/+-+-")]
    for size in (1, 2, 4, 8, 12, 24):
        if size <= cases[0].films:
            print(f"| {size} | {' | '.join(stacks_apart(cases, size))} |")


def print_forgetting(trained: Trained) -> None:
    """What the second block does to the first pattern."""
    half = trained.conductance.shape[2] // 2 - 1
    print(f"\nforgetting: change of E'/P, {len(trained.conductance)} films")
    print_header(
        "first, then", "pattern", "after the first", "after both", "relaxed", "by the second"
    )
    for k, entry in enumerate(trained.entries):
        for pattern in entry.split("/"):
            change = changes(trained, k, pattern)
            first, both = change[:, half], change[:, -2]
            cells = [mean_and_error(x, "+.3f") for x in (first, both, change[:, -1], both - first)]
            print(f"| {named(entry)} | {{{pattern}}} | {' | '.join(cells)} |")


def capacity_cases(trained: Trained) -> dict[tuple[int, str], list[Case]]:
    """By the number of patterns and the way of training."""
    entries = range(len(trained.entries))
    if all("/" in entry for entry in trained.entries):
        after = {p: after_blocks(trained, BLOCKS, p) for p in range(1, BLOCKS + 1)}
        found = {(p, "blocks"): [Case(after[p], [k]) for k in entries] for p in after}
        return found | {(2, "apart"): [Case(after[1], list(entries))]}
    found = {}
    for k, entry in enumerate(trained.entries):
        found.setdefault((entry.count("/") + 1, "turns"), []).append(Case(trained, [k]))
    for parts in ([0, 1], [2, 3], [0, 1, 2], [0, 1, 2, 3]):
        found.setdefault((len(parts), "apart"), []).append(Case(trained, parts))
    return found


def print_capacity(folder: Path) -> None:
    """Six, nine and sixteen contacts: single films, stacks of some and of all films."""
    print("\nmore contacts: stacks that share no film")
    sizes = [f"stacks of {size}: stable" for size in SIZES]
    heads = ("N", "patterns", "films", "change of E'/P", "single films: stable", *sizes)
    print_header(*heads, *MEASURES[1:], f"chance: {', '.join(MEASURES)}", "ideal film: stable")
    experiments = experiments_of("reliable_contacts")
    for label in ("6", "6 by turns", "9", "16"):
        if not (file := folder / f"reliable_contacts-{label}.npz").exists():
            continue
        trained = Trained.of(file)
        films = len(trained.conductance)
        for (count, way), cases in sorted(capacity_cases(trained).items()):
            change = np.concatenate([
                changes(case.trained, k, p)[:, -1]
                for case in cases
                for p, k in zip(case.patterns, np.resize(case.entries, count), strict=True)
            ])  # fmt: skip
            cells = [label.split()[0], f"{count} {way}", str(films), mean_and_error(change, "+.3f")]
            counts = [
                stacks_apart(cases, size) if len(cases[0].entries) <= size <= films else [""] * 3
                for size in (1, *SIZES)
            ]
            cells += [*(count[0] for count in counts), *counts[-1][1:]]
            ideals = [
                remembered(ideal_film(experiments[label], case.patterns)[None], case.patterns)
                for case in cases
            ]
            held = np.concatenate([ideal.stable[0] for ideal in ideals])
            whole = [case.judged(np.arange(films)[None]).stable[0] for case in cases]
            alike = (np.concatenate(whole) == held).sum()
            ideal = f"{held.sum()} of {held.size}, {alike} as in the stack"
            cells += [", ".join(chances(cases)), ideal]
            print(f"| {' | '.join(cells)} |", flush=True)


def experiments_of(name: str) -> dict[str, Experiment]:
    """The first experiment of every point of a campaign."""
    points = points_of(Campaign.from_toml(DATA / "campaigns" / f"{name}.toml"))
    return {label: experiments[0] for label, experiments in points.items()}


def print_letters(folder: Path) -> None:
    """Letters in epochs, in blocks, alone and apart, and what ideals hold."""
    print("\nletters: contacts held by one stack of all films; if all, share of starts recalled")
    heads = [f"{factor:g} own" for factor in RAISED]
    print_header(
        "training", "films", "letter", "change of E'/P", *heads, f"{SIZE} films: stable", "chance"
    )
    experiments = experiments_of("reliable_letters")
    for label in experiments:
        if not (file := folder / f"reliable_letters-{label}.npz").exists():
            continue
        trained = Trained.of(file)
        entries = list(range(len(trained.entries)))
        for k in entries:
            print_letter_case(label, trained, [k])
        if len(entries) > 1:
            print_letter_case("apart", trained, entries)
    experiment = coarser(experiments["epochs"])
    letters = experiment.training.patterns[0].split("/")
    for held in ([letters[0]], [letters[1]], [letters[2]], letters):
        print_letter_rows("ideal film", held, [raised_ideal(experiment, held, f) for f in RAISED])
    print_letter_rows("Hebb", letters, [hebb(letters)])


def print_letter_case(way: str, trained: Trained, entries: Sequence[int]) -> None:
    cases = [Case(trained, entries, factor) for factor in RAISED]
    everything = np.arange(cases[0].films)[None]
    judged = [c.judged(in_order(c.films, SIZE)) for c in cases if c.films >= SIZE]
    chance, more = "", []
    if len(cases[0].patterns) == 1:
        chance = ", ".join(f"{100 * case.chance().stable.mean():.0f} %" for case in cases)
    for k in range(len(cases[0].patterns)):
        counts = (f"{m.stable[:, k].sum()} of {len(m.stable)}" for m in judged)
        more.append((", ".join(counts), chance))
    gained = gains(cases[0]).split(", ")
    weights = [case.weights(everything)[0] for case in cases]
    print_letter_rows(way, cases[0].patterns, weights, str(cases[0].films), gained, more)


def print_letter_rows(
    way: str,
    letters: Sequence[str],
    weights: Sequence[np.ndarray],
    films: str = "",
    gained: Sequence[str] = ("",) * 3,
    more: Sequence[tuple[str, str]] = (("", ""),) * 3,
) -> None:
    """For each letter and weights: how many contacts are held, and recall where all are."""
    v = np.array([signs(letter) for letter in letters])
    for k, letter in enumerate(letters):
        cells = []
        for w in weights:
            held = int((local_fields(w, v[k : k + 1]) > 0).sum())
            found = found_nearest(w[None], v, neighbors(v[k : k + 1])).mean()
            recalled = f", {100 * found:.0f} %" if held == len(w) else ""
            cells.append(f"{held} of {len(w)}{recalled}")
        name = way if len(letters) == 1 or films else f"{way}, all"
        row = [name, films, named(letter), gained[k], *cells, *[""] * (len(RAISED) - len(cells))]
        print(f"| {' | '.join([*row, *more[k]])} |", flush=True)


def raised_ideal(experiment: Experiment, letters: Sequence[str], factor: float) -> np.ndarray:
    """What stripes without a maze learn, as much as films that learn one letter, S rho."""
    uniform = Resistivity(rho_par=1.0, rho_perp=1.0)
    network = Network(experiment.film, uniform, experiment.contacts)
    power = network.solve(experiment.film.saturated()).conductance
    weights = ideal_film(experiment, letters)
    v = np.array([signs(letter) for letter in letters], float)
    return GAIN * weights / np.mean(energy(weights, v) / energy(power, v)) - (factor - 1) * power


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", action="store_true", help="draw nothing")
    arguments = parser.parse_args()
    folder = arguments.folder
    if not any(folder.glob("reliable_*.npz")):
        raise SystemExit(f"{folder}: no films; docs.studies.several_patterns.trainings makes them")
    print_several(folder)
    if (file := folder / "reliable_several-halves.npz").exists():
        halves = Trained.of(file)
        print_sizes(halves)
        print_forgetting(halves)
    print_capacity(folder)
    print_letters(folder)
    for name, drawn, points in () if arguments.tables else FIGURES:
        missing = [p for p in points if not (folder / f"{p}.npz").exists()]
        if missing:
            print(f"{name} is not drawn, it needs the films of {', '.join(missing)}")
        else:
            drawn(folder)


if __name__ == "__main__":
    main()
