"""OVF 2.0 files as mumax3 reads and writes them.

Binary data of 4 or 8 bytes and text are read, OVF 1.0 too; binary 4 is written. Arrays have the
file's own order: `(nz, ny, nx, components)`, x fastest.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.base.files import written_whole

_CHECK = {4: 1234567.0, 8: 123456789012345.0}
_HEADER_LIMIT = 1 << 16
_TIME = re.compile(r"(?:total simulation time:|time \(s\)\s*:)\s*([-+0-9.eE]+)", re.IGNORECASE)


@dataclass(frozen=True)
class OvfField:
    """One field of an OVF file.

    Attributes
    ----------
    data : ndarray, shape (nz, ny, nx, components)
        float32 from binary 4 and text files, float64 from binary 8.
    cell_size : (cx, cy, cz)
        Cell size in m.
    time : float or None
        Simulated time in s, where the header states it.
    """

    data: np.ndarray
    cell_size: tuple[float, float, float]
    time: float | None
    title: str = ""


def read_ovf(path: str | os.PathLike[str]) -> OvfField:
    """Read the first segment of an OVF file.

    Raises
    ------
    InputError
        If the file is missing, not OVF, truncated or its check value is wrong.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    start = raw[:40].split(b"\n", 1)[0].strip().lower()
    if start == b"# oommf ovf 2.0":
        version = 2
    elif start == b"# oommf: rectangular mesh v1.0":
        version = 1
    else:
        raise InputError(f"{path}: not an OVF file (its first line is {start[:40]!r})")
    begin = re.search(rb"^# *begin: *data +(text|binary +[48])[^\n]*\n", raw, re.I | re.M)
    if begin is None:
        raise InputError(f"{path}: truncated OVF file, no data section found")
    header = _header(raw[: begin.start()].decode("latin-1"))
    try:
        nx, ny, nz = (int(header[f"{axis}nodes"]) for axis in "xyz")
        cx, cy, cz = (float(header[f"{axis}stepsize"]) for axis in "xyz")
        components = 3 if version == 1 else int(header["valuedim"])
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: OVF header incomplete or malformed ({error})") from None
    if min(nx, ny, nz, components) < 1:
        raise InputError(f"{path}: OVF header gives an empty grid ({nx} x {ny} x {nz})")
    count = nx * ny * nz * components
    kind = begin.group(1).lower()
    if kind == b"text":
        body = raw[begin.end() :].split(b"#", 1)[0]
        try:
            values = np.array(body.split(), dtype=np.float64).astype(np.float32)
        except ValueError:
            raise InputError(f"{path}: OVF text data holds something else than numbers") from None
        if values.size != count:
            raise InputError(f"{path}: truncated OVF file, {values.size} of {count} values")
    else:
        width = int(kind[-1:])
        dtype = np.dtype(f"{'<' if version == 2 else '>'}f{width}")
        if len(raw) < begin.end() + (count + 1) * width:
            present = max(0, (len(raw) - begin.end()) // width - 1)
            raise InputError(f"{path}: truncated OVF file, {present} of {count} values")
        check = np.frombuffer(raw, dtype, 1, begin.end())[0]
        if check != _CHECK[width]:
            raise InputError(f"{path}: OVF check value is {check!r}, expected {_CHECK[width]!r}")
        values = np.frombuffer(raw, dtype, count, begin.end() + width)
        values = values.astype(dtype.newbyteorder("="))
    stated = _TIME.search(header.get("desc", ""))
    return OvfField(
        values.reshape(nz, ny, nx, components),
        (cx, cy, cz),
        float(stated.group(1)) if stated else None,
        header.get("title", ""),
    )


def _header(text: str) -> dict[str, str]:
    entries: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.lstrip("# ").partition(":")
        if colon and not line.startswith("##"):
            key, value = key.strip().lower(), value.strip()
            entries[key] = f"{entries[key]}\n{value}" if key in entries else value
    return entries


def write_ovf(
    path: str | os.PathLike[str],
    data: np.ndarray,
    cell_size: tuple[float, float, float],
    *,
    title: str = "m",
    labels: tuple[str, ...] | None = None,
    unit: str = "1",
    time: float = 0.0,
) -> None:
    """Write a field as OVF 2.0 binary 4, whole or not at all.

    Parameters
    ----------
    path : path-like
        The file; its folder must exist.
    data : ndarray, shape (nz, ny, nx, components)
        The values; written as float32.
    cell_size : (cx, cy, cz)
        Cell size in m.
    title, labels, unit, time
        Header entries; labels default to `title_x`, `title_y`, ... and time is in s.

    Raises
    ------
    InputError
        If a value is not finite (mumax3 dies of a NaN in a current map).
    """
    if data.ndim != 4:
        raise InputError(f"a field has the shape (nz, ny, nx, components), got {data.shape}")
    values = np.ascontiguousarray(data, dtype="<f4")
    if not np.isfinite(values).all():
        raise InputError(f"{path}: the field {title!r} holds NaN or infinite values")
    nz, ny, nx, components = values.shape
    if labels is None:
        labels = tuple(f"{title}_{c}" for c in "xyz") if components == 3 else (title,) * components
    axes = list(zip("xyz", (nx, ny, nz), cell_size, strict=True))
    lines = ["# OOMMF OVF 2.0", "# Segment count: 1", "# Begin: Segment", "# Begin: Header"]
    lines += [f"# Title: {title}", "# meshtype: rectangular", "# meshunit: m"]
    lines += [f"# {a}min: 0" for a, _, _ in axes]
    lines += [f"# {a}max: {n * c!r}" for a, n, c in axes]
    lines += [f"# valuedim: {components}", f"# valuelabels: {' '.join(labels)}"]
    lines += [f"# valueunits: {' '.join([unit] * components)}"]
    lines += [f"# Desc: Total simulation time:  {time!r}  s"]
    lines += [f"# {a}base: {c / 2!r}" for a, _, c in axes]
    lines += [f"# {a}nodes: {n}" for a, n, _ in axes]
    lines += [f"# {a}stepsize: {c!r}" for a, _, c in axes]
    lines += ["# End: Header", "# Begin: Data Binary 4", ""]
    with written_whole(Path(path)) as temporary, open(temporary, "wb") as file:
        file.write("\n".join(lines).encode())
        file.write(np.array(_CHECK[4], "<f4").tobytes())
        file.write(values.data)
        file.write(b"\n# End: Data Binary 4\n# End: Segment\n")
