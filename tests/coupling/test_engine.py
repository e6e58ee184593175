"""Sessions of a coupled script: its outputs go on over pulses, on every engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from orchestrator.base.errors import EngineError
from orchestrator.coupling.engine import CoupledEngine
from orchestrator.coupling.prepared import Prepared
from orchestrator.coupling.script import read_script
from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.live import LiveEngine
from orchestrator.ovf.files import read_ovf, write_ovf

from .conftest import MUMAX3, REAL, TWO_MATERIALS, prepared_there

LENGTH = 1e-11
"""Of the pulses, s."""


def block(number: int) -> str:
    lines = [
        "J.RemoveExtraTerms()",
        f'J.Add(LoadFile("j{number}.ovf"), 1)',
        f"Run({LENGTH!r})",
        f'SaveAs(m, "m_{number:06d}.ovf")',
        "Flush()",
    ]
    return "{\n\t" + "\n\t".join(lines) + "\n}\n"


class Folder:
    """A folder with the first texture and the maps of some pulses."""

    def __init__(self, path: Path, prepared: Prepared) -> None:
        path.mkdir()
        self.path = path
        shutil.copyfile(prepared.folder / "m.ovf", path / "m_000000.ovf")
        m = prepared.field("m")
        for number in (1, 2, 3):
            j = np.zeros_like(m.data)
            j[..., 0] = number * 1e12
            write_ovf(path / f"j{number}.ovf", j, m.cell_size, title="j", unit="A/m2")

    def run(self, engine: CoupledEngine, first: int = 1, last: int = 3, state=None, time=0.0):
        session = engine.start("", self.path, f"m_{first - 1:06d}.ovf", time=time, state=state)
        try:
            for number in range(first, last + 1):
                result = session.execute(block(number), f"m_{number:06d}.ovf")
        finally:
            session.close()
        return result

    def written(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.path / "out").iterdir()}

    def table(self) -> np.ndarray:
        return np.loadtxt(self.path / "out" / "table.txt", ndmin=2)


@pytest.fixture
def prepared(script, cpu, tmp_path):
    return prepared_there(script, cpu, tmp_path / "root")


@pytest.fixture(params=["cpu", pytest.param("process", marks=pytest.mark.slow)])
def engine(request, cpu, prepared):
    return CoupledEngine(cpu if request.param == "cpu" else Mumax3Engine(MUMAX3), prepared)


def check_numbers(folder: Folder, pulses: int) -> None:
    """Files are numbered without a gap; m is saved each 8 ps after the one of the preparation."""
    names = sorted(folder.written())
    m, z = ([n for n in names if n.startswith(start)] for start in ("m0", "m_z"))
    assert m == [f"m{n:06d}.ovf" for n in range(len(m))]
    assert z == [f"m_z{n:06d}.ovf" for n in range(len(z))]
    saved = [read_ovf(folder.path / "out" / name).time for name in m]
    due = [0, *np.arange(0, pulses * LENGTH, 8e-12)]
    np.testing.assert_allclose(saved, due, atol=1.5e-12)


def test_tables_and_files_go_on_over_pulses(engine, prepared, tmp_path):
    """Due times are those of the script: each 2 ps a row, each 8 ps m, each 5 ps its z."""
    folder = Folder(tmp_path / "run", prepared)
    result = folder.run(engine, last=2)
    assert result.time == pytest.approx(2e-11, rel=1e-6)
    times = folder.table()[:, 0]
    due = np.arange(10) * 2e-12
    assert (np.diff(times) > 0).all()
    assert (times[:10] >= due - 1e-20).all()
    np.testing.assert_allclose(times[:10], due, atol=1.5e-12)
    check_numbers(folder, 2)


@pytest.mark.parametrize("table", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_live_process_goes_on_and_leaves_tables_to_processes(write, cpu, tmp_path, caplog, table):
    text = TWO_MATERIALS if table else TWO_MATERIALS.replace("TableAutoSave(2e-12)\n", "")
    prepared = prepared_there(read_script(write(text)), cpu, tmp_path / "root")
    folder = Folder(tmp_path / "run", prepared)
    folder.run(CoupledEngine(LiveEngine(MUMAX3), prepared), last=2)
    check_numbers(folder, 2)
    assert ("table.txt" in folder.written()) == table
    assert ("one process for each block" in caplog.text) == table


def test_a_session_that_stopped_goes_on_with_the_same_bits(engine, prepared, tmp_path):
    """Field, table and files, though the killed one had begun the next pulse's outputs."""
    through = Folder(tmp_path / "through", prepared)
    whole = through.run(engine)
    stopped = Folder(tmp_path / "stopped", prepared)
    first = stopped.run(engine, last=1)
    with open(stopped.path / "out" / "table.txt", "ab") as file:
        file.write(b"1.1e-11\t0.5")
    (stopped.path / "out" / "m000003.ovf").write_bytes(b"torn")
    (stopped.path / "out" / "m_z000009.ovf").write_bytes(b"torn")
    last = stopped.run(engine, first=2, state=first.state, time=first.time)
    if REAL and engine.name == "mumax3":
        np.testing.assert_allclose(last.field.data, whole.field.data, rtol=0, atol=1e-5)
        assert stopped.written().keys() == through.written().keys()
        return
    assert last.time == whole.time
    assert last.field.crc32 == whole.field.crc32
    assert stopped.written() == through.written()
    assert last.state == whole.state


def test_one_pulse_without_current_is_the_script_itself(cpu, write, tmp_path):
    """Field, table and files of a script run by itself, to the last bit."""
    from orchestrator.engines.cpu.main import parse_arguments, run_file

    text = TWO_MATERIALS.replace("Run(1e-9)\nTableSave()", 'Run(3e-11)\nSaveAs(m, "end.ovf")')
    path = write(text)
    flags = parse_arguments(["-o", str(tmp_path / "alone"), "-v=false"]).flags
    assert run_file(str(path), flags) == 0
    prepared = prepared_there(read_script(path), cpu, tmp_path / "root")
    folder = Folder(tmp_path / "run", prepared)
    zero = np.zeros_like(prepared.field("m").data)
    write_ovf(folder.path / "j1.ovf", zero, (4e-9,) * 3, title="j", unit="A/m2")
    session = CoupledEngine(cpu, prepared).start("", folder.path, "m_000000.ovf")
    result = session.execute(block(1).replace(repr(LENGTH), "3e-11"), "m_000001.ovf")
    session.close()
    np.testing.assert_array_equal(result.field.data, read_ovf(tmp_path / "alone" / "end.ovf").data)
    alone = {p.name: p.read_bytes() for p in (tmp_path / "alone").iterdir()}
    del alone["log.txt"], alone["end.ovf"]
    assert folder.written() == alone


def test_a_field_that_follows_t_goes_on(cpu, write, tmp_path):
    """m precesses in B(t) = B0 sin(w t) z by the angle gamma times the integral of B."""
    text = (
        "SetGridSize(2, 2, 1)\nSetCellSize(4e-9, 4e-9, 4e-9)\nMsat = 8e5\nEnableDemag = false\n"
        "alpha = 0\nm = Uniform(1, 0, 0)\nw := 2*pi*1e10\nB_ext = vector(0, 0, 0.3*sin(w*t))\n"
        "MaxErr = 1e-7\n"
    )
    prepared = prepared_there(read_script(write(text)), cpu, tmp_path / "root")
    folder = Folder(tmp_path / "run", prepared)
    engine = CoupledEngine(cpu, prepared)
    first = folder.run(engine, last=1)
    result = folder.run(engine, first=2, last=3, state=first.state, time=first.time)
    w = 2 * np.pi * 1e10
    angle = 1.7595e11 * 0.3 * (1 - np.cos(w * result.time)) / w
    expected = [np.cos(angle), np.sin(angle), 0]
    np.testing.assert_allclose(result.field.data[0, 0, 0], expected, atol=2e-5)


def test_each_pulse_has_a_thermal_field_of_its_own_that_resuming_repeats(cpu, write, tmp_path):
    text = TWO_MATERIALS.replace("Run(1e-9)", "Temp = 300\nThermSeed(7)\nFixDt = 1e-12\nRun(1e-9)")
    prepared = prepared_there(read_script(write(text)), cpu, tmp_path / "root")
    assert prepared.thermal == "7"
    engine = CoupledEngine(cpu, prepared)
    through = Folder(tmp_path / "through", prepared)
    whole = through.run(engine, last=2)
    stopped = Folder(tmp_path / "stopped", prepared)
    first = stopped.run(engine, last=1)
    again = stopped.run(engine, first=2, last=2, state=first.state, time=first.time)
    assert again.field.crc32 == whole.field.crc32


def test_a_script_without_outputs_needs_none(cpu, write, tmp_path):
    path = write(TWO_MATERIALS.split("m = Uniform")[0])
    prepared = prepared_there(read_script(path), cpu, tmp_path / "root")
    folder = Folder(tmp_path / "run", prepared)
    folder.run(CoupledEngine(cpu, prepared), last=1)
    assert folder.written() == {}


@pytest.mark.slow
def test_a_fault_in_the_setup_names_the_script_and_its_line(prepared, tmp_path):
    folder = Folder(tmp_path / "run", prepared)
    engine = CoupledEngine(Mumax3Engine(MUMAX3), prepared)
    session = engine.start("", folder.path, "m_000000.ovf")
    (folder.path / "j1.ovf").unlink()
    with pytest.raises(EngineError, match=r"j1\.ovf"):
        session.execute(block(1), "m_000001.ovf")
    session.close()
