"""Parts of a film: rectangles, discs, boxes and masks, as sets of its nodes or of its cells."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator
from pydantic.dataclasses import dataclass

from orchestrator.base.errors import InputError
from orchestrator.describe.film import Film
from orchestrator.describe.plausibility import FROZEN

Face = Literal["x-", "x+", "y-", "y+", "z-", "z+"]


@dataclass(frozen=True, config=FROZEN)
class Rectangle:
    """From `lower` to `upper` (x, y in m), through the film's whole thickness."""

    lower: tuple[float, float]
    upper: tuple[float, float]
    shape: Literal["rectangle"] = "rectangle"

    def nodes(self, film: Film) -> np.ndarray:
        """Mask of the nodes inside, shape `film.node_shape`."""
        return self._holds(film, film.node_coordinates(), film.node_shape)

    def cells(self, film: Film) -> np.ndarray:
        """Mask of the cells with their center inside, shape `film.shape`."""
        return self._holds(film, film.cell_coordinates(), film.shape)

    def _holds(self, film: Film, points: tuple, shape: tuple[int, ...]) -> np.ndarray:
        return _within(film, points[:2], self.lower, self.upper, shape)


@dataclass(frozen=True, config=FROZEN)
class Disc:
    """A disc of `radius` (m) about `center` (x, y), through the film's whole thickness."""

    center: tuple[float, float]
    radius: float
    shape: Literal["disc"] = "disc"

    def nodes(self, film: Film) -> np.ndarray:
        """Mask of the nodes inside, shape `film.node_shape`."""
        return self._holds(film.node_coordinates(), film.node_shape)

    def cells(self, film: Film) -> np.ndarray:
        """Mask of the cells with their center inside, shape `film.shape`."""
        return self._holds(film.cell_coordinates(), film.shape)

    def _holds(self, points: tuple, shape: tuple[int, ...]) -> np.ndarray:
        inside = in_disc(points[0], points[1], self.center, self.radius)
        return np.broadcast_to(inside, shape)


@dataclass(frozen=True, config=FROZEN)
class Box:
    """From `lower` to `upper` (x, y, z in m)."""

    lower: tuple[float, float, float]
    upper: tuple[float, float, float]
    shape: Literal["box"] = "box"

    def nodes(self, film: Film) -> np.ndarray:
        """Mask of the nodes inside, shape `film.node_shape`."""
        return _within(film, film.node_coordinates(), self.lower, self.upper, film.node_shape)

    def cells(self, film: Film) -> np.ndarray:
        """Mask of the cells with their center inside, shape `film.shape`."""
        return _within(film, film.cell_coordinates(), self.lower, self.upper, film.shape)


@dataclass(frozen=True, config=FROZEN)
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

    def cells(self, film: Film) -> np.ndarray:
        """Mask of the cells, shape `film.shape`.

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
        return np.broadcast_to(inside.reshape(self.grid[::-1]), film.shape)

    def nodes(self, film: Film) -> np.ndarray:
        """Mask of the corners of its cells, shape `film.node_shape`."""
        padded = np.pad(self.cells(film), [(0, 0) if film.is_2d else (1, 1), (1, 1), (1, 1)])
        for axis in range(int(film.is_2d), 3):
            n = padded.shape[axis]
            padded = padded.take(range(n - 1), axis) | padded.take(range(1, n), axis)
        return padded


Area = Annotated[Rectangle | Disc | Box | Mask, Discriminator("shape")]


def in_disc(x: np.ndarray, y: np.ndarray, center: tuple[float, float], radius: float) -> np.ndarray:
    """Whether points lie within a disc, its edge included."""
    return np.hypot(x - center[0], y - center[1]) <= radius * (1 + 1e-9)


def _within(
    film: Film, points: tuple, lower: tuple, upper: tuple, shape: tuple[int, ...]
) -> np.ndarray:
    tol = 1e-6 * min(film.cell_size)
    inside: np.ndarray = np.ones(shape, bool)
    for axis, low, high in zip(points, lower, upper, strict=True):
        inside &= (axis >= low - tol) & (axis <= high + tol)
    return inside


def encode_runs(cells: np.ndarray) -> tuple[int, ...]:
    """Lengths of alternating runs of False and True of an array, False first."""
    flat = np.concatenate([[False], cells.ravel()])
    ends = np.flatnonzero(np.diff(flat, append=not flat[-1]))
    return tuple(int(n) for n in np.diff(ends, prepend=0))


def read_mask(path: str | os.PathLike[str], face: Face | None = None) -> Mask:
    """The mask of an image or an OVF file.

    Parameters
    ----------
    path : path
        A PNG file, one pixel for each cell, its upper edge at the largest second coordinate; dark
        opaque pixels belong to the mask, as in mumax3's ImageShape. Or an OVF file, where cells of
        any nonzero component do.
    face : str, optional
        Face of the film that an image shows: an image of x+ has the coordinates (y, z), of y+
        (x, z), else (x, y).

    Raises
    ------
    InputError
        If the file cannot be read, is of another kind, or has no cell inside.
    """
    path = Path(path)
    if path.suffix.lower() == ".ovf":
        from orchestrator.ovf.files import read_ovf

        inside = (read_ovf(path).data != 0).any(axis=-1)
    elif path.suffix.lower() == ".png":
        dark = _dark_pixels(path)[::-1]
        missing = {"x": 2, "y": 1}.get(str(face)[0], 0)
        inside = np.expand_dims(dark, missing)
    else:
        raise InputError(f"{path}: a mask is read from a .png or .ovf file")
    if not inside.any():
        raise InputError(f"{path}: no cell is inside (dark and opaque, or nonzero)")
    return Mask.of(inside)


def with_masks_read(description: Any, folder: Path, key: str = "") -> Any:
    """A description in which every mask's `file` has become its `grid` and `runs`.

    So the description holds the mask itself, and its hash that of the mask, not of a file's name.

    Parameters
    ----------
    description : dict, list or plain value
        As read from a TOML file.
    folder : Path
        Where names of files start.

    Raises
    ------
    InputError
        As `read_mask` does, with the key.
    """
    if isinstance(description, list):
        return [with_masks_read(v, folder, f"{key}.{k}") for k, v in enumerate(description)]
    if not isinstance(description, dict):
        return description
    if description.get("shape") != "mask" or "file" not in description:
        return {
            k: with_masks_read(v, folder, f"{key}.{k}" if key else k)
            for k, v in description.items()
        }
    rest = {k: v for k, v in description.items() if k != "file"}
    try:
        mask = read_mask(folder / str(description["file"]), rest.get("face"))
    except InputError as error:
        named = f" ({rest['name']})" if "name" in rest else ""
        raise InputError(f"{key}.file{named}: {error}") from None
    return rest | {"grid": list(mask.grid), "runs": list(mask.runs)}


def _dark_pixels(path: Path) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as image:
            if image.mode.startswith("I"):
                return np.asarray(image) < 0x8000
            pixels = np.asarray(image.convert("RGBA"), float) / 255
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: cannot be read as an image ({error})") from None
    return (pixels[..., :3].mean(axis=-1) < 0.5) & (pixels[..., 3] >= 0.5)
