"""Which templates are the user's own, and what their setup must leave as the description has it."""

from __future__ import annotations

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


def templates_hash(own: dict[str, str]) -> str | None:
    """Hash of the user's own templates, None where there are none."""
    return canonical_hash(own) if own else None


def material_checks(material: Material, conditions: Conditions) -> str:
    """Script lines that end a simulation whose material constants are not those described."""
    wanted = {
        "Ms": ("Msat", material.Ms),
        "Aex": ("Aex", material.Aex),
        "Dbulk": ("Dbulk", material.Dbulk),
        "Dind": ("Dind", material.Dind),
        "Ku1": ("Ku1", material.Ku1),
        "alpha": ("alpha", material.alpha),
        "P": ("Pol", material.P),
        "xi": ("xi", material.xi),
    }
    if conditions.grain_size:
        del wanted["Ku1"]
    return "".join(
        f'Expect("material.{key} {AS_DESCRIBED}", {name}.Average(), {value!r}, '
        f"{_TOLERANCE * abs(value)!r})\n"
        for key, (name, value) in wanted.items()
    )
