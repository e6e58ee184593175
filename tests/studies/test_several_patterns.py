"""The study of several patterns: its trainings against the engine, its measures against loops."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.campaign.spec import Campaign
from orchestrator.describe.contacts import contact_grid
from orchestrator.describe.film import Film
from orchestrator.describe.sections import Training
from orchestrator.learning.hopfield import (
    all_patterns,
    energy,
    inverse,
    is_trivial,
    pattern_string,
    signs,
)


@pytest.fixture
def memory(load_study):
    return load_study("several_patterns.memory")


@pytest.fixture
def trainings(load_study):
    return load_study("several_patterns.trainings")


def symmetric(contacts: int, count: int, seed: int = 0) -> np.ndarray:
    g = np.random.default_rng(seed).normal(size=(count, contacts, contacts))
    return g + np.swapaxes(g, -1, -2)


def test_six_contacts_learn_by_turns_as_in_the_engine(load_study, small_film, trainings):
    """A rectangular film; two patterns take turns, the second is held when the train ends."""
    grid = Film((30, 20, 1), (6e-9, 6e-9, 1e-6), pbc=(0, 0, 1))
    film = small_film(contacts=contact_grid(grid, 3, 2, 36e-9), film=grid)
    entry = "+-+--+/++---+"
    plan = Training((entry,), 2e-10, 4, voltage=0.02, hold=2)
    base = load_study("reliable_learning.trainings").varied({})
    experiment = replace(base, film=grid, contacts=film.contacts, training=plan)
    fast = load_study("reliable_learning.film").FastFilm(experiment.device)
    start = fast.settled(3, 2e-9, 1.0)
    expected, _ = film.trained(start, plan)
    found = trainings.trained(experiment, fast, start, entry)
    np.testing.assert_allclose(found[:5], expected, rtol=3e-5)
    # The turns matter: the first pattern alone ends elsewhere.
    alone = trainings.trained(experiment, fast, start, entry[:6])
    np.testing.assert_allclose(alone[:3], found[:3], rtol=1e-6)
    assert abs(alone[4] / found[4] - 1).max() > 1e-3


@pytest.mark.parametrize(
    "grid",
    [Film((20, 20, 1), (6e-9, 5e-9, 1e-6)), Film((20, 20, 2), (6e-9, 6e-9, 6e-9))],
    ids=["oblong cells", "two layers"],
)
def test_the_kernel_refuses_other_films(load_study, small_film, corners, grid):
    device = small_film(contacts=corners, film=grid).device
    with pytest.raises(InputError, match="one layer"):
        load_study("reliable_learning.film").FastFilm(device)


def test_recall_of_many_stacks_is_that_of_each(load_study, memory):
    one_by_one = load_study("reliable_learning.readout").recall_with_current
    weights = symmetric(5, 6)
    starts = [p for p in all_patterns(5) if not is_trivial(p)]
    found = memory.ends(weights, np.array([signs(p) for p in starts]))
    for w, ends in zip(weights, found, strict=True):
        assert [pattern_string(v) for v in ends] == [one_by_one(w, p) for p in starts]


def test_fixed_points_have_no_contact_that_turns(memory):
    weights = symmetric(5, 20)
    states = memory.inputs_of(5)
    states = states[np.abs(states.sum(axis=1)) < 3]
    held = (memory.local_fields(weights, states) > 0).all(axis=-1)
    np.testing.assert_array_equal(memory.fixed(weights, states), held)
    assert 0 < held.sum() < held.size / 4
    w, v = weights[3], states[2]
    loop = [v[i] * sum(w[i, j] * v[j] for j in range(5) if j != i) for i in range(5)]
    np.testing.assert_allclose(memory.local_fields(w, states)[2], loop)


def test_patterns_one_sign_apart_are_never_both_stable(memory):
    """Of {+-+-}, {+--+}, {++-+} only the first two can be, whatever the weights."""
    weights = symmetric(4, 500)
    names = ("+-+-", "+--+", "++-+")
    held = memory.fixed(weights, np.array([signs(p) for p in names]))
    assert not (held[:, 2] & held[:, :2].any(axis=1)).any()
    assert held[:, 2].any() and held[:, :2].all(axis=1).any()


def test_hebb_remembers_two_patterns_and_their_basins(memory):
    patterns = ("++++----", "+-+-+-+-")
    v = np.array([signs(p) for p in patterns], float)
    found = memory.remembered((v.T @ v)[None], patterns)
    assert found.stable.all() and found.lowest.all() and not found.lower.any()
    assert found.recalled == [1.0]
    opposite = memory.remembered(-(v.T @ v)[None], patterns)
    assert not opposite.stable.any() and not opposite.recalled.any()
    assert (opposite.lower == 1).all()


@pytest.mark.parametrize("contacts", [4, 6])
def test_measures_are_those_of_loops(load_study, memory, contacts):
    one_by_one = load_study("reliable_learning.readout").recall_with_current
    patterns = {4: ("+-+-", "+--+"), 6: ("+-+--+", "++---+")}[contacts]
    v = np.array([signs(p) for p in patterns])
    weights = symmetric(contacts, 40) + 2 * v.T @ v
    found = memory.remembered(weights, patterns)
    trained = {q for p in patterns for q in (p, inverse(p))}
    names = all_patterns(contacts)
    distance = {
        (p, q): sum(a != b for a, b in zip(p, q, strict=True)) for p in names for q in names
    }
    for k, w in enumerate(weights):
        e = dict(zip(names, energy(w, np.array([signs(p) for p in names], float)), strict=True))
        others = [p for p in names if p not in trained and not is_trivial(p)]
        assert found.lowest[k] == (max(e[p] for p in patterns) < min(e[p] for p in others))
        starts = [p[:i] + inverse(p[i]) + p[i + 1 :] for p in patterns for i in range(contacts)]
        starts = [s for s in starts if s not in trained and not is_trivial(s)]
        hits = []
        for start in starts:
            end = one_by_one(w, start)
            least = min(distance[start, q] for q in trained)
            near_ends = {q for p in trained if distance[start, p] == least for q in (p, inverse(p))}
            hits.append(end in near_ends)
        assert found.recalled[k] == pytest.approx(np.mean(hits))
        for p, stable, lower in zip(patterns, found.stable[k], found.lower[k], strict=True):
            assert stable == (one_by_one(w, p) == p)
            assert lower == pytest.approx(np.mean([e[q] < e[p] for q in others]))
    assert 0 < found.lowest.sum() < 40 and 0 < found.recalled.mean() < 1


def test_stacks_of_films_with_a_pattern_each(load_study, trainings):
    """Numbers that add up: film f contributes 10^f after its entry, and 1 before."""
    stacks = load_study("several_patterns.stacks")
    g = np.zeros((4, 2, 3, 1, 1))
    g[:, :, 0] = 1
    for film, entry in itertools.product(range(4), range(2)):
        g[film, entry, -1] = (entry + 1) * 10**film
    trained = trainings.Trained(g, ["+", "-"])
    members = np.array([[0, 1, 2, 3], [3, 1, 0, 2]])
    alone = stacks.Case(trained, [1], 1.5)
    assert alone.weights(members).ravel().tolist() == [2222 - 6, 2222 - 6]
    apart = stacks.Case(trained, [0, 1], 1.5)
    assert apart.weights(members).ravel().tolist() == [2211 - 6, 1212 - 6 - 1 + 1]
    assert apart.patterns == ["+", "-"] and apart.films == 4


@pytest.mark.parametrize("name", ["reliable_several", "reliable_contacts", "reliable_letters"])
def test_the_kernel_can_train_the_campaigns(load_study, trainings, name):
    campaign = Campaign.from_toml(load_study("shared").DATA / "campaigns" / f"{name}.toml")
    points = trainings.points_of(campaign)
    starts = [[e.start.seed for e in experiments] for experiments in points.values()]
    assert all(seeds == starts[0] for seeds in starts) and len(points) >= 3


def test_a_file_goes_on_with_the_films_of_its_point_alone(load_study, trainings, tmp_path):
    base = load_study("reliable_learning.trainings").described(
        {"film.cells": [32, 32, 1], "training.pulses": 1, "training.relax_time": 0.0}
        | {"start.settle_time": 1e-10, "training.patterns": ["+-+-/+--+"]}
    )
    starts = [replace(base, start=replace(base.start, seed=seed)) for seed in (7, 8)]
    file = tmp_path / "point.npz"
    trainings.train(file, starts, 1)
    with pytest.raises(SystemExit, match="seeds from 7, not from 8"):
        trainings.train(file, starts[::-1], 2)
    held = [replace(e, training=replace(e.training, hold=3)) for e in starts]
    with pytest.raises(SystemExit, match=r'training.hold = "default", not 3'):
        trainings.train(file, held, 2)
    trainings.train(file, starts, 2)
    assert np.load(file)["seeds"].tolist() == [7, 8]


def test_figures_without_their_films_are_told_in_one_line(
    load_study, tmp_path, monkeypatch, capsys
):
    analysis = load_study("several_patterns.analysis")
    monkeypatch.setattr("sys.argv", ["analysis", str(tmp_path)])
    with pytest.raises(SystemExit, match="no films"):
        analysis.main()
    g = (
        np.tile(4 * np.eye(4) - 1, (4, 1, 4, 1, 1))
        * np.linspace(1, 1.1, 4)[:, None, None, None, None]
    )
    np.savez(tmp_path / "reliable_several-1.npz", conductance=g, entries=["+-+-/+--+"])
    monkeypatch.setattr(analysis, "print_letters", lambda folder: None)
    analysis.main()
    out = capsys.readouterr().out
    assert "several_patterns.png is not drawn, it needs the films of reliable_several-halves" in out
    assert "letters.png is not drawn" in out and "| needs 12 films |" in out
