"""Options that say who carries out runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Input, working

if TYPE_CHECKING:
    from orchestrator.campaign.crew import Crew


def _read_site(_context: click.Context, _option: click.Parameter, path: Path | None) -> Any:
    """The site of a file, read before anything is written."""
    if path is None:
        return None
    from orchestrator.campaign.sites import read_site

    return read_site(path)


def _split(_context: click.Context, _option: click.Parameter, names: str | None) -> Any:
    return None if names is None else tuple(name.strip() for name in names.split(","))


def with_workers(command: Any) -> Any:
    """The options of what workers on this machine do."""
    options = (
        working,
        click.option(
            "--workers",
            type=click.IntRange(1),
            help="Worker processes.  [default: one per core or GPU]",
        ),
        click.option(
            "--threads", type=click.IntRange(1), help="Threads of each worker.  [default: 1]"
        ),
        click.option(
            "--gpus", "--gpu", callback=_split, help="GPUs to use, such as 0,1.  [default: all]"
        ),
        click.option("--per-gpu", type=click.IntRange(1), help="Runs per GPU.  [default: 1]"),
    )
    for option in reversed(options):
        command = option(command)
    return command


def with_workers_or_site(command: Any) -> Any:
    """The options of workers here, and of a site."""
    return with_workers(
        click.option(
            "--site",
            type=Input("sites"),
            callback=_read_site,
            help="Work through Parsl as this TOML file, or the example of this name, says.",
        )(command)
    )


def with_crew(command: Any) -> Any:
    """The options of `run` and `resume`."""
    options = (
        with_workers_or_site,
        click.option("--retry-failed", is_flag=True, help="Try again what has failed."),
        click.option(
            "--retries",
            type=click.IntRange(0),
            default=2,
            show_default=True,
            help="How often a run may lose its worker without progress.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def crew_of(
    *,
    engine: str,
    binary: str | None,
    time_limit: float | None,
    silence_limit: float | None,
    **options: Any,
) -> Crew:
    """The crew of the options."""
    from orchestrator.campaign.crew import Crew
    from orchestrator.engines.table import EngineOptions

    each = EngineOptions(engine, binary=binary, time_limit=time_limit, silence_limit=silence_limit)
    return Crew(each, **options)
