"""What numbers and grids a script may ask for."""

from __future__ import annotations

import math
import os
from typing import Any

from orchestrator.engines.cpu.language.errors import FatalError
from orchestrator.engines.cpu.language.values import Vector, go_format

_BYTES_PER_CELL = 50 * 4
_BYTES_PER_PADDED_CELL = 48
"""Of the grid that the convolution of the demagnetizing field works on."""


def finite(name: str, value: Any) -> Any:
    """A number or triple, if it is finite.

    Raises
    ------
    FatalError
        If it is not.
    """
    if not all(map(math.isfinite, value if isinstance(value, tuple) else (value,))):
        text = go_format(Vector(value) if isinstance(value, tuple) else value)
        raise FatalError(f"{name} can not be {text}: values must be finite")
    return value


def check_memory(cells: tuple[int, int, int], *, demag: bool = False) -> None:
    """Whether the machine has the memory that a grid needs.

    Raises
    ------
    FatalError
        With both figures, if it has not.
    """
    needed = math.prod(cells) * _BYTES_PER_CELL
    if demag:
        needed += math.prod(2 * n if n > 1 else 1 for n in cells) * _BYTES_PER_PADDED_CELL
    means = " with the demagnetizing field" if demag else ""
    check_bytes(f"a grid of {cells} cells{means}", needed)


def check_bytes(what: str, needed: int) -> None:
    """Whether the machine has so many bytes of memory.

    Raises
    ------
    FatalError
        With both figures, if it has not.
    """
    present = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > present:
        raise FatalError(
            f"{what} needs about {needed / 2**30:.3g} GiB of memory, this machine has "
            f"{present / 2**30:.3g} GiB"
        )
