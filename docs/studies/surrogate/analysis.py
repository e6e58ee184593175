"""Does the surrogate rank layouts that it has not seen?

    python -m docs.studies.surrogate.analysis FOLDER

compares the trainings that `docs.studies.surrogate.trainings` has written to FOLDER/unseen with the
surrogate and with ideal textures, prints the tables of the page and draws surrogate.png beside this
file, for which it needs FOLDER/fitted, too. One minute.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.quiver import Quiver
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from docs.studies.contact_layouts.placement import DRIVEN, SHARE
from docs.studies.shared import print_header
from docs.studies.surrogate.fit import EDGE, Case, cases, order, smoothed
from docs.studies.surrogate.layouts import FITTED, UNSEEN, Layout
from docs.studies.surrogate.model import FILM_CONSTANTS, J0, Surrogate
from docs.studies.surrogate.readout import (
    CONTROL,
    STEPS,
    changes,
    ideal,
    margins,
    quiet,
    trained_by_micromagnetics,
    trained_by_surrogate,
)
from docs.studies.surrogate.trainings import TIME, VOLTAGE, block_means, file_of, read
from orchestrator.learning.hopfield import signs
from orchestrator.plotting.contacts import draw_contacts
from orchestrator.plotting.style import OTHER, TRAINED, in_style, new_figure, save

HERE = Path(__file__).parent
STARTS = 24
"""Of the surrogate."""
LEAST = 5
"""Layouts for a rank correlation."""
DRAWS = 1000
"""Of the layouts, for intervals."""
MODELS: dict[str, Callable[[Layout], np.ndarray]] = {
    "surrogate": lambda layout: trained_by_surrogate(layout, STARTS),
    "the same without noise": quiet,
    "the same without drive": lambda layout: trained_by_surrogate(layout, STARTS, CONTROL),
    "ideal, uniform disorder": lambda layout: ideal(layout, SHARE),
    "ideal, driven": lambda layout: ideal(layout, DRIVEN),
}
MEASURES: dict[str, Callable[[list[np.ndarray]], np.ndarray]] = {
    "mean margin": lambda every: np.array([m.mean() for m in every]),
    "weakest margin": lambda every: np.array([m.mean(axis=0).min() for m in every]),
    "each pattern's margin": lambda every: np.array([m.mean(axis=0) for m in every]),
    "share lowest": lambda every: np.array([(m > 0).mean() for m in every]),
}
"""What is ranked, of the margins (starts, patterns) of every layout; first axis: layouts."""
SHOWN, PATTERN = "unseen 14", 2
"""Layout and pattern whose order is drawn."""


def rank(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's coefficient; 0 where one side is constant."""
    a, b = (rankdata(v) - (np.size(v) + 1) / 2 for v in (np.ravel(x), np.ravel(y)))
    norm = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / norm) if norm else 0.0


def resampled(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`rank` over layouts drawn with replacement, the same ones in every call."""
    numbers = np.random.default_rng(1).integers(len(x), size=(DRAWS, len(x)))
    return np.array([rank(x[n], y[n]) for n in numbers])


def interval(values: np.ndarray) -> str:
    """The middle 95 %."""
    low, high = np.percentile(values, (2.5, 97.5))
    return f"({low:+.2f} to {high:+.2f})"


def ceiling(every: list[np.ndarray], measure: Callable, draws: int = 200) -> float:
    """Rank correlation that a perfect prediction of the means would have with so many starts.

    Square root of the reliability, from halves of the starts by Spearman and Brown's formula.
    """
    rng, found = np.random.default_rng(1), []
    for _ in range(draws):
        halves: tuple[list, list] = ([], [])
        for values in every:
            numbers = rng.permutation(len(values))
            for half, part in zip(halves, np.array_split(numbers, 2), strict=True):
                half.append(values[part])
        found.append(rank(measure(halves[0]), measure(halves[1])))
    half = max(float(np.mean(found)), 0.0)
    return float(np.sqrt(2 * half / (1 + half)))


def error(values: np.ndarray) -> float:
    """Standard error of the mean over starts of the mean over patterns."""
    return float(values.mean(axis=1).std(ddof=1) / np.sqrt(len(values)))


def print_layouts(layouts: list[Layout], every: dict[str, list[np.ndarray]]) -> None:
    """Mean margins, and how often the pattern is the lowest."""
    print_header("layout", "film (nm)", "contacts", "trainings", *MODELS, "lowest", "surrogate")
    for n, layout in enumerate(layouts):
        m = {name: values[n] for name, values in every.items()}
        sizes = " ".join(str(12 * size) for *_, size in layout.squares)
        film = " x ".join(str(6 * c) for c in layout.cells)
        trained, surrogate = m["trainings"], m["surrogate"]
        cells = [f"{100 * trained.mean():+.1f} ± {100 * error(trained):.1f}"]
        cells += [f"{100 * m[name].mean():+.1f}" for name in MODELS]
        cells += [f"{100 * (x > 0).mean():.0f} %" for x in (trained, surrogate)]
        print(f"| {layout.name} | {film} | {sizes} | {' | '.join(cells)} |")


def print_ranks(title: str, every: dict[str, list[np.ndarray]]) -> None:
    """Rank correlations of the models with the trainings."""
    trained = every["trainings"]
    print(f"\n{title}: {len(trained)} layouts\n")
    print_header("model", *MEASURES)
    drawn: dict[str, list[np.ndarray]] = {}
    values: dict[str, list[float]] = {}
    for name in MODELS:
        pairs = [(measure(every[name]), measure(trained)) for measure in MEASURES.values()]
        drawn[name] = [resampled(*pair) for pair in pairs]
        values[name] = [rank(*pair) for pair in pairs]
        cells = [f"{v:+.2f} {interval(d)}" for v, d in zip(values[name], drawn[name], strict=True)]
        print(f"| {name} | {' | '.join(cells)} |")
    for name in list(MODELS)[2:]:
        both = zip(values["surrogate"], values[name], strict=True)
        draws = zip(drawn["surrogate"], drawn[name], strict=True)
        cells = [
            f"{v - w:+.2f} {interval(d - e)}" for (v, w), (d, e) in zip(both, draws, strict=True)
        ]
        print(f"| surrogate less {name} | {' | '.join(cells)} |")
    cells = [f"{ceiling(trained, measure):+.2f}" for measure in MEASURES.values()]
    print(f"| highest possible | {' | '.join(cells)} |")


def print_pairs(conductances: dict[str, list[np.ndarray]]) -> None:
    """Changes of the conductances between all pairs of contacts."""
    print("\nchange of |G| of each pair of contacts, in units of the mean |G| of its layout\n")
    scale = [np.abs(g[:, :, 0]).mean() for g in conductances["trainings"]]

    def relative(name: str) -> list[np.ndarray]:
        together = zip(conductances[name], scale, strict=True)
        return [-changes(g).ravel() / s for g, s in together]

    trained = relative("trainings")
    rng = np.random.default_rng(1)
    draws = rng.integers(len(trained), size=(DRAWS, len(trained)))
    print_header("model", "rank correlation of all pairs", "median of the layouts", "slope")
    for name in MODELS:
        model = relative(name)
        both = [rank(x, y) for x, y in zip(model, trained, strict=True)]
        found = []
        for numbers in [np.arange(len(trained)), *draws]:
            x, y = (np.concatenate([part[n] for n in numbers]) for part in (model, trained))
            found.append(rank(x, y))
        x, y = np.concatenate(model), np.concatenate(trained)
        slope = (x @ y) / (x @ x)
        all_pairs = f"{found[0]:+.2f} {interval(np.array(found[1:]))}"
        print(f"| {name} | {all_pairs} | {np.median(both):+.2f} | {slope:.2f} |")


def print_untrained(conductances: dict[str, list[np.ndarray]]) -> None:
    """Mean and spread over starts of the untrained conductances, surrogate against trainings."""
    means, spreads = [], []
    for g, s in zip(conductances["trainings"], conductances["surrogate"], strict=True):
        first, second = np.triu_indices(g.shape[-1], 1)
        both = [x[:, 0, 0, first, second] for x in (s, g)]
        mean = [x.mean(axis=0).sum() for x in both]
        spread = [np.sqrt(x.var(axis=0, ddof=1).mean()) for x in both]
        means.append(mean[0] / mean[1])
        spreads.append(spread[0] / spread[1])
    print("\nuntrained films, surrogate / trainings: median of the layouts, smallest, largest")
    for name, values in (("mean conductance", means), ("its spread over starts", spreads)):
        print(f"{name}: {np.median(values):.2f}, {min(values):.2f}, {max(values):.2f}")


def order_by_current(known: list[Case], edges: np.ndarray) -> np.ndarray:
    """Order across the current that trainings and model gained; shape (bins, 3).

    Per bin of the averaged current density: its mean (A/m2), the order of the trainings and that of
    the model, both projected on the averaged direction of the current.
    """
    sums = np.zeros((len(edges) - 1, 4))
    cell = EDGE / 2
    for case in known:
        x, y = case.j
        width = FILM_CONSTANTS.length / cell
        square, along, slanted = (
            block_means(gaussian_filter(part, width, mode="nearest"), 2)
            for part in (x * x + y * y, x * x - y * y, 2 * x * y)
        )
        axis = -(along + 1j * slanted) / square
        size = np.sqrt(square)
        gained, kept = case.predicted(FILM_CONSTANTS, cell)
        trained = ((case.after - kept * case.before).mean(axis=0) * axis.conj()).real
        model = (gained * axis.conj()).real
        place = np.digitize(size, edges) - 1
        for k in range(len(sums)):
            here = place == k
            weight = (np.abs(axis[here]) ** 2).sum()
            sums[k] += (
                weight,
                (size[here] * np.abs(axis[here]) ** 2).sum(),
                *(part[here].sum() for part in (trained, model)),
            )
    return sums[:, 1:] / sums[:, :1]


def draw_order(axes: Axes, layout: Layout, q: np.ndarray, title: str) -> Quiver:
    """Lines along the stripes, their length the order, every 24 nm."""
    film = layout.device.film
    ny, nx = q.shape
    step = 1e9 * film.lengths[0] / nx
    x, y = np.meshgrid((np.arange(nx) + 0.5) * step, (np.arange(ny) + 0.5) * step)
    size, angle = np.abs(q), np.angle(q) / 2
    lines = axes.quiver(
        x, y, size * np.cos(angle), size * np.sin(angle), size,
        pivot="mid", headwidth=0, headlength=0, headaxislength=0, angles="xy",
        scale=0.4 / step, scale_units="xy", width=0.009, cmap="viridis", clim=(0, 0.35),
    )  # fmt: skip
    draw_contacts(axes, film, layout.contacts, layout.patterns[PATTERN])
    axes.set(aspect="equal", xlim=(0, nx * step), ylim=(0, ny * step), xticks=[], yticks=[])
    axes.set_title(title, fontsize=7)
    # A frame outside of the film: its own lines would show only between the contacts.
    axes.spines[:].set_visible(False)
    frame = Rectangle((0, 0), nx * step, ny * step, fill=False, linewidth=0.8, zorder=0)
    axes.add_patch(frame).set_clip_on(False)
    return lines


def draw_ranks(
    axes: Axes, layouts: list[Layout], every: dict[str, list[np.ndarray]], name: str
) -> None:
    """Mean margins of all layouts, trainings against a model."""
    trained = every["trainings"]
    y = np.array([m.mean() for m in trained])
    errors = np.array([error(m) for m in trained])
    four = np.array([len(layout.squares) == 4 for layout in layouts])
    model = np.array([m.mean() for m in every[name]])
    for chosen, color, label in ((four, TRAINED, "4 contacts"), (~four, OTHER, "5 and 6")):
        axes.errorbar(
            100 * model[chosen], 100 * y[chosen], yerr=100 * errors[chosen],
            fmt="o", color=color, markersize=3, linewidth=0.7, label=label,
        )  # fmt: skip
    axes.axhline(0, color="0.8", zorder=0)
    axes.axvline(0, color="0.8", zorder=0)
    axes.set_title(f"margins: rank correlation {rank(model, y):+.2f}", fontsize=8)
    axes.set(xlabel=f"{name} (%)", ylabel="trainings (%)")


@in_style
def draw(
    folder: Path, known: list[Case], layouts: list[Layout], every: dict, conductances: dict
) -> None:
    figure = new_figure(7.2, 4.5)
    panels = figure.subplots(2, 3)
    shown = next((x for x in layouts if x.name == SHOWN), layouts[0])
    moments = read(folder / "unseen", shown)["moments"][:, PATTERN]
    trained = smoothed(order(moments[:, 1]).mean(axis=0))
    film = Surrogate(shown.device, FILM_CONSTANTS)
    voltages = VOLTAGE * signs(shown.patterns[PATTERN])
    q, _ = film.trained(np.zeros(film.shape, complex), voltages, TIME, STEPS, None)
    model = smoothed(block_means(q, 2))
    title = f"{shown.name}, {{{shown.patterns[PATTERN]}}}: "
    draw_order(panels[0, 0], shown, trained, title + "trainings")
    lines = draw_order(panels[0, 1], shown, model, title + "surrogate")
    figure.colorbar(lines, ax=panels[0, :2], label="order |q|", shrink=0.8, aspect=12, pad=0.02)
    edges = np.array([0.2, 0.5, 0.8, 1.1, 1.5, 2, 2.5, 3.2, 4, 5.5]) * J0
    bins = order_by_current(known, edges)
    axes = panels[0, 2]
    axes.plot(bins[:, 0] / J0, bins[:, 1], "o", color=TRAINED, markersize=4, label="trainings")
    axes.plot(bins[:, 0] / J0, bins[:, 2], color="k", label="surrogate")
    axes.set(xlabel="current density (10$^{12}$ A/m$^2$)", ylabel="order across the current")
    axes.set_ylim(0, 0.27)
    axes.legend(loc="lower right")
    draw_ranks(panels[1, 0], layouts, every, "surrogate")
    panels[1, 0].legend(loc="upper left")
    draw_ranks(panels[1, 1], layouts, every, "ideal, driven")
    axes = panels[1, 2]
    for g, s in zip(conductances["trainings"], conductances["surrogate"], strict=True):
        scale = np.abs(g[:, :, 0]).mean()
        axes.plot(-changes(s).ravel() / scale, -changes(g).ravel() / scale, ".", markersize=2.5,
                  color=TRAINED if g.shape[-1] == 4 else OTHER)  # fmt: skip
    axes.axline((0, 0), slope=1, color="0.6", linewidth=0.7)
    axes.set(xlabel="surrogate", ylabel="trainings")
    axes.set_title("change of |G$_{ij}$| / mean |G|", fontsize=8)
    save(figure, HERE / "surrogate.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of `trainings`")
    folder = parser.parse_args().folder
    layouts = [x for x in UNSEEN if file_of(folder / "unseen", x).exists()]
    if len(layouts) < LEAST:
        raise SystemExit(
            f"{folder / 'unseen'}: trainings of {len(layouts)} layouts, ranks need {LEAST}; "
            "docs.studies.surrogate.trainings makes them"
        )
    known = cases(folder / "fitted", FITTED)
    conductances = {"trainings": [trained_by_micromagnetics(folder / "unseen", x) for x in layouts]}
    for name, model in MODELS.items():
        clock = time.process_time()
        conductances[name] = [model(layout) for layout in layouts]
        print(f"{name}: {(time.process_time() - clock) / len(layouts):.2f} s for each layout")
    cost = sum(float(read(folder / "unseen", x)["cost"]) for x in layouts)
    print(f"trainings: {cost / len(layouts):.0f} s for each layout\n")
    every = {
        name: [margins(g, x.patterns) for g, x in zip(values, layouts, strict=True)]
        for name, values in conductances.items()
    }
    print_layouts(layouts, every)
    print_ranks("all", every)
    four = [n for n, layout in enumerate(layouts) if len(layout.squares) == 4]
    print_ranks("four contacts", {k: [v[n] for n in four] for k, v in every.items()})
    print_pairs(conductances)
    print_untrained(conductances)
    draw(folder, known, layouts, every, conductances)


if __name__ == "__main__":
    main()
