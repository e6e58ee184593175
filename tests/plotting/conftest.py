"""A short run with four contacts, kept states and a hole, as Datasets for the figures."""

from __future__ import annotations

import pytest

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Workplace

CORNERS = ("top left", "top right", "bottom right", "bottom left")


@pytest.fixture(scope="session")
def four_contacts(make_description):
    """Description of a 20 x 16 film with a hole, two trainings of three pulses, all states kept."""
    film = make_description()
    film["contacts"] = [
        {"name": str(k), "shape": "corner", "corner": corner, "size": 2e-8}
        for k, corner in enumerate(CORNERS, start=1)
    ]
    hole = {"shape": "disc", "center": [5e-8, 4e-8], "radius": 1.2e-8}
    film["regions"] = [{"name": "hole", "medium": "vacuum", "area": hole}]
    film["training"]["patterns"] = ["+--+", "++-+"]
    film["output"] = {"snapshots": [0, 1, 2, 3]}
    return film


@pytest.fixture(scope="session")
def run_folder(four_contacts, silent, tmp_path_factory):
    """The finished run."""
    root = tmp_path_factory.mktemp("plotted")
    place = Workplace(root, CpuEngine(threads=1), silent, lambda: False)
    return run(Experiment.from_dict(four_contacts), place)


@pytest.fixture
def dataset(run_folder):
    return open_run(run_folder)
