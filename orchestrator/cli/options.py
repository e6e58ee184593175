"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.base.console import new_console
from orchestrator.base.errors import InputError
from orchestrator.engines.table import ENGINE_NAMES, ENGINES

if TYPE_CHECKING:
    from rich.console import Console

STOPPED = 75
"""Exit code of a run, campaign or search that stopped on request and can be resumed."""


class Input(click.Path):
    """A file, or the name of an example of a kind in `base.shipped.KINDS`."""

    def __init__(self, kind: str) -> None:
        super().__init__(path_type=Path)
        self.kind = kind

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The path of the file or example."""
        from orchestrator.base.shipped import file_or_example

        return file_or_example(Path(os.fsdecode(super().convert(value, param, ctx))), self.kind)


class RunFolder(click.Path):
    """A run folder; that of a campaign or search is refused with what takes it."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The path."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        for note, kind, takers in _OTHER_FOLDERS:
            if (path / note).is_file():
                raise InputError(f"{path}: this is the folder of a {kind}; {takers}")
        return path


_OTHER_FOLDERS = (
    (
        "campaign.json",
        "campaign",
        "`orchestrator campaign status` and `orchestrator campaign plot` take it, and its runs lie "
        "beside it",
    ),
    ("search.json", "search", "`orchestrator campaign search FOLDER --plot` draws its figures"),
)


def console_of_command() -> Console:
    """Where a command tells how it goes on: nowhere with `-q`."""
    context = click.get_current_context(silent=True)
    return new_console(quiet=bool(context and context.find_root().params.get("quiet")))


EXPERIMENT = click.argument("experiment", type=Input("experiments"))
CAMPAIGN = click.argument("campaign", metavar="FILE|FOLDER", type=Input("campaigns"))
ROOT = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default="runs",
    show_default=True,
    help="Folder of the run folders.",
)
TEMPLATES = click.option(
    "--templates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of your own script templates, which replace the package's by name.",
)
THREADS = click.option(
    "--threads",
    type=click.IntRange(1),
    help="Threads of the transport network, and of the embedded engine.  [default: all cores]",
)
BINARY = click.option("--mumax3", "binary", help="mumax3's binary.  [default: $MUMAX3, or PATH]")
GPU = click.option("--gpu", type=click.IntRange(0), help="GPU of mumax3.  [default: 0]")

_SECONDS = click.FloatRange(0, min_open=True)
_ENGINE = click.option(
    "--engine",
    type=click.Choice(ENGINE_NAMES),
    default="auto",
    show_default=True,
    help="; ".join(
        [f"{kind.name}: {kind.title}" for kind in ENGINES.values()]
        + ["auto: " + ", ".join(f"{k.name} {k.auto}" for k in ENGINES.values() if k.auto)]
    )
    + ".",
)
_TIME_LIMIT = click.option(
    "--time-limit", type=_SECONDS, help="Wall-clock limit of a pulse in mumax3, s."
)
_SILENCE_LIMIT = click.option(
    "--silence-limit",
    type=_SECONDS,
    help="Kill mumax3 after so many seconds without a sign of life.  [default: 600]",
)
TRANSPORT_SOLVER = click.option(
    "--transport-solver",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="Solver of the transport network: auto, direct, multigrid, cuda or pardiso.",
)


AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")


def working(command: Any) -> Any:
    """The options of everything that runs an engine; which GPU and how many threads come apart."""
    return with_engine(TEMPLATES(command))


def with_engine(command: Any) -> Any:
    """The same without own templates."""
    for option in (
        TRANSPORT_SOLVER,
        _SILENCE_LIMIT,
        _TIME_LIMIT,
        BINARY,
        _ENGINE,
    ):
        command = option(command)
    return command


def drawing(command: Any) -> Any:
    """The options of everything that draws figures."""
    for option in (
        click.option(
            "--dpi",
            type=click.IntRange(20, 1200),
            default=150,
            show_default=True,
            help="Pixels per inch.",
        ),
        click.option(
            "--format",
            "kind",
            type=click.Choice(["png", "pdf", "svg"]),
            default="png",
            show_default=True,
            help="Kind of the files.",
        ),
    ):
        command = option(command)
    return command
