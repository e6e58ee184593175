"""Networks of many contacts: how far a training lowers its patterns, alone and by turns.

    python docs/studies/many_contacts.py RUN_FOLDER...

takes finished runs such as those of data/experiments/contacts9.toml and letters.toml and prints,
for each training and pattern, E' with the untrained reference in units of the pattern's own power,
the share of the other inputs that lie lower (by E', and by E' in units of each one's power), and
from how many of the inputs that differ in one sign asynchronous recall finds the pattern.
"""

from __future__ import annotations

import sys

import numpy as np
import xarray as xr

import orchestrator
from orchestrator.learning.hopfield import inverse, is_trivial, recall, trained_patterns


def main() -> None:
    print("| run | contacts | training | pattern | E'/P before | relaxed | lower inputs "
          "| lower in E'/P | recalled |")  # fmt: skip
    print("|---" * 9 + "|")
    for path in sys.argv[1:]:
        run = orchestrator.open_run(path).sel(reference="untrained")
        name = path.rstrip("/").split("/")[-1].rsplit("-", 1)[0]
        letters = {str(entry): f"{k}" for k, entry in enumerate(run.training.values, start=1)}
        for k, entry in enumerate(map(str, run.training.values)):
            for pattern in entry.split("/"):
                single = letters.get(pattern, pattern)
                turns = "+".join(letters.get(p, p) for p in entry.split("/"))
                print_line(name, turns, single, pattern, entry, run.isel(training=k))


def print_line(
    name: str, turns: str, label: str, pattern: str, entry: str, run: xr.Dataset
) -> None:
    energy = run.energy.to_pandas()
    power = run.reference_power.to_series()
    before = energy.loc["before", pattern] / power[pattern]
    relaxed = energy.loc["relaxed", pattern]
    others = [p for p in energy.columns if not is_trivial(p) and p not in trained_patterns(entry)]
    lower = np.mean([energy.loc["relaxed", p] < relaxed for p in others])
    own = relaxed / power[pattern]
    relative = np.mean([energy.loc["relaxed", p] / power[p] < own for p in others])
    state = run.conductance_state.sel(state="relaxed").to_numpy()
    weights = state - run.conductance_reference.to_numpy()
    near = [pattern[:k] + inverse(pattern[k]) + pattern[k + 1 :] for k in range(len(pattern))]
    found = [recall(weights, p).attractor in (pattern, inverse(pattern)) for p in near]
    print(
        f"| {name} | {len(pattern)} | {turns} | {label} | {before:+.3f} | {own:+.3f} | "
        f"{lower:.0%} | {relative:.0%} | {sum(found)} of {len(found)} |"
    )


if __name__ == "__main__":
    main()
