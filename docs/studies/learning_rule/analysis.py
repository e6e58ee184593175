"""Which learning rule is it? Fits of the trainings of one or more finished runs.

    python -m docs.studies.learning_rule.analysis [--figure FILE] RUN [RUN ...]

prints the tables of the page for the given run folders, whose film must be the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

from docs.studies.shared import experiment_of, kind_of, print_header
from orchestrator import open_run
from orchestrator.analysis.rules import (
    Changes,
    RuleFit,
    alignment_tensor,
    fit_rule,
    principal_overlap,
    recalled_neighbors,
)
from orchestrator.learning.hopfield import trained_patterns
from orchestrator.plotting.style import new_figure, save

LENGTHS = (0.0, 20e-9, 40e-9, 80e-9, 120e-9, 160e-9, 240e-9, 320e-9, np.inf)


class Study:
    """Trainings of runs on one film."""

    def __init__(self, runs: list[xr.Dataset]) -> None:
        self.runs = runs
        experiment = experiment_of(runs[0])
        device = experiment.device
        self.tensors = {
            length: alignment_tensor(device.film, device.contacts, length) for length in LENGTHS
        }
        self.reference = runs[0].conductance_reference.sel(reference="untrained").to_numpy()
        self.pulses = len(runs[0].pulse)

    def changes(self, pulses: int, first: bool = False) -> Changes:
        """Changes over a number of pulses, all of them or the first of each training."""
        runs = [run.isel(pulse=slice(0, pulses)) for run in self.runs] if first else self.runs
        return Changes.joined([Changes.of_run(run, pulses) for run in runs])

    def terms(self, c: Changes, length: float) -> dict[str, dict[str, np.ndarray]]:
        product, to_maze = c.product(), c.decay(self.reference)
        stripes = c.alignment(self.tensors[length])
        return {
            "Hebb: b Vi Vj": {"b": product},
            "b (Vi - Vj)^2": {"b": c.squared_difference()},
            "Oja: b Vi Vj - c Vj^2 Gij": {"b": product, "c": c.decay()},
            "b (Vi - Vj)^2 - c Vj^2 Gij": {"b": c.squared_difference(), "c": c.decay()},
            "Oja about the maze: b Vi Vj - c Vj^2 (Gij - Gij^maze)": {"b": product, "c": to_maze},
            "stripes: b Tijkl Vk Vl": {"b": stripes},
            "stripes and decay to the maze": {"b": stripes, "c": to_maze},
            "stripes, Hebb and decay": {"b": stripes, "hebb": product, "c": to_maze},
        }

    def rules(self, c: Changes, length: float) -> dict[str, RuleFit]:
        return {name: fit_rule(c, terms) for name, terms in self.terms(c, length).items()}


def best_length(study: Study, c: Changes) -> float:
    def predicted(length: float) -> float:
        return fit_rule(c, {"b": c.alignment(study.tensors[length])}).predicted

    return max(LENGTHS, key=predicted)


def print_explained(study: Study) -> None:
    columns = [(n, False) for n in (1, 5, 25, study.pulses)] + [(25, True)]
    columns = [c for c in columns if c[0] <= study.pulses]
    found, heads = [], []
    for pulses, first in columns:
        c = study.changes(pulses, first)
        length = best_length(study, c)
        found.append(study.rules(c, length))
        heads.append(f"{'first ' * first}{pulses} pulses, length {1e9 * length:.0f} nm")
    print_header("rule", *heads)
    for name in found[0]:
        cells = [f"{f[name].explained:.3f} / {f[name].predicted:.3f}" for f in found]
        print(f"| {name} | " + " | ".join(cells) + " |")


def print_coefficients(study: Study, pulses: int, first: bool) -> None:
    c = study.changes(pulses, first)
    length = best_length(study, c)
    print(
        f"\ncoefficients over {'the first ' * first}{pulses} pulses, length {1e9 * length:.0f} nm"
    )
    for name, fit in study.rules(c, length).items():
        terms = ", ".join(
            f"{term} = {value:.3g} +- {fit.errors[term]:.1g}"
            for term, value in fit.coefficients.items()
        )
        print(f"| {name} | {terms} |")


def print_across_runs(study: Study) -> None:
    """Share of each run's changes that the coefficients of the other runs predict."""
    parts = [Changes.of_run(run, study.pulses) for run in study.runs]
    length = best_length(study, Changes.joined(parts))
    print("\npredicted for each run by the coefficients of the others")
    for name in study.terms(parts[0], length):
        shares = []
        for k, own in enumerate(parts):
            others = Changes.joined(parts[:k] + parts[k + 1 :])
            found = fit_rule(others, study.terms(others, length)[name]).coefficients
            terms = study.terms(own, length)[name]
            rule = sum(found[term] * values for term, values in terms.items())
            i, j = np.triu_indices(own.rate.shape[1], 1)
            rate, left = own.rate[:, i, j], (own.rate - rule)[:, i, j]
            shares.append(1 - (left**2).sum() / (rate**2).sum())
        print(f"| {name} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")


def print_lengths(study: Study) -> None:
    print("\nexplained by the stripes, against the length that spreads the alignment")
    for pulses in (5, 25, 50, study.pulses):
        c = study.changes(pulses, first=True)
        fits = [fit_rule(c, {"b": c.alignment(study.tensors[x])}) for x in LENGTHS]
        cells = " | ".join(f"{fit.explained:.2f}" for fit in fits)
        print(f"| first {pulses} pulses | {cells} |")


def print_eigenvectors(study: Study) -> None:
    """Overlap of the leading eigenvectors of weights and patterns, and recall from one flip."""
    rows: dict[str, list[list[float]]] = {}
    for run in study.runs:
        states = run.conductance_state.to_numpy()
        references = run.conductance_reference.to_numpy()
        for k, pattern in enumerate(run.training.to_numpy()):
            if not np.isfinite(states[k]).all():
                continue
            own = trained_patterns(pattern)
            before, after = (
                principal_overlap(states[k, s] - references[1], own[: len(own) // 2])
                for s in (0, 2)
            )
            row = [before, after]
            if "/" not in pattern:
                for reference in references:
                    for s in (0, 2):
                        hits, starts = recalled_neighbors(states[k, s] - reference, pattern)
                        row.append(hits / starts)
            rows.setdefault(pattern if "/" in pattern else kind_of(pattern), []).append(row)
    print(
        "\n| patterns | trainings | overlap before, after | recalled with one wrong sign: "
        "saturated before, after | untrained before, after |"
    )
    for kind, values in rows.items():
        means = [f"{x:.2f}" for x in np.mean(values, axis=0)]
        print(f"| {kind} | {len(values)} | " + " | ".join(means) + " |")


def draw(study: Study, path: Path) -> None:
    c = study.changes(study.pulses)
    length = best_length(study, c)
    fits = study.rules(c, length)
    names = ("Hebb: b Vi Vj", "stripes and decay to the maze")
    run = study.runs[0]
    patterns = [str(p) for p in run.training.to_numpy()]
    i, j = np.triu_indices(len(run.contact), 1)
    pairs = [f"{a + 1}-{b + 1}" for a, b in zip(i, j, strict=True)]
    figure = new_figure(8.8, 5.8)
    grid = figure.subplots(2, 3)
    duration = float(run.time_end[0, -1])
    maps = {"change of G (mean over starts)": c.rate}
    maps |= {f"not explained by\n{name}": fits[name].residual for name in names}
    for axes, (title, rate) in zip(grid[0], maps.items(), strict=True):
        mean = duration * rate.reshape(len(study.runs), len(patterns), *rate.shape[1:]).mean(axis=0)
        image = axes.imshow(mean[:, i, j].T, cmap="PuOr", vmin=-0.45, vmax=0.45, aspect="auto")
        axes.set_xticks(range(len(patterns)), patterns, rotation=90, family="monospace")
        axes.set_yticks(range(len(pairs)), pairs)
        axes.set(title=title, ylabel="contacts")
        figure.colorbar(image, ax=axes, label="S", shrink=0.8)
    for axes, name in zip(grid[1], names, strict=False):
        seen = duration * c.rate[:, i, j].ravel()
        rule = seen - duration * fits[name].residual[:, i, j].ravel()
        side = np.tile((j - i) % 2 == 1, len(c.rate))
        for chosen, label in ((side, "neighbors"), (~side, "diagonal")):
            axes.plot(rule[chosen], seen[chosen], ".", ms=3, label=label)
        axes.axline((0, 0), slope=1, color="k", linewidth=0.5)
        axes.set(
            title=f"{name}\nexplained {fits[name].explained:.2f}",
            xlabel="rule: change (S)",
            ylabel="simulated: change (S)",
        )
        axes.legend(fontsize=7)
    shown = [1e9 * x if np.isfinite(x) else 400 for x in LENGTHS]
    for pulses in (5, 25, 50, study.pulses):
        part = study.changes(pulses, first=True)
        explained = [
            fit_rule(part, {"b": part.alignment(study.tensors[x])}).explained for x in LENGTHS
        ]
        time = 1e9 * float(run.time_end[0, pulses - 1])
        grid[1, 2].plot(shown, explained, "o-", label=f"stripes, first {time:.3g} ns")
    hebb = fits["Hebb: b Vi Vj"].explained
    grid[1, 2].axhline(hebb, color="k", linewidth=0.8, linestyle="--", label="Hebb, all")
    grid[1, 2].set(xlabel="length (nm; 400 is infinite)", ylabel="explained", ylim=(0, 0.95))
    grid[1, 2].legend(fontsize=7, loc="upper right")
    save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--figure", type=Path)
    parser.add_argument("runs", nargs="+", type=Path)
    given = parser.parse_args()
    study = Study([open_run(path) for path in given.runs])
    if all("/" not in p for p in study.runs[0].training.to_numpy()):
        print_explained(study)
        print_coefficients(study, study.pulses, first=False)
        print_coefficients(study, 25, first=True)
        if len(study.runs) > 1:
            print_across_runs(study)
        print_lengths(study)
    print_eigenvectors(study)
    if given.figure is not None:
        draw(study, given.figure)


if __name__ == "__main__":
    main()
