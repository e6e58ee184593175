"""A campaign of six small runs, and files that hold it."""

from __future__ import annotations

import json

import pytest

from orchestrator.campaign.spec import Campaign


def to_toml(description):
    """The description as TOML: inline tables of JSON values with '=' for ':'."""

    def value(v):
        if isinstance(v, dict):
            return "{" + ", ".join(f"{json.dumps(k)} = {value(x)}" for k, x in v.items()) + "}"
        if isinstance(v, list):
            return "[" + ", ".join(map(value, v)) + "]"
        return json.dumps(v)

    return "\n".join(f"{k} = {value(v)}" for k, v in description.items())


@pytest.fixture
def base_file(description, tmp_path):
    path = tmp_path / "base.toml"
    path.write_text(to_toml(description))
    return path


@pytest.fixture
def campaign(experiment):
    """3 seeds x 2 patterns; 4 textures are shared."""
    sweep = {"start.seed": [3, 4, 5], "training.patterns": [["+-"], ["-+"]]}
    return Campaign(experiment, sweep, change={"output.snapshots": [0, 2]})
