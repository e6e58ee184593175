"""Does the measure of ideal textures say which layout of contacts learns?

    python -m docs.studies.contact_layouts.placement_trained CAMPAIGN_FOLDER

compares the layouts of data/campaigns/placement.toml with what they learned from the starts that
all layouts have finished, and draws placement.png beside this file.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle
from scipy.stats import spearmanr

import orchestrator
from docs.studies.contact_layouts.placement import DRIVEN, SHARE, textures
from docs.studies.shared import DATA, print_header
from orchestrator.analysis.ideal import Disorder
from orchestrator.analysis.references import with_references
from orchestrator.campaign.spec import Campaign
from orchestrator.describe.contacts import CornerContact, DiscContact
from orchestrator.describe.experiment import Experiment
from orchestrator.learning.hopfield import is_trivial, trained_patterns
from orchestrator.plotting.style import new_figure, save

HERE = Path(__file__).parent
CAMPAIGN = DATA / "campaigns" / "placement.toml"
REFERENCES = ("saturated", "untrained", 0.84, "own")
"""The last is the texture before training, an isotropic maze in the model."""
COLUMNS = ("uniform", "driven", "trained", "lowest")
SHOWN = ("saturated", 0.84, "own")
MODELS: dict[str, Disorder] = {"uniform": SHARE, "driven": DRIVEN}


def margins_of(trained: xr.Dataset) -> np.ndarray:
    """How far E' of the trained pattern lies below all others, W.

    Before and after training; shape (2, layouts, trainings, references, seeds).
    """
    relaxed = trained.energy.sel(state=["before", "relaxed"])
    inputs = [str(p) for p in trained.input.values]
    result = []
    for pattern in trained.training.values:
        own = relaxed.sel(training=pattern, input=pattern)
        others = [p for p in inputs if p not in trained_patterns(pattern) and not is_trivial(p)]
        lowest = relaxed.sel(training=pattern, input=others).min("input")
        result.append(lowest - own)
    margins = xr.concat(result, trained.training, coords="minimal", compat="override")
    return margins.transpose("state", "layout", "training", "reference", "seed").to_numpy()


def maze_powers(campaign: xr.Dataset) -> np.ndarray:
    """Power of the trained patterns in untrained mazes, W; shape (layouts, trainings, seeds)."""
    untrained = campaign.reference_power.sel(reference="untrained")
    powers = [untrained.sel(input=p, drop=True) for p in campaign.training.values]
    joined = xr.concat(powers, campaign.training, coords="minimal", compat="override")
    return joined.transpose("layout", "training", "seed").to_numpy()


def layouts() -> dict[str, Experiment]:
    """One experiment of each layout."""
    return {str(p.labels[-1]): p.experiment for p in Campaign.from_toml(CAMPAIGN).points}


def ideal_margins(patterns: list[str]) -> dict[str, np.ndarray]:
    """Of both models, shape (layouts, patterns, references)."""
    films = ["untrained" if r == "own" else r for r in REFERENCES]
    ideals = [textures(e.film, e.contacts) for e in layouts().values()]
    return {
        name: np.array([[i.margins(p, disorder, films) for p in patterns] for i in ideals])
        for name, disorder in MODELS.items()
    }


def print_margins(names: list[str], patterns: list[str], model: dict, trained: np.ndarray) -> None:
    """Margins of models and trainings, and how often the pattern was the lowest."""
    starts = trained.shape[-1]
    for r, reference in enumerate(REFERENCES):
        print(f"\nreference {reference}\n")
        heads = [f"{p}: {k}" if k == "uniform" else k for p in patterns for k in COLUMNS]
        print_header("layout", *heads)
        for n, name in enumerate(names):
            row = []
            for k in range(len(patterns)):
                values = trained[n, k, r]
                row += [f"{model[m][n, k, r]:+.3f}" for m in MODELS]
                row.append(f"{values.mean():+.3f} ± {spread(values):.3f}")
                row.append(f"{(values > 0).sum()} of {starts}")
            print(f"| {name} | {' | '.join(row)} |")


def print_correlations(patterns: list[str], model: dict, states: np.ndarray) -> None:
    """Rank correlations of models with textures before and after training."""
    print("\nrank correlation (Spearman) of models with trainings, p\n")
    kinds = [*patterns, "all points", "weakest of the three"]
    print_header("model", "reference", "texture", *kinds)
    mean = states.mean(axis=-1)
    for (name, ideal), (r, reference), (s, state) in itertools.product(
        model.items(), enumerate(REFERENCES), enumerate(("untrained", "trained"))
    ):
        if reference == "own" and state == "untrained":
            continue
        pairs = [(ideal[:, k, r], mean[s, :, k, r]) for k in range(len(patterns))]
        pairs.append((ideal[..., r].ravel(), mean[s, ..., r].ravel()))
        pairs.append((ideal[..., r].min(axis=1), mean[s, ..., r].min(axis=1)))
        found = [spearmanr(*pair) for pair in pairs]
        cells = [f"{f.statistic:+.2f} ({f.pvalue:.3f})" for f in found]
        print(f"| {name} | {reference} | {state} | {' | '.join(cells)} |")


def spread(values: np.ndarray) -> float:
    """Standard deviation over the starts; 0 for a single one."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def draw_layout(axes: Axes, name: str, experiment: Experiment) -> None:
    """Contacts in the film, with their numbers."""
    lx, ly, _ = (1e9 * v for v in experiment.film.lengths)
    axes.add_patch(Rectangle((0, 0), lx, ly, fill=False))
    for contact in experiment.contacts:
        if isinstance(contact, DiscContact):
            x, y = (1e9 * v for v in contact.center)
            axes.add_patch(Circle((x, y), 1e9 * contact.radius, color="0.75"))
        elif isinstance(contact, CornerContact):
            size = 1e9 * contact.size
            x = size / 2 if "left" in contact.corner else lx - size / 2
            y = size / 2 if "bottom" in contact.corner else ly - size / 2
            axes.add_patch(Rectangle((x - size / 2, y - size / 2), size, size, color="0.75"))
        axes.text(x, y, contact.name, ha="center", va="center", fontsize=7)
    axes.set(xlim=(-5, lx + 5), ylim=(-5, ly + 5), aspect="equal")
    axes.set_title(name, fontsize=8)
    axes.axis("off")


def draw(names: list[str], patterns: list[str], model: np.ndarray, trained: np.ndarray) -> None:
    figure = new_figure(10, 5.4)
    grid = figure.add_gridspec(2, 1, height_ratios=(1, 2.4))
    shown = layouts()
    for cell, name in zip(grid[0].subgridspec(1, len(names)), names, strict=True):
        draw_layout(figure.add_subplot(cell), name, shown[name])
    starts = trained.shape[-1]
    panels = grid[1].subgridspec(1, len(SHOWN))
    for column, reference in enumerate(SHOWN):
        r = REFERENCES.index(reference)
        axes = figure.add_subplot(panels[column])
        for k, pattern in enumerate(patterns):
            for n in range(len(names)):
                values = trained[n, k, r]
                axes.errorbar(
                    model[n, k, r], values.mean(), spread(values) / np.sqrt(starts),
                    color=f"C{n}", marker="osD"[k], markersize=5,
                )  # fmt: skip
            axes.plot([], [], f"k{'osD'[k]}", label=f"{{{pattern}}}")
        for n, name in enumerate(names):
            axes.plot([], [], f"C{n}-", label=name)
        axes.axhline(0, color="0.8", zorder=0)
        axes.axvline(0, color="0.8", zorder=0)
        axes.set(title=f"reference {reference}", xlabel="margin of the driven model")
        axes.set_ylabel("margin of trainings" if column == 0 else "")
        if column == 0:
            axes.legend(fontsize=6)
    save(figure, HERE / "placement.png")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    campaign = orchestrator.open_campaign(sys.argv[1])
    finished = (campaign.status == "finished").all("layout").to_numpy()
    if not finished.any():
        sys.exit("no start has been finished with all layouts yet")
    campaign = campaign.isel(seed=finished).load()
    names = [str(name) for name in campaign.layout.values]
    patterns = [str(p) for p in campaign.training.values]
    power = maze_powers(campaign)
    states = margins_of(with_references(campaign, REFERENCES)) / power[:, :, None, :]
    model = ideal_margins(patterns)
    print_margins(names, patterns, model, states[1])
    print_correlations(patterns, model, states)
    draw(names, patterns, model["driven"], states[1])


if __name__ == "__main__":
    main()
