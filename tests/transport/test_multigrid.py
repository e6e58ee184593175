"""The multigrid solver on textures that are hard for it, its threads and its first guesses."""

from __future__ import annotations

import io

import numpy as np
import pytest

from orchestrator.base.errors import InputError, OrchestratorError
from orchestrator.describe.contacts import CornerContact, DiscContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.transport import iterative
from orchestrator.transport.assembly import half_offsets
from orchestrator.transport.multigrid import Multigrid
from orchestrator.transport.network import Network
from orchestrator.transport.state import NetworkState
from orchestrator.transport.weighted import weigh
from tests.transport.textures import along, holes, in_plane, maze, perforated, stripes

CORNERS = tuple(
    CornerContact(c, c, 24e-9) for c in ("top left", "top right", "bottom right", "bottom left")
)
CELL = (4e-9, 4e-9, 1e-8)


def network(m: np.ndarray, ratio: float, hall: float, contacts=CORNERS, solver="multigrid", **how):
    """Of a film with an AMR ratio and the tangent of a Hall angle."""
    film = Film((*m.shape[2:0:-1], m.shape[0]), CELL)
    resistivity = Resistivity((1 + ratio) * 2e-7, 2e-7, sigma_ah=hall / 2e-7)
    return Network(film, resistivity, contacts, solver, **how)


def differences(found: NetworkState, exact: NetworkState) -> tuple[float, float]:
    """Of G, relative to its largest element, and of j in the mean square."""
    g = np.abs(found.conductance - exact.conductance).max() / np.abs(exact.conductance).max()
    v = np.random.default_rng(1).normal(size=len(exact.contacts))
    j, expected = found.current_density(v), exact.current_density(v)
    return g, np.linalg.norm(j - expected) / np.linalg.norm(expected)


def errors(m: np.ndarray, ratio: float, contacts=CORNERS, hall: float = 0.0) -> tuple[float, float]:
    """Of G, relative to its largest element, and of j in the mean square."""
    found = network(m, ratio, hall, contacts).solve(m)
    return differences(found, network(m, ratio, hall, contacts, "direct").solve(m))


@pytest.mark.parametrize("texture", [stripes, along, maze, holes])
@pytest.mark.parametrize("ratio", [0.08, 1.5, 6.0, -0.6])
def test_conductance_to_1e_8_and_currents_to_1e_4(texture, ratio):
    g, j = errors(texture(150), ratio)
    print(f"\nG {g:.1e}, j {j:.1e}")
    assert g <= 1e-8
    assert j <= 1e-4


def islands(n: int) -> np.ndarray:
    """Two parts of a film that touch no contact."""
    m = maze(n)
    y, x = np.mgrid[:n, :n]
    for centre, radius in ((n // 3, 20), (2 * n // 3, 9)):
        distance = np.hypot(x - centre, y - centre)
        m[0, (distance > radius - 2) & (distance < radius)] = 0
    return m


@pytest.mark.parametrize(
    ("texture", "ratio", "hall"),
    [
        (maze, 0.08, 0.01),
        (maze, 1.5, 0.3),
        (holes, 1.5, 0.01),
        (holes, 6.0, 0.3),
        (islands, 1.5, 0.3),
        (stripes, 1.5, 1.0),
    ],
)
def test_hall_effect_to_1e_8_and_1e_4(texture, ratio, hall):
    g, j = errors(texture(150), ratio, hall=hall)
    print(f"\nG {g:.1e}, j {j:.1e}")
    assert g <= 1e-8
    assert j <= 1e-4


@pytest.mark.parametrize("hall", [0.01, 0.3])
def test_onsager_of_separate_solutions(hall):
    m = holes(120)
    found = network(m, 1.5, hall).solve(m)
    reversed_ = network(m, 1.5, hall).solve(-m)
    g, scale = found.conductance, np.abs(found.conductance).max()
    assert np.abs(g - reversed_.conductance.T).max() <= 1e-8 * scale
    v = np.random.default_rng(1).normal(size=len(CORNERS))
    adjoint, expected = found.adjoint_potential(v), reversed_.potential(v)
    assert np.linalg.norm(adjoint - expected) <= 1e-4 * np.linalg.norm(expected)
    assert np.abs(g - g.T).max() > 1e-5 * hall * scale


def count_cycles(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    cycles, cycle = [], Multigrid.cycle
    monkeypatch.setattr(Multigrid, "cycle", lambda self: cycles.append(cycle(self)))
    return cycles


@pytest.mark.parametrize("hall", [0.01, 0.3])
def test_hall_effect_takes_guesses_and_their_direction(hall, monkeypatch):
    angle = np.arctan2(*np.moveaxis(maze(120)[0, ..., 1::-1], -1, 0)[::-1])
    mz = maze(120, seed=1)[0, ..., 2]
    flat = np.sqrt(1 - mz**2)[..., None]
    textures = [
        (flat * in_plane(angle + turn) + mz[..., None] * np.array([0, 0, 1]))[None]
        for turn in (0.0, 0.02, 0.04)
    ]
    one = network(textures[0], 1.5, hall, warm_start=False)
    exact = network(textures[0], 1.5, hall, solver="direct").solve(textures[2])
    first, second = (one.solve(m).guess() for m in textures[:2])
    cycles, counts = count_cycles(monkeypatch), []
    for guesses in ((), (second,), (second, first), (exact.guess(),)):
        cycles.clear()
        state = one.solve(textures[2], guesses)
        counts.append(len(cycles))
        g, j = differences(state, exact)
        assert g <= 1e-8
        assert j <= 1e-4
    print(f"\n{counts}")
    assert counts[0] > counts[1] > counts[2] > counts[3]
    assert counts[3] == 2  # those of the first residuals
    assert counts[2] <= counts[0] // 2


@pytest.mark.parametrize("hall", [0.01, 0.4])
def test_no_current_flows_between_contacts_that_nothing_joins(hall, textured):
    ends = SideContact("left", "left"), SideContact("right", "right")
    for seed in range(4):
        m = textured(Film((36, 1, 1), CELL), seed)
        m[:, :, 5 + 7 * seed] = 0
        state = network(m, 1.5, hall, ends).solve(m)
        assert abs(state.conductance).max() <= 1e-15
        drift = 1 / (2e-7 * 36 * CELL[0])  # A/m2 of 1 V if something did
        assert abs(state.current_density([1, 0])).max() <= 1e-6 * drift


def test_hall_effect_that_is_too_large_is_told():
    m = maze(60)
    with pytest.raises(OrchestratorError, match=r"minimal residuals.*solver 'direct' needs none"):
        network(m, 0.0, 100.0).solve(m)


@pytest.mark.parametrize("hall", [0.0, 0.01, 0.3])
def test_35_contacts(hall):
    contacts = tuple(
        DiscContact(f"c{k}", ((60 + 120 * (k % 5)) * 1e-9, (45 + 85 * (k // 5)) * 1e-9), 12e-9)
        for k in range(35)
    )
    g, j = errors(maze(150), 1.5, contacts, hall)
    assert g <= 1e-8
    assert j <= 1e-4


@pytest.mark.parametrize("cells", [(300, 261, 1), (47, 50, 12), (64, 60, 3)])
@pytest.mark.parametrize("sigma_ah", [0.0, 3e5])
def test_same_bits_for_any_number_of_threads(cells, sigma_ah, textured):
    film = Film(cells, (4e-9, 4e-9, 2e-9))
    resistivity = Resistivity(rho_par=5e-7, rho_perp=2e-7, sigma_ah=sigma_ah)
    m, later = textured(film, 1), textured(film, 2)
    results = []
    for threads in (1, 2, 3, 5):
        network = Network(film, resistivity, CORNERS, "multigrid", threads=threads)
        state = network.solve(later, [network.solve(m).guess()])
        v = [1.0, 0.3, -0.2, 0.0]
        results.append((state.conductance, state.guess(), state.current_density(v)))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("sigma_ah", [0.0, 3e5])
def test_stored_guesses_give_the_same_bits(sigma_ah):
    n, resistivity = 200, Resistivity(rho_par=5e-7, rho_perp=2e-7, sigma_ah=sigma_ah)
    film = Film((n, n, 1), CELL)
    angle = np.arctan2(*np.moveaxis(maze(n)[0, ..., 1::-1], -1, 0)[::-1])
    textures = [in_plane(angle + turn)[None] for turn in (0.0, 0.03, 0.06)]

    live = Network(film, resistivity, CORNERS, "multigrid", warm_start=False)
    first = live.solve(textures[0])
    second = live.solve(textures[1], [first.guess()])
    expected = live.solve(textures[2], [second.guess(), first.guess()])

    stored = []
    for state in (second, first):
        file = io.BytesIO()
        np.save(file, state.guess())
        file.seek(0)
        stored.append(np.load(file))
    resumed = Network(film, resistivity, CORNERS, "multigrid", warm_start=False)
    found = resumed.solve(textures[2], stored)
    np.testing.assert_array_equal(found.conductance, expected.conductance)
    np.testing.assert_array_equal(found.guess(), expected.guess())

    warm = Network(film, resistivity, CORNERS, "multigrid")
    for m in textures:
        last = warm.solve(m)
    np.testing.assert_array_equal(last.guess(), expected.guess())
    exact = Network(film, resistivity, CORNERS, "direct").solve(textures[2]).conductance
    assert np.abs(found.conductance - exact).max() <= 1e-8 * np.abs(exact).max()


@pytest.mark.parametrize("hall", [0.0, 0.3])
def test_a_solution_that_failed_leaves_nothing_behind(hall, monkeypatch):
    m, other = maze(60), maze(60, seed=1)
    one = network(m, 1.5, hall, warm_start=False)
    expected = one.solve(other).conductance
    with monkeypatch.context() as patch:
        patch.setattr(iterative, "MOST_ITERATIONS", 2)
        with pytest.raises(OrchestratorError, match="no convergence in 2"):
            one.solve(m)
    np.testing.assert_array_equal(one.solve(other).conductance, expected)


@pytest.mark.parametrize("hall", [0.0, 0.3])
@pytest.mark.parametrize("value", [np.nan, 1e30])
def test_guesses_without_sense_are_not_silent(value, hall):
    m = maze(60)
    one = network(m, 1.5, hall)
    good = one.solve(m)
    guess = good.guess()
    guess[0, 0, 30, 30] = value
    with (
        pytest.raises(OrchestratorError, match=r"finite numbers|no convergence"),
        np.errstate(all="ignore"),
    ):
        one.solve(m, [guess])
    if np.isnan(value):
        with pytest.raises(InputError, match="finite numbers"):
            one.solve(m, [good.guess(), guess])
    with pytest.raises(InputError, match=r"a guess has shape \(3, 61, 61\)"):
        one.solve(m, good.guess())
    assert differences(one.solve(m), good)[0] <= 1e-8


def test_guess_of_another_network_is_refused(textured):
    film = Film((30, 30, 1), CELL)
    resistivity = Resistivity(rho_par=5e-7, rho_perp=2e-7)
    network = Network(film, resistivity, CORNERS, "multigrid")
    guess = Network(film, resistivity, CORNERS[:2]).solve(textured(film)).guess()
    with pytest.raises(InputError, match=r"a guess has shape \(1, 1, 31, 31\)"):
        network.solve(textured(film), [guess])


@pytest.mark.parametrize(
    ("cells", "thickness", "sigma_ah", "most"),
    [
        ((90, 75, 1), 1e-8, 0.0, 9),
        ((40, 37, 12), 4e-9, 0.0, 9),
        ((52, 40, 6), 1.2e-8, 0.0, 9),
        ((40, 37, 12), 4e-9, 5e4, 13),
        ((52, 40, 6), 1.2e-8, 1.5e6, 25),
    ],
)
def test_slits_and_missing_cells_cost_no_iterations(cells, thickness, sigma_ah, most, monkeypatch):
    film = Film(cells, (4e-9, 4e-9, thickness))
    resistivity, m = Resistivity(5e-7, 2e-7, sigma_ah=sigma_ah), perforated(cells)
    exact = Network(film, resistivity, CORNERS, "direct").solve(m).conductance
    cycles = count_cycles(monkeypatch)
    found = [
        Network(film, resistivity, CORNERS, "multigrid", threads=threads).solve(m)
        for threads in (1, 2)
    ]
    assert np.abs(found[0].conductance - exact).max() <= 1e-8 * np.abs(exact).max()
    np.testing.assert_array_equal(found[0].guess(), found[1].guess())
    assert len(cycles) <= 2 * most


def test_shares_follow_the_conductances_and_are_halves_beside_contacts():
    a = np.zeros((6, 5, 10), np.float32)  # 3 x 7 nodes; couplings along x alone
    a[1:4, 1, 1:7] = [-3, -1, -3, -1, 0, -1]
    a[1:4, 0, 1:8] = [3, 4, 4, 4, 1, 1, 1]
    a[1, 0, 2] = 4.5  # coupled to a contact
    w = np.zeros((6, 1, 10), np.float32)
    offsets = np.array([(0, *offset) for offset in half_offsets(2)])
    weigh(1, 4, a, (0, 1, 6, 3, 7), offsets, 2, w)
    np.testing.assert_allclose(w[1, 0, 2:8:2], [0.5, 0.75, 0])
    np.testing.assert_allclose(w[2, 0, 2:8:2], [0.75, 0.75, 0])
