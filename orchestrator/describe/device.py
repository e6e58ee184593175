"""The device: film, material, resistivities and contacts as frozen descriptions in SI units.

Coordinates have their origin in the film's lower left corner (x to the right, y up, z along the
film's normal), so a film of `(nx, ny, nz)` cells of size `(cx, cy, cz)` fills
`[0, nx cx] x [0, ny cy] x [0, nz cz]`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from orchestrator.base.errors import InputError
from orchestrator.describe.areas import FROZEN, Mask
from orchestrator.describe.contacts import (
    BoxContact,
    Contact,
    CornerContact,
    DiscContact,
    FaceContact,
    MaskContact,
    RectangleContact,
    SideContact,
    check_contacts,
    contact_nodes,
)
from orchestrator.describe.material_script import check_material_script
from orchestrator.describe.media import Region, Resistivity, Underlayer
from orchestrator.describe.plausibility import check_range

if TYPE_CHECKING:
    from micromagneticmodel import System

__all__ = [
    "MU0",
    "BoxContact",
    "Contact",
    "CornerContact",
    "Device",
    "DiscContact",
    "FaceContact",
    "Film",
    "MaskContact",
    "Material",
    "RectangleContact",
    "Region",
    "Resistivity",
    "SideContact",
    "Underlayer",
    "canonical_hash",
    "check_conducting",
    "check_contacts",
    "check_open",
    "check_regions",
    "without_defaults",
]

MU0 = 4e-7 * math.pi
LARGEST_FILM = 1e-3
"""Longest plausible film edge in m; anything larger is taken for a slip of units."""
MOST_CELLS = 10**8
"""More cells than the transport network of any machine at hand could hold."""


@dataclass(frozen=True, config=FROZEN)
class Film:
    """A rectangular film on a regular grid.

    Parameters
    ----------
    cells : (nx, ny, nz)
        Number of cells.
    cell_size : (cx, cy, cz)
        Cell size in m. A film uniform along its normal has one layer, as thick as the film.
    size : (Lx, Ly, Lz), optional
        Film size in m; given besides the cells it must agree with them to 1e-6.
    pbc : (px, py, pz)
        mumax3's `SetPBC` images. The default (0, 0, 1) stands for translation invariance along the
        normal; it switches off the DMI boundary condition of the two film faces that mumax3 3.11
        adds for one cell layer (an easy plane of Dbulk^2 / (2 Aex)).
    """

    cells: tuple[int, int, int]
    cell_size: tuple[float, float, float]
    size: tuple[float, float, float] | None = None
    pbc: tuple[int, int, int] = (0, 0, 1)

    def __post_init__(self) -> None:
        for axis, n, c in zip("xyz", self.cells, self.cell_size, strict=True):
            if n < 1:
                raise ValueError(f"cells along {axis} must be at least 1, got {n}")
            if not c > 0:
                raise ValueError(f"cell_size along {axis} must be positive (m), got {c:g}")
            if n * c > LARGEST_FILM:
                raise ValueError(
                    f"the film would be {n * c:g} m long along {axis}; lengths are in m, "
                    f"at most {LARGEST_FILM:g} is accepted"
                )
            check_range(f"cell_size along {axis}", c, 1e-12, LARGEST_FILM, "m")
        if math.prod(self.cells) > MOST_CELLS:
            raise ValueError(
                f"cells = {list(self.cells)} are {math.prod(self.cells):.3g} cells; "
                f"at most {MOST_CELLS:g} are accepted"
            )
        if any(n < 0 for n in self.pbc):
            raise ValueError(f"pbc must not be negative, got {self.pbc}")
        check_range("pbc", max(self.pbc), 0, 10_000)
        if self.size is not None:
            for axis, n, c, length in zip(
                "xyz", self.cells, self.cell_size, self.size, strict=True
            ):
                if abs(n * c - length) > 1e-6 * abs(length):
                    raise ValueError(
                        f"cells do not divide the film along {axis}: {n} cells of {c:g} m "
                        f"make {n * c:g} m, size says {length:g} m"
                    )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape (nz, ny, nx) of a scalar field of cells."""
        nx, ny, nz = self.cells
        return nz, ny, nx

    @property
    def lengths(self) -> tuple[float, float, float]:
        """Film size (Lx, Ly, Lz) in m."""
        lx, ly, lz = (n * c for n, c in zip(self.cells, self.cell_size, strict=True))
        return lx, ly, lz

    @property
    def is_2d(self) -> bool:
        """Whether the film is one cell thick (the transport problem is then two-dimensional)."""
        return self.cells[2] == 1

    @property
    def node_shape(self) -> tuple[int, int, int]:
        """Shape (nz + 1, ny + 1, nx + 1) of a nodal field, (1, ny + 1, nx + 1) in 2D."""
        nx, ny, nz = self.cells
        return (1 if self.is_2d else nz + 1), ny + 1, nx + 1

    def saturated(self) -> np.ndarray:
        """Unit vectors along the film's normal in every cell, shape (nz, ny, nx, 3)."""
        up = np.zeros((*self.shape, 3))
        up[..., 2] = 1
        return up

    def node_coordinates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates x, y, z in m of the nodes, broadcastable to `node_shape`.

        In 2D the single layer of nodes lies at half the film's thickness.
        """
        nz1, ny1, nx1 = self.node_shape
        cx, cy, cz = self.cell_size
        x = (np.arange(nx1) * cx)[None, None, :]
        y = (np.arange(ny1) * cy)[None, :, None]
        z = (np.array([0.5 * cz]) if self.is_2d else np.arange(nz1) * cz)[:, None, None]
        return x, y, z

    def cell_coordinates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates x, y, z in m of the cells' centers, broadcastable to `shape`."""
        nz, ny, nx = self.shape
        cx, cy, cz = self.cell_size
        x = ((np.arange(nx) + 0.5) * cx)[None, None, :]
        y = ((np.arange(ny) + 0.5) * cy)[None, :, None]
        z = ((np.arange(nz) + 0.5) * cz)[:, None, None]
        return x, y, z


@dataclass(frozen=True, config=FROZEN)
class Material:
    """Magnetic parameters in mumax3's names and units.

    Parameters
    ----------
    Ms : float
        Saturation magnetization, A/m.
    Aex : float
        Exchange stiffness, J/m.
    alpha : float
        Gilbert damping; 0 for none.
    Dbulk, Dind : float
        Bulk (Bloch) or interfacial (Neel) DMI, J/m2; at most one of them.
    Ku1 : float
        First-order uniaxial anisotropy, J/m3, along `axis`.
    P : float
        Spin polarization of the current (mumax3's Pol).
    xi : float
        Non-adiabaticity of the Zhang-Li torque; 0 in the paper's Eq. (3).
    """

    Ms: float
    Aex: float
    alpha: float
    Dbulk: float = 0.0
    Dind: float = 0.0
    Ku1: float = 0.0
    axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
    P: float = 1.0
    xi: float = 0.0
    demag: bool = False

    def __post_init__(self) -> None:
        if not self.Ms > 0:
            raise ValueError(f"Ms must be positive (A/m), got {self.Ms:g}")
        if not 1e2 <= self.Ms <= 1e7:
            raise ValueError(f"Ms = {self.Ms:g} A/m is implausible; expected 1e2 to 1e7 A/m")
        if self.Aex < 0:
            raise ValueError(f"Aex must not be negative (J/m), got {self.Aex:g}")
        if self.Aex > 1e-9:
            raise ValueError(f"Aex = {self.Aex:g} J/m is implausible; expected about 1e-11 J/m")
        if self.Aex:
            check_range("Aex", self.Aex, 1e-16, 1e-9, "J/m")
        if self.alpha < 0:
            raise ValueError(f"alpha must not be negative, got {self.alpha:g}")
        check_range("alpha", self.alpha, 0, 100)
        check_range("xi", self.xi, -100, 100)
        check_range("Ku1", self.Ku1, -1e9, 1e9, "J/m3")
        if self.Dbulk and self.Dind:
            raise ValueError("Dbulk and Dind cannot both be set: mumax3 accepts one DMI at a time")
        if (self.Dbulk or self.Dind) and not self.Aex > 0:
            raise ValueError("DMI needs Aex > 0: its edge condition divides by Aex")
        if abs(self.Dbulk) > 1 or abs(self.Dind) > 1:
            raise ValueError("DMI is given in J/m2; expected about 1e-3 J/m2")
        if abs(self.P) > 1:
            raise ValueError(f"|P| must be at most 1, got {self.P:g}")
        if self.Ku1 and not any(self.axis):
            raise ValueError("axis must not be the zero vector when Ku1 is set")
        if any(self.axis):
            check_range("the length of axis", math.hypot(*self.axis), 1e-6, 1e6)

    @property
    def helix_pitch(self) -> float:
        """Period 4 pi Aex / |D| in m of the free helix; inf without DMI."""
        d = abs(self.Dbulk) + abs(self.Dind)
        return 4 * math.pi * self.Aex / d if d else math.inf


@dataclass(frozen=True, config=FROZEN)
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

    def to_dict(self) -> dict[str, Any]:
        """Whole description: plain types, all defaults written out."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> Device:
        """The device of a description, as `to_dict` gives it.

        Raises
        ------
        ValueError
            If a value is impossible (pydantic's ValidationError, or InputError).
        """
        return TypeAdapter(cls).validate_python(description)

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
            `P`, `pbc` and `size`, which a System cannot say.

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


def check_open(film: Film, what: str) -> None:
    """Refuse films that are periodic along x or y, for which `what` is not made.

    Raises
    ------
    InputError
        If they are.
    """
    if film.pbc[0] or film.pbc[1]:
        raise InputError(
            f"{what} has open lateral boundaries, the film's pbc is {film.pbc}; use (0, 0, 1)"
        )


def check_regions(film: Film, regions: tuple[Region, ...]) -> None:
    """Refuse regions that are doubled or hold no cell of the film.

    Raises
    ------
    InputError
        With the region's name.
    """
    names: set[str] = set()
    for region in regions:
        if region.name in names:
            raise InputError(f"two regions are named {region.name!r}; names must differ")
        names.add(region.name)
        try:
            empty = not region.area.cells(film).any()
        except InputError as error:
            raise InputError(f"region {region.name!r}: {error}") from None
        if empty:
            raise InputError(f"region {region.name!r} holds the center of no cell of the film")


def check_conducting(
    film: Film, contacts: tuple[Contact, ...], regions: tuple[Region, ...]
) -> None:
    """Refuse contacts that touch cells of vacuum regions only.

    Raises
    ------
    InputError
        With the contact's name.
    """
    conducting = np.ones(film.shape, bool)
    for region in regions:
        conducting[region.area.cells(film)] = region.medium != "vacuum"
    touched = Mask.of(conducting).nodes(film)
    for contact in contacts:
        if not (contact_nodes(film, contact) & touched).any():
            raise InputError(
                f"contact {contact.name!r} touches no conducting cell; move it or the vacuum region"
            )


def without_defaults(description: Any) -> Any:
    """A description as plain types without the fields at their defaults.

    An option that is added later, at a default that changes nothing, so leaves all hashes as they
    are. The `shape` of a contact stays, since it says which contact it is.
    """
    if dataclasses.is_dataclass(description):
        values = {f.name: getattr(description, f.name) for f in dataclasses.fields(description)}
        defaults = {f.name: f.default for f in dataclasses.fields(description)}
        return {
            name: without_defaults(value)
            for name, value in values.items()
            if name == "shape" or value != defaults[name]
        }
    if isinstance(description, tuple | list):
        return [without_defaults(value) for value in description]
    return description


def canonical_hash(description: dict[str, Any]) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a description, whatever its order of keys.

    Parameters
    ----------
    description : dict
        Plain types only; floats enter by their shortest round-trip representation.
    """
    text = json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
