"""What a setup asks for, read from its text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Features:
    """Parts of a setup that decide about memory and dialects.

    Attributes
    ----------
    cells : (nx, ny, nz) or None
        Grid, if it is written with plain numbers.
    pbc : (px, py, pz)
        Periodic images.
    demag, bulk_dmi, open_bc : bool
        Demagnetizing field, `Dbulk` other than zero, open DMI edges.
    solver : int
        Number of the time stepper.
    """

    cells: tuple[int, int, int] | None
    pbc: tuple[int, int, int] = (0, 0, 0)
    demag: bool = True
    bulk_dmi: bool = False
    open_bc: bool = False
    solver: int = 5


def features(setup: str) -> Features:
    """Read a setup written as the packaged templates write it; the rest has mumax3's defaults."""
    text = _COMMENT.sub("", setup)
    demag = _assigned(text, "EnableDemag")
    solver = re.search(r"\bSetSolver\s*\(\s*(-?\d+)\s*\)", text, re.IGNORECASE)
    dmi = _assigned(text, "Dbulk")
    return Features(
        _triple(text, "SetGridSize"),
        _triple(text, "SetPBC") or (0, 0, 0),
        demag != "false",
        dmi is not None and re.fullmatch(r"[-+]?0*\.?0*(e[-+]?\d+)?", dmi) is None,
        _assigned(text, "OpenBC") == "true",
        int(solver[1]) if solver else 5,
    )


def _triple(text: str, function: str) -> tuple[int, int, int] | None:
    number = r"\s*(\d+)\s*"
    match = re.search(rf"\b{function}\s*\({number},{number},{number}\)", text, re.IGNORECASE)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _assigned(text: str, name: str) -> str | None:
    found = re.findall(rf"^\s*{name}\s*=\s*(\S+)", text, re.IGNORECASE | re.MULTILINE)
    return found[-1].lower() if found else None
