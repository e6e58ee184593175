"""The header of an OVF file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.base.errors import InputError
from orchestrator.base.numbers import go_number

FIRST_LINES = {1: "# OOMMF: rectangular mesh v1.0", 2: "# OOMMF OVF 2.0"}
"""By the version of OVF."""

_TIME = re.compile(r"(?:total simulation time:|time \(s\)\s*:)\s*([-+0-9.eE]+)", re.IGNORECASE)
_PER_METER = {"mm": 1e3, "um": 1e6, "µm": 1e6, "μm": 1e6, "micron": 1e6, "nm": 1e9, "pm": 1e12}
_PER_METER |= {"cm": 1e2, "a": 1e10, "å": 1e10, "angstrom": 1e10}


@dataclass(frozen=True)
class Header:
    """What a file says of its field.

    Attributes
    ----------
    cells : (nx, ny, nz)
        Number of cells.
    components : int
        Numbers in a cell.
    cell_size : (cx, cy, cz)
        m.
    time : float or None
        Simulated time in s, where it is stated.
    title, unit : str
        Name of the field and unit of its values; the unit may be empty.
    """

    cells: tuple[int, int, int]
    components: int
    cell_size: tuple[float, float, float]
    time: float | None = None
    title: str = ""
    unit: str = ""

    @property
    def grid(self) -> str:
        """The grid in words."""
        return f"{' x '.join(map(str, self.cells))} cells of {self.components}"


def version_of(first_line: str) -> int | None:
    """The version of OVF that the first line of a file stands for."""
    found = [v for v, line in FIRST_LINES.items() if line.lower() == first_line.strip().lower()]
    return found[0] if found else None


def read_header(text: str, version: int) -> Header:
    """The header in the lines of a file before its data.

    Lengths in another `meshunit` than m are converted; one that is unknown is taken for m, as
    mumax3 takes all.

    Raises
    ------
    InputError
        If it is incomplete, malformed, or of another mesh than a rectangular one.
    """
    entries = _entries(text)
    mesh = entries.get("meshtype", "rectangular")
    if mesh.lower() != "rectangular":
        raise InputError(f"OVF meshtype is {mesh!r}; expected 'rectangular'")
    try:
        nx, ny, nz = (int(entries[f"{axis}nodes"]) for axis in "xyz")
        components = 3 if version == 1 else int(entries["valuedim"])
        per_meter = _PER_METER.get(entries.get("meshunit", "m").lower(), 1.0)
        cx, cy, cz = (float(entries[f"{axis}stepsize"]) / per_meter for axis in "xyz")
    except (KeyError, ValueError) as error:
        raise InputError(f"OVF header incomplete or malformed ({error})") from None
    if min(nx, ny, nz, components) < 1:
        raise InputError(f"OVF header gives an empty grid ({nx} x {ny} x {nz})")
    stated = _TIME.search(entries.get("desc", ""))
    return Header(
        (nx, ny, nz),
        components,
        (cx, cy, cz),
        float(stated.group(1)) if stated else None,
        entries.get("title", ""),
        entries.get("valueunits", entries.get("valueunit", "")).partition(" ")[0],
    )


def _entries(text: str) -> dict[str, str]:
    """Values by their keys in lower case; those of a repeated key stand on lines."""
    entries: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition("##")[0].lstrip("# ").partition(":")
        if colon:
            key, value = key.strip().lower(), value.strip()
            entries[key] = f"{entries[key]}\n{value}" if key in entries else value
    return entries


def header_lines(header: Header, version: int, encoding: str) -> list[str]:
    """The lines of a file before its data, in mumax3's order and with its blanks."""
    lines = [FIRST_LINES[version], "# Segment count: 1", "# Begin: Segment", "# Begin: Header"]
    lines += _lines_of_ovf1(header) if version == 1 else _lines_of_ovf2(header)
    return [*lines, "# End: Header", f"# Begin: Data {encoding}"]


def _lines_of_ovf1(header: Header) -> list[str]:
    base, lower, upper, nodes, step = _mesh_lines(header)
    return [
        f"# Desc: Time (s) :  {go_number(header.time or 0.0)}",
        f"# Title: {header.title}",
        "# meshtype: rectangular",
        "# meshunit: m",
        *(*base, *step, *lower, *upper, *nodes),
        "# ValueRangeMinMag: 1e-08",
        "# ValueRangeMaxMag: 1",
        f"# valueunit: {header.unit}",
        "# valuemultiplier: 1",
    ]


def _lines_of_ovf2(header: Header) -> list[str]:
    base, lower, upper, nodes, step = _mesh_lines(header)
    count = header.components
    labels = [f"{header.title}_{chr(ord('x') + i)}" for i in range(count)]
    return [
        f"# Title: {header.title}",
        "# meshtype: rectangular",
        "# meshunit: m",
        *(*lower, *upper),
        f"# valuedim: {count}",
        f"# valuelabels: {header.title if count == 1 else ' '.join(labels)}",
        f"# valueunits: {' '.join([header.unit or '1'] * count)}",
        f"# Desc: Total simulation time:  {go_number(header.time or 0.0)}  s",
        *(*base, *nodes, *step),
    ]


def _mesh_lines(header: Header) -> tuple[list[str], ...]:
    """Lines of base, min, max, nodes and stepsize, one for each axis."""
    axes = list(zip("xyz", header.cells, header.cell_size, strict=True))
    return (
        [f"# {a}base: {go_number(c / 2)}" for a, _, c in axes],
        [f"# {a}min: 0" for a, _, _ in axes],
        [f"# {a}max: {go_number(n * c)}" for a, n, c in axes],
        [f"# {a}nodes: {n}" for a, n, _ in axes],
        [f"# {a}stepsize: {go_number(c)}" for a, _, c in axes],
    )
