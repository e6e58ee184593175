"""What every engine promises of its sessions, whichever it is.

`process` and `live` drive the embedded engine, which takes mumax3's flags, scripts and requests.
With ORCHESTRATOR_GPU_TESTS=1 they drive mumax3 itself ($MUMAX3 or the one on PATH), whose numbers
need not repeat to the last bit.
"""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.live import LiveEngine
from orchestrator.engines.session import Progress, load_state
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf

pytestmark = pytest.mark.usefixtures("no_orphan")

PULSE = 1e-11
"""Duration of the pulses of the fixture `pulses`, s."""
ONLY_SAVE = '{\n\tSaveAs(m, "same.ovf")\n\tFlush()\n}\n'


@pytest.fixture(scope="module", params=["cpu", "process", "live"])
def engine(request, mumax3_command):
    """Any engine; the self-test of mumax3's runs once."""
    if request.param == "cpu":
        return CpuEngine(threads=1)
    return {"process": Mumax3Engine, "live": LiveEngine}[request.param](mumax3_command)


@pytest.fixture
def same(real_mumax3):
    """Compares fields: bit for bit, or where a GPU computes them to rounding."""
    tolerance = 1e-5 if real_mumax3 else 0.0
    return lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


@pytest.fixture
def session(engine, pulses):
    """A session at the first of the three pulses, at a time that is not zero."""
    session = engine.start(pulses.setup, pulses.folder, "m0.ovf", time=2e-10)
    yield session
    session.close()


def test_a_session_starts_from_the_given_texture_and_time(session, pulses):
    """Nothing but its length and its 4-byte numbers may change m."""
    result = session.execute(ONLY_SAVE, "same.ovf")
    saved, given = (read_ovf(pulses.folder / name) for name in ("same.ovf", "m0.ovf"))
    assert result.magnetization == pulses.folder / "same.ovf"
    assert result.time == pytest.approx(2e-10, rel=1e-6)
    assert result.steps in (0, None)
    assert saved.time == pytest.approx(2e-10, rel=1e-6)
    np.testing.assert_allclose(saved.data, given.data, atol=2e-7)


def test_blocks_carry_time_and_state_on(session, engine, pulses, undisturbed, same):
    """The fields are those of a process for each pulse; the current of a block is its own.

    To rounding by the embedded engine, which carries the time step from block to block.
    """
    times = [session.execute(b, f"m{n}.ovf").time for n, b in enumerate(pulses.blocks, start=1)]
    assert times == pytest.approx([2e-10 + n * PULSE for n in (1, 2, 3)], rel=1e-6)
    for found, wanted in zip(pulses.fields(), undisturbed, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
        if engine.name == "mumax3":
            same(found, wanted)
    assert np.abs(undisturbed[2] - undisturbed[1]).max() > 1e-3


def test_a_new_session_goes_on_where_another_ended(engine, pulses, same):
    """A run that stopped and goes on is the run that never stopped."""
    session = engine.start(pulses.setup, pulses.folder, "m0.ovf")
    first = session.execute(pulses.blocks[0], "m1.ovf")
    through = session.execute(pulses.blocks[1], "m2.ovf")
    session.close()
    field = read_ovf(through.magnetization).data
    resumed = engine.start(
        pulses.setup, pulses.folder, "m1.ovf", time=first.time, state=first.state
    )
    again = resumed.execute(pulses.blocks[1], "m2.ovf")
    resumed.close()
    same(read_ovf(again.magnetization).data, field)
    assert again.time == pytest.approx(through.time, rel=1e-6)
    assert set(again.state) == set(through.state)


def test_further_outputs_are_brought_into_the_folder(session, pulses):
    block = pulses.blocks[0].replace("\tFlush()", '\tSaveAs(B_exch, "exchange.ovf")\n\tFlush()')
    assert "exchange.ovf" in block
    session.execute(block, "m1.ovf", ["exchange.ovf"])
    exchange = read_ovf(pulses.folder / "exchange.ovf")
    assert exchange.data.shape == read_ovf(pulses.folder / "m1.ovf").data.shape
    assert np.abs(exchange.data).max() > 1e-3
    with pytest.raises(EngineError, match="no usable output"):
        session.execute(pulses.blocks[1], "m2.ovf", ["nowhere.ovf"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("Run(", "Rum("), "undefined: Rum"),
        (("j1.ovf", "nowhere.ovf"), r"nowhere\.ovf"),
        (('"m1.ovf"', '"elsewhere.ovf"'), r"no usable output(?s:.*)m1\.ovf"),
    ],
    ids=["unknown name", "no such file", "m not saved"],
)
def test_an_error_in_a_block_is_named_and_saves_nothing(session, pulses, wrong, words):
    block = type(pulses.blocks[0])(pulses.blocks[0].replace(*wrong))
    block.origins = pulses.blocks[0].origins
    assert block != pulses.blocks[0]
    with pytest.raises(EngineError, match=words):
        session.execute(block, "m1.ovf")
    assert not (pulses.folder / "m1.ovf").exists()


def test_after_an_error_a_new_session_goes_on(session, engine, pulses, undisturbed, same):
    with pytest.raises(EngineError, match="undefined: Nothing"):
        session.execute("{\n\tNothing()\n}\n", "m1.ovf")
    session.close()
    same(pulses.run(engine, last=1)[0], undisturbed[0])


def test_a_texture_that_is_no_number_is_refused(engine, pulses):
    raw = bytearray((pulses.folder / "m0.ovf").read_bytes())
    place = raw.index(b"Data Binary 4\n") + len(b"Data Binary 4\n") + 4
    raw[place : place + 4] = np.array(np.nan, "<f4").tobytes()
    (pulses.folder / "nan.ovf").write_bytes(raw)
    with (
        pytest.raises(EngineError, match="NaN"),
        closing(engine.start(pulses.setup, pulses.folder, "nan.ovf")) as session,
    ):
        session.execute(pulses.blocks[0], "m1.ovf")
    assert not (pulses.folder / "m1.ovf").exists()


def test_closing_leaves_the_saved_files_only_and_ends_the_session(engine, pulses):
    before = {path.name for path in pulses.folder.iterdir()}
    session = engine.start(pulses.setup, pulses.folder, "m0.ovf")
    session.execute(pulses.blocks[0], "m1.ovf")
    session.close()
    session.close()
    after = {path.name for path in pulses.folder.iterdir()}
    assert after - before <= {"m1.ovf", "mumax3.log", "engine.out"}
    with pytest.raises(EngineError, match="closed"):
        session.execute(pulses.blocks[1], "m2.ovf")


def test_progress_ends_at_the_end_of_the_block(session, pulses, monkeypatch):
    monkeypatch.setattr("orchestrator.engines.cpu.session._PROGRESS_INTERVAL", 0.0)
    seen: list[Progress] = []
    result = session.execute(pulses.blocks[0], "m1.ovf", progress=seen.append)
    assert seen[-1].time == pytest.approx(result.time, rel=1e-6)
    assert [p.time for p in seen] == sorted(p.time for p in seen)
    assert result.steps == seen[-1].steps > 0
    assert result.wall > 0


def test_setup_state_and_blocks_joined_are_one_script(engine, pulses, mumax3_command, same):
    """The program itself replays a run from the text of its session."""
    fields = pulses.run(engine, last=2)
    parts = [pulses.setup, load_state("m0.ovf", 0.0), *pulses.blocks[:2]]
    (pulses.folder / "all.mx3").write_text("".join(parts))
    command = [*mumax3_command, "-http", "", "all.mx3"]
    subprocess.run(command, cwd=pulses.folder, check=True, capture_output=True)
    for n, field in enumerate(fields, start=1):
        joined = read_ovf(pulses.folder / "all.out" / f"m{n}.ovf").data
        np.testing.assert_allclose(joined, field, rtol=0, atol=1e-5)


def test_description_says_what_computed(engine, real_mumax3):
    about = engine.describe()
    assert all(isinstance(value, str) and value for value in about.values())
    assert about["version"]
    if engine.name == "cpu":
        assert about["threads"] == "1"
    else:
        assert (about["name"], about["mode"]) == ("mumax3", engine.mode)
        assert about["dialect"] == "3.11" or real_mumax3
        assert ("embedded CPU engine" in about["version"]) != real_mumax3


@pytest.mark.parametrize("name", ["bulk", "interfacial", "plain", "demag", "layers"])
def test_scripts_of_every_template_run(engine, devices, real_mumax3, name, tmp_path: Path):
    if engine.name != "cpu" and not real_mumax3:
        pytest.skip("the stand-in is the embedded engine, which is tried without a process")
    device = devices[name]
    scripts = Scripts(device, MaxDt=1e-12)
    session = engine.start(scripts.setup(), devices.fill(tmp_path, device), "m0.ovf")
    try:
        settled = session.execute(scripts.relax(2e-12, "m1.ovf", alpha=1.0), "m1.ovf")
        pulse = scripts.pulse(1, [0.1, -0.1], "j.ovf", 2e-12, "m2.ovf")
        assert session.execute(pulse, "m2.ovf").time == pytest.approx(4e-12, rel=0.01)
        assert settled.steps > 0
        ends = [read_ovf(tmp_path / f"m{n}.ovf").data for n in (1, 2)]
        assert np.abs(ends[1] - ends[0]).max() > 1e-3
    finally:
        session.close()
