"""Limits of all rules of learning, powers of the voltage, and convergence to the eigenvector.

    python -m docs.studies.learning_rule.rule_limits [--figure FILE] [--inputs RUN ...] \
        [--voltages RUN ...] [--turns RUN ...]

prints tables of the page: for runs of data/campaigns/inputs.toml, of voltage.toml (one
pattern at several voltages) and of several.toml (patterns that take turns).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from docs.studies.shared import experiment_of, kind_of, mean_and_error, print_header
from orchestrator import open_run
from orchestrator.analysis.rule_limits import odd_share, power_law, shares_of_mean
from orchestrator.analysis.rules import Changes, alignment_tensor, fit_rule, principal_overlap
from orchestrator.learning.hopfield import trained_patterns
from orchestrator.plotting.style import new_figure, save

LENGTH = 80e-9
"""Over which the stripes spread their alignment in these tables, m."""


def tensor_of(run: xr.Dataset, length: float = LENGTH) -> np.ndarray:
    device = experiment_of(run).device
    return alignment_tensor(device.film, device.contacts, length)


def terms(c: Changes, tensor: np.ndarray, maze: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    centered = replace(c, voltages=c.voltages - c.voltages.mean(axis=1, keepdims=True))
    return {
        "Hebb": {"b": c.product()},
        "Hebb, voltages of zero sum": {"b": centered.product()},
        "difference": {"b": c.squared_difference()},
        "Oja": {"b": c.product(), "c": c.decay()},
        "Oja about the maze": {"b": c.product(), "c": c.decay(maze)},
        "stripes": {"b": c.alignment(tensor)},
        "stripes, decay to the maze": {"b": c.alignment(tensor), "c": c.decay(maze)},
    }


def shares_of_starts(runs: list[xr.Dataset], pulses: int) -> dict[str, np.ndarray]:
    """Share of each start's changes over the first pulses predicted from the other starts."""
    starts = [Changes.of_run(run.isel(pulse=slice(0, pulses)), pulses) for run in runs]
    tensor = tensor_of(runs[0])
    maze = runs[0].conductance_reference.sel(reference="untrained").to_numpy()
    shares: dict[str, list[float]] = {}
    for k, own in enumerate(starts):
        others = Changes.joined(starts[:k] + starts[k + 1 :])
        i, j = np.triu_indices(own.rate.shape[1], 1)
        for name, given in terms(others, tensor, maze).items():
            found = fit_rule(others, given).coefficients
            mine = terms(own, tensor, maze)[name]
            left = own.rate - sum(found[t] * values for t, values in mine.items())
            share = 1 - (left[:, i, j] ** 2).sum() / (own.rate[:, i, j] ** 2).sum()
            shares.setdefault(name, []).append(float(share))
    found_shares = {name: np.array(values) for name, values in shares.items()}
    found_shares["mean of the other starts"] = shares_of_mean(starts)
    found_shares["odd in the voltages"] = np.array([odd_share(c) for c in starts])
    return found_shares


def print_inputs(runs: list[xr.Dataset], windows: tuple[int, ...]) -> dict[str, np.ndarray]:
    columns = {pulses: shares_of_starts(runs, pulses) for pulses in windows}
    times = {n: 1e9 * float(runs[0].time_end[0, n - 1]) for n in windows}
    print(f"share of a start's changes predicted from the other {len(runs) - 1}, mean +- error")
    print_header("rule", *(f"{times[n]:g} ns" for n in windows))
    for name in columns[windows[0]]:
        print(f"| {name} | " + " | ".join(mean_and_error(c[name]) for c in columns.values()) + " |")
    print("difference to the stripes, start by start")
    for name in ("Hebb", "difference", "Oja", "mean of the other starts"):
        cells = [mean_and_error(c[name] - c["stripes"]) for c in columns.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")
    cells = [mean_and_error(c["difference"] - c["Hebb"]) for c in columns.values()]
    print("| difference less Hebb | " + " | ".join(cells) + " |")
    print("mean growth of |G| (S): between different voltages, between equal ones")
    for pulses in windows:
        starts = [Changes.of_run(run.isel(pulse=slice(0, pulses)), pulses) for run in runs]
        grown = []
        for c in starts:
            growth = -c.rate * times[pulses] * 1e-9
            different = c.squared_difference() > 0
            equal = ~different & ~np.eye(c.rate.shape[1], dtype=bool)
            grown.append((growth[different].mean(), growth[equal].mean()))
        a, b = np.transpose(grown)
        print(f"| {times[pulses]:g} ns | {mean_and_error(a)} | {mean_and_error(b)} |")
    return columns[windows[-1]]


def strengths(runs: list[xr.Dataset], pulses: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Voltages and, for each rule, its strength in S at each start (rows) and voltage.

    The strength is the change of the conductances along the rule's pattern of contacts, scaled to
    the root mean square of the pairs: b V^2 times a duration and a constant of the rule.
    """
    settings = [experiment_of(run) for run in runs]
    keys = [(e.start.seed, e.training.voltage) for e in settings]
    seeds, amplitudes = (sorted(set(values)) for values in zip(*keys, strict=True))
    tensor = tensor_of(runs[0])
    found = {name: np.full((len(seeds), len(amplitudes)), np.nan) for name in ("Hebb", "stripes")}
    found["all changes"] = found["Hebb"].copy()
    for (seed, amplitude), run in zip(keys, runs, strict=True):
        place = seeds.index(seed), amplitudes.index(amplitude)
        c = Changes.of_run(run.isel(pulse=slice(0, pulses)), pulses)
        i, j = np.triu_indices(c.rate.shape[1], 1)
        change = c.rate[0, i, j] * float(run.time_end[0, pulses - 1])
        for name, shape in (("Hebb", c.product()), ("stripes", c.alignment(tensor))):
            x = shape[0, i, j]
            found[name][place] = change @ x / np.sqrt((x**2).mean()) / len(x)
        found["all changes"][place] = np.sqrt((change**2).mean())
    complete = np.isfinite(found["Hebb"]).all(axis=1)
    return np.array(amplitudes), {name: values[complete] for name, values in found.items()}


def print_voltages(runs: list[xr.Dataset], windows: tuple[int, ...], highest: float) -> None:
    for pulses in windows:
        amplitudes, found = strengths(runs, pulses)
        fitted = amplitudes <= highest
        count = len(found["Hebb"])
        print(
            f"first {1e9 * float(runs[0].time_end[0, pulses - 1]):g} ns, {count} starts, at "
            f"{amplitudes.tolist()} V"
        )
        for name, values in found.items():
            cells = [mean_and_error(column) for column in values.T]
            try:
                power, error = power_law(amplitudes[fitted], values[:, fitted])
                cells.append(f"{power:.2f} +- {error:.2f}")
            except ValueError as unfit:
                cells.append(str(unfit))
            print(f"| {name} | " + " | ".join(cells) + " |")


def overlaps(run: xr.Dataset, training: int) -> np.ndarray:
    """Overlap of the weights' leading eigenvector with the patterns' before each pulse."""
    maze = run.conductance_reference.sel(reference="untrained").to_numpy()
    own = trained_patterns(str(run.training[training].item()))
    states = run.conductance[training].to_numpy()
    return np.array([principal_overlap(g - maze, own[: len(own) // 2]) for g in states])


def label_of(run: xr.Dataset, pattern: str) -> str:
    hold = experiment_of(run).training.hold
    return pattern if "/" not in pattern or hold == 1 else f"{pattern} in blocks"


def all_overlaps(runs: list[xr.Dataset], by_kind: bool) -> dict[str, list[np.ndarray]]:
    """Overlaps over time; of all trainings of a kind, the mean for each start."""
    rows: dict[str, list[np.ndarray]] = {}
    for run in runs:
        found: dict[str, list[np.ndarray]] = {}
        for k, pattern in enumerate(run.training.to_numpy()):
            name = kind_of(pattern) if by_kind else label_of(run, pattern)
            found.setdefault(name, []).append(overlaps(run, k))
        for name, curves in found.items():
            rows.setdefault(name, []).append(np.mean(curves, axis=0))
    return rows


def print_overlaps(rows: dict[str, list[np.ndarray]], step: float) -> None:
    for name, curves in rows.items():
        found = np.array(curves)
        times = [t for t in (0.0, 2e-9, 5e-9, 10e-9, 30e-9, 60e-9) if t <= step * found.shape[1]]
        cells = [
            f"{1e9 * t:g} ns: {mean_and_error(found[:, min(round(t / step), found.shape[1] - 1)])}"
            for t in times
        ]
        print(f"| {name} ({len(found)} starts) | " + " | ".join(cells) + " |")


def print_ranks(runs: list[xr.Dataset]) -> None:
    """In how many trainings all patterns that took turns end below every other input."""
    ranks: dict[str, list[float]] = {}
    for run in runs:
        found = run.trained_rank.sel(reference="untrained").to_numpy()
        for pattern, rank in zip(run.training.to_numpy(), found, strict=True):
            ranks.setdefault(label_of(run, str(pattern)), []).append(float(rank))
    for name, values in ranks.items():
        print(f"{name}: ranks {sorted(values)}, lowest in {values.count(1.0)} of {len(values)}")


def draw(given: argparse.Namespace, shares: dict[str, np.ndarray]) -> None:
    figure = new_figure(13, 3.8)
    left, middle, right = figure.subplots(1, 3)
    for k, values in enumerate(shares.values()):
        left.plot(values, np.full(len(values), -k), "o", color="0.6", ms=4)
        error = values.std(ddof=1) / np.sqrt(len(values))
        left.errorbar(values.mean(), -k, xerr=error, fmt="k|", ms=10)
    left.set_yticks(-np.arange(len(shares)), shares)
    left.set(xlabel="share of a start's changes", title="all pulses", xlim=(0, None))
    if given.voltages:
        runs = [open_run(path) for path in given.voltages]
        for pulses, style in ((10, "s--"), (25, "o-"), (150, "^-")):
            amplitudes, found = strengths(runs, pulses)
            values = found["stripes"]
            middle.errorbar(
                1e3 * amplitudes,
                values.mean(axis=0),
                values.std(axis=0, ddof=1) / np.sqrt(len(values)),
                fmt=style,
                ms=4,
                label=f"first {1e9 * float(runs[0].time_end[0, pulses - 1]):g} ns",
            )
        for power in (1, 2):
            middle.plot(1e3 * amplitudes, 0.15 * (amplitudes / 0.05) ** power, "k:", lw=0.8)
        middle.set(xscale="log", yscale="log", ylim=(3e-3, 0.4), xlabel="voltage (mV)")
        middle.set_xticks(1e3 * amplitudes, [f"{1e3 * v:.4g}" for v in amplitudes])
        middle.minorticks_off()
        middle.set(ylabel="change along the stripes' rule (S)", title="dotted: powers 1 and 2")
        middle.legend(fontsize=8)
    groups = [(given.inputs, True), (given.turns, False)]
    for paths, by_kind in groups:
        runs = [open_run(path) for path in paths]
        for name, curves in all_overlaps(runs, by_kind).items():
            if not by_kind and "/" not in name:
                continue
            time = 1e9 * float(runs[0].time_end[0, 0]) * np.arange(len(curves[0]))
            right.plot(time, np.mean(curves, axis=0), "-" if by_kind else "--", label=name)
    right.set(xlabel="time (ns)", ylabel="overlap of leading eigenvectors", ylim=(0, 1))
    right.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    save(figure, given.figure)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--figure", type=Path)
    for name in ("inputs", "voltages", "turns"):
        parser.add_argument(f"--{name}", nargs="+", type=Path, default=[])
    given = parser.parse_args()
    shares: dict[str, np.ndarray] = {}
    if given.inputs:
        runs = [open_run(path) for path in given.inputs]
        shares = print_inputs(runs, (1, 5, 25, 50, len(runs[0].pulse)))
        print_overlaps(all_overlaps(runs, True), float(runs[0].time_end[0, 0]))
    if given.voltages:
        print_voltages([open_run(path) for path in given.voltages], (1, 5, 10, 25, 150), 0.05)
    if given.turns:
        runs = [open_run(path) for path in given.turns]
        print_overlaps(all_overlaps(runs, False), float(runs[0].time_end[0, 0]))
        print_ranks(runs)
    if given.figure is not None:
        draw(given, shares)


if __name__ == "__main__":
    main()
