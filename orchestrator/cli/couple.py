"""`orchestrator couple`: somebody's mumax3 script, coupled pulse by pulse."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.base.shipped import shipped
from orchestrator.base.units import with_unit
from orchestrator.cli.options import (
    GPU,
    ROOT,
    STOPPED,
    THREADS,
    Input,
    console_of_command,
    with_engine,
)

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.coupling.script import Script

_SECONDS = click.FloatRange(0, min_open=True)


@click.command()
@click.argument("script", type=click.Path(path_type=Path))
@click.option(
    "--contacts",
    type=Input("transport"),
    required=True,
    help="TOML file of contacts and resistivities, also by the script's regions.",
)
@click.option(
    "--voltages",
    help="V, one for each contact, '.' for a floating one ('0.1 0 .'), or by name "
    "('left=0.1,right=0').",
)
@click.option("--currents", help="A into the film, of the contacts that have no voltage.")
@click.option("--pulse", type=_SECONDS, help="Length of a pulse, s.")
@click.option("--until", type=_SECONDS, help="Length of the whole run, s.")
@click.option("--oersted", is_flag=True, help="Add the Oersted field of the current to B_ext.")
@click.option("--name", help="Name of the run.  [default: the script's]")
@click.option("--lines", is_flag=True, help="Only tell what is done with which line.")
@ROOT
@with_engine
@THREADS
@GPU
def couple(
    script: Path,
    contacts: Path,
    voltages: str | None,
    currents: str | None,
    pulse: float | None,
    until: float | None,
    oersted: bool,
    name: str | None,
    lines: bool,
    root: Path,
    transport_solver: str,
    **options: Any,
) -> None:
    """Couple SCRIPT, a mumax3 script, to the transport network, or go on where it stopped.

    The script up to its first Run is the setup. Before each pulse the network is solved for the
    present texture, and its current is added to J while the pulse lasts. The script's tables and
    autosaves go on over all pulses.
    """
    from orchestrator.coupling.script import read_script
    from orchestrator.engines.choose import choose_engine
    from orchestrator.engines.table import EngineOptions
    from orchestrator.run.couple import carry_out, coupling_of
    from orchestrator.run.execute import is_finished
    from orchestrator.run.folder import DESCRIPTION
    from orchestrator.run.progress import progress_of, stop_on_signals
    from orchestrator.run.workplace import Interrupted, Workplace
    from orchestrator.transport.solvers import check_solver

    console = console_of_command()
    script = _script_or_example(script)
    if lines:
        _tell(read_script(script), console)
        return
    if pulse is None or until is None:
        raise click.UsageError("--pulse and --until are needed, in s")
    check_solver(transport_solver)
    asked = coupling_of(
        script,
        contacts,
        voltages,
        currents=currents,
        pulse=pulse,
        until=until,
        name=name,
        oersted=oersted,
    )
    choice = choose_engine(EngineOptions(**options))
    console.print(f"engine {choice.engine.name}: {choice.reason}", highlight=False)
    experiment = asked.prepared(choice.engine, root)
    _tell(asked.script, console)
    folder = asked.folder(root, experiment)
    if (folder / DESCRIPTION).exists():
        state = "is finished" if is_finished(folder) else "goes on where it stopped"
        console.print(f"{folder} {state}", highlight=False)
    shown = dataclasses.replace(
        experiment, training=dataclasses.replace(experiment.training, pulses=asked.pulses)
    )
    with stop_on_signals() as stop, progress_of(console, shown, folder) as tracker:
        try:
            threads = options["threads"]
            place = Workplace(root, choice.engine, tracker, stop, None, transport_solver, threads)
            carry_out(asked, experiment, place, folder)
        except Interrupted:
            console.print(f"stopped; the same command goes on, what is committed stays: {folder}")
            sys.exit(STOPPED)
    if console.quiet:
        click.echo(folder)
    else:
        _report(folder, console)


def _script_or_example(path: Path) -> Path:
    """A script, or the one of that name that comes with an example of contacts."""
    example = shipped("data/transport") / path.name
    return example if not path.exists() and path == Path(path.name) and example.exists() else path


def _tell(script: Script, console: Console) -> None:
    """What is done with which line of a script."""
    for note in script.notes:
        console.print(note, highlight=False, markup=False, soft_wrap=True)


def _report(folder: Path, console: Console) -> None:
    """Currents and power of the first and the last pulse."""
    from orchestrator.run.results import open_run

    run = open_run(folder).isel(training=0)
    contacts = run.contact.to_numpy().tolist()
    for number in dict.fromkeys((1, len(run.pulse))):
        pulse = run.sel(pulse=number)
        currents = ", ".join(
            f"{name} {with_unit(float(current), 'A')}"
            for name, current in zip(contacts, pulse.current.to_numpy(), strict=True)
        )
        power = with_unit(float(pulse.power), "W")
        end = with_unit(float(pulse.time_end), "s")
        console.print(f"pulse {number}, to {end}: {currents}; {power}", highlight=False)
    largest = float(run.max_dm.max(skipna=True))
    console.print(f"largest change of m in a pulse: {largest:.3g}", highlight=False)
    click.echo(f"run     {folder}")
    click.echo(f"script  {folder / '1' / 'out'}")
