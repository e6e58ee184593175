"""JSON Schema of descriptions: their keys with type, default, unit and meaning."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter

UNITS = (
    *("m", "s", "h", "A", "V", "T", "K", "J", "ohm", "ohm m", "S/m"),
    *("A/m", "J/m", "J/m2", "J/m3", "J/(m3 K)", "W/(m2 K)"),
)
"""Units that the type of a parameter may be followed by in a docstring."""

_ENTRY = re.compile(r"^(\w+(?:, \w+)*) : (.+)\n((?:    .*\n|\n)+)", re.M)
_FILLED_IN = {"Start": {"m0_sha256"}, "Mask": {"grid", "runs"}, "MaskContact": {"grid", "runs"}}


def json_schema(kind: type) -> dict[str, Any]:
    """JSON Schema of a description as a file holds it.

    Meanings and units are those of the docstrings: `radius : float, m, optional`. It is of draft 7,
    which editors of TOML know.

    Parameters
    ----------
    kind : type
        Class made by `described`.
    """
    kinds = {made.__name__: made for made in parts_of(kind)}
    schema = TypeAdapter(kind).json_schema(ref_template="#/definitions/{model}")
    definitions = schema.pop("$defs", {})
    for name, definition in definitions.items():
        _explain(definition, kinds[name])
    _explain(schema, kind)
    return _of_draft_7(schema | {"definitions": dict(sorted(definitions.items()))})


def parts_of(kind: Any) -> set[type]:
    """A description's class and all classes that its fields are made of."""
    found: set[type] = set()
    waiting = [kind]
    while waiting:
        one = waiting.pop()
        waiting += get_args(one)
        if dataclasses.is_dataclass(one) and isinstance(one, type) and one not in found:
            found.add(one)
            waiting += get_type_hints(one).values()
    return found


def meanings(kind: type) -> dict[str, tuple[str, str]]:
    """Unit and meaning of each parameter, from the docstrings of a class and its bases."""
    found: dict[str, tuple[str, str]] = {}
    for base in reversed(kind.__mro__):
        text = inspect.cleandoc(base.__dict__.get("__doc__") or "")
        section = text.partition("\nParameters\n----------\n")[2]
        section = re.split(r"\n\w+\n-+\n", section)[0] + "\n"
        for names, type_line, body in _ENTRY.findall(section):
            unit = next((part for part in type_line.split(", ") if part in UNITS), "")
            for name in names.split(", "):
                found[name] = unit, " ".join(body.split())
    return found


def _explain(schema: dict[str, Any], kind: type) -> None:
    """Add units and meanings; put what files have in the place of what is filled in on reading."""
    schema["description"] = " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())
    properties, required = schema["properties"], schema.get("required", [])
    filled_in = _FILLED_IN.get(kind.__name__, set())
    if "runs" in filled_in:
        properties["file"] = {"type": "string", "description": "Its PNG or OVF file."}
        required = ["file", *required]
    if "const" in properties.get("shape", {}):
        properties["shape"] = {"const": properties["shape"]["const"], "description": "The kind."}
        required = ["shape", *required]
    for name in filled_in:
        del properties[name]
    for name, (unit, meaning) in meanings(kind).items():
        if name in properties:
            entry = properties[name]
            if "$ref" in entry:  # draft 7 ignores what stands beside it
                entry = {"allOf": [{"$ref": entry.pop("$ref")}]} | entry
            entry["description"] = meaning + (f" [{unit}]" if unit else "")
            properties[name] = entry | ({"unit": unit} if unit else {})
    schema["required"] = [name for name in required if name not in filled_in]


def _of_draft_7(schema: Any) -> Any:
    """Lists of fixed length as draft 7 writes them; without null, which TOML has not."""
    if isinstance(schema, list):
        return [_of_draft_7(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {k: _of_draft_7(v) for k, v in schema.items() if not _is_noise(k, v)}
    if "prefixItems" in made:
        made["items"] = made.pop("prefixItems")
    if "anyOf" in made:
        rest = [part for part in made.pop("anyOf") if part != {"type": "null"}]
        made = (rest[0] if len(rest) == 1 else {"anyOf": rest}) | made
    return made


def _is_noise(key: str, value: Any) -> bool:
    return (key == "title" and isinstance(value, str)) or (
        key == "discriminator" or (key == "default" and value is None)
    )
