"""From what a user gives to measurements: one texture, or a series of them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.base.errors import InputError
from orchestrator.measure.circuit import Circuit, as_circuit
from orchestrator.measure.drive import Conditions, check_flow, conditions, default_conditions
from orchestrator.measure.measurement import Measurement
from orchestrator.measure.series import (
    Probe,
    check_files,
    measured,
    series_dataset,
    table_of,
)
from orchestrator.measure.textures import Texture, read_texture
from orchestrator.ovf.datasets import series_files
from orchestrator.ovf.files import read_ovf_header

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass(frozen=True)
class Series:
    """The files of a series, checked, with the probe that measures them.

    Attributes
    ----------
    files : tuple of Path
        In their order.
    probe : Probe
        For all of them.
    table : Dataset or None
        What is joined to them, see `orchestrator.measure.tables.columns_at`.
    not_joined : str
        Why the folder's table is not.
    """

    files: tuple[Path, ...]
    probe: Probe
    table: xr.Dataset | None = None
    not_joined: str = ""


def prepare(
    circuit: Circuit,
    voltages: Any,
    currents: Any,
    region_numbers: Any = None,
    resistivities: Mapping[int, Any] | None = None,
) -> tuple[Circuit, Conditions]:
    """A circuit with its numbered regions, and the conditions at its contacts.

    Raises
    ------
    InputError
        If they do not fit the circuit.
    """
    if region_numbers is not None:
        circuit = circuit.with_regions(region_numbers, resistivities)
    elif resistivities or circuit.resistivities:
        raise InputError(
            "resistivities by number need the numbers of the cells' regions: save `regions` in "
            "mumax3 and give that file"
        )
    names = circuit.contact_names
    if voltages is None and currents is None:
        return circuit, (default_conditions(names), {})
    fed = {} if currents is None else conditions(names, currents, "current")
    if voltages is not None:
        held = conditions(names, voltages)
        check_flow(held, fed)
        return circuit, (held, fed)
    return circuit, ({names[-1]: 0.0} if names[-1] not in fed else {}, fed)


def find_series(m: Any) -> tuple[Path | None, list[Any]] | None:
    """The folder, if it is one, and the members of a series; None of a single magnetization."""
    if isinstance(m, str | os.PathLike) and Path(m).is_dir():
        return Path(m), list(series_files(Path(m)))
    if isinstance(m, list | tuple) and m and not isinstance(m[0], list | tuple | int | float):
        return None, list(m)
    return None


def file_series(
    folder: Path | None, files: list[Path], circuit: Circuit, drive: Conditions, **options: Any
) -> Series:
    """A series of files, all of one film.

    Raises
    ------
    InputError
        If a file cannot be read or is of another grid, with its name.
    """
    headers = [read_ovf_header(path) for path in files]
    first = read_texture(files[0])
    try:
        film = circuit.film_of(first.m, first.cell_size)
    except InputError as error:
        raise InputError(f"{files[0]}: {error}") from None
    check_files(files, film)
    probe = Probe.of(circuit, film, drive, **options)
    if folder is None:
        return Series(tuple(files), probe)
    table, reason = table_of(folder, [header.time for header in headers])
    return Series(tuple(files), probe, table, reason)


def measure_texture(
    texture: Texture,
    circuit: Circuit,
    drive: Conditions,
    solver: str = "auto",
    threads: int | None = None,
) -> Measurement:
    """The transport of one texture.

    Raises
    ------
    InputError
        With the texture's source, if it does not fit the circuit.
    """
    try:
        film = circuit.film_of(texture.m, texture.cell_size)
    except InputError as error:
        raise InputError(f"{texture.source}: {error}") from None
    return Probe.of(circuit, film, drive, solver, threads).measure(texture)


def measure(
    m: Any,
    device: Any,
    voltages: Any,
    currents: Any,
    *,
    cell_size: tuple[float, float, float] | None = None,
    region_numbers: Any = None,
    resistivities: Mapping[int, Any] | None = None,
    solver: str = "auto",
    threads: int | None = None,
) -> Measurement | xr.Dataset:
    """See `orchestrator.measure.transport`."""
    circuit, drive = prepare(as_circuit(device), voltages, currents, region_numbers, resistivities)
    series = find_series(m)
    if series is None:
        return measure_texture(read_texture(m, cell_size), circuit, drive, solver, threads)
    folder, members = series
    if all(isinstance(member, str | os.PathLike) for member in members):
        paths = [Path(member) for member in members]
        found = file_series(folder, paths, circuit, drive, solver=solver, threads=threads)
        dataset = series_dataset(measured(found.files, found.probe), found.table)
        if found.not_joined:
            dataset.attrs["table"] = f"not joined: {found.not_joined}"
        return dataset
    textures = [read_texture(member, cell_size) for member in members]
    film = circuit.film_of(textures[0].m, textures[0].cell_size)
    probe = Probe.of(circuit, film, drive, solver, threads)
    return series_dataset(map(probe.measure, textures), None)
