"""Heat and spin-orbit torque in runs: what is committed, and what the engine does with it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import orchestrator
from orchestrator.base.constants import ELEMENTARY_CHARGE, GAMMA0, REDUCED_PLANCK
from orchestrator.base.errors import InputError
from orchestrator.describe.conditions import Conditions
from orchestrator.describe.contacts import SideContact
from orchestrator.describe.couplings import Heat, SpinOrbit
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Resistivity
from orchestrator.describe.sections import Output, Reference, Start
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.session import load_state
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.run.execute import run
from orchestrator.run.rendering import render_experiment
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Interrupted, Quiet, Workplace
from orchestrator.transport.spin_orbit import spin_orbit_field

HEAT = Heat(capacity=3e5, sink=2e10, curie=700.0)
"""tau = 3e5 * 1e-6 / 2e10 = 15 ps for the film of 1 um."""


@pytest.fixture
def warm(experiment):
    plan = dataclasses.replace(experiment.training, gap=5e-12)
    return dataclasses.replace(
        experiment, training=plan, conditions=Conditions(temperature=50.0), heat=HEAT
    )


def test_the_temperature_of_a_run_is_that_of_its_power(warm, tmp_path):
    folder = run(warm, Workplace(tmp_path, CpuEngine(1), Quiet(), lambda: False))
    data = open_run(folder)
    area = 20 * 16 * 25e-18
    T, tau = 50.0, 15e-12
    for n in range(3):
        final = 50 + float(data.power[0, n]) / (2e10 * area)
        top = final + (T - final) * math.exp(-1e-11 / tau)
        mean = final + (T - final) * tau / 1e-11 * (1 - math.exp(-1e-11 / tau))
        T = 50 + (top - 50) * math.exp(-5e-12 / tau)
        assert float(data.film_temperature_mean[0, n]) == pytest.approx(mean, rel=1e-12)
        assert float(data.film_temperature[0, n]) == pytest.approx(T, rel=1e-12)
    assert data.film_temperature_mean[0, 0] > 65
    assert data.film_temperature.attrs["units"] == "K"


def test_a_warm_run_that_was_stopped_goes_on_with_the_same_bits_and_is_rendered(warm, tmp_path):
    whole = run(warm, Workplace(tmp_path / "a", CpuEngine(1), Quiet(), lambda: False))
    asked = []

    def stop():
        asked.append(True)
        return len(asked) > 3

    with pytest.raises(Interrupted):
        run(warm, Workplace(tmp_path / "b", CpuEngine(1), Quiet(), stop))
    again = run(warm, Workplace(tmp_path / "b", CpuEngine(1), Quiet(), lambda: False))
    for name in ("m_000003.ovf", "m_relaxed.ovf"):
        a, b = (read_ovf(f / "1" / name).data for f in (whole, again))
        np.testing.assert_array_equal(a, b)
    [script] = render_experiment(warm, tmp_path / "a", tmp_path / "scripts")
    text = script.read_text()
    mean = float(open_run(whole).film_temperature_mean[0, 1])
    assert f"Temp = {mean!r}\n" in text
    assert f"Msat = {HEAT.constants(warm.material, 50.0, mean)['Msat']!r}\n" in text
    assert text.count(f"Msat = {warm.material.Ms!r}\n") == 1 + 3 + 1
    [open_loop] = render_experiment(warm, tmp_path / "none", tmp_path / "open")
    assert open_loop.read_text().count("\tTemp = 50.0\n") == 3 + 1


def test_a_film_at_its_curie_temperature_is_told(warm, tmp_path):
    hot = dataclasses.replace(warm, heat=dataclasses.replace(HEAT, curie=60.0))
    with pytest.raises(InputError, match=r"heat\.curie: the film reaches"):
        run(hot, Workplace(tmp_path, CpuEngine(1), Quiet(), lambda: False))


def test_a_script_cannot_set_a_temperature_that_heat_sets(warm, tmp_path):
    with orchestrator.training(warm, "cpu", folder=tmp_path / "mine", threads=1) as film:
        with pytest.raises(InputError, match="temperature: follows from the heat"):
            film.apply("+-", 1e-12, temperature=10.0)
        film.apply("+-", 1e-12)
        assert film.records[0].temperature > 50


FILM = Film(cells=(4, 3, 2), cell_size=(5e-9, 5e-9, 2e-9), pbc=(0, 0, 0))


def test_the_sign_and_size_of_the_spin_orbit_field():
    """j along x in the lowest cells: s = z x j along y, hbar theta j / (2 e Ms t) = 0.2057 T."""
    j = np.zeros((*FILM.array_shape, 3))
    j[0, ..., 0], j[1, ..., 0] = 1e12, 5.0
    b = spin_orbit_field(j, FILM, 8e5, 0.2)
    wanted = REDUCED_PLANCK * 0.2 * 1e12 / (2 * ELEMENTARY_CHARGE * 8e5 * 4e-9)
    assert wanted == pytest.approx(0.02057, rel=1e-3)
    np.testing.assert_allclose(b, np.broadcast_to([0, wanted, 0], b.shape), rtol=1e-12)
    j[0, ..., 0], j[0, ..., 1] = 0, 1e12
    np.testing.assert_allclose(spin_orbit_field(j, FILM, 8e5, 0.2)[..., 0], -wanted)


def macrospin(thickness=4e-9):
    film = Film(cells=(4, 3, 1), cell_size=(5e-9, 5e-9, thickness), pbc=(0, 0, 0))
    return Device(
        film=film,
        material=Material(Ms=8e5, Aex=1e-11, alpha=0.3, P=0.4),
        resistivity=Resistivity(rho_par=3e-7, rho_perp=3e-7),
        contacts=tuple(SideContact(name=s, side=s) for s in ("left", "right")),
    )


def turned(folder, setup, block, m0):
    write_ovf(folder / "m0.ovf", np.broadcast_to(m0, (1, 3, 4, 3)), (5e-9, 5e-9, 4e-9))
    session = CpuEngine(1).start(setup, folder, "m0.ovf")
    try:
        return session.execute(block, "m1.ovf").field.data
    finally:
        session.close()


def test_a_damping_like_torque_turns_a_macrospin_as_in_closed_form(tmp_path):
    """m_y = tanh(gamma b t / (1 + alpha^2)) from m = z, and as Slonczewski's torque does it."""
    device = macrospin()
    torque = SpinOrbit(share=0.5, damping_like=0.4)
    scripts = Scripts(device, MaxErr=1e-7, spin_orbit=torque)
    j = np.zeros((1, 3, 4, 3))
    j[..., 0] = 1e12
    b = spin_orbit_field(j, device.film, 8e5, torque.share * torque.damping_like)
    write_ovf(tmp_path / "j.ovf", j, device.film.cell_size)
    write_ovf(tmp_path / "s.ovf", b, device.film.cell_size)
    t = 4e-10
    pulse = scripts.pulse(1, [0, 0], "j.ovf", t, "m1.ovf", torque_map="s.ovf")
    m = turned(tmp_path, scripts.setup(), pulse, (0.0, 0.0, 1.0))
    wanted = math.tanh(GAMMA0 * b[0, 0, 0, 1] * t / (1 + 0.3**2))
    assert 0.5 < wanted < 0.95
    np.testing.assert_allclose(m[..., 1], wanted, atol=2e-5)
    # the same of a current along z with P / 2 = theta share / 2 into a fixed layer along y
    other = (
        f"{{\nJ = vector(0, 0, {1e12 * 0.2 / 0.4!r})\nLambda = 1\n"
        f'FixedLayer = vector(0, 1, 0)\nRun({t!r})\nSaveAs(m, "m1.ovf")\nFlush()\n'
        'print("steps", step)\n}\n'
    )
    slonczewski = turned(tmp_path, Scripts(device, MaxErr=1e-7).setup(), other, (0.0, 0.0, 1.0))
    np.testing.assert_allclose(m, slonczewski, atol=2e-5)


def test_spin_orbit_torque_of_a_run_is_that_of_its_current(tmp_path):
    """A uniform film in a field along z; the field-like part alone is B_ext along s."""
    device = macrospin()
    options = {
        "engine": "cpu",
        "threads": 1,
        "start": Start(seed=1, settle_time=0.0),
        "reference": Reference(starts=1),
        "output": Output(every=1),
    }
    torque = SpinOrbit(share=0.5, damping_like=0.4, field_like=-0.1)
    with orchestrator.training(
        device, folder=tmp_path / "mine", voltage=0.006, spin_orbit=torque, **options
    ) as film:
        film.apply("+-", 1e-12)
    folder = film.folder / "1"
    j, b, s = (read_ovf(folder / f"{name}_000001.ovf").data for name in "jbs")
    # 0.012 V over 20 nm and 3e-7 ohm m: 2e12 A/m2 from left to right
    np.testing.assert_allclose(j[..., 0], 2e12, rtol=1e-6)
    a = REDUCED_PLANCK * 0.5 * 2e12 / (2 * ELEMENTARY_CHARGE * 8e5 * 4e-9)
    np.testing.assert_allclose(s[..., 1], 0.4 * a, rtol=1e-5)
    np.testing.assert_allclose(b[..., 1], -0.1 * a, rtol=1e-5)
    record = film.records[0]
    assert {"b_000001.ovf", "s_000001.ovf"} <= record.files.keys()


def test_own_templates_without_the_torque_are_refused(tmp_path):
    (tmp_path / "setup.mx3.j2").write_text("SetGridSize(4, 3, 1)\n")
    with pytest.raises(InputError, match=r"setup\.mx3\.j2: does not use damping_like"):
        Scripts(macrospin(), templates=tmp_path, spin_orbit=SpinOrbit(share=1.0, damping_like=0.1))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"share": 1.0}, "both 0"),
        ({"share": 0.0, "damping_like": 0.1}, "share must be positive"),
        ({"share": 1.0, "damping_like": 1e3}, "damping_like = 1000 is implausible"),
    ],
)
def test_impossible_torques_are_refused(given, words):
    with pytest.raises(InputError, match=words):
        SpinOrbit(**given)


def test_scripts_without_couplings_have_no_line_of_them(experiment):
    scripts = Scripts.of_experiment(experiment)
    text = scripts.setup() + scripts.pulse(1, [0, 0], "j.ovf", 1e-10, "m.ovf", gap=1e-11)
    text += load_state("m.ovf", 0.0) + scripts.relax(1e-10, "m.ovf")
    for word in ("FixedLayer", "Temp", "AddFieldTerm", "Slonczewski", "B_ext"):
        assert word not in text
