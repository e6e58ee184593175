"""Where to put contacts on a film, by the surrogate: random layouts, or one's own.

    python -m docs.studies.surrogate.search
    python -m docs.studies.surrogate.search --layout "288 336 48, 312 24 72, 0 24 96, 0 300 48"
    python -m docs.studies.surrogate.search FOLDER

The first draws random layouts of four contacts on the edges of the square film, takes the best by
the surrogate without noise, and ranks these by trainings with noise: by the margin of {+-+-} and by
that of the weakest pattern (a minute). The second prints the margins of one layout beside those of
the corners (some seconds): left edge, lower edge and size in nm of each square, contact 1 first.
With a folder it prints what `docs.studies.surrogate.trainings FOLDER found` has made of them.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import numpy as np

from docs.studies.reliable_learning.readout import wilson
from docs.studies.shared import print_header, spread
from docs.studies.surrogate.layouts import FILMS, FOUND, Layout, corners, layout_of, random_layout
from docs.studies.surrogate.readout import (
    margins,
    quiet,
    trained_by_micromagnetics,
    trained_by_surrogate,
)
from orchestrator.base.errors import InputError

DRAWN, KEPT, SHOWN = 400, 24, 3
"""Random layouts, those that are trained with noise, and those that are printed."""
STARTS = 16
SEED = 5


def candidates() -> list[Layout]:
    """Random layouts of four contacts on the square film."""
    rng = np.random.default_rng(SEED)
    found: list[Layout] = []
    while len(found) < DRAWN:
        layout = random_layout(f"layout {len(found) + 1}", rng, 4)
        if layout.cells == FILMS[0]:
            found.append(layout)
    return found


def confirm(folder: Path) -> None:
    """Micromagnetic trainings of what was found, beside the surrogate's."""
    heads = [[f"{{{p}}}: trainings", "surrogate", "lowest"] for p in corners(6).patterns]
    print_header("layout", *itertools.chain.from_iterable(heads))
    for layout in FOUND:
        trained = margins(trained_by_micromagnetics(folder / "found", layout), layout.patterns)
        model = margins(trained_by_surrogate(layout, STARTS), layout.patterns).mean(axis=0)
        mean, errors = spread(100 * trained)
        cells = []
        for k, values in enumerate(trained.T):
            cells += [f"{mean[k]:+.1f} ± {errors[k]:.1f}", f"{100 * model[k]:+.1f}"]
            cells.append(wilson(int((values > 0).sum()), len(values)))
        print(f"| {layout.name} | {' | '.join(cells)} |")


def compare(layout: Layout) -> None:
    """Margins of a layout by the surrogate, beside those of the corners; mean, error of starts."""
    print(
        f"by the surrogate, {STARTS} starts: how far E' lies below other inputs, % of the power\n"
    )
    print_header("layout", "margin of each pattern", "of these starts the lowest")
    for shown in (layout, corners(6)):
        m = margins(trained_by_surrogate(shown, STARTS), shown.patterns)
        each = zip(shown.patterns, *spread(100 * m), 100 * (m > 0).mean(axis=0), strict=True)
        cells = [(f"{{{p}}} {x:+.1f} ± {e:.1f}", f"{share:.0f} %") for p, x, e, share in each]
        print(f"| {shown.name} | {' | '.join(', '.join(c) for c in zip(*cells, strict=True))} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="of `trainings FOLDER found`")
    parser.add_argument("--layout", metavar="SQUARES", help='"LEFT LOWER SIZE, ..." in nm')
    parser.add_argument(
        "--film", type=int, nargs=2, metavar=("X", "Y"), default=(384, 384), help="of it, in nm"
    )
    arguments = parser.parse_args()
    if arguments.layout:
        try:
            return compare(layout_of("yours", arguments.layout, arguments.film))
        except InputError as refused:
            raise SystemExit(str(refused)) from None
    if arguments.folder:
        return confirm(arguments.folder)
    search()


def search() -> None:
    """The best of random layouts."""
    clock = time.process_time()
    layouts = candidates()
    without = np.array([margins(quiet(x), x.patterns)[0] for x in layouts])
    print(f"{DRAWN} layouts without noise: {time.process_time() - clock:.0f} s")
    measures = {"{+-+-}": lambda m: m[..., 0], "the weakest": lambda m: m.min(axis=-1)}
    for name, measure in measures.items():
        best = np.argsort(-measure(without))[:KEPT]
        trained = [
            margins(trained_by_surrogate(layouts[n], STARTS), layouts[n].patterns) for n in best
        ]
        order = np.argsort([-measure(m.mean(axis=0)) for m in trained])[:SHOWN]
        print(f"\nbest by {name}\n")
        print_header("layout", "squares", "+-+-", "+--+", "++-+", "lowest")
        reference = corners(6)
        rows = [(layouts[best[k]], trained[k]) for k in order]
        rows.append(
            (reference, margins(trained_by_surrogate(reference, STARTS), reference.patterns))
        )
        for layout, m in rows:
            cells = [f"{100 * value:+.1f} %" for value in m.mean(axis=0)]
            lowest = ", ".join(f"{100 * value:.0f}" for value in (m > 0).mean(axis=0))
            print(f"| {layout.name} | {layout.squares} | {' | '.join(cells)} | {lowest} % |")
    print(f"\n{time.process_time() - clock:.0f} s in all")


if __name__ == "__main__":
    main()
