from __future__ import annotations

import sys

import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import SideContact
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Resistivity
from orchestrator.mx3.script import Scripts
from orchestrator.ubermag import from_system, material_script, to_system
from orchestrator.ubermag.packages import NAMES, load

RESISTIVITY = Resistivity(rho_par=2e-7, rho_perp=1e-7)
CONTACTS = (SideContact(name="a", side="left"), SideContact(name="b", side="right"))


def device(**material):
    values = {"Ms": 4.9e5, "Aex": 1e-11, "alpha": 0.3, "Ku1": 1e5, "P": 0.5} | material
    film = Film(cells=(6, 4, 1), cell_size=(4e-9, 5e-9, 1e-8))
    return Device(film, Material(**values), RESISTIVITY, CONTACTS)


@pytest.mark.parametrize(
    "material", [{"Dbulk": 2e-3}, {"Dind": 1e-3}, {"Dind": -1e-3}, {}], ids=str
)
def test_round_trip(material):
    made = device(**material)
    back = from_system(to_system(made), RESISTIVITY, CONTACTS, P=0.5)
    assert back.material == made.material
    assert back.film.cells == made.film.cells
    assert back.film.pbc == made.film.pbc


@pytest.mark.parametrize("material", [{"Dbulk": 2e-3}, {"Dind": 1e-3}], ids=str)
def test_mumax3c_writes_the_same_fields(material, tmp_path):
    """The material half by mumax3c against our own template, by the field of the same texture."""
    import numpy as np

    from orchestrator.engines.cpu.make import make_world
    from orchestrator.engines.cpu.output.outputs import Outputs
    from orchestrator.engines.cpu.physics.fields import field

    made = device(**material)
    back = from_system(to_system(made), RESISTIVITY, CONTACTS, P=0.5, pbc=made.film.pbc)
    assert back.script is not None
    fields = []
    for k, d in enumerate((made, back)):
        world = make_world(Outputs(tmp_path / f"{k}.out", quiet=True), 1, tmp_path)
        world.execute(Scripts(d).setup() + "m = RandomMagSeed(1)\n", echo=False)
        fields.append(field(world.sim, "B_eff"))
        world.close()
    np.testing.assert_allclose(*fields, rtol=1e-5, atol=1e-6)
    assert float(np.abs(fields[0]).max()) > 0


def test_what_a_device_cannot_hold_is_refused_by_name():
    mm = load().mm
    for term, words in (
        (mm.Zeeman(H=(0, 0, 1e5)), "Zeeman"),
        (mm.RKKY(sigma=1e-4, subregions=["r1", "r2"]), "RKKY"),
    ):
        system = to_system(device(Dbulk=2e-3))
        system.energy += term
        with pytest.raises(InputError, match=words):
            from_system(system, RESISTIVITY, CONTACTS)
    system = to_system(device())
    system.dynamics += mm.Slonczewski(J=1e12, mp=(1, 0, 0), P=0.4, Lambda=2)
    with pytest.raises(InputError, match="Slonczewski"):
        from_system(system, RESISTIVITY, CONTACTS)
    system = to_system(device())
    system.dynamics.damping.alpha = {"default": 0.1, "r1": 0.2}
    with pytest.raises(InputError, match="alpha"):
        material_script(system)


def test_one_layer_is_uniform_along_its_normal():
    packages = load()
    system = to_system(device(Dbulk=2e-3))
    mesh = packages.df.Mesh(p1=(0, 0, 0), p2=(24e-9, 20e-9, 10e-9), n=(6, 4, 1))
    system.m = packages.df.Field(mesh, nvdim=3, value=(0, 0, 1), norm=4.9e5)
    assert from_system(system, RESISTIVITY, CONTACTS).film.pbc == (0, 0, 1)
    assert from_system(system, RESISTIVITY, CONTACTS, pbc=(0, 0, 0)).film.pbc == (0, 0, 0)


def test_rcparams_of_matplotlib_survive():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    to_system(device())
    assert dict(mpl.rcParams) == before


def test_experiment_of_a_system_runs_with_its_material_script(tmp_path, silent):
    from orchestrator.describe.experiment import Experiment, Start, Training
    from orchestrator.engines.cpu.session import CpuEngine
    from orchestrator.run.execute import is_finished, run
    from orchestrator.run.results import open_run
    from orchestrator.run.workplace import Workplace

    system = to_system(device(Dbulk=2e-3))
    made = from_system(system, RESISTIVITY, CONTACTS, P=0.5, pbc=(0, 0, 1))
    training = Training(patterns=("+-",), voltage=0.01, pulse_length=1e-12, pulses=2)
    experiment = Experiment.of_device("system", made, training, start=Start(settle_time=1e-12))
    assert made.script in Scripts(experiment.device).setup()
    folder = run(experiment, Workplace(tmp_path, CpuEngine(1), silent, lambda: False))
    assert is_finished(folder)
    assert open_run(folder).attrs["device_hash"] == made.hash


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_package_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=f"{name} is not installed: pip install discretised"):
        device().to_system()
