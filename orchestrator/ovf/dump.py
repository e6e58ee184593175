"""mumax3's dump files: a binary header, the data component by component, a checksum."""

from __future__ import annotations

import functools
import struct

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.ovf.header import Header

_MAGIC = b"#dump002"
_POLYNOMIAL = 0xD800000000000000
_ONES = 0xFFFFFFFFFFFFFFFF
_HEAD = struct.Struct("<8s 4Q 3d 8s d 8s 8s 8s Q")
"""Magic, components, nz ny nx, cz cy cx, mesh unit, time, its unit, name, unit, bytes a number."""


@functools.cache
def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


def checksum(data: bytes) -> int:
    """CRC-64 of ISO 3309."""
    table, crc = _table(), _ONES
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ _ONES


def dumped(data: np.ndarray, header: Header) -> bytes:
    """A field, (nz, ny, nx, components), as the bytes of a dump file; names have 8 at most."""
    words = [text.encode()[:8] for text in ("m", "s", header.title, header.unit)]
    head = _HEAD.pack(
        *(_MAGIC, header.components, *header.cells[::-1], *header.cell_size[::-1]),
        *(words[0], header.time or 0.0, *words[1:], 4),
    )
    raw = head + np.ascontiguousarray(np.moveaxis(data, -1, 0), "<f4").tobytes()
    return raw + struct.pack("<Q", checksum(raw))


def undumped(raw: bytes) -> tuple[np.ndarray, Header]:
    """The data of a dump file, (nz, ny, nx, components) float32, and its header.

    Raises
    ------
    InputError
        If it is no dump, truncated, or its checksum is wrong.
    """
    if len(raw) < _HEAD.size or not raw.startswith(_MAGIC):
        raise InputError("not a dump file")
    _, components, nz, ny, nx, cz, cy, cx, _, time, _, title, unit, width = _HEAD.unpack_from(raw)
    count = components * nz * ny * nx
    end = _HEAD.size + 4 * count
    if width != 4 or count == 0:
        raise InputError(f"a dump of {count} numbers of {width} bytes cannot be read")
    if len(raw) < end + 8:
        raise InputError(f"truncated dump file, {len(raw)} of {end + 8} bytes")
    (stated,) = struct.unpack_from("<Q", raw, end)
    if stated and stated != checksum(raw[:end]):
        raise InputError("the checksum of the dump file is wrong")
    values = np.frombuffer(raw, "<f4", count, _HEAD.size)
    data = np.moveaxis(values.reshape(components, nz, ny, nx), 0, -1).astype(np.float32)
    words = (word.rstrip(b"\0").decode("latin-1") for word in (title, unit))
    return data, Header((nx, ny, nz), components, (cx, cy, cz), time, *words)
