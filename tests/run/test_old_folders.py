"""Run folders of earlier versions open with the values that those versions saw, and go on.

Each archive of `old_folders/` was written by the version of its name, or by what it was in that
month: a finished run (`whole`), one that was stopped after the first pulse of its second training
(`half`), the experiment, and what `open_run` gave of the finished one.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from orchestrator import open_run
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.check import find_damage
from orchestrator.run.execute import is_finished, run
from orchestrator.run.folder import JOURNAL
from orchestrator.run.workplace import Quiet, Workplace

RENAMED = {"0.1.0": {"time": "time_end"}}
"""Variables that have another name today, by the version."""
ARCHIVES = sorted((Path(__file__).parent / "old_folders").glob("*.zip"))


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.stem)
def place(request, tmp_path):
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(tmp_path)
    (tmp_path / "renamed.json").write_text(json.dumps(RENAMED.get(request.param.stem, {})))
    return tmp_path


def folder_in(root):
    (description,) = root.glob("*/description.json")
    return description.parent


def test_values_are_those_that_the_version_saw(place):
    folder = folder_in(place / "whole")
    assert is_finished(folder)
    assert find_damage(folder) == []
    results = open_run(folder).load()
    wanted = json.loads((place / "values.json").read_text())
    renamed = json.loads((place / "renamed.json").read_text())
    assert len(wanted) >= 10
    for name, known in wanted.items():
        if name.endswith("_sum"):
            found = float(np.abs(results[name.removesuffix("_sum")].values).sum())
            assert found == pytest.approx(known, rel=1e-12)
        else:
            values = np.array(known["values"], float)
            found = results[renamed.get(name, name)].values
            scale = float(np.abs(values).max())
            np.testing.assert_allclose(found, values, rtol=0, atol=1e-14 * scale, err_msg=name)


def test_an_unfinished_run_goes_on_and_keeps_what_was_committed(place):
    folder = folder_in(place / "half")
    experiment = Experiment.from_toml(place / "small.toml")
    before = [path.read_bytes() for path in sorted(folder.glob(f"*/{JOURNAL}"))]
    assert not is_finished(folder)
    workplace = Workplace(place / "half", CpuEngine(threads=1), Quiet(), lambda: False)
    assert run(experiment, workplace) == folder
    after = [path.read_bytes() for path in sorted(folder.glob(f"*/{JOURNAL}"))]
    assert after[0].startswith(before[0])
    assert after[1].startswith(before[1])
    assert is_finished(folder)
    assert find_damage(folder) == []
    whole = open_run(folder_in(place / "whole")).load()
    gone_on = open_run(folder).load()
    for name in ("conductance", "energy"):
        scale = float(np.abs(whole[name]).max())
        np.testing.assert_allclose(gone_on[name], whole[name], rtol=0, atol=1e-6 * scale)
