"""How reliably stacks of films learn all three patterns, and against which reference.

    python -m docs.studies.reliable_learning.analysis FILE.npz

takes what `docs.studies.reliable_learning.trainings` has written, or the folders of campaigns such
as data/campaigns/reliable.toml, or both, prints the tables of the page and draws
reliable_learning.png (the paper's Fig. 2 for stacks) and films.png beside this file. The first
films were used to choose the reference; the tables are of the others.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np

from docs.studies.reliable_learning.film import FastFilm
from docs.studies.reliable_learning.readout import (
    FACTOR,
    Films,
    Reference,
    deficits,
    in_order,
    mean_of_four,
    mean_untrained,
    own,
    random_share,
    resampled,
    scaled,
    succeeded,
    twin,
    wilson,
)
from docs.studies.reliable_learning.trainings import described
from docs.studies.shared import mean_and_error, print_header
from orchestrator.learning.hopfield import all_patterns, energy, is_trivial, signs, trained_patterns
from orchestrator.plotting.contacts import draw_contacts, draw_pictogram
from orchestrator.plotting.fields import current_norm, draw_current, draw_texture
from orchestrator.plotting.style import OTHER, TRAINED, new_figure, save

HERE = Path(__file__).parent
SIZES = (1, 2, 4, 8, 12, 16, 24, 36, 48)
DEVICE = 24
"""Films of the device."""
CHOSEN_ON = 131
"""Films on which the factor of the reference and the rule of the recall were chosen."""
LEAST = CHOSEN_ON + 2 * DEVICE
"""Films for the tables: those, a device and another one as its reference."""
FACTORS = (1.0, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06)
REFERENCES: dict[str, Reference] = {
    "own": own(),
    "1.04 own": own(1.04),
    "1.04 another untrained stack": twin(1.04),
    "1.04 mean of four untrained": mean_of_four(1.04),
    "1.04 mean untrained": mean_untrained(1.04),
    **{f"{c:.2f} of saturated": scaled(c) for c in (0.80, 0.82, 0.84, 0.86)},
    "saturated": scaled(1.0),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--tables", action="store_true", help="draw nothing")
    arguments = parser.parse_args()
    every = Films.joined([Films.of(path) for path in arguments.files])
    if len(every) < LEAST:
        raise SystemExit(
            f"{len(every)} films; the tables need {LEAST}: {CHOSEN_ON} on which the reference was "
            f"chosen and two stacks of {DEVICE} others; `demo` takes any number"
        )
    choice_table(every[:CHOSEN_ON])
    films = every[CHOSEN_ON:]
    print(f"\n{len(films)} other films, reference {FACTOR:g} own")
    shares = sizes_table(films)
    reference_table(films)
    single_references(films)
    limits(films)
    if not arguments.tables:
        draw(films)
        draw_sizes(shares)


def choice_table(films: Films) -> None:
    """The films on which reference and rule were chosen: random stacks."""
    print(f"random stacks of {len(films)} films: all three lowest and recalled")
    print_header("films", "trivial inputs", *(f"{c:g} own" for c in FACTORS))
    for size, trivial in itertools.product((12, 24), (True, False)):
        shares = [random_share(films, size, own(c), trivial)[1] for c in FACTORS]
        rule = "allowed" if trivial else "left out"
        print(f"| {size} | {rule} | {' | '.join(f'{100 * s:.0f} %' for s in shares)} |")


def counted(low: np.ndarray, found: np.ndarray) -> list[str]:
    """How many have each pattern lowest, also recalled, and all three, with intervals."""
    n = len(low)
    cells = [f"{low[:, k].sum()}, {(low & found)[:, k].sum()} of {n}" for k in range(low.shape[1])]
    return cells + [wilson(int(x.all(axis=1).sum()), n) for x in (low, low & found)]


def sizes_table(films: Films) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Stacks that share no film, and shares of random stacks, for every number of films."""
    heads = [f"{{{p}}} lowest, recalled" for p in films.patterns]
    print_header(
        "films", *heads, "all three lowest", "and recalled", "random stacks: lowest", "both"
    )
    shares = {}
    for size in (size for size in SIZES if size <= len(films) // 2):
        low, found = succeeded(films.stacked(in_order(len(films), size)), own(FACTOR))
        shares[size] = resampled(films, size, own(FACTOR))
        random = [f"{100 * s:.1f} ± {100 * e:.1f} %" for s, e in zip(*shares[size], strict=True)]
        print(f"| {size} | {' | '.join([*counted(low, found), *random])} |")
    return shares


def reference_table(films: Films) -> None:
    """The device against every reference."""
    print(f"\nstacks of {DEVICE}")
    heads = [f"{{{p}}} lowest, recalled" for p in films.patterns]
    print_header("reference", *heads, "all three lowest", "and recalled", "random stacks: both")
    stacks = films.stacked(in_order(len(films), DEVICE))
    for name, reference in REFERENCES.items():
        low, found = succeeded(stacks, reference)
        shares, errors = resampled(films, DEVICE, reference)
        random = f"{100 * shares[1]:.1f} ± {100 * errors[1]:.1f} %"
        print(f"| {name} | {' | '.join([*counted(low, found), random])} |")


def single_references(films: Films) -> None:
    """Trainings of single films whose pattern is the lowest, against untrained references."""
    kinds = {"own": own(), "mean of four": mean_of_four(1.0), "mean of all": mean_untrained(1.0)}
    lows = {name: succeeded(films, reference)[0] for name, reference in kinds.items()}
    print(
        f"\nsingle films: lowest of {lows['own'].size} trainings, all three lowest of {len(films)}"
    )
    for name, low in lows.items():
        print(f"{name}: {low.sum()}, {low.all(axis=1).sum()}")


def limits(films: Films) -> None:
    """What {+-+-} would need against the saturated film, and what training does."""
    k = films.patterns.index("+-+-")
    neighbors, diagonals = deficits(films.after[:, k] - films.saturated)
    before = np.divide(*deficits(films.before[:, k] - films.saturated))
    ratio = neighbors / diagonals
    print("\nG' against the saturated film, sum over neighbors / sum over diagonals (needed: < 1)")
    print(f"before: {mean_and_error(before)}, smallest {before.min():.2f}")
    print(f"after:  {mean_and_error(ratio)}, smallest {ratio.min():.2f} of {len(films)} films")


def landscape(films: Films, pattern: int) -> tuple[list[str], np.ndarray]:
    """The inputs that drive a current, each for its inverse too, and E' of every stack in units of
    the power of the trained pattern in it.
    """
    every = all_patterns(films.before.shape[-1])
    names = [p for p in every if p[0] == "+" and not is_trivial(p)]
    inputs = np.array([signs(p) for p in names], float)
    energies = energy((films.after - own(FACTOR)(films))[:, pattern], inputs)
    power = -energy(films.before[:, pattern], inputs)[:, [names.index(films.patterns[pattern])]]
    return names, energies / power


def draw(films: Films) -> None:
    """The paper's Fig. 2: one film's textures and currents, and E' of stacks for all inputs."""
    experiment = described({})
    film, contacts, plan = experiment.film, experiment.contacts, experiment.training
    begin = experiment.start
    fast = FastFilm(experiment.device)
    start = fast.settled(begin.seed, begin.settle_time, begin.settle_alpha)
    stacks = films.stacked(in_order(len(films), DEVICE))
    figure = new_figure(7.2, 6.8)
    axes = figure.subplots(3, len(films.patterns), height_ratios=(1, 1, 0.9))
    textures = [fast.trained(start, plan, pattern)[0] for pattern in films.patterns]
    currents = [
        fast.network.solve(m).current_density(plan.amplitude * signs(pattern))[0]
        for m, pattern in zip(textures, films.patterns, strict=True)
    ]
    norm = current_norm(currents)
    for k, (pattern, m, j) in enumerate(zip(films.patterns, textures, currents, strict=True)):
        draw_texture(axes[0, k], m[0], film.lengths[:2])
        draw_contacts(axes[0, k], film, contacts, pattern)
        image = draw_current(axes[1, k], j, film.lengths[:2], norm, film=film, contacts=contacts)
        axes[0, k].set_title(f"a film trained with {{{pattern}}}", fontsize=8)
        axes[0, k].set_xlabel("")
        names, energies = landscape(stacks, k)
        colors = [TRAINED if p in trained_patterns(pattern) else OTHER for p in names]
        panel = axes[2, k]
        panel.sharey(axes[2, 0])
        panel.bar(range(len(names)), 100 * energies.mean(axis=0), color=colors)
        for x, values in enumerate(100 * energies.T):
            panel.plot(np.full(len(values), x), values, ".", color="k", markersize=2)
            draw_pictogram(panel, film, contacts, names[x], (x, -4.0), 11.5)
        panel.axhline(0, color="k", linewidth=0.6)
        panel.set_xticks([])
        panel.set_title(f"E' of {len(stacks)} stacks of {DEVICE}", fontsize=8)
    bar = figure.colorbar(image, ax=axes[1].tolist(), shrink=0.9, aspect=14, pad=0.02)
    bar.set_label("current density (A/m$^2$)")
    axes[2, 0].set_ylabel("E' / power of the pattern (%)")
    save(figure, HERE / "reliable_learning.png")


def draw_sizes(shares: dict[int, tuple[np.ndarray, np.ndarray]]) -> None:
    """Share of stacks that learn all three patterns against the number of films."""
    figure = new_figure(3.6, 2.7)
    panel = figure.subplots()
    sizes = list(shares)
    for k, label in enumerate(("all three lowest", "and recalled from everywhere")):
        value = np.array([100 * shares[size][0][k] for size in sizes])
        error = np.array([100 * shares[size][1][k] for size in sizes])
        panel.errorbar(sizes, value, yerr=error, fmt="o-", markersize=3, label=label)
    panel.axhline(95, color="0.6", linestyle=":")
    panel.set(xlabel="films in a stack", ylabel="stacks (%)", ylim=(0, 103))
    panel.legend(loc="lower right")
    save(figure, HERE / "films.png")


if __name__ == "__main__":
    main()
