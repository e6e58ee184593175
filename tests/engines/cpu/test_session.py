"""Sessions of the embedded engine, beyond what all engines promise (test_protocol.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.ovf.files import write_ovf

CELLS, SIZE = (8, 6, 1), (2e-9, 2e-9, 1e-9)
SETUP = """SetGridSize(8, 6, 1)
SetCellSize(2e-9, 2e-9, 1e-9)
SetPBC(0, 0, 0)
EnableDemag = false
OpenBC = false
Msat = 580e3
Aex = 15e-12
Dbulk = 3e-3
alpha = 0.3
Pol = 0.5
xi = 0.1
SetSolver(5)
MaxErr = 1e-5
OutputFormat = OVF2_BINARY
"""


def block(number: int) -> str:
    return f"""{{
	J.RemoveExtraTerms()
	J.Add(LoadFile("j{number}.ovf"), 1)
	Run(3e-12)
	SaveAs(m, "m{number}.ovf")
	SaveAs(B_exch, "b{number}.ovf")
	Flush()
	print("steps", step)
}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(3)
    write_ovf(tmp_path / "m0.ovf", random.normal(size=(1, 6, 8, 3)), SIZE)
    for number in (1, 2):
        write_ovf(tmp_path / f"j{number}.ovf", 1e12 * random.normal(size=(1, 6, 8, 3)), SIZE)
    return tmp_path


def test_a_resumed_session_has_the_steps_and_state_of_one_that_went_on(folder: Path) -> None:
    engine = CpuEngine(threads=1)
    session = engine.start(SETUP, folder, "m0.ovf")
    first = session.execute(block(1), "m1.ovf", ["b1.ovf"])
    second = session.execute(block(2), "m2.ovf")
    session.close()
    through = second.magnetization.read_bytes()
    resumed = engine.start(SETUP, folder, "m1.ovf", time=first.time, state=first.state)
    again = resumed.execute(block(2), "m2.ovf")
    resumed.close()
    assert again.magnetization.read_bytes() == through
    assert (again.time, again.steps, again.state) == (second.time, second.steps, second.state)


def test_a_failing_block_names_statement_and_reason(folder: Path) -> None:
    session = CpuEngine(threads=1).start(SETUP, folder, "m0.ovf")
    with pytest.raises(EngineError, match=r"line 3: .*nowhere.ovf.*cannot be read"):
        session.execute('{\n\n  J.Add(LoadFile("nowhere.ovf"), 1)\n}', "m1.ovf")
    session.close()
