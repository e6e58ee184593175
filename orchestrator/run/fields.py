"""Kept textures and current densities: one compressed netCDF file with checksums for each state.

Unit vectors in float32 hardly compress (by a tenth); rounded to 16 bits they nearly halve.
Components are stored one after the other, which compresses better than interleaved.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import write_whole
from orchestrator.describe.sections import Precision
from orchestrator.learning.records import Column

_DIMS = ("training", "snapshot", "z", "y", "x", "component")
_STORED = ("component", "z", "y", "x")
FIELDS = {
    "m": Column(
        "magnetization",
        _DIMS,
        "1",
        "unit vector of the magnetization after so many pulses",
        "float32",
    ),
    "j": Column("current_density", _DIMS, "A/m2", "current density in that texture", "float32"),
}
"""The fields of `Output.fields` as variables of the results."""


def write_state(path: Path, fields: Mapping[Any, np.ndarray], precision: Precision) -> str:
    """Write fields whole or not at all, and return the file's checksum.

    Parameters
    ----------
    path : Path
        The netCDF file.
    fields : mapping of {"m", "j"} to ndarray, shape (nz, ny, nx, 3)
        Magnetization (1) and current density (A/m2).
    precision : {"float32", "int16"}
        Exact, or rounded to 1/32767 of the largest component.

    Raises
    ------
    OSError
        If the disk does not take all of it.
    """
    import h5netcdf  # not xarray, whose import takes longer than a short run

    content = io.BytesIO()  # HDF5 does not tell when a disk is full, and leaves zeros
    with h5netcdf.File(content, "w") as file:
        for key, data in fields.items():
            column = FIELDS[key]
            values = np.ascontiguousarray(np.moveaxis(data, -1, 0), dtype=np.float32)
            for name, size in zip(_STORED, values.shape, strict=True):
                file.dimensions.setdefault(name, size)
            packed, attributes = _packed(values, precision)
            variable = file.create_variable(
                column.name,
                _STORED,
                packed.dtype,
                packed,
                attributes.pop("_FillValue", None),
                chunks=values.shape,
                compression="gzip",
                compression_opts=1,
                shuffle=True,
                fletcher32=True,
            )
            variable.attrs.update(column.attrs | attributes)
    return write_whole(path, content.getvalue())


def _packed(values: np.ndarray, precision: Precision) -> tuple[np.ndarray, dict[str, Any]]:
    """What is stored of values, and the attributes that tell how to read it."""
    if precision == "float32":
        return values, {}
    scale = float(np.abs(values).max()) / 32767 or 1.0
    packed = np.around(values / np.float32(scale)).astype(np.int16)
    return packed, {"scale_factor": scale, "_FillValue": np.int16(-32768)}


def read_state(path: Path, key: str, cells: tuple[int, int, int]) -> np.ndarray:
    """A field of a state's file, shape (nz, ny, nx, 3), float32.

    Parameters
    ----------
    path : Path
        The netCDF file.
    key : {"m", "j"}
        Which field.
    cells : tuple of int
        (nz, ny, nx) of the film; a file that claims more is not unpacked.

    Raises
    ------
    RunFolderError
        If the file is missing, damaged, or does not hold the field.
    """
    import h5py

    try:
        with h5py.File(path) as file:
            stored = file[FIELDS[key].name]
            if stored.shape != (3, *cells):
                raise ValueError(f"its shape is {stored.shape}, not {(3, *cells)}")
            values = stored[...] * np.float32(stored.attrs.get("scale_factor", 1.0))
    except FileNotFoundError:
        raise RunFolderError(f"{path}: missing") from None
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise RunFolderError(f"{path}: damaged ({error})") from None
    return np.ascontiguousarray(np.moveaxis(values, 0, -1), dtype=np.float32)
