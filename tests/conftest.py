"""A small experiment and a campaign that the tests share."""

from __future__ import annotations

import json

import pytest

from orchestrator.campaign.spec import Campaign
from orchestrator.describe.experiment import Experiment


def small():
    """A 20 x 16 film with two side contacts and a probe, three short pulses."""
    return {
        "name": "small",
        "film": {"cells": [20, 16, 1], "cell_size": [5e-9, 5e-9, 1e-6]},
        "material": {
            "Ms": 4.9e5, "Aex": 1e-11, "Dbulk": 2e-3, "Ku1": 1e5, "alpha": 0.5, "P": 0.5,
        },
        "resistivity": {"mean": 5e-7, "amr_ratio": 1.5, "amr_convention": "mean"},
        "contacts": [
            {"name": "left", "shape": "side", "side": "left"},
            {"name": "right", "shape": "side", "side": "right"},
        ],
        "probes": [
            {
                "name": "across",
                "contacts": [
                    {"name": "bottom", "shape": "side", "side": "bottom"},
                    {"name": "top", "shape": "side", "side": "top"},
                ],
            }
        ],
        "start": {"seed": 3, "settle_time": 2e-11},
        "training": {
            "patterns": ["+-"], "voltage": 0.025, "pulse_length": 1e-11, "pulses": 3,
            "relax_time": 1e-11,
        },
        "reference": {"starts": 2},
        "output": {"snapshots": [0, 2, 3]},
    }  # fmt: skip


@pytest.fixture(scope="session")
def make_description():
    """Makes fresh descriptions, for fixtures that live longer than a test."""
    return small


@pytest.fixture
def description():
    return small()


@pytest.fixture
def experiment(description):
    return Experiment.from_dict(description)


def to_toml(description):
    """The description as TOML: inline tables of JSON values with '=' for ':'."""

    def value(v):
        if isinstance(v, dict):
            return "{" + ", ".join(f"{json.dumps(k)} = {value(x)}" for k, x in v.items()) + "}"
        if isinstance(v, list):
            return "[" + ", ".join(map(value, v)) + "]"
        return json.dumps(v)

    return "\n".join(f"{k} = {value(v)}" for k, v in description.items())


@pytest.fixture(scope="session")
def as_toml():
    """A description as the text of a TOML file."""
    return to_toml


@pytest.fixture
def write_toml(tmp_path):
    """Writes a description into a file of the test's folder."""

    def write(name, description):
        path = tmp_path / name
        path.write_text(to_toml(description))
        return path

    return write


class Silent:
    """A tracker that is told and says nothing."""

    def stage(self, title, duration, done=0.0):
        pass

    def progress(self, progress):
        pass

    def pulse(self, pattern, record):
        pass


@pytest.fixture(scope="session")
def silent():
    return Silent()


@pytest.fixture
def base_file(description, write_toml):
    return write_toml("base.toml", description)


@pytest.fixture
def campaign(experiment):
    """3 seeds x 2 patterns; 4 textures are shared."""
    sweep = {"start.seed": [3, 4, 5], "training.patterns": [["+-"], ["-+"]]}
    return Campaign(experiment, sweep, change={"output.snapshots": [0, 2]})
