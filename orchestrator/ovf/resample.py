"""Fields on another grid."""

from __future__ import annotations

import numpy as np


def resampled(data: np.ndarray, cells: tuple[int, int, int]) -> np.ndarray:
    """Nearest-neighbour resampling to (nx, ny, nz) cells: cell i takes floor(i N_in / N_out)."""
    nz, ny, nx = data.shape[:3]
    ix, iy, iz = (np.arange(n) * old // n for n, old in zip(cells, (nx, ny, nz), strict=True))
    return np.ascontiguousarray(data[np.ix_(iz, iy, ix)])
