"""Systems with texture, field and temperature; Systems with empty cells."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import orchestrator
from orchestrator.base.constants import GAMMA0, MU0
from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Disc, Mask, Rectangle
from orchestrator.describe.conditions import Conditions
from orchestrator.describe.contacts import SideContact
from orchestrator.describe.device import Device
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Region, Resistivity
from orchestrator.describe.sections import Output, Start, Training
from orchestrator.ubermag import from_field, from_system, to_system
from orchestrator.ubermag.packages import load

AMR = Resistivity(rho_par=2e-7, rho_perp=1e-7)
ENDS = (SideContact("a", "left"), SideContact("b", "right"))
TRAINING = Training(patterns=("+-",), voltage=0.01, pulse_length=1e-12, pulses=1)
MS = 4.9e5
SHORT = {"start": Start(settle_time=0.0), "output": Output(snapshots=(0,))}


def device(*regions: Region, shape=None) -> Device:
    film = Film((8, 6, 1), (4e-9, 4e-9, 1e-8), shape=shape)
    return Device(film, Material(MS, 1e-11, 0.3), AMR, ENDS, regions=regions)


def texture(made: Device, seed: int = 1) -> np.ndarray:
    m = np.random.default_rng(seed).normal(size=(*made.film.array_shape, 3))
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    m[made.non_magnetic] = 0
    return m


def system_with(cells, terms, m, dtype=np.float64, T=0.0):
    """A System whose m, (nz, ny, nx, 3) of unit vectors or zero, has the norm Ms."""
    packages = load()
    mesh = packages.df.Mesh(p1=(0, 0, 0), p2=tuple(5e-9 * n for n in cells), n=cells)
    values = (MS * m.transpose(2, 1, 0, 3)).astype(dtype)
    system = packages.mm.System(name="s")
    system.m = packages.df.Field(mesh, nvdim=3, value=values, dtype=dtype)
    system.energy = sum(terms[1:], start=terms[0])
    system.dynamics = packages.mm.Precession(gamma0=GAMMA0 * MU0)
    system.dynamics += packages.mm.Damping(alpha=0.2)
    system.T = T
    return system


def test_vacuum_and_metal_have_norm_0_and_come_back_as_vacuum():
    pad = Region("pad", Rectangle((0.0, 0.0), (8e-9, 24e-9)), "metal", rho=1e-8)
    hole = Region("hole", Disc((20e-9, 12e-9), 5e-9), "vacuum")
    made = device(pad, hole)
    system = to_system(made)
    norm = system.m.norm.array[..., 0].transpose(2, 1, 0)
    assert made.non_magnetic.sum() == 12 + 4
    assert (norm[made.non_magnetic] == 0).all()
    assert norm[~made.non_magnetic] == pytest.approx(MS)
    with pytest.raises(InputError, match="contact 'a' touches no conducting cell"):
        from_system(system, AMR, ENDS)
    back = from_system(system, AMR, ENDS, regions=(pad,))
    assert back.film.shape == Mask.of(~made.non_magnetic | pad.area.cells(made.film))
    np.testing.assert_array_equal(back.non_magnetic, made.non_magnetic)
    same = from_system(system, AMR, ENDS, regions=(pad, hole))
    assert same.film == dataclasses.replace(made.film, pbc=same.film.pbc)


def test_invalid_cells_are_empty():
    system = to_system(device())
    valid = np.ones((8, 6, 1), bool)
    valid[3, 2, 0] = False
    system.m.valid = valid
    back = from_system(system, AMR, ENDS)
    assert np.argwhere(back.non_magnetic).tolist() == [[0, 2, 3]]


@pytest.mark.parametrize("conditions", [Conditions(), Conditions((0, 0.1, -0.02), 300.0)])
def test_an_experiment_starts_from_texture_field_and_temperature(tmp_path, conditions):
    made = device(shape="ellipse")
    m = texture(made)
    system = to_system(made, m, conditions=conditions)
    path = tmp_path / "m0.ovf"
    found = Experiment.from_system(
        "dot", system, AMR, ENDS, TRAINING, m0=path, pbc=(0, 0, 1), **SHORT
    )
    assert found.conditions == conditions
    np.testing.assert_array_equal(found.film.inside, made.film.inside)
    np.testing.assert_allclose(found.initial_magnetization(0), m, atol=1e-7)
    folder = orchestrator.run(found, tmp_path, engine="cpu")
    with orchestrator.open_run(folder) as results:
        first = results.magnetization.isel(training=0, snapshot=0)
        first = first.transpose("z", "y", "x", "component").values
    np.testing.assert_allclose(first, m, atol=1e-5)


def test_a_device_has_no_field_and_temperature_and_says_what_has(tmp_path):
    for conditions, words in (
        (Conditions((0, 0, 0.1)), r"energy: Zeeman: .*Experiment.from_system.*conditions\.B_ext"),
        (Conditions(temperature=10.0), r"T: .*Experiment.from_system.*conditions\.temperature"),
    ):
        system = to_system(device(), conditions=conditions)
        with pytest.raises(InputError, match=words):
            Device.from_system(system, AMR, ENDS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"H": {"r1": (0, 0, 1e5)}}, r"Zeeman\.H \(conditions\.B_ext\) is given by region"),
        ({"func": "sin", "f": 1e9, "t0": 0.0}, r"Zeeman\.func: conditions\.B_ext is constant"),
    ],
)
def test_fields_that_vary_are_refused_by_key(tmp_path, change, words):
    system = to_system(device())
    system.energy += load().mm.Zeeman(**({"H": (0, 0, 1e5)} | change))
    with pytest.raises(InputError, match=words):
        Experiment.from_system("a", system, AMR, ENDS, TRAINING, m0=tmp_path / "m0.ovf")
    assert list(tmp_path.iterdir()) == []


def test_what_stands_twice_is_refused(tmp_path):
    system = to_system(device(), conditions=Conditions((0, 0, 0.1)))
    for rest, words in (
        ({"conditions": Conditions((0.1, 0, 0))}, r"conditions.B_ext = .*the System has .*once"),
        ({"start": Start(m0="other.ovf")}, "start.m0 is written from system.m"),
    ):
        with pytest.raises(InputError, match=words):
            Experiment.from_system("a", system, AMR, ENDS, TRAINING, m0=tmp_path / "m", **rest)
    with pytest.raises(InputError, match=r"m0: .*No such file or directory"):
        Experiment.from_system("a", system, AMR, ENDS, TRAINING, m0=tmp_path / "no" / "m0.ovf")


def test_materials_that_vary_are_refused_by_key():
    system = to_system(device())
    system.energy.exchange.A = {"r1": 1e-11, "r2": 2e-11}
    with pytest.raises(InputError, match=r"Exchange\.A \(material\.Aex\) is given by region"):
        from_system(system, AMR, ENDS)
    system = to_system(device())
    system.m.array[0, 0, 0] *= 0.5
    with pytest.raises(InputError, match=r"norm varies .*material\.Ms is the same in all cells"):
        from_system(system, AMR, ENDS)


def test_grains_have_no_place_in_a_system():
    conditions = Conditions(grain_size=1e-8, grain_spread=0.1)
    with pytest.raises(InputError, match="grain_size"):
        to_system(device(), conditions=conditions)


@st.composite
def systems(draw):
    mm = load().mm
    cells = draw(st.tuples(st.integers(2, 5), st.integers(1, 4), st.integers(1, 3)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    m = rng.normal(size=(*cells[::-1], 3))
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    empty = rng.random(cells[::-1]) < draw(st.sampled_from([0, 0.3]))
    empty[0, 0] = False
    m[empty] = 0
    number = st.floats(0.1, 10)
    terms = [mm.Exchange(A=1e-11 * draw(number))]
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["T", "Cnv_z"]))
        terms.append(mm.DMI(D=1e-3 * draw(number) * draw(st.sampled_from([-1, 1])) / 11,
                            crystalclass=kind))  # fmt: skip
    if draw(st.booleans()):
        terms.append(mm.UniaxialAnisotropy(K=1e5 * draw(number), u=(0, draw(number), 1)))
    if draw(st.booleans()):
        terms.append(mm.Demag())
    if draw(st.booleans()):
        terms.append(mm.Zeeman(H=(1e4 * draw(number), -1e5 * draw(number), 0)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return system_with(cells, terms, m, dtype, draw(st.sampled_from([0, 77.5])))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(systems())
def test_a_system_becomes_an_experiment_and_a_system_again(tmp_path, system):
    m0 = tmp_path / "m0.ovf"
    experiment = Experiment.from_system("s", system, AMR, ENDS, TRAINING, m0=m0, pbc=(0, 0, 0))
    m = experiment.initial_magnetization(0)
    back = to_system(experiment.device, m, conditions=experiment.conditions)
    single = system.m.array.dtype == np.float32
    np.testing.assert_allclose(
        from_field(back.m), from_field(system.m), atol=1e-6 * MS, rtol=1e-6 if single else 1e-7
    )
    np.testing.assert_array_equal(back.m.norm.array == 0, system.m.norm.array == 0)
    np.testing.assert_allclose(back.m.mesh.cell, system.m.mesh.cell, rtol=1e-12)
    assert back.T == system.T
    for before, after in ((system.energy, back.energy), (system.dynamics, back.dynamics)):
        assert {type(term) for term in after} == {type(term) for term in before}
        for term in before:
            (same,) = after.get(type=type(term))
            for name, value in vars(term).items():
                found = getattr(same, name)
                if isinstance(value, str):
                    assert found == value
                else:
                    assert found == pytest.approx(value, rel=1e-12)
