from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.campaign.axes.keys import changed, dotted_keys
from orchestrator.campaign.spec import Axis, Campaign
from orchestrator.campaign.store import create
from orchestrator.describe.experiment import Experiment
from orchestrator.ovf.files import write_ovf

TOML = """
name = "small"
base = "base.toml"

[change]
"training.pulses" = 2
"output.snapshots" = []

[[axes]]
name = "seed"
key = "start.seed"
integers = { start = 3, count = 2 }

[[axes]]
name = "amr"
zip = { "resistivity.amr_ratio" = [0.5, 1.0], "training.voltage" = [0.02, 0.03] }
"""


def test_axes_are_multiplied_and_zipped(experiment):
    axes = [
        Axis(name="seed", key="start.seed", integers={"start": 3, "count": 2, "step": 10}),
        Axis(name="two", zip={"material.alpha": [0.1, 0.2], "training.voltage": [1.0, 2.0]}),
    ]
    points = Campaign(experiment, axes).points
    found = [
        (p.experiment.start.seed, p.experiment.material.alpha, p.experiment.training.voltage)
        for p in points
    ]
    assert found == [(3, 0.1, 1.0), (3, 0.2, 2.0), (13, 0.1, 1.0), (13, 0.2, 2.0)]
    assert [p.index for p in points] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert points[1].labels == (3, "0.2, 2.0")


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        ({"linspace": {"start": 0.1, "stop": 0.3, "count": 3}}, [0.1, 0.2, 0.3]),
        ({"geomspace": {"start": 0.01, "stop": 1.0, "count": 3}}, [0.01, 0.1, 1.0]),
        ({"values": [0.5, 0.7]}, [0.5, 0.7]),
    ],
)
def test_ranges(axis, values):
    axis = Axis(name="v", key="training.voltage", **axis)
    assert axis.coordinate == pytest.approx(values)
    assert [list(change) for change in axis.changes] == [["training.voltage"]] * len(values)


def test_random_seeds_are_the_same_each_time_and_differ():
    axis = Axis(name="seed", key="start.seed", seeds={"entropy": 7, "count": 50})
    # numpy promises SeedSequence's values for ever
    assert axis.coordinate[:2] == [2083679832, 3939563265]
    assert len(set(axis.coordinate)) == 50


def test_points_and_labels(experiment):
    axis = Axis(
        name="film",
        points=[{"film.cells": [20, 16, 1]}, {"film.cells": [10, 8, 1], "material.alpha": 1.0}],
        labels=["large", "small"],
    )
    campaign = Campaign(experiment, [axis])
    assert [p.labels for p in campaign.points] == [("large",), ("small",)]
    assert campaign.points[1].experiment.film.cells == (10, 8, 1)
    assert campaign.points[0].experiment == experiment


def test_mapping_is_enough(experiment):
    campaign = Campaign(experiment, {"start.seed": range(3), "training.patterns": [["+-"], ["-+"]]})
    assert campaign.shape == (3, 2)
    assert [axis.name for axis in campaign.axes] == ["seed", "pattern"]
    assert campaign.axes[1].coordinate == ["+-", "-+"]


def test_a_swept_key_that_is_a_name_of_the_results_gets_its_whole_path(experiment):
    campaign = Campaign(experiment, {"training.voltage": [0.1, 0.2]})
    assert [axis.name for axis in campaign.axes] == ["training_voltage"]


def test_a_run_of_a_campaign_is_the_run_of_its_own_file(experiment, description):
    description["training"]["voltage"] = 0.07
    alone = Experiment.from_dict(description)
    (point,) = Campaign(experiment, {"training.voltage": [0.07]}).points
    assert point.experiment.hash == alone.hash


def test_hashes_are_pinned(experiment):
    """Stored campaigns and runs are found again by these."""
    campaign = Campaign(experiment, {"start.seed": [3, 4]})
    assert [p.experiment.hash for p in campaign.points] == ["027041ecacb10b56", "20c56024afcc8664"]
    assert campaign.hash == "94a038e51b3b5850"


def test_keys_with_a_star_reach_all_contacts(experiment):
    description = experiment.to_dict()
    assert "contacts.0.name" in dotted_keys(description)
    result = changed(description, {"contacts.*.start": 1e-9, "contacts.1.stop": 2e-8})
    assert [c["start"] for c in result["contacts"]] == [1e-9, 1e-9]
    assert [c["stop"] for c in result["contacts"]] == [None, 2e-8]
    assert description["contacts"][0]["start"] != 1e-9


@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        ({"training.volage": [1.0]}, "did you mean 'training.voltage'"),
        ({"contacts.7.size": [1.0]}, "is no key of the experiment"),
        ({"training.voltage": [1.0, -1.0]}, r"voltage = -1.0: .*voltage must be positive"),
        ({"start.seed": [1, 1]}, "points must differ"),
        ({"start.m0": ["a.ovf"]}, "start.m0 cannot be changed"),
    ],
)
def test_impossible_sweeps_are_refused_by_name(experiment, sweep, words):
    with pytest.raises(ValueError, match=words):
        Campaign(experiment, sweep)


def test_names_of_the_results_cannot_be_axes(experiment):
    with pytest.raises(InputError, match="'pulse' is a name in the results"):
        Campaign(experiment, [Axis(name="pulse", key="start.seed", values=[1])])
    twice = [
        Axis(name="a", key="start.seed", values=[1]),
        Axis(name="a", key="film.pbc", values=[2]),
    ]
    with pytest.raises(InputError, match="names must differ"):
        Campaign(experiment, twice)


def test_runs_that_are_the_same_are_refused(experiment):
    axes = [
        Axis(name="a", key="start.seed", values=[1, 2]),
        Axis(name="b", key="start.seed", values=[1, 2]),
    ]
    with pytest.raises(InputError, match=r"axes 'a' and 'b' both change start\.seed"):
        Campaign(experiment, axes)
    twice = Axis(name="a", points=[{"start.seed": 1}, {"start.seed": 1}], labels=["x", "y"])
    with pytest.raises(InputError, match="are the same"):
        Campaign(experiment, [twice])


def test_a_campaign_of_too_many_runs_is_refused_before_they_are_made(experiment):
    axes = [
        Axis(name="a", key="start.seed", integers={"start": 0, "count": 1000}),
        Axis(name="b", key="start.settle_alpha", linspace={"start": 1, "stop": 2, "count": 1000}),
    ]
    with pytest.raises(InputError, match="1000 x 1000 points are 1000000 runs; at most 100000"):
        Campaign(experiment, axes)
    with pytest.raises(ValueError, match="count of integers is an integer from 1 to 100000"):
        Axis(name="a", key="start.seed", integers={"start": 0, "count": 3 * 10**9})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("axes = 3", "axes: must be a list of tables"),
        ("axes = [3]", "axes 0: must be a table, got 3"),
        ("change = 3", "change: must be a table of dotted keys"),
        ('name = "a/b"', "name: 'a/b' is not a plain name"),
        ("name = 3", "name: 3 is not a plain name"),
        (
            'axes = [{name = "a", key = "solver.MaxErr", linspace = {start=1, stop=2, count=1.5}}]',
            "axes 'a': count of linspace is an integer from 1",
        ),
        (
            'axes = [{name = "a", key = "start.seed", seeds = {entropy = -1, count = 2}}]',
            "axes 'a': entropy of seeds must not be negative",
        ),
    ],
)
def test_files_of_the_wrong_shape(base_file, tmp_path, content, words):
    path = tmp_path / "wrong.toml"
    path.write_text(f'base = "base.toml"\n{content}\n')
    with pytest.raises(InputError, match=rf"wrong\.toml: {words}"):
        Campaign.from_toml(path)


def test_files_of_a_base_in_the_campaign_file_are_read(description, write_toml, tmp_path):
    m = np.zeros((1, 16, 20, 3))
    m[..., 0] = 1
    write_ovf(tmp_path / "m0.ovf", m, (5e-9, 5e-9, 1e-6))
    description |= {"start": {"m0": "m0.ovf", "settle_time": 2e-11}, "reference": {"starts": 1}}
    axis = {"name": "V", "key": "training.voltage", "values": [0.1, 0.2]}
    path = write_toml("sweep.toml", {"base": description, "axes": [axis]})
    campaign = Campaign.from_toml(path)
    alone = Experiment.from_toml(write_toml("alone.toml", description))
    assert campaign.base == alone
    assert campaign.base.start.m0_sha256
    folder = create(campaign, tmp_path / "runs")
    (tmp_path / "m0.ovf").unlink()
    assert folder.campaign.hash == campaign.hash
    with pytest.raises(InputError, match=r"sweep\.toml: base: start\.m0: .*cannot be read"):
        Campaign.from_toml(path)


def test_what_the_base_lacks_is_said(experiment):
    with pytest.raises(InputError, match="the base has no underlayer; give it one"):
        Campaign(experiment, {"underlayer.sheet_resistance": [1.0, 2.0]})
    with pytest.raises(InputError, match=r"start\.m0 cannot be changed here"):
        Campaign(experiment, [Axis(name="a", key="start", values=[{"m0": "a.ovf"}])])


def test_an_experiment_is_no_campaign(base_file, tmp_path):
    with pytest.raises(InputError, match="this is an experiment; `orchestrator run`"):
        Campaign.from_toml(base_file)
    path = tmp_path / "wrong.toml"
    path.write_text("base = 3\n")
    with pytest.raises(InputError, match="base: must be a file's name or a table, got 3"):
        Campaign.from_toml(path)


@pytest.fixture
def file(base_file, tmp_path):
    path = tmp_path / "campaign.toml"
    path.write_text(TOML)
    return path


def test_file_becomes_a_folder_once(file, tmp_path):
    campaign = Campaign.from_toml(file)
    assert campaign.shape == (2, 2)
    folder = create(campaign, tmp_path / "runs")
    again = create(Campaign.from_toml(file), tmp_path / "runs")
    assert again.path == folder.path
    assert again.campaign.hash == campaign.hash
    assert [e.pulses for e in folder.runs] == 4 * [2]
    for entry, point in zip(folder.runs, campaign.points, strict=True):
        assert folder.experiment(entry.index).hash == point.experiment.hash


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[change]", "[chnage]", "unknown key; did you mean 'change'"),
        ("integers =", "intgers =", "axes 'seed': intgers: unknown key; did you mean 'integers'"),
        ("count = 2", "cuont = 2", "integers has the keys start, count, step"),
        ('"training.pulses"', '"training.puls"', "change: 'training.puls' is no key"),
        ("[0.5, 1.0]", "[0.5]", "different lengths"),
        ("base.toml", "bsae.toml", "bsae.toml: cannot be read"),
    ],
)
def test_bad_files_are_refused_with_file_and_key(file, old, new, words):
    file.write_text(TOML.replace(old, new))
    with pytest.raises(InputError, match=words) as caught:
        Campaign.from_toml(file)
    assert "campaign.toml: " in str(caught.value)


def test_an_axis_that_does_nothing_in_any_run_is_refused(file):
    seeds = TOML.replace("start.seed", "conditions.thermal_seed")
    file.write_text(seeds)
    with pytest.raises(InputError, match=r"axes 'seed': conditions.thermal_seed has no effect"):
        Campaign.from_toml(file)
    warm = '[[axes]]\nname = "T"\nkey = "conditions.temperature"\nvalues = [0.0, 300.0]\n'
    file.write_text(seeds + warm)
    assert Campaign.from_toml(file).shape == (2, 2, 2)


EXTENDED = """
extends = "campaign.toml"

[change]
"training.pulses" = 5

[[axes]]
name = "seed"
key = "start.seed"
values = [7]

[[axes]]
name = "alpha"
key = "material.alpha"
values = [0.1, 0.2]
"""


def test_a_file_that_extends_another_changes_what_it_names(file, tmp_path):
    folder = tmp_path / "larger"
    folder.mkdir()
    path = folder / "full.toml"
    path.write_text(EXTENDED.replace("campaign.toml", "../campaign.toml"))
    small, full = Campaign.from_toml(file), Campaign.from_toml(path)
    assert (small.name, full.name) == ("small", "full")
    assert [axis.name for axis in full.axes] == ["seed", "amr", "alpha"]
    assert full.shape == (1, 2, 2)
    assert full.base.training.pulses == 5
    assert full.base.output.snapshots == small.base.output.snapshots == ()
    assert full.axes[1] == small.axes[1]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("campaign.toml", "campagin.toml", "extends: .*campagin.toml: cannot be read"),
        ("campaign.toml", "full.toml", "extends: .*full.toml extends itself"),
        ("training.pulses", "training.puls", "change: 'training.puls' is no key"),
        ("[change]", "[chnage]", "unknown key; did you mean 'change'"),
        ('"campaign.toml"', "[1]", "extends: .*must be the path of a campaign file"),
        ("[change]\n", "change = 3 #", "change: must be a table of dotted keys"),
        ("[[axes]]", "[axes]", "axes: must be a list of tables"),
    ],
)
def test_bad_extensions_are_refused(file, tmp_path, old, new, words):
    path = tmp_path / "full.toml"
    text = EXTENDED.replace(old, new)
    if new == "[axes]":
        text = text.replace('[axes]\nname = "alpha"', '[axes.more]\nname = "alpha"')
    if new.startswith("change"):
        text = text.replace('"training.pulses" = 5', "")
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        Campaign.from_toml(path)
    assert "full.toml: " in str(caught.value)


SHIPPED = Path(__file__).parents[2] / "data" / "campaigns"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*-gpu.toml")), ids=lambda path: path.stem)
def test_full_campaigns_have_the_points_of_the_small_ones(path):
    full = Campaign.from_toml(path)
    small = Campaign.from_toml(path.with_name(path.name.replace("-gpu", "")))
    assert [axis.name for axis in small.axes] == [axis.name for axis in full.axes]
    for a, b in zip(small.axes, full.axes, strict=True):
        assert set(a.coordinate) <= set(b.coordinate)
    assert full.base.film.cells[0] > small.base.film.cells[0]


@pytest.mark.parametrize(
    ("change", "axis"),
    [
        ("start.seed", {"key": "start.seed", "values": [1, 2]}),
        ("training.voltage", {"zip": {"training.voltage": [0.1, 0.2], "start.seed": [1, 2]}}),
        ("contacts.0.resistance", {"key": "contacts.*.resistance", "values": [1.0, 2.0]}),
        ("contacts.*.resistance", {"key": "contacts.*.resistance", "values": [1.0, 2.0]}),
    ],
)
def test_a_change_that_an_axis_overrides_is_refused(experiment, change, axis):
    with pytest.raises(
        InputError, match=rf"change: {re.escape(change)} does nothing, since axis 'a'"
    ):
        Campaign(experiment, [Axis(name="a", **axis)], change={change: 7})


@pytest.mark.parametrize(
    ("change", "axis"),
    [
        ({"start.seed": 7}, {"points": [{"start.seed": 1}, {"training.voltage": 0.1}]}),
        ({"contacts.*.resistance": 7}, {"key": "contacts.0.resistance", "values": [1.0, 2.0]}),
        ({"reference": {"starts": 3}}, {"key": "reference.starts", "values": [1, 2]}),
    ],
)
def test_a_change_that_an_axis_overrides_in_part_is_none_of_these(experiment, change, axis):
    Campaign(experiment, [Axis(name="a", **axis)], change=change)


def test_an_axis_takes_the_place_of_a_change_in_the_file_that_is_extended(base_file, tmp_path):
    (tmp_path / "below.toml").write_text(
        'base = "base.toml"\nchange = {"start.seed" = 7, "training.voltage" = 0.1}\n'
    )
    axes = [{"name": "seed", "key": "start.seed", "values": [1, 2]}]
    campaign = Campaign.from_dict({"extends": "below.toml", "axes": axes}, "above", tmp_path)
    found = [(p.experiment.start.seed, p.experiment.training.voltage) for p in campaign.points]
    assert found == [(1, 0.1), (2, 0.1)]
