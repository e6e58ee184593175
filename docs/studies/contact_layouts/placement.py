"""Placement of contacts by differential evolution on ideal textures.

    python -m docs.studies.contact_layouts.placement [4 | 4-all | 6 | 9]

prints the best layouts found: of four contacts for the three patterns of the paper and for all
seven inputs, of six and nine for four patterns each.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from docs.studies.shared import ALONG, DATA, print_header
from orchestrator.analysis.ideal import Disorder, Driven, IdealTextures, Reference
from orchestrator.analysis.placement import DiscFamily, best_placement
from orchestrator.describe.contacts import Contact
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.film import Film

EXPERIMENTS = DATA / "experiments"
SHARE = 0.5
"""Disorder that trainings of 30 ns leave (analysis.py)."""
DRIVEN = Driven(6.8e6)
"""The same by the field of the pattern (analysis.py)."""
SCALES = np.arange(0.79, 1.0001, 0.01)
"""Conductivities of references in units of sigma_perp."""


@dataclass(frozen=True)
class Case:
    """A film, the patterns that it shall hold, and the families of layouts that are searched."""

    film: Film
    patterns: tuple[str, ...]
    families: dict[str, DiscFamily]
    known: dict[str, tuple[int, ...]]
    """Of each family a layout that others would choose, which starts the search."""


def case_of(name: str) -> Case:
    """Four contacts on the film of the trainings, in cells of 12 nm; others as in their file."""
    if name in ("4", "4-all"):
        film = Film((32, 32, 1), (12e-9, 12e-9, 1e-6))
        orbits = {
            "fourfold": ((0, 1, 2, 3),),
            "twofold": ((0, 2), (1, 3)),
            "free": ((0,), (1,), (2,), (3,)),
        }
        families = {name: DiscFamily(film, o, (1, 4)) for name, o in orbits.items()}
        corners = ((4, 28), (28, 28), (28, 4), (4, 4))
        known = {
            name: tuple(itertools.chain.from_iterable((*corners[o[0]], 2) for o in family.orbits))
            for name, family in families.items()
        }
        others = ("++--", "+++-", "+-++", "-+++") if name == "4-all" else ()
        return Case(film, ("+-+-", "+--+", "++-+", *others), families, known)
    experiment = Experiment.from_toml(EXPERIMENTS / f"contacts{name}.toml")
    contacts = len(experiment.contacts)
    lx, ly, thickness = experiment.film.lengths
    cell = 9e-9
    film = Film((round(lx / cell), round(ly / cell), 1), (cell, cell, thickness))
    last = contacts - 1
    opposite = tuple((k, last - k) for k in range(contacts // 2))
    orbits = {
        "twofold": opposite + (((contacts // 2,),) if contacts % 2 else ()),
        "free": tuple((k,) for k in range(contacts)),
    }
    families = {name: DiscFamily(film, o, (2, 2)) for name, o in orbits.items()}
    grid = [[round(v / cell) for v in contact.center] for contact in experiment.contacts]
    known = {
        name: tuple(itertools.chain.from_iterable(grid[o[0]] for o in family.orbits))
        for name, family in families.items()
    }
    return Case(film, tuple(experiment.training.patterns[-1].split("/")), families, known)


def textures(film: Film, contacts: tuple[Contact, ...]) -> IdealTextures:
    resistivity = Experiment.from_toml(EXPERIMENTS / "hopfield4.toml").resistivity
    return IdealTextures(film, contacts, resistivity, ALONG)


def weakest(
    ideal: IdealTextures, patterns: tuple[str, ...], disorder: Disorder, reference: Reference
) -> float:
    """Margin of the pattern that is learned least."""
    return min(ideal.margin(p, disorder, reference) for p in patterns)


def weakest_at_best(
    ideal: IdealTextures, patterns: tuple[str, ...], disorder: Disorder
) -> tuple[float, float]:
    """The same with the scalar reference film that suits the layout best, and its c."""
    margins = np.min([ideal.margins(p, disorder, SCALES.tolist()) for p in patterns], axis=0)
    best = int(margins.argmax())
    return float(margins[best]), float(SCALES[best])


COLUMNS = ("saturated", "untrained", "best c", "driven, best c")

Measure = Callable[[IdealTextures, tuple[str, ...]], float]
MEASURES: dict[str, Measure] = {
    "saturated": lambda ideal, patterns: weakest(ideal, patterns, SHARE, "saturated"),
    "untrained": lambda ideal, patterns: weakest(ideal, patterns, SHARE, "untrained"),
    "driven, best c": lambda ideal, patterns: weakest_at_best(ideal, patterns, DRIVEN)[0],
}


def weakest_of(ideal: IdealTextures, patterns: tuple[str, ...]) -> list[float]:
    """Margins of the columns of the table."""
    return [
        weakest(ideal, patterns, SHARE, "saturated"),
        weakest(ideal, patterns, SHARE, "untrained"),
        weakest_at_best(ideal, patterns, SHARE)[0],
        weakest_at_best(ideal, patterns, DRIVEN)[0],
    ]


def print_line(labels: list[str], case: Case, contacts: tuple[Contact, ...]) -> None:
    ideal = textures(case.film, contacts)
    values = weakest_of(ideal, case.patterns)
    scales = [weakest_at_best(ideal, case.patterns, d)[1] for d in (SHARE, DRIVEN)]
    cells = [f"{v:+.3f}" for v in values]
    for k, c in enumerate(scales, start=2):
        cells[k] += f" ({c:.2f})"
    every = tuple(p for p in ideal.patterns[1:] if p[0] == "+")
    cells.append(f"{weakest_at_best(ideal, every, DRIVEN)[0]:+.3f}")
    print(f"| {' | '.join([*labels, *cells])} |", flush=True)


def random_layouts(case: Case, count: int = 200) -> None:
    """How good layouts are that nobody chose: median and best of some random ones."""
    family = case.families["free"]
    low, high = np.array(family.bounds()).T
    rng = np.random.default_rng(1)
    values = []
    while len(values) < count:
        layout = rng.integers(low, high, endpoint=True)
        if family.violation(layout) == 0:
            ideal = textures(case.film, family.contacts(layout))
            values.append(weakest_of(ideal, case.patterns))
    for label, row in (
        ("median", np.median(values, axis=0)),
        ("best", np.max(values, axis=0)),
    ):
        print(f"| {label} of {count} random | | {' | '.join(f'{v:+.3f}' for v in row)} | |")


def search(name: str) -> None:
    case = case_of(name)
    print(f"\n{name[0]} contacts, patterns {', '.join(case.patterns)}\n")
    print_header("family", "searched for", *COLUMNS, "driven, all inputs")
    family = case.families["free"]
    print_line(["chosen", ""], case, family.contacts(case.known["free"]))
    random_layouts(case)
    notes = []
    for kind, family in case.families.items():
        for label, measure in MEASURES.items():
            start = time.process_time()
            found = best_placement(
                family,
                lambda c, measure=measure: measure(textures(case.film, c), case.patterns),
                start=case.known[kind],
                generations=60 if name == "4" else 120,
                population=8,
            )
            seconds = time.process_time() - start
            print_line([kind, label], case, found.contacts)
            discs = "; ".join(
                f"{1e9 * c.center[0]:.0f} {1e9 * c.center[1]:.0f} {1e9 * c.radius:.0f}"
                for c in found.contacts
            )
            notes.append(f"{kind}, {label}: {discs} ({found.measured} in {seconds:.0f} s)")
    print("\ncenters x, y and radii in nm, layouts measured and CPU time:\n")
    print("\n".join(notes), flush=True)


def main() -> None:
    for name in sys.argv[1:] or ("4", "4-all", "6", "9"):
        search(name)


if __name__ == "__main__":
    main()
