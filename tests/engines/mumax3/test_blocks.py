"""The process engine, driving real processes.

The embedded engine stands in for the mumax3 binary where none is there: it takes the same flags and
scripts and computes the same physics.
"""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import EngineError, InputError
from orchestrator.base.shipped import shipped
from orchestrator.engines.choose import choose_engine
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.mumax3.blocks import LOG, Mumax3Engine
from orchestrator.engines.mumax3.hardware import Gpu
from orchestrator.engines.table import EngineOptions
from orchestrator.ovf.files import read_ovf


def test_process_per_block_gives_the_bits_of_a_fresh_session(started, stand_in):
    setup, block, folder = started
    engine = Mumax3Engine(stand_in)
    session = engine.start(setup, folder, "m0.ovf", time=2e-10)
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
    assert engine.describe() == engine.describe() | {
        "name": "mumax3",
        "mode": "process",
        "dialect": "3.11",
        "device": "0",
    }
    assert "embedded CPU engine" in engine.describe()["version"]
    assert not (folder / "m1.out").exists()
    assert "//steps" in (folder / LOG).read_text()


def test_a_refused_script_is_traced_to_its_template(started, fake):
    setup, block, folder = started
    session = Mumax3Engine(fake("real()")).start(setup, folder, "m0.ovf")
    wrong = type(block)(block.replace("Flush()", "Flash()"))
    wrong.origins = block.origins
    template = shipped("mx3_templates") / "relax.mx3.j2"
    line = 1 + [text.strip() for text in template.read_text().splitlines()].index("Flush()")
    with pytest.raises(EngineError, match="undefined: Flash") as caught:
        session.execute(wrong, "m1.ovf")
    assert f"that is `Flash()` (relax.mx3.j2:{line})" in str(caught.value)


def test_auto_says_which_engine_and_why(monkeypatch, fake):
    monkeypatch.setenv("MUMAX3", "/nowhere/mumax3")
    choice = choose_engine()
    assert (choice.engine.name, choice.kind.name) == ("cpu", "cpu")
    assert "no mumax3 binary" in choice.reason
    monkeypatch.setenv("MUMAX3", fake("real()")[0])
    gpus = [Gpu(0, "card A", 8192, 8000, "550"), Gpu(1, "card B", 8192, 8000, "550")]
    monkeypatch.setattr("orchestrator.engines.mumax3.hardware.find_gpus", lambda: gpus)
    choice = choose_engine(EngineOptions(gpu=1))
    assert (choice.kind.name, choice.engine.name, choice.engine.mode) == ("live", "mumax3", "live")
    assert "GPU 1 (card B)" in choice.reason
    with pytest.raises(InputError, match=r"GPU 2: nvidia-smi shows 2 \(0: card A, 8\.0 GiB; 1: "):
        choose_engine(EngineOptions("mumax3", gpu=2))
    assert choose_engine(EngineOptions("mumax3")).engine.mode == "process"
