"""The film: a regular grid of cells.

Coordinates have their origin in the film's lower left corner (x to the right, y up, z along the
film's normal), so a film of `(nx, ny, nz)` cells of size `(cx, cy, cz)` fills
`[0, nx cx] x [0, ny cy] x [0, nz cz]`.
"""

from __future__ import annotations

import math

import numpy as np
from pydantic.dataclasses import dataclass

from orchestrator.base.errors import InputError
from orchestrator.describe.plausibility import FROZEN, check_range

LARGEST_FILM = 1e-3
"""Longest plausible film edge in m; anything larger is taken for a slip of units."""
MOST_CELLS = 10**8
"""More cells than the transport network of any machine at hand could hold."""


@dataclass(frozen=True, config=FROZEN)
class Film:
    """A rectangular film on a regular grid.

    Parameters
    ----------
    cells : (nx, ny, nz)
        Number of cells.
    cell_size : (cx, cy, cz)
        Cell size in m. A film uniform along its normal has one layer, as thick as the film.
    size : (Lx, Ly, Lz), optional
        Film size in m; given besides the cells it must agree with them to 1e-6.
    pbc : (px, py, pz)
        mumax3's `SetPBC` images. The default (0, 0, 1) stands for translation invariance along the
        normal; it switches off the DMI boundary condition of the two film faces that mumax3 3.11
        adds for one cell layer (an easy plane of Dbulk^2 / (2 Aex)).
    """

    cells: tuple[int, int, int]
    cell_size: tuple[float, float, float]
    size: tuple[float, float, float] | None = None
    pbc: tuple[int, int, int] = (0, 0, 1)

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
        if any(n < 0 for n in self.pbc):
            raise ValueError(f"pbc must not be negative, got {self.pbc}")
        check_range("pbc", max(self.pbc), 0, 10_000)
        if self.size is not None:
            for axis, n, c, length in zip(
                "xyz", self.cells, self.cell_size, self.size, strict=True
            ):
                if abs(n * c - length) > 1e-6 * abs(length):
                    raise ValueError(
                        f"cells do not divide the film along {axis}: {n} cells of {c:g} m "
                        f"make {n * c:g} m, size says {length:g} m"
                    )

    @property
    def shape(self) -> tuple[int, int, int]:
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

    def saturated(self) -> np.ndarray:
        """Unit vectors along the film's normal in every cell, shape (nz, ny, nx, 3)."""
        up = np.zeros((*self.shape, 3))
        up[..., 2] = 1
        return up

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
        """Coordinates x, y, z in m of the cells' centers, broadcastable to `shape`."""
        nz, ny, nx = self.shape
        cx, cy, cz = self.cell_size
        x = ((np.arange(nx) + 0.5) * cx)[None, None, :]
        y = ((np.arange(ny) + 0.5) * cy)[None, :, None]
        z = ((np.arange(nz) + 0.5) * cz)[:, None, None]
        return x, y, z


def check_open(film: Film, what: str) -> None:
    """Refuse films that are periodic along x or y, for which `what` is not made.

    Raises
    ------
    InputError
        If they are.
    """
    if film.pbc[0] or film.pbc[1]:
        raise InputError(
            f"{what} has open lateral boundaries, the film's pbc is {film.pbc}; use (0, 0, 1)"
        )
