"""Work shared among threads, and memory that is used again."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from orchestrator.describe.contacts import SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.transport.network import Network
from orchestrator.transport.threads import SMALLEST, Team

ENDS = (SideContact("a", "left"), SideContact("b", "right"))


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_memory_is_used_again_once_no_array_shows_it():
    team = Team(1)
    first = team.empty((4, 5))
    first[:] = 1
    place, part = address(first), first[1:3, ::2].T
    del first
    other = team.empty((4, 5))
    other[:] = 2
    assert address(other) != place
    assert (part == 1).all()
    del part
    assert address(team.empty((4, 5))) == place
    assert team.empty((4, 5), np.float32).dtype == np.float32


@pytest.mark.parametrize("sigma_ah", [0.0, 1e5])
def test_states_that_are_kept_stay_what_they_were(sigma_ah, textured):
    film = Film((60, 45, 1), (4e-9, 4e-9, 2e-9))
    resistivity = Resistivity(rho_par=5e-7, rho_perp=2e-7, sigma_ah=sigma_ah)
    network = Network(film, resistivity, ENDS, "multigrid")

    def fields(state):
        v = [1.0, 0.0]
        return (
            state.current_density(v),
            state.potential(v),
            state.adjoint_potential(v),
            state.guess(),
        )

    states = [network.solve(textured(film, seed)) for seed in range(3)]
    kept = [[field.copy() for field in fields(state)] for state in states]
    held = [fields(state)[0] for state in states]
    for seed in range(3, 8):
        fields(network.solve(textured(film, seed)))
    for state, before, j in zip(states, kept, held, strict=True):
        np.testing.assert_array_equal(j, before[0])
        for now, then in zip(fields(state), before, strict=True):
            np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_have_results_but_no_spare_memory(again, textured):
    film = Film((30, 20, 1), (4e-9, 4e-9, 2e-9))
    resistivity = Resistivity(rho_par=5e-7, rho_perp=2e-7, sigma_ah=1e5)
    network = Network(film, resistivity, ENDS, "multigrid", warm_start=False, threads=3)
    m = textured(film)
    state = network.solve(m)
    state._team.empty((500, 500))
    like = again(state)
    assert not like._team._spare
    assert like._team.threads == 3
    v = [1.0, 0.0]
    np.testing.assert_array_equal(like.current_density(v), state.current_density(v))
    for one in (network, Network(film, resistivity, ENDS, "multigrid", warm_start=False)):
        np.testing.assert_array_equal(again(one).solve(m).conductance, state.conductance)


def test_threads_that_share_a_network_wait_for_one_another(textured):
    film = Film((40, 30, 1), (4e-9, 4e-9, 2e-9))
    resistivity = Resistivity(rho_par=5e-7, rho_perp=2e-7)
    textures = [textured(film, seed) for seed in range(4)] * 4

    def network():
        return Network(film, resistivity, ENDS, "multigrid", warm_start=False)

    alone, shared = network(), network()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda m: shared.solve(m).conductance, textures))
    np.testing.assert_array_equal(found, [alone.solve(m).conductance for m in textures])


def test_blocks_cover_all_rows_and_small_work_is_not_shared():
    team = Team(3)
    assert team.blocks(1, 11, SMALLEST) == [(1, 11)]
    assert team.blocks(1, 14, 3 * SMALLEST) == [(1, 5), (5, 9), (9, 14)]


def test_elementwise_is_numpy_for_every_row():
    rng = np.random.default_rng(1)
    u, mask = rng.random((2, 3, 40, 500)).astype(np.float32), rng.random((3, 40, 500)) < 0.5
    out = np.empty(u.shape)
    assert Team(2).elementwise(np.multiply, u, mask, out=out) is out
    np.testing.assert_array_equal(out, u * mask)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_error_in_any_thread_is_raised_after_all_are_done(place):
    done = []

    def kernel(first, last):
        if first == place:
            raise ValueError(f"row {first}")
        done.append(first)

    team = Team(3)
    with pytest.raises(ValueError, match=f"row {place}"):
        team.run(kernel, [(0, 1), (1, 2), (2, 3)])
    assert sorted([*done, place]) == [0, 1, 2]
    team.run(kernel, [(3, 4), (4, 5)])
    assert sorted(done)[-2:] == [3, 4]
