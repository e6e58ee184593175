"""The film: a grid of cells, all of them or those of a shape."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Tag

from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Area, Box, Disc, Ellipse, Mask, Rectangle
from orchestrator.describe.described import described
from orchestrator.describe.grid import Grid
from orchestrator.describe.plausibility import check_range

_NAMES = ("disc", "ellipse")


def _tag(given: Any) -> str | None:
    if isinstance(given, str):
        return "name" if given in _NAMES else None
    return given.get("shape") if isinstance(given, dict) else getattr(given, "shape", None)


FilmShape = Annotated[
    Annotated[Literal["disc", "ellipse"], Tag("name")]
    | Annotated[Disc, Tag("disc")]
    | Annotated[Ellipse, Tag("ellipse")]
    | Annotated[Rectangle, Tag("rectangle")]
    | Annotated[Box, Tag("box")]
    | Annotated[Mask, Tag("mask")],
    Discriminator(_tag),
]
"""An area, or the name of the largest disc or ellipse of a grid."""


@described
class Film(Grid):
    """A film on a regular grid.

    Parameters
    ----------
    cells, cell_size
        As in `Grid`.
    size : (Lx, Ly, Lz), m, optional
        Film size; given besides the cells it must agree with them to 1e-6.
    pbc : (px, py, pz)
        mumax3's `SetPBC` images. The default (0, 0, 1) stands for translation invariance along the
        normal; it switches off the DMI boundary condition of the two film faces that mumax3 3.11
        adds for one cell layer (an easy plane of Dbulk^2 / (2 Aex)).
    shape : Disc, Ellipse, Rectangle, Box or Mask, or "disc" or "ellipse", optional
        The film's cells are those whose center is inside; the others are vacuum unless a region
        fills them. The names stand for the largest disc and ellipse of the grid.
    """

    size: tuple[float, float, float] | None = None
    pbc: tuple[int, int, int] = (0, 0, 1)
    shape: FilmShape | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
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
        if not self.inside.any():
            raise ValueError("shape holds the center of no cell of the film")

    @property
    def outline(self) -> Area | None:
        """The shape as an area."""
        if not isinstance(self.shape, str):
            return self.shape
        lx, ly, _ = self.lengths
        if self.shape == "disc":
            return Disc((lx / 2, ly / 2), min(lx, ly) / 2)
        return Ellipse((lx / 2, ly / 2), (lx / 2, ly / 2))

    @property
    def inside(self) -> np.ndarray:
        """The cells of the shape, shape `array_shape`; all where there is none."""
        if self.outline is None:
            return np.broadcast_to(True, self.array_shape)
        return self.outline.cells(self)

    def saturated(self) -> np.ndarray:
        """Unit vectors along the film's normal in every cell, shape (nz, ny, nx, 3)."""
        up = np.zeros((*self.array_shape, 3))
        up[..., 2] = 1
        return up


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
