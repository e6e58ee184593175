"""Orders of convergence by manufactured solutions in rotating textures."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.transport import solvers
from orchestrator.transport.assembly import Assembler
from orchestrator.transport.conductivity import Media, conductivity
from orchestrator.transport.geometry import Geometry
from orchestrator.transport.solvers import SOLVERS

LENGTHS = (1.2e-7, 0.8e-7, 0.6e-7)
RATIO_7 = Resistivity(rho_par=7e-7, rho_perp=1e-7)
HALL = Resistivity(rho_par=7e-7, rho_perp=1e-7, sigma_ah=4e6)


def texture(points: np.ndarray) -> np.ndarray:
    """Directions that turn about two axes, at places of shape (d, ...) in units of the lengths."""
    turn = 5 * points[0] + 2 * points[1]
    tilt = 1 + 2 * points[0] - 4 * points[-1]
    return np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)])


def potential(points: np.ndarray) -> np.ndarray:
    """The manufactured potential, V."""
    return np.sin(2 * points[0] + 1) * np.exp(points[1]) + points[-1] * points[0] ** 2


def slope(function, points: np.ndarray, axis: int) -> np.ndarray:
    """Derivative along an axis in 1/m, by fourth-order central differences."""
    h = 1e-3
    step = np.zeros_like(points)
    step[axis] = h
    near = function(points + step) - function(points - step)
    far = function(points + 2 * step) - function(points - 2 * step)
    return (8 * near - far) / (12 * h) / LENGTHS[axis]


def flux(points: np.ndarray, axis: int, resistivity: Resistivity) -> np.ndarray:
    """Component of Sigma grad phi, with Sigma written out as rho_par, rho_perp and the cross."""
    gradient = np.array([slope(potential, points, a) for a in range(len(points))])
    m = texture(points)
    e = np.zeros_like(m)
    e[: len(gradient)] = gradient
    along = (m * e).sum(axis=0)
    whole = (e - along * m) / resistivity.perpendicular + along * m / resistivity.parallel
    return (whole + resistivity.sigma_ah * np.cross(e, m, axis=0))[axis]


def error(cells: tuple[int, ...], resistivity: Resistivity, solver: str) -> float:
    """Root mean square error of the potential in V, given on all faces."""
    d = len(cells)
    spacing = tuple(length / n for length, n in zip(LENGTHS, cells[::-1], strict=False))
    film = Film((*cells[::-1], 1)[:3], (*spacing, 1.0e-9)[:3])
    centers = np.array(np.meshgrid(*((np.arange(n) + 0.5) / n for n in cells), indexing="ij"))
    m = np.moveaxis(texture(centers[::-1]), 0, -1).reshape(*film.array_shape, 3)
    media = Media.of(film, resistivity)
    everywhere = np.ones(film.array_shape, bool)
    stencil = Assembler(cells, spacing, 1.0)(conductivity(m, media, everywhere))

    nodes = np.array(np.meshgrid(*(np.linspace(0, 1, n + 1) for n in cells), indexing="ij"))[::-1]
    exact = potential(nodes)
    free = np.zeros(exact.shape, bool)
    free[(slice(1, -1),) * d] = True
    source = sum(slope(lambda p, a=a: flux(p, a, resistivity), nodes, a) for a in range(d))
    geometry = Geometry(
        spacing=spacing,
        thickness=1.0,
        conducting=np.ones(cells, bool),
        contact=np.where(free, -1, 0),
        free=free,
        islands=(),
        groups=np.array([0]),
    )
    rhs = -np.prod(spacing) * source - stencil.apply(np.where(free, 0, exact))
    solve = SOLVERS[solver](geometry)(stencil)
    found = solve((rhs * free)[None])[0]
    return float(np.sqrt(((found - exact)[free] ** 2).sum() / np.prod(cells)))


@pytest.mark.parametrize("resistivity", [RATIO_7, HALL], ids=["AMR", "Hall"])
@pytest.mark.parametrize(
    ("solver", "grids"),
    [
        ("direct", [(16, 20), (32, 40), (64, 80), (128, 160)]),
        ("multigrid", [(32, 40), (64, 80), (128, 160), (256, 320)]),
        ("direct", [(4, 6, 8), (8, 12, 16), (16, 24, 32)]),
        ("multigrid", [(8, 12, 16), (16, 24, 32), (32, 48, 64)]),
    ],
    ids=["direct 2D", "multigrid 2D", "direct 3D", "multigrid 3D"],
)
def test_potentials_converge_with_second_order(resistivity, solver, grids, monkeypatch):
    monkeypatch.setattr(solvers, "TOLERANCE", 1e-8)
    errors = np.array([error(cells, resistivity, solver) for cells in grids])
    orders = np.log2(errors[:-1] / errors[1:])
    print(f"\n{solver} {grids[-1]}: errors {errors}, orders {orders}")
    assert orders[-1] == pytest.approx(2, abs=0.15)
    assert (orders > 1.7).all()
