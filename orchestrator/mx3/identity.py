"""Which templates are the user's own, and what their setup must leave as the description has it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.describe.conditions import Conditions
from orchestrator.describe.hashing import canonical_hash
from orchestrator.describe.material import Material

if TYPE_CHECKING:
    from jinja2 import Environment

AS_DESCRIBED = "as the description has it"
"""Ends the name of each check of `material_checks`."""
_TOLERANCE = 1e-4
"""Of mumax3's averages, which are sums in single precision."""
_AXIS_TOLERANCE = 1e-6
"""Of the cosine between two axes: 1.4e-3 rad."""
_GAMMA = 1.7595e11
"""mumax3's gyromagnetic ratio, rad/(T s)."""
_ZEROS = "Ku2 Kc1 Kc2 Kc3 B1 B2 EpsilonPrime FreeLayerThickness FrozenSpins NoDemagSpins"
_WITHOUT_KEY = dict.fromkeys(_ZEROS.split(), 0.0) | {"Lambda": 1.0}
"""mumax3's defaults of the constants that descriptions have no key for."""


def own_templates(
    environment: Environment, names: Sequence[str], folder: Path | None
) -> dict[str, str]:
    """The texts of templates, and of all that they include or extend, that lie in a folder.

    A template that chooses what it includes while it is rendered may include any file.

    Parameters
    ----------
    environment : jinja2.Environment
        With a loader that looks into `folder` first.
    names : sequence of str
        The templates to begin with.
    folder : Path or None
        The user's folder.
    """
    from jinja2 import TemplateError, meta

    own: dict[str, str] = {}
    waiting, seen = list(names), set[str]()
    while waiting and folder is not None:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        assert environment.loader is not None
        try:
            source, file, _ = environment.loader.get_source(environment, name)
            included = list(meta.find_referenced_templates(environment.parse(source)))
        except (TemplateError, UnicodeDecodeError):
            continue  # rendering names the file and the line
        if file is not None and folder in Path(file).parents:
            own[name] = source
        waiting += environment.list_templates() if None in included else filter(None, included)
    return own


def used_variables(environment: Environment, name: str) -> set[str]:
    """The variables that a template uses, and all that it includes by name."""
    from jinja2 import meta

    assert environment.loader is not None
    parsed = environment.parse(environment.loader.get_source(environment, name)[0])
    included = [n for n in meta.find_referenced_templates(parsed) if n is not None]
    return meta.find_undeclared_variables(parsed).union(
        *(used_variables(environment, n) for n in included)
    )


def templates_hash(own: dict[str, str]) -> str | None:
    """Hash of the user's own templates, None where there are none."""
    return canonical_hash(own) if own else None


def contradicts(error: Exception) -> bool:
    """Whether an engine has failed since one of the checks of `material_checks` did."""
    return AS_DESCRIBED in str(error)


def material_checks(material: Material, conditions: Conditions) -> str:
    """Script lines that end a simulation whose material constants are not those described.

    Constants without a key must have mumax3's default. Of Ku1 in grains nothing is known but its
    axis. A constant that only cells without magnetization have does not count.
    """
    described = {
        "material.Ms": ("Msat", material.Ms),
        "material.Aex": ("Aex", material.Aex),
        "material.Dbulk": ("Dbulk", material.Dbulk),
        "material.Dind": ("Dind", material.Dind),
        "material.Ku1": ("Ku1", material.Ku1),
        "material.alpha": ("alpha", material.alpha),
        "material.P": ("Pol", material.P),
        "material.xi": ("xi", material.xi),
        "conditions.temperature": ("Temp", conditions.temperature),
    }
    if conditions.grain_size:
        del described["material.Ku1"]
    wanted = {key: (f"{name}.Average()", value) for key, (name, value) in described.items()}
    wanted |= {name: (f"{name}.Average()", value) for name, value in _WITHOUT_KEY.items()}
    wanted["FixedLayer"] = ("FixedLayer.Average().Len()", 0.0)
    wanted["GammaLL"] = ("GammaLL", _GAMMA)
    lines = [
        _expect(key, have, value, _TOLERANCE * abs(value)) for key, (have, value) in wanted.items()
    ]
    if material.Ku1:
        x, y, z = (component / math.hypot(*material.axis) for component in material.axis)
        along = f"abs(anisU.Average().Dot(vector({x!r}, {y!r}, {z!r})))"
        cosine = f"{along}/anisU.Average().Len()"
        lines.append(_expect("material.axis", cosine, 1.0, _AXIS_TOLERANCE))
    lines += [
        _expect_switch("material.demag", "EnableDemag", material.demag),
        _expect_switch("OpenBC", "OpenBC", False),
    ]
    return "".join(lines)


def _expect(key: str, have: str, want: float, tolerance: float) -> str:
    return f'Expect("{key} {AS_DESCRIBED}", {have}, {want!r}, {tolerance!r})\n'


def _expect_switch(key: str, switch: str, on: bool) -> str:
    """A check of a switch: `Expect` compares numbers only."""
    wrong = f"!{switch}" if on else switch
    return f"if {wrong} {{ {_expect(key, str(int(not on)), int(on), 0).strip()} }}\n"
