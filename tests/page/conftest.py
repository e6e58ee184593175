"""A finished run of two trainings, and a client that may ask for everything."""

from __future__ import annotations

import shutil

import pytest
from starlette.testclient import TestClient

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.page import board
from orchestrator.page.app import make_app
from orchestrator.page.guard import Keys
from orchestrator.run.execute import run
from orchestrator.run.workplace import Quiet, Workplace

HOST = "127.0.0.1:8765"


@pytest.fixture(scope="session")
def four_contacts(make_description):
    """A 20 x 16 film with a contact in each corner, two trainings of three pulses."""
    film = make_description()
    film["contacts"] = [
        {"name": str(k), "shape": "corner", "corner": corner, "size": 2e-8}
        for k, corner in enumerate(("top left", "top right", "bottom right", "bottom left"), 1)
    ]
    film["training"]["patterns"] = ["+--+", "++-+"]
    return film


@pytest.fixture(scope="session")
def finished(four_contacts, tmp_path_factory):
    """The folder of the finished run."""
    root = tmp_path_factory.mktemp("done")
    place = Workplace(root, CpuEngine(threads=1), Quiet(), lambda: False)
    return run(Experiment.from_dict(four_contacts), place)


@pytest.fixture
def root(finished, tmp_path):
    """A root with that run in it."""
    shutil.copytree(finished, tmp_path / "runs" / finished.name)
    return tmp_path / "runs"


@pytest.fixture
def folder(root, finished):
    return root / finished.name


@pytest.fixture(autouse=True)
def _looks_again(monkeypatch):
    """Each question looks at the folders."""
    monkeypatch.setattr(board, "FRESH", 0.0)


@pytest.fixture
def keys():
    return Keys()


@pytest.fixture
def client(root, keys):
    """Asks as the page does."""
    headers = {"x-token": keys.token, "origin": f"http://{HOST}"}
    with TestClient(
        make_app(root, keys),
        base_url=f"http://{HOST}",
        cookies={keys.cookie: keys.key},
        headers=headers,
        follow_redirects=False,
    ) as client:
        yield client


@pytest.fixture
def row(client):
    """The row of the table of a run."""

    def of(name):
        rows = {row["name"]: row for row in client.get("/api/board").json()["runs"]}
        return rows[name]

    return of
