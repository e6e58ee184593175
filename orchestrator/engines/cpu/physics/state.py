"""The magnetization on its grid, with what is in the cells."""

from __future__ import annotations

import numpy as np

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.kernels import step as kernels_step
from orchestrator.engines.cpu.physics.mesh import Mesh


class State:
    """A magnet on a grid.

    Attributes
    ----------
    mesh : Mesh or None
        The grid; None before it is chosen. The other attributes but `revision` come with it.
    regions : ndarray, shape (nz, ny, nx), uint8
        Region of each cell.
    geometry : ndarray, shape (nz, ny, nx), float32
        Filled fraction of each cell.
    vacuum : ndarray, shape (nz, ny, nx), bool
        Cells without magnetization.
    components : ndarray, shape (3, nz, ny, nx), float32
        Magnetization, component-first, unit length, zero in vacuum.
    revision : int
        Counts the changes of grid, regions and vacuum.
    """

    def __init__(self) -> None:
        self.mesh: Mesh | None = None
        self.revision = 0
        self.regions: np.ndarray
        self.geometry: np.ndarray
        self.vacuum: np.ndarray
        self.components: np.ndarray

    def grid(self) -> Mesh:
        """The grid.

        Raises
        ------
        EngineError
            If there is none yet.
        """
        if self.mesh is None:
            raise EngineError("the grid is not set: SetGridSize and SetCellSize come first")
        return self.mesh

    def set_mesh(self, mesh: Mesh) -> None:
        """Choose the grid.

        What is in the cells stays if their numbers along x, y, z do. Else all cells are filled, of
        region 0, without magnetization.
        """
        if self.mesh is None or mesh.cells != self.mesh.cells:
            self.regions = np.zeros(mesh.shape, np.uint8)
            self.geometry = np.ones(mesh.shape, np.float32)
            self.components = np.zeros((3, *mesh.shape), np.float32)
            self.vacuum = np.ones(mesh.shape, bool)
        self.mesh = mesh
        self.revision += 1

    def set_regions(self, regions: np.ndarray) -> None:
        """Set the region of each cell, shape (nz, ny, nx)."""
        self.regions[...] = regions
        self.revision += 1

    def set_geometry(self, fill: np.ndarray) -> None:
        """Set the fill factor of each cell, shape (nz, ny, nx); zero is vacuum."""
        self.geometry[...] = fill
        self.components[:, self.geometry == 0] = 0
        self._find_vacuum()

    def _find_vacuum(self) -> None:
        vacuum = np.asarray(~self.components.any(axis=0))
        if (vacuum != self.vacuum).any():
            self.vacuum = vacuum
            self.revision += 1

    @property
    def m(self) -> np.ndarray:
        """Magnetization, shape (nz, ny, nx, 3), float32; a copy."""
        return np.ascontiguousarray(np.moveaxis(self.components, 0, -1))

    def set_m(self, m: np.ndarray) -> None:
        """Set the magnetization, shape (nz, ny, nx, 3); it is normalized, zero in vacuum.

        Vectors of length 1 to rounding keep their bits, so that a saved state loads unchanged.
        """
        raw = np.array(np.moveaxis(m, -1, 0), np.float32, order="C")
        raw[:, self.geometry == 0] = 0
        no_stage, no_weight = np.zeros((0, *raw.shape), np.float32), np.zeros(0, np.float32)
        rows, out = raw.shape[1] * raw.shape[2], self.components
        kernels_step.combine(raw, no_stage, no_weight, np.float32(0), True, 0, rows, out)
        unit = np.abs((raw.astype(float) ** 2).sum(axis=0) - 1) < 1e-6
        np.copyto(out, raw, where=unit)
        self._find_vacuum()
