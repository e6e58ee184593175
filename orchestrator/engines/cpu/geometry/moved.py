"""Arrays moved over the grid."""

from __future__ import annotations

import numpy as np


def moved(
    values: np.ndarray, cells: int, axis: int, low: np.ndarray | float, high: np.ndarray | float
) -> np.ndarray:
    """Values moved by a number of cells along an array axis.

    Parameters
    ----------
    low, high
        What enters at the first and at the last index.
    """
    result = np.roll(values, cells, axis)
    size = values.shape[axis]
    entering: list[slice] = [slice(None)] * values.ndim
    entering[axis] = slice(0, min(cells, size)) if cells > 0 else slice(max(size + cells, 0), size)
    result[tuple(entering)] = low if cells > 0 else high
    return result
