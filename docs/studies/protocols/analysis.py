"""Figure of the protocols: E' before and after each training, and how often it was learned.

    python -m docs.studies.protocols.analysis CAMPAIGN_FOLDER

takes the campaign of data/campaigns/protocols.toml and draws protocols.png beside this file. Left,
E' of the trained pattern in units of E0, its power in the saturated film: grey before, colored
relaxed after training, one point a start. Right, in how many trainings it was the lowest of the
non-trivial inputs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from docs.studies.shared import REFERENCES, with_all_references
from orchestrator.plotting.style import new_figure, save

HERE = Path(__file__).parent


def main() -> None:
    campaign = with_all_references(sys.argv[1])
    labels = [str(label) for label in campaign.protocol.to_numpy()]
    patterns = [str(name) for name in campaign.training.to_numpy()]
    starts = campaign.sizes["seed"]
    y = np.arange(len(labels))[::-1]
    figure = new_figure(11, 0.4 * len(labels) + 1.2)
    panels = figure.subplots(1, 2 * len(patterns), sharey=True, width_ratios=[3, 2] * len(patterns))
    for k, pattern in enumerate(patterns):
        energies, counts = panels[2 * k : 2 * k + 2]
        own = (campaign.energy / campaign.reference_power).isel(training=k)
        own = own.sel(input=pattern, reference="saturated")
        for state, color in (("before", "0.6"), ("relaxed", f"C{k}")):
            values = own.sel(state=state).transpose("protocol", "seed").to_numpy()
            energies.plot(values, np.repeat(y[:, None], starts, axis=1), "o", color=color, ms=4)
        energies.set(title=f"{{{pattern}}}", xlabel="E'/E0: grey before, colored relaxed")
        energies.set_xlim(0, None)
        energies.grid(axis="y", alpha=0.3)
        ranks = campaign.trained_rank.isel(training=k)
        lowest = (ranks == 1).sum("seed").transpose("protocol", "reference").to_numpy()
        counts.imshow(
            lowest[::-1], cmap="Greens", vmin=0, vmax=2 * starts, aspect="auto", origin="lower"
        )
        for row, column in np.ndindex(lowest.shape):
            counts.text(column, y[row], lowest[row, column], ha="center", va="center")
        counts.set_xticks(range(len(REFERENCES)), REFERENCES, rotation=30, fontsize=8)
        counts.set_title(f"lowest, of {starts}", fontsize=10)
    panels[0].set_yticks(y, labels)
    save(figure, HERE / "protocols.png")


if __name__ == "__main__":
    main()
