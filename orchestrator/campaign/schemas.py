"""JSON Schema of the files that the program reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.campaign.search.spec import Search
from orchestrator.campaign.sites import Site
from orchestrator.campaign.spec import Axis
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.schema import json_schema
from orchestrator.measure.circuit import Circuit

_BASE = {
    "description": "The experiment that is changed: its file, or a table with all of it.",
    "anyOf": [{"type": "string"}, {"$ref": "#/definitions/Experiment"}],
}
_CHANGE = {"type": "object", "description": "Dotted keys and what all runs have different."}


def schema_of(kind: str) -> dict[str, Any]:
    """JSON Schema, draft 7, of a kind of file.

    Parameters
    ----------
    kind : {"experiment", "campaign", "site", "search", "contacts"}
        Which.
    """
    return {"$schema": "http://json-schema.org/draft-07/schema#"} | _MADE[kind]()


_SETUP = {
    "type": "string",
    "description": "A mumax3 script instead of film, material, start, reference, solver and "
    "conditions; see couple.md.",
}


def _experiment() -> dict[str, Any]:
    """An experiment has film and material, or a setup, whose regions may have resistivities."""
    schema, circuit = _described(), json_schema(Circuit)
    schema["properties"] |= {
        "setup": _SETUP,
        "resistivities": circuit["properties"]["resistivities"],
    }
    schema["required"] = [k for k in schema["required"] if k not in ("film", "material")]
    return schema


def _described() -> dict[str, Any]:
    """An experiment that says what film and material are."""
    schema = json_schema(Experiment)
    del schema["properties"]["setup"], schema["definitions"]["ScriptSetup"]
    return schema


def _campaign() -> dict[str, Any]:
    axis, definitions = json_schema(Axis), _with_experiment()
    definitions |= axis.pop("definitions") | {"Axis": axis}
    return {
        "type": "object",
        "description": "A base experiment and the axes along which it is changed.",
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "description": "Names the folder; else the file's name."},
            "extends": {"type": "string", "description": "The campaign file that is laid under."},
            "base": _BASE,
            "change": _CHANGE,
            "axes": {
                "type": "array",
                "items": {"$ref": "#/definitions/Axis"},
                "description": "All combinations of their points are run.",
            },
        },
        "definitions": definitions,
    }


def _search() -> dict[str, Any]:
    search = json_schema(Search)
    search["properties"] |= {
        "name": {"type": "string", "description": "Names the folder; else the file's name."},
        "base": _BASE,
        "change": _CHANGE,
    }
    search["required"].append("base")
    search["definitions"] |= _with_experiment()
    return search


def _site() -> dict[str, Any]:
    return json_schema(Site)


def _contacts() -> dict[str, Any]:
    return json_schema(Circuit)


def _with_experiment() -> dict[str, Any]:
    experiment = _described()
    return experiment.pop("definitions") | {"Experiment": experiment}


_MADE: dict[str, Callable[[], dict[str, Any]]] = {
    "experiment": _experiment,
    "campaign": _campaign,
    "site": _site,
    "search": _search,
    "contacts": _contacts,
}
KINDS = tuple(_MADE)
"""Kinds of files that have a schema."""
