"""Exchange and DMI of every cell with the next one, for rows of many regions.

The coupling with the cell before is the same number, found with that cell.
"""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.kernels.neighbors import count_missing, couple


def next_couplings(
    cells: np.ndarray,
    periodic: np.ndarray,
    regions: np.ndarray,
    vacuum: np.ndarray,
    table: np.ndarray,
    factors: np.ndarray,
) -> np.ndarray:
    """Coupling of every cell with the next one along each axis; zero where there is none.

    Parameters
    ----------
    cells, periodic : ndarray, shape (3,)
        Numbers of cells, and the periodic axes: x, y, z.
    regions, vacuum : ndarray, shape (N,)
        Region of each cell, and whether it is empty.
    table : ndarray, shape (256, 256)
        Coupling of pairs of regions, the same in both orders.
    factors : ndarray, shape (A,)
        Factor for each of the first A axes.

    Returns
    -------
    ndarray, shape (A N,), float32
    """
    out = np.empty(len(factors) * regions.size, np.float32)
    couple(cells, periodic, regions, vacuum, table, factors, out)
    return out


def missing_neighbors(
    cells: np.ndarray, periodic: np.ndarray, vacuum: np.ndarray, axes: int
) -> np.ndarray:
    """Number of missing neighbors along x, plus 4 times that along y, plus 16 times that along z.

    Zero in vacuum; only the first `axes` axes count.

    Returns
    -------
    ndarray, shape (N,), uint8
    """
    out = np.zeros(vacuum.size, np.uint8)
    count_missing(cells, periodic, vacuum, axes, out)
    return out
