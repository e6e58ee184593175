"""Trainings with the Oersted field of the current maps."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf
from orchestrator.run.execute import run
from orchestrator.run.folder import JOURNAL
from orchestrator.run.journal import read_journal
from orchestrator.run.rendering import render_experiment
from orchestrator.run.workplace import Workplace
from orchestrator.transport.oersted import OerstedField


def with_training(description, **changes):
    return Experiment.from_dict(description | {"training": description["training"] | changes})


@pytest.fixture
def carry_out(silent):
    def in_folder(experiment, root):
        return run(experiment, Workplace(root, CpuEngine(1), silent, lambda: False))

    return in_folder


def test_field_of_each_map_drives_the_pulse_and_a_replay_has_it(description, tmp_path, carry_out):
    plain = with_training(description)
    experiment = with_training(description, oersted=True)
    folder = carry_out(experiment, tmp_path) / "1"
    field = read_ovf(folder / "b_000002.ovf").data
    j = read_ovf(folder / "j_000002.ovf").data
    expected = OerstedField(experiment.film)(j)
    np.testing.assert_allclose(field, expected, atol=1e-6 * np.abs(expected).max())
    second = read_journal(folder / JOURNAL).pulses[1]
    assert {"j_000002.ovf", "b_000002.ovf"} <= set(second.files)
    end = f"m_{experiment.training.pulses:06d}.ovf"
    without = read_ovf(carry_out(plain, tmp_path) / "1" / end).data
    assert np.abs(read_ovf(folder / end).data - without).max() > 1e-6

    script = render_experiment(experiment, tmp_path, tmp_path / "replay")[0]
    assert script.read_text().count('B_ext.Add(LoadFile("b_00000') == experiment.training.pulses
    assert (script.parent / "b_000002.ovf").read_bytes() == (folder / "b_000002.ovf").read_bytes()
    open_loop = render_experiment(experiment, tmp_path / "none", tmp_path / "open")[0]
    assert (open_loop.parent / "b_initial_000001.ovf").exists()


def test_only_the_option_changes_hash_and_script(description, tmp_path):
    plain = with_training(description)
    assert plain.hash == with_training(description, oersted=False).hash
    assert plain.hash != with_training(description, oersted=True).hash
    assert "B_ext" not in Scripts(plain.device).pulse(1, [0.1, 0.0], "j.ovf", 1e-10, "m.ovf")
