"""What a block asks for, and what an output has to be."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import EngineError
from orchestrator.engines.collect import asked_duration, check_time, collect
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf

SIZE = (1e-9, 1e-9, 1e-9)


def test_duration_of_the_packaged_blocks(experiment):
    scripts = Scripts(experiment.device)
    assert asked_duration(scripts.pulse(1, [0.0], "j.ovf", 5e-11, "m.ovf")) == 5e-11
    assert asked_duration(scripts.relax(1e-9, "m.ovf", alpha=0.5)) == 1e-9


@pytest.mark.parametrize(
    ("block", "duration"),
    [
        ("Run(1e-12); run( 2e-12 ) // for Steps(3)", 3e-12),
        ('Relax(); print("steps", step)', 0.0),
        ("for i := 0; i < 3; i++ { Run(1e-12) }", None),
        ("Run(2 * 1e-12)", None),
        ("Run(1e-12)\nt = 0", None),
        ("RunWhile(maxTorque > 1)", None),
    ],
)
def test_duration_is_known_for_plain_runs_only(block, duration):
    assert asked_duration(block) == (None if duration is None else pytest.approx(duration))


@pytest.mark.parametrize(("time", "passes"), [(5e-12, True), (5.02e-12, True), (4.9e-12, False)])
def test_time_may_overshoot_by_a_step_only(tmp_path, time, passes):
    write_ovf(tmp_path / "m.ovf", np.ones((1, 1, 2, 3)), SIZE, time=1e-9 + time)
    field = read_ovf(tmp_path / "m.ovf")
    if passes:
        check_time(field, tmp_path, 1e-9, "Run(5e-12)")
    else:
        with pytest.raises(EngineError, match=r"had to end at 1\.005e-09 s"):
            check_time(field, tmp_path, 1e-9, "Run(5e-12)")


def test_vectors_of_another_length_do_not_count(tmp_path):
    write_ovf(tmp_path / "m.ovf", np.ones((1, 1, 2, 3)), SIZE)
    with pytest.raises(EngineError, match=r"of length 1\.732"):
        collect(tmp_path / "m.ovf", tmp_path / "n.ovf", (1, 1, 2), unit_length=True)
    assert not (tmp_path / "n.ovf").exists()
