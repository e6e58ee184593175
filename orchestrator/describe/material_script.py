"""The material half of a setup as text: which lines may stand in it, and what they set."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from orchestrator.base.errors import InputError

if TYPE_CHECKING:
    from orchestrator.describe.material import Material

Value = float | bool | tuple[float, float, float]

SCALARS = ("Msat", "Aex", "Ku1", "Dbulk", "Dind", "alpha")
VECTORS = ("anisU",)
SWITCHES = ("EnableDemag",)
NAMES = {name.lower(): name for name in (*SCALARS, *VECTORS, *SWITCHES)}
"""mumax3's spelling of the accepted names; mumax3 itself does not distinguish case."""

_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_GAP = r"[ \t]*"
_COMPONENTS = rf"{_GAP},{_GAP}".join(rf"({_NUMBER})" for _ in "xyz")
_ASSIGNMENT = re.compile(
    rf"{_GAP}(?P<name>\w+){_GAP}={_GAP}(?:(?P<number>{_NUMBER})"
    rf"|(?P<vector>vector\({_GAP}{_COMPONENTS}{_GAP}\))|(?P<switch>true|false)){_GAP}",
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
        match = _ASSIGNMENT.fullmatch(line)
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
        if name in SCALARS and match["number"]:
            values[name] = float(match["number"])
        elif name in VECTORS and match["vector"]:
            x, y, z = match.groups()[3:6]
            values[name] = (float(x), float(y), float(z))
        elif name in SWITCHES and match["switch"]:
            values[name] = match["switch"] == "true"
        else:
            kind = "number" if name in SCALARS else "vector" if name in VECTORS else "true|false"
            raise InputError(f"{where}: {name} takes a {kind}")
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
