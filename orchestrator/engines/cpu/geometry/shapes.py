"""Shapes in space and their algebra, evaluated on arrays of points in m from the box centre."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from orchestrator.engines.cpu.language.errors import FatalError
from orchestrator.engines.cpu.language.functions import exposed

Inside = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Shape:
    """A part of space.

    Parameters
    ----------
    inside : callable
        For arrays x, y, z that broadcast: whether a point belongs to the shape.
    """

    def __init__(self, inside: Inside) -> None:
        self.inside = inside

    def smoothed(
        self,
        fill: np.ndarray,
        centers: tuple[np.ndarray, np.ndarray, np.ndarray],
        cell_size: tuple[float, float, float],
        samples: int,
    ) -> np.ndarray:
        """The filled fractions of cells, with samples^3 points in cells at the border.

        Parameters
        ----------
        fill : ndarray, (nz, ny, nx)
            1 where the centre of a cell is inside.
        centers : (x, y, z)
            Centres of the cells, (nz, ny, nx) each.
        """
        (x, y, z), (cx, cy, cz) = centers, cell_size
        corners = [
            self.inside(x + i * cx / 2, y + j * cy / 2, z + k * cz / 2)
            for i in (-1, 1)
            for j in (-1, 1)
            for k in (-1, 1)
        ]
        votes = np.sum(corners, axis=0) + fill
        edge = (votes > 0) & (votes < 9)
        places = ((np.arange(samples) + 0.5) / samples) - 0.5
        total = np.zeros(int(edge.sum()))
        for i in places:
            for j in places:
                for k in places:
                    total += self.inside(x[edge] + i * cx, y[edge] + j * cy, z[edge] + k * cz)
        smooth = fill.copy()
        smooth[edge] = total / samples**3
        return smooth

    def __str__(self) -> str:
        return "shape"

    @exposed
    def transl(self, dx: float, dy: float, dz: float) -> Shape:
        return Shape(lambda x, y, z: self.inside(x - dx, y - dy, z - dz))

    @exposed
    def scale(self, sx: float, sy: float, sz: float) -> Shape:
        return Shape(lambda x, y, z: self.inside(x / sx, y / sy, z / sz))

    @exposed
    def rot_x(self, angle: float) -> Shape:
        c, s = np.cos(angle), np.sin(angle)
        return Shape(lambda x, y, z: self.inside(x, y * c + z * s, -y * s + z * c))

    @exposed
    def rot_y(self, angle: float) -> Shape:
        c, s = np.cos(angle), np.sin(angle)
        return Shape(lambda x, y, z: self.inside(x * c - z * s, y, x * s + z * c))

    @exposed
    def rot_z(self, angle: float) -> Shape:
        c, s = np.cos(angle), np.sin(angle)
        return Shape(lambda x, y, z: self.inside(x * c + y * s, -x * s + y * c, z))

    @exposed
    def repeat(self, period_x: float, period_y: float, period_z: float) -> Shape:
        def folded(x: np.ndarray, period: float) -> np.ndarray:
            return x if period == 0 else np.mod(x + 0.5 * period, period) - 0.5 * period

        return Shape(
            lambda x, y, z: self.inside(
                folded(x, period_x), folded(y, period_y), folded(z, period_z)
            )
        )

    @exposed
    def add(self, other: Shape) -> Shape:
        return Shape(lambda x, y, z: self.inside(x, y, z) | other.inside(x, y, z))

    @exposed
    def intersect(self, other: Shape) -> Shape:
        return Shape(lambda x, y, z: self.inside(x, y, z) & other.inside(x, y, z))

    @exposed
    def inverse(self) -> Shape:
        return Shape(lambda x, y, z: ~self.inside(x, y, z))

    @exposed
    def sub(self, other: Shape) -> Shape:
        return Shape(lambda x, y, z: self.inside(x, y, z) & ~other.inside(x, y, z))

    @exposed
    def xor(self, other: Shape) -> Shape:
        return Shape(lambda x, y, z: self.inside(x, y, z) ^ other.inside(x, y, z))


def _everywhere(x: np.ndarray, y: np.ndarray, z: np.ndarray, flat: np.ndarray) -> np.ndarray:
    return np.broadcast_to(flat, np.broadcast_shapes(np.shape(x), np.shape(y), np.shape(z)))


def _shape(inside: Inside) -> Shape:
    return Shape(lambda x, y, z: _everywhere(x, y, z, inside(x, y, z)))


def universe() -> Shape:
    """All of space."""
    return _shape(lambda x, y, z: np.array(True))


def ellipsoid(dx: float, dy: float, dz: float) -> Shape:
    """Ellipsoid with the given diameters."""
    return _shape(lambda x, y, z: (x / dx) ** 2 + (y / dy) ** 2 + (z / dz) ** 2 <= 0.25)


def ellipse(dx: float, dy: float) -> Shape:
    """Elliptic cylinder along z."""
    return _shape(lambda x, y, z: (x / dx) ** 2 + (y / dy) ** 2 <= 0.25)


def circle(diameter: float) -> Shape:
    """Round cylinder along z, endless."""
    return ellipse(diameter, diameter)


def cylinder(diameter: float, height: float) -> Shape:
    """Round cylinder along z."""
    return circle(diameter).intersect(
        _shape(lambda x, y, z: (z <= 0.5 * height) & (z >= -0.5 * height))
    )


def superball(diameter: float, p: float) -> Shape:
    """|2x/d|^2p + |2y/d|^2p + |2z/d|^2p <= 1: sphere for p = 1, cube for infinite p."""

    def inside(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        if p <= 0:
            return np.array(False)
        normed = [np.abs(2 * u / diameter) for u in (x, y, z)]
        if np.isinf(p):
            return (normed[0] <= 1) & (normed[1] <= 1) & (normed[2] <= 1)
        first, second, third = (u ** (2 * p) for u in normed)
        return first + second + third <= 1

    return _shape(inside)


def cone(diameter: float, height: float) -> Shape:
    """Cone with its base at z = 0 and its tip at z = height."""

    def inside(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        radius = 0.5 * diameter * (1 - z / height)
        return (height * z >= 0) & (z / height <= 1) & (x * x + y * y <= radius * radius)

    return _shape(inside)


def cuboid(a: float, b: float, c: float) -> Shape:
    """Box with the given sides."""
    return _shape(lambda x, y, z: (np.abs(x) < a / 2) & (np.abs(y) < b / 2) & (np.abs(z) < c / 2))


def rect(a: float, b: float) -> Shape:
    """Rectangle in the xy plane, endless in z."""
    return _shape(lambda x, y, z: (np.abs(x) < a / 2) & (np.abs(y) < b / 2))


def square(side: float) -> Shape:
    """Square in the xy plane, endless in z."""
    return rect(side, side)


def triangle(x0: float, y0: float, x1: float, y1: float, x2: float, y2: float) -> Shape:
    """Triangle in the xy plane with its border, endless in z."""
    corners = [(x0, y0), (x1, y1), (x2, y2)]

    def inside(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        turns = [
            (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
            for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
        ]
        left = (turns[0] >= 0) & (turns[1] >= 0) & (turns[2] >= 0)
        return left | ((turns[0] <= 0) & (turns[1] <= 0) & (turns[2] <= 0))

    return _shape(inside)


def x_range(a: float, b: float) -> Shape:
    """a <= x < b."""
    return _shape(lambda x, y, z: (a <= x) & (x < b))


def y_range(a: float, b: float) -> Shape:
    """a <= y < b."""
    return _shape(lambda x, y, z: (a <= y) & (y < b))


def z_range(a: float, b: float) -> Shape:
    """a <= z < b."""
    return _shape(lambda x, y, z: (a <= z) & (z < b))


def image_shape(path: str, cells: tuple[int, int], cell_size: tuple[float, float]) -> Shape:
    """Dark and opaque pixels of an image that is stretched over the grid, y upwards.

    Raises
    ------
    FatalError
        If the file is not an image.
    """
    from matplotlib import image

    try:
        pixels = np.asarray(image.imread(Path(path)), dtype=float)
    except (OSError, ValueError, SyntaxError) as error:
        raise FatalError(f"{path}: not a readable image ({error})") from None
    if pixels.max(initial=0.0) > 1.0:
        pixels = pixels / 255.0
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    color = pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., :1]
    opaque = pixels[..., 3] if pixels.shape[-1] == 4 else np.ones(pixels.shape[:2])
    dark = ((color.mean(axis=-1) < 0.5) & (opaque > 0.5))[::-1]
    height, width = dark.shape
    size_x, size_y = cells[0] * cell_size[0], cells[1] * cell_size[1]

    def inside(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        column = np.floor((x / size_x + 0.5) * width).astype(int)
        row = np.floor((y / size_y + 0.5) * height).astype(int)
        within = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        return within & dark[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]

    return _shape(inside)


def voxels(filled: np.ndarray, cell_size: tuple[float, float, float]) -> Shape:
    """The shape of the filled cells, (nz, ny, nx) bool, of a box of cells of a size in m."""
    sizes = np.array(cell_size[::-1])
    counts = np.array(filled.shape)

    def inside(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        places = np.stack([z, y, x], axis=-1) / sizes + counts / 2
        index = np.floor(places).astype(int)
        within = ((index >= 0) & (index < counts)).all(axis=-1)
        index = np.clip(index, 0, counts - 1)
        return np.asarray(within & filled[tuple(np.moveaxis(index, -1, 0))])

    return Shape(inside)


SHAPES = (
    universe, ellipsoid, ellipse, circle, cylinder, superball, cone, cuboid, rect, square,
    triangle, x_range, y_range, z_range,
)  # fmt: skip
"""The shapes that need no mesh."""
