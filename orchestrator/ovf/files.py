"""Fields in files: OVF 1 and 2 in text or binary, and mumax3's dump.

Arrays have the files' own order: `(nz, ny, nx, components)`, x fastest.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.base.files import crc32, written_whole
from orchestrator.base.kinds import as_path, check_kind
from orchestrator.base.numbers import go_number
from orchestrator.ovf.dump import dumped, undumped
from orchestrator.ovf.formats import CHECK_VALUES, OVF2_BINARY, OutputFormat, byte_order
from orchestrator.ovf.header import Header, header_lines, read_header, version_of

_BEGIN = re.compile(rb"^# *begin: *data\b *([^\n]*)\n", re.I | re.M)
_END = re.compile(rb"# *end: *data", re.I)
_HEAD = 4096
"""Bytes that are read at a time where only the header is wanted."""
_LONGEST_HEAD = 1 << 20
"""Bytes among which the data must begin, there."""
_GO_DIFFERS = 1e6
"""From here on, up to 1e16, NumPy writes float32 without an exponent, and Go with one."""


@dataclass(frozen=True)
class OvfField:
    """One field of a file.

    Attributes
    ----------
    data : ndarray, shape (nz, ny, nx, components)
        float64 from binary numbers of 8 bytes, float32 from all others.
    cell_size : (cx, cy, cz)
        Cell size in m.
    time : float or None
        Simulated time in s, where the header states it.
    """

    data: np.ndarray
    cell_size: tuple[float, float, float]
    time: float | None
    title: str = ""
    crc32: str = ""
    """Checksum of the file's bytes, see `orchestrator.base.files.crc32`."""
    unit: str = ""
    """Unit of the values, where the header states it."""

    def __repr__(self) -> str:
        """Grid, time and title; not the values."""
        cells = " x ".join(str(n) for n in self.data.shape[2::-1])
        size = " x ".join(f"{1e9 * edge:g}" for edge in self.cell_size)
        time = "" if self.time is None else f", t = {self.time:g} s"
        unit = f" in {self.unit}" if self.unit not in ("", "1") else ""
        what = f"{self.title or 'field'} of {self.data.shape[3]} components{unit}"
        return f"<OvfField {what}, {cells} cells of {size} nm{time}>"


def read_ovf(
    path: str | os.PathLike[str], *, lengths: bool = True, checksum: bool = True
) -> OvfField:
    """Read the first segment of an OVF file, or a dump file, named `.dump`.

    Parameters
    ----------
    path : path-like
        The file.
    lengths : bool
        Whether its unit of length, cells and extents must make sense; mumax3's `LoadFile` takes the
        values whatever they are.
    checksum : bool
        Whether `crc32` is wanted; "" without it.

    Returns
    -------
    OvfField
        `data` of shape (nz, ny, nx, components) in the file's unit, `cell_size` (m), `time` (s),
        `title`, `unit`.

    Raises
    ------
    InputError
        If the file is missing, of another kind, truncated, holds too many values or anything else
        than numbers, or its check value or checksum is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from orchestrator.ovf.files import write_ovf
    >>> _ = write_ovf("m.ovf", np.ones((1, 4, 8, 3)), (5e-9, 5e-9, 1e-8), time=2e-10)
    >>> field = orchestrator.read_ovf("m.ovf")
    >>> field.data.shape, field.cell_size, field.time
    ((1, 4, 8, 3), (5e-09, 5e-09, 1e-08), 2e-10)
    """
    path = as_path("OVF file", path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        if path.suffix == ".dump":
            data, header = undumped(raw)
            if lengths:
                header.check_lengths()
        else:
            data, header = _parsed(raw, lengths)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    crc = crc32(raw) if checksum else ""
    return OvfField(data, header.cell_size, header.time, header.title, crc, header.unit)


def read_ovf_header(path: str | os.PathLike[str]) -> Header:
    """What an OVF file says of its first segment; the data are not read, nor checked.

    Raises
    ------
    InputError
        If the file is missing, is not OVF, or its header is incomplete or contradicts itself.
    """
    path = as_path("OVF file", path)
    try:
        with open(path, "rb") as file:
            raw = file.read(_HEAD)
            if _BEGIN.search(raw) is None:
                raw += file.read(_LONGEST_HEAD)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return _header(raw, True)[0]
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _header(raw: bytes, lengths: bool) -> tuple[Header, int, re.Match[bytes]]:
    """The header, the version of OVF, and where the data begin."""
    first = raw[:80].partition(b"\n")[0]
    version = version_of(first.decode("latin-1"))
    if version is None:
        raise InputError(f"not an OVF file (its first line is {first[:40]!r})")
    begin = _BEGIN.search(raw)
    if begin is None:
        raise InputError("truncated OVF file, no data section found")
    header = read_header(raw[: begin.start()].decode("utf-8", "replace"), version, lengths=lengths)
    encoding = begin.group(1).decode("latin-1").strip().lower()
    return dataclasses.replace(header, encoding=encoding), version, begin


def _parsed(raw: bytes, lengths: bool) -> tuple[np.ndarray, Header]:
    header, version, begin = _header(raw, lengths)
    encoding = header.encoding
    if encoding == "text":
        values = _text_values(raw, begin.end(), header)
    elif encoding in ("binary 4", "binary 8"):
        values = _binary_values(raw, begin.end(), header, version, int(encoding[-1]))
    else:
        raise InputError(f"OVF data are {encoding!r}; expected text, binary 4 or binary 8")
    return values.reshape(*header.cells[::-1], header.components), header


def _count(header: Header) -> int:
    nx, ny, nz = header.cells
    return nx * ny * nz * header.components


def _text_values(raw: bytes, start: int, header: Header) -> np.ndarray:
    end = _END.search(raw, start)
    words = raw[start : end.start() if end else len(raw)]
    try:
        if b"#" in words:
            raise ValueError
        values = np.array(words.split(), dtype=np.float64)
    except ValueError:
        raise InputError(_no_numbers(words, raw.count(b"\n", 0, start) + 1)) from None
    count = _count(header)
    if values.size < count:
        raise InputError(f"truncated OVF file, {values.size} of {count} values")
    if values.size > count:
        raise InputError(
            f"OVF text data hold {values.size} values where {count} belong ({header.grid})"
        )
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _no_numbers(words: bytes, first: int) -> str:
    """What stands in text data beside numbers, and on which line of the file."""
    for number, line in enumerate(words.split(b"\n"), first):
        what = "a remark between the rows"
        try:
            if b"#" not in line:
                what = "something else than numbers"
                np.array(line.split(), dtype=np.float64)
                continue
        except ValueError:
            pass
        shown = line.decode("utf-8", "replace").strip()[:60]
        return f"OVF text data hold {what} ({shown!r}, line {number}); take it out"
    return "OVF text data hold something else than numbers"


def _binary_values(raw: bytes, start: int, header: Header, version: int, width: int) -> np.ndarray:
    dtype = np.dtype(f"{byte_order(version)}f{width}")
    count, wanted = _count(header), CHECK_VALUES[width]
    if len(raw) >= start + width:
        found = np.frombuffer(raw, dtype, 1, start)[0]
        if found != wanted:
            swapped = found.byteswap() == wanted
            order = "; its bytes are in the other order: big-endian is OVF 1, little-endian OVF 2"
            raise InputError(
                f"OVF check value of binary {width} is {float(found)!r}, expected {wanted!r}"
                + (order if swapped else "")
            )
    end = start + (count + 1) * width
    if len(raw) < end:
        present = max(0, (len(raw) - start) // width - 1)
        raise InputError(f"truncated OVF file, {present} of {count} values")
    rest = raw[end : end + 80].lstrip()
    if rest and not rest.startswith(b"#"):
        following = _END.search(raw, end)
        extra = ((following.start() if following else len(raw)) - end) // width
        raise InputError(
            f"OVF binary data hold {count + extra} values where {count} belong ({header.grid})"
        )
    return np.frombuffer(raw, dtype, count, start + width).astype(dtype.newbyteorder("="))


def write_ovf(
    path: str | os.PathLike[str],
    data: np.ndarray,
    cell_size: tuple[float, float, float],
    *,
    title: str = "m",
    unit: str = "",
    time: float = 0.0,
    form: OutputFormat = OVF2_BINARY,
    durable: bool = True,
) -> None:
    """Write a field, whole or not at all, with the header that mumax3 gives it.

    Parameters
    ----------
    path : path-like
        The file; its folder must exist.
    data : ndarray, shape (nz, ny, nx, components)
        The values; written as float32 unless the format has 8 bytes a number.
    cell_size : (cx, cy, cz)
        Cell size in m.
    title, unit, time
        Header entries; time is in s.
    form : OutputFormat
        What to write.
    durable : bool
        Whether the file is on the disk when this returns.

    Raises
    ------
    InputError
        If a value is not finite (mumax3 dies of a NaN in a current map), or the format cannot hold
        the field.
    """
    path = as_path("OVF file", path)
    check_kind("data", data, np.ndarray)
    if data.ndim != 4 or data.dtype.kind not in "biuf":
        raise InputError(
            "a field has the shape (nz, ny, nx, components) and real numbers, got "
            f"{data.shape} of {data.dtype}"
        )
    check_kind("cell_size", cell_size, Sequence)
    if len(cell_size) != 3 or not all(size > 0 for size in cell_size):
        raise InputError(f"cell_size: three lengths in m are needed, got {cell_size}")
    order = byte_order(form.version)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(data, dtype=f"{order}f{form.width or 4}")
    if not np.isfinite(values).all():
        raise InputError(f"{path}: the field {title!r} holds NaN or infinite values")
    nz, ny, nx, components = values.shape
    if form.version == 1 and components != 3:
        raise InputError(f"{path}: OVF 1 holds 3 components, {title} has {components}")
    header = Header((nx, ny, nz), components, cell_size, time, title, unit)
    with written_whole(path, durable=durable) as temporary, open(temporary, "wb") as file:
        if form.version == 0:
            file.write(dumped(values, header))
            return
        file.write("\n".join([*header_lines(header, form.version, form.encoding), ""]).encode())
        if form.width:
            file.write(np.array(CHECK_VALUES[form.width], values.dtype).tobytes())
            file.write(values.data)
        else:
            file.write(_text(values.reshape(-1, components)).encode())
        file.write(f"# End: Data {form.encoding}\n# End: Segment\n".encode())


def _text(rows: np.ndarray) -> str:
    """Rows of float32 numbers with the fewest digits that read back, a blank after each."""
    rows = rows.astype(np.float32)
    words = rows.astype(str).astype(object)
    for place in np.argwhere(np.abs(rows) >= _GO_DIFFERS):
        words[tuple(place)] = go_number(rows[tuple(place)])
    return "".join(
        "".join(f"{word.removesuffix('.0')} " for word in row) + "\n" for row in words.tolist()
    )
