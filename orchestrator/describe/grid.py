"""A regular grid of cells.

Coordinates have their origin in the lower left corner (x to the right, y up, z along the film's
normal), so a grid of `(nx, ny, nz)` cells of size `(cx, cy, cz)` fills
`[0, nx cx] x [0, ny cy] x [0, nz cz]`.
"""

from __future__ import annotations

import math

import numpy as np

from orchestrator.describe.described import described
from orchestrator.describe.plausibility import check_range

LARGEST_FILM = 1e-3
"""Longest plausible film edge in m; anything larger is taken for a slip of units."""
MOST_CELLS = 10**8
"""More cells than the transport network of any machine at hand could hold."""


@described
class Grid:
    """A grid that fills a box.

    Parameters
    ----------
    cells : (nx, ny, nz)
        Numbers of cells.
    cell_size : (cx, cy, cz), m
        Size of a cell. A film uniform along its normal has one layer, as thick as the film.
    """

    cells: tuple[int, int, int]
    cell_size: tuple[float, float, float]

    def __post_init__(self) -> None:
        for axis, n, c in zip("xyz", self.cells, self.cell_size, strict=True):
            if n < 1:
                raise ValueError(f"cells along {axis} must be at least 1, got {n}")
            if not c > 0:
                raise ValueError(f"cell_size along {axis} must be positive (m), got {c:g}")
            if n * c > LARGEST_FILM:
                raise ValueError(
                    f"the film would be {n * c:g} m long along {axis}; lengths are in m, "
                    f"at most {LARGEST_FILM:g} is accepted"
                )
            check_range(f"cell_size along {axis}", c, 1e-12, LARGEST_FILM, "m")
        if math.prod(self.cells) > MOST_CELLS:
            raise ValueError(
                f"cells = {list(self.cells)} are {math.prod(self.cells):.3g} cells; "
                f"at most {MOST_CELLS:g} are accepted"
            )

    @property
    def array_shape(self) -> tuple[int, int, int]:
        """Array shape (nz, ny, nx) of a scalar field of cells."""
        nx, ny, nz = self.cells
        return nz, ny, nx

    @property
    def lengths(self) -> tuple[float, float, float]:
        """Film size (Lx, Ly, Lz) in m."""
        lx, ly, lz = (n * c for n, c in zip(self.cells, self.cell_size, strict=True))
        return lx, ly, lz

    @property
    def is_2d(self) -> bool:
        """Whether the film is one cell thick (the transport problem is then two-dimensional)."""
        return self.cells[2] == 1

    @property
    def node_shape(self) -> tuple[int, int, int]:
        """Shape (nz + 1, ny + 1, nx + 1) of a nodal field, (1, ny + 1, nx + 1) in 2D."""
        nx, ny, nz = self.cells
        return (1 if self.is_2d else nz + 1), ny + 1, nx + 1

    def node_coordinates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates x, y, z in m of the nodes, broadcastable to `node_shape`.

        In 2D the single layer of nodes lies at half the film's thickness.
        """
        nz1, ny1, nx1 = self.node_shape
        cx, cy, cz = self.cell_size
        x = (np.arange(nx1) * cx)[None, None, :]
        y = (np.arange(ny1) * cy)[None, :, None]
        z = (np.array([0.5 * cz]) if self.is_2d else np.arange(nz1) * cz)[:, None, None]
        return x, y, z

    def cell_coordinates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates x, y, z in m of the cells' centers, broadcastable to `array_shape`."""
        nz, ny, nx = self.array_shape
        cx, cy, cz = self.cell_size
        x = ((np.arange(nx) + 0.5) * cx)[None, None, :]
        y = ((np.arange(ny) + 0.5) * cy)[None, :, None]
        z = ((np.arange(nz) + 0.5) * cz)[:, None, None]
        return x, y, z
