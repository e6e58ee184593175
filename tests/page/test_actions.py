"""What the buttons do: stop requests, and commands made of a folder and an engine's name alone."""

from __future__ import annotations

import json
import shlex
import shutil
import sys

import pytest

from orchestrator.campaign.monitor import JOBS
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.store import create
from orchestrator.describe.experiment import Experiment
from orchestrator.page import actions
from orchestrator.run.description import read_description
from orchestrator.run.folder import DESCRIPTION, FINISHED, JOURNAL, LOCK, OUTPUT, STOP
from orchestrator.run.locks import locked
from orchestrator.run.notes import write_note


@pytest.fixture
def stopped(folder):
    """The run, stopped in its second training."""
    (folder / FINISHED).unlink()
    journal = folder / "2" / JOURNAL
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))
    return folder


@pytest.fixture
def campaign(root, four_contacts):
    film = Experiment.from_dict(four_contacts)
    return create(Campaign(film, {"start.seed": [3, 4]}, name="many"), root)


@pytest.fixture
def started(monkeypatch):
    """Commands and options of the processes that are started; they go on until told otherwise."""

    begun: list = []

    class Process:
        ended = None

        def __init__(self, command, **options):
            begun.append((command, options))

        def poll(self):
            return Process.ended

    Process.begun = begun
    monkeypatch.setattr(actions.subprocess, "Popen", Process)
    return Process


def redescribe(folder, **changes):
    write_note(folder / DESCRIPTION, read_description(folder) | changes)


def post(client, folder, what):
    kind = "campaigns" if folder.suffix == ".campaign" else "runs"
    return client.post(f"/api/{kind}/{folder.name}/{what}")


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        ({"name": "cpu"}, "cpu"),
        ({"name": "mumax3", "mode": "live"}, "live"),
        ({"name": "mumax3", "mode": "process"}, "mumax3"),
    ],
)
def test_resume_starts_the_command_that_the_page_has_shown(client, stopped, started, engine, name):
    redescribe(stopped, engine=engine)
    shown = client.get(f"/api/runs/{stopped.name}").json()["command"]["words"]
    assert shown == ["orchestrator", "run", str(stopped), "--engine", name]
    assert post(client, stopped, "resume").json() == {"said": "started"}
    ((command, options),) = started.begun
    assert command == [sys.executable, "-m", *shown]
    assert options["start_new_session"] is True
    assert "shell" not in options
    assert (stopped / OUTPUT).read_text() == f"$ {shlex.join(command)}\n"
    assert client.get(f"/api/runs/{stopped.name}").json()["starting"] is True
    again = post(client, stopped, "resume")
    assert (again.status_code, again.text) == (409, "it has just been started\n")
    started.ended = 0
    assert client.get(f"/api/runs/{stopped.name}").json()["starting"] is False
    assert post(client, stopped, "resume").status_code == 200
    assert len(started.begun) == 2
    started.begun.clear()


def test_what_cannot_be_resumed_starts_nothing(client, folder, started):
    assert post(client, folder, "resume").text == "the run is finished\n"
    (folder / FINISHED).unlink()
    with locked(folder / LOCK):
        assert post(client, folder, "resume").text == "the run is running\n"
    for changes, reason in (
        ({"templates": "0123"}, "--templates FOLDER"),
        ({"engine": {"name": "--help; rm -rf /"}, "templates": None}, "none that this program"),
    ):
        redescribe(folder, **changes)
        refused = post(client, folder, "resume")
        assert (refused.status_code, reason in refused.text) == (409, True), refused.text
        told = client.get(f"/api/runs/{folder.name}").json()["command"]
        assert (told["words"], reason in told["reason"]) == (None, True)
    redescribe(folder, engine={"name": "cpu"})
    renamed = folder.rename(folder.with_name("other-00000000"))
    refused = post(client, renamed, "resume")
    assert (refused.status_code, "renamed" in refused.text) == (422, True)
    assert started.begun == []


def test_stop_asks_only_whoever_works(client, stopped):
    refused = post(client, stopped, "stop")
    assert (refused.status_code, "nobody works on it" in refused.text) == (409, True)
    assert not (stopped / STOP).exists()
    with locked(stopped / LOCK):
        assert "next pulse boundary" in post(client, stopped, "stop").json()["said"]
        assert (stopped / STOP).exists()
        assert client.get(f"/api/runs/{stopped.name}").json()["run"]["stopping"] is True


def test_resume_of_a_campaign(client, root, folder, campaign, started):
    path = campaign.path
    assert post(client, path, "resume").status_code == 200
    assert client.post(f"/api/campaigns/{path.name}/resume?failed=too").status_code == 409
    started.ended = 0
    assert client.post(f"/api/campaigns/{path.name}/resume?failed=too").status_code == 200
    words = ["campaign", "resume", str(path), "--engine", "cpu"]
    assert [command[3:] for command, _ in started.begun] == [words, [*words, "--retry-failed"]]
    started.begun.clear()
    (path / JOBS).write_text(json.dumps([]))
    refused = post(client, path, "resume")
    assert (refused.status_code, "--site FILE" in refused.text) == (409, True)
    (path / JOBS).unlink()
    shutil.rmtree(folder)
    view = client.get(f"/api/campaigns/{path.name}").json()
    assert view["command"]["words"][-2:] == ["--engine", "auto"]
    assert started.begun == []
