"""Grids of one cell, of one row, of odd and periodic lengths, by symmetry."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.constants import GAMMA0
from orchestrator.engines.cpu.physics import fields
from orchestrator.engines.cpu.physics.make import make_simulation
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.stepper import run

SIZES = (2e-9, 3e-9, 2.5e-9)


def magnet(cells, sizes, pbc, turn=0):
    """All local terms and the demagnetizing field; vectors turned as often as the grid."""
    sim = make_simulation(threads=1)
    sim.set_mesh(Mesh(cells, sizes, pbc))
    scalars = {"Msat": 8e5, "Aex": 1.3e-11, "Dbulk": 3e-3, "alpha": 0.1, "xi": 0.2, "Pol": 0.5,
               "Ku1": 3e5, "Kc1": 1e5}  # fmt: skip
    vectors = {"anisU": (1, 2, 3), "anisC1": (1, 0, 0), "anisC2": (0, 1, 0)}
    for name, value in scalars.items():
        sim.material.parameters[name].set(value)
    for name, vector in vectors.items():
        sim.material.parameters[name].set(np.roll(vector, turn))
    sim.material.excitations["J"].set(np.roll((1e12, -2e12, 3e12), turn))
    sim.material.excitations["B_ext"].set(np.roll((0.1, 0.2, -0.3), turn))
    return sim


@pytest.mark.parametrize(
    ("cells", "pbc"),
    [
        ((1, 1, 1), (0, 0, 0)),
        ((1, 1, 1), (2, 0, 1)),
        ((1, 9, 1), (0, 0, 0)),
        ((1, 9, 1), (1, 0, 2)),
        ((2, 1, 1), (1, 0, 0)),
        ((7, 1, 3), (0, 2, 1)),
        ((5, 3, 2), (1, 0, 3)),
    ],
)
def test_turned_grid_has_turned_torque(cells, pbc):
    """x to y, y to z, z to x."""
    one = magnet(cells, SIZES, pbc)
    m = np.random.default_rng(3).normal(size=(*one.state.mesh.shape, 3))
    one.state.set_m(m)
    expected = fields.field(one, "torque")
    for turn in (1, 2):
        other = magnet(*(tuple(np.roll(t, turn).tolist()) for t in (cells, SIZES, pbc)), turn)
        axes = tuple(np.roll((0, 1, 2), -turn))

        def turned(field, turn=turn, axes=axes):
            return np.roll(np.transpose(field, (*axes, 3)), turn, axis=3)

        other.state.set_m(turned(m))
        np.testing.assert_allclose(
            fields.field(other, "torque"), turned(expected), atol=1e-5 * np.abs(expected).max()
        )


@pytest.mark.parametrize("cells", [(7, 5, 3), (11, 2, 1), (1, 13, 1)])
def test_periodic_grids_of_any_length_have_no_edge(cells):
    sim = magnet(cells, SIZES, (2, 2, 0))
    m = np.random.default_rng(4).normal(size=(*sim.state.mesh.shape, 3))
    sim.state.set_m(m)
    expected = fields.field(sim, "torque")
    for axis in (1, 2):
        sim.state.set_m(np.roll(m, 1, axis))
        shifted = np.roll(expected, 1, axis)
        np.testing.assert_allclose(
            fields.field(sim, "torque"), shifted, atol=1e-5 * np.abs(expected).max()
        )


def test_one_cell_precesses_at_the_larmor_frequency():
    sim = make_simulation(threads=1)
    sim.set_mesh(Mesh((1, 1, 1), (4e-9, 4e-9, 4e-9)))
    sim.material.parameters["Msat"].set(8e5)
    sim.state.set_m(np.array([[[[0.6, 0.0, 0.8]]]]))
    sim.material.excitations["B_ext"].set((0, 0, 0.1))
    sim.settings.MaxErr = 1e-7
    run(sim, 0.25 * 2 * np.pi / (GAMMA0 * 0.1))
    np.testing.assert_allclose(sim.state.m[0, 0, 0], (0, 0.6, 0.8), atol=2e-5)
