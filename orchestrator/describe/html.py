"""Descriptions as HTML for notebooks: a drawing of film and contacts beside a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from orchestrator.base.units import scale_for
from orchestrator.describe.contacts import Contact, contact_nodes
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Region, Resistivity, Underlayer

_WIDTH, _HEIGHT = 240.0, 200.0
"""Largest size of a drawing, pixels."""
_MOST = 120
"""Rows and columns of cells that a drawing tells apart."""
_FILM, _METAL, _CONTACT = "#9db8dc", "#c8a951", "#c0392b"
_MANY = 12
"""Up to so many contacts are named in a drawing."""

Rows = Sequence[tuple[str, str]]


def card(title: str, rows: Rows, drawing: str) -> str:
    """A title, a drawing (SVG) and a table of plain texts, which are escaped."""
    table = "".join(
        f'<tr><td style="text-align:left;opacity:.7">{escape(name)}</td>'
        f'<td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in rows
    )
    return (
        f'<div style="display:flex;gap:1.5em;align-items:center">{drawing}'
        f'<div style="min-width:0"><strong>{escape(title)}</strong>'
        f'<table style="margin:0">{table}</table></div></div>'
    )


def drawing_of(film: Film, contacts: Sequence[Contact], regions: Sequence[Region] = ()) -> str:
    """The film from above with its contacts, as an SVG element.

    Cells of any layer count. Vacuum stays blank, metal regions have a color of their own.
    """
    nx, ny, _ = film.cells
    lx, ly, _ = film.lengths
    scale = min(_WIDTH / lx, _HEIGHT / ly)
    width, height = max(lx * scale, 24.0), max(ly * scale, 24.0)
    cells, metal = film.inside.copy(), np.zeros(film.array_shape, bool)
    for region in regions:
        place = region.area.cells(film)
        cells[place] = region.medium == "magnet"
        metal[place] = region.medium == "metal"
    parts = [
        _path(np.any(mask, axis=0), width / nx, height / ny, height, color)
        for mask, color in ((cells, _FILM), (metal, _METAL))
        if mask.any()
    ]
    names = []
    for contact in contacts:
        nodes = np.any(contact_nodes(film, contact), axis=0)
        size = (width / (nx + 1), height / (ny + 1))
        shape = _path(nodes, *size, height, _CONTACT)
        parts.append(f"<g>{shape}<title>{escape(contact.name)}</title></g>")
        rows, columns = np.nonzero(nodes)
        if len(contacts) <= _MANY:
            x = (columns.mean() + 0.5) * size[0]
            y = height - (rows.mean() + 0.5) * size[1]
            names.append(_text(contact.name, x, y, width, height))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 4:.0f}" '
        f'height="{height + 4:.0f}" viewBox="-2 -2 {width + 4:.1f} {height + 4:.1f}" role="img" '
        'style="flex:none">'
        f'<rect width="{width:.1f}" height="{height:.1f}" fill="none" stroke="currentColor" '
        f'stroke-opacity=".4" stroke-dasharray="3 3"/>{"".join(parts)}{"".join(names)}</svg>'
    )


def _path(mask: np.ndarray, dx: float, dy: float, height: float, color: str) -> str:
    """The set places of a mask, (rows, columns) from the bottom, as one path of rectangles.

    Of a mask finer than a drawing shows, blocks count in which anything is set.
    """
    by = [-(-n // _MOST) for n in mask.shape]
    rows, columns = (-(-n // k) for n, k in zip(mask.shape, by, strict=True))
    padded = np.zeros((rows * by[0], columns * by[1]), bool)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    blocks = np.any(padded.reshape(rows, by[0], columns, by[1]), axis=(1, 3))
    dx, dy = dx * by[1], dy * by[0]
    edge = (mask.shape[1] * dx / by[1], mask.shape[0] * dy / by[0])
    text = []
    for (first, last), (start, stop) in _rectangles(blocks):
        x, right = start * dx, min(stop * dx, edge[0])
        low, high = first * dy, min(last * dy, edge[1])
        text.append(f"M{x:.1f} {height - high:.1f}h{right - x:.1f}v{high - low:.1f}H{x:.1f}z")
    return f'<path fill="{color}" d="{"".join(text)}"/>'


def _rectangles(mask: np.ndarray) -> Iterable[tuple[tuple[int, int], tuple[int, int]]]:
    """Rows and columns of rectangles that make up a mask: equal runs in rows that follow."""
    open_runs: dict[tuple[int, int], int] = {}
    for row in range(len(mask) + 1):
        line = mask[row] if row < len(mask) else np.zeros(mask.shape[1], bool)
        ends = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]])))
        runs = {(int(a), int(b)) for a, b in ends.reshape(-1, 2)}
        for run in [run for run in open_runs if run not in runs]:
            yield (open_runs.pop(run), row), run
        for run in runs:
            open_runs.setdefault(run, row)


def _text(name: str, x: float, y: float, width: float, height: float) -> str:
    """A name at a place, kept inside the drawing."""
    anchor = "start" if x < 0.2 * width else "end" if x > 0.8 * width else "middle"
    x = {"start": max(x, 3.0), "end": min(x, width - 3.0), "middle": x}[anchor]
    y = min(max(y + 4, 11.0), height - 3.0)
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="11" text-anchor="{anchor}" '
        f'fill="#111" stroke="#fff" stroke-width="2" paint-order="stroke">{escape(name)}</text>'
    )


def film_rows(film: Film) -> list[tuple[str, str]]:
    """A film in a table."""
    cells = " x ".join(map(str, film.cells))
    size = " x ".join(_length(length) for length in film.lengths)
    shape = film.shape if isinstance(film.shape, str) else getattr(film.shape, "shape", "")
    return [("film", f"{size}, {cells} cells{f', {shape}' if shape else ''}")]


def transport_rows(
    resistivity: Resistivity,
    contacts: Sequence[Contact],
    regions: Sequence[Region] = (),
    underlayer: Underlayer | None = None,
) -> list[tuple[str, str]]:
    """What conducts in a table."""
    rows = [
        (
            "resistivity",
            f"{resistivity.parallel:.4g} ohm m along m, {resistivity.perpendicular:.4g} across",
        ),
        ("contacts", _listed([contact.name for contact in contacts])),
    ]
    if regions:
        named = [f"{region.name} ({region.medium})" for region in regions]
        rows.append(("regions", _listed(named)))
    if underlayer is not None:
        rows.append(("underlayer", f"{1 / underlayer.sheet_conductance:.4g} ohm per square"))
    return rows


def material_rows(material: Material) -> list[tuple[str, str]]:
    """A material in a table."""
    words = [
        f"Ms {material.Ms:.4g} A/m",
        f"Aex {material.Aex:.4g} J/m",
        f"alpha {material.alpha:g}",
    ]
    words += [
        f"{name} {value:.4g} {unit}"
        for name, unit in (("Dbulk", "J/m2"), ("Dind", "J/m2"), ("Ku1", "J/m3"))
        if (value := getattr(material, name))
    ]
    return [("material", ", ".join(words))]


def _length(length: float) -> str:
    scale = scale_for(length, "m")
    return f"{scale.factor * length:g} {scale.unit}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MANY])
    return shown if len(names) <= _MANY else f"{len(names)}: {shown}, ..."
