"""A circuit: contacts and resistivities for a film that need not be known yet."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from orchestrator.base.errors import InputError
from orchestrator.base.tomlfile import read_toml
from orchestrator.describe.contacts import Contact
from orchestrator.describe.described import described
from orchestrator.describe.device import Device
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.film import Film
from orchestrator.describe.masks import with_masks_read
from orchestrator.describe.media import Region, Resistivity, Underlayer
from orchestrator.describe.validation import explained, validated
from orchestrator.measure.media import Conductor, read_numbers, regions_of


@described
class Circuit:
    """What a film conducts by, and where it is contacted.

    Parameters
    ----------
    contacts : tuple of Contact
        In the order of the conductance matrix; lengths in m from the film's lower left corner.
    resistivity : Resistivity
        Of the magnetic cells, ohm m.
    film : Film, optional
        The grid that every magnetization must have, and its shape; else it is the file's own, and
        its outline is where m is not zero.
    regions : tuple of Region
        Parts of the film that conduct in another way.
    underlayer : Underlayer, optional
        A conducting layer underneath.
    resistivities : dict
        By the number of a region, as mumax3 saves them: a table as `resistivity`, one value in
        ohm m (a metal, which conducts whatever m is), or "vacuum". Other cells keep `resistivity`.
    """

    contacts: tuple[Contact, ...]
    resistivity: Resistivity
    film: Film | None = None
    regions: tuple[Region, ...] = ()
    underlayer: Underlayer | None = None
    resistivities: dict[int, Conductor] = dataclasses.field(default_factory=dict)

    @property
    def contact_names(self) -> tuple[str, ...]:
        """Names of the contacts in the order of the conductance matrix."""
        return tuple(contact.name for contact in self.contacts)

    @classmethod
    def of_device(cls, device: Device) -> Circuit:
        """The circuit of a device."""
        names = ("contacts", "resistivity", "film", "regions", "underlayer")
        return cls(**{name: getattr(device, name) for name in names})

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Circuit:
        """Read a file of contacts; the file of an experiment is one too.

        A file of contacts has an experiment's sections `resistivity`, `contacts`, and perhaps
        `film`, `regions`, `underlayer`, and `resistivities` by number of region.

        Raises
        ------
        InputError
            If the file cannot be read, or describes something impossible.
        """
        path = Path(path)
        table = read_toml(path)
        if "training" in table:
            return cls.of_device(Experiment.from_table(table, path.parent, str(path)).device)
        try:
            table = with_masks_read(table, path.parent)
            if "material" in table:
                return cls.of_device(Device.from_dict(table))
            return validated(TypeAdapter(cls), table)
        except ValidationError as error:
            raise explained(error, cls, str(path)) from None
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    def with_regions(
        self, numbers: Any, resistivities: Mapping[int, Conductor] | None = None
    ) -> Circuit:
        """The circuit with the resistivities of numbered regions.

        Parameters
        ----------
        numbers : path, OvfField or array_like, shape (nz, ny, nx)
            Number of each cell's region, as mumax3 saves `regions`.
        resistivities : mapping, optional
            By number, instead of the circuit's own.

        Raises
        ------
        InputError
            If there are none, or no cell has one of the numbers.
        """
        wanted = self.resistivities if resistivities is None else resistivities
        if not wanted:
            raise InputError(
                "resistivities: numbers of regions are given, but no resistivity by number"
            )
        regions = regions_of(read_numbers(numbers), wanted)
        return dataclasses.replace(self, regions=(*self.regions, *regions), resistivities={})

    def film_of(self, cells: np.ndarray, cell_size: tuple[float, float, float] | None) -> Film:
        """The film of a magnetization: its grid, which is the circuit's own where it has one.

        Parameters
        ----------
        cells : ndarray, shape (nz, ny, nx, ...)
            Its values.
        cell_size : (cx, cy, cz), optional
            m; not known of plain arrays.

        Raises
        ------
        InputError
            If it is of another grid than the circuit's film, or the cell size is missing.
        """
        nz, ny, nx = cells.shape[:3]
        if self.film is None:
            if cell_size is None:
                raise InputError("cell_size: an array needs the lengths (cx, cy, cz) of a cell, m")
            return Film((nx, ny, nz), cell_size)
        check_grid(self.film, (nx, ny, nz), cell_size, "the device's film")
        return self.film


def check_grid(
    film: Film,
    cells: tuple[int, int, int],
    cell_size: tuple[float, float, float] | None,
    owner: str,
) -> None:
    """Refuse cells that are not a film's.

    Parameters
    ----------
    film : Film
        The film.
    cells, cell_size
        What was given; an unknown cell size is taken for the film's.
    owner : str
        What has the film, in the message.

    Raises
    ------
    InputError
        With both.
    """
    if cells != film.cells:
        raise InputError(
            f"it has {' x '.join(map(str, cells))} cells, {owner} "
            f"{' x '.join(map(str, film.cells))}"
        )
    if cell_size is not None and not np.allclose(cell_size, film.cell_size, rtol=1e-6, atol=0):
        found, wanted = (" x ".join(f"{c:g}" for c in size) for size in (cell_size, film.cell_size))
        raise InputError(f"its cells have {found} m, those of {owner} {wanted} m")


def as_circuit(device: Any) -> Circuit:
    """The circuit of whatever says what conducts and where the contacts are.

    Parameters
    ----------
    device : Device, Experiment, Circuit or path
        A path is that of a file of contacts or of an experiment.

    Raises
    ------
    InputError
        If it is none of them, or the file cannot be used.
    """
    if isinstance(device, Circuit):
        return device
    if isinstance(device, Device):
        return Circuit.of_device(device)
    if isinstance(device, Experiment):
        return Circuit.of_device(device.device)
    if isinstance(device, str | os.PathLike):
        return Circuit.from_toml(device)
    raise InputError(
        "device: must be a Device, an Experiment, a Circuit or the path of a file of contacts, "
        f"got {type(device).__name__}"
    )
