"""Magnetizations of any origin as unit vectors on a grid."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.ovf.files import OvfField, read_ovf

_UNIT = 1e-3
"""Vectors this near to unit length are taken as they are."""
_EMPTY = 1e-6
"""Vectors shorter than this share of the longest are no magnetization."""
_OTHER_UNITS = frozenset({"T", "mT", "J", "J/m3", "A/m2", "V", "W/m3", "m", "s", "Pa", "N/m3"})


@dataclass(frozen=True)
class Texture:
    """A magnetization.

    Attributes
    ----------
    m : ndarray, shape (nz, ny, nx, 3)
        Unit vectors, zero where nothing is magnetic.
    cell_size : (cx, cy, cz) or None
        m; None for a plain array.
    time : float or None
        s, where it is stated.
    source : str
        Where it is from, for messages.
    """

    m: np.ndarray
    cell_size: tuple[float, float, float] | None = None
    time: float | None = None
    source: str = "m"


def read_texture(m: Any, cell_size: tuple[float, float, float] | None = None) -> Texture:
    """The texture of an array, a discretisedfield Field, an xarray DataArray or an OVF file.

    Vectors in A/m, as OOMMF, BORIS and Ubermag write them, become unit vectors; zero vectors, and
    those of a Field's cells that are not `valid`, stand for cells that are not magnetic.

    Parameters
    ----------
    m : array_like, Field, DataArray, OvfField or path
        Arrays have the shape (nz, ny, nx, 3).
    cell_size : (cx, cy, cz), optional
        m, for arrays.

    Raises
    ------
    InputError
        If it cannot be read, is no field of vectors, holds NaN, or has no magnetic cell.
    """
    if isinstance(m, str | os.PathLike):
        return _of_ovf(read_ovf(m), str(m))
    if isinstance(m, OvfField):
        return _of_ovf(m, "m")
    if hasattr(m, "mesh") and hasattr(m, "nvdim"):
        return _of_field(m)
    if hasattr(m, "dims") and hasattr(m, "coords"):
        return _of_dataarray(m, cell_size)
    return Texture(directions(np.asarray(m), "m"), cell_size)


def directions(data: np.ndarray, source: str) -> np.ndarray:
    """Unit vectors of a magnetization in any unit, zero where it is zero.

    Raises
    ------
    InputError
        If it is no field of three real components, holds NaN, or is zero everywhere.
    """
    if data.ndim != 4 or data.shape[3] != 3 or data.dtype.kind not in "iuf":
        raise InputError(
            f"{source}: a magnetization has the shape (nz, ny, nx, 3) and real numbers, got "
            f"{data.shape} of {data.dtype}"
        )
    length = np.sqrt(np.einsum("...i,...i", data, data, dtype=float))[..., None]
    if not np.isfinite(length).all():
        z, y, x = (int(k) for k in np.argwhere(~np.isfinite(length[..., 0]))[0])
        raise InputError(f"{source}: NaN or infinite in cell (ix, iy, iz) = ({x}, {y}, {z})")
    longest = float(length.max(initial=0))
    if longest == 0:
        raise InputError(f"{source}: no cell is magnetic; the vectors are zero everywhere")
    magnetic = length > _EMPTY * longest
    if (np.abs(length - 1)[magnetic] <= _UNIT).all() and magnetic.sum() == (length > 0).sum():
        return data
    return np.divide(data, length, out=np.zeros(data.shape), where=magnetic)


def _of_ovf(field: OvfField, source: str) -> Texture:
    components = field.data.shape[3]
    if components != 3:
        raise InputError(
            f"{source}: holds {components} numbers for each cell; a magnetization has 3"
        )
    if field.unit in _OTHER_UNITS:
        raise InputError(
            f"{source}: holds {field.title or 'values'} in {field.unit}; a magnetization is in 1 "
            "or A/m"
        )
    return Texture(directions(field.data, source), field.cell_size, field.time, source)


def _of_field(field: Any) -> Texture:
    from orchestrator.ubermag import from_field

    values = from_field(field)
    if set(field.mesh.region.units) != {"m"}:
        raise InputError(f"m: lengths of the mesh are in {field.mesh.region.units}; use m")
    valid = np.asarray(field.valid).transpose(2, 1, 0)[..., None]
    cx, cy, cz = (float(c) for c in field.mesh.cell)
    return Texture(directions(np.where(valid, values, 0), "m"), (cx, cy, cz))


def _of_dataarray(m: Any, cell_size: tuple[float, float, float] | None) -> Texture:
    """Of an OVF file or a run opened with xarray; along every other dimension one value is left."""
    wanted = ("z", "y", "x", "component")
    extra = [str(dim) for dim in m.dims if dim not in wanted and m.sizes[dim] != 1]
    if extra or any(dim not in m.dims for dim in wanted):
        raise InputError(
            f"m: a DataArray needs the dimensions {', '.join(wanted)}, got "
            f"{', '.join(map(str, m.dims))}" + ("; choose one with `.isel`" if extra else "")
        )
    time = float(m["t"].item()) if "t" in m.coords and m["t"].size == 1 else None
    m = m.squeeze([dim for dim in m.dims if dim not in wanted]).transpose(*wanted)
    steps = [_step(m, axis) for axis in "xyz"]
    if cell_size is None and all(step is not None for step in steps):
        cx, cy, cz = (float(step) for step in steps if step is not None)
        cell_size = (cx, cy, cz)
    return Texture(directions(m.to_numpy(), "m"), cell_size, time)


def _step(m: Any, axis: str) -> float | None:
    """Length of a cell along an axis: an attribute of its coordinate, or from its values."""
    if axis not in m.coords:
        return None
    centers = m[axis]
    if "step" in centers.attrs:
        return float(centers.attrs["step"])
    return float(centers[1] - centers[0]) if centers.size > 1 else 2 * float(centers[0])
