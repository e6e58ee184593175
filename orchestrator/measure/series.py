"""The transport of many textures: G(t), R(t), R(H) of the saved states of a simulation."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.film import Film
from orchestrator.describe.media import check_regions
from orchestrator.measure.circuit import Circuit, check_grid
from orchestrator.measure.drive import Conditions
from orchestrator.measure.measurement import (
    Measurement,
    contact_coordinates,
    provenance,
    terminal_variables,
)
from orchestrator.measure.tables import columns_at
from orchestrator.measure.textures import Texture, read_texture
from orchestrator.ovf.files import read_ovf_header
from orchestrator.ovf.tables import TABLE, open_table
from orchestrator.transport.network import Network

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass(frozen=True)
class Probe:
    """A network with what is done to its contacts, for any number of textures of one film.

    Attributes
    ----------
    circuit : Circuit
        What conducts, and where it is contacted.
    film : Film
        The grid of the textures.
    network : Network
        Of the circuit on that film.
    voltages, currents : dict
        By name of contact, V and A; the others float.
    """

    circuit: Circuit
    film: Film
    network: Network
    voltages: dict[str, float]
    currents: dict[str, float]

    @classmethod
    def of(
        cls,
        circuit: Circuit,
        film: Film,
        drive: Conditions,
        solver: str = "auto",
        threads: int | None = None,
    ) -> Probe:
        """The probe of a circuit on a film.

        Raises
        ------
        InputError
            If a region does not fit the film or holds none of its cells.
        """
        check_regions(film, circuit.regions)
        network = Network(
            film,
            circuit.resistivity,
            circuit.contacts,
            solver,
            regions=circuit.regions,
            underlayer=circuit.underlayer,
            threads=threads,
        )
        return cls(circuit, film, network, *drive)

    def measure(self, texture: Texture) -> Measurement:
        """The transport of one texture.

        Raises
        ------
        InputError
            With the texture's source, if it is of another grid or a contact touches no conducting
            cell.
        """
        nz, ny, nx = texture.m.shape[:3]
        try:
            check_grid(self.film, (nx, ny, nz), texture.cell_size, "the film")
            state = self.network.solve(texture.m)
            drive = state.drive(self.voltages, self.currents)
        except InputError as error:
            raise InputError(f"{texture.source}: {error}") from None
        return Measurement(self.circuit, self.film, texture, drive)


def check_files(files: Sequence[Path], film: Film) -> None:
    """Refuse files of a series that are not of the film, before any of them is solved.

    Raises
    ------
    InputError
        With the file.
    """
    for path in files:
        header = read_ovf_header(path)
        try:
            check_grid(film, header.cells, header.cell_size, "the film")
        except InputError as error:
            raise InputError(f"{path}: {error}") from None


def measured(files: Iterable[Path], probe: Probe) -> Iterator[Measurement]:
    """The measurements of files, one after the other."""
    for path in files:
        yield probe.measure(read_texture(path))


def series_dataset(measurements: Iterable[Measurement], table: xr.Dataset | None) -> xr.Dataset:
    """Terminal quantities of many textures along `t`.

    Parameters
    ----------
    measurements : iterable of Measurement
        Taken one after the other; their fields are not kept.
    table : Dataset, optional
        Whose columns become coordinates, see `columns_at`.

    Raises
    ------
    InputError
        If the table cannot be joined.
    """
    import xarray as xr

    sources, times, rows = [], [], []
    coordinates: dict[str, Any] = {}
    attrs: dict[str, str] = {}
    for measurement in measurements:
        attrs = attrs or provenance(measurement.circuit)
        sources.append(measurement.texture.source)
        time = measurement.texture.time
        times.append(np.nan if time is None else time)
        rows.append(terminal_variables(measurement))
        coordinates |= contact_coordinates(measurement.contact_names)
    variables = {
        name: (("t", *dims), np.array([row[name][1] for row in rows]), units)
        for name, (dims, _, units) in rows[0].items()
    }
    coordinates["t"] = ("t", times, {"units": "s"})
    coordinates["file"] = ("t", sources)
    if table is not None:
        coordinates |= columns_at(table, np.array(times))
    return xr.Dataset(variables, coordinates, attrs)


def table_of(folder: Path, times: Sequence[float | None]) -> tuple[xr.Dataset | None, str]:
    """The table of an output folder, if it can be joined to states at these times, or why not."""
    if not (folder / TABLE).exists():
        return None, f"{folder} has no {TABLE}"
    try:
        table = open_table(folder)
        columns_at(table, np.array([np.nan if time is None else time for time in times]))
    except InputError as error:
        return None, str(error)
    return table, ""
