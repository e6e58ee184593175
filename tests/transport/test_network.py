"""Known answers for the conductance network of a two-dimensional film."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import CornerContact, RectangleContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.transport.network import Network

AMR = Resistivity(rho_par=7e-7, rho_perp=1e-7)
LEFT_RIGHT = (SideContact("left", "left"), SideContact("right", "right"))
CORNERS = ("top left", "top right", "bottom right", "bottom left")


def uniform(film: Film, direction: tuple[float, float, float]) -> np.ndarray:
    m = np.zeros((*film.array_shape, 3))
    m[:] = np.array(direction) / np.linalg.norm(direction)
    return m


def textured(film: Film, seed: int = 0) -> np.ndarray:
    m = np.random.default_rng(seed).normal(size=(*film.array_shape, 3))
    return m / np.linalg.norm(m, axis=-1, keepdims=True)


def four_corners(size: float) -> tuple[CornerContact, ...]:
    return tuple(CornerContact(str(k + 1), corner, size) for k, corner in enumerate(CORNERS))


def test_uniform_strip_conducts_sigma_w_t_over_l():
    film = Film((12, 5, 1), (4e-9, 3e-9, 2e-8))
    state = Network(film, AMR, LEFT_RIGHT).solve(uniform(film, (0, 0, 1)))
    expected = 1 / 1e-7 * (5 * 3e-9) * 2e-8 / (12 * 4e-9)
    np.testing.assert_allclose(
        state.conductance, expected * np.array([[1, -1], [-1, 1]]), rtol=1e-12
    )
    j = state.current_density([0.05, 0.0])
    np.testing.assert_allclose(j[..., 0], 0.05 / (12 * 4e-9) / 1e-7, rtol=1e-10)
    np.testing.assert_allclose(j[..., 1:], 0, atol=1e-10 * j.max())


@pytest.mark.parametrize(("direction", "rho"), [((1, 0, 0), 7e-7), ((0, 1, 0), 1e-7)])
def test_strip_magnetized_along_or_across_the_current(direction, rho):
    film = Film((9, 4, 1), (4e-9, 4e-9, 1e-8))
    g = Network(film, AMR, LEFT_RIGHT).solve(uniform(film, direction)).conductance
    assert g[0, 0] == pytest.approx(4 * 1e-8 / 9 / rho, rel=1e-12)


def test_planar_hall_field_of_a_strip_at_open_sides():
    film = Film((96, 8, 1), (4e-9, 4e-9, 1e-8))
    theta = np.radians(35)
    m = uniform(film, (np.cos(theta), np.sin(theta), 0))
    phi = Network(film, AMR, LEFT_RIGHT).solve(m).potential([1.0, 0.0])[0]
    ex = -(phi[4, 49] - phi[4, 47]) / 8e-9
    ey = -(phi[5, 48] - phi[3, 48]) / 8e-9
    difference = 1 / 7e-7 - 1 / 1e-7
    sigma_xy = difference * np.sin(theta) * np.cos(theta)
    sigma_yy = 1 / 1e-7 + difference * np.sin(theta) ** 2
    assert ey / ex == pytest.approx(-sigma_xy / sigma_yy, rel=1e-5)


def test_laminates_in_series_and_in_parallel():
    film = Film((10, 10, 1), (4e-9, 4e-9, 1e-8))
    across = uniform(film, (0, 0, 1))
    series = across.copy()
    series[:, :, :5] = [1, 0, 0]
    g = Network(film, AMR, LEFT_RIGHT).solve(series).conductance[0, 0]
    assert g == pytest.approx(1e-8 / (0.5 * 7e-7 + 0.5 * 1e-7), rel=1e-12)
    parallel = across.copy()
    parallel[:, :5] = [1, 0, 0]
    g = Network(film, AMR, LEFT_RIGHT).solve(parallel).conductance[0, 0]
    assert g == pytest.approx(1e-8 * (0.5 / 7e-7 + 0.5 / 1e-7), rel=1e-12)


def test_conductance_is_symmetric_and_conserves_charge():
    film = Film((30, 20, 1), (4e-9, 4e-9, 1e-8))
    state = Network(film, AMR, four_corners(16e-9)).solve(textured(film))
    g = state.conductance
    np.testing.assert_array_equal(g, g.T)
    assert np.abs(g.sum(axis=0)).max() <= 1e-14 * np.abs(g).max()
    assert (np.linalg.eigvalsh(g)[1:] > 0).all()
    currents = state.terminal_currents([0.03, -0.01, 0.02, 0.05])
    assert abs(currents.sum()) <= 1e-12 * np.abs(currents).max()


def test_current_through_every_cross_section_is_the_terminal_current():
    film = Film((40, 16, 1), (2e-9, 3e-9, 1e-8))
    theta = np.linspace(0, 4, 40)[None, None, :] + np.linspace(0, 2, 16)[None, :, None]
    m = np.stack([np.cos(theta), np.sin(theta), 0 * theta], axis=-1)
    state = Network(film, AMR, LEFT_RIGHT).solve(m)
    through = state.current_density([1.0, 0.0])[0, :, :, 0].sum(axis=0) * 3e-9 * 1e-8
    np.testing.assert_allclose(through, state.terminal_currents([1.0, 0.0])[0], rtol=2e-3)


def test_joule_heat_of_all_cells_is_the_power_of_the_terminals():
    film = Film((16, 16, 1), (4e-9, 4e-9, 1e-8))
    network = Network(film, AMR, four_corners(12e-9))
    v = np.array([0.1, -0.2, 0.3, 0.05])
    state = network.solve(textured(film))
    assert state.power(v) == pytest.approx(v @ state.terminal_currents(v))
    heat = state.power_density(v)
    assert heat.min() >= -1e-12 * heat.max()
    volume = np.prod(film.cell_size)
    assert heat.sum() * volume == pytest.approx(state.power(v), rel=1e-12)


def test_joule_heat_of_the_current_density_converges_to_the_power():
    errors = []
    for n in (16, 32):
        film = Film((n, n, 1), (64e-9 / n, 64e-9 / n, 1e-8))
        x, y = np.meshgrid(*[(np.arange(n) + 0.5) / n] * 2)
        theta = 2 * x + y
        m = np.stack([np.cos(theta), np.sin(theta), 0 * x], axis=-1)[None]
        state = Network(film, AMR, LEFT_RIGHT).solve(m)
        j = state.current_density([1.0, 0.0])
        along = np.einsum("...i,...i", m, j)
        heat = 1e-7 * np.einsum("...i,...i", j, j) + (7e-7 - 1e-7) * along**2
        power = heat.sum() * np.prod(film.cell_size)
        errors.append(abs(power / state.power([1.0, 0.0]) - 1))
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] > 2


def test_quarter_turn_of_texture_and_film_turns_the_network():
    film = Film((14, 10, 1), (4e-9, 4e-9, 1e-8))
    turned_film = Film((10, 14, 1), (4e-9, 4e-9, 1e-8))
    m = textured(film)
    # a field turned by 90 degrees: m'(R r) = R m(r) with R (x, y) = (-y, x)
    turned = np.rot90(m, axes=(2, 1))
    turned = np.stack([-turned[..., 1], turned[..., 0], turned[..., 2]], axis=-1)
    contacts = (
        CornerContact("a", "bottom left", 8e-9),
        CornerContact("b", "bottom right", 8e-9),
        RectangleContact("c", (16e-9, 32e-9), (28e-9, 40e-9)),
    )
    turned_contacts = (
        CornerContact("a", "bottom right", 8e-9),
        CornerContact("b", "top right", 8e-9),
        RectangleContact("c", (0.0, 16e-9), (8e-9, 28e-9)),
    )
    g = Network(film, AMR, contacts).solve(m).conductance
    turned_g = Network(turned_film, AMR, turned_contacts).solve(turned).conductance
    np.testing.assert_allclose(turned_g, g, rtol=1e-10)


def quarter_annulus(n: int) -> float:
    """Sheet conductance between the straight ends of a quarter annulus from radius 1 to 2."""
    film = Film((2 * n, 2 * n, 1), (1e-7 / n, 1e-7 / n, 1e-8))
    x, y = np.meshgrid(*[(np.arange(2 * n) + 0.5) / n] * 2)
    inside = (np.hypot(x, y) > 1) & (np.hypot(x, y) < 2)
    m = inside[None, :, :, None] * uniform(film, (0, 0, 1))
    contacts = (SideContact("a", "left", start=5e-8), SideContact("b", "bottom", start=5e-8))
    return Network(film, AMR, contacts).solve(m).conductance[0, 0] * 1e-7 / 1e-8


def test_quarter_annulus_conducts_2_ln2_over_pi():
    expected = 2 * np.log(2) / np.pi
    assert quarter_annulus(100) == pytest.approx(expected, rel=5e-3)


def test_van_der_pauw_theorem_in_an_anisotropic_film():
    film = Film((120, 80, 1), (4e-9, 4e-9, 1e-8))
    theta = np.radians(25)
    m = uniform(film, (np.cos(theta), np.sin(theta), 0))
    lx, ly, _ = film.lengths
    point = 1e-9
    contacts = tuple(
        RectangleContact(name, (x - point, y - point), (x + point, y + point))
        for name, x, y in (("a", 0, 0), ("b", lx, 0), ("c", lx, ly), ("d", 0, ly))
    )
    g = Network(film, AMR, contacts).solve(m).conductance

    def resistance(source, drain, plus, minus):
        currents = np.zeros(4)
        currents[source], currents[drain] = 1, -1
        v = np.linalg.pinv(g) @ currents
        return v[plus] - v[minus]

    sheet = np.sqrt(7e-7 * 1e-7) / 1e-8
    total = np.exp(-np.pi * resistance(0, 1, 3, 2) / sheet)
    total += np.exp(-np.pi * resistance(1, 2, 0, 3) / sheet)
    assert total == pytest.approx(1, abs=5e-3)


def test_network_is_reusable_and_follows_the_magnetization():
    film = Film((12, 12, 1), (4e-9, 4e-9, 1e-8))
    network = Network(film, AMR, four_corners(8e-9))
    first, second = textured(film, 1), textured(film, 2)
    before = network.solve(first).conductance
    assert not np.allclose(network.solve(second).conductance, before)
    np.testing.assert_allclose(network.solve(first).conductance, before, rtol=1e-12)


def test_vacuum_cells_appearing_later_are_respected():
    film = Film((10, 10, 1), (4e-9, 4e-9, 1e-8))
    network = Network(film, AMR, LEFT_RIGHT)
    m = uniform(film, (0, 0, 1))
    network.solve(m)
    m[:, 5:] = 0
    assert network.solve(m).conductance[0, 0] == pytest.approx(0.5 * 1e-8 / 1e-7, rel=1e-12)


def test_island_without_contact_is_reported_and_left_out(caplog):
    film = Film((10, 10, 1), (4e-9, 4e-9, 1e-8))
    m = uniform(film, (0, 0, 1))
    m[:, 4:7, :] = 0
    m[:, 5, 5] = [0, 0, 1]
    state = Network(film, AMR, LEFT_RIGHT).solve(m)
    assert "1 cells around cell (5, 5) has no contact" in caplog.text
    assert np.isfinite(state.potential([1.0, 0.5])).all()
    assert (state.current_density([1.0, 0.5])[0, 5] == 0).all()
    assert state.conductance[0, 0] == pytest.approx(0.7 * 1e-8 / 1e-7, rel=1e-12)


def test_contact_in_vacuum_is_refused_by_name():
    film = Film((10, 10, 1), (4e-9, 4e-9, 1e-8))
    m = uniform(film, (0, 0, 1))
    m[:, :, -2:] = 0
    with pytest.raises(InputError, match="'right' touches no conducting cell"):
        Network(film, AMR, LEFT_RIGHT).solve(m)


@pytest.mark.parametrize("bad", [np.nan, 0.5])
def test_nan_or_non_unit_magnetization_is_refused_with_its_place(bad):
    film = Film((10, 10, 1), (4e-9, 4e-9, 1e-8))
    m = uniform(film, (0, 0, 1))
    m[0, 3, 7, 2] = bad
    with pytest.raises(InputError, match=r"cell \(ix, iy, iz\) = \(7, 3, 0\)"):
        Network(film, AMR, LEFT_RIGHT).solve(m)


def test_wrong_shapes_are_refused():
    film = Film((10, 10, 1), (4e-9, 4e-9, 1e-8))
    network = Network(film, AMR, LEFT_RIGHT)
    with pytest.raises(InputError, match="m has shape"):
        network.solve(np.zeros((10, 10, 3)))
    state = network.solve(uniform(film, (0, 0, 1)))
    with pytest.raises(InputError, match="need 2 finite voltages"):
        state.power([1.0, 0.0, 0.0])


def test_lateral_periodicity_and_unknown_solver_are_refused():
    film = Film((10, 10, 1), (4e-9, 4e-9, 1e-8))
    m = uniform(film, (0, 0, 1))
    with pytest.raises(InputError, match="unknown solver 'magic'"):
        Network(film, AMR, LEFT_RIGHT, solver="magic").solve(m)
    periodic = Film((10, 10, 1), (4e-9, 4e-9, 1e-8), pbc=(2, 0, 1))
    with pytest.raises(InputError, match="open lateral boundaries"):
        Network(periodic, AMR, LEFT_RIGHT).solve(m)
