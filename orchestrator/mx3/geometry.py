"""The magnetic cells of a device as a shape of a mumax3 script."""

from __future__ import annotations

import hashlib
import itertools
from io import BytesIO
from pathlib import Path

import numpy as np

from orchestrator.base.files import written_whole
from orchestrator.describe.areas import EDGE, Area, Disc, Ellipse, Mask
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film

_FEW = 16
"""A mask of so many boxes is drawn with them, one of more with images."""


class Geometry:
    """The shape that a setup draws, and the images that it reads.

    A film without a shape is full, and cuboids of cells empty what is not magnetic. A film with a
    shape is drawn by mumax3's own shapes, and its regions are added to it or taken from it.

    Attributes
    ----------
    script : str
        Statements that set the geometry; empty where all cells are magnetic.
    images : dict
        Masks of cells (ny, nx) by the names of their files.
    """

    def __init__(self, device: Device) -> None:
        self.images: dict[str, np.ndarray] = {}
        self._film = device.film
        outline = device.film.outline
        self.script = _emptied(device) if outline is None else self._drawn(device, outline)

    def write_images(self, folder: Path) -> None:
        """Write the images that the script reads into the folder where it runs."""
        for name, cells in self.images.items():
            if not (folder / name).exists():
                from PIL import Image

                buffer = BytesIO()
                Image.fromarray(np.where(cells[::-1], 0, 255).astype(np.uint8)).save(buffer, "PNG")
                with written_whole(folder / name) as temporary:
                    temporary.write_bytes(buffer.getvalue())

    def _drawn(self, device: Device, outline: Area) -> str:
        lines = [f"film := {self._shape(outline)}"]
        covered = device.film.inside
        for region in device.regions:
            cells = region.area.cells(device.film)
            magnetic = region.medium == "magnet"
            after = covered | cells if magnetic else covered & ~cells
            if (after != covered).any():
                verb = "Add" if magnetic else "Sub"
                lines.append(f"film = film.{verb}({self._shape(region.area)})")
            covered = after
        return "\n".join([*lines, "SetGeom(film)"])

    def _shape(self, area: Area) -> str:
        """mumax3's shape that holds the centers of the same cells."""
        lx, ly, lz = self._film.lengths
        wide = 2 * (1 + EDGE)
        if isinstance(area, Disc | Ellipse):
            x, y = (
                0.0 if abs(at - length / 2) < EDGE * length else at - length / 2
                for at, length in zip(area.center, (lx, ly), strict=True)
            )
            if isinstance(area, Disc):
                shape = f"Cylinder({wide * area.radius!r}, {lz!r})"
            else:
                a, b = area.semi_axes
                shape = f"Ellipse({wide * a!r}, {wide * b!r})"
            return shape if x == y == 0 else f"{shape}.Transl({x!r}, {y!r}, 0)"
        cells = area.cells(self._film)
        boxes = _boxes(cells)
        if isinstance(area, Mask) and len(boxes) > _FEW:
            return self._images_of(cells)
        first, *others = (_cuboid(self._film, lower, upper) for lower, upper in boxes)
        return first + "".join(f".Add({box})" for box in others)

    def _images_of(self, cells: np.ndarray) -> str:
        """An image for each stack of equal layers of cells."""
        changes = [k for k in range(1, len(cells)) if (cells[k] != cells[k - 1]).any()]
        bounds = [0, *changes, len(cells)]
        shapes = []
        for lower, upper in itertools.pairwise(bounds):
            if cells[lower].any():
                image = f'ImageShape("{self._image(cells[lower])}")'
                whole = len(bounds) == 2
                shapes.append(image if whole else f"{image}.Intersect(Layers({lower}, {upper}))")
        return shapes[0] + "".join(f".Add({shape})" for shape in shapes[1:])

    def _image(self, cells: np.ndarray) -> str:
        digest = hashlib.sha256(repr(cells.shape).encode() + np.packbits(cells).tobytes())
        name = f"mask_{digest.hexdigest()[:16]}.png"
        self.images[name] = cells
        return name


def _emptied(device: Device) -> str:
    """Statements that empty the non-magnetic cells of a full film."""
    boxes = _boxes(device.non_magnetic)
    if not boxes:
        return ""
    first, *others = (_cuboid(device.film, lower, upper) for lower, upper in boxes)
    lines = [f"empty := {first}", *(f"empty = empty.Add({box})" for box in others)]
    return "\n".join([*lines, "SetGeom(empty.Inverse())"])


def _cuboid(film: Film, lower: tuple[int, ...], upper: tuple[int, ...]) -> str:
    """A box of cells; mumax3's origin is the middle of the film."""
    edges, middles = [], []
    for a, b, n, c in zip(lower, upper, film.cells, film.cell_size, strict=True):
        edges.append(repr((b - a) * c))
        middles.append(repr((a + b - n) / 2 * c))
    return f"Cuboid({', '.join(edges)}).Transl({', '.join(middles)})"


def _boxes(cells: np.ndarray) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Disjoint boxes (lower, upper) in cells (x, y, z) that fill a mask."""
    left = cells.copy()
    boxes = []
    while left.any():
        lower = [int(i) for i in np.argwhere(left)[0]]
        upper = [i + 1 for i in lower]
        for axis in (2, 1, 0):
            while upper[axis] < left.shape[axis]:
                next_layer = [slice(a, b) for a, b in zip(lower, upper, strict=True)]
                next_layer[axis] = slice(upper[axis], upper[axis] + 1)
                if not left[tuple(next_layer)].all():
                    break
                upper[axis] += 1
        left[tuple(slice(a, b) for a, b in zip(lower, upper, strict=True))] = False
        boxes.append((tuple(lower[::-1]), tuple(upper[::-1])))
    return boxes
