"""Kept textures and current densities: one compressed netCDF file with checksums for each state.

Unit vectors in float32 hardly compress (by a tenth); rounded to 16 bits they nearly halve.
Components are stored one after the other, which compresses better than interleaved.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import written_whole
from orchestrator.describe.sections import Precision

NAMES = {
    "m": ("magnetization", "1", "unit vector of the magnetization after so many pulses"),
    "j": ("current_density", "A/m2", "current density in that texture"),
}
DIMS = ("z", "y", "x", "component")
_STORED = ("component", "z", "y", "x")


def state_name(number: int) -> str:
    """Name of the file that keeps the state after `number` pulses."""
    return f"state_{number:06d}.nc"


def write_state(path: Path, fields: Mapping[Any, np.ndarray], precision: Precision) -> None:
    """Write fields whole or not at all.

    Parameters
    ----------
    path : Path
        The netCDF file.
    fields : mapping of {"m", "j"} to ndarray, shape (nz, ny, nx, 3)
        Magnetization (1) and current density (A/m2).
    precision : {"float32", "int16"}
        Exact, or rounded to 1/32767 of the largest component.
    """
    import xarray as xr

    variables, encoding = {}, {}
    for key, data in fields.items():
        name, unit, text = NAMES[key]
        values = np.ascontiguousarray(np.moveaxis(data, -1, 0), dtype=np.float32)
        variables[name] = (_STORED, values, {"units": unit, "long_name": text})
        encoding[name] = _encoding(values, precision)
    with written_whole(path) as temporary:
        xr.Dataset(variables).to_netcdf(temporary, engine="h5netcdf", encoding=encoding)


def _encoding(values: np.ndarray, precision: Precision) -> dict[str, Any]:
    encoding: dict[str, Any] = {
        "zlib": True,
        "complevel": 1,
        "shuffle": True,
        "fletcher32": True,
        "chunksizes": values.shape,
        "_FillValue": None,
    }
    if precision == "int16":
        scale = float(np.abs(values).max()) / 32767 or 1.0
        encoding |= {"dtype": "int16", "scale_factor": scale, "_FillValue": -32768}
    return encoding


def read_state(path: Path, key: str) -> np.ndarray:
    """A field of a state's file, shape (nz, ny, nx, 3), float32.

    Raises
    ------
    RunFolderError
        If the file is missing, damaged, or does not hold the field.
    """
    import h5py

    try:
        with h5py.File(path) as file:
            stored = file[NAMES[key][0]]
            values = stored[...] * np.float32(stored.attrs.get("scale_factor", 1.0))
    except FileNotFoundError:
        raise RunFolderError(f"{path}: missing") from None
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise RunFolderError(f"{path}: damaged ({error})") from None
    return np.ascontiguousarray(np.moveaxis(values, 0, -1), dtype=np.float32)


def checksum(path: Path) -> str:
    """CRC-32 of a file as 8 hexadecimal digits.

    Raises
    ------
    RunFolderError
        If it cannot be read.
    """
    try:
        return f"{zlib.crc32(path.read_bytes()):08x}"
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be read ({error.strerror})") from None
