"""`orchestrator examples`: the files that come with the program."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import click

from orchestrator.base.errors import InputError
from orchestrator.base.shipped import KINDS, file_or_example, schema_of, title
from orchestrator.base.shipped import examples as of_kind
from orchestrator.base.tomlfile import read_toml

_WIDTH = 80


@click.group()
def examples() -> None:
    """Experiments, campaigns, searches, sites, scripts with contacts: what comes along."""


@examples.command(name="list")
def list_() -> None:
    """List all examples; `run`, `render` and `campaign` take them by name."""
    for kind in KINDS:
        click.echo(kind)
        for name, path in of_kind(kind).items():
            click.echo(
                f"  {name:18} {textwrap.shorten(title(path), _WIDTH - 21, placeholder=' ...')}"
            )


@examples.command()
@click.argument("name", required=False)
@click.argument(
    "destination",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("examples"),
    metavar="[DEST]",
)
def copy(name: str | None, destination: Path) -> None:
    """Copy example NAME, or all, into folder DEST  [default: examples].

    What a campaign is based on comes with it, a script that makes what an example needs, and the
    schemas for editors. Files that are there already stay as they are, and must be the same.
    """
    wanted = {path for kind in KINDS for path in of_kind(kind).values()}
    if name is not None:
        wanted = {path for path in wanted if path.stem == name.removesuffix(".toml")}
        if not wanted:
            file_or_example(Path(name), "experiments")
            raise InputError(f"{name}: is a file already, not the name of an example")
    found = _with_bases(wanted)
    found |= {script for file in found if (script := file.with_suffix(".mx3")).exists()}
    files = sorted(found | {schema for file in found if (schema := schema_of(file))})
    targets = [destination / file.parent.name / file.name for file in files]
    for file, target in zip(files, targets, strict=True):
        if target.exists() and (target.is_dir() or target.read_bytes() != file.read_bytes()):
            raise InputError(f"{target}: exists and differs from the example; choose another DEST")
    for file, target in zip(files, targets, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        click.echo(target)


def _with_bases(files: set[Path]) -> set[Path]:
    """The files, and those that campaigns among them name."""
    found = set(files)
    for file in files:
        content = read_toml(file)
        named = [content[key] for key in ("base", "extends") if isinstance(content.get(key), str)]
        found |= _with_bases({(file.parent / other).resolve() for other in named})
    return found
