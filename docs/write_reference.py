"""Writes what follows from the models: docs/keys.md and data/schemas. `make reference`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orchestrator.campaign.schemas import KINDS, schema_of

ROOT = Path(__file__).parents[1]
HEAD = """# All keys of all files

Made from the models by `make reference`. SI units. Keys without a default are required; a dash
means that the key may be left out. `orchestrator schema KIND` prints the same for editors, see
[editors](editors.md).
"""
TITLES = {
    "experiment": "## Experiment files",
    "campaign": "## Campaign files",
    "search": "## Search files",
    "site": "## Site files",
    "contacts": "## Files of contacts",
}


def reference() -> dict[Path, str]:
    """The files and what is in them."""
    schemas = {kind: schema_of(kind) for kind in KINDS}
    made = {
        ROOT / "data" / "schemas" / f"{kind}.json": json.dumps(schema, indent=1) + "\n"
        for kind, schema in schemas.items()
    }
    seen: set[str] = set()
    pages = [_of_kind(kind, schemas[kind], seen) for kind in TITLES]
    made[ROOT / "docs" / "keys.md"] = "\n".join([HEAD, *pages])
    return made


def _of_kind(kind: str, schema: dict[str, Any], seen: set[str]) -> str:
    lines = [TITLES[kind], "", schema["description"], "", *_table(schema)]
    definitions = schema["definitions"]
    waiting = [(name, key) for key, p in schema["properties"].items() for name in _names(p)]
    for name, key in waiting:
        if name in seen or name == "Experiment":
            continue
        seen.add(name)
        part = definitions[name]
        lines += ["", f"### {_title(key, part)}", "", part["description"], "", *_table(part)]
        inner = [(n, k) for k, p in part["properties"].items() for n in _names(p)]
        waiting += [pair for pair in inner if pair not in waiting]
    return "\n".join(lines) + "\n"


def _title(key: str, part: dict[str, Any]) -> str:
    kind = part["properties"].get("shape", {}).get("const")
    if kind is None:
        return f"`{key}`"
    return f"{'`contacts`' if key == 'contacts' else 'Areas'} of shape `{kind}`"


def _names(schema: Any) -> list[str]:
    """Names of the definitions that a property refers to."""
    if isinstance(schema, list):
        return [name for part in schema for name in _names(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else []
    return own + [name for part in schema.values() for name in _names(part)]


def _table(schema: dict[str, Any]) -> list[str]:
    lines = ["| key | type | unit | default | meaning |", "|---|---|---|---|---|"]
    for key, entry in schema["properties"].items():
        unit = entry.get("unit", "")
        meaning = entry["description"].removesuffix(f" [{unit}]")
        default = "" if key in schema.get("required", []) else _value(entry.get("default"))
        cells = (f"`{key}`", _type(entry), unit, default, meaning.replace("|", "\\|"))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _value(value: Any) -> str:
    if value is None or isinstance(value, dict):
        return "-"
    return f"`{json.dumps(value).replace('.0', '').replace('e-0', 'e-')}`"


def _type(entry: dict[str, Any]) -> str:
    """The type in words."""
    if "const" in entry or "enum" in entry:
        return ", ".join(f'`"{word}"`' for word in entry.get("enum", [entry.get("const")]))
    for key in ("anyOf", "oneOf", "allOf"):
        if key in entry:
            words = [_type(part) for part in entry[key]]
            return " or ".join(dict.fromkeys(words))
    if entry.get("type") == "array":
        items = entry.get("items", {})
        if isinstance(items, list):
            return f"{len(items)} {_type(items[0])}s"
        return f"list of {_plural(_type(items))}"
    words = {"boolean": "true, false", "object": "table", "string": "text", None: "any"}
    return "table" if "$ref" in entry else words.get(entry.get("type"), str(entry.get("type")))


def _plural(word: str) -> str:
    known = {"any": "values", "text": "texts", "table": "tables"}
    return known.get(word, word if word[0] == "`" or " or " in word else f"{word}s")


if __name__ == "__main__":
    for path, text in reference().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        print(path.relative_to(ROOT))
