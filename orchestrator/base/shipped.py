"""Files that come with the program: script templates, and examples by name.

An installed package carries them inside; in a checkout they lie beside it.
"""

from __future__ import annotations

import difflib
import re
from importlib import resources
from pathlib import Path

from orchestrator.base.errors import InputError

KINDS = ("experiments", "campaigns", "searches", "sites", "transport")
"""Folders of examples."""

_TAKEN_BY = {
    "experiments": "`orchestrator run` takes them",
    "campaigns": "`orchestrator campaign run` takes them",
    "searches": "`orchestrator campaign search` takes them",
    "sites": "`--site` takes them",
    "transport": "`orchestrator transport --contacts` takes them",
}
_SCHEMA = re.compile(r"#:schema (\S+)")
_TITLE = re.compile(r"(.+?)[.](?=\s+[A-Z]|\s*$)")


def shipped(folder: str) -> Path:
    """A folder that comes with the program, such as `mx3_templates` or `data/sites`."""
    package = Path(str(resources.files("orchestrator")))
    inside = package / folder
    return inside if inside.is_dir() else package.parent / folder


def examples(kind: str) -> dict[str, Path]:
    """The example files of a kind in `KINDS`, by name."""
    return {path.stem: path for path in sorted(shipped(f"data/{kind}").glob("*.toml"))}


def title(path: Path) -> str:
    """The first sentence of the remark that an example begins with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    remark = []
    for line in lines[1:] if schema_of(path) else lines:
        if not line.startswith("#"):
            break
        remark.append(line[1:].strip())
    text = " ".join(remark)
    found = _TITLE.match(text)
    return found[1] if found else text


def schema_of(path: Path) -> Path | None:
    """The JSON Schema that the first line of a TOML file names for editors."""
    found = _SCHEMA.match(path.read_text(encoding="utf-8"))
    return None if found is None else (path.parent / found[1]).resolve()


def file_or_example(path: Path, kind: str) -> Path:
    """A path itself if there is something, else the example of this name.

    Parameters
    ----------
    path : Path
        Of a file or folder; a name without folders, with or without `.toml`, may be an example's.
    kind : {"experiments", "campaigns", "searches", "sites", "transport"}
        Which examples.

    Raises
    ------
    InputError
        If a name without folders is neither.
    """
    if path.exists() or len(path.parts) > 1:
        return path
    known = examples(kind)
    name = path.name.removesuffix(".toml")
    if name in known:
        return known[name]
    for other in KINDS:
        if name in examples(other):
            raise InputError(f"{path}: this example is one of the {other}; {_TAKEN_BY[other]}")
    near = difflib.get_close_matches(name, known, 1)
    guess = f"did you mean {near[0]!r}?" if near else "`orchestrator examples list` has them all"
    raise InputError(f"{path}: no such file, and none of the examples; {guess}")
