"""The table of the results' variables: names, units, axes and the documentation come from it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from orchestrator.campaign.columns import RESERVED
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.results import open_run
from orchestrator.run.variables import COLUMNS, read_variables
from orchestrator.run.workplace import Quiet, Workplace

PAGE = Path(__file__).parents[2] / "docs" / "experiments.md"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    from orchestrator.describe.experiment import Experiment

    experiment = Experiment.from_dict(
        {
            "name": "small",
            "film": {"cells": [8, 6, 1], "cell_size": [5e-9, 5e-9, 1e-6]},
            "material": {"Ms": 4.9e5, "Aex": 1e-11, "alpha": 0.5, "P": 0.5},
            "resistivity": {"rho_par": 9e-7, "rho_perp": 1e-7},
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
            "start": {"settle_time": 1e-12},
            "training": {"patterns": ["+-"], "voltage": 0.01, "pulse_length": 1e-12, "pulses": 2},
            "reference": {"starts": 2},
            "output": {"snapshots": [1]},
        }
    )
    root = tmp_path_factory.mktemp("runs")
    return open_run(run(experiment, Workplace(root, CpuEngine(1), Quiet(), lambda: False))).load()


def test_the_dataset_holds_what_the_table_says(dataset):
    assert {column.name for column in COLUMNS} == set(dataset.variables) - set(dataset.dims)
    for column in COLUMNS:
        variable = dataset[column.name]
        assert variable.dims == column.dims, column.name
        assert variable.attrs == {"units": column.units, "long_name": column.long_name}
        assert variable.dtype == np.dtype(column.dtype), column.name
        assert (column.name in dataset.coords) == column.coordinate


def test_no_axis_can_take_a_name_of_the_dataset(dataset):
    assert {str(name) for name in dataset.variables} <= RESERVED
    assert {str(dim) for dim in dataset.dims} <= RESERVED


def test_a_run_that_is_not_there_has_the_same_variables(experiment):
    for name, (dims, values, _) in read_variables(experiment, None).items():
        assert np.isnan(values).all(), name
        assert len(dims) == values.ndim


def test_the_page_shows_the_table():
    rows = [f"| `{c.name}` | {', '.join(c.dims)} | {c.units} | {c.long_name} |" for c in COLUMNS]
    written = re.findall(r"^\| `.*$", PAGE.read_text().partition("## The Dataset")[2], re.M)
    assert written == rows, "the table of docs/experiments.md must be\n" + "\n".join(rows)
