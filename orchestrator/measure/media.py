"""Resistivities by the numbers of regions, such as mumax3's, as regions of a device."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Mask
from orchestrator.describe.media import Region, Resistivity
from orchestrator.ovf.files import OvfField, read_ovf

Conductor = Resistivity | float | Literal["vacuum"]
"""A magnet; a metal of so many ohm m, whatever m is there; nothing that conducts."""


def read_numbers(numbers: Any) -> np.ndarray:
    """Numbers of regions from an OVF file, as mumax3 saves `regions`, or from an array.

    Parameters
    ----------
    numbers : path, OvfField or array_like
        Whole numbers, shape (nz, ny, nx) or (nz, ny, nx, 1).

    Returns
    -------
    ndarray of int, shape (nz, ny, nx)

    Raises
    ------
    InputError
        If the file cannot be read, or they are no whole numbers of such a shape.
    """
    source = "regions"
    if isinstance(numbers, str | os.PathLike):
        source, numbers = str(numbers), read_ovf(numbers)
    values = np.asarray(numbers.data if isinstance(numbers, OvfField) else numbers)
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if values.ndim != 3 or values.dtype.kind not in "iuf":
        raise InputError(
            f"{source}: numbers of regions have the shape (nz, ny, nx), got {values.shape} of "
            f"{values.dtype}"
        )
    whole = np.isfinite(values) & (values == np.rint(values))
    if not whole.all():
        raise InputError(f"{source}: regions have whole numbers, got {values[~whole][0]:g}")
    return values.astype(int)


def regions_of(
    numbers: np.ndarray,
    resistivities: Mapping[int, Conductor],
    inside: np.ndarray | None = None,
) -> tuple[Region, ...]:
    """The regions of a device that give numbered cells their own resistivities.

    Parameters
    ----------
    numbers : ndarray of int, shape (nz, ny, nx)
        Number of each cell's region.
    resistivities : mapping
        By number: a `Resistivity` (a magnet, which conducts where m is not zero), a resistivity in
        ohm m (a metal, which conducts whatever m is) or "vacuum". Cells of other numbers keep the
        resistivity of the device.
    inside : ndarray of bool, shape (nz, ny, nx), optional
        Cells of the geometry; without it a metal fills all cells of its number, in mumax3 with the
        number 0 also those around the geometry.

    Raises
    ------
    InputError
        If no cell has one of the numbers, or a resistivity is impossible.
    """
    found = []
    for number, conductor in resistivities.items():
        cells = numbers == number
        if inside is not None:
            cells = cells & inside
        if not cells.any():
            known = ", ".join(map(str, np.unique(numbers)))
            raise InputError(f"resistivities: no cell is in region {number}; there are {known}")
        found.append(_region(f"region {number}", Mask.of(cells), conductor))
    return tuple(found)


def _region(name: str, area: Mask, conductor: Conductor) -> Region:
    if isinstance(conductor, Resistivity):
        return Region(name, area, "magnet", resistivity=conductor)
    if conductor == "vacuum":
        return Region(name, area, "vacuum")
    if isinstance(conductor, bool) or not isinstance(conductor, int | float):
        raise InputError(
            f"{name}: give a Resistivity, a resistivity in ohm m or 'vacuum', got {conductor!r}"
        )
    return Region(name, area, "metal", rho=conductor)
