"""OVF files as xarray Datasets, read when their values are used."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from orchestrator.base.errors import InputError
from orchestrator.base.lazy import BlockArray
from orchestrator.ovf.files import read_ovf, read_ovf_header
from orchestrator.ovf.header import Header

SUFFIXES = (".ovf", ".omf", ".ohf", ".oef")
"""Endings of the names of OVF files, of mumax3 and of OOMMF."""


def is_ovf(path: Path) -> bool:
    """Whether a path is an OVF file by its name."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def series_files(folder: Path, name: str = "m") -> list[Path]:
    """The saved fields of a mumax3 `.out` folder, in their order.

    Parameters
    ----------
    folder : Path
        Where mumax3 has saved them.
    name : str
        Of the quantity, before the number; of magnetizations OOMMF's `.omf` files count, too.

    Raises
    ------
    InputError
        If there is none.
    """
    found = [path for path in folder.glob("*.ovf") if _numbered(path) == name]
    if found:
        return sorted(found, key=lambda path: int(path.stem[len(name) :]))
    if name == "m" and (of_oommf := sorted(folder.glob("*.omf"))):
        return of_oommf
    others = sorted(path.name for path in folder.glob("*.ovf"))
    there = f"it holds {', '.join(others[:5])}" if others else "no *.ovf at all"
    raise InputError(
        f"{folder}: no saved {name} ({name}000000.ovf, {name}000001.ovf, ...); {there}"
    )


def _numbered(path: Path) -> str:
    """What stands before the number of six digits or more in a file's name."""
    match = re.fullmatch(r"(.*?)\d{6,}", path.stem)
    return match[1] if match else ""


def open_ovf(path: str | os.PathLike[str]) -> xr.Dataset:
    """An OVF file as a Dataset; the values are read, and checked, when they are used.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    xarray.Dataset
        One variable, named as the header's title, over (t, z, y, x, component), a scalar without
        `component`; `t` (s) has one value and is not there where the header states no time. x, y
        and z (m) are the cells' centers, from the lower left corner.

    Raises
    ------
    InputError
        If it is not an OVF file, or, on use, its data are damaged.
    """
    return _dataset([Path(path)], [read_ovf_header(path)])


def open_ovf_series(files: Sequence[Path]) -> xr.Dataset:
    """OVF files of one quantity as one Dataset along `t`; as `open_ovf` otherwise.

    Raises
    ------
    InputError
        If a file is of another grid, number of components or title than the first, or has no time.
    """
    headers = [read_ovf_header(path) for path in files]
    first = headers[0]
    for path, header in zip(files, headers, strict=True):
        if header.time is None and len(files) > 1:
            raise InputError(f"{path}: its header states no time; open such files one by one")
        if (header.cells, header.components) != (first.cells, first.components) or not np.allclose(
            header.cell_size, first.cell_size, rtol=1e-6, atol=0
        ):
            raise InputError(f"{path}: holds {header.grid}, {files[0].name} {first.grid}")
        if header.title != first.title:
            raise InputError(f"{path}: holds {header.title!r}, {files[0].name} {first.title!r}")
    return _dataset(files, headers)


def _dataset(files: Sequence[Path], headers: Sequence[Header]) -> xr.Dataset:
    header = headers[0]
    dims: tuple[str, ...] = ("z", "y", "x")
    shape: tuple[int, ...] = header.cells[::-1]
    coordinates: dict[str, Any] = {}
    for axis, count, step in zip("xyz", header.cells, header.cell_size, strict=True):
        centers = (np.arange(count) + 0.5) * step
        coordinates[axis] = (axis, centers, {"units": "m", "step": step})
    if header.components > 1:
        dims, shape = (*dims, "component"), (*shape, header.components)
        coordinates["component"] = _component_names(header)
    grid: tuple[int, ...] = ()
    if header.time is not None:
        grid = (len(files),)
        coordinates["t"] = ("t", [h.time for h in headers], {"units": "s"})
    dtype = np.float64 if any(h.encoding == "binary 8" for h in headers) else np.float32
    paths = [os.path.abspath(path) for path in files]
    array = BlockArray(grid, shape, dtype, partial(_blocks, paths, header.components))
    attrs = {"units": header.unit or "1", "long_name": header.title}
    variable = array.variable((*("t",) * len(grid), *dims), attrs)
    return xr.Dataset({_name(header, files[0]): variable}, coordinates, {"source": str(files[0])})


def _blocks(
    paths: Sequence[str], components: int, places: Iterable[tuple[int, ...]]
) -> Iterator[np.ndarray]:
    for place in places:
        data = read_ovf(paths[place[0] if place else 0]).data
        yield data if components > 1 else data[..., 0]


def _component_names(header: Header) -> list[str]:
    """x, y, z; of other fields what the header calls them."""
    if header.components == 3:
        return ["x", "y", "z"]
    if len(set(header.labels)) == header.components:
        return list(header.labels)
    return [str(k) for k in range(header.components)]


def _name(header: Header, path: Path) -> str:
    """The title as mumax3 gives it; of files without one their name without number."""
    return header.title or re.sub(r"\d+$", "", path.stem) or "values"
