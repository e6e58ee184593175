"""Variants of an experiment are what describing each of them by itself gives."""

from __future__ import annotations

import pytest

from orchestrator.base.errors import InputError
from orchestrator.campaign.axes.keys import changed
from orchestrator.campaign.axes.variants import Variants
from orchestrator.describe.experiment import Experiment

GOOD = [
    {},
    {"start.seed": 7},
    {"training.voltage": 1},
    {"training.patterns": ["-+"], "training.pulses": 2, "output.snapshots": [0, 2]},
    {"film.cells": [24, 16, 1], "film.cell_size": [4e-9, 5e-9, 1e-6]},
    {"contacts.0.resistance": 3.0},
    {"contacts.*.resistance": 2},
    {"probes": []},
    {"probes.0.contacts.1.start": 1e-8},
    {"name": "other"},
    {"conditions.temperature": 100.0},
    {"material": {"Ms": 4e5, "Aex": 1e-11, "alpha": 0.1, "P": 0.4}},
]
BAD = [
    {"training.patterns": ["+-+"]},
    {"training.pulses": 2},
    {"film.cells": [0, 1, 1]},
    {"film.cells": "many"},
    {"start.seed": 1.5},
    {"start.seed": float("nan")},
    {"contacts.1.name": "left"},
    {"contacts": []},
    {"contacts.1.side": "left"},
    {"material.P": 0.0},
    {"material.Msat": 1.0},
    {"no.such": 1},
    {"name": "a/b"},
    {"material.demag": True, "film.cell_size": [5e-9, 5e-9, 1e-5]},
    {"probes.0.contacts.1.name": "bottom"},
]


@pytest.mark.parametrize("changes", GOOD, ids=str)
def test_a_variant_is_the_described_experiment(experiment, changes):
    variants = Variants(experiment)
    for _ in range(2):
        found = variants.experiment(changes, "here")
        expected = Experiment.from_dict(changed(experiment.to_dict(), changes), "here")
        assert found == expected
        assert (found.hash, found.to_dict()) == (expected.hash, expected.to_dict())
        assert repr(found) == repr(expected)


@pytest.mark.parametrize("changes", BAD, ids=str)
def test_what_is_refused_is_refused_in_the_same_words(experiment, changes):
    variants = Variants(experiment)
    variants.experiment({"start.seed": 1}, "here")
    for _ in range(2):
        with pytest.raises(InputError) as expected:
            Experiment.from_dict(changed(experiment.to_dict(), changes), "here")
        with pytest.raises(InputError) as found:
            variants.experiment(changes, "here")
        assert str(found.value) == str(expected.value)


def test_the_base_stays_as_it_was(experiment):
    variants = Variants(experiment)
    variants.experiment({"contacts.0.resistance": 3.0}, "here")
    assert variants.experiment({}, "here") == experiment
