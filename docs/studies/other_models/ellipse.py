"""The ellipse of BORIS's article: its resistance in a field between two leads.

    python -m docs.studies.other_models.ellipse [loops] [rim]

prints the tables of the ellipse and draws ellipse.png beside this file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from orchestrator.describe.areas import Box
from orchestrator.describe.contacts import FaceContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Region, Resistivity
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.plotting.style import new_figure, save
from orchestrator.transport.network import Network

HERE = Path(__file__).parent
PERMALLOY = "Msat = 8e5\nAex = 1.3e-11\n"
LENGTH, WIDTH = 320e-9, 160e-9
EXTENSION, FOOTHOLD = 100e-9, 30e-9
MAGNET = Resistivity(rho_par=1.02 / 7e6, rho_perp=1 / 7e6)
RUTHENIUM = 1 / 1.5e6

PUBLISHED_AT_REST = 218.268
"""R in ohm without field, read from Fig. 7(b) of the article to 0.0015 ohm, like the rest here."""
PUBLISHED = {
    1: {600: 218.267, 395: 218.268, 102: 218.268, 60: 218.268},
    31: {600: 218.126, 395: 218.131, 186: 218.147, 102: 218.168, 60: 218.192, 41: 218.211},
    61: {600: 217.845, 395: 217.850, 186: 217.870, 102: 217.908, 60: 217.971, 41: 218.037},
    91: {600: 217.708, 395: 217.709, 186: 217.718, 102: 217.733, 60: 217.756, 41: 217.777},
}
"""R in ohm at fields in kA/m, of the branches of falling fields, at angles in degrees."""
PUBLISHED_SWITCHING = {1: 28, 31: 18, 61: 18, 91: None}
"""Field in kA/m of the jump of R, to 2 kA/m."""


def ellipse_network(h: float = 5e-9) -> Network:
    """The ellipse, 10 nm thick, and on it contacts of ruthenium, 5 nm thick, in cells of h."""
    total = LENGTH + 2 * EXTENSION
    cells = (round(total / h), round(WIDTH / h), round(15e-9 / h))
    film = Film(cells, (h, h, h), pbc=(0, 0, 0))
    regions = tuple(
        Region(name, Box((a, 0.0, 10e-9), (b, WIDTH, 15e-9)), "metal", rho=RUTHENIUM)
        for name, a, b in (
            ("left lead", 0.0, EXTENSION + FOOTHOLD),
            ("right lead", total - EXTENSION - FOOTHOLD, total),
        )
    )
    contacts = (FaceContact("left", "x-"), FaceContact("right", "x+"))
    return Network(film, MAGNET, contacts, regions=regions)


def in_leads(m: np.ndarray, h: float = 5e-9) -> np.ndarray:
    """m of the ellipse in cells of 5 nm, shape (1, 32, 64, 3), in the film of `ellipse_network`."""
    k = round(5e-9 / h)
    m = np.repeat(np.repeat(m, k, axis=1), k, axis=2)
    wide = np.zeros((3 * k, m.shape[1], m.shape[2] + 2 * round(EXTENSION / h), 3))
    start = round(EXTENSION / h)
    wide[: 2 * k, :, start : start + m.shape[2]] = m
    return wide


def ellipse_mask(rim: str = "center") -> np.ndarray:
    """Cells of 5 nm in the ellipse: by their center, or with all corners or any corner inside."""
    y, x = np.mgrid[0:32, 0:64] * 5e-9
    half = np.array([2.5e-9]) if rim == "center" else np.array([0.0, 5e-9])
    inside = np.array(
        [
            ((x + a) / (LENGTH / 2) - 1) ** 2 + ((y + b) / (WIDTH / 2) - 1) ** 2 < 1
            for a in half
            for b in half
        ]
    )
    return inside.any(axis=0) if rim == "any corner" else inside.all(axis=0)


def uniform_ellipse(direction: tuple[int, int, int], rim: str = "center") -> np.ndarray:
    """m of the ellipse in one direction, shape (1, 32, 64, 3)."""
    return ellipse_mask(rim)[None, :, :, None] * np.array(direction, float)


def loop(direction: float, fields: np.ndarray) -> list[np.ndarray]:
    """Textures of the ellipse along a sweep of the field (A/m) in a direction (degrees)."""
    mu0 = 4e-7 * np.pi
    x, y = np.cos(np.radians(direction)), np.sin(np.radians(direction))
    setup = (
        "SetGridSize(64,32,1)\nSetCellSize(5e-9,5e-9,10e-9)\n"
        f"SetGeom(ellipse({LENGTH},{WIDTH}))\n{PERMALLOY}alpha = 0.5\n"
    )
    textures = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = np.zeros((1, 32, 64, 3), np.float32)
        start[...] = (x, y, 0)
        write_ovf(folder / "m.ovf", start, (5e-9, 5e-9, 10e-9))
        session = CpuEngine(1).start(setup, folder, "m.ovf")
        for h in fields:
            b = mu0 * h
            block = f'B_ext = vector({b * x},{b * y},0)\nRelax()\nSaveAs(m, "next")\nFlush()\n'
            session.execute(block, "next.ovf")
            m = read_ovf(folder / "next.ovf").data.astype(float)
            norm = np.linalg.norm(m, axis=-1, keepdims=True)
            textures.append(np.divide(m, norm, out=np.zeros_like(m), where=norm > 0))
        session.close()
    return textures


def study_ellipse() -> None:
    network = ellipse_network()
    coarse = np.array([600, 395, 186, 102, 60, 41, 35, 30, 25, 20, 15, 10, 5, 0]) * 1e3
    fine = np.concatenate([np.arange(-5, -45, -2), [-50, -60, -102, -186, -600]]) * 1e3
    fields = np.concatenate([coarse, fine])
    figure = new_figure(6.4, 4.4)
    axes = figure.subplots()
    textures = {angle: loop(angle, fields) for angle in PUBLISHED}
    r = {
        angle: np.array([network.solve(in_leads(m)).resistance("left", "right") for m in states])
        for angle, states in textures.items()
    }
    at_rest = r[1][fields == 0][0]
    swing, published_swing = at_rest - r[91][0], PUBLISHED_AT_REST - PUBLISHED[91][600]
    print(f"R at rest {at_rest:.3f} (published {PUBLISHED_AT_REST}) ohm")
    print(f"swing {swing:.4f} (published {published_swing:.4f}) ohm")
    print("| field at | (R(0) - R)/swing at kA/m: here / published | jump at (kA/m) | its size |")
    differences = []
    for angle, values in r.items():
        cells = []
        for field, published in PUBLISHED[angle].items():
            ours = (at_rest - values[fields == 1e3 * field][0]) / swing
            theirs = (PUBLISHED_AT_REST - published) / published_swing
            differences.append(ours - theirs)
            cells.append(f"{field}: {ours:.3f} / {theirs:.3f}")
        steps = np.diff(values)
        jump = int(np.where(fields[1:] < 0, np.abs(steps), 0).argmax())
        print(
            f"| {angle} deg | {', '.join(cells)} | {fields[jump] / 1e3:.0f} to "
            f"{fields[jump + 1] / 1e3:.0f} (published {PUBLISHED_SWITCHING[angle]}) | "
            f"{steps[jump] / swing:+.3f} |"
        )
        line = axes.plot(fields / 1e3, (values - at_rest) / swing, "-", label=f"{angle} deg")[0]
        axes.plot(
            [f for f in PUBLISHED[angle]],
            [(p - PUBLISHED_AT_REST) / published_swing for p in PUBLISHED[angle].values()],
            "o",
            ms=4,
            color=line.get_color(),
        )
    print(
        f"differences: rms {np.sqrt(np.mean(np.square(differences))):.4f}, "
        f"largest {np.abs(differences).max():.4f}"
    )
    axes.set(xlabel="H (kA/m)", ylabel="(R - R(0))/swing", xlim=(-200, 610))
    axes.legend(title="field to current; dots: published")
    save(figure, HERE / "ellipse.png")


def study_rim() -> None:
    """R of the saturated ellipse against the cells of transport and the choice of rim cells."""
    print("| rim cells | cells of transport (nm) | R along (ohm) | R across | difference |")
    for rim, h in (
        ("center", 5e-9),
        ("center", 2.5e-9),
        ("all corners", 2.5e-9),
        ("any corner", 2.5e-9),
    ):
        network = ellipse_network(h)
        along, across = (
            network.solve(in_leads(uniform_ellipse(d, rim), h)).resistance("left", "right")
            for d in ((1, 0, 0), (0, 1, 0))
        )
        print(f"| {rim} | {1e9 * h:g} | {along:.2f} | {across:.2f} | {along - across:.4f} |")


def main() -> None:
    studies = {"loops": study_ellipse, "rim": study_rim}
    for name in sys.argv[1:] or studies:
        studies[name]()


if __name__ == "__main__":
    main()
