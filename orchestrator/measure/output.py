"""Measurements as files: OVF, VTK, netCDF; written together or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from orchestrator.base.netcdf import write_netcdf
from orchestrator.measure.measurement import FIELDS, Measurement
from orchestrator.ovf.files import write_ovf

DATASET = "transport.nc"
"""The file of all that is not a field of OVF or VTK."""
_WRITTEN = ("j", "potential", "power_density")


@contextmanager
def written_together(folder: Path) -> Iterator[Path]:
    """A temporary folder whose files go to `folder` when all of them have been written.

    Where anything fails, `folder` stays as it was, and is not made.
    """
    folder = Path(os.path.abspath(folder))
    parent = folder
    while not parent.exists():
        parent = parent.parent
    stage = Path(tempfile.mkdtemp(prefix=".transport-", dir=parent))
    try:
        yield stage
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(stage.iterdir()):
            os.replace(path, folder / path.name)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def write_fields(
    measurement: Measurement, folder: Path, formats: Sequence[str], suffix: str = ""
) -> None:
    """Write the fields of a measurement into a folder.

    OVF files have the film's grid: `j.ovf` (A/m2), `potential.ovf` (V, the mean of each cell's
    corners), `power_density.ovf` (W/m3). `transport.vti`, for ParaView, holds m, j and power
    density of the cells and the potential of the nodes.

    Parameters
    ----------
    measurement : Measurement
        What is written.
    folder : Path
        Must exist.
    formats : sequence of {"ovf", "vtk"}
        Others are passed over.
    suffix : str
        Behind the names of the files.
    """
    time, cell_size = measurement.texture.time or 0.0, measurement.film.cell_size
    if "ovf" in formats:
        for name in _WRITTEN:
            path, values = folder / f"{name}{suffix}.ovf", measurement.values(name)
            write_ovf(path, values, cell_size, title=name, unit=FIELDS[name], time=time)
    if "vtk" in formats:
        _write_vtk(measurement, folder / f"transport{suffix}.vti")


def write_dataset(measurement: Measurement, folder: Path) -> None:
    """Write all of a measurement as `transport.nc`."""
    dataset = measurement.to_dataset()
    encoding = {
        str(name): {"zlib": True, "complevel": 1}
        for name, variable in dataset.data_vars.items()
        if variable.ndim > 2
    }
    write_netcdf(dataset, folder / DATASET, encoding)


def _write_vtk(measurement: Measurement, path: Path) -> None:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkIOXML import vtkXMLImageDataWriter

    film = measurement.film
    grid = vtkImageData()
    grid.SetDimensions(*(n + 1 for n in film.cells))
    grid.SetSpacing(*film.cell_size)
    potential = measurement.potential
    if film.is_2d:
        potential = np.concatenate([potential, potential])
    for name in FIELDS:
        nodal = name == "potential"
        values = potential[..., None] if nodal else measurement.values(name)
        rows = np.ascontiguousarray(values.reshape(-1, values.shape[-1]), np.float32)
        array = numpy_to_vtk(rows, deep=True)
        array.SetName(f"{name} ({FIELDS[name]})")
        (grid.GetPointData() if nodal else grid.GetCellData()).AddArray(array)
    writer = vtkXMLImageDataWriter()
    writer.SetFileName(str(path))
    writer.SetInputData(grid)
    if writer.Write() != 1 or not path.exists():
        raise OSError(None, "cannot be written", str(path))
