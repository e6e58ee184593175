"""All 14 inputs of the four-node network as training patterns.

    python -m docs.studies.inputs.analysis CAMPAIGN_FOLDER

takes the campaign of data/campaigns/inputs.toml, finished or in progress, prints the tables of the
page and draws inputs.png beside this file. Patterns that a turn or a mirror of the square film
takes into each other are one class; the energies of a class are brought to one pattern by the same
turns and mirrors before they are averaged.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import xarray as xr
from scipy import stats

import orchestrator
from docs.studies.shared import REFERENCES, print_header
from orchestrator.analysis.references import with_references
from orchestrator.analysis.statistics import recall_confusion
from orchestrator.learning.hopfield import Mode, inverse
from orchestrator.plotting.style import new_figure, save

HERE = Path(__file__).parent
CLASSES = {"++-+": "one odd contact", "+--+": "two and two", "+-+-": "alternating"}
MODES: tuple[Mode, ...] = ("asynchronous", "synchronous")
SCALES = np.arange(0.70, 1.021, 0.02)
# places of the contacts 1 to 4 (corners, in turn) after each turn and mirror of the square
TURNS = [[(k + i) % 4 for i in range(4)] for k in range(4)]
MIRRORS = [[(k - i) % 4 for i in range(4)] for k in range(4)]


def moved(pattern: str, places: list[int]) -> str:
    return "".join(pattern[p] for p in places)


def canonical(pattern: str) -> tuple[str, list[int]]:
    """The pattern of CLASSES that a symmetry takes this one into, and that symmetry."""
    for places in TURNS + MIRRORS:
        for candidate in (moved(pattern, places), inverse(moved(pattern, places))):
            if candidate in CLASSES:
                return candidate, places
    raise ValueError(pattern)


def lowest(rank: np.ndarray) -> str:
    """Share of ones with Wilson's 95 % interval."""
    known = rank[np.isfinite(rank)]
    low, high = stats.binomtest(int((known == 1).sum()), len(known)).proportion_ci(method="wilson")
    return f"{int((known == 1).sum())} of {len(known)} ({low:.0%} to {high:.0%})"


def main() -> None:
    runs = orchestrator.open_campaign(sys.argv[1])
    runs = runs[["energy", "reference_power", "conductance_state", "conductance_reference",
                 "trained_rank", "trained_energy"]].load()  # fmt: skip
    listed = with_references(runs, REFERENCES)
    scaled = with_references(runs, [float(c) for c in SCALES])
    names = [str(name) for name in runs.training.values]
    members = {kind: [n for n in names if canonical(n)[0] == kind] for kind in CLASSES}

    states = ("before", "after", "relaxed")
    heads = ("class", "inputs", "E'/E0 before", *states[1:], "lowest: saturated", *REFERENCES[1:])
    print_header(*heads)
    for kind, chosen in members.items():
        ratio = own_ratio(listed, chosen)
        ratios = " | ".join(
            f"{ratio.sel(state=s).mean():+.3f} ± {ratio.sel(state=s).std():.3f}" for s in states
        )
        ranks = listed.trained_rank.sel(training=chosen)
        shares = " | ".join(lowest(ranks.sel(reference=r).to_numpy()) for r in REFERENCES)
        print(f"| {{{kind}}}, {CLASSES[kind]} | {len(chosen)} | {ratios} | {shares} |")

    print("\nlowest by chance: before training, and the references between the films")
    print_header("class", "before: saturated", "untrained", *(f"{c:.2f}" for c in SCALES))
    for kind, chosen in members.items():
        first = " | ".join(f"{before(listed, chosen, r):.0%}" for r in REFERENCES[:2])
        later = " | ".join(f"{share:.0%}" for share in shares_learned(scaled, chosen))
        print(f"| {{{kind}}} | {first} | {later} |")

    print("\nthe same within a class? one-way analysis of variance of E'/E0, p:")
    for kind, chosen in members.items():
        ratio = own_ratio(listed, chosen).sel(state="relaxed")
        groups = [v[np.isfinite(v)] for v in ratio.transpose("training", "seed").to_numpy()]
        print(f"{kind}: {stats.f_oneway(*groups).pvalue:.2f}")

    print("\nshares of the starts that end in")
    ends = ("the pattern", "another", "++++", "no fixed point")
    print_header("reference", "update", "class", *ends)
    for reference, mode in itertools.product(REFERENCES, MODES):
        shares = recall_confusion(listed, reference, mode)
        for kind, chosen in members.items():
            cells = " | ".join(recalled(shares, chosen))
            print(f"| {reference} | {mode} | {{{kind}}} | {cells} |")
    draw(listed, scaled, members)


def own_ratio(runs: xr.Dataset, chosen: list[str]) -> xr.DataArray:
    """E'/E0 of each trained pattern itself under the saturated reference."""
    ratio = (runs.energy / runs.reference_power).sel(reference="saturated", training=chosen)
    own = [ratio.sel(training=name, input=name, drop=True) for name in chosen]
    return xr.concat(own, dim=xr.DataArray(chosen, dims="training", name="training"))


def before(runs: xr.Dataset, chosen: list[str], reference: str) -> float:
    """Share of the untrained textures in which these patterns are the lowest already."""
    pairs = [p for p in map(str, runs.input.values) if p[0] == "+" and p != "++++"]
    energies = runs.energy.sel(state="before", reference=reference, input=pairs)
    found = energies.isel(input=energies.argmin("input")).input
    own = [name if name in pairs else inverse(name) for name in chosen]
    wanted = xr.DataArray(own, dims="training", coords={"training": chosen})
    return float((found.sel(training=chosen) == wanted).mean())


def shares_learned(scaled: xr.Dataset, chosen: list[str]) -> np.ndarray:
    """Share of the finished trainings whose pattern is the lowest, for each reference."""
    ranks = scaled.trained_rank.sel(training=chosen).stack(run=("seed", "training"))
    return (ranks.dropna("run").transpose("reference", "run").to_numpy() == 1).mean(axis=1)


def recalled(shares: xr.DataArray, chosen: list[str]) -> list[str]:
    rows = []
    for name in chosen:
        row = shares.sel(trained=name).to_series()
        own = name if name in row.index else inverse(name)
        parts = [row.get(own, 0.0), 0.0, row.get("++++", 0.0), row.get("never settles", 0.0)]
        parts[1] = 1 - sum(parts)
        rows.append(parts)
    return [f"{value:.2f}" for value in np.mean(rows, axis=0)]


def landscape(runs: xr.Dataset, chosen: list[str]) -> tuple[list[str], np.ndarray]:
    """E' in mW of the pairs of inputs as seen from the class's pattern, shape (trainings, 7)."""
    inputs = [p for p in map(str, runs.input.values) if p[0] == "+" and p != "++++"]
    rows = []
    for name in chosen:
        _, places = canonical(name)
        seen = {}
        for pattern in map(str, runs.input.values):
            image = moved(pattern, places)
            seen[image if image[0] == "+" else inverse(image)] = pattern
        energies = runs.energy.sel(training=name, state="relaxed")
        rows.append(energies.sel(input=[seen[p] for p in inputs]).to_numpy())
    stacked = 1e3 * np.concatenate(rows)
    return inputs, stacked[np.isfinite(stacked).all(axis=1)]


def draw(listed: xr.Dataset, scaled: xr.Dataset, members: dict[str, list[str]]) -> None:
    figure = new_figure(11, 8)
    axes = figure.subplots(3, 3)
    between = scaled.sel(reference=str(float(SCALES[6])))
    shown = {
        "saturated": listed.sel(reference="saturated"),
        f"{SCALES[6]:.2f} of saturated": between,
        "own": listed.sel(reference="own"),
    }
    for row, (reference, runs) in zip(axes, shown.items(), strict=True):
        row[0].set_ylabel("E' (mW)")
        for panel, (kind, chosen) in zip(row, members.items(), strict=True):
            inputs, energies = landscape(runs, chosen)
            colors = ["C1" if p == kind else "C0" for p in inputs]
            error = energies.std(axis=0, ddof=1) / np.sqrt(len(energies))
            panel.bar(inputs, energies.mean(axis=0), yerr=error, color=colors)
            panel.tick_params(axis="x", rotation=60, labelsize=7)
            panel.set_title(f"{CLASSES[kind]}, {reference} reference", fontsize=9)
    save(figure, HERE / "inputs.png")
    figure = new_figure(5, 3.6)
    panel = figure.subplots()
    for kind, chosen in members.items():
        panel.plot(SCALES, shares_learned(scaled, chosen), "o-", label=f"{{{kind}}}")
    untrained = listed.reference_power.sel(reference=["untrained", "saturated"])
    ratio = untrained.sel(reference="untrained") / untrained.sel(reference="saturated")
    mean = float(ratio.drop_sel(input=["++++", "----"]).mean())
    panel.axvline(mean, color="0.6", linestyle=":", label="untrained textures")
    panel.set(xlabel="conductance of the reference / saturated film", ylabel="share learned")
    panel.set_ylim(0, 1)
    panel.legend()
    save(figure, HERE / "reference.png")


if __name__ == "__main__":
    main()
