"""Where walls, bubbles and vortex cores are."""

from __future__ import annotations

import math

import numpy as np


def core_position(
    m: np.ndarray, cell_size: tuple[float, float, float]
) -> tuple[float, float, float]:
    """x and y (m, from the box centre) of the largest |mz| off the edge, and mz there.

    The place is refined by a parabola through the neighbors.
    """
    mz = m[..., 2].astype(float)
    inner = np.abs(mz[:, 1:-1, 1:-1])
    if not inner.size:
        return math.nan, math.nan, math.nan
    z, y, x = (int(i) for i in np.unravel_index(np.argmax(inner), inner.shape))
    y, x = y + 1, x + 1
    size = np.abs(mz[z])
    top = size[y, x]

    def refined(before: float, after: float) -> float:
        curvature = after - 2 * top + before
        return (before - after) / (2 * curvature) if curvature else math.nan

    ny, nx = size.shape
    across = x + refined(size[y, x - 1], size[y, x + 1]) - nx / 2 + 0.5
    along = y + refined(size[y - 1, x], size[y + 1, x]) - ny / 2 + 0.5
    return across * cell_size[0], along * cell_size[1], float(mz[z, y, x])


def bubble_position(
    m: np.ndarray, fill: np.ndarray, cell_size: tuple[float, float, float], pole: float,
    tilt: float,
) -> tuple[float, float]:  # fmt: skip
    """Centre (x, y) in m of the cells of the first layer that point along a pole.

    Cells weigh 1 + mz pole, or nothing where that is below the tilt of the background. As in
    mumax3 the origin is the centre of cell (nx // 2, ny // 2).
    """
    weight = m[0, ..., 2].astype(float) * pole + 1
    weight[weight < tilt] = 0
    weight *= fill[0]
    total = weight.sum()
    ny, nx = weight.shape
    with np.errstate(invalid="ignore"):
        x = (weight.sum(axis=0) @ np.arange(nx)) / total
        y = (weight.sum(axis=1) @ np.arange(ny)) / total
    return (x - nx // 2) * cell_size[0], (y - ny // 2) * cell_size[1]


def wall_tilt(m: np.ndarray) -> float:
    """Tilt of a wall mz = 0 against y, rad, from two rows near the edges of the first layer.

    Lengths are counted in cells, as in mumax3.
    """
    mz = m[0, ..., 2]
    rows = 4, mz.shape[0] - 5
    if rows[0] >= mz.shape[0] or rows[1] < 0 or rows[0] == rows[1]:
        return math.nan

    def last_crossing(y: int) -> int:
        crossings = np.flatnonzero(mz[y, :-1] * mz[y, 1:] < 0)
        return int(crossings[-1]) + 1 if crossings.size else 0

    return math.atan((last_crossing(rows[0]) - last_crossing(rows[1])) / (rows[0] - rows[1]))


class Path:
    """The way something goes in a periodic box, and its speed between two questions."""

    def __init__(self) -> None:
        self._place: tuple[float, float] | None = None
        self._length = 0.0
        self._asked: tuple[float, float] | None = None

    def length(self, place: tuple[float, float], box: tuple[float, float]) -> float:
        """Length of the way so far, m, with the present place; jumps over half a box wrap."""
        if self._place is not None:
            steps = (
                math.remainder(new - old, size)
                for new, old, size in zip(place, self._place, box, strict=True)
            )
            self._length += math.hypot(*steps)
        self._place = place
        return self._length

    def speed(self, place: tuple[float, float], box: tuple[float, float], time: float) -> float:
        """Mean speed since the last question, m/s; 0 at the first."""
        length, before = self.length(place, box), self._asked
        self._asked = (length, time)
        if before is None or time == before[1]:
            return 0.0
        return (length - before[0]) / (time - before[1])
