"""Regions of other media, and a conducting layer underneath."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.describe.areas import Box, Disc, Mask, Rectangle
from orchestrator.describe.contacts import BoxContact, CornerContact, FaceContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Region, Resistivity, Underlayer
from orchestrator.transport.network import Network

AMR = Resistivity(rho_par=7e-7, rho_perp=1e-7)
FILM = Film((20, 10, 1), (4e-9, 4e-9, 1e-8))
ENDS = (SideContact("left", "left"), SideContact("right", "right"))
RIGHT_HALF = Rectangle((40e-9, 0.0), (80e-9, 40e-9))


def conductance(m, *regions, film=FILM, contacts=ENDS, **options):
    return Network(film, AMR, contacts, regions=regions, **options).solve(m).conductance


def test_metal_in_series_has_its_own_resistivity_whatever_m_is(uniform):
    m = uniform(FILM, (1, 0, 0))
    metal = Region("pad", RIGHT_HALF, "metal", rho=2e-8)
    expected = 1e-8 * 40e-9 / (40e-9 * 7e-7 + 40e-9 * 2e-8)
    assert conductance(m, metal)[0, 0] == pytest.approx(expected, rel=1e-12)
    m[:, :, 10:] = 0
    assert conductance(m, metal)[0, 0] == pytest.approx(expected, rel=1e-12)


def test_region_of_another_magnet_in_parallel(uniform):
    upper = Rectangle((0.0, 20e-9), (80e-9, 40e-9))
    other = Region("soft", upper, "magnet", resistivity=Resistivity(rho_par=3e-7, rho_perp=2e-7))
    m = uniform(FILM, (1, 0, 0))
    expected = 1e-8 * 20e-9 / 80e-9 * (1 / 7e-7 + 1 / 3e-7)
    assert conductance(m, other)[0, 0] == pytest.approx(expected, rel=1e-12)
    m[:, 5:] = 0
    assert conductance(m, other)[0, 0] == pytest.approx(expected / (1 + 7 / 3), rel=1e-12)


def test_hall_effect_of_one_region_only(uniform):
    film = Film((80, 10, 1), (4e-9, 4e-9, 1e-8))
    hall = Resistivity(rho_par=7e-7, rho_perp=1e-7, sigma_ah=1e6)
    half = Rectangle((160e-9, 0.0), (320e-9, 40e-9))
    region = Region("hall", half, "magnet", resistivity=hall)
    phi = Network(film, AMR, ENDS, regions=(region,)).solve(uniform(film)).potential([1, 0])[0]
    along, across = phi[5, :-1] - phi[5, 1:], phi[0] - phi[-1]
    assert across[60] / 10 == pytest.approx(0.1 * along[60], rel=5e-3)
    assert abs(across[10]) < 1e-3 * across[60]


def test_vacuum_region_is_the_same_as_zero_magnetization(textured):
    m = textured(FILM)
    hole = Region("hole", Disc((40e-9, 20e-9), 13e-9), "vacuum")
    without = m.copy()
    without[hole.area.cells(FILM)] = 0
    assert hole.area.cells(FILM).sum() == 32
    np.testing.assert_array_equal(conductance(m, hole), conductance(without))


def test_last_of_overlapping_regions_counts(textured):
    m = textured(FILM)
    everything = Rectangle((0.0, 0.0), (80e-9, 40e-9))
    hole = Region("hole", everything, "vacuum")
    metal = Region("metal", everything, "metal", rho=5e-8)
    assert conductance(m, hole, metal)[0, 0] == pytest.approx(0.5 * 1e-8 / 5e-8, rel=1e-12)
    other = Resistivity(rho_par=3e-7, rho_perp=2e-7)
    magnet = Region("magnet", everything, "magnet", resistivity=other)
    alone = Network(FILM, other, ENDS).solve(m).conductance
    np.testing.assert_allclose(conductance(m, metal, magnet), alone, rtol=1e-12)


def test_pad_of_good_metal_acts_as_a_contact(textured):
    m = textured(FILM)
    pad = Box((0.0, 0.0, 0.0), (16e-9, 40e-9, 1e-8))
    rest = Film((16, 10, 1), (4e-9, 4e-9, 1e-8))
    metal = Region("pad", pad, "metal", rho=1e-11)
    expected = conductance(m[:, :, 4:], film=rest)[0, 0]
    assert conductance(m, metal)[0, 0] == pytest.approx(expected, rel=1e-3)


def test_three_dimensional_shunt_below_a_magnet(uniform):
    film = Film((12, 4, 6), (4e-9, 4e-9, 2e-9))
    shunt = Region("shunt", Box((0.0, 0.0, 0.0), (48e-9, 16e-9, 4e-9)), "metal", rho=5e-8)
    g = conductance(uniform(film, (1, 0, 0)), shunt, film=film)[0, 0]
    expected = 16e-9 / 48e-9 * (4e-9 / 5e-8 + 8e-9 / 7e-7)
    assert g == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("layers", [1, 4])
def test_underlayer_conducts_in_parallel_and_its_current_is_apart(uniform, layers):
    film = Film((12, 5, layers), (4e-9, 4e-9, 1e-8 / layers))
    network = Network(film, AMR, ENDS, underlayer=Underlayer(rho=2e-7, thickness=5e-9))
    drive = network.solve(uniform(film, (1, 0, 0))).drive({"left": 0.1, "right": 0})
    field, width = 0.1 / 48e-9, 20e-9
    j = drive.current_density
    np.testing.assert_allclose(j[..., 0], field / 7e-7, rtol=1e-9)
    below = drive.underlayer_current_density
    assert below.shape == (5, 12, 2)
    np.testing.assert_allclose(below[..., 0], field * 5e-9 / 2e-7, rtol=1e-9)
    np.testing.assert_allclose(below[..., 1], 0, atol=1e-9 * below.max())
    expected = field * width * (1e-8 / 7e-7 + 5e-9 / 2e-7)
    assert drive.current("left") == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("sigma_ah", [0.0, 2e6])
def test_heat_of_film_underlayer_and_contacts_is_the_power(textured, layers, sigma_ah):
    film = Film((14, 12, layers), (4e-9, 4e-9, 5e-9))
    contacts = (
        CornerContact("a", "top left", 12e-9, resistance=2.0),
        CornerContact("b", "bottom right", 12e-9),
        SideContact("c", "top", start=40e-9),
    )
    m = textured(film)
    m[:, 3:5, 6:] = 0
    resistivity = Resistivity(rho_par=7e-7, rho_perp=1e-7, sigma_ah=sigma_ah)
    network = Network(film, resistivity, contacts, underlayer=Underlayer(sheet_resistance=30.0))
    state = network.solve(m)
    v = np.array([0.3, -0.1, 0.2])
    cx, cy, cz = film.cell_size
    film_heat = state.power_density(v).sum() * cx * cy * cz
    below = state.underlayer_power_density(v)
    assert (below[3:5, 6:] == 0).all()
    drop = 2.0 * state.terminal_currents(v)[0] ** 2
    assert film_heat + below.sum() * cx * cy + drop == pytest.approx(state.power(v), rel=1e-11)
    assert min(film_heat, below.sum(), drop) > 0.01 * state.power(v)


def test_current_crowds_from_a_film_into_its_underlayer(uniform):
    """A poor film on a good layer, current injected from above: one-dimensional transfer length.

    Under a contact of length l the layer carries I sinh(x / L) / sinh(l / L) with the transfer
    length L = sqrt(rho t g) of a film of thickness t on a sheet of conductance g.
    """
    film = Film((240, 2, 2), (1e-9, 4e-9, 5e-10))
    poor = Resistivity(rho_par=8e-5, rho_perp=8e-5)
    sheet, length = 1e-2, np.sqrt(8e-5 * 1e-9 * 1e-2)
    contacts = (
        FaceContact("above", "z+", lower=(0.0, 0.0), upper=(160e-9, 8e-9)),
        BoxContact("end", (240e-9, 0.0, 0.0), (240e-9, 8e-9, 0.0)),
    )
    network = Network(film, poor, contacts, underlayer=Underlayer(sheet_resistance=1 / sheet))
    drive = network.solve(uniform(film)).drive({"above": 1.0, "end": 0.0})
    current = drive.current("above")
    resistance = 1 / current
    ohms = 80e-9 / 8e-9 / sheet + length / 8e-9 / sheet / np.tanh(160e-9 / length)
    assert length == pytest.approx(28.3e-9, rel=1e-2)
    assert resistance == pytest.approx(ohms, rel=1e-2)
    below = drive.underlayer_current_density[..., 0].mean(axis=0) * 8e-9
    x = (np.arange(240) + 0.5) * 1e-9
    under = x < 150e-9
    expected = current * np.sinh(x / length) / np.sinh(160e-9 / length)
    np.testing.assert_allclose(below[under], expected[under], rtol=0, atol=0.02 * current)


def test_areas_hold_cells_with_their_center_inside():
    film = Film((6, 5, 1), (4e-9, 4e-9, 1e-8))
    assert Rectangle((4e-9, 5e-9), (13e-9, 20e-9)).cells(film)[0].sum() == 2 * 4
    assert Disc((12e-9, 10e-9), 4e-9).cells(film)[0].sum() == 2
    mask = np.arange(30).reshape(1, 5, 6) % 4 == 1
    np.testing.assert_array_equal(Mask.of(mask).cells(film), mask)
