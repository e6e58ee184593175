"""Which patterns can a layout of contacts hold? Tolerated disorder of ideal textures.

    python docs/studies/contact_layouts.py

prints two tables and draws contact_layouts.png beside this file.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import differential_evolution

from orchestrator.device import CornerContact, DiscContact, Film
from orchestrator.experiment import Experiment
from orchestrator.learning.ideal import IdealTextures
from orchestrator.plotting.style import new_figure, save

HERE = Path(__file__).parent
EXPERIMENT = Experiment.from_toml(HERE.parents[1] / "data" / "experiments" / "hopfield4.toml")
PATTERNS = ("+-+-", "+--+", "++-+")
ALONG = 0.44
"""Mean square of m along the stripes, from 0.789 sigma_perp of eight untrained mazes."""


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


def measure(contacts, film: Film = EXPERIMENT.film) -> dict[str, list[float]]:
    """Tolerated disorder of the patterns under both references."""
    ideal = IdealTextures(film, contacts, EXPERIMENT.resistivity, ALONG)
    return {
        reference: [ideal.tolerated_disorder(p, reference) for p in PATTERNS]
        for reference in ("saturated", "untrained")
    }


def print_row(label: str, found: dict[str, list[float]]) -> None:
    cells = [f"{value:.2f}" for reference in found.values() for value in reference]
    print(f"| {label} | " + " | ".join(cells) + " |", flush=True)


def best_discs() -> tuple[np.ndarray, float]:
    """Disc contacts whose weakest pattern tolerates most disorder (saturated reference)."""
    film = Film((40, 40, 1), (10e-9, 10e-9, 1e-6))

    def weakness(x: np.ndarray) -> float:
        contacts = disc_contacts(x[0], x[1], x[2])
        ideal = IdealTextures(film, contacts, EXPERIMENT.resistivity, ALONG)
        margins = [ideal.margin(p, 0.3, "saturated") for p in PATTERNS]
        return -min(margins)

    bounds = [(80e-9, 180e-9), (15e-9, 45e-9), (0.0, np.pi / 4)]
    found = differential_evolution(weakness, bounds, seed=1, maxiter=12, popsize=6, tol=1e-3)
    return found.x, -found.fun


def main() -> None:
    head = " | ".join(f"{p} {r}" for r in ("saturated", "untrained") for p in PATTERNS)
    print(f"| layout | {head} |\n|---|" + "---|" * 6)
    sizes = np.array([8, 16, 24, 32, 48, 64, 80, 100, 120, 140]) * 1e-9
    rows = [measure(corner_contacts(size)) for size in sizes]
    for size, row in zip(sizes, rows, strict=True):
        print_row(f"corners {1e9 * size:.0f} nm", row)
    for offset in (80e-9, 120e-9, 160e-9):
        for turn in (0.0, np.pi / 4):
            label = f"discs of 24 nm at {1e9 * offset:.0f} nm, turned by {np.degrees(turn):.0f} deg"
            print_row(label, measure(disc_contacts(offset, 24e-9, turn)))
    x, margin = best_discs()
    print_row(
        f"optimized discs: radius {1e9 * x[1]:.0f} nm at {1e9 * x[0]:.0f} nm, "
        f"turned by {np.degrees(x[2]):.0f} deg (margin {margin:+.3f} at disorder 0.3)",
        measure(disc_contacts(*x)),
    )
    figure = new_figure(9, 3.6)
    for axes, reference in zip(figure.subplots(1, 2), ("saturated", "untrained"), strict=True):
        for k, pattern in enumerate(PATTERNS):
            tolerated = [row[reference][k] for row in rows]
            axes.plot(1e9 * sizes, tolerated, "o-", label=f"{{{pattern}}}")
        axes.set(
            title=f"reference {reference}", xlabel="edge of the corner contacts (nm)",
            ylabel="tolerated disorder", ylim=(-0.05, 1.05),
        )  # fmt: skip
        axes.legend()
    save(figure, HERE / "contact_layouts.png")


if __name__ == "__main__":
    main()
