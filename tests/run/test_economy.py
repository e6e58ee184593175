"""Nothing is done twice: validation, reading of textures, solving."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli.main import cli
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.folder import m_name
from orchestrator.run.workplace import Quiet, Workplace
from orchestrator.transport.network import Network


@pytest.fixture
def count(monkeypatch):
    """Counts the calls of a method by what a function makes of its arguments."""

    def counting(owner, name, key):
        calls: Counter = Counter()
        original = getattr(owner, name)

        def spy(self, *arguments, **more):
            calls[key(self, *arguments)] += 1
            return original(self, *arguments, **more)

        monkeypatch.setattr(owner, name, spy)
        return calls

    return counting


def carry_out(experiment, root):
    return run(experiment, Workplace(root, CpuEngine(1), Quiet(), lambda: False))


def test_an_experiment_is_validated_once_in_a_process(description, write_toml, tmp_path, count):
    file = write_toml("small.toml", description)
    validated = count(Experiment, "__post_init__", lambda self: "times")
    command = ["run", str(file), "--root", str(tmp_path / "runs"), "--engine", "cpu"]
    result = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert result.exit_code == 0
    assert validated["times"] == 1


def test_the_texture_of_a_pulse_is_read_once(experiment, tmp_path, count):
    read = count(Path, "read_bytes", lambda path: path.name)
    carry_out(experiment, tmp_path)
    saved = {name: n for name, n in read.items() if re.fullmatch(r"m_\d{6}\.ovf", name)}
    assert saved.pop(m_name(0)) >= 1
    assert saved == {m_name(number): 1 for number in (1, 2, 3)}


@pytest.mark.parametrize("relax_time", [1e-11, 0.0])
def test_each_texture_is_solved_once(description, tmp_path, count, relax_time):
    description["training"]["relax_time"] = relax_time
    description["probes"] = []
    solved = count(Network, "solve", lambda self, m, *guess: m.tobytes())
    carry_out(Experiment.from_dict(description), tmp_path)
    # two starts of which the first is also the training's, saturation, three pulses, relaxation
    assert sum(solved.values()) == 3 + 4 + bool(relax_time)
    assert sorted(solved.values())[-2:] == [1, 2]
