"""Reading the magnetization of a micromagneticmodel System: film, saturation, empty cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.film import Film

if TYPE_CHECKING:
    from micromagneticmodel import System


_SPREAD = {4: 1e-5, 8: 1e-9}
"""Accepted relative spread of |M|, by the bytes of a number."""


def read_film(
    system: System, pbc: tuple[int, int, int] | None, size: tuple[float, float, float] | None
) -> Film:
    """The grid of `system.m`, without what is empty.

    Raises
    ------
    InputError
        If it is no grid in meters, or has edges that mumax3 has not.
    """
    mesh = _magnetization(system).mesh
    if mesh.bc in ("neumann", "dirichlet"):
        raise InputError(
            f"mesh.bc = {mesh.bc!r}: mumax3c ignores it; a device has mumax3's own edges, or is "
            "periodic along the axes that bc names"
        )
    nx, ny, nz = (int(n) for n in mesh.n)
    cx, cy, cz = (shortest(float(c)) for c in mesh.cell)
    return Film(
        cells=(nx, ny, nz),
        cell_size=(cx, cy, cz),
        size=size,
        pbc=pbc or (int("x" in mesh.bc), int("y" in mesh.bc), int("z" in mesh.bc or nz == 1)),
    )


def read_saturation(system: System) -> tuple[float, np.ndarray]:
    """Ms in A/m, and the cells, (nz, ny, nx), that are empty: of norm 0, or not valid.

    Raises
    ------
    InputError
        If Ms is not the same in all other cells, or all are empty.
    """
    m = _magnetization(system)
    norm = np.asarray(m.norm.array)[..., 0].transpose(2, 1, 0)
    empty = (norm == 0) | ~np.asarray(m.valid).transpose(2, 1, 0)
    if empty.all():
        raise InputError("m is zero everywhere; its norm is Ms (material.Ms)")
    low, high = float(norm[~empty].min()), float(norm[~empty].max())
    width = m.array.dtype.itemsize
    if not high - low <= _SPREAD.get(width, 1e-9) * high:
        raise InputError(
            f"m.norm varies from {low:g} to {high:g} A/m: material.Ms is the same in all cells "
            "that are not empty; use one norm"
        )
    if width < 8:
        return float(f"{(low + high) / 2:.7g}"), empty
    return shortest(high), empty


def read_texture(system: System) -> np.ndarray:
    """Directions of `system.m`, zero where it is empty, shape (nz, ny, nx, 3)."""
    _, empty = read_saturation(system)
    m = _magnetization(system).array.transpose(2, 1, 0, 3).astype(float)
    length = np.where(empty, 1.0, np.linalg.norm(m, axis=-1))[..., None]
    return np.where(empty[..., None], 0.0, m / length)


def _magnetization(system: System) -> Any:
    m = system.m
    if m is None:
        raise InputError("m is not set; its mesh is the film and its norm is Ms")
    region = m.mesh.region
    if m.nvdim != 3 or tuple(region.dims) != ("x", "y", "z"):
        raise InputError(
            f"m has {m.nvdim} components over ({', '.join(region.dims)}); "
            "a device needs 3 components over (x, y, z)"
        )
    if set(region.units) != {"m"}:
        raise InputError(
            f"mesh.region.units = {region.units}: mumax3c takes every length for meters; use m"
        )
    return m


def shortest(value: float) -> float:
    """The value of at most 12 digits that rounding errors hide, or the value itself."""
    short = float(f"{value:.12g}")
    return short if abs(short - value) <= 1e-14 * abs(value) else value
