"""The command line: `orchestrator COMMAND`."""

from __future__ import annotations

import sys

import click

from orchestrator.errors import InputError, OrchestratorError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mumax3-orchestrator")
def cli() -> None:
    """Let a magnetic film learn: mumax3 coupled to a magnetoresistive transport network."""


@cli.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def mx3(arguments: tuple[str, ...]) -> None:
    """Run a mumax3 script on the embedded CPU engine: mx3 [mumax3's flags] script.mx3."""
    from orchestrator.engines.cpu.main import main as run_script

    sys.exit(run_script(list(arguments)))


def main() -> None:
    """Entry point: errors raised on purpose become one message and an exit code."""
    try:
        cli(standalone_mode=True)
    except OrchestratorError as error:
        click.echo(f"orchestrator: {error}", err=True)
        sys.exit(2 if isinstance(error, InputError) else 1)
