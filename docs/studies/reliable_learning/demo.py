"""One stack of films and what it has learned.

    python -m docs.studies.reliable_learning.demo FILMS

takes all films of a campaign over `seed` with four contacts, such as data/campaigns/demo.toml, or
of a file of `trainings`, as one stack, and prints for each pattern E' of the seven inputs that
drive a current, and from how many of the 14 starts recall finds the pattern. The reference is the
stack's own conductance before training, times `--factor`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from docs.studies.reliable_learning.readout import FACTOR, Films, own, recall_with_current
from orchestrator.learning.hopfield import (
    all_patterns,
    energy,
    is_trivial,
    signs,
    trained_patterns,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("films", type=Path, help="a campaign folder or a file of `trainings`")
    parser.add_argument("--factor", type=float, default=FACTOR, help=f"default {FACTOR:g}")
    arguments = parser.parse_args()
    films = Films.of(arguments.films)
    if (contacts := films.before.shape[-1]) != 4:
        raise SystemExit(f"{arguments.films}: {contacts} contacts; the table is of four")
    stack = films.stacked(np.arange(len(films))[None])
    inputs = [p for p in all_patterns(4) if not is_trivial(p)]
    shown = [p for p in inputs if p[0] == "+"]
    print(f"a stack of {len(films)} films; E' of each input in % of the pattern's power before")
    print("trained  " + "".join(f"{{{p}}}  " for p in shown) + "recalled from")
    for k, pattern in enumerate(films.patterns):
        weights = (stack.after - own(arguments.factor)(stack))[0, k]
        vectors = np.array([signs(p) for p in shown], float)
        power = -energy(stack.before[0, k], signs(pattern)[None])
        share = 100 * energy(weights, vectors) / power
        cells = [f"{e:6.1f}{'*' if n == share.argmin() else ' '} " for n, e in enumerate(share)]
        ends = [recall_with_current(weights, start) for start in inputs]
        found = sum(end in trained_patterns(pattern) for end in ends)
        print(f"{{{pattern}}}   {''.join(cells)} {found} of {len(inputs)}")
    print("* the lowest E'")


if __name__ == "__main__":
    main()
