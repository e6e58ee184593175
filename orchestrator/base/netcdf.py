"""netCDF files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.base.files import write_whole

if TYPE_CHECKING:
    import xarray as xr


def write_netcdf(dataset: xr.Dataset | xr.DataTree, path: Path, encoding: dict[str, Any]) -> str:
    """Write a Dataset or a tree of them as one netCDF file and return its checksum.

    The file is put together in memory: HDF5, which would write it, does not tell when a disk is
    full, and leaves zeros.

    Raises
    ------
    OSError
        If the disk does not take all of it.
    """
    content = dataset.to_netcdf(None, engine="h5netcdf", encoding=encoding)
    assert isinstance(content, memoryview)
    return write_whole(path, bytes(content))
