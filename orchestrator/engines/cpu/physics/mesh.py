"""The grid of a simulation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mesh:
    """A regular grid of cells.

    Parameters
    ----------
    cells : (nx, ny, nz)
        Number of cells.
    cell_size : (cx, cy, cz)
        Cell size in m.
    pbc : (px, py, pz)
        Periodic images; any number but zero makes the axis periodic.
    """

    cells: tuple[int, int, int]
    cell_size: tuple[float, float, float]
    pbc: tuple[int, int, int] = (0, 0, 0)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (nz, ny, nx) of a scalar field."""
        nx, ny, nz = self.cells
        return nz, ny, nx

    @property
    def cell_volume(self) -> float:
        """Volume of a cell in m3."""
        cx, cy, cz = self.cell_size
        return cx * cy * cz
