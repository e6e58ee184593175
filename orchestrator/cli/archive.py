"""`orchestrator campaign prune` and `export`: less disk space, and a deposit of the data."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.base.errors import InputError
from orchestrator.cli.options import CAMPAIGN, ROOT


@click.command()
@CAMPAIGN
@ROOT
@click.option("--maps", is_flag=True, help="Remove current maps and their Oersted fields.")
@click.option(
    "--keep-states",
    metavar="RULE",
    help="Remove kept states but these: none, or parts joined by commas: first, last, every:N, "
    "numbers.",
)
@click.option("--yes", is_flag=True, help="Remove without asking.")
def prune(campaign: Path, root: Path, maps: bool, keep_states: str | None, yes: bool) -> None:
    """Remove current maps and kept states of a campaign's finished runs, or of one run folder.

    Says what it will remove, and asks. Numbers, first, last and relaxed textures always stay.
    """
    from orchestrator.base.quantities import size
    from orchestrator.campaign.archive.prune import also_in, prunings
    from orchestrator.campaign.store import find
    from orchestrator.run.folder import DESCRIPTION
    from orchestrator.run.pruned import prune as prune_run

    if not maps and keep_states is None:
        raise InputError("say what to remove: --maps, --keep-states RULE, or both")
    one = (campaign / DESCRIPTION).is_file()
    folder = None if one else find(campaign, root)
    runs = [campaign] if folder is None else [entry.folder for entry in folder.runs]
    found, others = prunings(runs, maps=maps, keep_states=keep_states)
    count_maps = sum(len(pruning.maps) for pruning in found)
    count_states = sum(len(pruning.states) for pruning in found)
    space = sum(pruning.bytes for pruning in found)
    if others:
        click.echo(f"{len(others)} of {len(runs)} runs are not finished and stay as they are")
    if not found:
        click.echo("nothing to remove")
        return
    click.echo(
        f"{len(found)} runs: {count_maps} maps and {count_states} kept states, {size(space)}"
    )
    if count_maps:
        click.echo("without maps, `orchestrator render` cannot replay a run in mumax3 alone")
    if count_states:
        click.echo(
            "without states, there are no pictures and movies of them, and `campaign check "
            "--repair` goes further back"
        )
    if folder is not None:
        for name, number in also_in(folder, [pruning.run for pruning in found]).items():
            click.echo(f"{number} of these runs also belong to {name}")
    if not (yes or click.confirm("Remove them?")):
        click.echo("nothing is removed")
        return
    for pruning in found:
        prune_run(pruning.run, pruning.paths)
    click.echo(f"removed {size(space)}; each run's pruned.json says what")


@click.command()
@CAMPAIGN
@click.argument("target", type=click.Path(path_type=Path))
@ROOT
@click.option("--crate", is_flag=True, help="With RO-Crate metadata.")
@click.option("--license", help="Of the data: an SPDX identifier such as CC-BY-4.0.")
@click.option("--title", help="[default: the campaign's name]")
@click.option("--author", "authors", multiple=True, help="Name, perhaps with ORCID behind it.")
@click.option("--maps", is_flag=True, help="With all current maps.")
@click.option("--no-states", is_flag=True, help="Without kept magnetizations and currents.")
@click.option(
    "--add",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Another file or folder, such as the script that makes the figures.",
)
def export(
    campaign: Path,
    target: Path,
    root: Path,
    crate: bool,
    license: str | None,
    title: str | None,
    authors: tuple[str, ...],
    maps: bool,
    no_states: bool,
    add: tuple[Path, ...],
) -> None:
    """Copy a campaign's finished runs into the new folder TARGET, for a data deposit."""
    from orchestrator.campaign.archive.crate import check_about, write_crate
    from orchestrator.campaign.archive.deposit import About, deposit
    from orchestrator.campaign.store import RunEntry, find

    folder = find(campaign, root)
    about = About(title or folder.content["campaign"]["name"], license, authors)

    def finish(work: Path, runs: list[RunEntry]) -> None:
        if crate:
            write_crate(folder, work, runs, about)

    if crate:
        check_about(about)
    runs = deposit(folder, target, about, maps=maps, states=not no_states, add=add, finish=finish)
    click.echo(f"{target}: {len(runs)} of {len(folder.runs)} runs")
    if len(runs) < len(folder.runs):
        click.echo("the others are not finished and left out")
