"""The command line: `orchestrator COMMAND`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.base.console import new_console
from orchestrator.base.errors import InputError, OrchestratorError
from orchestrator.cli.campaign import ENGINE_NAMES, ROOT, STOPPED, campaign

if TYPE_CHECKING:
    from rich.console import Console


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mumax3-orchestrator")
def cli() -> None:
    """Let a magnetic film learn: mumax3 coupled to a magnetoresistive transport network."""


cli.add_command(campaign)

_TEMPLATES = click.option(
    "--templates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of your own script templates, which replace the package's by name.",
)
_EXPERIMENT = click.argument("experiment", type=click.Path(path_type=Path))
_SECONDS = click.FloatRange(0, min_open=True)
_BINARY = click.option("--mumax3", "binary", help="mumax3's binary.  [default: $MUMAX3, or PATH]")
_GPU = click.option(
    "--gpu", type=click.IntRange(0), default=0, show_default=True, help="GPU of mumax3."
)


@cli.command()
@_EXPERIMENT
@ROOT
@_TEMPLATES
@click.option(
    "--engine",
    "engine_name",
    type=ENGINE_NAMES,
    default="auto",
    show_default=True,
    help="live: one mumax3 process for all pulses; mumax3: one for each; cpu: the embedded engine; "
    "auto: live where the binary and a GPU are found, else cpu.",
)
@click.option("--threads", type=click.IntRange(1), help="Threads of the CPU engine.")
@_BINARY
@_GPU
@click.option("--time-limit", type=_SECONDS, help="Wall-clock limit of a pulse in mumax3, s.")
@click.option(
    "--silence-limit",
    type=_SECONDS,
    default=600.0,
    show_default=True,
    help="Kill mumax3 after so many seconds without a sign of life.",
)
def run(
    experiment: Path,
    root: Path,
    templates: Path | None,
    engine_name: str,
    threads: int | None,
    binary: str | None,
    gpu: int,
    time_limit: float | None,
    silence_limit: float,
) -> None:
    """Carry out an EXPERIMENT file, or go on with it where it stopped."""
    from orchestrator.describe.experiment import Experiment
    from orchestrator.engines.choose import choose_engine
    from orchestrator.engines.mumax3.process import Limits
    from orchestrator.run.execute import is_finished, run_folder
    from orchestrator.run.execute import run as carry_out
    from orchestrator.run.progress import ProgressBar, stop_on_signals
    from orchestrator.run.workplace import Interrupted, Workplace

    description = Experiment.from_toml(experiment)
    console = new_console()
    limits = Limits(time=time_limit, silence=silence_limit)
    engine, reason = choose_engine(engine_name, threads, binary=binary, gpu=gpu, limits=limits)
    console.print(f"engine {engine.name}: {reason}", highlight=False)
    folder = run_folder(root, description)
    if (folder / "description.json").exists():
        state = "is finished" if is_finished(folder) else "goes on where it stopped"
        console.print(f"{folder} {state}", highlight=False)
    with stop_on_signals() as stop, ProgressBar(console, description, folder) as tracker:
        try:
            carry_out(description, Workplace(root, engine, tracker, stop, templates))
        except Interrupted:
            console.print(f"stopped at a pulse boundary; run the same command to go on: {folder}")
            sys.exit(STOPPED)
    _report(console, folder)


@cli.command()
@click.argument("run_folder", type=click.Path(path_type=Path))
def report(run_folder: Path) -> None:
    """Print the tables of RUN_FOLDER: energies, conductances, recall."""
    from orchestrator.cli.report import print_report
    from orchestrator.run.results import open_run

    print_report(open_run(run_folder), new_console())


@cli.command()
@click.argument("run_folder", type=click.Path(path_type=Path))
def plot(run_folder: Path) -> None:
    """Draw the figures of RUN_FOLDER into its folder `figures`."""
    from orchestrator.plotting.figures import plot_run
    from orchestrator.run.results import open_run

    for path in plot_run(open_run(run_folder), run_folder / "figures"):
        click.echo(path)


@cli.command()
@_EXPERIMENT
@ROOT
@_TEMPLATES
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write into.  [default: NAME-scripts]",
)
def render(experiment: Path, root: Path, templates: Path | None, output: Path | None) -> None:
    """Write the mumax3 scripts and current maps of an EXPERIMENT without running them.

    Where the experiment has been run under --root, the scripts replay that run with its own
    current maps; else the maps are those of the initial magnetization.
    """
    from orchestrator.describe.experiment import Experiment
    from orchestrator.run.rendering import render_experiment

    description = Experiment.from_toml(experiment)
    target = output or Path(f"{description.name}-scripts")
    for path in render_experiment(description, root, target, templates):
        click.echo(path)


@cli.command()
@_BINARY
@_GPU
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(binary: str | None, gpu: int, as_json: bool) -> None:
    """Look for mumax3, GPUs and packages, try every engine, and say what would be used.

    Ends with exit code 1 if something is wrong.
    """
    import json

    from orchestrator.cli.doctor import examine, render

    found = examine(binary, gpu)
    click.echo(json.dumps(found.to_dict(), indent=1) if as_json else render(found))
    sys.exit(0 if found.ok else 1)


@cli.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def mx3(arguments: tuple[str, ...]) -> None:
    """Run a mumax3 script on the embedded CPU engine: mx3 [mumax3's flags] script.mx3."""
    from orchestrator.engines.cpu.main import main as run_script

    sys.exit(run_script(list(arguments)))


def _report(console: Console, folder: Path) -> None:
    from orchestrator.cli.report import print_report
    from orchestrator.plotting.figures import plot_run
    from orchestrator.run.results import open_run

    dataset = open_run(folder)
    print_report(dataset, console)
    for path in plot_run(dataset, folder / "figures"):
        console.print(f"figure {path}", highlight=False, soft_wrap=True)
    console.print("\nOpen the results in Python:", highlight=False)
    click.echo("    import orchestrator")
    click.echo(f'    results = orchestrator.open_run("{folder}")')
    click.echo('    print(results.energy.sel(state="relaxed").to_dataframe())')


def main() -> None:
    """Entry point: errors raised on purpose become one message and an exit code."""
    try:
        cli(standalone_mode=True)
    except OrchestratorError as error:
        click.echo(f"orchestrator: {error}", err=True)
        sys.exit(2 if isinstance(error, InputError) else 1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"orchestrator: {where}{error.strerror or error}", err=True)
        sys.exit(1)
