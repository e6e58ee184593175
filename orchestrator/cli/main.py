"""The command line: `orchestrator COMMAND`."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from orchestrator.base.console import new_console
from orchestrator.base.errors import OrchestratorError
from orchestrator.cli.campaign import campaign
from orchestrator.cli.couple import couple
from orchestrator.cli.examples import examples
from orchestrator.cli.options import (
    AS_JSON,
    BINARY,
    EXPERIMENT,
    GPU,
    ROOT,
    STOPPED,
    TEMPLATES,
    THREADS,
    Input,
    RunFolder,
    console_of_command,
    drawing,
    working,
)
from orchestrator.cli.schema import schema
from orchestrator.cli.search import search
from orchestrator.cli.transport import transport
from orchestrator.cli.watch import watch

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.describe.experiment import Experiment


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mumax3-orchestrator")
@click.option("-v", "--verbose", is_flag=True, help="Log what goes on; tracebacks of errors.")
@click.option("-q", "--quiet", is_flag=True, help="Runs tell their folder only, and errors.")
def cli(verbose: bool, quiet: bool) -> None:
    """Let a magnetic film learn: mumax3 coupled to a magnetoresistive transport network."""
    if verbose and quiet:
        raise click.UsageError("-v and -q exclude each other")
    if verbose:
        logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
        logging.getLogger("orchestrator").setLevel(logging.DEBUG)


cli.add_command(campaign)
campaign.add_command(search)
cli.add_command(couple)
cli.add_command(examples)
cli.add_command(transport)
cli.add_command(schema)
cli.add_command(watch)


@cli.command()
@EXPERIMENT
@ROOT
@working
@THREADS
@GPU
@click.pass_context
def run(
    context: click.Context,
    experiment: Path,
    root: Path,
    transport_solver: str,
    templates: Path | None,
    **options: Any,
) -> None:
    """Carry out EXPERIMENT, a file or an example, or go on with it where it stopped.

    EXPERIMENT may also be a run folder, whose run goes on; its root is then the folder's own.
    """
    from orchestrator.describe.experiment import Experiment
    from orchestrator.engines.choose import choose_engine
    from orchestrator.engines.table import EngineOptions
    from orchestrator.run.coupled import is_coupled, read_coupled
    from orchestrator.run.description import experiment_to_go_on_with
    from orchestrator.run.execute import is_finished
    from orchestrator.run.execute import run as carry_out
    from orchestrator.run.folder import DESCRIPTION, run_folder
    from orchestrator.run.progress import progress_of, stop_on_signals
    from orchestrator.run.workplace import Interrupted, Workplace
    from orchestrator.transport.solvers import check_solver

    coupled = False
    if experiment.is_dir():
        description = experiment_to_go_on_with(experiment)
        given = context.get_parameter_source("root") == ParameterSource.COMMANDLINE
        if given and root.resolve() != experiment.resolve().parent:
            raise click.UsageError(f"--root: the run in {experiment} goes on where it is")
        root = experiment.resolve().parent
    elif not (coupled := is_coupled(experiment)):
        description = Experiment.from_toml(experiment)
    console = console_of_command()
    check_solver(transport_solver)
    choice = choose_engine(EngineOptions(**options))
    engine = choice.engine
    console.print(f"engine {engine.name}: {choice.reason}", highlight=False)
    if coupled:
        description, script = read_coupled(experiment, engine, root)
        for note in script.notes:
            console.print(note, highlight=False, markup=False)
    folder = run_folder(root, description)
    if (folder / DESCRIPTION).exists():
        state = "is finished" if is_finished(folder) else "goes on where it stopped"
        console.print(f"{folder} {state}", highlight=False)
    with stop_on_signals() as stop, progress_of(console, description, folder) as tracker:
        try:
            threads = options["threads"]
            workplace = Workplace(root, engine, tracker, stop, templates, transport_solver, threads)
            carry_out(description, workplace)
        except Interrupted:
            console.print(f"stopped; the same command goes on, what is committed stays: {folder}")
            sys.exit(STOPPED)
    if console.quiet:
        click.echo(folder)
    else:
        _report(console, folder, description)


@cli.command()
@click.argument("run_folder", type=RunFolder())
def stop(run_folder: Path) -> None:
    """Let the run in RUN_FOLDER stop at its next pulse boundary, on whatever machine it works.

    A campaign at work takes its run up again; `orchestrator campaign cancel` stops all of it.
    """
    from orchestrator.run.execute import ask_to_stop

    ask_to_stop(run_folder)
    click.echo(f"{run_folder}: asked to stop; `orchestrator run {run_folder}` goes on with it")


@cli.command()
@click.argument("run_folder", type=RunFolder())
@AS_JSON
def report(run_folder: Path, as_json: bool) -> None:
    """Print the tables of RUN_FOLDER: energies, conductances, recall."""
    from orchestrator.cli.report import print_report, report_as_dict
    from orchestrator.run.results import open_run

    dataset = open_run(run_folder)
    if as_json:
        click.echo(json.dumps(report_as_dict(dataset), indent=1))
    else:
        print_report(dataset, new_console())


@cli.command()
@click.argument("run_folder", type=RunFolder())
@click.option(
    "--states",
    type=click.IntRange(1, 100),
    default=4,
    show_default=True,
    help="At most so many kept states of a training, evenly spread.",
)
@drawing
def plot(run_folder: Path, states: int, kind: str, dpi: int) -> None:
    """Draw the figures of RUN_FOLDER into its folder `figures`."""
    from orchestrator.plotting.figures import plot_run
    from orchestrator.plotting.style import Look
    from orchestrator.run.folder import FIGURES
    from orchestrator.run.results import open_run

    dataset = open_run(run_folder)
    for path in plot_run(dataset, run_folder / FIGURES, Look(kind, dpi, states)):
        click.echo(path)
    if "magnetization" not in dataset:
        click.echo("no textures: no state is kept; list pulses in output.snapshots", err=True)


@cli.command()
@click.argument("run_folder", type=RunFolder())
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File, .mp4 or .gif.  [default: figures/movie.mp4 in the run folder]",
)
@click.option(
    "--training",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Which training of the run.",
)
@click.option(
    "--fps",
    type=click.FloatRange(0, 120, min_open=True),
    default=12,
    show_default=True,
    help="Frames per second.",
)
@click.option(
    "--dpi",
    type=click.IntRange(20, 600),
    default=160,
    show_default=True,
    help="Pixels per inch; a frame is 7.2 inches wide.",
)
def movie(run_folder: Path, output: Path | None, training: int, fps: float, dpi: int) -> None:
    """Show a training of RUN_FOLDER as a movie: m, current and E', a frame for each kept state.

    The states are those of `output.snapshots`, at best all. MP4 needs the extra `movie`.
    """
    from orchestrator.plotting.movies import write_movie
    from orchestrator.run.folder import FIGURES
    from orchestrator.run.results import open_run

    dataset = open_run(run_folder)
    target = output or run_folder / FIGURES / "movie.mp4"
    target.parent.mkdir(exist_ok=True)
    click.echo(write_movie(dataset, target, training=training, fps=fps, dpi=dpi))


@cli.command()
@EXPERIMENT
@ROOT
@TEMPLATES
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
    from orchestrator.run.rendering import render_experiment, replayed

    description = Experiment.from_toml(experiment)
    target = output or Path(f"{description.name}-scripts")
    known = replayed(description, root)
    for path in render_experiment(description, root, target, templates):
        click.echo(path)
    click.echo(known, err=True)


@cli.command()
@BINARY
@GPU
@AS_JSON
@click.option("--quick", is_flag=True, help="Leave the self-tests of the engines out.")
@click.option(
    "--experiment",
    "file",
    type=Input("experiments"),
    help="Measure what a pulse of this experiment costs on every engine.",
)
def doctor(
    binary: str | None, gpu: int | None, as_json: bool, quick: bool, file: Path | None
) -> None:
    """Look for mumax3, GPUs and packages, try every engine, and say what would be used.

    Ends with exit code 1 if something is wrong.
    """
    from orchestrator.cli.doctor import examine, render_verdict
    from orchestrator.describe.experiment import Experiment

    if quick and file is not None:
        raise click.UsageError("--quick tries no engine, --experiment measures on each")
    experiment = None if file is None else Experiment.from_toml(file)
    tell = (lambda text: None) if as_json else click.echo
    found = examine(binary, gpu or 0, quick=quick, experiment=experiment, tell=tell)
    click.echo(json.dumps(found.to_dict(), indent=1) if as_json else render_verdict(found))
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


def _report(console: Console, folder: Path, experiment: Experiment) -> None:
    from orchestrator.cli.report import print_report
    from orchestrator.plotting.figures import plot_run
    from orchestrator.run.folder import FIGURES
    from orchestrator.run.results import results_of

    dataset = results_of(folder, experiment)
    print_report(dataset, console)
    for path in plot_run(dataset, folder / FIGURES, experiment=experiment):
        console.print(f"figure {path}", highlight=False, soft_wrap=True)
    console.print("\nOpen the results in Python:", highlight=False)
    click.echo("    import orchestrator")
    click.echo(f'    results = orchestrator.open_run("{folder}")')
    click.echo('    print(results.energy.sel(state="relaxed").to_dataframe())')


def main() -> None:
    """Entry point: errors raised on purpose become one message and an exit code."""
    _carry_out(cli)


def end_with(error: BaseException) -> None:
    """End the process as a command does that raises an error."""

    def fail() -> None:
        raise error

    _carry_out(click.Command(None, callback=fail), [])


def _carry_out(command: click.Command, arguments: list[str] | None = None) -> None:
    try:
        command(arguments, standalone_mode=True)
    except OrchestratorError as error:
        logging.getLogger(__name__).debug("refused", exc_info=True)
        click.echo(f"orchestrator: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"orchestrator: {where}{error.strerror or error}", err=True)
        sys.exit(1)
