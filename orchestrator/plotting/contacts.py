"""Contacts in pictures of a film: outlines, names, signs, and patterns as pictograms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.describe.contacts import Contact, contact_nodes
from orchestrator.describe.film import Film
from orchestrator.plotting.style import MINUS, PLUS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#20242b"
NAMED = 9
"""Contacts up to which there is room for names beside signs."""


def plan_of(film: Film, contact: Contact) -> np.ndarray:
    """Mask of a contact's nodes seen from above, shape (ny + 1, nx + 1)."""
    nx, ny, _ = film.cells
    nodes: np.ndarray = contact_nodes(film, contact)
    return np.any(nodes.reshape(-1, ny + 1, nx + 1), axis=0)


def outline(film: Film, contact: Contact) -> np.ndarray:
    """The contact's border along cell edges, segments in nm, shape (S, 2, 2).

    Edges between two nodes of the contact with the contact's cells on one side at most, so that a
    contact on a side of the film is a line.
    """
    return _edges(plan_of(film, contact)) * 1e9 * np.array(film.cell_size[:2])


def _edges(nodes: np.ndarray) -> np.ndarray:
    cells = nodes[1:, 1:] & nodes[1:, :-1] & nodes[:-1, 1:] & nodes[:-1, :-1]
    cells = np.pad(cells, 1)
    across = nodes[:, 1:] & nodes[:, :-1] & ~(cells[1:, 1:-1] & cells[:-1, 1:-1])
    upward = nodes[1:, :] & nodes[:-1, :] & ~(cells[1:-1, 1:] & cells[1:-1, :-1])
    y, x = np.nonzero(across)
    rows = np.stack([np.stack([x, y], -1), np.stack([x + 1, y], -1)], axis=1)
    y, x = np.nonzero(upward)
    columns = np.stack([np.stack([x, y], -1), np.stack([x, y + 1], -1)], axis=1)
    return np.concatenate([rows, columns])


def center(film: Film, contact: Contact) -> tuple[float, float]:
    """Mean of the contact's nodes, nm."""
    y, x = np.nonzero(plan_of(film, contact))
    return 1e9 * film.cell_size[0] * float(x.mean()), 1e9 * film.cell_size[1] * float(y.mean())


def color_of(sign: str) -> str:
    """Color of a contact of sign "+" or "-"; ink without a sign."""
    return {"+": PLUS, "-": MINUS}.get(sign, INK)


def draw_contacts(
    axes: Axes, film: Film, contacts: Sequence[Contact], pattern: str | None = None
) -> None:
    """Outlines of the contacts, with their names and, if a pattern is given, signs.

    More than NAMED contacts with signs are dots in the colors of the signs.

    Parameters
    ----------
    axes : Axes
        In nm, as those of `draw_texture`.
    film : Film
        The film.
    contacts : sequence of Contact
        In the order of the pattern.
    pattern : str, optional
        As in "+--+".
    """
    from matplotlib.collections import LineCollection

    lx, ly, _ = (1e9 * length for length in film.lengths)
    if pattern and len(contacts) > NAMED:
        places = np.array([center(film, contact) for contact in contacts])
        colors = [color_of(sign) for sign in pattern]
        x, y = places.T
        axes.scatter(x, y, s=18, c=colors, edgecolors="w", linewidths=0.8, zorder=5)
        return
    for k, contact in enumerate(contacts):
        sign = pattern[k] if pattern else ""
        color = color_of(sign)
        edges = list(outline(film, contact))
        for width, shade in ((2.8, "w"), (1.4, color)):
            axes.add_collection(
                LineCollection(
                    edges,
                    colors=shade,
                    linewidths=width,
                    capstyle="projecting",
                    zorder=4,
                    clip_on=False,
                )
            )
        place = center(film, contact)
        side = "left" if place[0] < 0.02 * lx else "right" if place[0] > 0.98 * lx else "center"
        height = "bottom" if place[1] < 0.02 * ly else "top" if place[1] > 0.98 * ly else "center"
        axes.text(
            *place,
            _label(contact.name, sign),
            color=color,
            ha=side,
            va=height,
            fontsize=6 if len(contacts) <= NAMED else 5,
            fontweight="bold",
            zorder=5,
            bbox={"boxstyle": "round,pad=0.12", "facecolor": "w", "edgecolor": "none"},
        )


def _label(name: str, sign: str) -> str:
    shown = {"+": "+", "-": "−"}.get(sign, "")
    return f"{name}{shown}" if len(name) == 1 else f"{name} {shown}".strip()


def draw_pictogram(
    axes: Axes,
    film: Film,
    contacts: Sequence[Contact],
    pattern: str,
    place: tuple[float, float],
    size: float,
) -> None:
    """A pattern as a small picture of the film, its contacts in the colors of their signs.

    Parameters
    ----------
    axes : Axes
        Where to draw; the picture is placed in its data along x and in points below it along y.
    film, contacts : Film, sequence of Contact
        What is pictured.
    pattern : str
        Signs of the contacts.
    place : (x, y)
        Middle of the upper side: x in data, y in points from the lower end of the axes.
    size : float
        Longer side of the picture, points.
    """
    from matplotlib.offsetbox import AnnotationBbox, DrawingArea
    from matplotlib.patches import Circle, Rectangle

    lx, ly, _ = film.lengths
    scale = size / max(lx, ly)
    width, height = scale * lx, scale * ly
    area = DrawingArea(width, height)
    area.add_artist(Rectangle((0, 0), width, height, facecolor="w", edgecolor="0.6", linewidth=0.5))
    radius = min(0.17 * size, 0.45 * size / np.sqrt(len(contacts)))
    for contact, sign in zip(contacts, pattern, strict=True):
        x, y = (1e-9 * scale * v for v in center(film, contact))
        x = float(np.clip(x, radius, max(width - radius, radius)))
        y = float(np.clip(y, radius, max(height - radius, radius)))
        area.add_artist(Circle((x, y), radius, facecolor=color_of(sign), edgecolor="none"))
    box = AnnotationBbox(
        area,
        (place[0], 0),
        xybox=(0, place[1]),
        xycoords=axes.get_xaxis_transform(),
        boxcoords="offset points",
        box_alignment=(0.5, 1.0),
        frameon=False,
        pad=0,
        annotation_clip=False,
    )
    box.set_gid(f"pattern {pattern}")
    axes.add_artist(box)


def draw_strip(axes: Axes, pattern: str, x: float, size: float = 4.0) -> None:
    """A pattern as a column of small squares below an axes, the first contact on top.

    Parameters
    ----------
    axes : Axes
        Where to draw, at `x` in its data.
    pattern : str
        Signs of the contacts.
    x : float
        Place of the column.
    size : float
        Side of a square, points.
    """
    from matplotlib.offsetbox import AnnotationBbox, DrawingArea
    from matplotlib.patches import Rectangle

    height = size * len(pattern)
    area = DrawingArea(size, height)
    for k, sign in enumerate(pattern):
        corner = (0, height - (k + 1) * size)
        area.add_artist(
            Rectangle(corner, size, size, facecolor=color_of(sign), edgecolor="w", linewidth=0.3)
        )
    box = AnnotationBbox(
        area,
        (x, 0),
        xybox=(0, -3),
        xycoords=axes.get_xaxis_transform(),
        boxcoords="offset points",
        box_alignment=(0.5, 1.0),
        frameon=False,
        pad=0,
        annotation_clip=False,
    )
    box.set_gid(f"pattern {pattern}")
    axes.add_artist(box)
