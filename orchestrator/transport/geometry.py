"""What the conducting cells and the contacts fix before any conductivity is known."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import Contact, check_contacts, contact_nodes
from orchestrator.describe.film import Film, check_open


@dataclass(frozen=True)
class Geometry:
    """Nodes of a film sorted into free ones, contacts and those without meaning.

    Arrays have the two axes (y, x) for a film of one layer, else (z, y, x).

    Attributes
    ----------
    spacing : (cx, cy) or (cx, cy, cz)
        Edges of a cell, m.
    thickness : float
        Thickness of a film of one layer, m; 1 in 3D.
    conducting : ndarray of bool
        Cells that conduct.
    contact : ndarray of int
        Number of each node's contact, -1 elsewhere.
    free : ndarray of bool
        Nodes whose potential is unknown: corners of conducting cells that are connected to some
        contact and belong to none.
    islands : tuple of ndarray
        For each conducting region without contact the mask of its cells. Their potential is
        undefined; they carry no current and are left out.
    groups : ndarray of int, shape (N,)
        Contacts of equal number are joined by conducting cells.
    """

    spacing: tuple[float, ...]
    thickness: float
    conducting: np.ndarray
    contact: np.ndarray
    free: np.ndarray
    islands: tuple[np.ndarray, ...]
    groups: np.ndarray

    @property
    def cells(self) -> tuple[int, ...]:
        """Number of cells along the array axes."""
        return self.conducting.shape

    @property
    def nodes(self) -> tuple[int, ...]:
        """Number of nodes along the array axes."""
        return self.free.shape

    @cached_property
    def units(self) -> tuple[np.ndarray, ...]:
        """Number and place of the nodes of all contacts but the last, to index (N - 1, *nodes)."""
        places = np.nonzero((self.contact >= 0) & (self.contact < self.contact.max()))
        return (self.contact[places], *places)

    def indicator(self, k: int) -> np.ndarray:
        """Nodal field that is 1 on contact k and 0 elsewhere."""
        return (self.contact == k).astype(float)


def find_geometry(film: Film, contacts: tuple[Contact, ...], conducting: np.ndarray) -> Geometry:
    """Sort the nodes of a film.

    Parameters
    ----------
    film : Film
        The film.
    contacts : tuple of Contact
        Its contacts, in the order of the conductance matrix.
    conducting : ndarray of bool, shape (nz, ny, nx)
        Cells that conduct.

    Raises
    ------
    InputError
        If a contact is doubled, empty, overlaps another one or touches no conducting cell, or if
        the film is laterally periodic.
    """
    check_open(film, "the transport network")
    check_contacts(film, contacts)
    d = 2 if film.is_2d else 3
    cells = conducting.reshape(film.array_shape[-d:])
    contact = np.full(film.node_shape[-d:], -1)
    touched = _corners_of(cells)
    for k, description in enumerate(contacts):
        mask = contact_nodes(film, description).reshape(contact.shape)
        if not (mask & touched).any():
            raise InputError(f"contact {description.name!r} touches no conducting cell")
        contact[mask] = k

    regions, count = _regions(cells)
    touches = np.zeros((len(contacts), count + 1), bool)
    for place in _corner_places(cells.shape):
        owner = contact[place]
        touches[owner[owner >= 0], regions[owner >= 0]] = True
    touches[:, 0] = False
    connected = np.asarray(touches.any(axis=0))
    islands = tuple(regions == i for i in range(1, count + 1) if not connected[i])
    free = _corners_of(connected[regions]) & (contact < 0)
    return Geometry(
        spacing=film.cell_size[:d],
        thickness=film.cell_size[2] if d == 2 else 1.0,
        conducting=cells,
        contact=contact,
        free=free,
        islands=islands,
        groups=_groups(touches),
    )


def _regions(cells: np.ndarray) -> tuple[np.ndarray, int]:
    """Numbers of connected conducting regions from 1 on, 0 elsewhere, and how many there are."""
    if cells.all():  # without an import that takes as long as a small run
        return np.ones(cells.shape, np.int32), 1
    from scipy import ndimage

    return ndimage.label(cells, structure=np.ones((3,) * cells.ndim))


def _groups(touches: np.ndarray) -> np.ndarray:
    """Numbers of the groups of contacts that regions join; touches: contact by region."""
    if touches.any(axis=0).sum() == 1:
        return np.zeros(len(touches), np.int32)
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    toucher, region = np.nonzero(touches)
    size = sum(touches.shape)
    links = (toucher, len(touches) + region)
    joined = coo_matrix((np.ones(region.size), links), shape=(size, size))
    return connected_components(joined, directed=False)[1][: len(touches)]


def _corner_places(cells: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """For each corner of a cell the slices of the nodes that are this corner of some cell."""
    return [
        tuple(slice(o, o + n) for o, n in zip(corner, cells, strict=True))
        for corner in itertools.product((0, 1), repeat=len(cells))
    ]


def _corners_of(cells: np.ndarray) -> np.ndarray:
    """Nodes that are a corner of some cell of a mask."""
    nodes = np.zeros(tuple(n + 1 for n in cells.shape), bool)
    for place in _corner_places(cells.shape):
        nodes[place] |= cells
    return nodes
