"""The command line of campaigns: `orchestrator campaign COMMAND`."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.base.console import new_console

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rich.console import Console

    from orchestrator.campaign.sites import Site
    from orchestrator.campaign.store import CampaignFolder

STOPPED = 75
"""Exit code of a run or campaign that stopped on request and can be resumed."""


@click.group()
def campaign() -> None:
    """Many runs from one file: plan, run, status, resume, cancel, gather, plot, check."""


ROOT = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Folder of the run folders.",
)
_FILE = click.argument("file", type=click.Path(path_type=Path))
_WHICH = click.argument("campaign", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
ENGINE_NAMES = click.Choice(["auto", "live", "mumax3", "cpu"])
_ENGINE = click.option(
    "--engine", type=ENGINE_NAMES, default="auto", show_default=True, help="As for `run`."
)
_WORKERS = click.option(
    "--workers", type=click.IntRange(1), help="Worker processes.  [default: one per core or GPU]"
)
_THREADS = click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Threads of each worker.",
)


def _read_site(_context: click.Context, _option: click.Parameter, path: Path | None) -> Any:
    """The site of a file, read before anything is written."""
    if path is None:
        return None
    from orchestrator.campaign.sites import read_site

    return read_site(path)


def _working(command: Any) -> Any:
    """The options of `run` and `resume`."""
    options = (
        _ENGINE,
        _WORKERS,
        _THREADS,
        click.option("--gpus", help="GPUs to use, such as 0,1.  [default: all]"),
        click.option(
            "--per-gpu", type=click.IntRange(1), default=1, show_default=True, help="Runs per GPU."
        ),
        click.option(
            "--site",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            callback=_read_site,
            help="Work through Parsl as this TOML file says, see data/sites.",
        ),
        click.option("--retry-failed", is_flag=True, help="Try again what has failed."),
        click.option(
            "--retries",
            type=click.IntRange(0),
            default=2,
            show_default=True,
            help="How often a run may lose its worker without progress.",
        ),
        click.option(
            "--templates",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            help="Folder of your own script templates.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@campaign.command()
@_FILE
@ROOT
@_ENGINE
@_WORKERS
def plan(file: Path, root: Path, engine: str, workers: int | None) -> None:
    """Say how many runs FILE means, what exists, and what time and space the rest takes."""
    from orchestrator.campaign.plan import make_plan
    from orchestrator.campaign.spec import Campaign
    from orchestrator.cli.campaign_table import print_plan
    from orchestrator.engines.choose import choose_engine

    described = Campaign.from_toml(file)
    chosen, _ = choose_engine(engine, 1)
    found = make_plan(described, root, chosen)
    print_plan(described, found, workers or _cores(), new_console())


@campaign.command()
@_FILE
@ROOT
@_working
def run(file: Path, root: Path, **options: Any) -> None:
    """Carry out the campaign of FILE, or what is left of it."""
    from orchestrator.campaign.spec import Campaign
    from orchestrator.campaign.store import create

    _work(create(Campaign.from_toml(file), root), **options)


@campaign.command()
@_WHICH
@ROOT
@_working
def resume(campaign: Path, root: Path, **options: Any) -> None:
    """Go on with a campaign that was stopped, given its FILE or FOLDER."""
    from orchestrator.campaign.store import find

    _work(find(campaign, root), **options)


@campaign.command()
@_WHICH
@ROOT
@click.option("--all", "everything", is_flag=True, help="Also list what is not begun or finished.")
def status(campaign: Path, root: Path, everything: bool) -> None:
    """Say how far a campaign is, by reading its folders only."""
    from orchestrator.campaign.status import statuses
    from orchestrator.campaign.store import find
    from orchestrator.cli.campaign_table import status_table

    folder = find(campaign, root)
    found = statuses(folder.runs)
    new_console().print(status_table(folder, found, rows=10**6))
    if everything:
        for entry, state in zip(folder.runs, found, strict=True):
            click.echo(f"{entry}\t{state.state}\t{state.pulses}/{state.total}\t{entry.folder}")


@campaign.command()
@_WHICH
@ROOT
def cancel(campaign: Path, root: Path) -> None:
    """Let all workers of a campaign stop at their next pulse boundary."""
    from orchestrator.campaign.store import find

    folder = find(campaign, root)
    folder.ask_to_stop()
    click.echo(f"{folder.path}: asked to stop; `orchestrator campaign resume` goes on with it")


@campaign.command()
@_WHICH
@ROOT
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The netCDF file.  [default: results.nc in the campaign's folder]",
)
@click.option("--fields", is_flag=True, help="With the kept magnetizations and currents.")
def gather(campaign: Path, root: Path, output: Path | None, fields: bool) -> None:
    """Write the results of all runs into one netCDF file."""
    from orchestrator.campaign.results import export, open_campaign
    from orchestrator.campaign.store import find

    folder = find(campaign, root)
    target = output or folder.path / "results.nc"
    export(open_campaign(folder.path), target, fields=fields)
    click.echo(target)


@campaign.command()
@_WHICH
@ROOT
def plot(campaign: Path, root: Path) -> None:
    """Draw the figures of a campaign into its folder `figures`."""
    from orchestrator.campaign.results import open_campaign
    from orchestrator.campaign.store import find
    from orchestrator.plotting.campaigns import plot_campaign

    folder = find(campaign, root)
    for path in plot_campaign(open_campaign(folder.path), folder.path / "figures"):
        click.echo(path)


@campaign.command()
@_WHICH
@ROOT
@click.option("--repair", is_flag=True, help="Take damaged runs back to before the damage.")
def check(campaign: Path, root: Path, repair: bool) -> None:
    """Compare all files of a campaign, or of one run folder, with their checksums."""
    from orchestrator.campaign.store import find
    from orchestrator.run.check import find_damage, take_back
    from orchestrator.run.folder import DESCRIPTION

    one = (campaign / DESCRIPTION).is_file()
    folders = [campaign] if one else [entry.folder for entry in find(campaign, root).runs]
    damages = [damage for folder in folders for damage in find_damage(folder)]
    for damage in damages:
        click.echo(str(damage))
    if repair:
        for folder in sorted({damage.run for damage in damages}):
            click.echo(take_back(folder))
    elif damages:
        sys.exit(1)
    if not damages:
        click.echo(f"{len(folders)} run folders: no damage")


def _work(folder: CampaignFolder, *, retry_failed: bool, retries: int, **options: Any) -> None:
    from orchestrator.campaign.execute import carry_out, tasks_of, to_do
    from orchestrator.cli.campaign_table import LiveTable
    from orchestrator.run.progress import stop_on_signals

    console = new_console()
    folder.withdraw_stop()
    runs = to_do(folder, retry_failed=retry_failed)
    console.print(f"{folder.path}: {len(runs)} of {len(folder.runs)} runs to do", highlight=False)
    if runs:
        templates = options.pop("templates")
        tasks = tasks_of(
            folder,
            options["engine"],
            options["threads"],
            None if templates is None else str(templates.resolve()),
        )
        with stop_on_signals() as stop, ExitStack() as stack:
            executor = stack.enter_context(_executor(folder, console, len(runs), **options))
            table = stack.enter_context(LiveTable(folder, console))
            carry_out(folder, runs, tasks, executor, retries=retries, stop=stop, tick=table.tick)
    sys.exit(_summary(folder, console))


def _executor(
    folder: CampaignFolder,
    console: Console,
    count: int,
    *,
    engine: str,
    workers: int | None,
    threads: int,
    gpus: str | None,
    per_gpu: int,
    site: Site | None,
) -> Executor:
    from orchestrator.campaign.local import LocalExecutor, core_slots, gpu_slots
    from orchestrator.engines.choose import choose_engine

    if site is not None:
        from orchestrator.campaign.sites import parsl_executor

        return parsl_executor(site, folder.path / "parsl")
    chosen, reason = choose_engine(engine, threads)
    console.print(f"engine {chosen.name}: {reason}", highlight=False)
    if chosen.name == "cpu":
        slots = core_slots(workers or max(1, _cores() // threads), threads)
    else:
        names = gpus.split(",") if gpus else _all_gpus()
        slots = gpu_slots(names, per_gpu, threads)[: workers or None]
    return LocalExecutor(slots[:count], folder.path / "workers")


def _all_gpus() -> list[str]:
    from orchestrator.engines.mumax3.hardware import find_gpus

    return [str(k) for k in range(len(find_gpus()))] or ["0"]


def _summary(folder: CampaignFolder, console: Console) -> int:
    from orchestrator.campaign.status import statuses

    found = statuses(folder.runs)
    counts = Counter(status.state for status in found)
    for entry, state in zip(folder.runs, found, strict=True):
        if state.state == "failed":
            console.print(f"failed: {entry}: {state.message}", highlight=False, markup=False)
    words = ", ".join(f"{n} {state}" for state, n in counts.items())
    console.print(f"{len(found)} runs: {words}", highlight=False)
    if counts["finished"] == len(found):
        return 0
    return STOPPED if folder.stop_file.exists() or not counts["failed"] else 1


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
