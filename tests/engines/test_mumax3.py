"""The process engine, driving real processes.

The embedded engine stands in for the mumax3 binary where none is there: it takes the same flags and
scripts and computes the same physics.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest

from orchestrator.campaign.run import Workplace, is_finished, run
from orchestrator.engines.choose import choose_engine
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.hardware import Gpu
from orchestrator.engines.mumax3 import LOG, Mumax3Engine
from orchestrator.errors import EngineError
from orchestrator.mx3.ovf import read_ovf


def test_process_per_block_gives_the_bits_of_a_fresh_session(started, stand_in):
    setup, block, folder = started
    session = Mumax3Engine(stand_in).start(setup, folder, "m0.ovf", time=2e-10)
    result = session.execute(block, "m1.ovf")
    assert result.time == pytest.approx(2.1e-10)
    assert result.steps is not None
    assert result.steps > 5
    by_process = read_ovf(result.magnetization).data
    other = CpuEngine(1).start(setup, folder, "m0.ovf", time=2e-10)
    np.testing.assert_array_equal(
        by_process, read_ovf(other.execute(block, "m1.ovf").magnetization).data
    )
    other.close()
    session.close()
    assert not (folder / "m1.out").exists()
    assert "//steps" in (folder / LOG).read_text()


def test_provenance_has_version_mode_and_dialect(stand_in):
    about = Mumax3Engine(stand_in).describe()
    assert about["name"] == "mumax3"
    assert about["mode"] == "process"
    assert about["dialect"] == "3.11"
    assert "embedded CPU engine" in about["version"]


def test_a_refused_script_is_traced_to_its_template(started, stand_in):
    setup, block, folder = started
    session = Mumax3Engine(stand_in).start(setup, folder, "m0.ovf")
    wrong = type(block)(block.replace("Flush()", "Flash()"))
    wrong.origins = block.origins
    with pytest.raises(
        EngineError, match=r"undefined: flash(?s:.*)that is `Flash\(\)` \(relax.mx3.j2:13\)"
    ):
        session.execute(wrong, "m1.ovf")


def test_training_by_processes_end_to_end(experiment, tmp_path, stand_in, silent):
    place = Workplace(tmp_path, Mumax3Engine(stand_in), silent, lambda: False)
    assert is_finished(run(experiment, place))


def test_auto_says_which_engine_and_why(monkeypatch):
    monkeypatch.setenv("MUMAX3", "/nowhere/mumax3")
    engine, reason = choose_engine("auto")
    assert engine.name == "cpu"
    assert "no mumax3 binary" in reason
    monkeypatch.setenv("MUMAX3", sys.executable)
    gpus = [Gpu(0, "card A", 8192, 8000, "550"), Gpu(1, "card B", 8192, 8000, "550")]
    monkeypatch.setattr("orchestrator.engines.hardware.find_gpus", lambda: gpus)
    engine, reason = choose_engine("auto", gpu=1)
    assert (engine.name, engine.mode) == ("mumax3", "live")
    assert "GPU 1 (card B)" in reason
    with pytest.raises(EngineError, match="GPU 2: nvidia-smi shows 2"):
        choose_engine("mumax3", gpu=2)
    assert choose_engine("mumax3")[0].mode == "process"
