"""How well the stack learns with its constants, its damping or a contact changed.

    python -m docs.studies.reliable_learning.robustness FOLDER

trains 24 films for each change of data/campaigns/reliable_robust.toml, and prints the table of the
page. The reference stays 1.04 times the stack's own conductance before training. One core at 3 to
10 s for each film; a file for each change in the folder, with which the same command goes on.
`--change LABEL` trains some changes alone, `--films N` more films for them; `--tables` takes the
files as they are; `--unchanged FILE.npz` adds what sets of as many of the
held-out films of `trainings` give.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path

import numpy as np

from docs.studies.reliable_learning.analysis import CHOSEN_ON, counted
from docs.studies.reliable_learning.readout import (
    FACTOR,
    Films,
    in_order,
    own,
    random_share,
    resampled,
    succeeded,
)
from docs.studies.reliable_learning.trainings import refusal, train, varied
from docs.studies.shared import DATA, print_header

SMALL = 12
"""Films of the random stacks."""


def variations() -> tuple[dict[str, dict], int, int]:
    """Changes of the campaign that the kernel can do; first seed and count."""
    axes = tomllib.loads((DATA / "campaigns" / "reliable_robust.toml").read_text())["axes"]
    points = dict(zip(axes[0]["labels"], axes[0]["points"], strict=True))
    kept = {label: point for label, point in points.items() if not refusal(varied(point))}
    return kept, axes[1]["integers"]["start"], axes[1]["integers"]["count"]


def row(label: str, films: Films, size: int) -> str:
    """Single films, stacks of so many that share none, and random stacks of some of them."""
    single = counted(*succeeded(films, own(FACTOR)))
    low, found = succeeded(films.stacked(in_order(len(films), size)), own(FACTOR))
    together = f"{low.sum()}, {(low & found).sum()} of {low.size}"
    shares, errors = resampled(films, SMALL, own(FACTOR))
    random = f"{100 * shares[1]:.0f} ± {100 * errors[1]:.0f} %"
    return f"| {label} | {' | '.join([*single, together, random])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", action="store_true", help="train nothing")
    parser.add_argument("--change", nargs="+", metavar="LABEL", help="train these only")
    parser.add_argument("--films", type=int, help="of each change; else those of the campaign")
    parser.add_argument("--unchanged", type=Path, help="films of the unchanged device")
    arguments = parser.parse_args()
    changes, first, count = variations()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for label, point in changes.items():
        file = arguments.folder / f"{re.sub('[^A-Za-z0-9.+-]', '', label)}.npz"
        if not arguments.tables and label in (arguments.change or changes):
            train(varied(point), file, first, arguments.films or count)
        if file.exists() and len(films := Films.of(file)) >= count:
            rows.append(row(label, films, count))
    films_of = f"stacks of {count}: patterns lowest, recalled"
    patterns = varied({}).training.patterns
    print_header(
        "change",
        *(f"{{{p}}} lowest, recalled" for p in patterns),
        "all three lowest",
        "and recalled",
        films_of,
        f"random stacks of {SMALL}: both",
    )
    print("\n".join(rows))
    if arguments.unchanged:
        films = Films.of(arguments.unchanged)[CHOSEN_ON:]
        sets = in_order(len(films), count)
        shares = [100 * random_share(films[s], SMALL, own(FACTOR))[1] for s in sets]
        low, middle, high = np.percentile(shares, [5, 50, 95])
        print(
            f"random stacks of {SMALL}, unchanged, {len(sets)} sets that share no film: median "
            f"{middle:.0f} %, 90 % of them between {low:.0f} and {high:.0f} %"
        )


if __name__ == "__main__":
    main()
