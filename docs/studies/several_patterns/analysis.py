"""How many patterns a stack of films holds: by turns, in blocks, apart; four to 35 contacts.

    python -m docs.studies.several_patterns.analysis FOLDER

takes what `docs.studies.several_patterns.trainings` has written for reliable_several,
reliable_contacts and reliable_letters, prints the tables of the page and draws several_patterns.png
and letters.png beside this file. Points that are missing are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from docs.studies.many_contacts.analysis import coarser
from docs.studies.many_contacts.measures import hebb, ideal_film
from docs.studies.reliable_learning.readout import FACTOR, in_order, wilson
from docs.studies.several_patterns.figures import draw, draw_letters, named
from docs.studies.several_patterns.memory import local_fields, remembered
from docs.studies.several_patterns.stacks import (
    Case,
    after_blocks,
    changes,
    shuffled,
    with_error,
)
from docs.studies.several_patterns.trainings import Trained, points_of
from docs.studies.shared import DATA, mean_and_error, print_header
from orchestrator.campaign.spec import Campaign
from orchestrator.describe.experiment import Experiment
from orchestrator.learning.hopfield import signs

SIZE = 12
"""Films of a stack."""
SIZES = (4, SIZE)
"""Of stacks of more than four contacts."""
BLOCKS = 4
"""Of the trainings of more than four contacts."""
MEASURES = ("stable", "recalled", "lowest")


def gains(case: Case) -> str:
    """Change of E'/P of each pattern, mean over the films."""
    each = zip(case.patterns, np.resize(case.entries, len(case.patterns)), strict=True)
    return ", ".join(mean_and_error(changes(case.trained, k, p)[:, -1], "+.3f") for p, k in each)


def random_stacks(case: Case, size: int) -> list[str]:
    """Patterns stable, starts recalled, all patterns lowest, in % of random stacks."""

    def percent(measure: str) -> str:
        def share(films: np.ndarray) -> float:
            return float(np.mean(getattr(case.judged(shuffled(films, size)), measure)))

        mean, error = with_error(share, case.films)
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
    random = f"random: {', '.join(MEASURES)}"
    heads = ["turns", "trained", "films", "change of E'/P", *MEASURES, random]
    print_header(*heads, f"against {FACTOR:g} own", "chance")
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
    cells += stacks_apart([case], SIZE) if case.films >= SIZE else [""] * 3
    shares = (random_stacks(case, size), random_stacks(raised, size), chances([case]))
    cells += [", ".join(share) for share in shares]
    print(f"| {' | '.join(cells)} |", flush=True)


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
    """Letters in epochs, in blocks, alone and apart: stacks of all films, and the ideals."""
    print("\nletters: one stack of all films")
    heads = ("change of E'/P", "contacts held", "never held", "lower", "stable", "recalled")
    print_header("training", "films", "reference", "letter", *heads)
    experiments = experiments_of("reliable_letters")
    for label in experiments:
        if not (file := folder / f"reliable_letters-{label}.npz").exists():
            continue
        trained = Trained.of(file)
        ways = {label: [[k] for k in range(len(trained.entries))]}
        if len(trained.entries) > 1:
            ways["apart"] = [list(range(len(trained.entries)))]
        for way, factor in ((way, factor) for way in ways for factor in (1.0, FACTOR)):
            for entries in ways[way]:
                print_letter_case(way, Case(trained, entries, factor))
    experiment = coarser(experiments["epochs"])
    letters = experiment.training.patterns[0].split("/")
    ideals = {f"ideal film, {named(p)} alone": ([p], ideal_film(experiment, [p])) for p in letters}
    ideals["ideal film, all"] = (letters, ideal_film(experiment, letters))
    ideals["Hebb, all"] = (letters, hebb(letters))
    for name, (held, weights) in ideals.items():
        print_letter_rows([name, "", ""], weights[None].astype(float), held)


def print_letter_case(way: str, case: Case) -> None:
    weights = case.weights(np.arange(case.films)[None])
    print_letter_rows([way, str(case.films), f"{case.factor:g} own"], weights, case.patterns, case)


def print_letter_rows(
    cells: list[str], weights: np.ndarray, letters: Sequence[str], case: Case | None = None
) -> None:
    """How many contacts a letter holds, and how many it loses by twice the error over films."""
    memory = remembered(weights, letters)
    for k, letter in enumerate(letters):
        mean, error, change = local_fields(weights, signs(letter)[None])[0, 0], 0.0, ""
        if case is not None:
            fields = case.fields(letter)
            mean, error = fields.mean(axis=0), fields.std(axis=0, ddof=1) / np.sqrt(case.films)
            entry = case.entries[k % len(case.entries)]
            change = mean_and_error(changes(case.trained, entry, letter)[:, -1], "+.3f")
        row = [
            *cells, named(letter), change, f"{(mean > 0).sum()} of {mean.size}",
            str((mean < -2 * error).sum()), f"{100 * memory.lower[0, k]:.0f} %",
            "yes" if memory.stable[0, k] else "no", f"{100 * memory.recalled[0]:.0f} %",
        ]  # fmt: skip
        print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", action="store_true", help="draw nothing")
    arguments = parser.parse_args()
    folder = arguments.folder
    print_several(folder)
    print_forgetting(Trained.of(folder / "reliable_several-halves.npz"))
    print_capacity(folder)
    print_letters(folder)
    if not arguments.tables:
        draw(folder)
        draw_letters(folder)


if __name__ == "__main__":
    main()
