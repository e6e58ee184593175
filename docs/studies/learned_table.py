"""How often and how well the patterns of a campaign were learned.

    python -m docs.studies.learned_table CAMPAIGN_FOLDER

prints one line for each point of the axes other than `seed` and each training: E' of the trained
pattern in units of E0, its power in the saturated film, before training and relaxed after it (mean
and standard deviation over the seeds), and how often it was the lowest of the non-trivial inputs
against the saturated film, the mean of untrained textures and the own texture before training. For
patterns that took turns the energies are those of the first, and lowest means that all of them
lie below every input that was not trained.
"""

from __future__ import annotations

import itertools
import sys

import numpy as np
import xarray as xr

from docs.studies.shared import REFERENCES, print_header, with_all_references
from orchestrator.analysis.statistics import trained_names


def main() -> None:
    campaign = with_all_references(sys.argv[1])
    axes = [d for d in campaign.status.dims if d != "seed"]
    heads = ("training", "E'/E0 before", "relaxed", "lowest: saturated", *REFERENCES[1:])
    print_header(*axes, *heads)
    for point in itertools.product(*(range(campaign.sizes[axis]) for axis in axes)):
        chosen = campaign.isel(dict(zip(axes, point, strict=True)))
        labels = [str(chosen[axis].values) for axis in axes]
        names = trained_names(chosen)
        for k in range(chosen.sizes["training"]):
            name = names.isel(training=k).to_numpy().ravel()[0]
            print_line(labels, str(name), chosen.isel(training=k))


def print_line(labels: list[str], name: str, runs: xr.Dataset) -> None:
    rank = runs.trained_rank.to_numpy()
    finished = np.isfinite(rank).all(axis=-1)
    if not finished.any():
        return
    pattern = name.split("/")[0]
    relative = (runs.energy / runs.reference_power).sel(input=pattern, reference="saturated")
    before, relaxed = (relative.sel(state=s).to_numpy()[finished] for s in ("before", "relaxed"))
    counts = [
        f"{int((rank[finished, k] == 1).sum())} of {finished.sum()}" for k in range(len(REFERENCES))
    ]
    print(
        f"| {' | '.join([*labels, name])} | {before.mean():+.3f} | "
        f"{relaxed.mean():+.3f} ± {relaxed.std():.3f} | {' | '.join(counts)} |"
    )


if __name__ == "__main__":
    main()
