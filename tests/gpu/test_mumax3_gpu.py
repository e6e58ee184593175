"""mumax3 itself on a GPU: scripts, physics against the embedded engine, both engines, speed."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.hardware import find_gpus, find_mumax3
from orchestrator.engines.mumax3.live import LiveEngine
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.run.execute import is_finished, run
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Workplace

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        find_mumax3() is None or not find_gpus(),
        reason="needs a mumax3 binary ($MUMAX3 or PATH) and an NVIDIA GPU that nvidia-smi shows",
    ),
]
QUANTITIES = ("B_exch", "B_anis", "B_eff", "LLtorque", "STTorque", "torque")


@pytest.fixture(scope="module", params=[Mumax3Engine, LiveEngine], ids=["process", "live"])
def engine(request):
    """Either engine; its self-test runs once."""
    return request.param(find_mumax3())


def folder_of(device: Device, folder, seed: int = 1):
    rng = np.random.default_rng(seed)
    film = device.film
    m0 = rng.normal(size=(*film.shape, 3))
    m0 /= np.linalg.norm(m0, axis=-1, keepdims=True)
    write_ovf(folder / "m0.ovf", m0, film.cell_size)
    j = rng.normal(scale=1e12, size=(*film.shape, 3))
    write_ovf(folder / "j.ovf", j, film.cell_size, title="j", unit="A/m2")
    return folder


def devices(device: Device) -> dict[str, Device]:
    """One device for every branch of the packaged templates."""
    material = device.material
    interfacial = dataclasses.replace(material, Dbulk=0.0, Dind=1e-3, axis=(1.0, 0.0, 0.0), xi=0.1)
    plain = dataclasses.replace(material, Dbulk=0.0, Ku1=0.0)
    layers = Film((12, 10, 2), (5e-9, 5e-9, 5e-9), pbc=(0, 0, 0))
    return {
        "bulk": device,
        "interfacial": dataclasses.replace(device, material=interfacial),
        "plain": dataclasses.replace(device, material=plain),
        "demag": dataclasses.replace(
            device, film=layers, material=dataclasses.replace(plain, demag=True)
        ),
        "layers": dataclasses.replace(device, film=layers),
    }


@pytest.mark.parametrize("name", ["bulk", "interfacial", "plain", "demag", "layers"])
def test_scripts_of_every_template_run(experiment, tmp_path, engine, name):
    device = devices(experiment.device)[name]
    scripts = Scripts(device, MaxDt=1e-12)
    session = engine.start(scripts.setup(), folder_of(device, tmp_path), "m0.ovf")
    try:
        settled = session.execute(scripts.relax(2e-12, "m1.ovf", alpha=1.0), "m1.ovf")
        pulse = scripts.pulse(1, [0.1, -0.1], "j.ovf", 2e-12, "m2.ovf")
        assert session.execute(pulse, "m2.ovf").time == pytest.approx(4e-12, rel=0.01)
        assert settled.steps > 0
    finally:
        session.close()


@pytest.mark.parametrize("name", ["bulk", "interfacial", "plain"])
def test_fields_torques_and_m_agree_with_the_embedded_engine(experiment, tmp_path, engine, name):
    if engine.probe().dialect.name == "3.10" and experiment.film.pbc[2] == 0:
        pytest.skip("3.10 has no DMI at the film faces")
    device = devices(experiment.device)[name]
    scripts = Scripts(device, MaxErr=1e-6)
    saves = "".join(f'\tSaveAs({q}, "{q}.ovf")\n' for q in QUANTITIES)
    first = '{\n\tJ.Add(LoadFile("j.ovf"), 1)\n' + saves + '\tSaveAs(m, "m1.ovf")\n\tFlush()\n}\n'
    pulse = scripts.pulse(1, [0.1, -0.1], "j.ovf", 1e-10, "m2.ovf")
    fields = []
    for one in (CpuEngine(), engine):
        folder = tmp_path / one.name
        folder.mkdir()
        session = one.start(scripts.setup(), folder_of(device, folder), "m0.ovf")
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


def test_live_and_process_give_the_same_m(experiment, tmp_path):
    ends = []
    for kind in (Mumax3Engine, LiveEngine):
        folder = tmp_path / kind.mode
        folder.mkdir()
        scripts = Scripts(experiment.device)
        one = kind(find_mumax3())
        folder_of(experiment.device, folder)
        session = one.start(scripts.setup(), folder, "m0.ovf")
        try:
            for n in (1, 2, 3):
                block = scripts.pulse(n, [0.1, -0.1], "j.ovf", 2e-11, f"m{n}.ovf")
                session.execute(block, f"m{n}.ovf")
        finally:
            session.close()
        ends.append(read_ovf(folder / "m3.ovf").data)
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-5)


def test_training_end_to_end(experiment, tmp_path, engine, silent):
    folder = run(experiment, Workplace(tmp_path, engine, silent, lambda: False))
    assert is_finished(folder)
    data = open_run(folder)
    assert not data.power.isnull().any()
    assert '"version"' in data.attrs["engine"]
    wall = data.wall_time.sum(("training", "pulse"))
    outside = 1 - float(wall.sel(stage="engine") / wall.sum())
    print(f"\n{engine.mode}: {100 * outside:.1f} % of the time outside the engine")


def test_pulses_per_minute(experiment, tmp_path):
    film = Film((100, 100, 1), (5e-9, 5e-9, 1e-6))
    device = dataclasses.replace(experiment.device, film=film)
    rates = {}
    for kind in (Mumax3Engine, LiveEngine):
        folder = tmp_path / kind.mode
        folder.mkdir()
        scripts = Scripts(device)
        one = kind(find_mumax3())
        session = one.start(scripts.setup(), folder_of(device, folder), "m0.ovf")
        try:
            session.execute(scripts.relax(5e-10, "m1.ovf"), "m1.ovf")
            begin = time.perf_counter()
            for n in range(2, 12):
                block = scripts.pulse(n, [0.1, -0.1], "j.ovf", 5e-11, f"m{n}.ovf")
                session.execute(block, f"m{n}.ovf")
            rates[kind.mode] = 600 / (time.perf_counter() - begin)
        finally:
            session.close()
    print(f"\npulses per minute: {rates}")
    assert rates["live"] > 5 * rates["process"]
