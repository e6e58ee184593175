"""The file formats of fields, under mumax3's names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class OutputFormat:
    """A format that a field can be written in.

    Attributes
    ----------
    name : str
        mumax3's name.
    version : {0, 1, 2}
        Of OVF; 0 is mumax3's dump.
    width : {0, 4, 8}
        Bytes of a number; 0 for text.
    """

    name: str
    version: Literal[0, 1, 2]
    width: Literal[0, 4, 8]

    @property
    def extension(self) -> str:
        """Of its files, without a dot."""
        return "ovf" if self.version else "dump"

    @property
    def encoding(self) -> str:
        """As an OVF file says it."""
        return f"Binary {self.width}" if self.width else "Text"


OVF2_BINARY = OutputFormat("OVF2_BINARY", 2, 4)
DUMP = OutputFormat("DUMP", 0, 4)
FORMATS = (
    OutputFormat("OVF1_TEXT", 1, 0),
    OutputFormat("OVF1_BINARY", 1, 4),
    OutputFormat("OVF2_TEXT", 2, 0),
    OVF2_BINARY,
    DUMP,
)
"""What mumax3 writes; binary numbers of 8 bytes it reads only."""

CHECK_VALUES = {4: 1234567.0, 8: 123456789012345.0}
"""The number before the binary data of an OVF file, by the bytes of a number."""


def byte_order(version: int) -> str:
    """NumPy's sign of the byte order: OVF 1 is big-endian, OVF 2 little-endian."""
    return ">" if version == 1 else "<"
