"""Derivatives of G by the magnetization against known answers and differences of solved films."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Rectangle
from orchestrator.describe.contacts import BoxContact, CornerContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Region, Resistivity, Underlayer
from orchestrator.plotting.figures import plot_sensitivities
from orchestrator.transport.network import Network
from orchestrator.transport.sensitivity import sensitivity

AMR = Resistivity(rho_par=7e-7, rho_perp=1e-7)
HALL = Resistivity(rho_par=7e-7, rho_perp=1e-7, sigma_ah=2e6)
FLAT = Film((10, 8, 1), (4e-9, 3e-9, 5e-9))
BLOCK = Film((6, 5, 3), (4e-9, 3e-9, 2e-9))
CORNERS = ("top left", "top right", "bottom right", "bottom left")


def corners(resistance: float = 0.0) -> tuple[CornerContact, ...]:
    return tuple(
        CornerContact(name, place, 8e-9, resistance=k * resistance)
        for k, (name, place) in enumerate(zip("abcd", CORNERS, strict=True))
    )


def differences(network: Network, m: np.ndarray, change: np.ndarray) -> np.ndarray:
    """dG along a change of m, by fourth-order central differences."""
    h = 1e-4
    g = {k: network.solve(m + k * h * change).conductance for k in (-2, -1, 1, 2)}
    return (8 * (g[1] - g[-1]) - (g[2] - g[-2])) / (12 * h)


@pytest.mark.parametrize("film", [FLAT, BLOCK], ids=["2D", "3D"])
@pytest.mark.parametrize("resistivity", [AMR, HALL], ids=["AMR", "Hall"])
@pytest.mark.parametrize("resistance", [0.0, 4.0])
def test_all_pairs_agree_with_differences_of_solved_films(textured, film, resistivity, resistance):
    network = Network(film, resistivity, corners(resistance), "direct")
    m = textured(film)
    m[0, 3, 2:5] = 0
    state = network.solve(m)
    change = np.random.default_rng(1).normal(size=m.shape) * (m != 0)
    expected = differences(network, m, change)
    found = np.array(
        [
            [(sensitivity(network.media, state, m, i, j, tangent=False) * change).sum()
             for j in "abcd"]
            for i in "abcd"
        ]
    )  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 * np.abs(expected).max())


def test_single_cells_beside_metal_and_over_an_underlayer(textured):
    pad = Region("pad", Rectangle((0.0, 0.0), (12e-9, 9e-9)), rho=5e-8, medium="metal")
    other = Region(
        "other", Rectangle((20e-9, 0.0), (40e-9, 24e-9)), medium="magnet", resistivity=HALL
    )
    network = Network(
        FLAT, AMR, corners(), regions=(pad, other), underlayer=Underlayer(rho=3e-7, thickness=1e-9)
    )
    m = textured(FLAT)
    m[0, :3, :3] = 0
    state = network.solve(m)
    slope = sensitivity(network.media, state, m, "a", "c", tangent=False)
    assert (slope[0, :3, :3] == 0).all()
    for place in ((0, 4, 1, 0), (0, 4, 1, 2), (0, 2, 8, 1), (0, 5, 7, 2)):
        change = np.zeros_like(m)
        change[place] = 1
        expected = differences(network, m, change)[0, 2]
        assert slope[place] == pytest.approx(expected, rel=1e-6, abs=1e-9 * np.abs(slope).max())


def test_strip_magnetized_along_the_current(uniform):
    """G = (sigma_perp + (sigma_par - sigma_perp) m_x^2) w t / L, shared by all cells alike."""
    ends = (SideContact("left", "left"), SideContact("right", "right"))
    network = Network(FLAT, AMR, ends)
    m = uniform(FLAT, (1, 0, 0))
    slope = sensitivity(network.media, network.solve(m), m, "left", "left", tangent=False)
    each = 2 * (1 / 7e-7 - 1 / 1e-7) * 3e-9 * 5e-9 / (10 * 10 * 4e-9)
    np.testing.assert_allclose(slope[..., 0], each, rtol=1e-10)
    np.testing.assert_allclose(slope[..., 1:], 0, atol=1e-10 * abs(each))


def test_tangent_part_gives_the_change_of_a_turned_texture(textured):
    network = Network(FLAT, HALL, corners())
    m = textured(FLAT)
    state = network.solve(m)
    slope = sensitivity(network.media, state, m, "b", "d")
    np.testing.assert_allclose(
        np.einsum("...i,...i", slope, m), 0, atol=1e-12 * np.abs(slope).max()
    )
    change = np.cross(np.random.default_rng(2).normal(size=m.shape), m)
    h = 1e-5
    plus, minus = (m + k * h * change for k in (1, -1))
    g_plus, g_minus = (
        network.solve(n / np.linalg.norm(n, axis=-1, keepdims=True)).conductance[1, 3]
        for n in (plus, minus)
    )
    assert (slope * change).sum() == pytest.approx((g_plus - g_minus) / (2 * h), rel=1e-6)


def test_slope_of_the_power_of_a_voltage_vector(textured):
    contacts = (
        BoxContact("lower", (0.0, 0.0, 0.0), (24e-9, 15e-9, 0.0)),
        BoxContact("upper", (8e-9, 6e-9, 6e-9), (16e-9, 9e-9, 6e-9)),
    )
    network = Network(BLOCK, HALL, contacts, "direct")
    m = textured(BLOCK)
    v = np.array([0.3, -0.1])
    change = np.random.default_rng(3).normal(size=m.shape)
    slope = sensitivity(network.media, network.solve(m), m, v, v, tangent=False)
    expected = v @ differences(network, m, change) @ v
    assert (slope * change).sum() == pytest.approx(expected, rel=1e-8)


def test_wrong_shape_and_unknown_contact_are_refused(textured):
    network = Network(FLAT, AMR, corners())
    m = textured(FLAT)
    state = network.solve(m)
    with pytest.raises(InputError, match="m has shape"):
        sensitivity(network.media, state, m[:, 1:], "a", "b")
    with pytest.raises(InputError, match="no contact is named 'e'"):
        sensitivity(network.media, state, m, "e", "b")


def test_figure_of_all_pairs(textured, tmp_path):
    network = Network(FLAT, AMR, corners())
    m = textured(FLAT)
    path = plot_sensitivities(network, m, tmp_path / "sensitivities.png")
    assert path.read_bytes().startswith(b"\x89PNG")
