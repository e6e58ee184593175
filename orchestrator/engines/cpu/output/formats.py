"""The file formats a field can be saved in, under the names of the script language."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.engines.cpu.language.errors import FatalError
from orchestrator.engines.cpu.output.dump import dumped
from orchestrator.engines.cpu.output.outputs import write_whole
from orchestrator.ovf.files import write_ovf


@dataclass(frozen=True)
class OutputFormat:
    """OVF version and encoding of the data; version 0 is mumax3's dump."""

    name: str
    version: int
    binary: bool
    extension: str = "ovf"


FORMATS = (
    OutputFormat("OVF1_TEXT", 1, False),
    OutputFormat("OVF1_BINARY", 1, True),
    OutputFormat("OVF2_TEXT", 2, False),
    OutputFormat("OVF2_BINARY", 2, True),
    OutputFormat("DUMP", 0, True, "dump"),
)
OVF2_BINARY = FORMATS[3]

_CHECK = 1234567.0


@dataclass(frozen=True)
class Header:
    """What a file says of its field: name, unit ("1" for none), time in s, cell size in m."""

    name: str
    unit: str
    time: float
    cell_size: tuple[float, float, float]


def write_field(path: Path, data: np.ndarray, header: Header, form: OutputFormat) -> None:
    """Write a field, (nz, ny, nx, components), whole or not at all.

    Raises
    ------
    FatalError
        If the format can not hold the field.
    """
    if form is OVF2_BINARY:
        write_ovf(
            path, data, header.cell_size, title=header.name, unit=header.unit, time=header.time
        )
        return
    values = np.ascontiguousarray(data, np.float32)
    if form.version == 1 and values.shape[3] != 3:
        raise FatalError(f"{path}: OVF 1 holds 3 components, {header.name} has {values.shape[3]}")
    if not np.isfinite(values).all():
        raise FatalError(f"{path}: the field {header.name!r} holds NaN or infinite values")
    if form.version == 0:
        raw = dumped(values, header.cell_size, header.name, header.unit, header.time)
        write_whole(path, raw)
        return
    kind = "Binary 4" if form.binary else "Text"
    lines = (_head1 if form.version == 1 else _head2)(values, header)
    text = "\n".join([*lines, "# End: Header", f"# Begin: Data {kind}", ""])
    tail = f"# End: Data {kind}\n# End: Segment\n"
    if form.binary:
        body = np.array(_CHECK, ">f4").tobytes() + values.astype(">f4").tobytes() + b"\n"
    else:
        body = _text(values.reshape(-1, values.shape[3])).encode()
    write_whole(path, text.encode() + body + tail.encode())


def _text(rows: np.ndarray) -> str:
    """Rows of float32 numbers with the fewest digits that read back."""
    words = rows.astype(str).tolist()
    return "".join("".join(f"{word.removesuffix('.0')} " for word in row) + "\n" for row in words)


def _axes(values: np.ndarray, header: Header) -> list[tuple[str, int, float]]:
    return list(zip("xyz", values.shape[2::-1], header.cell_size, strict=True))


def _grid_lines(values: np.ndarray, header: Header) -> list[str]:
    axes = _axes(values, header)
    return [
        *(f"# {a}base: {c / 2!r}" for a, _, c in axes),
        *(f"# {a}nodes: {n}" for a, n, _ in axes),
        *(f"# {a}stepsize: {c!r}" for a, _, c in axes),
    ]


def _head2(values: np.ndarray, header: Header) -> list[str]:
    count, axes = values.shape[3], _axes(values, header)
    labels = [f"{header.name}_{c}" for c in "xyz"] if count == 3 else [header.name] * count
    return [
        "# OOMMF OVF 2.0", "# Segment count: 1", "# Begin: Segment", "# Begin: Header",
        f"# Title: {header.name}", "# meshtype: rectangular", "# meshunit: m",
        *(f"# {a}min: 0" for a, _, _ in axes),
        *(f"# {a}max: {n * c!r}" for a, n, c in axes),
        f"# valuedim: {count}", f"# valuelabels: {' '.join(labels)}",
        f"# valueunits: {' '.join([header.unit] * count)}",
        f"# Desc: Total simulation time:  {header.time!r}  s",
        *_grid_lines(values, header),
    ]  # fmt: skip


def _head1(values: np.ndarray, header: Header) -> list[str]:
    axes = _axes(values, header)
    return [
        "# OOMMF: rectangular mesh v1.0", "# Segment count: 1", "# Begin: Segment",
        "# Begin: Header", f"# Desc: Time (s) : {header.time!r}", f"# Title: {header.name}",
        "# meshtype: rectangular", "# meshunit: m",
        *_grid_lines(values, header),
        *(f"# {a}min: 0" for a, _, _ in axes),
        *(f"# {a}max: {n * c!r}" for a, n, c in axes),
        "# ValueRangeMinMag: 1e-08", "# ValueRangeMaxMag: 1", f"# valueunit: {header.unit}",
        "# valuemultiplier: 1",
    ]  # fmt: skip
