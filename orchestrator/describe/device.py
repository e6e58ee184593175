"""The device: a film of a material with everything that conducts, and its contacts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from orchestrator.describe.areas import Mask
from orchestrator.describe.contacts import Contact, check_conducting, check_contacts
from orchestrator.describe.described import described
from orchestrator.describe.film import Film
from orchestrator.describe.hashing import canonical_hash, without_defaults
from orchestrator.describe.html import (
    card,
    drawing_of,
    film_rows,
    material_rows,
    transport_rows,
)
from orchestrator.describe.material import Material
from orchestrator.describe.material_script import check_material_script
from orchestrator.describe.media import Region, Resistivity, Underlayer, cells_of, check_regions
from orchestrator.describe.validation import explained, validated

if TYPE_CHECKING:
    from micromagneticmodel import System


@described
class Device:
    """A conducting magnetic film with contacts.

    Parameters
    ----------
    film, material, resistivity, contacts
        The descriptions.
    script : str, optional
        The material half of the setup as mumax3c writes it for a micromagneticmodel System, one
        assignment to a line; it must set exactly what `material` says. Without it the setup is
        written from `material`.
    regions : tuple of Region
        Parts of the film that conduct in another way.
    underlayer : Underlayer, optional
        A conducting layer underneath.

    Raises
    ------
    InputError
        If contacts are empty, doubled, overlap or touch vacuum only, a region is empty or doubled,
        or `script` holds anything else than assignments of material parameters that agree with
        `material`.

    Examples
    --------
    >>> from orchestrator.describe.contacts import SideContact
    >>> from orchestrator.describe.film import Film
    >>> from orchestrator.describe.material import Material
    >>> from orchestrator.describe.media import Resistivity
    >>> device = orchestrator.Device(
    ...     Film((20, 16, 1), (5e-9, 5e-9, 1e-6)),  # cells; their size, m
    ...     Material(Ms=4.9e5, Aex=1e-11, Dbulk=2e-3, alpha=0.5),
    ...     Resistivity(rho_par=8.75e-7, rho_perp=1.25e-7),  # ohm m
    ...     (SideContact("left", side="left"), SideContact("right", side="right")),
    ... )
    >>> device.contact_names
    ('left', 'right')
    """

    film: Film
    material: Material
    resistivity: Resistivity
    contacts: tuple[Contact, ...]
    script: str | None = None
    regions: tuple[Region, ...] = ()
    underlayer: Underlayer | None = None

    def __post_init__(self) -> None:
        check_contacts(self.film, self.contacts)
        check_regions(self.film, self.regions)
        check_conducting(self.film, self.contacts, self.regions)
        if self.script is not None:
            check_material_script(self.script, self.material)

    @property
    def contact_names(self) -> tuple[str, ...]:
        """Names of the contacts in the order of the conductance matrix."""
        return tuple(c.name for c in self.contacts)

    @property
    def non_magnetic(self) -> np.ndarray:
        """Cells in regions of metal or vacuum or outside the film's shape, `film.array_shape`."""
        return cells_of(self.film, self.regions, "metal", "vacuum")

    def emptied(self, empty: np.ndarray) -> Film:
        """The film without the cells that are empty though the device has them as magnetic.

        Parameters
        ----------
        empty : ndarray of bool, shape `film.array_shape`
            Cells without magnetization.
        """
        if not (empty & ~self.non_magnetic).any():
            return self.film
        cells = self.film.inside & ~(empty & ~self.non_magnetic)
        if (cells == cells[:1]).all():
            cells = cells[:1]
        return dataclasses.replace(self.film, shape=Mask.of(cells))

    def to_dict(self) -> dict[str, Any]:
        """Whole description: plain types, all defaults written out."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> Device:
        """The device of a description, as `to_dict` gives it.

        Raises
        ------
        InputError
            With each key, what was wrong and what would be right.
        """
        try:
            return validated(TypeAdapter(cls), description)
        except ValidationError as error:
            raise explained(error, cls, "device") from None

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        title = f"Device {self.hash[:8]}"
        return card(title, self.rows(), drawing_of(self.film, self.contacts, self.regions))

    def rows(self) -> list[tuple[str, str]]:
        """What a notebook's table says of it: names and texts."""
        return [
            *film_rows(self.film),
            *material_rows(self.material),
            *transport_rows(self.resistivity, self.contacts, self.regions, self.underlayer),
        ]

    @property
    def hash(self) -> str:
        """Hash of what differs from the defaults, see `canonical_hash`."""
        return canonical_hash(without_defaults(self))

    @classmethod
    def from_system(
        cls, system: System, resistivity: Resistivity, contacts: tuple[Contact, ...], **film: Any
    ) -> Device:
        """The device of a micromagneticmodel System; see `orchestrator.ubermag.from_system`.

        Parameters
        ----------
        system : System
            Energy, dynamics and magnetization of the film.
        resistivity : Resistivity
            Of the magnetic cells, ohm m.
        contacts : tuple of Contact
            On the film, whose lower left corner is the origin.
        film
            `P` (1) and `size`, which a System cannot say, and `pbc` instead of the mesh's `bc`
            and a period along z.

        Raises
        ------
        InputError
            If the System holds a term or value that a Device cannot, with its name.
        """
        from orchestrator.ubermag import from_system

        return from_system(system, resistivity, contacts, **film)

    def to_system(self) -> System:
        """A micromagneticmodel System of the film; see `orchestrator.ubermag.to_system`."""
        from orchestrator.ubermag import to_system

        return to_system(self)
