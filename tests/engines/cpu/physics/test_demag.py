"""The demagnetizing field against known answers."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.constants import MU0
from orchestrator.engines.cpu.physics import energies, fields
from orchestrator.engines.cpu.physics.make import make_simulation
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.terms.demag import Convolution
from orchestrator.engines.cpu.physics.terms.demag_tensor import demag_tensor

MSAT = 8e5


def magnet(cells, cell_size=(3e-9, 3e-9, 3e-9), pbc=(0, 0, 0)):
    sim = make_simulation(threads=1)
    sim.set_mesh(Mesh(cells, cell_size, pbc))
    sim.material.parameters["Msat"].set(MSAT)
    return sim


def uniform(sim, direction):
    sim.state.set_m(np.broadcast_to(np.array(direction, float), (*sim.state.mesh.shape, 3)))


def randomize(sim, seed=0):
    sim.state.set_m(np.random.default_rng(seed).normal(size=(*sim.state.mesh.shape, 3)))


def factor(sim, axis):
    """Demagnetizing factor along an axis, from the mean field."""
    uniform(sim, np.eye(3)[axis])
    return -fields.field(sim, "B_demag")[..., axis].mean(dtype=float) / (MU0 * MSAT)


def prism_factor(a, b, c):
    """Factor along c of a box with edges a, b, c: A. Aharoni, J. Appl. Phys. 83, 3432 (1998)."""
    r = np.sqrt(a * a + b * b + c * c)
    ab, bc, ac = np.hypot(a, b), np.hypot(b, c), np.hypot(a, c)
    log, atan = np.log, np.arctan
    total = (
        (b * b - c * c) / (2 * b * c) * log((r - a) / (r + a))
        + (a * a - c * c) / (2 * a * c) * log((r - b) / (r + b))
        + b / (2 * c) * log((ab + a) / (ab - a))
        + a / (2 * c) * log((ab + b) / (ab - b))
        + c / (2 * a) * log((bc - b) / (bc + b))
        + c / (2 * b) * log((ac - a) / (ac + a))
        + 2 * atan(a * b / (c * r))
        + (a**3 + b**3 - 2 * c**3) / (3 * a * b * c)
        + (a * a + b * b - 2 * c * c) / (3 * a * b * c) * r
        + c / (a * b) * (ac + bc)
        - (ab**3 + bc**3 + ac**3) / (3 * a * b * c)
    )
    return total / np.pi


def test_the_formula_for_prisms_has_its_published_values():
    assert prism_factor(1, 1, 1) == pytest.approx(1 / 3)
    assert prism_factor(1, 1, 2) == pytest.approx(0.1983, abs=1e-4)


@pytest.mark.parametrize("cells", [(10, 10, 10), (12, 5, 3), (20, 8, 1)], ids=str)
def test_boxes_have_the_factors_of_prisms(cells):
    edges = np.array(cells, float)
    for axis in range(3):
        a, b, c = np.roll(edges, 2 - axis)
        assert factor(magnet(cells), axis) == pytest.approx(prism_factor(a, b, c), abs=2e-3)


def test_a_wide_film_has_all_its_field_across():
    sim = magnet((100, 100, 1), (5e-9, 5e-9, 1e-9))
    uniform(sim, (0, 0, 1))
    centre = fields.field(sim, "B_demag")[0, 50, 50]
    # A square film of width w and thickness t falls short by 2 sqrt(2) t / (pi w) at its centre.
    missing = 2 * np.sqrt(2) * 1 / (np.pi * 500)
    np.testing.assert_allclose(centre / (MU0 * MSAT), [0, 0, missing - 1], atol=2e-3)


def test_periodic_images_make_an_infinite_film():
    open_film, periodic = magnet((8, 8, 1)), magnet((8, 8, 1), pbc=(12, 12, 0))
    assert factor(open_film, 2) < 0.8
    width = 25 * 8
    missing = 2 * np.sqrt(2) / (np.pi * width)
    assert factor(periodic, 2) == pytest.approx(1 - missing, abs=2e-3)
    assert factor(periodic, 0) == pytest.approx(missing / 2, abs=1e-3)


@pytest.mark.parametrize(
    ("cells", "pbc"),
    [
        ((5, 4, 3), (0, 0, 0)), ((6, 5, 1), (0, 0, 0)), ((1, 1, 4), (0, 0, 0)),
        ((5, 4, 3), (1, 0, 0)), ((6, 3, 2), (0, 2, 1)), ((4, 6, 1), (1, 1, 2)),
    ],
    ids=str,
)  # fmt: skip
def test_transforms_give_the_sum_over_cells(cells, pbc):
    cell = (3e-9, 4e-9, 2e-9)
    tensor = demag_tensor(cells, cell, pbc)
    mesh = Mesh(cells, cell, pbc)
    source = np.random.default_rng(3).normal(size=(3, *mesh.shape)).astype(np.float32)
    expected = np.zeros_like(source)
    rows = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
    for to in np.ndindex(mesh.shape):
        for at in np.ndindex(mesh.shape):
            apart = np.subtract(to, at)[::-1]
            for axis, count in enumerate(cells):
                if pbc[axis] and abs(apart[axis]) > count // 2:
                    apart[axis] -= np.sign(apart[axis]) * count
            x, y, z = np.abs(apart)
            sign = np.where(apart < 0, -1, 1)
            block = tensor[:, z, y, x][rows] * np.outer(sign, sign)
            expected[(slice(None), *to)] += block @ source[(slice(None), *at)]
    np.testing.assert_allclose(Convolution(mesh, tensor)(source), expected, atol=2e-6)


def test_field_is_minus_the_derivative_of_the_energy():
    sim = magnet((6, 5, 2))
    sim.material.parameters["Msat"].set_region(1, 3e5)
    sim.state.set_regions(np.random.default_rng(5).integers(0, 2, sim.state.mesh.shape))
    sim.state.set_geometry(np.random.default_rng(6).choice([0, 0.4, 1], sim.state.mesh.shape))
    randomize(sim)
    cell, axis = (
        tuple(np.argwhere(sim.state.geometry == np.float32(0.4))[3]),
        np.array([0.3, -0.2, 0.9]),
    )
    moment = sim.cell_values("Msat")[cell] * 0.4 * sim.state.mesh.cell_volume

    def energy(angle):
        m = kept.copy()
        m[cell] = kept[cell] * np.cos(angle) + np.cross(axis, kept[cell]) * np.sin(angle)
        m[cell] /= np.linalg.norm(m[cell])
        sim.state.set_m(m)
        return energies.energy(sim, "E_demag")

    kept = sim.state.m
    field = fields.field(sim, "B_demag")[cell]
    slope = (energy(0.05) - energy(-0.05)) / 0.1
    assert slope == pytest.approx(-moment * np.cross(axis, kept[cell]) @ field, rel=2e-2)


def test_a_layer_magnetized_in_its_plane_has_no_field_across_to_the_last_bit():
    sim = magnet((9, 7, 1))
    m = np.random.default_rng(2).normal(size=(1, 7, 9, 3))
    m[..., 2] = 0
    sim.state.set_m(m)
    assert not fields.field(sim, "B_demag")[..., 2].any()


def test_reciprocity():
    sim = magnet((7, 4, 3))
    states, found = [], []
    for seed in (1, 2):
        randomize(sim, seed)
        states.append(sim.state.m.astype(float))
        found.append(fields.field(sim, "B_demag").astype(float))
    assert (states[0] * found[1]).sum() == pytest.approx((states[1] * found[0]).sum(), rel=1e-4)


def test_a_cell_filled_by_half_makes_half_the_field():
    sim = magnet((4, 1, 1))
    found = []
    for fill in (1.0, 0.5):
        sim.state.set_geometry(np.array([fill, 0, 0, 0]).reshape(1, 1, 4))
        uniform(sim, (0, 0, 1))
        found.append(fields.field(sim, "B_demag"))
    assert np.abs(found[0][0, 0, 3]).max() > 0
    np.testing.assert_allclose(found[1], found[0] / 2, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("how", ["NoDemagSpins", "Msat"])
def test_spins_without_demag_make_and_feel_no_field(how):
    sim, left = magnet((6, 4, 1)), np.arange(6) < 3
    sim.state.set_regions(np.broadcast_to(left, sim.state.mesh.shape))
    sim.material.parameters[how].set_region(1, 1 if how == "NoDemagSpins" else 0)
    randomize(sim)
    field = fields.field(sim, "B_demag")[0]
    alone = magnet((6, 4, 1))
    alone.state.set_geometry(np.broadcast_to(~left, alone.state.mesh.shape))
    alone.state.set_m(sim.state.m)
    assert not field[:, left].any()
    np.testing.assert_allclose(
        field[:, ~left], fields.field(alone, "B_demag")[0][:, ~left], atol=1e-7
    )


def test_a_changed_accuracy_makes_a_new_tensor():
    sim = magnet((4, 4, 1), (4e-9, 4e-9, 1e-9))
    coarse = factor(sim, 2)
    sim.settings.DemagAccuracy = 30.0
    fine = factor(sim, 2)
    exact = prism_factor(16, 16, 1)
    assert abs(fine - exact) < abs(coarse - exact) / 3


def test_without_demag_there_is_no_field_and_no_energy():
    sim = magnet((4, 4, 1))
    sim.settings.EnableDemag = False
    randomize(sim)
    assert not fields.field(sim, "B_demag").any()
    assert energies.energy(sim, "E_demag") == 0
