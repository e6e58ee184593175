"""Conditions at the contacts: voltages, currents, floating contacts, series resistances."""

from __future__ import annotations

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
from orchestrator.transport.network import Network

AMR = Resistivity(rho_par=7e-7, rho_perp=1e-7)
STRIP = Film((30, 6, 1), (4e-9, 4e-9, 1e-8))
SHEET = 1e-7 / 1e-8
ENDS = (SideContact("left", "left"), SideContact("right", "right"))
BAR = RectangleContact("bar", (40e-9, 0.0), (40e-9, 24e-9))


def corners(resistances=(0.0, 0.0, 0.0, 0.0)):
    places = ("top left", "top right", "bottom right", "bottom left")
    return tuple(
        CornerContact(str(k), place, 12e-9, resistance=r)
        for k, (place, r) in enumerate(zip(places, resistances, strict=True), start=1)
    )


def test_floating_bar_divides_the_voltage(uniform):
    state = Network(STRIP, AMR, (*ENDS, BAR)).solve(uniform(STRIP))
    drive = state.drive(voltages={"left": 0.3, "right": 0.0})
    assert drive.voltage("bar") == pytest.approx(0.3 * 80 / 120, rel=1e-12)
    assert drive.current("bar") == 0
    assert drive.voltage("bar", against="left") == pytest.approx(-0.1, rel=1e-12)


def test_given_current_makes_the_ohmic_voltage(uniform):
    state = Network(STRIP, AMR, ENDS).solve(uniform(STRIP))
    drive = state.drive(voltages={"right": 0.5}, currents={"left": 2e-3})
    assert drive.voltage("left") == pytest.approx(0.5 + 2e-3 * SHEET * 5, rel=1e-12)
    assert drive.current("right") == pytest.approx(-2e-3, rel=1e-12)
    j = drive.current_density
    np.testing.assert_allclose(j[..., 0], 2e-3 / (24e-9 * 1e-8), rtol=1e-9)


def test_mixed_conditions_hold_all_at_once(textured):
    film = Film((24, 20, 1), (4e-9, 4e-9, 1e-8))
    contacts = (*corners((0.0, 3.0, 0.0, 1.0)), RectangleContact("mid", (40e-9,) * 2, (56e-9,) * 2))
    state = Network(film, AMR, contacts).solve(textured(film))
    drive = state.drive(voltages={"1": 0.2, "3": -0.1}, currents={"2": 4e-3})
    assert (drive.voltage("1"), drive.voltage("3")) == (0.2, -0.1)
    currents = state.terminal_currents(drive.voltages)
    np.testing.assert_allclose(currents, drive.currents, rtol=0, atol=1e-12 * abs(currents).max())
    assert (drive.current("2"), drive.current("4"), drive.current("mid")) == (4e-3, 0, 0)
    assert abs(drive.currents.sum()) <= 1e-12 * np.abs(drive.currents).max()


def test_floating_contact_is_an_equipotential_of_the_film(textured):
    film = Film((24, 20, 1), (4e-9, 4e-9, 1e-8))
    contacts = (*corners(), RectangleContact("mid", (40e-9, 40e-9), (56e-9, 56e-9)))
    drive = Network(film, AMR, contacts).solve(textured(film)).drive({"1": 0.2, "3": -0.1})
    np.testing.assert_allclose(drive.potential[0, 10:15, 10:15], drive.voltage("mid"), rtol=1e-12)


def test_series_resistances_add_to_that_of_the_strip(uniform):
    contacts = (
        SideContact("left", "left", resistance=20.0),
        SideContact("right", "right", resistance=5.0),
    )
    state = Network(STRIP, AMR, contacts).solve(uniform(STRIP))
    film = SHEET * 5
    assert state.resistance("left", "right") == pytest.approx(film + 25, rel=1e-12)
    assert 1 / state.conductance[0, 0] == pytest.approx(film + 25, rel=1e-12)
    drive = state.drive(voltages={"left": 1.0, "right": 0.0})
    current = 1 / (film + 25)
    phi = drive.potential[0]
    np.testing.assert_allclose(phi[:, 0], 1 - 20 * current, rtol=1e-12)
    np.testing.assert_allclose(phi[:, -1], 5 * current, rtol=1e-12)
    heat = drive.power_density.sum() * np.prod(STRIP.cell_size)
    assert heat == pytest.approx(film * current**2, rel=1e-12)
    assert drive.power == pytest.approx(current, rel=1e-12)


def test_series_resistances_are_edges_to_new_terminals(textured):
    """The terminals as nodes of a graph of their own, the film's contacts eliminated."""
    film = Film((16, 16, 1), (4e-9, 4e-9, 1e-8))
    r = np.array([3.0, 11.0, 0.5, 7.0])
    bare = Network(film, AMR, corners()).solve(textured(film)).conductance
    edges = np.diag(1 / r)
    graph = np.block([[edges, -edges], [-edges, edges + bare]])
    expected = graph[:4, :4] - graph[:4, 4:] @ np.linalg.inv(graph[4:, 4:]) @ graph[4:, :4]
    state = Network(film, AMR, corners(r)).solve(textured(film))
    np.testing.assert_allclose(state.film_conductance, bare, rtol=1e-13)
    np.testing.assert_allclose(
        state.conductance, expected, rtol=0, atol=1e-13 * abs(expected).max()
    )


def test_series_resistance_can_stand_at_some_contacts_only_with_hall_effect(textured):
    film = Film((16, 16, 1), (4e-9, 4e-9, 1e-8))
    hall = Resistivity(rho_par=7e-7, rho_perp=1e-7, sigma_ah=2e6)
    r = (0.0, 50.0, 0.0, 2.0)
    state = Network(film, hall, corners(r)).solve(textured(film))
    v = np.array([0.4, -0.2, 0.1, 0.3])
    currents = state.terminal_currents(v)
    film_currents = state.film_conductance @ (v - r * currents)
    np.testing.assert_allclose(currents, film_currents, rtol=1e-12)


def test_planar_hall_voltage_of_floating_probes(uniform):
    film = Film((120, 9, 1), (4e-9, 4e-9, 1e-8))
    probes = (
        RectangleContact("upper", (240e-9, 36e-9), (240e-9, 36e-9)),
        RectangleContact("lower", (240e-9, 0.0), (240e-9, 0.0)),
    )
    theta = np.radians(30)
    m = uniform(film, (np.cos(theta), np.sin(theta), 0))
    drive = Network(film, AMR, (*ENDS, *probes)).solve(m).drive({"right": 0}, {"left": 1e-3})
    # E = rho j with j along x: E_y = (rho_par - rho_perp) sin(theta) cos(theta) j_x
    hall_field = 6e-7 * np.sin(theta) * np.cos(theta) * 1e-3 / (36e-9 * 1e-8)
    assert drive.voltage("upper", "lower") == pytest.approx(-hall_field * 36e-9, rel=1e-6)


@pytest.mark.parametrize("up", [1, -1])
def test_anomalous_hall_voltage_turns_with_the_magnetization(uniform, up):
    film = Film((120, 9, 1), (4e-9, 4e-9, 1e-8))
    probes = (
        RectangleContact("upper", (240e-9, 36e-9), (240e-9, 36e-9)),
        RectangleContact("lower", (240e-9, 0.0), (240e-9, 0.0)),
    )
    hall = Resistivity(rho_par=7e-7, rho_perp=1e-7, sigma_ah=1e6)
    drive = Network(film, hall, (*ENDS, *probes)).solve(uniform(film, (0, 0, up)))
    drive = drive.drive({"right": 0}, {"left": 1e-3})
    # j = sigma E + sigma_ah (E_y, -E_x) m_z; j_y = 0 makes E_y = (sigma_ah m_z / sigma) E_x
    field = 1e-3 / (36e-9 * 1e-8) / (1e7 + 1e6**2 / 1e7)
    assert drive.voltage("upper", "lower") == pytest.approx(-up * 0.1 * field * 36e-9, rel=1e-6)


def test_thirty_five_contacts_of_a_picture(textured):
    film = Film((50, 70, 1), (4e-9, 4e-9, 1e-8))
    contacts = contact_grid(film, columns=5, rows=7, size=12e-9, margin=8e-9)
    assert contacts[0].lower == pytest.approx((8e-9, 260e-9))
    state = Network(film, AMR, contacts).solve(textured(film))
    g = state.conductance
    assert g.shape == (35, 35)
    np.testing.assert_array_equal(g, g.T)
    assert (np.linalg.eigvalsh(g)[1:] > 0).all()
    assert (g[~np.eye(35, dtype=bool)] < 1e-12 * g.max()).all()
    voltages = {str(k): (-1) ** k * 0.05 for k in range(1, 21)}
    drive = state.drive(voltages, {"35": 1e-4})
    assert abs(drive.currents.sum()) <= 1e-12 * np.abs(drive.currents).max()
    assert np.abs(drive.voltages[20:34]).max() <= 0.05 * (1 + 1e-12)


def test_film_cut_in_two_needs_ground_on_both_sides(textured):
    m = textured(STRIP)
    m[:, :, 15] = 0
    tap = RectangleContact("tap", (92e-9, 0.0), (92e-9, 24e-9))
    state = Network(STRIP, AMR, (*ENDS, tap)).solve(m)
    assert np.isinf(state.resistance("left", "right"))
    assert np.isfinite(state.resistance("tap", "right"))
    assert state.resistance("left", "left") == 0
    with pytest.raises(
        InputError, match="'right', 'tap' is undefined: none of the contacts joined"
    ):
        state.drive({"left": 1.0})
    drive = state.drive({"left": 1.0, "right": 0.2})
    assert drive.voltage("tap") == pytest.approx(0.2, rel=1e-12)
    assert np.abs(drive.current_density).max() < 1e-12 * 1e7 * 1.0 / 120e-9


def test_reduced_conductance_leaves_floating_contacts_out(textured):
    film = Film((16, 16, 1), (4e-9, 4e-9, 1e-8))
    state = Network(film, AMR, corners()).solve(textured(film))
    reduced = state.reduced(["3", "1"])
    drive = state.drive({"1": 0.3, "3": 0.1})
    np.testing.assert_allclose(
        reduced @ [0.1, 0.3], [drive.current("3"), drive.current("1")], rtol=1e-12
    )
    assert 1 / reduced[0, 0] == pytest.approx(state.resistance("1", "3"), rel=1e-12)


@pytest.mark.parametrize(
    ("voltages", "currents", "words"),
    [
        ({"lef": 1.0}, {}, "no contact is named 'lef'; did you mean 'left'"),
        ({"left": 1.0}, {"left": 1e-3}, "contact 'left' has both a voltage and a current"),
        ({"left": float("nan")}, {}, "contact 'left': its voltage must be finite"),
        ({"left": 0.0}, {"right": float("inf")}, "contact 'right': its current must be finite"),
        ({}, {"left": 1e-3, "right": -1e-3}, "no contact has a voltage; ground one .* 0$"),
        ({}, {"left": 1e-3, "right": 1e-3}, "the currents add up to 0.002 A instead of 0"),
        ({}, {}, "'left', 'right' is undefined"),
    ],
)
def test_impossible_conditions_are_refused_by_name(uniform, voltages, currents, words):
    state = Network(STRIP, AMR, ENDS).solve(uniform(STRIP))
    with pytest.raises(InputError, match=words):
        state.drive(voltages, currents)
