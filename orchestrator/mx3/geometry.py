"""The non-magnetic cells of a device as a shape of a mumax3 script."""

from __future__ import annotations

import numpy as np

from orchestrator.describe.device import Device
from orchestrator.describe.film import Film


def geometry_script(device: Device) -> str:
    """Statements that empty the non-magnetic cells; nothing where all cells are magnetic."""
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
