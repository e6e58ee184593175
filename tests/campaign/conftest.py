"""A campaign of six small runs, and files that hold it."""

from __future__ import annotations

import pytest

from orchestrator.campaign.spec import Campaign


@pytest.fixture
def base_file(description, write_toml):
    return write_toml("base.toml", description)


@pytest.fixture
def campaign(experiment):
    """3 seeds x 2 patterns; 4 textures are shared."""
    sweep = {"start.seed": [3, 4, 5], "training.patterns": [["+-"], ["-+"]]}
    return Campaign(experiment, sweep, change={"output.snapshots": [0, 2]})
