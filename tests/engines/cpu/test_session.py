"""Sessions of the embedded engine: checked outputs, resumption bit for bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.session import Progress, load_state
from orchestrator.ovf.files import read_ovf, write_ovf

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


def test_a_resumed_session_continues_bit_for_bit(folder: Path) -> None:
    engine = CpuEngine(threads=1)
    session = engine.start(SETUP, folder, "m0.ovf")
    first = session.execute(block(1), "m1.ovf", ["b1.ovf"])
    second = session.execute(block(2), "m2.ovf")
    session.close()
    session.close()
    through = second.magnetization.read_bytes()
    resumed = engine.start(SETUP, folder, "m1.ovf", time=first.time, state=first.state)
    again = resumed.execute(block(2), "m2.ovf")
    resumed.close()
    assert again.magnetization.read_bytes() == through
    assert (again.time, again.steps, again.state) == (second.time, second.steps, second.state)
    assert read_ovf(folder / "m2.ovf").time == pytest.approx(6e-12)
    assert (folder / "b1.ovf").exists()


def test_joined_script_gives_the_same_bits(folder: Path) -> None:
    session = CpuEngine(threads=1).start(SETUP, folder, "m0.ovf")
    session.execute(block(1), "m1.ovf")
    session.execute(block(2), "m2.ovf")
    session.close()
    script = SETUP + load_state("m0.ovf", 0.0) + block(1) + block(2)
    (folder / "all.mx3").write_text(script)
    code = "import sys; from orchestrator.engines.cpu.main import main; sys.exit(main(['all.mx3']))"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True)
    joined = read_ovf(folder / "all.out" / "m2.ovf").data
    np.testing.assert_array_equal(joined, read_ovf(folder / "m2.ovf").data)


def test_a_failing_block_names_statement_and_reason(folder: Path) -> None:
    session = CpuEngine(threads=1).start(SETUP, folder, "m0.ovf")
    with pytest.raises(EngineError, match=r"line 3: .*nowhere.ovf.*cannot be read"):
        session.execute('{\n\n  J.Add(LoadFile("nowhere.ovf"), 1)\n}', "m1.ovf")
    with pytest.raises(EngineError, match=r"no usable output.*m1\.ovf"):
        session.execute("{ Steps(1) }", "m1.ovf")
    session.close()
    with pytest.raises(EngineError, match="closed"):
        session.execute("{ }", "m1.ovf")


def test_nan_in_the_start_is_refused(folder: Path) -> None:
    raw = bytearray((folder / "m0.ovf").read_bytes())
    place = raw.index(b"Data Binary 4\n") + len(b"Data Binary 4\n") + 4
    raw[place : place + 4] = np.array(np.nan, "<f4").tobytes()
    (folder / "nan.ovf").write_bytes(raw)
    with pytest.raises(EngineError, match=r"nan\.ovf: NaN"):
        CpuEngine(threads=1).start(SETUP, folder, "nan.ovf")


def test_progress_and_description(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.engines.cpu.session._PROGRESS_INTERVAL", 0.0)
    seen: list[Progress] = []
    engine = CpuEngine(threads=1)
    session = engine.start(SETUP, folder, "m0.ovf")
    result = session.execute(block(1), "m1.ovf", progress=seen.append)
    session.close()
    assert seen[-1].time == result.time
    assert result.steps == seen[-1].steps > 0
    assert engine.describe()["threads"] == "1"
