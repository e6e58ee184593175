"""Results in one file: netCDF, or Zarr with consolidated metadata."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xarray as xr

from orchestrator.base.errors import InputError
from orchestrator.base.netcdf import write_netcdf
from orchestrator.run.fields import FIELDS

_CHUNK = 2**24
"""Largest size of a chunk of a Zarr array in bytes, where the runs allow it."""


def export(results: xr.Dataset | xr.DataTree, path: Path, *, fields: bool = False) -> None:
    """Write results into one compressed netCDF file, or a Zarr store if `path` ends in `.zarr`.

    A Zarr store has consolidated metadata (format 2), and chunks along the axes of the campaign.

    Parameters
    ----------
    results : xarray.Dataset or xarray.DataTree
        From `open_run`, `open_campaign` or `open_campaign_tree`.
    path : Path
        The file or folder; it appears whole, in place of one of an earlier call.
    fields : bool
        With the kept magnetizations and current densities.

    Raises
    ------
    InputError
        If the folder that shall hold it does not exist, or something else is in its place; if zarr
        is not installed.
    OSError
        If the disk does not take all of it.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    tree = results if isinstance(results, xr.DataTree) else xr.DataTree(results)
    if not fields:
        tree = tree.map_over_datasets(_without_fields)
    if path.suffix == ".zarr":
        _write_zarr(tree, path)
    else:
        write_netcdf(tree, path, _encoding(tree, lambda _: {"zlib": True, "complevel": 1}))


def _without_fields(dataset: xr.Dataset) -> xr.Dataset:
    inner = {dim for column in FIELDS.values() for dim in column.dims} - {"training"}
    return dataset.drop_dims(inner, errors="ignore")


def _encoding(
    tree: xr.DataTree, of: Callable[[xr.Variable], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The encoding of all floating-point arrays of a tree, by their node and name."""
    return {
        node.path: {
            str(name): of(array.variable)
            for name, array in node.to_dataset().data_vars.items()
            if array.dtype.kind == "f" and array.ndim
        }
        for node in tree.subtree
    }


def _write_zarr(tree: xr.DataTree, path: Path) -> None:
    try:
        import zarr  # noqa: F401
    except ImportError:
        raise InputError(
            f"{path}: Zarr stores need `pip install 'mumax3-orchestrator[zarr]'`"
        ) from None
    if path.exists() and not (path / ".zmetadata").is_file():
        raise InputError(f"{path}: is there already, and is no Zarr store of an earlier call")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    before = path.with_name(f".{path.name}.{os.getpid()}.old")
    try:
        tree.to_zarr(
            temporary,
            encoding=_encoding(tree, lambda variable: {"chunks": _chunks(variable)}),
            consolidated=True,
            zarr_format=2,
        )
        if path.exists():
            path.rename(before)  # a half removed store would be read as one with empty chunks
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)


def _chunks(variable: xr.Variable) -> tuple[int, ...]:
    """Whole in the last dimensions, as many as fit into `_CHUNK` of the first ones."""
    chunks, size = [], variable.dtype.itemsize
    for length in reversed(variable.shape):
        chunks.append(max(1, min(length, _CHUNK // size)))
        size *= chunks[-1]
    return tuple(reversed(chunks))
