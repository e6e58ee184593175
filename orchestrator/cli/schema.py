"""`orchestrator schema`: JSON Schema for editors."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("kind", type=click.Choice(["experiment", "campaign", "site", "search", "contacts"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of a kind of file, for editors that complete and check TOML."""
    from orchestrator.campaign.schemas import schema_of

    click.echo(json.dumps(schema_of(kind), indent=1))
