"""Known answers for fields, torques and time integration."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orchestrator.base.constants import (
    BOHR_MAGNETON,
    ELEMENTARY_CHARGE,
    GAMMA0,
    REDUCED_PLANCK,
)
from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.geometry.configs import skyrmion
from orchestrator.engines.cpu.physics import energies, fields
from orchestrator.engines.cpu.physics.field_term import FieldTerm
from orchestrator.engines.cpu.physics.make import make_simulation
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.neighbors import max_angle, spin_angle
from orchestrator.engines.cpu.physics.relax import relax
from orchestrator.engines.cpu.physics.stepper import run, steps
from orchestrator.engines.cpu.physics.tables.exchange import pair_table

FILM = {"Msat": 5.8e5, "Aex": 1.5e-11, "alpha": 0.3}


def simulation(cells, cell_size=(2e-9, 2e-9, 2e-9), pbc=(0, 0, 0), **values):
    sim = make_simulation(threads=1)
    sim.settings.EnableDemag = False
    sim.set_mesh(Mesh(cells, cell_size, pbc))
    for name, value in (FILM | values).items():
        known = (
            sim.material.parameters if name in sim.material.parameters else sim.material.excitations
        )
        known[name].set(value)
    return sim


def uniform(sim, direction):
    sim.state.set_m(np.broadcast_to(np.array(direction, float), (*sim.state.mesh.shape, 3)))


def smooth_random(sim, seed=0):
    """A texture that turns by some tenths of a radian from cell to cell."""
    rng = np.random.default_rng(seed)
    nz, ny, nx = sim.state.mesh.shape
    z, y, x = np.meshgrid(*(np.arange(n) for n in (nz, ny, nx)), indexing="ij")
    angles = sum(
        rng.normal() * np.sin(rng.normal() * 0.3 * x + rng.normal() * 0.3 * y + z + k)
        for k in range(4)
    )
    theta = np.pi / 2 + angles
    phi = 0.4 * x - 0.3 * y + angles
    sim.state.set_m(
        np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], -1)
    )


def test_macrospin_precesses_at_gamma_b():
    sim = simulation((1, 1, 1), B_ext=(0, 0, 1.0), alpha=0.0)
    uniform(sim, (1, 0, 0))
    run(sim, 1e-11)
    angle = GAMMA0 * 1.0 * 1e-11
    expected = [math.cos(angle), math.sin(angle), 0]
    np.testing.assert_allclose(sim.state.m[0, 0, 0], expected, atol=2e-4)


def test_macrospin_damps_as_the_llg_equation_says():
    alpha, t = 0.2, 2e-11
    sim = simulation((1, 1, 1), B_ext=(0, 0, 1.0), alpha=alpha)
    uniform(sim, (1, 0, 0.2))
    mz0 = sim.state.m[0, 0, 0, 2]
    run(sim, t)
    rate = alpha * GAMMA0 / (1 + alpha**2)
    expected = math.tanh(math.atanh(mz0) + rate * t)
    assert sim.state.m[0, 0, 0, 2] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "setting",
    [
        {"cells": (6, 5, 1), "Dbulk": 3e-3, "pbc": (0, 0, 1)},
        {"cells": (6, 5, 1), "Dbulk": 3e-3},
        {"cells": (6, 5, 3), "Dbulk": 3e-3},
        {"cells": (6, 5, 1), "Dind": 3e-3},
        {"cells": (6, 5, 3), "Dind": -3e-3, "pbc": (1, 0, 0)},
        {"cells": (6, 5, 1), "Ku1": 5e5, "anisU": (1.0, 2.0, 3.0)},
        {"cells": (6, 5, 2), "Kc1": 4e5, "anisC1": (1.0, 1.0, 0.0), "anisC2": (-1.0, 1.0, 0.0)},
        {"cells": (6, 5, 1), "Kc2": 4e5, "anisC1": (1.0, 0.0, 0.0), "anisC2": (0.0, 0.6, 0.8)},
        {"cells": (6, 5, 1), "Kc3": 4e5, "anisC1": (0.0, 0.0, 2.0), "anisC2": (1.0, 0.0, 0.0)},
        {"cells": (6, 5, 2)},
    ],
    ids=str,
)
def test_field_is_minus_the_gradient_of_the_energy(setting):
    setting = dict(setting)
    sim = simulation(setting.pop("cells"), pbc=setting.pop("pbc", (0, 0, 0)), **setting)
    smooth_random(sim)
    m = sim.state.m.astype(float)
    field = fields.field(sim, "B_eff").astype(float)
    moment = FILM["Msat"] * sim.state.mesh.cell_volume
    rng = np.random.default_rng(1)
    turn = np.cross(m, rng.normal(size=m.shape))
    h = 2e-3

    def energy(sign):
        sim.state.set_m(m + sign * h * turn)
        return energies.energy(sim, "E_total")

    slope = (energy(1) - energy(-1)) / (2 * h)
    expected = -moment * float((field * turn).sum())
    assert slope == pytest.approx(expected, rel=2e-3)


def test_exchange_field_of_a_helix():
    n, c = 32, 2e-9
    sim = simulation((n, 1, 1), (c, c, c), pbc=(1, 0, 0))
    x = 2 * np.pi * np.arange(n) / n
    m = np.stack([np.zeros(n), np.cos(x), np.sin(x)], -1)[None, None]
    sim.state.set_m(m)
    # the second difference of a plane wave: -(4/c^2) sin^2(k c / 2)
    factor = -2 * FILM["Aex"] / FILM["Msat"] * 4 / c**2 * math.sin(math.pi / n) ** 2
    np.testing.assert_allclose(
        fields.field(sim, "B_exch"), factor * m, atol=3e-6 * abs(factor) + 1e-5
    )


@pytest.mark.parametrize(("d", "sense"), [(3e-3, 1), (-3e-3, -1)])
def test_bulk_dmi_turns_a_helix_right_handed_with_pitch_4_pi_a_over_d(d, sense):
    # energy density A q^2 - D q for m = (0, cos qx, sin qx): lowest at q = D / 2A
    c = 1e-9
    pitch = 4 * np.pi * FILM["Aex"] / abs(d)
    n = 63
    found = {}
    for turns in (-2, -1, 0, 1, 2):
        sim = simulation((n, 1, 1), (c, c, c), pbc=(1, 1, 1), Dbulk=d)
        x = 2 * np.pi * turns * np.arange(n) / n
        sim.state.set_m(np.stack([0 * x, np.cos(x), np.sin(x)], -1)[None, None])
        found[turns] = energies.energy(sim, "E_exch")
    assert n * c == pytest.approx(pitch, rel=0.01)
    assert min(found, key=found.get) == sense
    q = 2 * np.pi / (n * c)
    density = found[sense] / (n * c**3)
    assert density == pytest.approx(FILM["Aex"] * q**2 - abs(d) * q, rel=0.01)


@pytest.mark.parametrize(("name", "d"), [("Dind", 2e-3), ("Dind", -2e-3)])
def test_interfacial_dmi_favors_its_cycloid(name, d):
    # energy density D [mz dmx/dx - mx dmz/dx]: for D > 0 cycloids (sin qx, 0, cos qx) with q < 0
    c, n = 1e-9, 63
    found = {}
    for turns in (-1, 1):
        sim = simulation((n, 1, 1), (c, c, c), pbc=(1, 1, 1), **{name: d})
        x = 2 * np.pi * turns * np.arange(n) / n
        sim.state.set_m(np.stack([np.sin(x), 0 * x, np.cos(x)], -1)[None, None])
        found[turns] = energies.energy(sim, "E_exch") / (n * c**3)
    q = 2 * np.pi / (n * c)
    assert found[-1] - found[1] == pytest.approx(-2 * d * q, rel=0.01)


def test_film_faces_of_one_layer_are_an_easy_plane():
    # closed DMI faces add D^2/(A Ms) (mx, my, 0); 3.10, OpenBC and periodicity along z do not
    d = 3e-3
    plane = d**2 / (FILM["Aex"] * FILM["Msat"])
    for setting, expected in (
        ({}, plane),
        ({"dmi_faces": "3.10"}, 0.0),
        ({"OpenBC": True}, 0.0),
        ({"pbc": (1, 1, 1)}, 0.0),
    ):
        setting = dict(setting)
        sim = simulation((4, 4, 1), pbc=setting.pop("pbc", (1, 1, 0)), Dbulk=d)
        for name, value in setting.items():
            setattr(sim.settings, name, value)
        uniform(sim, (1, 0, 0))
        assert fields.field(sim, "B_exch")[0, 1, 1, 0] == pytest.approx(
            expected, rel=1e-5, abs=1e-6
        )


def test_dmi_edge_cants_the_magnetization_by_the_analytic_angle():
    # Neumann edge dm/dx = (D/2A) z x m with Ku1: sin(theta_edge) = D / (2 sqrt(A K))
    d, k, c = 1e-3, 1e6, 0.5e-9
    sim = simulation((160, 1, 1), (c, c, c), pbc=(0, 1, 1), Dbulk=d, Ku1=k, anisU=(0, 0, 1))
    sim.material.parameters["alpha"].set(1.0)
    uniform(sim, (0, 0, 1))
    relax(sim)
    m = sim.state.m[0, 0]
    extrapolated = m[-1, 1] + 0.5 * (m[-1, 1] - m[-2, 1])
    assert abs(extrapolated) == pytest.approx(d / (2 * math.sqrt(FILM["Aex"] * k)), rel=0.01)
    assert m[0, 1] == pytest.approx(-m[-1, 1], rel=1e-3)


def test_wall_has_the_bloch_width_and_energy():
    k, c = 8e5, 1e-9
    sim = simulation((128, 1, 1), (c, c, c), Ku1=k, anisU=(0, 0, 1), alpha=1.0)
    x = c * (np.arange(128) - 63.5)
    width = math.sqrt(FILM["Aex"] / k)
    guess = np.stack([0 * x, 1 / np.cosh(x / (2 * width)), np.tanh(x / (2 * width))], -1)
    sim.state.set_m(guess[None, None])
    relax(sim)
    mz = sim.state.m[0, 0, :, 2]
    slope = np.interp(0, x, np.gradient(mz, c))
    assert 1 / slope == pytest.approx(width, rel=0.03)
    energy = energies.energy(sim, "E_total") + k * 128 * c**3
    assert energy / c**2 == pytest.approx(4 * math.sqrt(FILM["Aex"] * k), rel=0.01)


def wall_position(sim):
    return float(sim.state.m[0, 0, :, 2].sum()) / 2


@pytest.mark.parametrize("xi", [0.0, 0.4])
def test_free_wall_moves_against_the_current_with_the_analytic_speed(xi):
    # v = -u (1 + alpha xi) / (1 + alpha^2) for a wall free to turn
    alpha, k, c, j = 0.2, 5e5, 1e-9, 5e11
    sim = simulation((128, 1, 1), (c, c, c), Ku1=k, anisU=(0, 0, 1), alpha=alpha)
    sim.material.parameters["Pol"].set(0.6)
    sim.material.parameters["xi"].set(xi)
    x = c * (np.arange(128) - 63.5)
    width = math.sqrt(FILM["Aex"] / k)
    sim.state.set_m(np.stack([0 * x, 1 / np.cosh(x / width), np.tanh(-x / width)], -1)[None, None])
    sim.material.excitations["J"].set((j, 0, 0))
    start = wall_position(sim)
    duration = 2e-10
    run(sim, duration)
    u = BOHR_MAGNETON * 0.6 * j / (ELEMENTARY_CHARGE * FILM["Msat"] * (1 + xi**2))
    moved = c * (wall_position(sim) - start)
    assert moved / duration == pytest.approx(-u * (1 + alpha * xi) / (1 + alpha**2), rel=0.02)


def hard_axis(sim, stiffness):
    """A field -2 K my / Ms along y: a hard axis, besides an easy one, for walls."""

    def add(m, out):
        out[1] -= np.float32(2 * stiffness / FILM["Msat"]) * m[1]

    sim.terms["hard"] = FieldTerm("hard", add)


@pytest.mark.parametrize("excess", [0.8, 2.0])
def test_wall_breaks_down_at_walkers_field(excess):
    # B_W = alpha K_hard / Ms; below it sin(2 phi) = B / B_W and v = gamma Delta B / alpha with
    # Delta^2 = A / (K + K_hard sin^2 phi), above it the wall turns with the mean frequency
    # gamma sqrt(B^2 - B_W^2) / (1 + alpha^2)
    alpha, k, hard, c = 0.5, 5e5, 5e4, 1.5e-9
    sim = simulation((128, 1, 1), (c, c, c), Ku1=k, anisU=(0, 0, 1), alpha=alpha)
    hard_axis(sim, hard)
    walker = alpha * hard / FILM["Msat"]
    field = excess * walker
    sim.material.excitations["B_ext"].set((0, 0, field))
    x = c * (np.arange(128) - 40.5)
    width = math.sqrt(FILM["Aex"] / k)
    sim.state.set_m(np.stack([1 / np.cosh(x / width), 0 * x, np.tanh(-x / width)], -1)[None, None])

    def angle():
        mx, my = sim.state.m[0, 0, :, :2].sum(axis=0)
        return math.atan2(my, mx)

    if excess < 1:
        run(sim, 6e-10)
        phi, start = angle(), wall_position(sim)
        assert abs(math.sin(2 * phi)) == pytest.approx(excess, rel=0.02)
        run(sim, 2e-10)
        delta = math.sqrt(FILM["Aex"] / (k + hard * math.sin(phi) ** 2))
        speed = c * (wall_position(sim) - start) / 2e-10
        assert speed == pytest.approx(GAMMA0 * delta * field / alpha, rel=0.02)
    else:
        turned = [angle()]
        period = 2 * math.pi * (1 + alpha**2) / GAMMA0 / math.sqrt(field**2 - walker**2)
        for _ in range(16):
            run(sim, period / 16)
            turned.append(angle())
        turned = np.unwrap(turned)
        assert abs(turned[-1] - turned[0]) == pytest.approx(2 * math.pi, rel=0.05)


@pytest.mark.parametrize("turns", [0, 3])
def test_spin_waves_have_the_gap_of_the_anisotropy(turns):
    # omega = gamma (2 K / Ms + B + 2 A / Ms (4 / c^2) sin^2(k c / 2))
    n, c, k, b = 32, 2e-9, 3e5, 0.5
    sim = simulation(
        (n, 1, 1), (c, c, c), (1, 1, 1), Ku1=k, anisU=(0, 0, 1), alpha=0.0, B_ext=(0, 0, b)
    )
    phase = 2 * np.pi * turns * np.arange(n) / n
    small = 0.01
    sim.state.set_m(
        np.stack([small * np.cos(phase), small * np.sin(phase), np.ones(n)], -1)[None, None]
    )
    field = 2 * k / FILM["Msat"] + b
    field += 8 * FILM["Aex"] / FILM["Msat"] / c**2 * math.sin(math.pi * turns / n) ** 2
    duration = 5 / (GAMMA0 * field)
    sim.settings.MaxErr = 1e-6
    run(sim, duration)
    wave = sim.state.m[0, 0, :, 0] + 1j * sim.state.m[0, 0, :, 1]
    turned = np.angle((wave * np.exp(-1j * phase)).mean()) % (2 * np.pi)
    assert turned == pytest.approx(5, abs=0.01)


@pytest.mark.parametrize(("d", "charge"), [(3e-3, -1), (-3e-3, 1)])
def test_bulk_dmi_gives_a_skyrmion_its_sense(d, charge):
    # for D > 0 and an up core, m turns against the azimuth: charge = -polarity
    c, n = 2e-9, 32
    sim = simulation((n, n, 1), (c, c, c), (0, 0, 1), Dbulk=d, Ku1=5e5, anisU=(0, 0, 1), alpha=1.0)
    axis = c * (np.arange(n) - 0.5 * (n - 1))
    x, y, z = np.meshgrid(axis, axis, [0.0], indexing="ij")
    grid = [np.ascontiguousarray(a.transpose(2, 1, 0)) for a in (x, y, z)]
    found = {}
    for sense in (-1, 1):
        sim.state.set_m(skyrmion(sense, 1, c, bloch=True).field(*grid))
        found[sense] = energies.energy(sim, "E_exch")
    assert min(found, key=found.get) == charge
    sim.state.set_m(skyrmion(1, 1, c, bloch=False).field(*grid))
    run(sim, 3e-11)
    m, r = sim.state.m, np.hypot(grid[0], grid[1])
    azimuthal = (m[..., 1] * grid[0] - m[..., 0] * grid[1]) / r
    radial = (m[..., 0] * grid[0] + m[..., 1] * grid[1]) / r
    wall = np.abs(m[..., 2]) < 0.5
    inner = wall & (r < 20e-9)
    assert inner.any()
    assert charge * azimuthal[inner].mean() > 0.8
    assert abs(radial[inner].mean()) < 0.2


def slonczewski(**values):
    """A macrospin with a fixed layer along z and a current along z."""
    sim = simulation((1, 1, 1), (5e-9, 5e-9, 2e-9), alpha=0.0, Pol=0.6)
    sim.material.excitations["FixedLayer"].set((0, 0, 2.0))
    sim.material.excitations["J"].set((0, 0, 1e12))
    for name, value in values.items():
        sim.material.parameters[name].set(value)
    rate = GAMMA0 * REDUCED_PLANCK / ELEMENTARY_CHARGE * 1e12 / (2e-9 * FILM["Msat"])
    return sim, rate


@pytest.mark.parametrize(("position", "thickness"), [(1, 0.0), (-1, 0.0), (1, 4e-9)])
def test_slonczewski_torque_turns_a_macrospin_to_the_fixed_layer(position, thickness):
    # Lambda = 1: dm/dt = rate P / 2 m x (p x m), so mz = tanh(rate P t / 2)
    sim, rate = slonczewski(FreeLayerThickness=thickness)
    sim.settings.FixedLayerPosition = position
    uniform(sim, (1, 0, 0))
    duration = 2e-11
    run(sim, duration)
    rate *= position * (0.5 if thickness else 1)
    assert sim.state.m[0, 0, 0, 2] == pytest.approx(math.tanh(0.3 * rate * duration), rel=1e-3)
    assert sim.state.m[0, 0, 0, 1] == pytest.approx(0, abs=1e-5)


def test_slonczewski_torque_depends_on_the_angle_and_precesses():
    sim, rate = slonczewski(Lambda=2.0, EpsilonPrime=0.2)
    uniform(sim, (0.8, 0, 0.6))
    # P L^2 / (L^2 + 1 + (L^2 - 1) p.m) with L = 2, p.m = 0.6; p x m = (0, 0.8, 0)
    primary = 0.6 * 4 / (5 + 3 * 0.6)
    expected = np.array([-primary * 0.6 * 0.8, 0.2 * 0.8, primary * 0.8 * 0.8]) * rate / GAMMA0
    np.testing.assert_allclose(fields.field(sim, "torque")[0, 0, 0], expected, rtol=1e-5, atol=1e-7)
    sim.settings.DisableSlonczewskiTorque = True
    assert not fields.field(sim, "torque").any()


def test_slonczewski_and_zhang_li_torque_act_together():
    sim = simulation((6, 5, 3), Pol=0.5)
    smooth_random(sim)
    sim.material.excitations["J"].set((1e12, 0, 2e12))
    zhang_li = fields.field(sim, "STTorque")
    sim.material.excitations["FixedLayer"].set((1, 0, 0))
    both = fields.field(sim, "STTorque")
    sim.settings.DisableZhangLiTorque = True
    np.testing.assert_allclose(
        fields.field(sim, "STTorque") + zhang_li, both, atol=1e-6 * np.abs(both).max()
    )
    assert np.abs(both - zhang_li).max() > 0.1 * np.abs(both).max()


def test_frozen_spins_keep_their_bits():
    sim = simulation((12, 6, 1), Dbulk=3e-3, B_ext=(0.5, 0.2, 0.1))
    regions = np.zeros(sim.state.mesh.shape, np.uint8)
    regions[:, :, 4:7] = 3
    sim.state.set_regions(regions)
    sim.material.parameters["FrozenSpins"].set_region(3, 1)
    smooth_random(sim)
    before = sim.state.m
    assert not fields.field(sim, "torque")[:, :, 4:7].any()
    steps(sim, 50)
    relax(sim)
    np.testing.assert_array_equal(sim.state.m[:, :, 4:7], before[:, :, 4:7])
    assert np.abs(sim.state.m - before)[:, :, [3, 7]].max() > 0.1


def alternating(cells, **values):
    """Two regions in turn along x: each bond along x is between them."""
    sim = simulation(cells, pbc=(1, 1, 1), **values)
    sim.state.set_regions(np.broadcast_to(np.arange(cells[0]) % 2, sim.state.mesh.shape))
    smooth_random(sim)
    return sim


def test_coupling_between_regions_is_scaled_or_replaced():
    cells = (8, 1, 1)
    sim = alternating(cells)
    plain = fields.field(sim, "B_exch")
    sim.material.exchange_coupling.scale(1, 0, 0.3)
    np.testing.assert_allclose(fields.field(sim, "B_exch"), 0.3 * plain, rtol=1e-5, atol=1e-6)
    sim.material.exchange_coupling.fix(0, 1, 4e-12)
    np.testing.assert_allclose(
        fields.field(sim, "B_exch"), 4e-12 / FILM["Aex"] * plain, rtol=1e-5, atol=1e-6
    )
    weak, strong = (alternating(cells, Dind=d) for d in (1e-3, 3e-3))
    strong.material.dind_coupling.fix(0, 1, 1e-3)
    np.testing.assert_allclose(
        fields.field(strong, "B_exch"), fields.field(weak, "B_exch"), atol=1e-5
    )
    strong.material.dind_coupling.scale(0, 1, 1 / 3)
    np.testing.assert_allclose(
        fields.field(strong, "B_exch"), fields.field(weak, "B_exch"), atol=1e-5
    )


def test_regions_without_moment_neither_feel_nor_give_a_field():
    # where mumax3 divides zero by zero: DMI, a missing neighbor and Msat = 0
    sim = simulation((8, 4, 1), Dbulk=3e-3, Ku1=5e5, anisU=(0, 0, 1))
    regions = np.zeros(sim.state.mesh.shape, np.uint8)
    regions[..., 4:] = 1
    sim.state.set_regions(regions)
    smooth_random(sim)
    sim.material.parameters["Msat"].set_region(1, 0.0)
    field = fields.field(sim, "B_eff")
    assert np.isfinite(field).all()
    assert not field[..., 4:, :].any()
    m = sim.state.m
    m[..., 4:, :] = (0.6, 0, 0.8)
    sim.state.set_m(m)
    np.testing.assert_array_equal(fields.field(sim, "B_eff"), field)


def test_largest_angle_is_that_of_the_helix():
    n = 16
    sim = simulation((n, 2, 2), pbc=(1, 0, 0))
    x = 2 * np.pi * np.arange(n) / n
    m = np.stack([0 * x, np.cos(x), np.sin(x)], -1)
    sim.state.set_m(np.broadcast_to(m, (2, 2, n, 3)))
    np.testing.assert_allclose(spin_angle(sim), 2 * np.pi / n, atol=1e-3)
    m[5] = (1, 0, 0)
    sim.state.set_m(np.broadcast_to(m, (2, 2, n, 3)))
    assert max_angle(sim) == pytest.approx(np.pi / 2, abs=1e-3)
    assert spin_angle(sim)[0, 0, 8] == pytest.approx(2 * np.pi / n, abs=1e-3)
    regions = np.zeros(sim.state.mesh.shape, np.uint8)
    regions[..., 5] = 1
    sim.state.set_regions(regions)
    sim.material.exchange_coupling.scale(0, 1, 0.0)
    assert max_angle(sim) == pytest.approx(2 * np.pi / n, abs=1e-3)


@pytest.mark.parametrize("threshold", [-1.0, 1e-3])
def test_relaxation_ends_when_asked_to(threshold):
    sim = simulation((16, 16, 1), Dbulk=3e-3)
    sim.settings.RelaxTorqueThreshold = threshold
    smooth_random(sim)
    blocks = []

    def interrupt():
        blocks.append(sim.clock.step)
        sim.stop_requested = len(blocks) == 4

    sim.before_run.append(interrupt)
    relax(sim)
    assert len(blocks) == 4
    assert sim.clock.step == blocks[-1]
    assert (sim.settings.solver, sim.settings.MaxErr, sim.settings.DoPrecess, sim.relaxing) == (
        5,
        1e-5,
        True,
        False,
    )


def test_torque_of_a_map_is_that_of_the_equal_uniform_current():
    cells = (9, 7, 1)
    by_region, by_map = simulation(cells), simulation(cells)
    for sim in (by_region, by_map):
        smooth_random(sim)
    by_region.material.excitations["J"].set((1e12, -2e12, 0))
    current = np.broadcast_to(
        np.array([1e12, -2e12, 0], np.float32) / 4, (*by_map.state.mesh.shape, 3)
    )
    by_map.material.excitations["J"].add(current, 3.0)
    by_map.material.excitations["J"].add(current, lambda t: 1.0 + t)
    np.testing.assert_allclose(
        fields.field(by_map, "STTorque"), fields.field(by_region, "STTorque"), rtol=1e-5, atol=1e-9
    )
    by_map.material.excitations["J"].remove_extra_terms()
    assert not fields.field(by_map, "STTorque").any()


def test_one_region_and_two_equal_regions_agree():
    """The vectorized rows of a uniform film against the general path."""
    one, two = (simulation((12, 9, 1), pbc=(0, 0, 1), Dbulk=3e-3, Ku1=5e5) for _ in range(2))
    for sim in (one, two):
        sim.material.parameters["anisU"].set((0, 0.6, 0.8))
        sim.material.excitations["B_ext"].set((0.1, 0.2, 0.3))
        sim.material.excitations["J"].set((1e12, 2e12, 0))
        sim.material.parameters["xi"].set(0.1)
        smooth_random(sim)
    regions = np.zeros(two.state.mesh.shape, np.uint8)
    regions[:, :, 5:] = 7
    two.state.set_regions(regions)
    a, b = fields.field(one, "torque"), fields.field(two, "torque")
    np.testing.assert_allclose(a, b, atol=1e-6 * np.abs(a).max())


def test_energy_is_conserved_without_damping():
    sim = simulation((16, 1, 1), Ku1=5e5, anisU=(0, 0, 1), alpha=0.0, Dbulk=2e-3, pbc=(0, 1, 1))
    sim.settings.MaxErr = 1e-6
    smooth_random(sim)
    before = energies.energy(sim, "E_total")
    run(sim, 5e-12)
    sim.material.parameters["alpha"].set(0.5)
    conserved = energies.energy(sim, "E_total") - before
    run(sim, 5e-12)
    dissipated = energies.energy(sim, "E_total") - before
    assert dissipated < 0
    assert abs(conserved) < 2e-3 * abs(dissipated)


@pytest.mark.parametrize(
    ("solver", "order"), [(-1, 1), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)]
)
def test_steppers_have_their_order(solver, order):
    duration = 4e-12 if solver == 6 else 1e-12

    def error(dt):
        sim = simulation((1, 1, 1), B_ext=(0, 0, 10.0), alpha=0.1)
        sim.settings.solver, sim.settings.FixDt = solver, dt
        uniform(sim, (1, 0, 0))
        steps(sim, round(duration / dt))
        angle = GAMMA0 * 10 * duration / 1.01
        mz = math.tanh(0.1 * angle)
        exact = np.array([math.cos(angle), math.sin(angle), 0]) / math.cosh(0.1 * angle)
        exact[2] = mz
        return float(np.linalg.norm(sim.state.m[0, 0, 0] - exact))

    coarse = {-1: 2e-15, 1: 1e-14, 2: 6.25e-14, 3: 2.5e-13, 4: 5e-13, 5: 5e-13, 6: 5e-13}[solver]
    measured = math.log2(error(coarse) / error(coarse / 2))
    assert measured == pytest.approx(order, abs=0.6)


def test_threads_do_not_change_a_bit(monkeypatch):
    monkeypatch.setattr("orchestrator.engines.cpu.physics.workers.CELLS_PER_THREAD", 16)
    results = []
    for threads in (1, 3):
        sim = simulation((20, 16, 1), pbc=(0, 0, 1), Dbulk=3e-3)
        sim.workers.count = threads
        smooth_random(sim)
        steps(sim, 20)
        results.append(sim.state.m)
        sim.close()
    np.testing.assert_array_equal(*results)


def test_pair_table_takes_the_harmonic_mean():
    values, msat = np.zeros(256, np.float32), np.ones(256, np.float32)
    values[:4] = [1, 3, 0, -2]
    msat[5] = 0
    values[5] = 4
    table = pair_table(values, msat)
    assert table[0, 1] == pytest.approx(1.5)
    assert table[0, 2] == 0
    assert table[1, 1] == 3
    assert table[1, 3] == pytest.approx(math.sqrt(math.sqrt(6) * 0.5))
    assert table[0, 5] == 0


def test_what_the_engine_cannot_do_is_refused():
    sim = simulation((2, 2, 1), Dbulk=1e-3, Dind=1e-3)
    uniform(sim, (0, 0, 1))
    with pytest.raises(EngineError, match="same time"):
        steps(sim, 1)
    sim = simulation((2, 2, 1))
    sim.settings.solver = 9
    with pytest.raises(EngineError, match=r"SetSolver\(9\)"):
        steps(sim, 1)


@pytest.mark.parametrize("solver", [-1, 1, 3, 5])
def test_a_torque_that_is_not_a_number_ends_the_run(solver):
    sim = simulation((4, 3, 1), Dbulk=1e-3, Aex=0.0)
    sim.settings.solver, sim.settings.FixDt = solver, 1e-14 if solver == -1 else 0
    uniform(sim, (0, 0, 1))
    with pytest.raises(EngineError, match=r"not a number in 12 cells.*\(0, 0, 0\).*Aex = 0"):
        steps(sim, 3)
