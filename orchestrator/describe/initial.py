"""The magnetization of an OVF file as the directions that a film starts from."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.film import Film
from orchestrator.ovf.files import OvfField, read_ovf
from orchestrator.ovf.resample import resampled

_UNIT = 1e-3
"""Vectors this near to unit length are taken as they are; the engines normalize them anyway."""
_UNIFORM = 1e-2
"""Largest accepted relative spread of the lengths of vectors."""


def read_directions(path: str | Path, film: Film, *, resample: bool = False) -> np.ndarray:
    """Unit vectors of a magnetization in any unit, zero where the file's are zero.

    Parameters
    ----------
    path : path
        OVF file, with m, or M in A/m as OOMMF and discretisedfield write it.
    film : Film
        Whose cells the file must have, unless it is resampled.
    resample : bool
        Fill the film's cells from another grid by nearest neighbors; cell i of N takes cell
        floor(i N_file / N), whatever the cell sizes.

    Returns
    -------
    ndarray, shape (nz, ny, nx, 3)

    Raises
    ------
    InputError
        If the file cannot be read, has other cells, or does not hold a magnetization.
    """
    field = read_ovf(path)
    data = field.data
    if data.shape[3] != 3:
        raise InputError(f"{path} holds fields of {data.shape[3]} components; m has 3")
    if resample:
        data = resampled(data, film.cells)
    else:
        _check_cells(path, field, film)
    length = np.linalg.norm(data, axis=-1, keepdims=True)
    if not np.isfinite(length).all():
        z, y, x = (int(k) for k in np.argwhere(~np.isfinite(length[..., 0]))[0])
        raise InputError(
            f"{path} is not a magnetization: it holds NaN or infinite values, "
            f"first in cell {x}, {y}, {z} (x, y, z from 0)"
        )
    if not length.any():
        raise InputError(f"{path} is not a magnetization: it is zero everywhere")
    low, high = float(length[length > 0].min()), float(length.max())
    if high - low > _UNIFORM * high:
        raise InputError(
            f"{path} is not a magnetization: vectors of length {low:g} to {high:g}; expected one "
            "length (1, or Ms in A/m) in all cells that are not empty"
        )
    if abs(low - 1) <= _UNIT and abs(high - 1) <= _UNIT:
        return data
    return np.divide(data, length, out=np.zeros_like(data), where=length > 0)


def _check_cells(path: str | Path, field: OvfField, film: Film) -> None:
    cells = field.data.shape[2::-1]
    if cells != film.cells:
        raise InputError(
            f"{path} holds {' x '.join(map(str, cells))} cells, the film has "
            f"{' x '.join(map(str, film.cells))}; use start.resample = true to take the nearest"
        )
    pairs = zip(field.cell_size, film.cell_size, strict=True)
    if not all(math.isclose(a, b, rel_tol=1e-6) for a, b in pairs):
        found, wanted = (
            " x ".join(f"{c:g}" for c in size) for size in (field.cell_size, film.cell_size)
        )
        raise InputError(
            f"{path} has cells of {found} m, the film of {wanted} m; "
            "use start.resample = true if its cells are to be the film's"
        )
