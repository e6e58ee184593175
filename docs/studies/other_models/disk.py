"""A disk with a rigid vortex between two contacts, its resistance by several ways.

    python -m docs.studies.other_models.disk

prints the table of the disk and draws disk.png beside this file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.colors import Normalize

from orchestrator.describe.contacts import RectangleContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.plotting.fields import draw_current
from orchestrator.plotting.style import in_style, new_figure, save
from orchestrator.transport.fields import gradient_product
from orchestrator.transport.network import Network
from orchestrator.transport.scalar_model import solve_scalar_model

HERE = Path(__file__).parent
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
        up = np.zeros((*self.film.array_shape, 3))
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


@in_style
def main() -> None:
    figure = new_figure(7.2, 3.0)
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
    image = draw_current(grid[2], j[0], (2 * RADIUS, 2 * RADIUS), Normalize())
    figure.colorbar(image, ax=grid[2], label="|j| (A/m²)", shrink=0.8)
    grid[2].set_title("solved current, a = 1.5")
    lines, names = grid[0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside lower center", ncols=2)
    save(figure, HERE / "disk.png")


if __name__ == "__main__":
    main()
