"""The command line of campaigns: `orchestrator campaign COMMAND`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.base.console import new_console
from orchestrator.base.errors import InputError
from orchestrator.cli.archive import export, prune
from orchestrator.cli.crew import crew_of, with_crew, with_workers
from orchestrator.cli.options import (
    AS_JSON,
    CAMPAIGN,
    ROOT,
    STOPPED,
    Input,
    console_of_command,
    drawing,
)

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.campaign.crew import CalledCrew
    from orchestrator.campaign.store import CampaignFolder


@click.group()
def campaign() -> None:
    """Many runs from one file: carried out, looked at, gathered, checked and exported."""


_FILE = click.argument("file", type=Input("campaigns"))
campaign.add_command(prune)
campaign.add_command(export)


@campaign.command()
@_FILE
@ROOT
@with_workers
@click.option(
    "--site",
    "sites",
    type=Input("sites"),
    multiple=True,
    help="Say what it is at the site of this TOML file; may be given several times.",
)
@click.option("--trial", is_flag=True, help="Measure a pulse where no run has finished.")
@AS_JSON
def plan(
    file: Path, root: Path, sites: tuple[Path, ...], trial: bool, as_json: bool, **options: Any
) -> None:
    """Say how many runs FILE means, what exists, and what time and space the rest takes."""
    from orchestrator.campaign.plan import make_plan
    from orchestrator.campaign.shares import share_of
    from orchestrator.campaign.sites import read_site
    from orchestrator.campaign.spec import Campaign
    from orchestrator.campaign.store import campaign_path
    from orchestrator.cli.campaign_plan import plan_as_json, print_plan
    from orchestrator.engines.choose import choose_engine

    described = Campaign.from_toml(file)
    read = {path.stem: read_site(path) for path in sites}
    crew = crew_of(**options, site=next(iter(read.values()), None))
    if crew.site is None:
        called = crew.called(described.points[0].experiment, campaign_path(described, root))
        assert called.engine is not None
        engine, workers = called.engine, called.workers
    else:
        engine, workers = choose_engine(crew.options).engine, 0
    found = make_plan(described, root, engine, crew.transport_solver, crew.templates, trial=trial)
    shares = [share_of(site, name, found.seconds or 0.0) for name, site in read.items()]
    if as_json:
        click.echo(json.dumps(plan_as_json(described, found, workers, shares), indent=1))
    else:
        print_plan(described, found, workers, shares, new_console())


@campaign.command()
@_FILE
@ROOT
@with_crew
def run(file: Path, root: Path, retry_failed: bool, retries: int, **options: Any) -> None:
    """Carry out the campaign of FILE, or what is left of it."""
    from orchestrator.campaign.spec import Campaign
    from orchestrator.campaign.store import campaign_path, create

    described = Campaign.from_toml(file)
    called = crew_of(**options).called(
        described.points[0].experiment, campaign_path(described, root)
    )
    _work(create(described, root), called, retry_failed, retries)


@campaign.command()
@CAMPAIGN
@ROOT
@with_crew
def resume(campaign: Path, root: Path, retry_failed: bool, retries: int, **options: Any) -> None:
    """Go on with a campaign that was stopped, given its FILE or FOLDER."""
    from orchestrator.campaign.store import find

    folder = find(campaign, root)
    called = crew_of(**options).called(folder.campaign.points[0].experiment, folder.path)
    _work(folder, called, retry_failed, retries)


@campaign.command()
@CAMPAIGN
@ROOT
@click.option("--all", "everything", is_flag=True, help="Also list what is not begun or finished.")
@AS_JSON
def status(campaign: Path, root: Path, everything: bool, as_json: bool) -> None:
    """Say how far a campaign is, what runs where, and why runs failed, from its folders only."""
    from orchestrator.campaign.monitor import report
    from orchestrator.campaign.status import statuses
    from orchestrator.campaign.store import find
    from orchestrator.campaign.until import wanted
    from orchestrator.cli.campaign_status import failures, jobs_lines, repeats, status_table

    folder = find(campaign, root)
    if as_json:
        click.echo(json.dumps(report(folder, statuses(folder.runs)), indent=1))
        return
    runs = wanted(folder)
    found = statuses(runs)
    new_console().print(status_table(folder, runs, found, rows=10**6))
    for line in [*jobs_lines(folder), *repeats(folder), *failures(runs, found)]:
        click.echo(line)
    if everything:
        found = statuses(folder.runs)
        for entry, state in zip(folder.runs, found, strict=True):
            click.echo(f"{entry}\t{state.state}\t{state.pulses}/{state.total}\t{entry.folder}")


@campaign.command()
@CAMPAIGN
@ROOT
def cancel(campaign: Path, root: Path) -> None:
    """Let all workers of a campaign stop at their next pulse boundary."""
    from orchestrator.campaign.store import find

    folder = find(campaign, root)
    folder.ask_to_stop()
    click.echo(f"{folder.path}: asked to stop; `orchestrator campaign resume` goes on with it")


@campaign.command()
@CAMPAIGN
@ROOT
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="NAME.zarr makes a Zarr store, NAME.csv a table.  [default: results.nc in the campaign's "
    "folder]",
)
@click.option("--fields", is_flag=True, help="With the kept magnetizations and currents.")
@click.option("--tree", is_flag=True, help="A group for each kind of film.")
@click.option("--variable", "variables", multiple=True, help="Only this one, and others named so.")
def gather(
    campaign: Path,
    root: Path,
    output: Path | None,
    fields: bool,
    tree: bool,
    variables: tuple[str, ...],
) -> None:
    """Write the results of all runs into one netCDF file, Zarr store or table."""
    from orchestrator.analysis.tables import chosen, to_dataframe
    from orchestrator.base.files import write_whole
    from orchestrator.campaign.archive.gather import export
    from orchestrator.campaign.results import open_campaign, open_campaign_tree
    from orchestrator.campaign.store import find

    folder = find(campaign, root)
    target = output or folder.path / "results.nc"
    if target.suffix != ".zarr" and target.is_dir():
        raise InputError(f"{target}: is a directory; give NAME.nc, NAME.zarr or NAME.csv")
    if target.suffix == ".csv":
        if fields or tree:
            raise InputError(f"{target}: a table holds neither --fields nor a --tree")
        frame = to_dataframe(open_campaign(folder.path), *variables)
        write_whole(target, frame.to_csv(index=False).encode())
    elif tree:
        if variables:
            raise InputError("--variable: a --tree holds all of them")
        export(open_campaign_tree(folder.path), target, fields=fields)
    else:
        results = open_campaign(folder.path)
        export(chosen(results, variables) if variables else results, target, fields=fields)
    click.echo(target)


@campaign.command()
@CAMPAIGN
@ROOT
@drawing
def plot(campaign: Path, root: Path, kind: str, dpi: int) -> None:
    """Draw the figures of a campaign into its folder `figures`."""
    from orchestrator.campaign.results import open_campaign
    from orchestrator.campaign.store import find
    from orchestrator.plotting.campaigns import plot_campaign
    from orchestrator.plotting.style import Look
    from orchestrator.run.folder import FIGURES

    folder = find(campaign, root)
    look = Look(kind, dpi)
    for path in plot_campaign(open_campaign(folder.path), folder.path / FIGURES, look):
        click.echo(path)


@campaign.command()
@CAMPAIGN
@ROOT
@click.option("--repair", is_flag=True, help="Take damaged runs back to before the damage.")
@click.option("--yes", is_flag=True, help="Do not ask before committed pulses are thrown away.")
def check(campaign: Path, root: Path, repair: bool, yes: bool) -> None:
    """Compare all files of a campaign, or of one run folder, with their checksums."""
    from orchestrator.campaign.store import find
    from orchestrator.run.check import (
        damage_of_run,
        damage_of_textures,
        losses,
        remove_damaged_textures,
        take_back,
    )
    from orchestrator.run.folder import DESCRIPTION

    one = (campaign / DESCRIPTION).is_file()
    named = [campaign] if one else [entry.folder for entry in find(campaign, root).runs]
    folders = [folder for folder in named if folder.exists()]
    roots = sorted({folder.parent for folder in named})
    of_runs = {folder: found for folder in folders if (found := damage_of_run(folder))}
    shared = [damage for root in roots for damage in damage_of_textures(root)]
    damages = [damage for found in of_runs.values() for damage in found] + shared
    for damage in damages:
        click.echo(str(damage))
    if repair:
        _agree([line for folder, found in of_runs.items() for line in losses(folder, found)], yes)
        for path in (path for root in roots for path in remove_damaged_textures(root)):
            click.echo(f"{path}: removed; what needs it computes it again")
        for folder in sorted(of_runs):
            click.echo(take_back(folder))
    elif damages:
        sys.exit(1)
    if not damages:
        absent = f"; {len(named) - len(folders)} are not begun" * (len(folders) < len(named))
        click.echo(f"{len(folders)} run folders: no damage{absent}")


def _agree(losses: list[str], yes: bool) -> None:
    """Say what a repair throws away, and ask.

    Raises
    ------
    InputError
        If nobody is there to answer.
    """
    for line in losses:
        click.echo(line)
    if not losses or yes:
        return
    from orchestrator.base.errors import InputError

    if not sys.stdin.isatty():
        raise InputError("committed pulses would be thrown away; --yes lets it be done")
    click.confirm("Go on?", abort=True)


def _work(folder: CampaignFolder, called: CalledCrew, retry_failed: bool, retries: int) -> None:
    from orchestrator.campaign.execute import to_do
    from orchestrator.campaign.faults import SiteFault
    from orchestrator.cli.campaign_status import LiveTable
    from orchestrator.run.progress import stop_on_signals

    console = console_of_command()
    folder.withdraw_stop()
    runs = to_do(folder, retry_failed=retry_failed)
    most = "" if folder.repeated is None else ", and more where intervals are wide"
    console.print(
        f"{folder.path}: {len(runs)} of {len(folder.runs)} runs to do{most}", highlight=False
    )
    if runs:
        console.print(called.reason, highlight=False)
        try:
            with stop_on_signals() as stop, LiveTable(folder, console) as table:
                called.carry_out(folder, runs, retries=retries, stop=stop, tick=table.tick)
        except SiteFault:
            _summary(folder, console)
            raise
    code = _summary(folder, console)
    if console.quiet:
        click.echo(folder.path)
    sys.exit(code)


def _summary(folder: CampaignFolder, console: Console) -> int:
    from orchestrator.campaign.status import statuses
    from orchestrator.campaign.until import wanted
    from orchestrator.cli.campaign_status import failures, repeats

    runs = wanted(folder)
    found = statuses(runs)
    counts = Counter(status.state for status in found)
    for line in [*repeats(folder), *failures(runs, found)]:
        console.print(line, highlight=False, markup=False)
    if counts["failed"]:
        console.print("--retry-failed tries them again", highlight=False)
    words = ", ".join(f"{n} {state}" for state, n in counts.items())
    rest = len(folder.runs) - len(found)
    more = f"; {rest} more are not wanted" if rest else ""
    console.print(f"{len(found)} runs: {words}{more}", highlight=False)
    if counts["finished"] == len(found):
        return 0
    return STOPPED if folder.stop_file.exists() or not counts["failed"] else 1
