"""Laws that every network obeys: conservation, reciprocity, Kron reduction, monotonicity."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.describe.areas import Rectangle
from orchestrator.describe.contacts import CornerContact, RectangleContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Region, Resistivity, Underlayer
from orchestrator.transport.network import Network

AMR = Resistivity(rho_par=7e-7, rho_perp=1e-7)
CELL = 4e-9
EXAMPLES = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def random_texture(film: Film, rng: np.random.Generator, vacuum: float = 0.0) -> np.ndarray:
    m = rng.normal(size=(*film.array_shape, 3))
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    m[rng.random(film.array_shape) < vacuum] = 0
    return m


@st.composite
def networks(draw, hall=False, vacuum=0.15):
    """Films of random size, texture and holes with up to eight contacts of random places."""
    nx, ny = draw(st.integers(5, 18)), draw(st.integers(5, 18))
    nz = draw(st.sampled_from([1, 1, 2, 3]))
    film = Film((nx, ny, nz), (CELL, 5e-9, 6e-9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    m = random_texture(film, rng, vacuum)
    places = [(i, j) for i in range(0, nx - 1, 3) for j in range(0, ny - 1, 3)]
    count = draw(st.integers(2, min(8, len(places))))
    contacts = []
    for k, place in enumerate(rng.permutation(places)[:count]):
        x, y = place * np.array([CELL, 5e-9])
        m[:, place[1], place[0]] = [0, 0, 1]
        upper = (float(x) + CELL * rng.integers(2), float(y))
        resistance = float(rng.choice([0.0, 5.0]))
        contacts.append(
            RectangleContact(str(k), (float(x), float(y)), upper, resistance=resistance)
        )
    ratio = draw(st.floats(0.2, 8))
    sigma_ah = draw(st.floats(-5e6, 5e6)) if hall else 0.0
    resistivity = Resistivity(rho_par=ratio * 1e-7, rho_perp=1e-7, sigma_ah=sigma_ah)
    underlayer = draw(st.sampled_from([None, Underlayer(sheet_resistance=50.0)]))
    return Network(film, resistivity, tuple(contacts), "direct", underlayer=underlayer), m, rng


@EXAMPLES
@given(networks())
def test_conductance_is_symmetric_positive_and_sums_to_zero(network):
    network, m, rng = network
    state = network.solve(m)
    g = state.conductance
    scale = np.abs(g).max()
    np.testing.assert_array_equal(g, g.T)
    assert np.abs(g.sum(axis=0)).max() <= 1e-13 * scale
    assert np.linalg.eigvalsh(g).min() >= -1e-12 * scale
    currents = state.terminal_currents(rng.normal(size=len(g)))
    assert abs(currents.sum()) <= 1e-12 * np.abs(currents).max()


@EXAMPLES
@given(networks(hall=True))
def test_tellegen_the_power_of_the_sources_is_all_the_heat(network):
    network, m, rng = network
    state = network.solve(m)
    v = rng.normal(size=len(state.conductance))
    power = state.power(v)
    volume = np.prod(network.film.cell_size)
    heat = state.power_density(v)
    below = state.underlayer_power_density(v).sum() * np.prod(network.film.cell_size[:2])
    series = np.array([c.resistance for c in network.contacts])
    drops = (series * state.terminal_currents(v) ** 2).sum()
    assert power >= 0
    scale = CELL / 1e-7 * np.ptp(v) ** 2
    assert heat.min() >= -1e-12 * scale / volume
    assert heat.sum() * volume + below + drops == pytest.approx(power, rel=1e-10, abs=1e-12 * scale)


@EXAMPLES
@given(networks(hall=True))
def test_onsager_reversed_magnetization_transposes_the_conductance(network):
    network, m, _ = network
    g = network.solve(m).conductance
    np.testing.assert_allclose(
        network.solve(-m).conductance, g.T, rtol=0, atol=1e-12 * np.abs(g).max()
    )


@EXAMPLES
@given(networks(hall=True), st.data())
def test_mixed_conditions_are_met_with_currents_that_sum_to_zero(network, data):
    network, m, rng = network
    state = network.solve(m)
    names = state.contact_names
    groups = state._geometry.groups
    kinds = [data.draw(st.sampled_from(["voltage", "current", "floating"])) for _ in names]
    for group in np.unique(groups):
        kinds[int(np.argmax(groups == group))] = "voltage"
    values = dict(zip(names, rng.normal(size=len(names)), strict=True))
    voltages = {n: values[n] for n, kind in zip(names, kinds, strict=True) if kind == "voltage"}
    currents = {n: values[n] for n, kind in zip(names, kinds, strict=True) if kind == "current"}
    drive = state.drive(voltages, currents)
    found = state.terminal_currents(drive.voltages)
    scale = np.abs(drive.voltages).max() * np.abs(state.conductance).max()
    for k, name in enumerate(names):
        if name in voltages:
            assert drive.voltages[k] == voltages[name]
        else:
            assert drive.currents[k] == currents.get(name, 0.0)
        assert found[k] == pytest.approx(drive.currents[k], rel=1e-9, abs=1e-12 * scale)
    assert abs(drive.currents.sum()) <= 1e-12 * max(np.abs(drive.currents).max(), scale)


def points(*places: tuple[int, int]) -> tuple[RectangleContact, ...]:
    """Contacts of a single node each."""
    at = [(x * CELL, y * CELL) for x, y in places]
    return tuple(RectangleContact(str(k), place, place) for k, place in enumerate(at))


@EXAMPLES
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 7)), min_size=3, max_size=7, unique=True),
    st.integers(0, 1000),
    st.sampled_from([0.0, 3e6]),
)
def test_kron_reduction_is_the_network_without_those_contacts(places, seed, hall):
    """A floating contact of one node is no contact: its node is one of the film's own."""
    film = Film((9, 7, 1), (CELL, CELL, 1e-8))
    m = random_texture(film, np.random.default_rng(seed))
    resistivity = Resistivity(rho_par=7e-7, rho_perp=1e-7, sigma_ah=hall)
    state = Network(film, resistivity, points(*places), "direct").solve(m)
    kept = [str(k) for k in range(len(places) - 1)]
    fewer = Network(film, resistivity, points(*places[:-1]), "direct").solve(m).conductance
    np.testing.assert_allclose(state.reduced(kept), fewer, rtol=0, atol=1e-12 * np.abs(fewer).max())


def test_star_of_bars_becomes_a_mesh(uniform):
    """Four arms from a central pad of a film with holes: g_i g_j / sum g between arms."""
    film = Film((23, 23, 1), (CELL, CELL, 1e-8))
    m = 0 * uniform(film)
    m[:, 10:13] = [1, 0, 0]
    m[:, :, 10:13] = [1, 0, 0]
    hub = RectangleContact("hub", (10 * CELL, 10 * CELL), (13 * CELL, 13 * CELL))
    ends = (
        RectangleContact("left", (0.0, 10 * CELL), (2 * CELL, 13 * CELL)),
        SideContact("right", "right", start=40e-9, stop=52e-9),
        RectangleContact("bottom", (10 * CELL, 0.0), (13 * CELL, 4 * CELL)),
        SideContact("top", "top", start=40e-9, stop=52e-9),
    )
    state = Network(film, AMR, (*ends, hub)).solve(m)
    arms = 1e-8 * 3 / np.array([8 * 7e-7, 10 * 7e-7, 6 * 1e-7, 10 * 1e-7])
    mesh = np.diag(arms) - np.outer(arms, arms) / arms.sum()
    np.testing.assert_allclose(state.reduced(["left", "right", "bottom", "top"]), mesh, rtol=1e-10)


def test_resistances_in_series_add_across_a_full_contact(textured):
    film = Film((24, 8, 1), (CELL, CELL, 1e-8))
    m = textured(film)
    cut = 10 * CELL
    bar = RectangleContact("bar", (cut, 0.0), (cut, 8 * CELL))
    ends = (SideContact("left", "left"), SideContact("right", "right"))
    state = Network(film, AMR, (*ends, bar)).solve(m)
    halves = [
        Network(Film((n, 8, 1), film.cell_size), AMR, ends).solve(part).resistance("left", "right")
        for n, part in ((10, m[:, :, :10]), (14, m[:, :, 10:]))
    ]
    assert state.resistance("left", "bar") == pytest.approx(halves[0], rel=1e-11)
    assert state.resistance("left", "right") == pytest.approx(sum(halves), rel=1e-11)


def test_conductances_in_parallel_add_across_a_slit(textured):
    film = Film((12, 17, 1), (CELL, CELL, 1e-8))
    m = textured(film)
    m[:, 9] = 0
    ends = (SideContact("left", "left"), SideContact("right", "right"))
    whole = Network(film, AMR, ends).solve(m).conductance
    strips = [
        Network(Film((12, n, 1), film.cell_size), AMR, ends).solve(part).conductance
        for n, part in ((9, m[:, :9]), (7, m[:, 10:]))
    ]
    np.testing.assert_allclose(whole, sum(strips), rtol=1e-11)


def test_resistances_are_a_metric(textured):
    film = Film((12, 10, 1), (CELL, CELL, 1e-8))
    places = ("top left", "top right", "bottom right", "bottom left")
    contacts = tuple(CornerContact(place, place, 8e-9) for place in places)
    r = Network(film, AMR, contacts).solve(textured(film)).resistances()
    np.testing.assert_array_equal(np.diag(r), 0)
    for i, j, k in itertools.permutations(range(4), 3):
        assert r[i, j] <= r[i, k] + r[k, j]


@EXAMPLES
@given(networks(vacuum=0.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_rayleigh_better_metal_anywhere_lowers_every_resistance(network, fx, fy):
    network, m, _ = network
    lx, ly, _ = network.film.lengths
    lower = (fx * lx * 0.7, fy * ly * 0.7)
    area = Rectangle(lower, (lower[0] + 0.3 * lx + CELL, lower[1] + 0.3 * ly + 5e-9))
    metal = Region("metal", area, "metal", rho=1e-8)
    better = Network(
        network.film,
        network.resistivity,
        network.contacts,
        "direct",
        regions=(metal,),
        underlayer=network.underlayer,
    )
    before, after = network.solve(m).resistances(), better.solve(m).resistances()
    assert (after <= before * (1 + 1e-12)).all()
