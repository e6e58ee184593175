"""sigma0 / (1 + a (j.m)^2) against solutions known in closed form and the tensor."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import ConvergenceError, InputError
from orchestrator.describe.areas import Rectangle
from orchestrator.describe.contacts import CornerContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Region, Resistivity
from orchestrator.transport.network import Network
from orchestrator.transport.scalar_model import solve_scalar_model

AMR = Resistivity(rho_par=7e-7, rho_perp=1e-7)
FILM = Film((20, 10, 1), (4e-9, 4e-9, 1e-8))
ENDS = (SideContact("left", "left"), SideContact("right", "right"))


@pytest.mark.parametrize("angle", [0, 30, 45, 90])
def test_strip_magnetized_at_an_angle_has_no_planar_hall_effect(uniform, angle):
    theta = np.radians(angle)
    network = Network(FILM, AMR, ENDS)
    m = uniform(FILM, (np.cos(theta), np.sin(theta), 0))
    solution = solve_scalar_model(network, m, {"left": 1.0, "right": 0.0}, tolerance=1e-10)
    rho = 1e-7 * (1 + 6 * np.cos(theta) ** 2)
    assert solution.drive.current("left") == pytest.approx(0.5 * 1e-8 / rho, rel=1e-8)
    np.testing.assert_allclose(solution.conductivity, 1 / rho, rtol=1e-8)
    j = solution.drive.current_density
    assert np.abs(j[..., 1]).max() <= 1e-8 * np.abs(j).max()


def test_laminates_in_series_with_a_metal(uniform):
    metal = Region("metal", Rectangle((40e-9, 0.0), (80e-9, 40e-9)), "metal", rho=2e-8)
    network = Network(FILM, AMR, ENDS, regions=(metal,))
    m = uniform(FILM, (1, 1, 0))
    drive = solve_scalar_model(network, m, {"left": 1.0, "right": 0.0}, tolerance=1e-9).drive
    assert drive.current("left") == pytest.approx(1e-8 / (4e-7 + 2e-8), rel=1e-7)


@pytest.mark.parametrize("layers", [1, 2])
def test_solution_is_self_consistent_with_vacuum_and_given_current(textured, layers):
    film = Film((16, 12, layers), (4e-9, 4e-9, 1e-8))
    m = textured(film)
    m[:, 4:6, 5:9] = 0
    contacts = (
        CornerContact("a", "top left", 12e-9, resistance=1.0),
        CornerContact("b", "bottom right", 12e-9),
        CornerContact("c", "bottom left", 12e-9),
    )
    solution = solve_scalar_model(
        Network(film, AMR, contacts), m, {"b": 0.0}, {"a": 1e-3}, tolerance=1e-9
    )
    j = solution.drive.current_density
    unit = j / np.maximum(np.linalg.norm(j, axis=-1, keepdims=True), 1)
    expected = 1e7 / (1 + 6 * np.einsum("...i,...i", unit, m) ** 2)
    expected[:, 4:6, 5:9] = 0
    error = np.abs(solution.conductivity - expected)
    assert np.median(error) < 1e-6 * 1e7
    heat = (solution.conductivity > 0) * np.einsum("...i,...i", j, j)
    assert heat[:, 4:6, 5:9].max() == 0
    assert solution.drive.current("a") == 1e-3
    assert solution.drive.voltage("a") > 0
    assert solution.changes[-1] <= 1e-9 < solution.changes[0]


def test_scalar_and_tensor_agree_to_first_order_in_the_ratio(textured):
    """First-order perturbation: both lose j0.(delta rho).j0 with the current of a = 0."""
    m = textured(FILM)
    differences = []
    for a in (0.02, 0.01):
        network = Network(FILM, Resistivity(rho_par=1e-7 * (1 + a), rho_perp=1e-7), ENDS)
        scalar = solve_scalar_model(network, m, {"left": 1.0, "right": 0.0}, tolerance=1e-12)
        tensor = network.solve(m).conductance[0, 0]
        differences.append(tensor - scalar.drive.current("left"))
    assert differences[0] / differences[1] == pytest.approx(4, rel=0.05)


def test_too_few_iterations_are_an_error_with_the_change(textured):
    with pytest.raises(ConvergenceError, match="after 3 iterations, more than 1e-06"):
        solve_scalar_model(
            Network(FILM, AMR, ENDS), textured(FILM), {"left": 1, "right": 0}, iterations=3
        )


def test_damping_leads_to_the_same_solution(textured):
    network, m = Network(FILM, AMR, ENDS), textured(FILM)
    voltages = {"left": 1.0, "right": 0.0}
    plain = solve_scalar_model(network, m, voltages, tolerance=1e-9)
    damped = solve_scalar_model(network, m, voltages, tolerance=1e-9, damping=0.3)
    assert damped.drive.current("left") == pytest.approx(plain.drive.current("left"), rel=1e-8)
    assert len(damped.changes) > len(plain.changes)


def test_hall_effect_and_impossible_damping_are_refused(uniform):
    hall = Network(FILM, Resistivity(rho_par=2e-7, rho_perp=1e-7, sigma_ah=1e5), ENDS)
    with pytest.raises(InputError, match="no anomalous Hall effect"):
        solve_scalar_model(hall, uniform(FILM), {"left": 1, "right": 0})
    with pytest.raises(InputError, match="damping must be"):
        solve_scalar_model(
            Network(FILM, AMR, ENDS), uniform(FILM), {"left": 1, "right": 0}, damping=1.0
        )
