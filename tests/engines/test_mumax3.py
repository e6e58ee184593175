"""The process engine, driving real processes.

The embedded engine stands in for the mumax3 binary where none is there: it takes the same flags and
scripts and computes the same physics. Faults are injected by wrappers around it.
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from orchestrator.campaign.run import Workplace, is_finished, run
from orchestrator.engines.choose import choose_engine
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.mumax3 import Mumax3Engine, find_gpu, find_mumax3
from orchestrator.errors import EngineError
from orchestrator.mx3.ovf import read_ovf, write_ovf
from orchestrator.mx3.script import Scripts

STAND_IN = [sys.executable, "-c", "from orchestrator.cli import main; main()", "mx3"]


class Silent:
    def stage(self, title, duration, done=0.0):
        pass

    def progress(self, progress):
        pass

    def pulse(self, pattern, record):
        pass


@pytest.fixture
def started(experiment, tmp_path):
    """Setup, a relaxation block and a folder with the initial magnetization."""
    m0 = experiment.initial_magnetization(1)
    write_ovf(tmp_path / "m0.ovf", m0, experiment.film.cell_size)
    scripts = Scripts(experiment.device)
    return scripts.setup(), scripts.relax(1e-11, "m1.ovf"), tmp_path


def wrapper(tmp_path: Path, body: str) -> list[str]:
    """An executable that does `body` in Python with mumax3's arguments in sys.argv."""
    path = tmp_path / "fake-mumax3"
    path.write_text(f"#!{sys.executable}\nimport sys, os, time, subprocess\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return [str(path)]


REAL = f"code = subprocess.run({STAND_IN!r} + sys.argv[1:]).returncode\nout = sys.argv[-2]\n"


def test_process_per_block_gives_the_bits_of_a_fresh_session(started):
    setup, block, folder = started
    session = Mumax3Engine(STAND_IN).start(setup, folder, "m0.ovf", time=2e-10)
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
    assert not (folder / "m1.out").exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("print('CUDA_ERROR_NO_DEVICE'); sys.exit(1)", "exit code 1:\nCUDA_ERROR_NO_DEVICE"),
        ("sys.exit(2)", "exit code 2"),
        ("os.kill(os.getpid(), 9)", "killed by signal 9"),
        ("sys.exit(0)", "no usable output"),
        (REAL + "os.truncate(out + '/m1.ovf', 900)", "truncated OVF"),
        (REAL + "os.truncate(out + '/m1.ovf', 0)", "not an OVF file"),
        (
            REAL + "f = open(out + '/m1.ovf', 'r+b'); raw = f.read()\n"
            "f.seek(raw.index(b'Binary 4') + 13); f.write(b'\\xff' * 12)",
            "NaN",
        ),
    ],
)
def test_faults_name_their_cause_and_leave_the_state(started, tmp_path, body, words):
    setup, block, folder = started
    before = (folder / "m0.ovf").read_bytes()
    session = Mumax3Engine(wrapper(tmp_path, body)).start(setup, folder, "m0.ovf")
    with pytest.raises(EngineError, match=words):
        session.execute(block, "m1.ovf")
    assert not (folder / "m1.ovf").exists()
    assert (folder / "m0.ovf").read_bytes() == before


def test_hanging_process_is_killed_with_its_children(started, tmp_path):
    setup, block, folder = started
    body = (
        "child = subprocess.Popen(['sleep', '600'])\n"
        "open('child', 'w').write(str(child.pid))\ntime.sleep(600)"
    )
    session = Mumax3Engine(wrapper(tmp_path, body), time_limit=1.5).start(setup, folder, "m0.ovf")
    with pytest.raises(EngineError, match=r"longer than 1.5 s"):
        session.execute(block, "m1.ovf")
    state = Path(f"/proc/{(folder / 'child').read_text()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_missing_binary(started):
    setup, block, folder = started
    with pytest.raises(EngineError, match="cannot be started"):
        Mumax3Engine("/nowhere/mumax3").start(setup, folder, "m0.ovf").execute(block, "m1.ovf")


def test_training_by_processes_end_to_end(experiment, tmp_path):
    place = Workplace(tmp_path, Mumax3Engine(STAND_IN), Silent(), lambda: False)
    assert is_finished(run(experiment, place))


def test_auto_says_which_engine_and_why(monkeypatch):
    monkeypatch.setenv("MUMAX3", "/nowhere/mumax3")
    engine, reason = choose_engine("auto")
    assert engine.name == "cpu"
    assert "no mumax3 binary" in reason
    monkeypatch.setenv("MUMAX3", sys.executable)
    monkeypatch.setattr("orchestrator.engines.mumax3.find_gpu", lambda: "a GPU")
    engine, reason = choose_engine("auto")
    assert engine.name == "mumax3"
    assert "a GPU" in reason


@pytest.mark.gpu
@pytest.mark.skipif(
    find_mumax3() is None or find_gpu() is None, reason="needs a mumax3 binary and an NVIDIA GPU"
)
def test_mumax3_agrees_with_the_embedded_engine_cell_by_cell(experiment, tmp_path):
    m0 = experiment.initial_magnetization(1)
    write_ovf(tmp_path / "m0.ovf", m0, experiment.film.cell_size)
    scripts = Scripts(experiment.device, MaxErr=1e-6)
    fields = {}
    for engine in (CpuEngine(1), Mumax3Engine(find_mumax3())):
        session = engine.start(scripts.setup(), tmp_path, "m0.ovf")
        settled = session.execute(scripts.relax(2e-11, "m1.ovf"), "m1.ovf").magnetization
        j = np.full((*experiment.film.shape, 3), 1e12)
        write_ovf(tmp_path / "j.ovf", j, experiment.film.cell_size, title="j", unit="A/m2")
        block = scripts.pulse(1, [0.0, 0.0], "j.ovf", 1e-10, "m2.ovf")
        fields[engine.name] = (
            read_ovf(settled).data,
            read_ovf(session.execute(block, "m2.ovf").magnetization).data,
        )
        session.close()
    for a, b in zip(fields["cpu"], fields["mumax3"], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)
