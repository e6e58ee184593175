"""Micromagnetic trainings of the layouts, from independent starts each.

    python -m docs.studies.surrogate.trainings FOLDER fitted
    python -m docs.studies.surrogate.trainings FOLDER unseen

writes a file for each layout, with the conductances before and after each training and block means
of the texture; of the fitted layouts also those of every pulse. It goes on where it was stopped;
files of layouts that are there stay, with the starts that they have.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from docs.studies.reliable_learning.film import FastFilm
from docs.studies.reliable_learning.saved import label_of, save, settings_of
from docs.studies.reliable_learning.trainings import varied
from docs.studies.surrogate.layouts import FITTED, FOUND, UNSEEN, Layout
from orchestrator.learning.hopfield import signs

BLOCK = 4
"""Edge of a block in cells; 24 nm."""
TIME, VOLTAGE = 16e-9, 0.05
"""Of the trainings of reliable.toml, s and V."""
SETS = {"fitted": (FITTED, 10_000), "unseen": (UNSEEN, 20_000), "found": (FOUND, 30_000)}
"""Layouts, and the seed of the first start of the first layout; 100 for each layout."""


def file_of(folder: Path, layout: Layout) -> Path:
    """Where the trainings of a layout are."""
    return folder / f"{layout.name.replace(' ', '_')}.npz"


def read(folder: Path, layout: Layout) -> dict[str, np.ndarray]:
    """The trainings of a layout; ends the program if there are none."""
    if not (file := file_of(folder, layout)).exists():
        raise SystemExit(f"{file}: no such file; docs.studies.surrogate.trainings makes it")
    with np.load(file) as content:
        return dict(content)


def settings(layout: Layout) -> dict[str, object]:
    """What its films share."""
    base, device = varied({}), layout.device
    plan = replace(base.training, patterns=layout.patterns)
    return settings_of(replace(base, film=device.film, contacts=device.contacts, training=plan))


def block_means(field: np.ndarray, edge: int = BLOCK) -> np.ndarray:
    """Means over blocks of the last two axes."""
    *others, ny, nx = field.shape
    parts = field.reshape(*others, ny // edge, edge, nx // edge, edge)
    return parts.mean(axis=(-3, -1))


def second_moments(m: np.ndarray) -> np.ndarray:
    """Block means of mx mx, my my, mx my of a texture (1, ny, nx, 3); shape (3, by, bx)."""
    x, y = m[0, ..., 0], m[0, ..., 1]
    return block_means(np.stack([x * x, y * y, x * y]))


def trained(layout: Layout, seeds: list[int], every: bool) -> dict[str, np.ndarray]:
    """All patterns from each seed; first axes (seeds, patterns), with `every` also pulses."""
    plan, begin = varied({}).training, varied({}).start
    film = FastFilm(layout.device)
    g, moments, currents = [], [], []
    clock = time.process_time()
    for seed in seeds:
        start = film.settled(seed, begin.settle_time, begin.settle_alpha)
        for pattern in layout.patterns:
            voltages = plan.amplitude * signs(pattern)
            m, conductance, moment, current = start, [], [], []
            for _ in range(plan.pulses):
                state = film.network.solve(m)
                j = state.current_density(voltages)
                conductance.append(state.conductance)
                moment.append(second_moments(m))
                current.append(block_means(j[0, ..., :2].transpose(2, 0, 1)))
                m = film.run(m, j, plan.pulse_length)
            moment.append(second_moments(m))
            m = film.run(m, None, plan.relax_time)
            moment.append(second_moments(m))
            conductance.append(film.network.solve(m).conductance)
            kept = slice(None) if every else [0, -1]
            g.append(np.array(conductance)[kept])
            moments.append(np.array(moment, np.float32)[kept])
            currents.append(np.array(current, np.float32)[slice(None) if every else [0]])
    values = {"conductance": g, "moments": moments, "currents": currents}
    shape = (len(seeds), len(layout.patterns))
    arrays = {k: np.array(v).reshape(*shape, *v[0].shape) for k, v in values.items()}
    return arrays | {"seeds": np.array(seeds), "cost": np.array(time.process_time() - clock)}


def train(layouts: tuple[Layout, ...], folder: Path, starts: int, first: int, every: bool) -> None:
    """A file for each layout, those that are there left as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, layout in enumerate(layouts):
        file = file_of(folder, layout)
        seeds = [first + 100 * k + s for s in range(starts)]
        label = label_of(file, settings(layout), seeds)
        if file.exists():
            print(f"{layout.name}: there, {len(read(folder, layout)['seeds'])} starts")
            continue
        arrays = trained(layout, seeds, every) | label
        save(file, arrays, compressed=True)
        print(f"{layout.name}: {float(arrays['cost']):.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("layouts", choices=list(SETS))
    parser.add_argument("--starts", type=int, default=6)
    parser.add_argument("--count", type=int, help="only so many layouts, the first ones")
    arguments = parser.parse_args()
    layouts, first = SETS[arguments.layouts]
    folder = arguments.folder / arguments.layouts
    every = arguments.layouts == "fitted"
    train(layouts[: arguments.count], folder, arguments.starts, first, every)


if __name__ == "__main__":
    main()
