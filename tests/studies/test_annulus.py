"""The physics of the study of the annulus, on small grids."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest


@pytest.fixture
def study(load_study) -> ModuleType:
    return load_study("other_models.annulus")


@pytest.fixture
def small_ring(study, monkeypatch) -> ModuleType:
    monkeypatch.setattr(study, "INNER", 30e-9)
    monkeypatch.setattr(study, "OUTER", 60e-9)
    monkeypatch.setattr(study, "CELL", 5e-9)
    return study


def test_ring_follows_the_exact_resistance_at_every_angle(small_ring):
    """One factor for the stair-step edge; the dependence on the angle of m is exact."""
    network = small_ring.ring_network()
    ratios = []
    for angle in np.radians([0, 30, 45, 90]):
        solved = network.solve(small_ring.ring_texture(angle)).resistance("start", "end")
        ratios.append(solved / small_ring.ring_resistance(angle))
    assert ratios[0] == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-3)


def test_ring_is_a_memristor_of_the_charge(small_ring):
    """The resistance after a charge is the model's, and going back restores it."""
    current = 8e11 * small_ring.THICKNESS * (small_ring.OUTER - small_ring.INNER)
    q, r = small_ring.drive_ring(current * np.array([1, 1, -1, -1]), 4e-10)
    angle = small_ring.angle_per_charge() * q[2]
    assert 0.3 < angle < 1.0
    swing = r[0] * (1 - small_ring.RING_AMR.perpendicular / small_ring.RING_AMR.parallel)
    turned = np.arcsin(np.sqrt((r[0] - r[2]) / swing))
    assert turned == pytest.approx(angle, rel=0.15)
    on_grid = small_ring.angle_per_charge_on_grid(whole=False) * q[2]
    assert turned == pytest.approx(on_grid, rel=0.05)
    assert small_ring.angle_per_charge_on_grid(whole=True) * q[2] == pytest.approx(angle, rel=0.05)
    assert r[4] == pytest.approx(r[0], abs=0.01 * (r[0] - r[2]))
    assert r[3] == pytest.approx(r[1], abs=0.02 * (r[0] - r[2]))


def test_second_harmonic_of_an_ideal_memristor(study):
    """R(q) integrated without any solver, against the formula for small changes of R."""
    amplitude, angle = 1e-4, 0.6
    currents = study.sine(amplitude, 1)
    q = np.concatenate([[0], np.cumsum(currents) / (study.FREQUENCY * study.SAMPLES)])
    r = np.array([study.ring_resistance(angle - study.angle_per_charge() * x) for x in q])
    found = study.second_harmonic(currents, r)
    assert found == pytest.approx(study.second_harmonic_of_memristor(amplitude, angle), rel=0.02)


def test_alternating_current_makes_the_memristors_second_harmonic(small_ring, monkeypatch):
    """The stair-step edge of this coarse ring turns m more slowly; the rest is the formula."""
    monkeypatch.setattr(small_ring, "SAMPLES", 8)
    amplitude = 8e11 * small_ring.THICKNESS * (small_ring.OUTER - small_ring.INNER)
    currents = small_ring.sine(amplitude, 1)
    _, r = small_ring.drive_ring(currents, 1 / (small_ring.FREQUENCY * 8), np.pi / 4)
    slowed = small_ring.angle_per_charge_on_grid(whole=False) / small_ring.angle_per_charge()
    model = small_ring.second_harmonic_of_memristor(amplitude, np.pi / 4)
    assert small_ring.second_harmonic(currents, r) == pytest.approx(slowed * model, rel=0.1)
    assert r[8] == pytest.approx(r[0], abs=0.02 * np.ptp(r))


@pytest.mark.parametrize("amr", [0.3, 1.5])
def test_conductivity_along_the_radius_counts_between_round_contacts(study, amr):
    """The planar Hall current closes around the hole; without it the resistivity would count."""
    disk = study.Corbino(amr, cell=4e-9)
    normal = disk.resistance(disk.normal())
    assert normal == pytest.approx(disk.exact_normal(), rel=0.05)
    angle = np.pi / 4
    found = disk.resistance(disk.spiral(angle)) / normal
    assert found == pytest.approx(disk.exact_spiral(angle), rel=5e-3)
    assert disk.exact_spiral_of_scalar_model(angle) > 1.02 * disk.exact_spiral(angle)
    vortex = disk.resistance(disk.spiral(np.pi / 2)) / normal
    assert vortex == pytest.approx(1, abs=0.02)


def test_scalar_model_in_the_annulus_has_no_planar_hall_current(study):
    disk = study.Corbino(0.3, cell=4e-9)
    angle = np.pi / 4
    found = disk.scalar(disk.spiral(angle)) / disk.resistance(disk.normal())
    assert found == pytest.approx(disk.exact_spiral_of_scalar_model(angle), rel=5e-3)


def test_solved_current_lowers_the_resistance_by_the_second_order(study):
    """Uniform m between round contacts: the current's correction has a closed form."""
    for amr, tolerance in ((0.05, 0.03), (0.4, 0.05)):
        disk = study.Corbino(amr, cell=4e-9)
        normal = disk.resistance(disk.normal())
        first = (disk.rho.parallel + disk.rho.perpendicular) / (2 * disk.rho.perpendicular)
        lowered = first - disk.resistance(disk.uniform()) / normal
        expected = first - disk.uniform_to_second_order()
        assert lowered == pytest.approx(expected, rel=tolerance)
