"""The thermal field: its strength, its repetition, and the equilibrium that it keeps."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.engines.cpu.physics import fields
from orchestrator.engines.cpu.physics.make import make_simulation
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.relax import relax
from orchestrator.engines.cpu.physics.stepper import run, steps

KB = 1.380649e-23


def bath(cells=(64, 64, 2), temperature=300.0, alpha=0.1, dt=1e-14):
    sim = make_simulation(threads=1)
    sim.settings.EnableDemag = False
    sim.set_mesh(Mesh(cells, (3e-9, 3e-9, 3e-9)))
    for name, value in {"Msat": 1e6, "alpha": alpha, "Temp": temperature}.items():
        sim.material.parameters[name].set(value)
    sim.state.set_m(np.broadcast_to((0.0, 0.0, 1.0), (*sim.state.mesh.shape, 3)))
    sim.settings.FixDt = sim.clock.dt = dt
    return sim


def test_field_is_white_with_the_variance_of_brown():
    sim = bath()
    field = fields.field(sim, "B_therm").astype(float)
    expected = np.sqrt(2 * KB * 300 * 0.1 / (1.7595e11 * 1e6 * 2.7e-26 * 1e-14))
    count = field[..., 0].size
    np.testing.assert_allclose(field.std(axis=(0, 1, 2)), expected, rtol=4 / np.sqrt(2 * count))
    np.testing.assert_allclose(field.mean(axis=(0, 1, 2)), 0, atol=4 * expected / np.sqrt(count))
    cross = np.corrcoef(field.reshape(-1, 3).T)
    np.testing.assert_allclose(cross, np.eye(3), atol=4 / np.sqrt(count))
    along = np.corrcoef(field[:, :, 1:].ravel(), field[:, :, :-1].ravel())[0, 1]
    assert abs(along) < 4 / np.sqrt(3 * count)


def test_regions_have_their_temperature_and_nothing_happens_without_moment():
    sim = bath()
    sim.state.set_regions(np.arange(64) // 16 * np.ones(sim.state.mesh.shape, int))
    sim.material.parameters["Temp"].set_region(1, 1200.0)
    sim.material.parameters["Temp"].set_region(2, 0.0)
    sim.material.parameters["Msat"].set_region(3, 0.0)
    strength = fields.field(sim, "B_therm").reshape(2, 64, 4, 16, 3).std(axis=(0, 1, 3, 4))
    assert strength[1] == pytest.approx(2 * strength[0], rel=0.04)
    assert not strength[2:].any()


def test_noise_is_kept_within_a_step_scaled_with_dt_and_new_in_the_next():
    sim = bath()
    sim.settings.FixDt = 0.0
    first = fields.field(sim, "B_therm")
    np.testing.assert_array_equal(fields.field(sim, "B_therm"), first)
    sim.clock.dt = 4e-14
    np.testing.assert_allclose(fields.field(sim, "B_therm"), first / 2, rtol=1e-6)
    sim.clock.step += 1
    other = fields.field(sim, "B_therm")
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.03


def test_a_seed_repeats_a_run_on_any_number_of_threads():
    final = []
    for seed, threads in ((5, 1), (5, 3), (6, 1)):
        sim = bath(cells=(256, 256, 2))
        sim.workers.count = threads
        sim.seed(seed)
        steps(sim, 3)
        final.append(sim.state.m)
        sim.close()
    np.testing.assert_array_equal(final[0], final[1])
    assert (final[0] != final[2]).any()


def test_no_noise_while_relaxing():
    sim = bath(cells=(4, 4, 1), alpha=1.0)
    sim.material.excitations["B_ext"].set((0.0, 0.0, 1.0))
    relax(sim)
    np.testing.assert_allclose(sim.state.m[..., 2], 1, atol=1e-6)


@pytest.mark.parametrize("solver", [2, pytest.param(5, marks=pytest.mark.slow)])
def test_independent_moments_reach_the_langevin_function(solver):
    """<m_z> = coth x - 1/x and <m_z^2> = 1 - 2 <m_z>/x with x = Ms V B / (k_B T)."""
    b = 0.3
    sim = bath(cells=(32, 32, 2), alpha=1.0, dt=1e-13)
    sim.settings.solver = solver
    sim.material.excitations["B_ext"].set((0.0, 0.0, b))
    x = 1e6 * 2.7e-26 * b / (KB * 300)
    expected = 1 / np.tanh(x) - 1 / x
    run(sim, 1.2e-10)
    first, second = [], []
    for _ in range(8):
        run(sim, 3e-11)
        mz = sim.state.m[..., 2].astype(float)
        first.append(mz.mean())
        second.append((mz**2).mean())
    # Eight looks at 2048 moments, hardly correlated: a standard error of 0.003.
    assert np.mean(first) == pytest.approx(expected, abs=0.012)
    assert np.mean(second) == pytest.approx(1 - 2 * expected / x, abs=0.01)
