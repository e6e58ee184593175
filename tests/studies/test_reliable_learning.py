"""The study of reliable learning: its kernel, its criteria, and what no layout can do."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from orchestrator.base.constants import BOLTZMANN
from orchestrator.campaign.spec import Campaign
from orchestrator.describe.conditions import Conditions
from orchestrator.describe.contacts import CornerContact, DiscContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.describe.sections import Training
from orchestrator.learning.hopfield import (
    all_patterns,
    energy,
    inverse,
    is_trivial,
    recall,
    signs,
)
from orchestrator.learning.pulses import Done, next_pulse
from orchestrator.transport.network import Network

INPUTS = np.array([signs(p) for p in all_patterns(4)], float)


@pytest.fixture
def readout(load_study):
    return load_study("reliable_learning.readout")


def symmetric(rng: np.random.Generator, count: int) -> np.ndarray:
    g = rng.normal(size=(count, 4, 4))
    return g + np.swapaxes(g, -1, -2)


GRAINS = Conditions(grain_size=20e-9, grain_spread=0.1)


@pytest.mark.parametrize(
    ("alpha", "grains", "error"),
    [
        (1.0, Conditions(), 3e-4),
        (0.3, Conditions(), 3e-4),
        (0.1, Conditions(), 5e-3),
        (1.0, GRAINS, 3e-4),
    ],
)
def test_the_studys_kernel_trains_as_the_engine_does(
    load_study, small_film, corners, alpha, grains, error
):
    grid = Film((20, 16, 1), (6e-9, 6e-9, 1e-6), pbc=(0, 0, 1))
    film = small_film(contacts=corners, film=grid, material={"alpha": alpha}, conditions=grains)
    module = load_study("reliable_learning.film")
    fast = module.FastFilm(film.device, grains)
    start = module.FastFilm(film.device).settled(3, 2e-9, 1.0)
    plan = Training(patterns=("++-+",), voltage=0.05, pulse_length=1e-10, pulses=3)
    expected, last = film.trained(start, plan)
    untouched = start.copy()
    m, g = fast.trained(start, plan, "++-+")
    assert np.array_equal(start, untouched)
    np.testing.assert_allclose(g, expected, rtol=max(3e-5, error / 40))
    np.testing.assert_allclose(m, last, atol=error)
    assert abs(last - start).max() > 0.1


@pytest.mark.parametrize("alpha", [1.0, 0.3])
def test_every_mode_of_a_warm_film_has_kT_over_two(load_study, small_film, corners, alpha):
    """Two transverse components in each cell: kT of energy above the ground state for each cell."""
    cell = (6e-9, 6e-9, 2e-9)
    grid = Film((32, 32, 1), cell, pbc=(0, 0, 1))
    material = {"alpha": alpha, "Dbulk": 0.0}
    film = small_film(contacts=corners, film=grid, material=material)
    kT, volume, A, K = BOLTZMANN * 30, np.prod(cell), 1e-11, 1e5
    module = load_study("reliable_learning.film")
    fast = module.FastFilm(film.device, Conditions(temperature=30, thermal_seed=1))
    m = fast.run(np.broadcast_to([0.0, 0.0, 1.0], (1, 32, 32, 3)), None, 4e-10)
    energies, slow = [], []
    for _ in range(20):
        m = fast.run(m, None, 5e-11)
        bonds = sum((np.diff(m[0], axis=k) ** 2).sum() for k in (0, 1))
        energies.append(K * (1 - m[..., 2] ** 2).sum() + A * bonds / cell[0] ** 2)
        slow.append((m[..., :2] ** 2).mean())
    assert np.mean(energies) * volume / (1024 * kT) == pytest.approx(1, abs=0.04)
    k = 4 / cell[0] ** 2 * np.sin(np.pi * np.arange(32) / 64) ** 2
    each = kT / (2 * volume * (K + A * (k + k[:, None])))
    assert np.mean(slow) == pytest.approx(each.mean(), rel=0.05)


def test_films_of_one_seed_have_the_same_thermal_field(load_study, small_film, corners):
    module = load_study("reliable_learning.film")
    device = small_film(contacts=corners).device
    fast = module.FastFilm(device, Conditions(temperature=9e3))
    first = fast.settled(3, 2e-11)
    assert abs(fast.settled(4, 2e-11) - first).max() > 0.01
    # Sums of compiled code may round otherwise at another place in memory: 4e-7 was seen.
    np.testing.assert_allclose(fast.settled(3, 2e-11), first, atol=1e-5)
    # without settling, too
    start = np.broadcast_to([0.0, 0.0, 1.0], first.shape)
    both = [module.FastFilm(device, fast.conditions).run(start, None, 2e-11) for _ in range(2)]
    np.testing.assert_allclose(*both, atol=1e-5)
    other = module.FastFilm(device, Conditions(temperature=9e3, thermal_seed=1))
    assert abs(other.settled(3, 2e-11) - first).max() > 0.01


@pytest.fixture
def some_weights():
    weights = symmetric(np.random.default_rng(0), 30)
    weights[:12] += 2 * np.outer(signs("+--+"), signs("+--+"))
    return weights


def test_only_minimum_means_recall_from_everywhere_in_any_order(readout, some_weights):
    found = readout.recalled_from_all(some_weights, "+--+", trivial=True)
    for w, expected in zip(some_weights, found, strict=True):
        ends = {
            recall(w, start, order=order).attractor
            for order in itertools.permutations(range(4))
            for start in all_patterns(4)
        }
        assert expected == (ends == {"+--+", "-++-"})
    assert 3 < found.sum() < 20


def test_recall_that_leaves_out_inputs_without_current(readout, some_weights):
    """In every order of the updates: the contacts are renamed, as updates go in their order."""
    found = readout.recalled_from_all(some_weights, "+--+")
    starts = [p for p in all_patterns(4) if not is_trivial(p)]
    for w, expected in zip(some_weights, found, strict=True):
        ends = set()
        for order in itertools.permutations(range(4)):
            places = np.argsort(order)
            for start in starts:
                renamed = "".join(start[k] for k in order)
                end = readout.recall_with_current(w[np.ix_(order, order)], renamed)
                ends.add("".join(end[k] for k in places))
        assert expected == (ends == {"+--+", "-++-"})
        assert not ends & {"++++", "----"}
    assert 3 < found.sum() < 25


def test_lowest_counts_inputs_that_drive_a_current(readout):
    weights = np.outer(signs("+--+"), signs("+--+"))[None] - 10 * np.ones((4, 4))
    assert readout.lowest(weights, "+--+").all()
    assert readout.lowest(weights, "-++-").all()
    assert not readout.lowest(weights, "++-+").any()


def test_stacks_are_sums_and_share_no_film(readout):
    rng = np.random.default_rng(1)
    before, after = symmetric(rng, 14).reshape(2, 7, 1, 4, 4)
    films = readout.Films(before, after, np.eye(4), ["+--+"])
    stacks = films.stacked(readout.in_order(7, 3))
    np.testing.assert_allclose(stacks.after, [after[:3].sum(axis=0), after[3:6].sum(axis=0)])
    np.testing.assert_allclose(stacks.saturated, 3 * np.eye(4))
    members = readout.at_random(7, 3, 50, rng)
    assert all(len(set(stack)) == 3 for stack in members.tolist())


def test_neighbors_must_lose_less_than_diagonals_for_the_alternating_pattern(readout):
    """E'{+-+-} = 4 a and the mean of one odd contact 2 (a + d), at 1 V, of any weights."""
    weights = symmetric(np.random.default_rng(5), 200)
    weights -= np.eye(4) * weights.sum(axis=-1)[..., None]
    a, d = readout.deficits(weights)
    odd = [p for p in all_patterns(4) if p.count("+") in (1, 3)]
    alternating = energy(weights, np.array([signs("+-+-")], float))[:, 0]
    others = energy(weights, np.array([signs(p) for p in odd], float))
    np.testing.assert_allclose(alternating, 4 * a, atol=1e-12)
    np.testing.assert_allclose(others.mean(axis=1), 2 * (a + d), atol=1e-12)
    lowest = readout.lowest(weights, "+-+-")
    assert 0 < lowest.sum() < 100 and (a[lowest] < d[lowest]).all()


@pytest.mark.parametrize("size", [12e-9, 30e-9, 54e-9])
def test_neighbors_conduct_at_least_as_well_as_diagonals(size):
    film = Film((20, 20, 1), (6e-9, 6e-9, 1e-6))
    places = ("top left", "top right", "bottom right", "bottom left")
    contacts = tuple(CornerContact(place, place, size) for place in places)
    network = Network(film, Resistivity(rho_par=7e-7, rho_perp=1e-7), contacts)
    g = -network.solve(film.saturated()).conductance
    np.testing.assert_allclose([g[1, 2], g[2, 3], g[3, 0]], g[0, 1], rtol=1e-9)
    assert g[0, 1] > g[0, 2] > 0


LAYOUTS = {
    "corners": [
        CornerContact(c, c, 30e-9) for c in ("top left", "top right", "bottom right", "bottom left")
    ],
    "sides": [
        SideContact(s, s, start=40e-9, stop=80e-9) for s in ("left", "top", "right", "bottom")
    ],
    "discs": [
        DiscContact(str(k), center, 12e-9)
        for k, center in enumerate([(20e-9, 25e-9), (60e-9, 30e-9), (95e-9, 90e-9), (30e-9, 95e-9)])
    ],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_layout_recalls_one_odd_sign_against_the_saturated_film(layout):
    """A texture conducts worse than the saturated film, whatever it is, if a > 0.

    E' >= 0 = E'{++++}, one flip away from one odd sign. With the self-term no pattern is stable.
    """
    film = Film((20, 20, 1), (6e-9, 6e-9, 1e-6))
    resistivity = Resistivity(mean=5e-7, amr_ratio=1.5, amr_convention="mean")
    network = Network(film, resistivity, tuple(LAYOUTS[layout]))
    reference = network.solve(film.saturated()).conductance
    rng = np.random.default_rng(7)
    for _ in range(4):
        m = rng.normal(size=(1, 20, 20, 3)) * [1, 1, rng.uniform(0, 3)]
        m /= np.linalg.norm(m, axis=-1, keepdims=True)
        weights = network.solve(m).conductance - reference
        assert (energy(weights, INPUTS) > -1e-9 * abs(weights).max()).all()
        for pattern in all_patterns(4):
            if pattern.count("+") in (1, 3):
                end = recall(weights, pattern).attractor
                assert end not in (pattern, inverse(pattern))
            if not is_trivial(pattern):
                outputs = weights @ signs(pattern)
                assert (outputs * signs(pattern)).min() < 0


def test_changes_of_the_campaign(load_study):
    changes, _, count = load_study("reliable_learning.robustness").variations()
    trainings = load_study("reliable_learning.trainings")
    films = [trainings.described(point) for point in changes.values()]
    assert len(changes) == 21 and count == 24
    both = [(e.device, e.conditions, e.training) for e in films]
    assert all(a != b for a, b in itertools.combinations(both, 2))
    adaptive = {"training.duration": 1e-8, "training.max_change": 0.1}
    others = ({"conditions.B_ext": [0, 0, 0.1]}, {"material.alpha": 0.05}, {"material.xi": 0.1})
    for point in (*others, adaptive):
        with pytest.raises(SystemExit, match="kernel"):
            trainings.described(point)


def test_gaps_and_turned_signs_are_as_on_the_engine(load_study, small_film, corners):
    grid = Film((20, 16, 1), (6e-9, 6e-9, 1e-6), pbc=(0, 0, 1))
    film = small_film(contacts=corners, film=grid)
    fast = load_study("reliable_learning.film").FastFilm(film.device)
    start = fast.settled(3, 1e-9)
    plan = Training(
        patterns=("++-+",), voltage=0.05, pulse_length=5e-11, pulses=3, gap=2e-11,
        waveform="alternating", period=4,
    )  # fmt: skip
    expected, last = film.trained(start, plan)
    m, g = fast.trained(start, plan, "++-+")
    np.testing.assert_allclose(g, expected, rtol=3e-5)
    np.testing.assert_allclose(m, last, atol=3e-4)
    plain = fast.trained(start, Training(("++-+",), 5e-11, 3, voltage=0.05), "++-+")[0]
    assert abs(plain - last).max() > 0.03


def test_training_forth_and_back_ends_with_all_signs_turned(load_study):
    data = load_study("shared").DATA
    campaign = Campaign.from_toml(data / "campaigns" / "reliable_damping.toml")
    plan = campaign.points[0].experiment.training
    done = [Done(0.0, 0.0, np.zeros(4), np.zeros(4))] * plan.pulses
    pulses = [next_pulse(plan, "++-+", done[:n], np.eye(4)) for n in range(plan.pulses)]
    values = np.array([pulse.values for pulse in pulses])
    np.testing.assert_array_equal(values[:24], 24 * [0.05 * signs("++-+")])
    np.testing.assert_array_equal(values[24:], 16 * [-0.05 * signs("++-+")])


def test_changes_are_in_units_of_the_patterns_power(load_study, readout):
    """A tenth more conductance everywhere: each input loses a tenth of its own power."""
    before = np.tile(4 * np.eye(4) - 1, (3, 1, 1, 1))
    before[..., 0, 2] = before[..., 2, 0] = 1.0
    films = readout.Films(before, 1.1 * before, np.eye(4), ["+-+-"])
    damping = load_study("reliable_learning.damping")
    # powers: 20 of the pattern, 12 of two neighbors, 16 of 2 or 4 odd, 8 of 1 or 3 odd
    expected = ["-10.0 ± 0.0", "-6.0 ± 0.0", "-8.0 ± 0.0", "-4.0 ± 0.0"]
    assert damping.changes(films) == expected


def test_one_file_of_films_goes_on_and_settles_with_its_own_damping(load_study, tmp_path):
    """A film of half the width; with the same damping while settling the starts are the same."""
    trainings = load_study("reliable_learning.trainings")
    size = {"film.cells": [32, 32, 1], "training.pulses": 2, "training.relax_time": 0.0}
    found = {}
    for alpha in (1.0, 0.3):
        experiment = trainings.described(size | {"material.alpha": alpha})
        for count in (1, 2):
            trainings.train(experiment, tmp_path / f"{alpha}.npz", 5, count)
        found[alpha] = np.load(tmp_path / f"{alpha}.npz")
    assert found[0.3]["seeds"].tolist() == [5, 6]
    before, after = np.moveaxis([g["conductance"] for g in found.values()], 3, 0)
    np.testing.assert_array_equal(before[0], before[1])
    assert abs(after[0] / after[1] - 1).max() > 1e-4


def test_a_file_of_films_goes_on_with_its_own_training_alone(load_study, tmp_path, capsys):
    trainings = load_study("reliable_learning.trainings")
    size = {"film.cells": [32, 32, 1], "training.pulses": 1, "training.relax_time": 0.0}
    size["start.settle_time"] = 1e-10
    file = tmp_path / "films.npz"
    trainings.train(trainings.described(size), file, 5, 1)
    saved = dict(np.load(file))
    other = trainings.described(size | {"material.alpha": 0.3})
    with pytest.raises(SystemExit, match=r"material.alpha = 1.0, not 0.3\): name another file"):
        trainings.train(other, file, 5, 2)
    with pytest.raises(SystemExit, match="seeds from 5, not from 6"):
        trainings.train(trainings.described(size), file, 6, 2)
    assert np.load(file)["seeds"].tolist() == [5] and not capsys.readouterr().out
    # what does not change a film: the seed of one run, the reference
    same = {"start.seed": 9, "reference.starts": 3}
    trainings.train(trainings.described(size | same), file, 5, 2)
    assert np.load(file)["seeds"].tolist() == [5, 6]
    # files from before settings were kept
    del saved["settings"]
    np.savez(file, **saved)
    trainings.train(other, file, 5, 1)
    assert "does not say how" in capsys.readouterr().out
    for change, first in (({}, 6), ({"training.patterns": ["++-+"]}, 5)):
        with pytest.raises(SystemExit, match="other films"):
            trainings.train(trainings.described(size | change), file, first, 2)


def stored(path, count: int) -> None:
    g = np.tile(4 * np.eye(4) - 1, (count, 3, 2, 1, 1))
    g[:, :, 1] += 0.1 * np.outer(signs("+-+-"), signs("+-+-"))
    patterns = np.array(["+-+-", "+--+", "++-+"])
    np.savez(path, conductance=g, saturated=np.eye(4), patterns=patterns)


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        ("analysis", ["films.npz"], "28 films; the tables need 179: 131 on which"),
        ("analysis", ["none.npz"], "none.npz: no such file"),
        ("demo", ["none.campaign"], "none.campaign: no such file or folder"),
        ("damping", [".", "--tables"], "forth-and-back.npz: no such file"),
    ],
)
def test_too_few_films_are_told_in_one_line(
    load_study, tmp_path, monkeypatch, script, arguments, message
):
    monkeypatch.chdir(tmp_path)
    stored(tmp_path / "films.npz", 28)
    monkeypatch.setattr("sys.argv", [script, *arguments])
    with pytest.raises(SystemExit, match=message):
        load_study(f"reliable_learning.{script}").main()


def test_demo_compares_with_a_factor_of_the_own_conductance(
    load_study, tmp_path, monkeypatch, capsys
):
    """{+-+-} gains 1.6 of its power of 16; a factor takes its part of every input's power."""
    stored(tmp_path / "films.npz", 2)
    found = {}
    for factor in ("1", "1.02"):
        arguments = ["demo", str(tmp_path / "films.npz"), "--factor", factor]
        monkeypatch.setattr("sys.argv", arguments)
        load_study("reliable_learning.demo").main()
        line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("{+-+-}"))
        found[factor] = [float(x.rstrip("*")) for x in line.split()[1:8]]
    # {+++-}, {++-+}, {++--}, {+-++}, {+-+-}, {+--+}, {+---}: powers 12, 12, 16, 12, 16, 16, 12
    assert found["1"] == [-2.5, -2.5, 0.0, -2.5, -10.0, 0.0, -2.5]
    assert found["1.02"] == [-1.0, -1.0, 2.0, -1.0, -8.0, 2.0, -1.0]
