"""Starts are repeated until the interval of their success rate is narrow, and no longer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from orchestrator.base.errors import InputError
from orchestrator.campaign import until as until_module
from orchestrator.campaign.axes.repeats import Until
from orchestrator.campaign.execute import carry_out, tasks_of, to_do
from orchestrator.campaign.spec import Axis, Campaign
from orchestrator.campaign.store import create
from orchestrator.campaign.until import UNTIL, groups, record, unwanted, wanted
from orchestrator.cli.main import cli
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.table import EngineOptions
from orchestrator.run.folder import FAILED, FINISHED
from orchestrator.run.notes import read_note


def axes(**until):
    return [
        Axis(name="v", key="training.voltage", values=[0.01, 0.02]),
        Axis(
            name="seed", key="start.seed", seeds={"entropy": 7, "count": 24}, until=Until(**until)
        ),
    ]


@pytest.fixture
def folder(experiment, tmp_path):
    return create(Campaign(experiment, axes(ci=0.5, batch=4)), tmp_path)


@pytest.fixture
def ranks(monkeypatch):
    """Ranks of the runs by folder; 1 where nothing else is said."""
    table = {}

    def looked_up(_folder, runs, _reference):
        return [table.get(entry.index, [1.0]) for entry in runs]

    monkeypatch.setattr(until_module, "_ranks", looked_up)
    return table


def finish(entries, mark=FINISHED):
    for entry in entries:
        entry.folder.mkdir(exist_ok=True)
        (entry.folder / mark).write_text('{"message": "broken"}')


def test_the_interval_is_wilsons():
    low, high = Until(ci=0.1).interval(5, 10)
    # E. B. Wilson: (p + z^2/2n +- z sqrt(p q/n + z^2/4n^2)) / (1 + z^2/n), z = 1.95996
    assert (low, high) == pytest.approx((0.236593, 0.763407), abs=1e-6)
    assert Until(ci=0.1).interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ci": 0}, "ci must lie between 0 and 1"),
        ({"ci": 0.1, "batch": 0}, "batch must be at least 1"),
        ({"ci": 0.1, "confidence": 1.0}, "confidence must lie"),
        ({"ci": 0.1, "reference": "none"}, "reference"),
        ({}, "ci"),
    ],
)
def test_impossible_conditions_are_refused(experiment, tmp_path, wrong, words):
    content = {"base": experiment.to_dict(), "axes": [
        {"name": "s", "key": "start.seed", "values": [1, 2], "until": wrong}
    ]}  # fmt: skip
    with pytest.raises(InputError, match=words):
        Campaign.from_dict(content, "c.toml", tmp_path)


def test_only_one_axis_repeats(experiment):
    twice = [
        Axis(name="a", key="start.seed", values=[1, 2], until=Until(ci=0.5)),
        Axis(name="b", key="training.voltage", values=[0.1, 0.2], until=Until(ci=0.5)),
    ]
    with pytest.raises(InputError, match="only one may have until, got a, b"):
        Campaign(experiment, twice)


def test_the_folder_tells_campaigns_with_and_without_apart(experiment):
    plain = [axes(ci=0.5)[0], Axis(name="seed", key="start.seed", values=[1, 2])]
    with_it = [plain[0], Axis(name="seed", key="start.seed", values=[1, 2], until=Until(ci=0.5))]
    assert Campaign(experiment, plain).hash != Campaign(experiment, with_it).hash


def test_one_batch_at_a_time_for_each_place(folder, ranks):
    def first_seeds():
        return [[e.index[1] for e in to_do(folder, retry_failed=False) if e.index[0] == k]
                for k in (0, 1)]  # fmt: skip

    assert first_seeds() == [[0, 1, 2, 3]] * 2
    finish(folder.runs[:3])
    assert first_seeds() == [[3], [0, 1, 2, 3]]
    finish(folder.runs[3:4])  # 4 of 4: 0.51 to 1 is 0.49 wide
    assert first_seeds() == [[], [0, 1, 2, 3]]
    ranks |= {(1, 0): [2.0], (1, 1): [3.0]}  # 2 of 4: 0.15 to 0.85
    finish(folder.runs[24:28])
    assert first_seeds() == [[], [4, 5, 6, 7]]
    done, more = groups(folder)
    assert (done.labels, done.runs, done.successes, done.count) == ((0.01,), 4, (4,), (4,))
    assert (done.decision, more.decision) == ("narrow", "goes on")
    assert more.high - more.low == pytest.approx(0.70, abs=0.01)


def test_runs_that_ended_early_do_not_decide(folder, ranks):
    """What later batches have does not count before its turn: no choice by the results."""
    ranks |= {(0, 0): [2.0], (0, 1): [2.0]}
    finish(folder.runs[:3] + folder.runs[4:12])
    assert groups(folder)[0].count == ()
    finish(folder.runs[3:4])  # 2 of 4, then 6 of 8: 0.41 to 0.93, then 10 of 12: 0.55 to 0.95
    assert (groups(folder)[0].successes, groups(folder)[0].decision) == ((10,), "narrow")


def test_failed_runs_and_runs_without_weights_do_not_count(folder, ranks):
    ranks[(0, 1)] = [float("nan")]
    finish(folder.runs[:3])
    finish(folder.runs[3:4], FAILED)
    group = groups(folder)[0]
    assert (group.successes, group.count, group.decision) == ((2,), (2,), "goes on")


def test_each_training_of_a_run_must_be_known(folder, ranks):
    ranks |= {(0, k): [1.0, 1.0 + k % 2] for k in range(24)}
    finish(folder.runs[:4])
    group = groups(folder)[0]
    assert (group.successes, group.count, group.decision) == ((4, 2), (4, 4), "goes on")


def test_without_more_points_it_ends_and_says_so(folder, ranks):
    ranks |= {(0, k): [1.0 + k % 2] for k in range(24)}
    with_more = Until(ci=0.01, batch=4)
    object.__setattr__(folder, "repeated", (1, with_more))
    finish(folder.runs[:24])
    group = groups(folder)[0]
    assert (group.runs, group.successes, group.decision) == (24, (12,), "at most")
    assert all(entry.index[0] == 1 for entry in to_do(folder, retry_failed=False))
    record(folder)
    found = read_note(folder.path / UNTIL, "axis", "until", "groups")
    assert found["axis"] == "seed"
    assert found["until"] == {
        "ci": 0.01, "confidence": 0.95, "reference": "untrained", "batch": 4,
    }  # fmt: skip
    assert found["groups"][0]["successes"] == [12]


def test_what_is_recorded_tells_the_unwanted_runs(folder, ranks):
    ranks |= {(1, 0): [2.0], (1, 1): [3.0]}
    assert unwanted(folder) == set()
    finish(folder.runs[:4] + folder.runs[24:28])  # the second place goes on
    record(folder)
    assert unwanted(folder) == {(0, k) for k in range(4, 24)}


def test_all_runs_are_wanted_without_it(campaign, tmp_path):
    folder = create(campaign, tmp_path)
    assert wanted(folder) == folder.runs
    assert groups(folder) == []


def test_it_is_carried_out_recorded_and_ends(description, tmp_path):
    corners = ("top left", "top right", "bottom right", "bottom left")
    description["contacts"] = [
        {"name": c, "shape": "corner", "corner": c, "size": 1e-8} for c in corners
    ]
    description |= {"probes": [], "output": {"maps": False}, "reference": {"starts": 1}}
    description["training"] |= {"patterns": ["+--+"], "pulses": 1}
    repeated = Axis(
        name="seed", key="start.seed", integers={"start": 0, "count": 6},
        until=Until(ci=0.9, batch=2),
    )  # fmt: skip
    campaign = Campaign(Experiment.from_dict(description), [repeated])
    folder = create(campaign, tmp_path)
    with ThreadPoolExecutor(1) as executor:
        runs = to_do(folder, retry_failed=False)
        carry_out(folder, runs, tasks_of(folder, EngineOptions("cpu", 1)), executor)
    # any 2 results are 0.66 or 0.81 wide
    assert [e.index for e in folder.runs if (e.folder / FINISHED).exists()] == [(0,), (1,)]
    assert to_do(folder, retry_failed=True) == []
    said = CliRunner().invoke(cli, ["campaign", "status", str(folder.path)])
    assert "of 2 (" in said.output and "enough for 0.9" in said.output
    assert "2 finished; 2 of 2 pulses" in said.output
    as_json = CliRunner().invoke(cli, ["campaign", "status", str(folder.path), "--json"])
    found = json.loads(as_json.output)
    assert (found["pulses"], found["total"]) == (2, 2)
    (group,) = found["repeated"]
    assert (group["runs"], group["count"], group["decision"]) == (2, [2], "narrow")
    again = CliRunner().invoke(cli, ["campaign", "resume", str(folder.path), "--engine", "cpu"])
    assert again.exit_code == 0
    assert "2 runs: 2 finished; 4 more are not wanted" in again.output
