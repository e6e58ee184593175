"""`orchestrator campaign search FILE`: look for what learns best."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.base.errors import InputError
from orchestrator.cli.crew import crew_of, with_workers_or_site
from orchestrator.cli.options import ROOT, STOPPED, Input, console_of_command, drawing

if TYPE_CHECKING:
    import optuna


@click.command()
@click.argument("file", metavar="FILE|FOLDER", type=Input("searches"))
@ROOT
@with_workers_or_site
@click.option("--plot", "only_plot", is_flag=True, help="Only draw the figures of what there is.")
@drawing
def search(file: Path, root: Path, only_plot: bool, kind: str, dpi: int, **options: Any) -> None:
    """Search the ranges of FILE for the best objective, or go on with that.

    Every trial is an ordinary run folder under --root. Stopped, the same command goes on.
    """
    from orchestrator.campaign.search.folder import (
        create_search,
        described_ranges,
        find_search,
        objective_names,
        open_study,
        search_path,
    )
    from orchestrator.campaign.search.spec import SearchCampaign
    from orchestrator.campaign.search.study import Spent, carry_out_search
    from orchestrator.plotting.searches import plot_search
    from orchestrator.plotting.style import Look
    from orchestrator.run.folder import FIGURES
    from orchestrator.run.progress import stop_on_signals

    console = console_of_command()
    stopped = False
    if only_plot:
        folder = find_search(file, root)
        study = open_study(folder)
    else:
        if file.is_dir():
            raise InputError(f"{file}: a search goes on with its file; --plot takes its folder")
        described = SearchCampaign.from_toml(file)
        called = crew_of(**options).called(described.base, search_path(described, root))
        folder = create_search(described, root)
        open_study(folder)
        console.print(f"{folder}: {called.reason}", highlight=False)
        workers = called.workers or described.search.startup
        with stop_on_signals() as stop, called.executor(workers) as executor:
            study = carry_out_search(
                described,
                folder,
                called.options,
                executor,
                workers,
                transport_solver=called.crew.transport_solver,
                templates=called.crew.templates,
                stop=stop,
                told=lambda _, line: console.print(line, highlight=False, soft_wrap=True),
            )
            stopped = stop()
    spent = Spent.of(study)
    console.print(
        f"{spent.runs} runs, {spent.hours:.3g} hours of workers, {spent.joules:.3g} J in the films",
        highlight=False,
    )
    if _print_best(study):
        names, ranges = objective_names(folder), described_ranges(folder)
        for path in plot_search(study, names, ranges, folder / FIGURES, Look(kind, dpi)):
            console.print(f"figure {path}", highlight=False, soft_wrap=True)
    if console.quiet:
        click.echo(folder)
    sys.exit(STOPPED if stopped else 0)


def _print_best(study: optuna.Study) -> bool:
    """Print the best trials, where there are any."""
    from optuna.trial import TrialState

    from orchestrator.campaign.search.folder import VALUES, shown

    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        click.echo("no trial has finished")
        return False
    for trial in study.best_trials[:10]:
        values = ", ".join(f"{value:.6g}" for value in trial.values)
        folders = " ".join(trial.user_attrs.get("folders", []))
        click.echo(
            f"best: trial {trial.number}: {values} at {shown(trial.user_attrs[VALUES])}: {folders}"
        )
    return True
