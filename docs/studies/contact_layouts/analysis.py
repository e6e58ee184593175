"""Which patterns can a layout of contacts hold? Tolerated disorder of ideal textures.

    python -m docs.studies.contact_layouts.analysis CAMPAIGN_FOLDER

prints tables and draws contact_layouts.png beside this file. The folder is that of
data/campaigns/inputs.toml, whose trainings are compared with the model.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import orchestrator
from docs.studies.shared import ALONG, DATA, print_header
from orchestrator.analysis.ideal import Disorder, Driven, IdealTextures
from orchestrator.analysis.references import with_references
from orchestrator.describe.contacts import Contact, CornerContact, DiscContact
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.film import Film
from orchestrator.learning.hopfield import is_trivial, trained_rank
from orchestrator.plotting.style import new_figure, save

HERE = Path(__file__).parent
EXPERIMENT = Experiment.from_toml(DATA / "experiments" / "hopfield4.toml")
PATTERNS = ("+-+-", "+--+", "++-+")
KINDS = ("alternating", "adjacent pairs", "one odd contact")
"""Kinds of inputs that the symmetry of the corners joins, in the order of PATTERNS."""
SCALES = (0.79, 0.80, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.88, 0.90, 0.92, 0.95, 1.0)
"""Conductivities of the reference film in units of sigma_perp."""
SHARES = np.linspace(0, 1, 41)
HALVES = np.geomspace(1e6, 40e6, 41)


def corner_contacts(size: float) -> tuple[CornerContact, ...]:
    return tuple(replace(contact, size=size) for contact in EXPERIMENT.contacts)


def disc_contacts(offset: float, radius: float, turn: float) -> tuple[DiscContact, ...]:
    """Four discs on a circle about the middle, clockwise from the top left."""
    lx, ly, _ = EXPERIMENT.film.lengths
    angles = np.pi * (0.75 - 0.5 * np.arange(4)) - turn
    return tuple(
        DiscContact(str(k), (lx / 2 + offset * np.cos(a), ly / 2 + offset * np.sin(a)), radius)
        for k, a in enumerate(angles, start=1)
    )


def textures(contacts: tuple[Contact, ...], film: Film = EXPERIMENT.film) -> IdealTextures:
    return IdealTextures(film, contacts, EXPERIMENT.resistivity, ALONG)


def measure(contacts: tuple[Contact, ...]) -> dict[str, list[float]]:
    """Tolerated disorder of the patterns under both references."""
    ideal = textures(contacts)
    return {
        reference: [ideal.tolerated_disorder(p, reference) for p in PATTERNS]
        for reference in ("saturated", "untrained")
    }


def print_row(label: str, found: dict[str, list[float]]) -> None:
    cells = [f"{value:.2f}" for reference in found.values() for value in reference]
    print(f"| {label} | " + " | ".join(cells) + " |", flush=True)


def layouts(sizes: np.ndarray) -> list[dict[str, list[float]]]:
    """Print the table of layouts; return its rows of corner contacts."""
    head = [f"{p} {r}" for r in ("saturated", "untrained") for p in PATTERNS]
    print_header("layout", *head)
    rows = [measure(corner_contacts(size)) for size in sizes]
    for size, row in zip(sizes, rows, strict=True):
        print_row(f"corners {1e9 * size:.0f} nm", row)
    for offset in (80e-9, 120e-9, 160e-9):
        for turn in (0.0, np.pi / 4):
            label = f"discs of 24 nm at {1e9 * offset:.0f} nm, turned by {np.degrees(turn):.0f} deg"
            print_row(label, measure(disc_contacts(offset, 24e-9, turn)))
    return rows


def kind_of(name: str) -> int:
    """Which of PATTERNS the symmetry of the corners turns into this one."""
    if min(name.count("+"), name.count("-")) == 1:
        return 2
    return 0 if name[0] == name[2] else 1


def calibrate(
    ideal: IdealTextures, pattern: str, values: np.ndarray, disorders: list[Disorder]
) -> np.ndarray:
    """Places among the disorders where E' of the own pattern has given values (in units of E0)."""
    own = ideal.patterns.index(pattern)
    energies = np.array([ideal.energies(pattern, d, "saturated")[own] for d in disorders])
    power = ideal.powers()[own] / ideal.reference_conductivity("untrained")
    relative = energies / (power * ideal.reference_conductivity("saturated"))
    return np.interp(values, relative, np.arange(len(disorders)))


def learned(results: xr.Dataset, name: str) -> np.ndarray:
    """Of how many starts a pattern became the lowest, against each reference."""
    return (results.trained_rank.sel(training=name) == 1).sum("seed").to_numpy()


def predicted(
    results: xr.Dataset, ideal: IdealTextures, name: str, disorder: Disorder
) -> np.ndarray:
    """The same where every start adds its own deviation from an isotropic maze to the model."""
    chosen = results.sel(training=name)
    inputs = [str(p) for p in results.input.values]
    places = [ideal.patterns.index(p) for p in inputs]
    v2 = EXPERIMENT.training.voltage**2
    before = chosen.energy.sel(state="before").transpose("seed", "reference", "input").to_numpy()
    counts = np.zeros(len(SCALES), int)
    for k, c in enumerate(SCALES):
        scale = ideal.reference_conductivity(c) / ideal.reference_conductivity("untrained")
        expected = v2 * (scale - 1) * ideal.powers()[places]
        model = v2 * ideal.energies(name, disorder, c)[places]
        for start in before[:, k]:
            counts[k] += trained_rank(model + start - expected, name, inputs) == 1
    return counts


def trainings(folder: str, ideal: IdealTextures) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Print disorder and counts of the trainings; return counts of each kind, and the shares."""
    campaign = orchestrator.open_campaign(folder).load()
    relative = campaign.energy / campaign.reference_power
    relaxed = relative.sel(reference="saturated", state="relaxed")
    names = [str(n) for n in campaign.training.values if not is_trivial(str(n))]
    groups = [[n for n in names if kind_of(n) == k] for k in range(len(KINDS))]
    uniform: list[Disorder] = [float(s) for s in SHARES]
    driven: list[Disorder] = [Driven(float(h)) for h in HALVES]
    print()
    print_header("inputs", "trainings", "own E'/E0", "uniform disorder", "half field (V/m at 1 V)")
    halves, shares = [], []
    for kind, pattern, group in zip(KINDS, PATTERNS, groups, strict=True):
        own = np.concatenate([relaxed.sel(training=n, input=n).values for n in group])
        share = np.interp(calibrate(ideal, pattern, own, uniform), np.arange(len(SHARES)), SHARES)
        at = calibrate(ideal, pattern, own.mean()[None], driven)
        half = float(np.interp(at, np.arange(len(HALVES)), HALVES)[0])
        halves.append(half)
        shares.append(share)
        print(
            f"| {kind} | {own.size} | {own.mean():.3f} ± {own.std():.3f} | "
            f"{share.mean():.2f} ± {share.std():.2f} | {half:.2e} |"
        )
    models: dict[str, Disorder] = {
        "uniform": float(np.mean(np.concatenate(shares))),
        "driven": Driven(float(np.mean(halves))),
    }
    results = with_references(campaign, SCALES)
    print(f"\nlowest, of the trainings; models {models}\n")
    print_header("inputs", "", *(f"{c:.2f}" for c in SCALES))
    counts: dict[str, np.ndarray] = {}
    for kind, group in zip(KINDS, groups, strict=True):
        total = len(group) * results.sizes["seed"]
        lowest = {"trained": sum(learned(results, n) for n in group)}
        for label, disorder in models.items():
            lowest[label] = sum(predicted(results, ideal, n, disorder) for n in group)
        for label, values in lowest.items():
            counts[f"{kind} {label}"] = values / total
            print(f"| {kind} | {label}, of {total} | {' | '.join(str(v) for v in values)} |")
    return np.array([s.mean() for s in shares]), counts


def print_windows(ideal: IdealTextures) -> None:
    """Disorder at which patterns are the lowest, for each reference; best reference for each."""
    shares = np.linspace(0, 0.99, 100)
    c = np.linspace(0.789, 1.0, 423)
    margins = np.array(
        [[ideal.margins(p, float(d), [*SCALES, *c.tolist()]) for d in shares] for p in PATTERNS]
    )
    lowest = margins[..., : len(SCALES)] > 0
    print()
    print_header("c", *PATTERNS, "all three")
    for k, scale in enumerate(SCALES):
        kept = [*lowest[..., k], lowest[..., k].all(axis=0)]
        found = [shares[where] for where in kept]
        cells = [f"{d.min():.2f} to {d.max():.2f}" if d.size else "none" for d in found]
        print(f"| {scale:.2f} | {' | '.join(cells)} |")
    weakest = margins[..., len(SCALES) :].min(axis=0)
    driven = [ideal.margins(p, Driven(6.7e6), c.tolist()) for p in PATTERNS]
    rows = {f"{d:.2f}": weakest[round(100 * d)] for d in (0.3, 0.5, 0.7)}
    rows["driven, 6.7e6 V/m"] = np.min(driven, axis=0)
    for label, row in rows.items():
        window = c[row > 0]
        print(
            f"disorder {label}: all lowest for c from {window.min():.3f} to {window.max():.3f}, "
            f"with the largest margin {row.max():.3f} at {c[row.argmax()]:.3f}"
        )


def draw_window(
    axes: Axes, ideal: IdealTextures, disorders: list[Disorder], heights: np.ndarray
) -> None:
    """Where each pattern is the lowest against the reference c, and where all of them are."""
    c = np.linspace(0.789, 1.0, 60)
    margins = [np.array([ideal.margins(p, d, c.tolist()) for d in disorders]) for p in PATTERNS]
    for k, (pattern, margin) in enumerate(zip(PATTERNS, margins, strict=True)):
        axes.contour(c, heights, margin, levels=[0.0], colors=f"C{k}")
        axes.plot([], [], f"C{k}", label=f"{{{pattern}}}")
    all_lowest = np.min(margins, axis=0)
    axes.contourf(c, heights, all_lowest, levels=[0.0, 1.0], colors="0.8")
    axes.set_xlabel("c of the reference film")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sizes = np.array([8, 16, 24, 32, 48, 64, 80, 100, 120, 140]) * 1e-9
    rows = layouts(sizes)
    small = Film((64, 64, 1), (6e-9, 6e-9, 1e-6))
    ideal = textures(EXPERIMENT.contacts, small)
    print_windows(ideal)
    shares, counts = trainings(sys.argv[1], ideal)

    figure = new_figure(9, 5.4)
    grid = figure.subplots(2, 3)
    for axes, reference in zip(grid[0], ("saturated", "untrained"), strict=False):
        for k, pattern in enumerate(PATTERNS):
            tolerated = [row[reference][k] for row in rows]
            axes.plot(1e9 * sizes, tolerated, "o-", label=f"{{{pattern}}}")
        axes.set(
            title=f"reference {reference}", xlabel="edge of corner contacts (nm)",
            ylabel="tolerated disorder", ylim=(-0.05, 1.05),
        )  # fmt: skip
        axes.legend(fontsize="small")
    axes = grid[0, 2]
    draw_window(axes, ideal, [float(s) for s in SHARES[:-1]], SHARES[:-1])
    for k, share in enumerate(shares):
        axes.axhline(share, color=f"C{k}", linestyle=":")
    axes.set(title="uniform; grey: all lowest", ylabel="disorder")
    axes.legend(fontsize="small")
    axes = grid[1, 0]
    draw_window(axes, ideal, [Driven(float(h)) for h in HALVES], 1e-6 * HALVES)
    axes.set(title="driven; grey: all lowest", yscale="log")
    axes.set_ylabel("half field (V/µm at 1 V)")
    for axes, model in zip(grid[1, 1:], ("uniform", "driven"), strict=True):
        for k, kind in enumerate(KINDS):
            axes.plot(SCALES, counts[f"{kind} trained"], f"C{k}o", label=kind)
            axes.plot(SCALES, counts[f"{kind} {model}"], f"C{k}-")
        axes.set(
            title=f"trainings (points), {model}",
            xlabel="c of the reference film",
            ylabel="share learned", ylim=(-0.05, 1.05),
        )  # fmt: skip
        axes.legend(fontsize="small")
    save(figure, HERE / "contact_layouts.png")


if __name__ == "__main__":
    main()
