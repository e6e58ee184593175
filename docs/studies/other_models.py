"""The model against models of others: an annulus as a memristor, a vortex disk, an ellipse.

    python docs/studies/other_models.py [annulus] [disk] [ellipse]

prints the tables of other_models.md and draws other_models_*.png beside this file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from orchestrator.areas import Box, Rectangle
from orchestrator.contacts import FaceContact, RectangleContact
from orchestrator.device import Film, Region, Resistivity
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.mx3.ovf import read_ovf, write_ovf
from orchestrator.plotting.style import draw_current, new_figure, save
from orchestrator.transport.fields import gradient_product
from orchestrator.transport.network import Network
from orchestrator.transport.scalar_model import solve_scalar_model

HERE = Path(__file__).parent
MU_B_OVER_E = 5.7883818e-5
"""Bohr magneton over elementary charge, A m2 / C."""
PERMALLOY = "Msat = 8e5\nAex = 1.3e-11\n"


# An annulus with a cut: current goes once around.

INNER, OUTER, THICKNESS, CELL = 90e-9, 120e-9, 10e-9, 2.5e-9
POLARIZATION, XI = 0.5, 0.1
RING_AMR = Resistivity(mean=2.5e-7, amr_ratio=0.02, amr_convention="mean")


def ring() -> tuple[Film, np.ndarray, np.ndarray, np.ndarray]:
    """Film, mask, and the unit vectors along the radius and around, at the cells."""
    n = 2 * round(OUTER / CELL) + 2
    film = Film((n, n, 1), (CELL, CELL, THICKNESS))
    x, y, _ = film.cell_coordinates()
    middle = film.lengths[0] / 2
    x, y = np.broadcast_arrays(x - middle, y - middle)
    r = np.hypot(x, y)
    inside = (r > INNER) & (r < OUTER)
    radial = np.stack([x / r, y / r, np.zeros_like(r)], axis=-1)
    around = np.stack([-y / r, x / r, np.zeros_like(r)], axis=-1)
    return film, inside, radial, around


def ring_texture(angle: float) -> np.ndarray:
    """m at a constant angle to the direction around the ring; it winds once."""
    _, inside, radial, around = ring()
    return (np.cos(angle) * around + np.sin(angle) * radial) * inside[..., None]


def ring_network() -> Network:
    """The ring with a cut of one row of cells along +x, that does not conduct."""
    film = ring()[0]
    middle = film.lengths[0] / 2
    x = (middle + INNER - CELL, middle + OUTER + CELL)
    low, high = middle, middle + CELL
    cut = Region("cut", Rectangle((x[0], low), (x[1], high)), "vacuum")
    contacts = (
        RectangleContact("start", (x[0], high), (x[1], high)),
        RectangleContact("end", (x[0], low), (x[1], low)),
    )
    return Network(film, RING_AMR, contacts, regions=(cut,))


def ring_resistance(angle: float) -> float:
    """Exact resistance but for the cut's ends, ohm: E and j go around, j falls as 1/r."""
    rho = RING_AMR.perpendicular
    rho += (RING_AMR.parallel - RING_AMR.perpendicular) * np.cos(angle) ** 2
    middle = (INNER + OUTER) / 2
    length = 2 * np.pi - CELL / middle
    return rho * length / (THICKNESS * np.log(OUTER / INNER))


def angle_per_charge() -> float:
    """Turning of m in the ring's frame per charge, 1/C, for xi = alpha.

    The torque moves m by u . grad m with u = mu_B P j / (e Ms (1 + xi^2)); on a texture that winds
    once this turns m by u/r. Exchange makes the ring turn as one, by the mean over its area.
    """
    area = (OUTER**2 - INNER**2) / 2
    return MU_B_OVER_E * POLARIZATION / (8e5 * (1 + XI**2) * THICKNESS * area)


def angle_per_charge_on_grid(*, whole: bool) -> float:
    """The same from the mean torque on the grid, with mumax3's central differences.

    A missing neighbor counts as equal to the cell, which halves the gradient at an edge; `whole`
    takes the one-sided difference there instead.
    """
    _, inside, radial, _ = ring()
    m, mask = ring_texture(0.0)[0], inside[0]
    drive = ring_network().solve(m[None]).drive({"end": 0.0}, {"start": 1.0})
    moved = np.zeros_like(m)
    for component, axis in enumerate((1, 0)):
        after, before = np.roll(mask, -1, axis), np.roll(mask, 1, axis)
        upper = np.where(after[..., None], np.roll(m, -1, axis), m)
        lower = np.where(before[..., None], np.roll(m, 1, axis), m)
        factor = np.where(whole & (after != before), 2.0, 1.0)[..., None]
        j = drive.current_density[0, ..., component, None]
        moved += factor * j * (upper - lower) / (2 * CELL)
    turning = np.abs((moved * radial[0]).sum(axis=-1)[mask].mean())
    return MU_B_OVER_E * POLARIZATION / (8e5 * (1 + XI**2)) * float(turning)


def drive_ring(current: float, pulses: int, pulse: float) -> tuple[np.ndarray, np.ndarray]:
    """Charge (C) and resistance (ohm) at each pulse: current on, then reversed."""
    film, inside, _, _ = ring()
    network = ring_network()
    nx, ny, nz = film.cells
    setup = (
        f"SetGridSize({nx},{ny},{nz})\nSetCellSize({CELL},{CELL},{THICKNESS})\n"
        f"SetGeom(circle({2 * OUTER}).sub(circle({2 * INNER})))\n"
        f"EnableDemag = false\n{PERMALLOY}Ku1 = -1e5\nAnisU = vector(0,0,1)\n"
        f"alpha = {XI}\nxi = {XI}\nPol = {POLARIZATION}\n"
    )
    charges, resistances, q = [], [], 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        m = ring_texture(0.0)
        write_ovf(folder / "m.ovf", m.astype(np.float32), film.cell_size)
        session = CpuEngine(1).start(setup, folder, "m.ovf")
        for n in range(pulses + 1):
            m = m / np.where(inside, np.linalg.norm(m, axis=-1), 1)[..., None]
            state = network.solve(m)
            charges.append(q)
            resistances.append(state.resistance("start", "end"))
            if n == pulses:
                break
            sign = 1 if n < pulses / 2 else -1
            j = state.drive({"end": 0.0}, {"start": sign * current}).current_density
            write_ovf(folder / "j.ovf", j.astype(np.float32), film.cell_size)
            block = f'J.RemoveExtraTerms()\nJ.Add(LoadFile("j.ovf"), 1)\nRun({pulse})\n'
            session.execute(block + 'SaveAs(m, "next")\nFlush()\n', "next.ovf")
            m = read_ovf(folder / "next.ovf").data.astype(float)
            q += sign * current * pulse
        session.close()
    return np.array(charges), np.array(resistances)


def study_annulus() -> None:
    network = ring_network()
    print("| angle of m to the ring | solved R (ohm) | exact R (ohm) | ratio |")
    for degrees in (0, 30, 45, 60, 90):
        angle = np.radians(degrees)
        solved = network.solve(ring_texture(angle)).resistance("start", "end")
        exact = ring_resistance(angle)
        print(f"| {degrees} deg | {solved:.3f} | {exact:.3f} | {solved / exact:.4f} |")
    for whole, kind in ((False, "mumax3's gradients"), (True, "whole gradients at the edge")):
        ratio = angle_per_charge_on_grid(whole=whole) / angle_per_charge()
        print(f"turning on the grid with {kind}: {ratio:.4f} of the exact one")
    current = 4e11 * THICKNESS * (OUTER - INNER)
    q, r = drive_ring(current, 80, 2e-10)
    scale = network.solve(ring_texture(0.0)).resistance("start", "end") / ring_resistance(0.0)
    model = np.array([scale * ring_resistance(angle_per_charge() * x) for x in q])
    swing = np.ptp(model)
    worst = np.abs(r - model).max() / swing
    print(
        f"swing: solved {np.ptp(r):.4f}, model {swing:.4f} ohm; charge for a period "
        f"{np.pi / angle_per_charge():.3g} C; largest deviation {worst:.3f} "
        f"of the swing; on return {abs(r[-1] - r[0]) / swing:.4f}"
    )
    figure = new_figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    for axes, start in ((left, 0), (right, len(q) // 2)):
        part = slice(start, start + len(q) // 2 + 1)
        axes.plot(1e12 * q[part], r[part], "o", ms=3, label="solved and integrated")
        axes.plot(1e12 * q[part], model[part], label="R(q), no free parameter")
        axes.set(xlabel="charge (pC)", ylabel="R (ohm)")
        axes.legend(fontsize=8)
    left.set_title("current on")
    right.set_title("current reversed")
    save(figure, HERE / "other_models_annulus.png")


# A disk with a vortex between two contacts.

RADIUS, CORE = 150e-9, 15e-9


def disk(cells: int) -> tuple[Film, np.ndarray]:
    """A film that the disk just fills, and the disk's mask."""
    film = Film((cells, cells, 1), (2 * RADIUS / cells, 2 * RADIUS / cells, 20e-9))
    x, y, _ = film.cell_coordinates()
    return film, np.hypot(x - RADIUS, y - RADIUS) < RADIUS


def vortex(film: Film, inside: np.ndarray, x0: float, y0: float) -> np.ndarray:
    """A rigid vortex about (x0, y0) from the disk's middle, with Usov's core."""
    x, y, _ = film.cell_coordinates()
    x, y = np.broadcast_arrays(x - RADIUS - x0, y - RADIUS - y0)
    r = np.hypot(x, y)
    around = np.where(r < CORE, 2 * r * CORE / (r**2 + CORE**2), 1.0)
    up = np.where(r < CORE, (CORE**2 - r**2) / (CORE**2 + r**2), 0.0)
    safe = np.where(r > 0, r, 1)
    m = np.stack([-y / safe * around, x / safe * around, up], axis=-1)
    return m / np.linalg.norm(m, axis=-1, keepdims=True) * inside[..., None]


def disk_contacts() -> tuple[RectangleContact, ...]:
    depth, half = 15e-9, 60e-9
    low, high = RADIUS - half, RADIUS + half
    return (
        RectangleContact("left", (0.0, low), (depth, high)),
        RectangleContact("right", (2 * RADIUS - depth, low), (2 * RADIUS, high)),
    )


class DiskResistance:
    """Resistance of textures in the disk by several ways."""

    def __init__(self, amr: float, cells: int = 100) -> None:
        self.film, self.inside = disk(cells)
        self.rho = Resistivity(mean=2.5e-7, amr_ratio=amr, amr_convention="mean")
        self.network = Network(self.film, self.rho, disk_contacts())
        up = np.zeros((*self.film.shape, 3))
        up[self.inside, 2] = 1
        uniform = self.network.solve(up)
        drive = uniform.drive({"right": 0.0}, {"left": 1.0})
        gradient = gradient_product(drive.potential[0], drive.potential[0], self.film.cell_size[:2])
        self.squares = gradient / self.rho.perpendicular**2
        """Integrals over the cells of j_a j_b of a unit current in the uniform disk."""
        self.saturated = uniform.resistance("left", "right")

    def solved(self, m: np.ndarray) -> float:
        return self.network.solve(m).resistance("left", "right")

    def with_current_of_uniform_disk(self, m: np.ndarray) -> float:
        """Heat of the uniform disk's unit current in the texture: an upper bound (Thomson)."""
        mx, my = m[0, ..., 0], m[0, ..., 1]
        (xx, xy), (_, yy) = self.squares
        return self.saturated + self._heat(mx**2 * xx + my**2 * yy + 2 * mx * my * xy)

    def with_current_along_x(self, m: np.ndarray) -> float:
        """The same with the direction of the current taken along x everywhere."""
        (xx, _), (_, yy) = self.squares
        return self.saturated + self._heat(m[0, ..., 0] ** 2 * (xx + yy))

    def _heat(self, along: np.ndarray) -> float:
        difference = self.rho.parallel - self.rho.perpendicular
        return float(difference * along.sum() * self.film.cell_size[2])

    def scalar(self, m: np.ndarray) -> float:
        solution = solve_scalar_model(
            self.network, m, {"right": 0.0}, {"left": 1.0}, damping=0.5, tolerance=1e-5
        )
        return solution.drive.voltage("left", "right")


def study_disk() -> None:
    figure = new_figure(12, 4.2)
    grid = figure.subplots(1, 3)
    ways = ("solved", "with_current_of_uniform_disk", "with_current_along_x", "scalar")
    labels = ("current solved", "current of the uniform disk", "current along x")
    shifts = np.linspace(-0.75, 0.75, 13) * RADIUS
    print(
        "| a | vortex in the middle: (R - R_sat)/R_sat solved | current of the uniform disk | "
        "along x | scalar model |"
    )
    for column, amr in enumerate((0.02, 0.3, 1.5)):
        of = DiskResistance(amr)
        m = vortex(of.film, of.inside, 0.0, 0.0)
        values = [getattr(of, way)(m) / of.saturated - 1 for way in ways]
        print(f"| {amr:g} | " + " | ".join(f"{100 * v:.4f} %" for v in values) + " |")
        if column == 1:
            continue
        axes = grid[min(column, 1)]
        for along_x, style in ((False, "-"), (True, "--")):
            for color, (way, label) in enumerate(zip(ways, labels, strict=False)):
                curve = [
                    getattr(of, way)(vortex(of.film, of.inside, *((s, 0) if along_x else (0, s))))
                    for s in shifts
                ]
                side = "x" if along_x else "y"
                axes.plot(
                    1e9 * shifts,
                    np.array(curve) / of.saturated - 1,
                    style,
                    color=f"C{color}",
                    label=f"{label}, vortex moved along {side}",
                )
        axes.set(xlabel="shift of the vortex (nm)", ylabel="R/R_sat - 1", title=f"a = {amr:g}")
    j = DiskResistance(1.5).network.solve(m).drive({"right": 0.0}, {"left": 1e-3}).current_density
    draw_current(grid[2], j[0], (2 * RADIUS, 2 * RADIUS), log=False)
    grid[2].set_title("solved current, a = 1.5")
    lines, names = grid[0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside lower center", ncols=3, fontsize=8)
    save(figure, HERE / "other_models_disk.png")


# The ellipse of BORIS's article.

LENGTH, WIDTH = 320e-9, 160e-9
EXTENSION, FOOTHOLD = 100e-9, 30e-9
MAGNET = Resistivity(rho_par=1.02 / 7e6, rho_perp=1 / 7e6)
RUTHENIUM = 1 / 1.5e6


def ellipse_network() -> Network:
    """Two layers of 5 nm of the ellipse, and on them contacts of ruthenium, 5 nm thick."""
    h = 5e-9
    total = LENGTH + 2 * EXTENSION
    film = Film((round(total / h), round(WIDTH / h), 3), (h, h, h), pbc=(0, 0, 0))
    regions = tuple(
        Region(name, Box((a, 0.0, 2 * h), (b, WIDTH, 3 * h)), "metal", rho=RUTHENIUM)
        for name, a, b in (
            ("left lead", 0.0, EXTENSION + FOOTHOLD),
            ("right lead", total - EXTENSION - FOOTHOLD, total),
        )
    )
    contacts = (FaceContact("left", "x-"), FaceContact("right", "x+"))
    return Network(film, MAGNET, contacts, regions=regions)


def in_leads(m: np.ndarray) -> np.ndarray:
    """m of the ellipse, shape (1, 32, 64, 3), in the film of `ellipse_network`."""
    wide = np.zeros((3, m.shape[1], m.shape[2] + 2 * round(EXTENSION / 5e-9), 3))
    start = round(EXTENSION / 5e-9)
    wide[:2, :, start : start + m.shape[2]] = m
    return wide


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
    half = np.concatenate([np.linspace(600e3, 100e3, 6), np.linspace(80e3, 0, 9)])
    fields = np.concatenate([half, -half[-2::-1]])
    figure = new_figure(6, 4)
    axes = figure.subplots()
    print("| field at | R at 600 kA/m | R at 0 | lowest R | at (kA/m) | jump of R after 0 |")
    for direction in (1, 31, 61, 91):
        r = np.array(
            [
                network.solve(in_leads(m)).resistance("left", "right")
                for m in loop(direction, fields)
            ]
        )
        line = axes.plot(fields / 1e3, r, ".-", label=f"{direction} deg")[0]
        axes.plot(-fields / 1e3, r, ":", color=line.get_color())
        lowest = int(r.argmin())
        after = np.diff(r[fields <= 0])
        print(
            f"| {direction} deg | {r[0]:.4f} | {r[fields == 0][0]:.4f} | {r[lowest]:.4f} | "
            f"{fields[lowest] / 1e3:.0f} | {after[np.abs(after).argmax()]:+.4f} |",
            flush=True,
        )
    axes.set(xlabel="H (kA/m)", ylabel="R (ohm)")
    axes.legend(title="field to current")
    save(figure, HERE / "other_models_ellipse.png")


def main() -> None:
    studies = {"annulus": study_annulus, "disk": study_disk, "ellipse": study_ellipse}
    for name in sys.argv[1:] or studies:
        studies[name]()


if __name__ == "__main__":
    main()
