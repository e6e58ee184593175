"""mumax3 itself on a GPU: physics against the embedded engine, a training, speed.

What it promises as an engine is in test_protocol.py.
"""

from __future__ import annotations

import dataclasses
import os
import time

import numpy as np
import pytest

from orchestrator.describe.film import Film
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.live import LiveEngine
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf
from orchestrator.run.execute import is_finished, run
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Workplace

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        os.environ.get("ORCHESTRATOR_GPU_TESTS") != "1",
        reason="needs ORCHESTRATOR_GPU_TESTS=1, mumax3 ($MUMAX3 or PATH) and what it runs on",
    ),
]
QUANTITIES = ("B_exch", "B_anis", "B_eff", "LLtorque", "STTorque", "torque")


@pytest.fixture(scope="module", params=[Mumax3Engine, LiveEngine], ids=["process", "live"])
def engine(request, mumax3_command):
    """Either engine; its self-test runs once."""
    return request.param(mumax3_command)


@pytest.mark.parametrize("name", ["bulk", "interfacial", "plain"])
def test_fields_torques_and_m_agree_with_the_embedded_engine(
    experiment, devices, tmp_path, engine, name
):
    if engine.probe().dialect.name == "3.10" and experiment.film.pbc[2] == 0:
        pytest.skip("3.10 has no DMI at the film faces")
    device = devices[name]
    scripts = Scripts(device, MaxErr=1e-6)
    saves = "".join(f'\tSaveAs({q}, "{q}.ovf")\n' for q in QUANTITIES)
    first = '{\n\tJ.Add(LoadFile("j.ovf"), 1)\n' + saves + '\tSaveAs(m, "m1.ovf")\n\tFlush()\n}\n'
    pulse = scripts.pulse(1, [0.1, -0.1], "j.ovf", 1e-10, "m2.ovf")
    fields = []
    for one in (CpuEngine(), engine):
        folder = tmp_path / one.name
        folder.mkdir()
        session = one.start(scripts.setup(), devices.fill(folder, device), "m0.ovf")
        try:
            session.execute(first, "m1.ovf", [f"{q}.ovf" for q in QUANTITIES])
            session.execute(pulse, "m2.ovf")
        finally:
            session.close()
        fields.append({q: read_ovf(folder / f"{q}.ovf").data for q in (*QUANTITIES, "m2")})
    for q in QUANTITIES:
        largest = np.abs(fields[0][q]).max()
        np.testing.assert_allclose(fields[1][q], fields[0][q], atol=1e-5 * largest + 1e-12)
    np.testing.assert_allclose(fields[1]["m2"], fields[0]["m2"], atol=1e-3)


def test_training_end_to_end(experiment, tmp_path, engine, silent):
    folder = run(experiment, Workplace(tmp_path, engine, silent, lambda: False))
    assert is_finished(folder)
    data = open_run(folder)
    assert not data.power.isnull().any()
    assert '"version"' in data.attrs["engine"]
    wall = data.wall_time.sum(("training", "pulse"))
    outside = 1 - float(wall.sel(stage="engine") / wall.sum())
    print(f"\n{engine.mode}: {100 * outside:.1f} % of the time outside the engine")


def test_pulses_per_minute(experiment, devices, tmp_path, mumax3_command):
    film = Film((100, 100, 1), (5e-9, 5e-9, 1e-6))
    device = dataclasses.replace(experiment.device, film=film)
    rates = {}
    for kind in (Mumax3Engine, LiveEngine):
        folder = tmp_path / kind.mode
        folder.mkdir()
        scripts = Scripts(device)
        one = kind(mumax3_command)
        session = one.start(scripts.setup(), devices.fill(folder, device), "m0.ovf")
        try:
            session.execute(scripts.relax(5e-10, "m1.ovf"), "m1.ovf")
            begin = time.perf_counter()
            for n in range(2, 12):
                block = scripts.pulse(n, [0.1, -0.1], "j.ovf", 5e-11, f"m{n}.ovf")
                session.execute(block, f"m{n}.ovf")
            rates[kind.mode] = 600 / (time.perf_counter() - begin)
        finally:
            session.close()
    ratio = rates["live"] / rates["process"]
    print(f"\npulses per minute: {rates}; live is {ratio:.1f} times as fast as a process for each")
