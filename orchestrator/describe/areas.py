"""Parts of a film: rectangles, discs, ellipses, boxes and masks, as sets of nodes or of cells.

Contacts, regions and the film's own shape are made of them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Discriminator

from orchestrator.base.errors import InputError
from orchestrator.describe.described import described
from orchestrator.describe.grid import Grid

Face = Literal["x-", "x+", "y-", "y+", "z-", "z+"]

EDGE = 1e-9
"""Relative widening of round shapes: a point on the edge is inside in spite of rounding."""


def in_box(
    film: Grid,
    points: tuple[np.ndarray, ...],
    lower: tuple[float, ...],
    upper: tuple[float, ...],
) -> np.ndarray:
    """Whether points lie between two corners, given in as many coordinates; its faces included.

    Raises
    ------
    InputError
        If a coordinate of `lower` is larger than that of `upper`.
    """
    if any(low > high for low, high in zip(lower, upper, strict=True)):
        raise InputError(
            f"lower = {list(lower)} lies beyond upper = {list(upper)}; exchange the coordinates "
            "that are larger in lower"
        )
    tol = 1e-6 * min(film.cell_size)
    inside: np.ndarray = np.array(True)
    for axis, low, high in zip(points, lower, upper, strict=True):
        inside = inside & (axis >= low - tol) & (axis <= high + tol)
    return inside


def in_disc(x: np.ndarray, y: np.ndarray, center: tuple[float, float], radius: float) -> np.ndarray:
    """Whether points lie within a disc, its edge included."""
    return np.hypot(x - center[0], y - center[1]) <= radius * (1 + EDGE)


class _Shape:
    """A part of a film that is given by which points it holds."""

    def holds(self, film: Grid, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether points (m) are inside, their edges included; broadcastable to the points."""
        raise NotImplementedError

    def nodes(self, film: Grid) -> np.ndarray:
        """Mask of the nodes inside, shape `film.node_shape`."""
        return np.broadcast_to(self.holds(film, *film.node_coordinates()), film.node_shape)

    def cells(self, film: Grid) -> np.ndarray:
        """Mask of the cells with their center inside, shape `film.array_shape`."""
        return np.broadcast_to(self.holds(film, *film.cell_coordinates()), film.array_shape)


@described
class Rectangle(_Shape):
    """A rectangle through the film's whole thickness.

    Parameters
    ----------
    lower, upper : (x, y), m
        Two of its corners.
    """

    lower: tuple[float, float]
    upper: tuple[float, float]
    shape: Literal["rectangle"] = "rectangle"

    def holds(self, film: Grid, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether points (m) are inside."""
        return in_box(film, (x, y), self.lower, self.upper)


@described
class Disc(_Shape):
    """A disc through the film's whole thickness.

    Parameters
    ----------
    center : (x, y), m
        Its center.
    radius : float, m
        Its radius.
    """

    center: tuple[float, float]
    radius: float
    shape: Literal["disc"] = "disc"

    def holds(self, film: Grid, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether points (m) are inside."""
        return in_disc(x, y, self.center, self.radius)


@described
class Ellipse(_Shape):
    """An ellipse through the film's whole thickness.

    Parameters
    ----------
    center : (x, y), m
        Its center.
    semi_axes : (a, b), m
        Along x and y.
    """

    center: tuple[float, float]
    semi_axes: tuple[float, float]
    shape: Literal["ellipse"] = "ellipse"

    def __post_init__(self) -> None:
        if not min(self.semi_axes) > 0:
            raise ValueError(f"semi_axes must be positive (m), got {list(self.semi_axes)}")

    def holds(self, film: Grid, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether points (m) are inside."""
        (a, b), (cx, cy) = self.semi_axes, self.center
        return np.hypot((x - cx) / a, (y - cy) / b) <= 1 + EDGE


@described
class Box(_Shape):
    """A box.

    Parameters
    ----------
    lower, upper : (x, y, z), m
        Two of its corners.
    """

    lower: tuple[float, float, float]
    upper: tuple[float, float, float]
    shape: Literal["box"] = "box"

    def holds(self, film: Grid, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether points (m) are inside."""
        return in_box(film, (x, y, z), self.lower, self.upper)


@described
class Mask:
    """Any set of cells.

    Parameters
    ----------
    grid : (nx, ny, nz)
        Number of cells, the film's; or 1 along an axis through which the mask reaches.
    runs : tuple of int
        Lengths of alternating runs of cells outside and inside, outside first, x fastest.
    """

    grid: tuple[int, int, int]
    runs: tuple[int, ...]
    shape: Literal["mask"] = "mask"

    def __post_init__(self) -> None:
        nx, ny, nz = self.grid
        if min(self.grid) < 1 or any(n < 0 for n in self.runs) or sum(self.runs) != nx * ny * nz:
            raise ValueError(f"runs must add up to the {nx} x {ny} x {nz} cells of the grid")

    @classmethod
    def of(cls, cells: np.ndarray) -> Mask:
        """The mask of an array of bool, shape (nz, ny, nx)."""
        nz, ny, nx = cells.shape
        return cls((nx, ny, nz), encode_runs(cells))

    def cells(self, film: Grid) -> np.ndarray:
        """Mask of the cells, shape `film.array_shape`.

        Raises
        ------
        InputError
            If the grid is not the film's.
        """
        if any(n not in (1, full) for n, full in zip(self.grid, film.cells, strict=True)):
            raise InputError(
                f"the mask has {' x '.join(map(str, self.grid))} cells, "
                f"the film {' x '.join(map(str, film.cells))}"
            )
        inside = np.repeat(np.arange(len(self.runs)) % 2 == 1, self.runs)
        return np.broadcast_to(inside.reshape(self.grid[::-1]), film.array_shape)

    def nodes(self, film: Grid) -> np.ndarray:
        """Mask of the corners of its cells, shape `film.node_shape`."""
        padded = np.pad(self.cells(film), [(0, 0) if film.is_2d else (1, 1), (1, 1), (1, 1)])
        for axis in range(int(film.is_2d), 3):
            n = padded.shape[axis]
            padded = padded.take(range(n - 1), axis) | padded.take(range(1, n), axis)
        return padded


Area = Annotated[Rectangle | Disc | Box | Mask | Ellipse, Discriminator("shape")]


def encode_runs(cells: np.ndarray) -> tuple[int, ...]:
    """Lengths of alternating runs of False and True of an array, False first."""
    flat = np.concatenate([[False], cells.ravel()])
    ends = np.flatnonzero(np.diff(flat, append=not flat[-1]))
    return tuple(int(n) for n in np.diff(ends, prepend=0))
