"""mumax3's dump files: a binary header, the data component by component, a checksum."""

from __future__ import annotations

import functools
import struct
from pathlib import Path

import numpy as np

from orchestrator.engines.cpu.language.errors import FatalError

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


def dumped(
    data: np.ndarray, cell_size: tuple[float, float, float], name: str, unit: str, time: float
) -> bytes:
    """A field, (nz, ny, nx, components), as the bytes of a dump file; names have 8 at most."""
    nz, ny, nx, components = data.shape
    words = [text.encode()[:8] for text in ("m", "s", name, unit)]
    head = _HEAD.pack(
        _MAGIC, components, nz, ny, nx, *cell_size[::-1], words[0], time, *words[1:], 4
    )
    raw = head + np.ascontiguousarray(np.moveaxis(data, -1, 0), "<f4").tobytes()
    return raw + struct.pack("<Q", checksum(raw))


def read_dump(path: str) -> np.ndarray:
    """The data of a dump file, (nz, ny, nx, components) float32.

    Raises
    ------
    FatalError
        If the file is missing, no dump, truncated, or its checksum is wrong.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise FatalError(f"{path}: cannot be read ({error.strerror})") from None
    if len(raw) < _HEAD.size or not raw.startswith(_MAGIC):
        raise FatalError(f"{path}: not a dump file")
    _, components, nz, ny, nx, *_, width = _HEAD.unpack_from(raw)
    count = components * nz * ny * nx
    end = _HEAD.size + 4 * count
    if width != 4 or count == 0:
        raise FatalError(f"{path}: a dump of {count} numbers of {width} bytes cannot be read")
    if len(raw) < end + 8:
        raise FatalError(f"{path}: truncated dump file, {len(raw)} of {end + 8} bytes")
    (stated,) = struct.unpack_from("<Q", raw, end)
    if stated and stated != checksum(raw[:end]):
        raise FatalError(f"{path}: the checksum of the dump file is wrong")
    values = np.frombuffer(raw, "<f4", count, _HEAD.size)
    return np.moveaxis(values.reshape(components, nz, ny, nx), 0, -1).astype(np.float32)
