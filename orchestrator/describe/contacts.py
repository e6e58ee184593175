"""Contacts: equipotential electrodes on a film, each perhaps behind a series resistance."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal

import numpy as np
from pydantic import Discriminator

from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Box, Disc, Face, Mask, Rectangle, in_box, in_disc
from orchestrator.describe.described import described
from orchestrator.describe.film import Film
from orchestrator.describe.grid import Grid
from orchestrator.describe.media import Region, cells_of
from orchestrator.describe.plausibility import check_name, check_range

Side = Literal["left", "right", "bottom", "top"]
Corner = Literal["top left", "top right", "bottom right", "bottom left"]


@described
class _Electrode:
    """What all contacts have.

    Parameters
    ----------
    name : str
        Names it in results.
    resistance : float, ohm
        Between terminal and film.
    """

    name: str
    resistance: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        if self.resistance < 0:
            raise ValueError(f"resistance must not be negative (ohm), got {self.resistance:g}")
        check_name(self.name)
        check_range("resistance", self.resistance, 0, 1e15, "ohm")


@described
class SideContact(_Electrode):
    """All nodes of one side of the film, or of a part of it.

    Parameters
    ----------
    side : {"left", "right", "bottom", "top"}
        Which one.
    start, stop : float, m, optional
        Ends of the part along the side; the whole side if left out.
    """

    side: Side
    shape: Literal["side"] = "side"
    start: float = 0.0
    stop: float | None = None

    def nodes(self, film: Grid) -> np.ndarray:
        """Mask of the contact's nodes, shape `film.node_shape`."""
        x, y, z = film.node_coordinates()
        across, along = (x, y) if self.side in ("left", "right") else (y, x)
        edge = 0.0 if self.side in ("left", "bottom") else float(across.max())
        stop = float(along.max()) if self.stop is None else self.stop
        tol = 1e-6 * min(film.cell_size)
        mask = (np.abs(across - edge) < tol) & (along >= self.start - tol) & (along <= stop + tol)
        return np.broadcast_to(mask & np.isfinite(z), film.node_shape)


@described
class CornerContact(_Electrode):
    """A square patch in a corner of the film, through its whole thickness.

    Parameters
    ----------
    corner : {"top left", "top right", "bottom right", "bottom left"}
        Which one.
    size : float, m
        Edge of the square.
    """

    corner: Corner
    size: float
    shape: Literal["corner"] = "corner"

    def nodes(self, film: Grid) -> np.ndarray:
        """Mask of the contact's nodes, shape `film.node_shape`.

        Raises
        ------
        InputError
            If the patch is smaller than a cell.
        """
        cell = max(film.cell_size[:2])
        if self.size < cell * (1 - 1e-6):
            raise InputError(f"size = {self.size:g} m is below one cell, {cell:g} m")
        lx, ly, _ = film.lengths
        vertical, horizontal = self.corner.split()
        x0 = 0.0 if horizontal == "left" else lx - self.size
        y0 = 0.0 if vertical == "bottom" else ly - self.size
        return Rectangle((x0, y0), (x0 + self.size, y0 + self.size)).nodes(film)


@described
class DiscContact(Disc, _Electrode):
    """A disc through the film's whole thickness."""


@described
class RectangleContact(Rectangle, _Electrode):
    """A rectangle through the film's whole thickness."""


@described
class BoxContact(Box, _Electrode):
    """A box, for films of several layers."""


@described
class FaceContact(_Electrode):
    """A whole face of the film, or a rectangle or disc on it.

    Parameters
    ----------
    face : str
        x-, x+, y-, y+, z- or z+: the outer normal.
    lower, upper : (a, b), m, optional
        Corners of a rectangle, in the two coordinates of the face in the order x, y, z.
    center : (a, b), m, optional
        Center of a disc in the same coordinates.
    radius : float, m, optional
        Its radius.
    """

    face: Face
    shape: Literal["face"] = "face"
    lower: tuple[float, float] | None = None
    upper: tuple[float, float] | None = None
    center: tuple[float, float] | None = None
    radius: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.lower is None) != (self.upper is None):
            raise ValueError("lower and upper belong together")
        if (self.center is None) != (self.radius is None):
            raise ValueError("center and radius belong together")
        if self.lower is not None and self.center is not None:
            raise ValueError("give either lower and upper, or center and radius, or neither")

    def nodes(self, film: Grid) -> np.ndarray:
        """Mask of the contact's nodes, shape `film.node_shape`."""
        points = film.node_coordinates()
        a, b = (points["xyz".index(axis)] for axis in "xyz" if axis != self.face[0])
        inside = _on_face(film, self.face)
        if self.lower is not None and self.upper is not None:
            inside &= in_box(film, (a, b), self.lower, self.upper)
        if self.center is not None and self.radius is not None:
            inside &= in_disc(a, b, self.center, self.radius)
        return inside


@described
class MaskContact(Mask, _Electrode):
    """The cells of a mask, or their sides on one face of the film.

    `orchestrator.describe.masks.read_mask` makes `grid` and `runs` from a file, and in an
    experiment file `file` stands for both.

    Parameters
    ----------
    face : str, optional
        x-, x+, y-, y+, z- or z+: only the cells' sides on this face.
    """

    face: Face | None = None

    def __post_init__(self) -> None:
        _Electrode.__post_init__(self)
        Mask.__post_init__(self)

    @classmethod
    def of(  # type: ignore[override]
        cls, name: str, mask: Mask, face: Face | None = None
    ) -> MaskContact:
        """The contact of a mask."""
        return cls(name, mask.grid, mask.runs, face=face)

    def nodes(self, film: Grid) -> np.ndarray:
        """Mask of the contact's nodes, shape `film.node_shape`."""
        if self.face is None:
            return super().nodes(film)
        on_face = _on_face(film, self.face)
        axis, layer = _axis_and_layer(self.face)
        cells = self.cells(film).take([layer], axis)
        return Mask.of(cells).nodes(film) & on_face


def _axis_and_layer(face: Face) -> tuple[int, int]:
    """Array axis of a face's normal and index of the outermost layer there."""
    return 2 - "xyz".index(face[0]), -1 if face[1] == "+" else 0


def _on_face(film: Grid, face: Face) -> np.ndarray:
    axis, layer = _axis_and_layer(face)
    if axis == 0 and film.is_2d:
        raise InputError(
            f"face {face!r} needs several layers of cells; the potential of a film of one layer "
            "is uniform along its normal, so use a contact through its whole thickness"
        )
    nodes = np.zeros(film.node_shape, bool)
    np.moveaxis(nodes, axis, 0)[layer] = True
    return nodes


Contact = Annotated[
    SideContact
    | CornerContact
    | DiscContact
    | RectangleContact
    | BoxContact
    | FaceContact
    | MaskContact,
    Discriminator("shape"),
]


def contact_nodes(film: Grid, contact: Contact) -> np.ndarray:
    """Mask of a contact's nodes, shape `film.node_shape`.

    Raises
    ------
    InputError
        With the contact's name, if it touches no node or does not fit the film.
    """
    try:
        nodes = contact.nodes(film)
    except InputError as error:
        raise InputError(f"contact {contact.name!r}: {error}") from None
    if not nodes.any():
        lx, ly, lz = film.lengths
        height = "" if film.is_2d else f", z from 0 to {lz:g} m"
        raise InputError(
            f"contact {contact.name!r} touches no node of the film "
            f"(x from 0 to {lx:g} m, y from 0 to {ly:g} m{height}, origin in the lower left corner)"
        )
    return nodes


def check_contacts(film: Grid, contacts: tuple[Contact, ...]) -> None:
    """Refuse contacts that are doubled, empty or overlapping, by name.

    Raises
    ------
    InputError
        With the names of the contacts concerned.
    """
    if len(contacts) < 2:
        raise InputError(f"a network needs at least 2 contacts, got {len(contacts)}")
    owner = np.full(film.node_shape, -1)
    names: set[str] = set()
    for k, contact in enumerate(contacts):
        if contact.name in names:
            raise InputError(f"two contacts are named {contact.name!r}; names must differ")
        names.add(contact.name)
        nodes = contact_nodes(film, contact)
        taken = owner[nodes]
        if (taken >= 0).any():
            other = contacts[int(taken[taken >= 0][0])].name
            raise InputError(f"contacts {other!r} and {contact.name!r} overlap or touch")
        owner[nodes] = k


def check_conducting(
    film: Film, contacts: tuple[Contact, ...], regions: tuple[Region, ...]
) -> None:
    """Refuse contacts that touch cells of vacuum regions only.

    Raises
    ------
    InputError
        With the contact's name.
    """
    touched = Mask.of(~cells_of(film, regions, "vacuum")).nodes(film)
    for contact in contacts:
        if not (contact_nodes(film, contact) & touched).any():
            raise InputError(
                f"contact {contact.name!r} touches no conducting cell; move it or the vacuum region"
            )


def contact_grid(
    film: Grid, columns: int, rows: int, size: float, margin: float = 0.0
) -> tuple[RectangleContact, ...]:
    """Square contacts in columns and rows over the film, such as 5 x 7 for a picture.

    Named "1", "2", ... from the top left, row by row.

    Parameters
    ----------
    columns, rows : int
        At least 1 each.
    size : float
        Edge of a contact, m.
    margin : float
        Distance in m of the outermost contacts from the edges of the film.
    """
    lx, ly, _ = film.lengths
    x = np.linspace(margin, lx - margin - size, columns)
    y = np.linspace(ly - margin - size, margin, rows)
    corners = [(float(a), float(b)) for b in y for a in x]
    return tuple(
        RectangleContact(str(k), (a, b), (a + size, b + size))
        for k, (a, b) in enumerate(corners, start=1)
    )
