"""Mesh, geometry and regions of a world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestrator.engines.cpu.geometry.moved import moved
from orchestrator.engines.cpu.geometry.shapes import Shape
from orchestrator.engines.cpu.language.errors import FatalError, PanicError
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.script.quantities import Grid
from orchestrator.ovf.resample import resampled

RegionMap = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From the present regions and the places x, y, z (m) to the regions."""


@dataclass
class CellRegions:
    """Regions given cell by cell.

    Attributes
    ----------
    numbers, given : ndarray, shape (nz, ny, nx)
        Region of each cell, and whether it is given.
    """

    numbers: np.ndarray
    given: np.ndarray

    def applied(self, regions: np.ndarray) -> np.ndarray:
        """The regions where those given replace others; resampled to another number of cells."""
        nz, ny, nx = regions.shape
        if self.numbers.shape != regions.shape:
            both = np.stack([self.numbers, self.given], axis=-1)
            both = resampled(both, (nx, ny, nz))
            self.numbers, self.given = both[..., 0].copy(), both[..., 1].astype(bool)
        return np.where(self.given, self.numbers, regions)

    def move(self, cells: int, axis: int) -> None:
        """Move along an array axis; cells that enter are not given."""
        self.numbers = moved(self.numbers, cells, axis, 0, 0)
        self.given = moved(self.given, cells, axis, False, False)


class Space(Grid):
    """The box of a simulation and what fills it.

    Attributes
    ----------
    cells, size_of_cell, periods : tuple
        What a script has said of the mesh so far: numbers of cells, cell sizes in m, periodic
        images; zeros before.
    shape : Shape or None
        The geometry, if a shape made it.
    edge_smooth : int
        Points along an axis of a cell at the border at which its filled fraction is counted.
    loaded : bool
        Whether a file made the geometry; `shape` is then that of its cells.
    history : list
        What has defined regions, by place or by cell, in order.
    moved : dict
        Way of the contents in m by axis, "x" and "y"; the box has moved the other way.
    """

    def __init__(self, sim: Simulation) -> None:
        self._state = sim.state
        self.cells = (0, 0, 0)
        self.size_of_cell = (0.0, 0.0, 0.0)
        self.periods = (0, 0, 0)
        self.shape: Shape | None = None
        self.edge_smooth = 0
        self.moved = {"x": 0.0, "y": 0.0}
        self.loaded = False
        self.history: list[RegionMap | CellRegions] = []

    def mesh(self) -> Mesh:
        """The mesh.

        Raises
        ------
        PanicError
            If there is none yet.
        """
        if self._state.mesh is None:
            raise PanicError("need to set mesh first (SetGridSize, SetCellSize)")
        return self._state.mesh

    def cell_size(self) -> tuple[float, float, float]:
        return self.mesh().cell_size

    def fill(self) -> np.ndarray:
        self.mesh()
        return self._state.geometry

    def regions(self) -> np.ndarray:
        self.mesh()
        return self._state.regions

    def index(self, ix: int, iy: int, iz: int) -> tuple[int, int, int]:
        """The array index of a cell.

        Raises
        ------
        PanicError
            If there is no such cell.
        """
        cells = self.mesh().cells
        if any(not 0 <= i < n for i, n in zip((ix, iy, iz), cells, strict=True)):
            raise PanicError(f"cell ({ix}, {iy}, {iz}) is outside the mesh")
        return iz, iy, ix

    def place(self, ix: int, iy: int, iz: int) -> tuple[float, ...]:
        """The centre of a cell in m from the first box's centre."""
        mesh = self.mesh()
        return tuple(
            c * (i - 0.5 * (n - 1)) - self.moved.get(axis, 0.0)
            for axis, i, n, c in zip("xyz", (ix, iy, iz), mesh.cells, mesh.cell_size, strict=True)
        )

    def position(self, axis: str = "x") -> float:
        """Place of the box in m."""
        return -self.moved[axis]

    def centers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, y, z of all cell centres, (nz, ny, nx) each, in m from the first box's centre."""
        mesh = self.mesh()
        x, y, z = (
            c * (np.arange(n) - 0.5 * (n - 1)) - self.moved.get(axis, 0.0)
            for axis, n, c in zip("xyz", mesh.cells, mesh.cell_size, strict=True)
        )
        grid = np.meshgrid(z, y, x, indexing="ij")
        return grid[2], grid[1], grid[0]

    def region_at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The regions at places (m) by all definitions by place; the last that applies wins."""
        found = np.zeros(np.shape(x), np.uint8)
        for definition in self.history:
            if not isinstance(definition, CellRegions):
                found = definition(found, x, y, z)
        return found

    def map_regions(self, region_map: RegionMap) -> None:
        """Apply a definition of regions, which also holds for cells that enter later."""
        self.set_regions(region_map(self.regions(), *self.centers()))
        self.history.append(region_map)

    def define_cells(self, numbers: np.ndarray | int, where: Any) -> None:
        """Give cells their regions; `where` is an index of arrays (nz, ny, nx)."""
        if not self.history or not isinstance(self.history[-1], CellRegions):
            shape = self.regions().shape
            self.history.append(CellRegions(np.zeros(shape, np.uint8), np.zeros(shape, bool)))
        cells = self.history[-1]
        assert isinstance(cells, CellRegions)
        cells.numbers[where], cells.given[where] = numbers, True
        regions = self.regions().copy()
        regions[where] = numbers
        self.set_regions(regions)

    def define_again(self) -> None:
        """Define the regions of all cells anew, on a grid that has changed."""
        places, found = self.centers(), np.zeros(self.regions().shape, np.uint8)
        for definition in self.history:
            if isinstance(definition, CellRegions):
                found = definition.applied(found)
            else:
                found = definition(found, *places)
        self.set_regions(found)

    def set_regions(self, regions: np.ndarray) -> None:
        """Set the region of every cell, (nz, ny, nx)."""
        self.mesh()
        self._state.set_regions(regions)

    def set_fill(self, fill: np.ndarray) -> None:
        """Set the filled fraction of every cell, (nz, ny, nx); m where it is 0 vanishes."""
        self._state.set_geometry(np.asarray(fill, np.float32))

    def fill_of(self, shape: Shape) -> np.ndarray:
        """The filled fractions that a shape gives the cells, (nz, ny, nx) float32.

        Raises
        ------
        FatalError
            If no cell is filled.
        """
        centers = self.centers()
        fill = shape.inside(*centers).astype(np.float32)
        if self.edge_smooth > 0:
            fill = shape.smoothed(fill, centers, self.cell_size(), self.edge_smooth)
        if not fill.any():
            raise FatalError("SetGeom: geometry completely empty")
        return fill
