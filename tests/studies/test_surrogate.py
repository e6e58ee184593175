"""The surrogate of films: known answers for transport, for its dynamics and for its fit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from docs.studies.surrogate import analysis, fit, search
from docs.studies.surrogate.fit import Case, disorder, fitted
from docs.studies.surrogate.layouts import FITTED, UNSEEN, apart, at, clockwise, corners, layout_of
from docs.studies.surrogate.model import FILM_CONSTANTS, J0, Disorder, Surrogate
from docs.studies.surrogate.readout import changes, margins, trained_by_surrogate
from docs.studies.surrogate.trainings import TIME, block_means, file_of, settings, train
from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import SideContact
from orchestrator.describe.film import Film
from orchestrator.learning.hopfield import signs

CELL = 12e-9
QUIET = replace(FILM_CONSTANTS, length=1e-12)
"""No averaging of the current."""


@pytest.fixture(scope="module")
def bar() -> Surrogate:
    """384 nm x 192 nm between its left and its right side."""
    sides = SideContact("left", "left"), SideContact("right", "right")
    film = Film((64, 32, 1), (6e-9, 6e-9, 1e-6))
    return Surrogate(replace(corners(6).device, film=film, contacts=sides), QUIET)


@pytest.mark.parametrize(("angle", "along"), [(0, 1), (90, -1), (45, 0)])
def test_uniform_order_makes_a_bar_of_known_conductance(
    bar: Surrogate, angle: float, along: float
) -> None:
    order = 0.3
    q = np.full(bar.shape, order * np.exp(2j * np.radians(angle)))
    sigma = bar.conductivity(q).symmetric[:, 0, 0]
    resistivity = bar.device.resistivity
    across, parallel = 1 / resistivity.perpendicular, 1 / resistivity.parallel
    mean = across + (parallel - across) * (QUIET.weight + order * along) / 2
    assert sigma[0] == pytest.approx(mean)
    if along:  # the principal axes lie along the bar: G = sigma W t / L
        g = bar.network.solve_conductivity(bar.conductivity(q)).conductance
        assert g[0, 0] == pytest.approx(mean * 192e-9 * 1e-6 / 384e-9)
    else:
        assert sigma[2] == pytest.approx((parallel - across) * order / 2)


def test_without_current_nothing_changes(bar: Surrogate) -> None:
    rng = np.random.default_rng(1)
    q = bar.untrained(rng)
    still = np.zeros((2, *bar.shape))
    np.testing.assert_array_equal(bar.step(q, still, 1e-6, rng), q)
    _, g = bar.trained(q, np.zeros(2), TIME, 2, rng)
    np.testing.assert_array_equal(g[0], g[1])


def test_stripes_turn_across_the_current_and_the_conductance_along_it_grows(bar: Surrogate) -> None:
    """dq/dt = -b J^2 / (1 + (J/L)^4) - m q in a uniform current: a closed form."""
    current = 1.5 * J0
    rate = QUIET.rate * 1.5**QUIET.power
    most = QUIET.drive * 1.5**2 / (1 + (current / QUIET.limit) ** 4) / rate
    nothing = np.zeros(bar.shape, complex)
    for angle in (0.0, 0.6):
        j = current * np.array([np.cos(angle), np.sin(angle)])[:, None, None]
        q = bar.step(nothing, np.broadcast_to(j, (2, *bar.shape)), TIME, None)
        expected = -most * (1 - np.exp(-rate * TIME)) * np.exp(2j * angle)
        np.testing.assert_allclose(q, expected, rtol=1e-9)
    q, g = bar.trained(nothing, 0.05 * signs("+-"), TIME, 4, None)
    assert (q.real < 0).all()
    np.testing.assert_allclose(q.imag, 0, atol=1e-9)
    assert g[1, 0, 0] > g[0, 0, 0]


def test_the_order_is_forgotten_at_the_rate_of_the_current(bar: Surrogate) -> None:
    film = Surrogate(bar.device, replace(QUIET, drive=0.0))
    q = film.untrained(np.random.default_rng(2))
    j = np.stack([np.full(film.shape, J0), np.zeros(film.shape)])
    np.testing.assert_allclose(film.step(q, j, 3e-9, None), q * np.exp(-QUIET.rate * 3e-9))
    # in one step or in two
    half = film.step(film.step(q, j, 1.5e-9, None), j, 1.5e-9, None)
    np.testing.assert_allclose(half, film.step(q, j, 3e-9, None))


def test_beyond_the_limit_a_stronger_current_orders_less() -> None:
    def drive(j: float) -> float:
        field = np.stack([np.full((4, 4), j), np.zeros((4, 4))])
        return -float(FILM_CONSTANTS.change(field, CELL)[0][0, 0].real)

    limit = FILM_CONSTANTS.limit
    assert drive(0.5 * limit) < drive(limit) > drive(2 * limit)
    assert drive(limit) == pytest.approx(FILM_CONSTANTS.drive * (limit / J0) ** 2 / 2)


def test_a_symmetric_layout_answers_symmetrically() -> None:
    film = Surrogate(corners(6).device, FILM_CONSTANTS)
    nothing = np.zeros(film.shape, complex)
    change = {}
    for pattern in ("+-+-", "+--+", "++--"):
        _, g = film.trained(nothing, 0.05 * signs(pattern), TIME, 4, None)
        change[pattern] = g[1] - g[0]
    square = change["+-+-"]
    neighbors = [square[k, (k + 1) % 4] for k in range(4)]
    np.testing.assert_allclose(neighbors, neighbors[0], rtol=1e-6)
    assert square[0, 2] == pytest.approx(square[1, 3], rel=1e-6)
    assert neighbors[0] < 0  # |G| grows between opposite signs
    turn = [1, 2, 3, 0]  # a quarter turn of {+--+} is {++--}
    turned = change["+--+"][np.ix_(turn, turn)]
    np.testing.assert_allclose(turned, change["++--"], rtol=1e-6, atol=1e-9)


def test_disorder_has_its_spectrum_and_is_found_again() -> None:
    true = Disorder(2e-16, (80e-9, 140e-9))
    rng = np.random.default_rng(3)
    fields = np.array([true.draw((64, 64), CELL, rng) for _ in range(20)])
    # each part: the integral of D / (1 + (k l)^4) over the plane is D pi^2 / (2 l^2)
    variance = sum(true.density * np.pi**2 / 2 / length**2 for length in true.lengths)
    assert np.mean(np.abs(fields) ** 2) == pytest.approx(variance, rel=0.06)
    found = disorder([block_means(fields, 2)], together=False)
    assert found.density == pytest.approx(true.density, rel=0.15)
    np.testing.assert_allclose(found.lengths, true.lengths, rtol=0.1)


def test_the_fit_finds_the_constants_that_made_the_data() -> None:
    true = replace(FILM_CONSTANTS, drive=1.4e7, limit=2.2e12, rate=9e7, power=0.6, length=36e-9)
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:16, :20]
    known = []
    for strength in (0.8, 1.6, 2.4):
        j = strength * J0 * np.stack([np.cos(x / 5) + y / 16, np.sin(y / 4)])
        before = true.maze.draw((8, 10), 2 * CELL, rng)[None].repeat(4, axis=0)
        before = before * np.arange(1, 5)[:, None, None]
        case = Case(before, before, j, np.zeros((4, 3)), np.ones((3, 8, 10), complex))
        gained, kept = case.predicted(true, CELL)
        change = gained.real.sum() + np.array([[-1.0], [1], [-1], [1]]) * np.ones(3)
        known.append(replace(case, after=gained + kept * before, changes=change))
    found, _ = fitted(known, FILM_CONSTANTS, CELL)
    for name in ("drive", "limit", "rate", "power", "length"):
        assert getattr(found, name) == pytest.approx(getattr(true, name), rel=1e-3), name


def test_layouts_keep_contacts_apart_and_in_the_order_of_the_clock() -> None:
    cells = (64, 64)
    assert [at(cells, k, 4) for k in (0, 28, 56, 84)] == list(corners(4).squares)
    assert clockwise(cells, corners(6).squares[::-1]) == corners(6).squares
    assert not apart([(0, 0, 4), (6, 0, 4)]) and apart([(0, 0, 4), (7, 0, 4)])
    assert len({x.squares for x in (*FITTED, *UNSEEN)}) == len(FITTED) + len(UNSEEN)
    assert all(apart(x.squares) for x in UNSEEN)


def test_margins_of_a_known_matrix() -> None:
    """G' = -c v v^T lowers only v: E' = -V^T G' V is c (v.V)^2 with its sign turned."""
    v = signs("+-+-").astype(float)
    before = 4 * np.eye(4) - np.ones((4, 4))
    after = before + 0.1 * np.outer(v, v)
    g = np.array([[[before, after]]])
    # E' of {+-+-}: -1.6; of its nearest rival, one sign off: -0.4; power 16
    assert margins(g, ("+-+-",))[0, 0] == pytest.approx((1.6 - 0.4) / 16)
    assert margins(g, ("++--",))[0, 0] == pytest.approx(-1.6 / 16)
    np.testing.assert_allclose(changes(g), 0.1 * np.array([[-1, 1, -1, -1, 1, -1]]))


def test_films_that_do_not_fit_the_cells_are_refused() -> None:
    film = Film((63, 64, 1), (6e-9, 6e-9, 1e-6))
    with pytest.raises(InputError, match=r"no multiple of cells of 1.2e-08 m"):
        Surrogate(replace(corners(6).device, film=film), FILM_CONSTANTS)


def test_a_layout_of_ones_own_is_read_in_nm() -> None:
    words = "0 312 72, 312 312 72, 312 0 72, 0 0 72"
    assert layout_of("corners 72 nm", words, (384, 384)) == corners(6)
    oblong = layout_of("x", "444 0 36, 0 0 36, 0 96 36, 0 276 36, 204 276 36", (480, 312))
    assert oblong.cells == (80, 52) and oblong.squares[0] == (37, 0, 3)
    assert oblong.patterns == ("+-+-+", "++---", "++-++")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("0 0 72, 312 0 72, 312 312 72", "4, 5, 6 squares"),
        ("0 0 72, 312 0 72, 312 312, 0 312 72", "squares of three numbers"),
        ("0 0 72, 312 0 72, 312 312 7.2, 0 312 72", "whole nm"),
        ("0 0 72, 312 0 72, 310 312 72, 0 312 72", "310 nm is no multiple of 12 nm"),
        ("0 0 72, 324 0 72, 312 312 72, 0 312 72", r"\(324, 0, 72\) is not on a film of 384 x 384"),
        ("0 0 72, 72 0 72, 312 312 72, 0 312 72", "less than 12 nm apart"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(words: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        layout_of("x", words, (384, 384))


def test_search_prints_the_margins_of_a_layout_beside_the_corners(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(search, "STARTS", 2)
    words = "0 312 72, 312 312 72, 312 0 72, 0 0 72"
    monkeypatch.setattr("sys.argv", ["search", "--layout", words])
    search.main()
    *_, own, reference = capsys.readouterr().out.splitlines()
    assert own.split("|")[2:] == reference.split("|")[2:]
    expected = 100 * margins(trained_by_surrogate(corners(6), 2), ("+-+-",) * 3)[:, 0].mean()
    assert f"{{+-+-}} {expected:+.1f} ±" in own


@pytest.mark.parametrize("script", [analysis, fit, search])
def test_scripts_explain_themselves_and_miss_files_in_one_line(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["script", "--help"])
    with pytest.raises(SystemExit, match="0"):
        script.main()
    assert "usage" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["script", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"docs.studies.surrogate.trainings makes"):
        script.main()


def test_trainings_of_another_layout_are_not_taken(tmp_path: Path) -> None:
    layout = corners(6)
    file = file_of(tmp_path, layout)
    label = {"settings": np.array(json.dumps(settings(replace(corners(8), name=layout.name))))}
    np.savez(file, seeds=np.array([1, 2]), **label)
    with pytest.raises(SystemExit, match="other films"):
        train((layout,), tmp_path, 2, 1, False)
    np.savez(file, seeds=np.array([1, 2]), settings=np.array(json.dumps(settings(layout))))
    train((layout,), tmp_path, 3, 1, False)
    with pytest.raises(SystemExit, match="seeds from 1, not from 5"):
        train((layout,), tmp_path, 2, 5, False)
