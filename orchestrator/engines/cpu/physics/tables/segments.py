"""Runs of cells along x whose neighborhood is the same: one material, one kind of face each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Segments:
    """Runs of cells, row by row.

    Attributes
    ----------
    starts : ndarray of int32
        First x of each run; a run ends where the next of its row starts.
    rows : ndarray of int64, shape (nz * ny + 1,)
        First run of each row, and the number of runs at the end.
    """

    starts: np.ndarray
    rows: np.ndarray


def find_segments(
    regions: np.ndarray, vacuum: np.ndarray, periodic: tuple[bool, bool, bool]
) -> Segments:
    """Split rows so that along a run the region of the cell and of each neighbor stays the same.

    The first and the last cell of a row are runs of their own, since one neighbor of theirs is
    missing or at the other end.

    Parameters
    ----------
    regions, vacuum : ndarray, shape (nz, ny, nx)
        Region of each cell, and whether it is empty.
    periodic : (x, y, z)
        Which axes are periodic.
    """
    kind = regions.astype(np.int16)
    kind[vacuum] = -1
    start = np.zeros(kind.shape, bool)
    start[..., :2] = True
    start[..., -1] = True
    changes = kind[..., 1:] != kind[..., :-1]
    start[..., 1:] |= changes
    start[..., 2:] |= changes[..., :-1]  # the neighbor behind has changed
    start[..., 1:-1] |= changes[..., 1:]  # the neighbor ahead has changed
    for axis, wraps in ((1, periodic[1]), (0, periodic[2])):
        for step in (-1, 1):
            beside = np.roll(changes, step, axis)
            if not wraps:
                edge = [slice(None)] * 3
                edge[axis] = slice(0, 1) if step == 1 else slice(-1, None)
                beside[tuple(edge)] = False
            start[..., 1:] |= beside
    flat = start.reshape(-1, kind.shape[-1])
    rows = np.concatenate([[0], np.cumsum(flat.sum(axis=1))]).astype(np.int64)
    return Segments(np.nonzero(flat)[1].astype(np.int32), rows)
