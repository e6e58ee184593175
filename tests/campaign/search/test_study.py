from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.base.errors import InputError
from orchestrator.campaign.search.folder import create_search, open_study
from orchestrator.campaign.search.spec import SearchCampaign
from orchestrator.campaign.search.study import Spent, carry_out_search
from orchestrator.cli.main import cli
from orchestrator.engines.table import EngineOptions
from orchestrator.run.folder import LOCK
from orchestrator.run.locks import InUseError, locked
from orchestrator.run.results import open_run

optuna = pytest.importorskip("optuna")

TEXT = """
base = "base.toml"
constraints = ["amplitude > 0.012"]
startup = 2

[[ranges]]
name = "amplitude"
key = "training.voltage"
float = [0.01, 0.04]

[[ranges]]
name = "damping"
key = "material.alpha"
choice = [0.5, 1.0]

[[objectives]]
name = "power"
direction = "minimize"
expression = "max(power)"

[budget]
runs = 4
"""


@pytest.fixture
def write(description, write_toml, tmp_path):
    description["output"] = {"snapshots": [], "maps": False}
    write_toml("base.toml", description)

    def text(*changes):
        content = TEXT
        for old, new in changes:
            assert old in content
            content = content.replace(old, new)
        path = tmp_path / "search.toml"
        path.write_text(content)
        return path

    return text


def work(path, root, **options):
    search = SearchCampaign.from_toml(path)
    folder = create_search(search, root)
    with ThreadPoolExecutor(1) as executor:
        study = carry_out_search(search, folder, EngineOptions("cpu", 1), executor, 1, **options)
    return folder, study


def test_a_second_command_on_the_same_search_is_refused(write, tmp_path):
    path = write()
    folder = create_search(SearchCampaign.from_toml(path), tmp_path / "runs")
    with locked(folder / LOCK), pytest.raises(InUseError):
        work(path, tmp_path / "runs")
    assert not open_study(folder).trials


def test_trials_are_runs_with_the_objective_of_their_results(write, tmp_path):
    folder, study = work(write(), tmp_path / "runs")
    done = [t for t in study.trials if t.state.name == "COMPLETE"]
    assert len(done) == 4
    for trial in done:
        (name,) = trial.user_attrs["folders"]
        results = open_run(tmp_path / "runs" / name)
        assert trial.value == float(results.power.max())
        assert trial.params["amplitude"] > 0.012
        assert trial.user_attrs["joules"] == float(results.energy_spent.sum())
        assert trial.user_attrs["values"]["damping"] in (0.5, 1.0)
    assert Spent.of(study).runs == 4
    _, again = work(write(), tmp_path / "runs")
    assert len(again.trials) == len(study.trials)
    _, more = work(write(("runs = 4", "runs = 5")), tmp_path / "runs")
    assert len([t for t in more.trials if t.state.name == "COMPLETE"]) == 5
    assert [p.name for p in (folder / "trials").iterdir()] == []


def test_several_starts_and_objectives(write, tmp_path):
    second = '\n[[objectives]]\nname = "change"\ndirection = "maximize"\n'
    second += 'function = "tests.campaign.search.test_study:largest_change"\n\n[budget]'
    path = write(("startup = 2", "startup = 2\nstarts = 2"), ("\n[budget]", second))
    _, study = work(path, tmp_path / "runs")
    assert Spent.of(study).runs == 4
    for trial in study.trials:
        if trial.state.name == "COMPLETE":
            opened = [open_run(tmp_path / "runs" / f) for f in trial.user_attrs["folders"]]
            assert sorted(r.attrs["seed"] for r in opened) == [3, 4]
            assert trial.values[0] == pytest.approx(sum(float(r.power.max()) for r in opened) / 2)
            assert trial.values[1] == pytest.approx(sum(map(largest_change, opened)) / 2)


def largest_change(results):
    return float(results.max_dm.max())


def test_bad_trials_are_pruned_at_a_pulse_boundary(write, tmp_path, monkeypatch):
    """With a pruner that likes nothing, each trial but the first stops early."""
    monkeypatch.setattr(optuna.trial.Trial, "should_prune", lambda trial: trial.number > 0)
    monkeypatch.setattr("orchestrator.campaign.search.study._POLL", 0.05)  # runs take a second
    long = ('base = "base.toml"', 'base = "base.toml"\nprune = "last(power)"')
    path = write(long, ("startup = 2", 'startup = 2\n[change]\n"training.pulses" = 120'))
    text = path.read_text()
    change = '[change]\n"training.pulses" = 120\n'
    path.write_text(text.replace(change, "") + "\n" + change)
    _, study = work(path, tmp_path / "runs")
    states = [t.state.name for t in study.trials if t.user_attrs]
    assert states == ["COMPLETE"] + 3 * ["PRUNED"]
    for trial in study.trials:
        if trial.state.name == "PRUNED":
            results = open_run(tmp_path / "runs" / trial.user_attrs["folders"][0])
            assert 0 < int(results.power.notnull().sum()) < 120


def test_an_interrupted_trial_is_taken_up_again_and_its_run_reused(write, tmp_path):
    count = []
    _, study = work(
        write(), tmp_path / "runs", stop=lambda: len(count) > 0, told=lambda *_: count.append(1)
    )
    finished = len([t for t in study.trials if t.state.name == "COMPLETE"])
    assert 1 <= finished < 4
    left = [t.params for t in study.trials if t.state.name == "RUNNING"]
    _, study = work(write(), tmp_path / "runs")
    done = [t.params for t in study.trials if t.state.name == "COMPLETE"]
    assert len(done) == 4
    assert all(params in done for params in left)


def test_failed_runs_are_noted_and_do_not_end_the_search(write, tmp_path):
    """A film whose engine fails: the template of a pulse is broken."""
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "pulse.mx3.j2").write_text("Nonsense(1)\n")
    _, study = work(write(), tmp_path / "runs", templates=templates)
    assert [t.state.name for t in study.trials if "runs" in t.user_attrs] == 4 * ["FAIL"]
    assert all("Nonsense" in t.user_attrs["failure"] for t in study.trials if t.user_attrs)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("float = [0.01, 0.04]", "float = [0.04, 0.01]", "must rise"),
        ("training.voltage", "training.volage", "training.voltage"),
        ("choice = [0.5, 1.0]", "choice = [0.5]\nint = [1, 2]", "exactly one of"),
        ("amplitude > 0.012", "amplitud > 0.012", "'amplitud' is none of amplitude, damping"),
        ("max(power)", "open(power)", "open is called"),
        ('expression = "max(power)"', 'function = "os.path:nothing"', "os.path:nothing"),
        ("runs = 4", "", "give runs, hours or joules"),
        ("choice = [0.5, 1.0]", "choice = [-1.0]", "alpha"),
        ("startup = 2", "startp = 2", "did you mean 'startup'"),
        ("startup = 2", "startup = 2\naxes = []", "orchestrator campaign run"),
        ("startup = 2", "startup = true", "startup: Input should be a valid integer (got True)"),
        ("startup = 2", 'name = ["a"]', "name: ['a'] is not"),
        ("startup = 2", "change = [1]", "change: must be a table of dotted keys and values"),
    ],
)
def test_wrong_files_are_refused_before_anything_is_written(write, tmp_path, old, new, words):
    with pytest.raises(InputError, match=re.escape(words)):
        SearchCampaign.from_toml(write((old, new)))


def test_constraints_that_leave_nothing(write, tmp_path):
    with pytest.raises(InputError, match="refuse 1000 trials"):
        work(write(("amplitude > 0.012", "amplitude > 1")), tmp_path / "runs")


def test_command_line_and_figures(write, tmp_path):
    command = ["campaign", "search", str(write()), "--engine", "cpu", "--workers", "1"]
    done = CliRunner().invoke(cli, [*command, "--root", str(tmp_path / "runs")])
    assert done.exit_code == 0, done.output
    assert "best: trial" in done.output
    (folder,) = (tmp_path / "runs").glob("*.search")
    assert {p.name for p in (folder / "figures").iterdir()} >= {"history.png", "slices.png"}
    again = CliRunner().invoke(cli, ["campaign", "search", str(folder), "--plot"])
    assert again.exit_code == 0, again.output


def test_the_shipped_search_is_valid():
    path = Path(__file__).parents[3] / "data" / "searches" / "pulses.toml"
    assert SearchCampaign.from_toml(path).search.budget.runs == 210


def test_two_commands_may_share_a_study(write, tmp_path):
    folder, study = work(write(), tmp_path / "runs")
    assert len(open_study(folder).trials) == len(study.trials)


def test_a_change_that_a_range_overrides_is_refused(write):
    with pytest.raises(InputError, match=r"training.voltage does nothing, since range 'amplitude'"):
        SearchCampaign.from_toml(write(("startup = 2\n", 'change."training.voltage" = 0.1\n')))


def test_folders_of_other_kinds_and_descriptions_are_named(write, tmp_path):
    root = tmp_path / "runs"
    search = SearchCampaign.from_toml(write())
    folder = create_search(search, root)
    other = str(write(("0.04", "0.05")))
    words = ["campaign", "search", other, "--plot", "--root", str(root)]
    missing = CliRunner().invoke(cli, words)
    assert f"{folder.name} there is of another description" in str(missing.exception)
    again = CliRunner().invoke(cli, ["campaign", "search", str(folder), "--engine", "cpu"])
    assert "a search goes on with its file" in str(again.exception)
    status = CliRunner().invoke(cli, ["campaign", "status", str(folder)])
    assert "search --plot` takes a search's folder" in str(status.exception)
