"""An annulus with anisotropic magnetoresistance: exact resistances, and a memristor of the charge.

    python -m docs.studies.other_models.annulus [textures] [charge] [loop]

prints the tables of the annulus and draws annulus.png and loop.png beside this file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from orchestrator.describe.areas import Mask, Rectangle
from orchestrator.describe.contacts import DiscContact, MaskContact, RectangleContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Region, Resistivity
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.plotting.style import new_figure, save
from orchestrator.transport.network import Network
from orchestrator.transport.scalar_model import solve_scalar_model

HERE = Path(__file__).parent
MU_B_OVER_E = 5.7883818e-5
"""Bohr magneton over elementary charge, A m2 / C."""
MS, AEX = 8e5, 1.3e-11
INNER, OUTER, THICKNESS, CELL = 90e-9, 120e-9, 10e-9, 2.5e-9
POLARIZATION, XI = 0.5, 0.1
RING_AMR = Resistivity(mean=2.5e-7, amr_ratio=0.02, amr_convention="mean")


# The ring with a cut: current goes once around.


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
    """How fast the angle of `ring_texture` falls with the charge, 1/C, for xi = alpha.

    The torque moves m by u . grad m with u = mu_B P j / (e Ms (1 + xi^2)); on a texture that winds
    once this turns m by u/r. Exchange makes the ring turn as one, by the mean over its area.
    """
    area = (OUTER**2 - INNER**2) / 2
    return MU_B_OVER_E * POLARIZATION / (MS * (1 + XI**2) * THICKNESS * area)


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
    return MU_B_OVER_E * POLARIZATION / (MS * (1 + XI**2)) * float(turning)


def drive_ring(
    currents: np.ndarray, pulse: float, angle: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Charge (C) and resistance (ohm) before and after each pulse of a current (A)."""
    film, inside, _, _ = ring()
    network = ring_network()
    nx, ny, nz = film.cells
    setup = (
        f"SetGridSize({nx},{ny},{nz})\nSetCellSize({CELL},{CELL},{THICKNESS})\n"
        f"SetGeom(circle({2 * OUTER}).sub(circle({2 * INNER})))\nEnableDemag = false\n"
        f"Msat = {MS}\nAex = {AEX}\nKu1 = -1e5\nAnisU = vector(0,0,1)\n"
        f"alpha = {XI}\nxi = {XI}\nPol = {POLARIZATION}\n"
    )
    resistances = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        m = ring_texture(angle)
        write_ovf(folder / "m.ovf", m.astype(np.float32), film.cell_size)
        session = CpuEngine(1).start(setup, folder, "m.ovf")
        for n in range(len(currents) + 1):
            m = m / np.where(inside, np.linalg.norm(m, axis=-1), 1)[..., None]
            state = network.solve(m)
            resistances.append(state.resistance("start", "end"))
            if n == len(currents):
                break
            j = state.drive({"end": 0.0}, {"start": currents[n]}).current_density
            write_ovf(folder / "j.ovf", j.astype(np.float32), film.cell_size)
            block = f'J.RemoveExtraTerms()\nJ.Add(LoadFile("j.ovf"), 1)\nRun({pulse})\n'
            session.execute(block + 'SaveAs(m, "next")\nFlush()\n', "next.ovf")
            m = read_ovf(folder / "next.ovf").data.astype(float)
        session.close()
    return np.concatenate([[0], np.cumsum(currents * pulse)]), np.array(resistances)


def study_charge() -> None:
    """A current on and then reversed: R against the charge."""
    scale = ring_network().solve(ring_texture(0.0)).resistance("start", "end")
    scale /= ring_resistance(0.0)
    for whole, kind in ((False, "mumax3's gradients"), (True, "whole gradients at the edge")):
        ratio = angle_per_charge_on_grid(whole=whole) / angle_per_charge()
        print(f"turning on the grid with {kind}: {ratio:.4f} of the exact one")
    current = 4e11 * THICKNESS * (OUTER - INNER)
    q, r = drive_ring(current * np.repeat([1, -1], 40), 2e-10)
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
    save(figure, HERE / "annulus.png")


# The same ring with an alternating current: a pinched loop.

FREQUENCY, SAMPLES = 1e9, 32


def sine(amplitude: float, periods: int) -> np.ndarray:
    """An alternating current (A), constant within each of `SAMPLES` parts of a period."""
    phase = 2 * np.pi * (np.arange(SAMPLES * periods) + 0.5) / SAMPLES
    return amplitude * np.sin(phase)


def second_harmonic(currents: np.ndarray, r: np.ndarray) -> float:
    """Amplitude (V) of the voltage's sin(2 w t) over the last period."""
    voltage = (currents * (r[1:] + r[:-1]) / 2)[-SAMPLES:]
    phase = 2 * np.pi * (np.arange(SAMPLES) + 0.5) / SAMPLES
    return float(2 * (voltage * np.sin(2 * phase)).mean())


def second_harmonic_of_memristor(amplitude: float, angle: float) -> float:
    """-I^2 R'(q) / (2 w), V: of an ideal memristor whose R changes little within a period.

    With q = I (1 - cos w t)/w the voltage R(q) I sin w t has the term -R' I^2/(2 w) sin 2 w t.
    """
    slope = (RING_AMR.parallel - RING_AMR.perpendicular) * np.sin(2 * angle) * angle_per_charge()
    slope *= ring_resistance(np.pi / 2) / RING_AMR.perpendicular
    return float(-(amplitude**2) * slope / (4 * np.pi * FREQUENCY))


def study_loop() -> None:
    """Voltage against an alternating current, without the part of the mean resistance."""
    angle = np.pi / 4
    figure = new_figure(5, 3.8)
    axes = figure.subplots()
    for density in (1e11, 4e11):
        amplitude = density * THICKNESS * (OUTER - INNER)
        currents = sine(amplitude, 2)
        _, r = drive_ring(currents, 1 / (FREQUENCY * SAMPLES), angle)
        found = second_harmonic(currents, r)
        model = second_harmonic_of_memristor(amplitude, angle)
        print(
            f"{1e6 * amplitude:.0f} uA, {1e-9 * FREQUENCY:g} GHz: second harmonic solved "
            f"{1e6 * found:.4f} uV, model {1e6 * model:.4f} uV, ratio {found / model:.4f}; "
            f"R after each period {np.round(r[::SAMPLES], 5)} ohm"
        )
    last = currents[-SAMPLES:]
    middle = ((r[1:] + r[:-1]) / 2)[-SAMPLES:]
    mean = (middle * last**2).sum() / (last**2).sum()
    axes.plot(1e3 * last, 1e6 * last * (middle - mean), "o-", ms=3, label="solved and integrated")
    phase = np.linspace(0, 2 * np.pi, 200)
    axes.plot(1e3 * amplitude * np.sin(phase), 1e6 * model * np.sin(2 * phase), label="R(q)")
    axes.set(xlabel="current (mA)", ylabel="V - R I (uV)", title="1 GHz")
    axes.legend(fontsize=8)
    save(figure, HERE / "loop.png")


# The annulus between a round contact inside and one outside: current goes along the radius.

HOLE, RIM = 30e-9, 120e-9


class Corbino:
    """An annulus between two round contacts, and textures in it."""

    def __init__(self, amr: float, cell: float = 1.5e-9) -> None:
        n = 2 * round(RIM / cell) + 8
        self.film = Film((n, n, 1), (cell, cell, THICKNESS))
        x, y, _ = self.film.cell_coordinates()
        middle = self.film.lengths[0] / 2
        x, y = np.broadcast_arrays(x - middle, y - middle)
        self.r, self.phi = np.hypot(x, y), np.arctan2(y, x)
        self.rho = Resistivity(mean=2.5e-7, amr_ratio=amr, amr_convention="mean")
        contacts = (
            DiscContact("hole", (middle, middle), HOLE),
            MaskContact.of("rim", Mask.of(self.r > RIM)),
        )
        self.network = Network(self.film, self.rho, contacts)

    def spiral(self, angle: float) -> np.ndarray:
        """m at an angle to the radius everywhere: 0 radial, pi/2 a vortex."""
        return self._in_plane(self.phi + angle)

    def uniform(self) -> np.ndarray:
        """m along x."""
        return self._in_plane(np.zeros_like(self.phi))

    def normal(self) -> np.ndarray:
        """m along the normal: the film conducts alike in all directions."""
        m = np.zeros((*self.film.array_shape, 3))
        m[..., 2] = 1
        return m

    def _in_plane(self, phi: np.ndarray) -> np.ndarray:
        return np.stack([np.cos(phi), np.sin(phi), np.zeros_like(phi)], axis=-1)

    def resistance(self, m: np.ndarray) -> float:
        return self.network.solve(m).resistance("hole", "rim")

    def scalar(self, m: np.ndarray) -> float:
        solution = solve_scalar_model(self.network, m, {"rim": 0.0}, {"hole": 1.0}, tolerance=1e-5)
        return solution.drive.voltage("hole", "rim")

    def exact_normal(self) -> float:
        """rho_perp ln(b/a) / (2 pi t), ohm."""
        return float(self.rho.perpendicular * np.log(RIM / HOLE) / (2 * np.pi * THICKNESS))

    def exact_spiral(self, angle: float) -> float:
        """R of a spiral over R with m along the normal.

        E is radial by symmetry, and the planar Hall current closes on itself around the hole: the
        conductivity along the radius counts, not the resistivity.
        """
        sigma = np.cos(angle) ** 2 / self.rho.parallel + np.sin(angle) ** 2 / self.rho.perpendicular
        return float(1 / (sigma * self.rho.perpendicular))

    def exact_spiral_of_scalar_model(self, angle: float) -> float:
        """The same if the current is parallel to the field: the resistivity counts."""
        difference = self.rho.parallel - self.rho.perpendicular
        return float(1 + difference * np.cos(angle) ** 2 / self.rho.perpendicular)

    def uniform_to_second_order(self) -> float:
        """R of a uniform texture over R with m along the normal, to second order in the AMR.

        With rho = rho0 (1 + e S), S = diag(1, -1), and the radial current j0 = k/r of the isotropic
        annulus, the current's first correction is j1 = grad w - S j0, where the Laplacian of w is
        div S j0 and w vanishes at the contacts. It lowers the heat by rho0 e^2 times the integral
        of j1^2, which is pi k^2 t (ln(b/a) + (b^2 - a^2)/(b^2 + a^2)). To first order there is
        nothing: the mean of S j0 j0 over the angles vanishes.
        """
        mean = (self.rho.parallel + self.rho.perpendicular) / 2
        e = (self.rho.parallel - self.rho.perpendicular) / (2 * mean)
        square = (RIM**2 - HOLE**2) / (RIM**2 + HOLE**2)
        lowered = e**2 / 2 * (1 + square / np.log(RIM / HOLE))
        return float(mean / self.rho.perpendicular * (1 - lowered))


def study_textures() -> None:
    """Resistances of textures against exact ones, along the radius and around."""
    network = ring_network()
    print("| angle of m to the ring | solved R (ohm) | exact R (ohm) | ratio |")
    for degrees in (0, 30, 45, 60, 90):
        angle = np.radians(degrees)
        solved = network.solve(ring_texture(angle)).resistance("start", "end")
        exact = ring_resistance(angle)
        print(f"| {degrees} deg | {solved:.3f} | {exact:.3f} | {solved / exact:.4f} |")
    print("| a | texture | R/R_normal solved | exact | scalar model solved | exact |")
    for amr in (0.02, 0.3, 1.5):
        of = Corbino(amr)
        normal = of.resistance(of.normal())
        for degrees in (0, 45, 90):
            angle = np.radians(degrees)
            m = of.spiral(angle)
            print(
                f"| {amr:g} | {degrees} deg to the radius | {of.resistance(m) / normal:.5f} | "
                f"{of.exact_spiral(angle):.5f} | {of.scalar(m) / normal:.5f} | "
                f"{of.exact_spiral_of_scalar_model(angle):.5f} |"
            )
        mean = (of.rho.parallel + of.rho.perpendicular) / (2 * of.rho.perpendicular)
        solved, second = of.resistance(of.uniform()) / normal, of.uniform_to_second_order()
        print(
            f"| {amr:g} | uniform | {solved:.5f} | {second:.5f} (second order) | | "
            f"uniform current: {mean:.5f}, lowered by {mean - solved:.3g} "
            f"(second order {mean - second:.3g}) |"
        )
    print(f"R_normal: solved {normal:.4f}, exact {of.exact_normal():.4f} ohm (a = 1.5)")


def main() -> None:
    studies = {"textures": study_textures, "charge": study_charge, "loop": study_loop}
    for name in sys.argv[1:] or studies:
        studies[name]()


if __name__ == "__main__":
    main()
