"""Networks of many contacts and several patterns: capacity, forgetting, letters, three dimensions.

    python -m docs.studies.many_contacts.analysis CAMPAIGN_FOLDER...

takes finished campaigns, told apart by their names: capacity4 to capacity16, several, letters and
layers of data/campaigns. It prints the tables of the page and draws many_contacts.png beside this
file from those that are given.

A training is judged by three weight matrices: G - G0 with the saturated film and with the mean of
untrained films as G0, and with the film's own texture before the training, which is what the
training did. Three ideals learn the same patterns, each of which adds its part: Hebb's rule; Hebb's
rule times the conductance between each two contacts in the uniform film, since where no current
flows nothing is learned; and a film whose stripes turn as far as the currents want
(`orchestrator.analysis.rules.alignment_tensor`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

import orchestrator
from docs.studies.many_contacts.measures import (
    Verdict,
    change,
    half_of_patterns,
    hebb,
    ideal_film,
    judge,
    share_lower,
    weights_of,
)
from docs.studies.shared import experiment_of, mean_and_error, print_header
from orchestrator.describe.experiment import Experiment
from orchestrator.learning.hopfield import (
    energy,
    inverse,
    signs,
)
from orchestrator.plotting.style import new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HERE = Path(__file__).parent
IDEALS = ("ideal film", "local Hebb", "Hebb")
WEIGHTS = ("own", "untrained", "saturated", "before", *IDEALS)
"""The film's by reference; the untrained film's with the untrained reference; the ideals."""


def runs_of(campaign: xr.Dataset) -> list[xr.Dataset]:
    """The finished runs of a campaign in order."""
    finished = campaign.folder.to_numpy()[campaign.status.to_numpy() == "finished"]
    return [orchestrator.open_run(str(path)) for path in finished]


@dataclass(frozen=True)
class Trained:
    """What one training of a capacity campaign came to.

    Attributes
    ----------
    change : float
        Of E'/P, mean over the patterns.
    size : float
        Root of the summed squares of the changes of G between contacts, relative to G of the
        uniform film.
    likeness : float
        Cosine between those changes and the ideal film's.
    stirred : float
        Largest change of a magnetization vector over a pulse, median of the pulses.
    verdicts : dict of Verdict
        By weights.
    """

    change: float
    size: float
    likeness: float
    stirred: float
    verdicts: dict[str, Verdict]


NUMBERS = ("change", "size", "likeness", "stirred")

Trainings = dict[tuple[int, int, float], list[Trained]]
"""Of all starts, by the numbers of contacts and of patterns and the voltage."""


def judge_capacity(campaign: xr.Dataset) -> Trainings:
    found: Trainings = {}
    for run in runs_of(campaign):
        experiment = experiment_of(run)
        voltage = experiment.training.amplitude
        inputs = half_of_patterns(len(experiment.contacts))
        for k, entry in enumerate(experiment.training.patterns):
            patterns, training = entry.split("/"), run.isel(training=k)
            uniform = np.abs(run.conductance_reference.sel(reference="saturated").to_numpy())
            weights = weights_of(training) | {
                "ideal film": ideal_film(experiment, patterns),
                "local Hebb": hebb(patterns) * uniform,
                "Hebb": hebb(patterns),
            }
            changed = float(np.mean([change(training, p) for p in patterns]))
            verdicts = {name: judge(weights[name], patterns, inputs) for name in WEIGHTS}
            pairs = np.triu_indices(len(uniform), 1)
            own, ideal = weights["own"][pairs], weights["ideal film"][pairs]
            size = float(np.linalg.norm(own) / np.linalg.norm(uniform[pairs]))
            likeness = float(own @ ideal / np.linalg.norm(own) / np.linalg.norm(ideal))
            place = (len(patterns[0]), len(patterns), voltage)
            stirred = float(training.max_dm.median())
            numbers = Trained(changed, size, likeness, stirred, verdicts)
            found.setdefault(place, []).append(numbers)
    return found


def print_capacity(trainings: Trainings) -> None:
    places = sorted(trainings.items())
    print_header("N", "p", "p/N", "V", "starts", "change of E'/P", "of G", *NUMBERS[2:])
    for (n, p, voltage), starts in places:
        cells = [mean_and_error([getattr(s, name) for s in starts], "+.3f") for name in NUMBERS]
        print(f"| {n} | {p} | {p / n:.2f} | {voltage:g} | {len(starts)} | {' | '.join(cells)} |")
    for measure in ("lower", "learned", "stable", "recalled"):
        print(f"\n{measure}")
        print_header("N", "p", "V", *WEIGHTS)
        for (n, p, voltage), starts in places:
            means = [np.mean([getattr(s.verdicts[w], measure) for s in starts]) for w in WEIGHTS]
            cells = [f"{mean:.0%}" for mean in means]
            print(f"| {n} | {p} | {voltage:g} | {' | '.join(cells)} |")


def print_alone(campaign: xr.Dataset) -> None:
    """The pattern trained alone after as many pulses as it has where several take turns."""
    runs = runs_of(campaign)
    count = runs[0].sizes["pulse"]
    shares: dict[int, list[float]] = {}
    changes: dict[int, list[float]] = {}
    for run in runs:
        pattern = str(run.training.values[0])
        g = run.conductance.isel(training=0).to_numpy()
        power = -energy(g, signs(pattern)[None])[:, 0]
        inputs = half_of_patterns(len(pattern))
        for p in (1, 2, 3, 4):
            last = count // p - 1
            shares.setdefault(p, []).append(share_lower(g[last] - g[0], pattern, inputs))
            changes.setdefault(p, []).append(float(1 - power[last] / power[0]))
    cells = [f"{mean_and_error(changes[p], '+.3f')}, {np.mean(shares[p]):.0%}" for p in changes]
    print(f"| {runs[0].sizes['contact']} | {' | '.join(cells)} |")


def draw_capacity(panels: Sequence[Axes], trainings: Trainings) -> None:
    """What the film holds at each voltage, and what ideals hold of the largest grid."""
    top, *lower = sorted({voltage for *_, voltage in trainings}, reverse=True)
    sizes = sorted({n for n, *_ in trainings})
    film = [(n, v, "own") for v in (top, *lower) for n in sizes if (n, 1, v) in trainings]
    ideals = [(sizes[-1], v, "own") for v in (top, *lower) if (sizes[-1], 1, v) in trainings]
    ideals += [(sizes[-1], top, name) for name in IDEALS]
    shown = (("lower", film), ("recalled", film), ("recalled", ideals))
    for axes, (measure, curves) in zip(panels, shown, strict=True):
        for k, (n, voltage, name) in enumerate(curves):
            numbers = np.array(sorted(p for m, p, v in trainings if (m, v) == (n, voltage)))
            values = [
                [getattr(start.verdicts[name], measure) for start in trainings[n, p, voltage]]
                for p in numbers
            ]
            means = [np.mean(v) for v in values]
            errors = [np.std(v, ddof=1) / np.sqrt(len(v)) for v in values]
            where = (f"N = {n}" if curves is film else "film") + f", {voltage:g} V"
            label = where if name == "own" else name
            color = f"C{sizes.index(n)}" if name == "own" else f"C{k + 3}"
            line = "o-" if voltage == top else "s--"
            x = numbers / n if axes is panels[1] else numbers + 0.05 * (k - 2)
            axes.errorbar(x, means, errors, fmt=line, color=color, label=label)
        axes.set(xlabel="patterns by turns p", ylim=(-0.05, 1.05))
        axes.legend(fontsize=7)
    for axes in (panels[0], panels[2]):
        axes.set_xticks([1, 2, 3, 4])
    panels[1].set(xlabel="p/N")
    panels[0].axhline(0.5, color="k", linewidth=0.5)
    panels[0].set(ylabel="other inputs with lower E'", title="trained patterns, own reference")
    panels[1].set(ylabel="recalled from one wrong sign", title="trained patterns, own reference")
    panels[2].set(ylabel="recalled from one wrong sign", title=f"film and ideals, N = {sizes[-1]}")


def print_and_draw_forgetting(panels: Sequence[Axes], campaign: xr.Dataset) -> None:
    """E' of two patterns against time, in blocks in both orders and by turns."""
    print()
    print_header("protocol", "pattern", "E'/P at half time", "at the end", "relaxed")
    protocols = ("two in blocks", "two in blocks, reversed", "two by turns")
    for axes, protocol in zip(panels, protocols, strict=True):
        runs = campaign.sel(patterns=protocol).isel(training=0)
        nanoseconds = 1e9 * runs.time_end.to_numpy()[0]
        before, _, relaxed = np.moveaxis(runs.conductance_state.to_numpy(), 1, 0)
        for pattern in ("+--+", "++-+"):
            v = signs(pattern)[None]
            power = -energy(before, v)
            during = energy(runs.conductance.to_numpy() - before[:, None], v)[..., 0] / power
            end = (energy(relaxed - before, v) / power)[:, 0]
            mean, spread = during.mean(axis=0), during.std(axis=0, ddof=1)
            (line,) = axes.plot(nanoseconds, mean, label=f"{{{pattern}}}")
            axes.fill_between(nanoseconds, mean - spread, mean + spread, alpha=0.25)
            last = nanoseconds[-1] + 3
            axes.errorbar([last], end.mean(), end.std(ddof=1), fmt="o", color=line.get_color())
            half = during[:, during.shape[1] // 2]
            cells = " | ".join(mean_and_error(list(x), "+.3f") for x in (half, during[:, -1], end))
            print(f"| {protocol} | {{{pattern}}} | {cells} |")
        if "blocks" in protocol:
            axes.axvline(nanoseconds[-1] / 2, color="k", linewidth=0.5)
        axes.axhline(0, color="k", linewidth=0.5)
        axes.set(xlabel="time (ns)", ylabel="change of E'/P", title=protocol, ylim=(-0.18, 0.04))
        axes.legend()


def print_letters(campaign: xr.Dataset) -> None:
    """Letters with their own texture as reference: one-pixel neighbors and other inputs apart."""
    rows: dict[tuple[str, str, str], list[list[float]]] = {}
    runs = runs_of(campaign)
    inputs = [str(p) for p in runs[0].input.values]

    def judge_letters(label: str, entry: str, weights: np.ndarray, changes: list[float]) -> None:
        letters = entry.split("/")
        for letter, changed in zip(letters, changes, strict=True):
            near = neighbors(letter)
            random = [p for p in inputs if p not in near]
            verdict = judge(weights, [letter], near)
            far = share_lower(weights, letter, random, letters)
            place = (label, name_of(entry), name_of(letter))
            row = [changed, verdict.lower, far, verdict.stable, verdict.recalled]
            rows.setdefault(place, []).append(row)

    for run in runs:
        experiment = experiment_of(run)
        plan = experiment.training
        label = f"{1e9 * plan.total_time:.0f} ns, {plan.voltage:g} V"
        for k, entry in enumerate(plan.patterns):
            training = run.isel(training=k)
            changes = [change(training, letter) for letter in entry.split("/")]
            judge_letters(label, entry, weights_of(training)["own"], changes)
    coarse = coarser(experiment_of(runs[0]))
    for entry in coarse.training.patterns:
        letters = entry.split("/")
        unknown = [np.nan] * len(letters)
        judge_letters("ideal film", entry, ideal_film(coarse, letters), unknown)
        judge_letters("Hebb", entry, hebb(letters), unknown)
    print()
    shares = ("lower: one pixel off", "others", "stable", "recalled")
    print_header("run", "trained", "letter", "starts", "change of E'/P", *shares)
    for place, values in rows.items():
        means = " | ".join(f"{share:.0%}" for share in np.mean(values, axis=0)[1:])
        known = [row[0] for row in values if np.isfinite(row[0])]
        changed = mean_and_error(known, "+.3f") if known else ""
        print(f"| {' | '.join(place)} | {len(values)} | {changed} | {means} |")


def coarser(experiment: Experiment) -> Experiment:
    """With cells of twice the length and width, enough for the ideal film's fields."""
    film = experiment.film
    nx, ny, nz = film.cells
    dx, dy, dz = film.cell_size
    doubled = replace(film, cells=(nx // 2, ny // 2, nz), cell_size=(2 * dx, 2 * dy, dz))
    return replace(experiment, film=doubled)


def neighbors(pattern: str) -> list[str]:
    """The inputs that differ in one sign."""
    return [pattern[:k] + inverse(pattern[k]) + pattern[k + 1 :] for k in range(len(pattern))]


def name_of(entry: str) -> str:
    """The letters of an entry of the trainings."""
    names = {"+++++--+": "T", "+----+--": "L", "+---++--": "X"}
    return "/".join(names[letter[:8]] for letter in entry.split("/"))


def print_layers(campaign: xr.Dataset) -> None:
    """The three-dimensional film: each pattern over the starts."""
    print()
    columns = ("starts", "change of E'/P", "learned: own", "untrained", "saturated")
    print_header("pattern", *columns)
    runs = runs_of(campaign)
    for k, pattern in enumerate(map(str, campaign.training.values)):
        changes = [change(run.isel(training=k), pattern) for run in runs]
        inputs = half_of_patterns(len(pattern))
        verdicts = [
            {n: judge(w, [pattern], inputs) for n, w in weights_of(run.isel(training=k)).items()}
            for run in runs
        ]
        counts = [
            f"{sum(v[n].learned for v in verdicts):.0f} of {len(runs)}"
            for n in ("own", "untrained", "saturated")
        ]
        cells = [mean_and_error(changes, "+.3f"), *counts]
        print(f"| {{{pattern}}} | {len(runs)} | {' | '.join(cells)} |")


def main() -> None:
    campaigns = {c.campaign: c for c in map(orchestrator.open_campaign, sys.argv[1:])}
    figure = new_figure(12, 7)
    panels = figure.subplots(2, 3)
    capacity = [judge_capacity(c) for name, c in campaigns.items() if name.startswith("capacity")]
    if capacity:
        trainings = {place: starts for part in capacity for place, starts in part.items()}
        print_capacity(trainings)
        draw_capacity(panels[0], trainings)
        print("\nalone after 1, 1/2, 1/3, 1/4 of the pulses: change of E'/P, share lower\n")
        for name, campaign in campaigns.items():
            if name.startswith("capacity"):
                print_alone(campaign)
    if "several" in campaigns:
        print_and_draw_forgetting(panels[1], campaigns["several"])
    if "letters" in campaigns:
        print_letters(campaigns["letters"])
    if "layers" in campaigns:
        print_layers(campaigns["layers"])
    if capacity and "several" in campaigns:
        save(figure, HERE / "many_contacts.png")


if __name__ == "__main__":
    main()
