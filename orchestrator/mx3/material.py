"""The material half of a setup as text: which lines may stand in it, and what they set."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from orchestrator.errors import InputError

if TYPE_CHECKING:
    from orchestrator.device import Material

Value = float | bool | tuple[float, float, float]

SCALARS = ("Msat", "Aex", "Ku1", "Dbulk", "Dind", "alpha")
VECTORS = ("anisU",)
SWITCHES = ("EnableDemag",)
NAMES = {name.lower(): name for name in (*SCALARS, *VECTORS, *SWITCHES)}
"""mumax3's spelling of the accepted names; mumax3 itself does not distinguish case."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_ASSIGNMENT = re.compile(
    rf"(?P<name>\w+)\s*=\s*(?:(?P<number>{_NUMBER})"
    rf"|vector\(\s*(?P<x>{_NUMBER})\s*,\s*(?P<y>{_NUMBER})\s*,\s*(?P<z>{_NUMBER})\s*\)"
    r"|(?P<switch>true|false))",
    re.ASCII,
)


def read_material_script(text: str) -> dict[str, Value]:
    """What the lines of a material script set.

    Parameters
    ----------
    text : str
        One `name = number`, `name = vector(x, y, z)` or `name = true|false` per line, in the
        units of mumax3 (`Msat` in A/m, `Aex` in J/m, `Ku1` in J/m3, `Dbulk` and `Dind` in J/m2).

    Raises
    ------
    InputError
        If a line is anything else, or a name is unknown, set twice or of another type.
    """
    values: dict[str, Value] = {}
    for number, line in enumerate(text.strip().split("\n"), start=1):
        where = f"material script, line {number} ({line.strip()!r})"
        match = _ASSIGNMENT.fullmatch(line.strip())
        if match is None:
            raise InputError(
                f"{where}: expected `name = number`, `name = vector(x, y, z)` or "
                "`name = true|false`, one to a line"
            )
        name = NAMES.get(match["name"].lower())
        if name is None:
            raise InputError(
                f"{where}: {match['name']!r} is no material parameter; "
                f"expected one of {', '.join(NAMES.values())}"
            )
        if name in values:
            raise InputError(f"{where}: {name} is set twice")
        kind = SCALARS if match["number"] else SWITCHES if match["switch"] else VECTORS
        if name not in kind:
            expected = (
                "a number"
                if name in SCALARS
                else "a vector"
                if name in VECTORS
                else "true or false"
            )
            raise InputError(f"{where}: {name} takes {expected}")
        if kind is SCALARS:
            values[name] = float(match["number"])
        elif kind is SWITCHES:
            values[name] = match["switch"] == "true"
        else:
            values[name] = (float(match["x"]), float(match["y"]), float(match["z"]))
    return values


def check_material_script(text: str, material: Material) -> None:
    """Refuse a script that is malformed or sets anything else than `material`.

    Parameters that the script does not set have mumax3's defaults: zero, and `EnableDemag = true`.

    Raises
    ------
    InputError
        With the line, or the parameter and both of its values.
    """
    defaults: dict[str, Value] = dict.fromkeys(SCALARS, 0.0)
    defaults |= {"anisU": (0.0, 0.0, 0.0), "EnableDemag": True}
    found = defaults | read_material_script(text)
    wanted: dict[str, Value] = {
        "Msat": material.Ms,
        "Aex": material.Aex,
        "Ku1": material.Ku1,
        "Dbulk": material.Dbulk,
        "Dind": material.Dind,
        "alpha": material.alpha,
        "EnableDemag": material.demag,
    }
    if material.Ku1:
        wanted["anisU"] = material.axis
    for name, value in wanted.items():
        if not _agree(found[name], value):
            raise InputError(
                f"the material script sets {name} to {found[name]}, the material says {value}"
            )


def _agree(found: Value, wanted: Value) -> bool:
    pairs = zip(_components(found), _components(wanted), strict=True)
    return all(math.isclose(a, b, rel_tol=1e-12) for a, b in pairs)


def _components(value: Value) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,)
