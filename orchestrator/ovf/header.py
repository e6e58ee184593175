"""The header of an OVF file."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TypeVar

from orchestrator.base.errors import InputError
from orchestrator.base.numbers import go_number

FIRST_LINES = {1: "# OOMMF: rectangular mesh v1.0", 2: "# OOMMF OVF 2.0"}
"""By the version of OVF."""

_TIME = re.compile(r"(?:total simulation time:|time \(s\)\s*:)\s*([-+0-9.eE]+)", re.IGNORECASE)
_PER_METER = {
    "m": 1.0,
    "mm": 1e3,
    "um": 1e6,
    "µm": 1e6,
    "μm": 1e6,
    "micron": 1e6,
    "nm": 1e9,
    "pm": 1e12,
}
_PER_METER |= {"cm": 1e2, "a": 1e10, "å": 1e10, "angstrom": 1e10}
_Kind = TypeVar("_Kind", int, float)
_UNITS = "m, cm, mm, um (micron), nm, pm or angstrom"


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
    labels : tuple of str
        Names of the components, where they are stated.
    encoding : str
        Of the data of a file: text, binary 4, binary 8, or what else it says.
    """

    cells: tuple[int, int, int]
    components: int
    cell_size: tuple[float, float, float]
    time: float | None = None
    title: str = ""
    unit: str = ""
    labels: tuple[str, ...] = ()
    encoding: str = ""

    def check_lengths(self) -> None:
        """Refuse cells whose edges are not positive and finite.

        Raises
        ------
        InputError
            With the key.
        """
        for axis, step in zip("xyz", self.cell_size, strict=True):
            if not 0 < step < math.inf:
                raise InputError(
                    f"{axis}stepsize is {step:g} m; expected a positive, finite length"
                )

    @property
    def grid(self) -> str:
        """The grid in words."""
        return f"{' x '.join(map(str, self.cells))} cells of {self.components}"


_MOST = 2**31 - 1


def version_of(first_line: str) -> int | None:
    """The version of OVF that the first line of a file stands for."""
    found = [v for v, line in FIRST_LINES.items() if line.lower() == first_line.strip().lower()]
    return found[0] if found else None


def read_header(text: str, version: int, *, lengths: bool = True) -> Header:
    """The header in the lines of a file before its data.

    Lengths in another `meshunit` than m are converted. Where extents are stated, they may differ
    by one cell from the cells' lengths: some programs count from center to center. Without
    `lengths` they do not matter, and neither does an unknown unit.

    Raises
    ------
    InputError
        If it is incomplete, malformed, contradicts itself, has an unknown unit of length, or is of
        another mesh than a rectangular one.
    """
    entries = _entries(text)
    mesh = entries.get("meshtype", "rectangular")
    if mesh.lower() != "rectangular":
        raise InputError(f"OVF meshtype is {mesh!r}; expected 'rectangular'")
    nx, ny, nz = (_number(entries, f"{axis}nodes", int) for axis in "xyz")
    components = 3 if version == 1 else _number(entries, "valuedim", int)
    if min(nx, ny, nz, components) < 1:
        raise InputError(f"OVF header gives an empty grid ({nx} x {ny} x {nz})")
    if max(nx, ny, nz, components) > _MOST:
        raise InputError(f"OVF header gives a grid of more than {_MOST} cells along an axis")
    unit = entries.get("meshunit", "m")
    if lengths and unit.lower() not in _PER_METER:
        raise InputError(f"OVF meshunit is {unit!r}; expected {_UNITS}")
    per_meter = _PER_METER.get(unit.lower(), 1.0)
    cx, cy, cz = (_number(entries, f"{axis}stepsize", float) / per_meter for axis in "xyz")
    stated = _TIME.search(entries.get("desc", ""))
    time = {"desc": stated.group(1)} if stated else {}
    header = Header(
        (nx, ny, nz),
        components,
        (cx, cy, cz),
        _number(time, "desc", float) if time else None,
        entries.get("title", ""),
        entries.get("valueunits", entries.get("valueunit", "")).partition(" ")[0],
        tuple(entries.get("valuelabels", "").split()),
    )
    if lengths:
        header.check_lengths()
        _check_extents(entries, header, per_meter)
    return header


def _number(entries: dict[str, str], key: str, kind: type[_Kind]) -> _Kind:
    """The number of a key."""
    if key not in entries:
        raise InputError(f"OVF header incomplete or malformed ({key} is missing)")
    try:
        return kind(entries[key])
    except ValueError:
        expected = "a whole number" if kind is int else "a number"
        raise InputError(
            f"OVF header incomplete or malformed ({key} is {entries[key]!r}; expected {expected})"
        ) from None


def _check_extents(entries: dict[str, str], header: Header, per_meter: float) -> None:
    """Refuse extents that are more than a cell away from the lengths of the cells together."""
    for axis, n, step in zip("xyz", header.cells, header.cell_size, strict=True):
        low, high = f"{axis}min", f"{axis}max"
        if low not in entries or high not in entries:
            continue
        extent = (_number(entries, high, float) - _number(entries, low, float)) / per_meter
        if not abs(extent - n * step) <= step * (1 + 1e-6):
            raise InputError(
                f"OVF header contradicts itself: from {low} to {high} are {extent:g} m, "
                f"{n} {axis}nodes of {axis}stepsize make {n * step:g} m"
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
