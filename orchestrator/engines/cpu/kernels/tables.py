"""What the compiled kernels read: material by region, couplings, runs of cells, maps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Tables(NamedTuple):
    """Arguments of the kernels.

    Attributes
    ----------
    shape, per_length, periodic : ndarray, shape (3,)
        Numbers of cells, inverse of their sizes in 1/m and the periodic axes: x, y, z.
    regions : ndarray of uint8, shape (N,)
        Region of each cell.
    starts, rows : ndarray
        Runs of cells, see `segments`.
    crowded : int
        In rows of more runs the couplings of the cells are read one by one.
    vacuum : ndarray of bool, shape (N,) or (0,)
        Which cells are empty; no numbers if none is.
    material : ndarray, shape (columns.COUNT, 256), float32
        Constants by region, see `columns`.
    read, acts, varies : ndarray of bool, shape (columns.COUNT,)
        Which of them the kernels read, which are not zero everywhere, and which differ between
        the regions that there are.
    stiffness, dmi : ndarray, shape (256, 256), float32
        A in J/m and D in J/m2 of pairs of regions.
    ahead, twist : ndarray of float32, shape (A N,) or (0,)
        2 A / length^2 and D / length of every cell with the next one, see `couplings`; without
        crowded rows none.
    absent : ndarray of uint8, shape (N,) or (0,)
        Missing neighbors, see `couplings`, if they have a DMI term.
    field, current, layer : ndarray of float32, shape (3 N,) or (0,)
        Maps to be added to the uniform field, current density and fixed layer.
    kind : int
        0 without DMI, 1 bulk, 2 interfacial.
    closed : bool
        DMI enters the condition at faces without a neighbor.
    z_faces : bool
        Faces along z count.
    zhang_li, slonczewski : bool
        Which torques of the current act.
    """

    shape: np.ndarray
    per_length: np.ndarray
    periodic: np.ndarray
    regions: np.ndarray
    vacuum: np.ndarray
    starts: np.ndarray
    rows: np.ndarray
    crowded: int
    material: np.ndarray
    read: np.ndarray
    acts: np.ndarray
    varies: np.ndarray
    stiffness: np.ndarray
    dmi: np.ndarray
    ahead: np.ndarray
    twist: np.ndarray
    absent: np.ndarray
    field: np.ndarray
    current: np.ndarray
    layer: np.ndarray
    kind: int
    closed: bool
    z_faces: bool
    zhang_li: bool
    slonczewski: bool
