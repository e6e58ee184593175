"""A textured film with four contacts against scikit-fem on an unstructured quadratic mesh."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.linalg import splu

from orchestrator.describe.contacts import CornerContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.transport.network import Network

skfem = pytest.importorskip("skfem")

EDGE, CONTACT, THICKNESS = 200e-9, 40e-9, 1e-8
CORNERS = {"a": (0, 1), "b": (1, 1), "c": (1, 0), "d": (0, 0)}
PLACES = ("top left", "top right", "bottom right", "bottom left")


def texture(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Wavy stripes with Bloch walls; x, y in units of the film's edge; components first."""
    phase = 2 * np.pi * (1.5 * x + 0.3 * np.sin(4 * y) + 0.6 * y)
    along = np.stack([0.6 + 0 * x, 0.8 + 0 * x, 0 * x])
    normal = np.stack([0 * x, 0 * x, 1 + 0 * x])
    return np.cos(phase) * normal + np.sin(phase) * along


def conductance_by_scikit_fem(resistivity: Resistivity) -> np.ndarray:
    """G of quadratic triangles, refined towards the inner corners of the contacts."""
    side = CONTACT / EDGE
    grid = np.linspace(0, 1, 11)
    mesh = skfem.MeshTri.init_tensor(grid, grid)

    def in_contact(x: np.ndarray, name: str) -> np.ndarray:
        cx, cy = CORNERS[name]
        return (np.abs(x[0] - cx) < side + 1e-9) & (np.abs(x[1] - cy) < side + 1e-9)

    centers = mesh.p[:, mesh.t].mean(axis=1)
    mesh = mesh.remove_elements(
        np.flatnonzero(np.any([in_contact(centers, name) for name in CORNERS], axis=0))
    )
    mesh = mesh.refined(2)
    inner = [np.abs(np.array(corner) - side) for corner in CORNERS.values()]
    for _ in range(6):
        centers = mesh.p[:, mesh.t].mean(axis=1)
        size = np.sqrt(np.abs(skfem.Basis(mesh, skfem.ElementTriP0()).dx.sum(axis=1)))
        distance = np.min([np.hypot(*(centers - p[:, None])) for p in inner], axis=0)
        mesh = mesh.refined(np.flatnonzero(distance < 1.5 * size))
    mesh = mesh.refined(1)
    basis = skfem.Basis(mesh, skfem.ElementTriP2(), intorder=5)

    @skfem.BilinearForm
    def form(u, v, w):
        m = texture(*w.x)
        e, f = np.stack(u.grad), np.stack(v.grad)
        across, along = 1 / resistivity.perpendicular, 1 / resistivity.parallel
        product = across * (e * f).sum(axis=0)
        product += (along - across) * (m[:2] * e).sum(axis=0) * (m[:2] * f).sum(axis=0)
        return product + resistivity.sigma_ah * m[2] * (f[0] * e[1] - f[1] * e[0])

    matrix = form.assemble(basis)
    held = {name: basis.get_dofs(lambda x, name=name: in_contact(x, name)) for name in CORNERS}
    lifts = np.zeros((matrix.shape[0], 4))
    for k, dofs in enumerate(held.values()):
        lifts[dofs.all(), k] = 1
    free = np.flatnonzero(~lifts.any(axis=1))
    potentials = lifts.copy()
    potentials[free] = splu(matrix[free][:, free].tocsc()).solve(-(matrix[free] @ lifts))
    return THICKNESS * lifts.T @ matrix @ potentials


@pytest.mark.parametrize("sigma_ah", [0.0, 2e6])
def test_conductance_agrees_to_a_thousandth(sigma_ah):
    resistivity = Resistivity(rho_par=7e-7, rho_perp=1e-7, sigma_ah=sigma_ah)
    expected = conductance_by_scikit_fem(resistivity)
    n = 400
    film = Film((n, n, 1), (EDGE / n, EDGE / n, THICKNESS))
    contacts = tuple(
        CornerContact(k, place, CONTACT) for k, place in zip(CORNERS, PLACES, strict=True)
    )
    x = (np.arange(n) + 0.5) / n
    m = np.moveaxis(texture(*np.meshgrid(x, x)), 0, -1)[None]
    g = Network(film, resistivity, contacts).solve(m).conductance
    print(f"\nlargest deviation {np.abs(g / expected - 1).max():.2e}")
    np.testing.assert_allclose(g, expected, rtol=1e-3)
