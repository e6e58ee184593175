"""The figures of the study of several patterns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from docs.studies.reliable_learning.readout import FACTOR
from docs.studies.several_patterns.stacks import Case, changes
from docs.studies.several_patterns.trainings import Trained
from orchestrator.learning.hopfield import signs
from orchestrator.plotting.style import in_style, new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HERE = Path(__file__).parent
PULSE = 0.4
"""Length of a pulse in ns."""
COLORS = {"+-+-": "C0", "+--+": "C1", "++-+": "C2"}
LETTERS = {"+++++--+": "T", "+----+--": "L", "+---++--": "X"}


def named(entry: str) -> str:
    """An entry of the trainings in short."""
    names = entry.split("/")
    return "/".join(LETTERS[n[:8]] if len(n) == 35 else f"{{{n}}}" for n in names)


@in_style
def draw(folder: Path) -> None:
    """E' against time of two patterns: one after the other in both orders, and by turns."""
    turns, blocks = (
        Trained.of(folder / f"reliable_several-{label}.npz") for label in ("1", "halves")
    )
    figure = new_figure(7.2, 4.2)
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    for row, pair in zip(panels, ("+-+-/+--+", "+--+/++-+"), strict=True):
        first, second = pair.split("/")
        shown = (
            (blocks, pair, f"{named(first)}, then {named(second)}"),
            (blocks, f"{second}/{first}", f"{named(second)}, then {named(first)}"),
            (turns, pair, "by turns at every pulse"),
        )
        for axes, (trained, entry, title) in zip(row, shown, strict=True):
            draw_times(axes, trained, entry)
            axes.set_title(title)
        row[0].set_ylabel("change of E' / power (%)")
        row[2].legend()
    for axes in panels[-1]:
        axes.set_xlabel("time (ns)")
    save(figure, HERE / "several_patterns.png")


def draw_times(axes: Axes, trained: Trained, entry: str) -> None:
    """Mean and standard error over the films; the points are the films relaxed."""
    for pattern in sorted(entry.split("/")):
        color = COLORS[pattern]
        change = 100 * changes(trained, trained.entries.index(entry), pattern)
        mean, error = change.mean(axis=0), change.std(axis=0, ddof=1) / np.sqrt(len(change))
        time = PULSE * np.arange(len(mean) - 1)
        axes.plot(time, mean[:-1], color=color, label=f"{{{pattern}}}")
        axes.fill_between(time, (mean - error)[:-1], (mean + error)[:-1], color=color, alpha=0.25)
        axes.errorbar(time[-1] + 2, mean[-1], error[-1], fmt="o", color=color, markersize=3)
    axes.axhline(0, color="k", linewidth=0.5)
    if trained.entries[-1] != "+-+-/+--+/++-+":
        axes.axvline(time[-1] / 2, color="0.6", linewidth=0.6)


@in_style
def draw_letters(folder: Path) -> None:
    """What holds each pixel of the letters: trained alone, in blocks and in epochs."""
    cases = []
    for label in ("alone", "blocks", "epochs"):
        if (file := folder / f"reliable_letters-{label}.npz").exists():
            trained = Trained.of(file)
            for k, entry in enumerate(trained.entries):
                cases += [
                    (label, Case(trained, [k], FACTOR), letter) for letter in entry.split("/")
                ]
    figure = new_figure(7.2, 2.3)
    panels = figure.subplots(2, len(cases))
    for column, (label, case, letter) in enumerate(cases):
        fields = case.fields(letter)
        error = fields.std(axis=0, ddof=1) / np.sqrt(len(fields))
        certain = fields.mean(axis=0) / error
        panels[0, column].imshow(-signs(letter).reshape(7, 5), cmap="gray")
        image = panels[1, column].imshow(certain.reshape(7, 5), cmap="RdBu", vmin=-6, vmax=6)
        words = {"alone": "alone", "blocks": "in blocks", "epochs": "in epochs"}[label]
        panels[0, column].set_title(f"{named(letter)}\n{words}", fontsize=7)
    for axes in panels.ravel():
        axes.set_xticks([])
        axes.set_yticks([])
    bar = figure.colorbar(image, ax=panels[1].tolist(), shrink=0.9)
    bar.set_label("V I' / error")
    save(figure, HERE / "letters.png")
