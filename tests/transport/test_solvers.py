"""Every solver against the dense solution of the same equations, and against the direct one."""

from __future__ import annotations

import importlib.util
import itertools
import sys

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import (
    CornerContact,
    RectangleContact,
    SideContact,
    contact_grid,
)
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.transport.geometry import find_geometry
from orchestrator.transport.network import Network
from orchestrator.transport.ordering import nested_dissection
from orchestrator.transport.solvers import BUILT_IN, SOLVERS, chosen

CORNERS = tuple(
    CornerContact(c, c, 16e-9) for c in ("top left", "top right", "bottom right", "bottom left")
)

INSTALLED = [s for s in SOLVERS if s in BUILT_IN or importlib.util.find_spec("pypardiso")]


def texture(film: Film, seed: int = 3) -> np.ndarray:
    m = np.random.default_rng(seed).normal(size=(*film.array_shape, 3))
    return m / np.linalg.norm(m, axis=-1, keepdims=True)


def turned(m: np.ndarray, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return m @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])


@pytest.mark.parametrize("solver", INSTALLED)
@pytest.mark.parametrize("sigma_ah", [0.0, 5e5])
@pytest.mark.parametrize("cells", [(33, 26, 1), (30, 47, 1), (13, 11, 6), (12, 14, 2)])
def test_potentials_solve_the_equations(solver, sigma_ah, cells):
    film = Film(cells, (4e-9, 3e-9, 5e-9))
    resistivity = Resistivity(rho_par=7e-7, rho_perp=1e-7, sigma_ah=sigma_ah)
    network = Network(film, resistivity, CORNERS, solver=solver)
    network.solve(turned(texture(film), 0.05))
    state = network.solve(texture(film))
    reference = Network(film, resistivity, CORNERS, solver="direct").solve(texture(film))
    scale = np.abs(reference.conductance).max()
    assert np.abs(state.conductance - reference.conductance).max() <= 1e-8 * scale
    v = [1.0, -0.5, 0.25, 0.0]
    j, expected = state.current_density(v), reference.current_density(v)
    assert np.linalg.norm(j - expected) <= 1e-4 * np.linalg.norm(expected)


def dense_conductance(film: Film, tensors: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Schur complement of bilinear elements integrated by 2 x 2 Gauss points, dense."""
    nx, ny, _ = film.cells
    cx, cy, cz = film.cell_size
    matrix = np.zeros((owner.size, owner.size))
    points = (0.5 - 0.5 / np.sqrt(3), 0.5 + 0.5 / np.sqrt(3))
    for iy, ix in itertools.product(range(ny), range(nx)):
        nodes = [iy * (nx + 1) + ix, iy * (nx + 1) + ix + 1]
        nodes += [n + nx + 1 for n in nodes]
        for s, t in itertools.product(points, points):
            gradient = np.array(
                [[-(1 - t) / cx, (1 - t) / cx, -t / cx, t / cx],
                 [-(1 - s) / cy, -s / cy, (1 - s) / cy, s / cy]]
            )  # fmt: skip
            element = gradient.T @ tensors[iy, ix] @ gradient * cx * cy * cz / 4
            matrix[np.ix_(nodes, nodes)] += element
    owner = owner.ravel()
    free = owner < 0
    lift = np.stack([owner == k for k in range(owner.max() + 1)], axis=1).astype(float)
    solution = np.linalg.solve(matrix[np.ix_(free, free)], -matrix[free] @ lift)
    potentials = lift.copy()
    potentials[free] = solution
    return lift.T @ matrix @ potentials


@pytest.mark.parametrize("solver", INSTALLED)
def test_conductance_equals_reactions_of_gauss_integrated_elements(solver):
    film = Film((11, 8, 1), (4e-9, 3e-9, 5e-9))
    resistivity = Resistivity(rho_par=7e-7, rho_perp=1e-7, sigma_ah=3e6)
    contacts = (
        SideContact("left", "left"),
        RectangleContact("pad", (16e-9, 6e-9), (24e-9, 12e-9)),
        SideContact("right", "right", start=9e-9),
    )
    m = texture(film)
    tensors = np.eye(2) / 1e-7 + (1 / 7e-7 - 1 / 1e-7) * np.einsum(
        "yxi,yxj->yxij", m[0, ..., :2], m[0, ..., :2]
    )
    tensors = tensors + 3e6 * m[0, ..., 2, None, None] * np.array([[0, 1], [-1, 0]])
    owner = np.full(film.node_shape[1:], -1)
    for k, contact in enumerate(contacts):
        owner[contact.nodes(film)[0]] = k
    expected = dense_conductance(film, tensors, owner)
    g = Network(film, resistivity, contacts, solver=solver).solve(m).conductance
    np.testing.assert_allclose(g, expected, rtol=0, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("shape", [(1, 1), (7, 50), (33, 33), (9, 8, 7)])
def test_nested_dissection_visits_every_node_once(shape):
    np.testing.assert_array_equal(np.sort(nested_dissection(shape)), np.arange(np.prod(shape)))


@pytest.mark.parametrize("solver", INSTALLED)
def test_slots_of_vacuum_and_touching_islands_of_contacts(solver):
    film = Film((40, 37, 1), (4e-9, 4e-9, 5e-9))
    m = texture(film)
    m[:, 10, 3:38] = 0
    m[:, 20:, 21] = 0
    resistivity = Resistivity(rho_par=7e-7, rho_perp=1e-7)
    contacts = (*CORNERS, RectangleContact("near", (20e-9, 0.0), (30e-9, 16e-9)))
    g = Network(film, resistivity, contacts, solver=solver).solve(m).conductance
    expected = Network(film, resistivity, contacts, solver="direct").solve(m).conductance
    assert np.abs(g - expected).max() <= 1e-8 * np.abs(expected).max()


def test_solver_of_a_package_that_is_missing_is_refused_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypardiso", None)
    film = Film((12, 12, 1), (4e-9, 4e-9, 5e-9))
    with pytest.raises(InputError, match=r"needs the package pypardiso.* auto, direct, multigrid"):
        Network(film, Resistivity(rho_par=7e-7, rho_perp=1e-7), CORNERS[:2], "pardiso")


@pytest.mark.parametrize(
    ("cells", "count", "hall", "expected"),
    [
        ((28, 28, 1), 4, False, "direct"),
        ((40, 40, 1), 4, False, "multigrid"),
        ((12, 12, 4), 4, False, "direct"),
        ((20, 20, 4), 4, False, "multigrid"),
        ((60, 60, 1), 35, False, "direct"),
        ((90, 90, 1), 35, False, "multigrid"),
        ((36, 36, 1), 4, True, "direct"),
        ((44, 44, 1), 4, True, "multigrid"),
        ((90, 90, 1), 35, True, "direct"),
        ((110, 110, 1), 35, True, "multigrid"),
    ],
)
def test_auto_chooses_by_free_nodes_potentials_and_hall_effect(cells, count, hall, expected):
    film = Film(cells, (4e-9, 4e-9, 5e-9))
    contacts = CORNERS if count == 4 else contact_grid(film, 5, 7, size=12e-9, margin=8e-9)
    geometry = find_geometry(film, contacts, np.ones(film.array_shape, bool))
    assert chosen("auto", geometry, hall) == expected


def test_network_tells_auto_of_the_hall_effect():
    film = Film((37, 37, 1), (4e-9, 4e-9, 5e-9))
    m = texture(film)
    for sigma_ah, iterative in ((0.0, True), (5e5, False)):
        network = Network(film, Resistivity(7e-7, 1e-7, sigma_ah=sigma_ah), CORNERS)
        network.solve(m)
        assert network.iterative == iterative
