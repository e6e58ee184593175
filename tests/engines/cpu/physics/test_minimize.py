"""Minimize against Relax and against ground states known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.physics import energies, fields
from orchestrator.engines.cpu.physics.make import make_simulation
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.minimize import minimize
from orchestrator.engines.cpu.physics.relax import relax


def magnet(cells, cell_size=(2e-9, 2e-9, 2e-9), pbc=(0, 0, 0), **values):
    sim = make_simulation(threads=1)
    sim.settings.EnableDemag = False
    sim.set_mesh(Mesh(cells, cell_size, pbc))
    for name, value in ({"Msat": 5.8e5, "alpha": 0.3} | values).items():
        known = (
            sim.material.parameters if name in sim.material.parameters else sim.material.excitations
        )
        known[name].set(value)
    return sim


def twisted(sim):
    """A texture far from uniform, without symmetry."""
    nz, ny, nx = sim.state.mesh.shape
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in (nz, ny, nx)), indexing="ij")
    sim.state.set_m(np.stack([0.3 + np.sin(3 * x), np.cos(2 * y + x), 0.6 - x + z], -1))


def test_angle_between_anisotropy_and_field():
    """Stoner and Wohlfarth: a field across the easy axis pulls m to sin(angle) = B Ms/(2 K)."""
    k, ms, b = 4e5, 5.8e5, 0.5
    sim = magnet((2, 2, 1), Ku1=k, anisU=(0.0, 0.0, 1.0), B_ext=(b, 0.0, 0.0))
    sim.state.set_m(np.broadcast_to((0.1, 0.05, 1.0), (1, 2, 2, 3)))
    minimize(sim)
    np.testing.assert_allclose(sim.state.m[0, 0, 0], [b * ms / (2 * k), 0, 0.93198], atol=1e-4)


def test_domain_wall_has_its_energy_and_width():
    """4 sqrt(A K) per area and m_z = -tanh(x / sqrt(A / K))."""
    a, k, c = 1.5e-11, 4e5, 5e-10
    width = np.sqrt(a / k)
    sim = magnet((240, 1, 1), (c, 4e-9, 4e-9), Aex=a, Ku1=k, anisU=(0.0, 0.0, 1.0))
    x = (np.arange(240) - 119.5) * c
    sim.state.set_m(np.stack([0 * x, x**2 < 1e-17, -np.sign(x)], -1)[None, None] + 1e-9)
    sim.settings.MinimizerStop = 1e-7
    minimize(sim)
    energy = energies.energy(sim, "E_total") + k * 240 * c * 16e-18
    assert energy / 16e-18 == pytest.approx(4 * np.sqrt(a * k), rel=1e-3)
    np.testing.assert_allclose(sim.state.m[0, 0, :, 2], -np.tanh(x / width), atol=2e-3)


def test_agrees_with_relax_with_demag():
    states, found = [], []
    for method in (minimize, relax):
        sim = magnet((10, 8, 1), (5e-9, 5e-9, 4e-9), Aex=1.3e-11, Msat=8e5)
        sim.settings.EnableDemag = True
        twisted(sim)
        start = energies.energy(sim, "E_total")
        method(sim)
        states.append(sim.state.m)
        found.append(energies.energy(sim, "E_total"))
        assert found[-1] < 0.5 * start
        assert fields.max_torque(sim) < 1e-3
    assert found[0] == pytest.approx(found[1], rel=1e-4)
    np.testing.assert_allclose(states[0], states[1], atol=0.01)


def test_frozen_spins_stay_and_settings_come_back():
    sim = magnet((8, 4, 1), Aex=1e-11, B_ext=(0.0, 0.0, 1.0))
    twisted(sim)
    sim.state.set_regions(np.broadcast_to(np.arange(8) < 2, (1, 4, 8)))
    sim.material.parameters["FrozenSpins"].set_region(1, 1.0)
    before, sim.clock.time, sim.settings.FixDt = sim.state.m, 2e-9, 1e-14
    minimize(sim)
    np.testing.assert_array_equal(sim.state.m[:, :, :2], before[:, :, :2])
    assert sim.state.m[..., 7, 2].min() > 0.9
    settings = sim.settings
    assert (sim.clock.time, settings.FixDt, settings.DoPrecess, settings.solver, sim.relaxing) == (
        2e-9, 1e-14, True, 5, False
    )  # fmt: skip
    assert sim.clock.last_err <= sim.settings.MinimizerStop


def test_hooks_are_called_and_a_stop_is_obeyed():
    sim = magnet((8, 4, 1), Aex=1e-11, B_ext=(0.0, 0.0, 0.1))
    twisted(sim)
    seen = []

    def look():
        seen.append(sim.clock.step)
        sim.stop_requested = len(seen) == 4

    sim.post_step.append(look)
    minimize(sim)
    assert seen == [1, 2, 3, 4]


def test_a_window_without_samples_is_refused():
    sim = magnet((2, 1, 1))
    sim.settings.MinimizerSamples = 0
    with pytest.raises(EngineError, match="MinimizerSamples is 0"):
        minimize(sim)
