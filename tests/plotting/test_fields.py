"""Pictures of fields against fields whose colors, scales and stream lines are known."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.describe.contacts import DiscContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.plotting.fields import (
    current_lines,
    current_norm,
    draw_color_wheel,
    draw_current,
    draw_map,
    draw_texture,
)
from orchestrator.plotting.style import new_figure
from orchestrator.transport.network import Network

FILM = Film((40, 30, 1), (5e-9, 5e-9, 1e-9))
LENGTHS = FILM.lengths[:2]
SIDES = tuple(SideContact(s, s) for s in ("left", "right"))
RHO = Resistivity(mean=5e-7, amr_ratio=0.0, amr_convention="mean")


@pytest.fixture
def axes():
    return new_figure(3, 3).subplots()


def uniform(direction) -> np.ndarray:
    return np.broadcast_to(np.array(direction, float), (30, 40, 3)).copy()


@pytest.mark.parametrize(
    ("m", "color"),
    [
        ((1, 0, 0), (255, 0, 0)),
        ((-1, 0, 0), (0, 255, 255)),
        ((0, 0, 1), (255, 255, 255)),
        ((0, 0, -1), (0, 0, 0)),
    ],
)
def test_colors_of_directions(axes, m, color):
    shown = draw_texture(axes, uniform(m), LENGTHS).get_array()
    assert shown.shape == (30, 40, 4)
    assert (shown == (*color, 255)).all()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x (nm)", "y (nm)")
    assert (axes.get_xlim(), axes.get_ylim()) == (pytest.approx((0, 200)), pytest.approx((0, 150)))


@pytest.mark.parametrize("colors", ["wheel", "mz"])
def test_cells_without_magnetization_are_blank_and_have_a_border(axes, colors):
    m = uniform((0, 0, 1))
    m[10:20, 5:15] = 0
    shown = draw_texture(axes, m, LENGTHS, colors).get_array()
    blank = shown[..., 3] == 0 if colors == "wheel" else np.ma.getmaskarray(shown)
    np.testing.assert_array_equal(blank, ~m.any(axis=-1))
    border = axes.collections[-1].get_segments()
    assert len(border) == 40
    assert np.min(border) == pytest.approx(25)
    assert np.max(border) == pytest.approx(100)


def test_mz_has_arrows_along_m_where_there_is_any(axes):
    m = uniform((0.6, 0.8, 0.0))
    m[:, 20:] = 0
    draw_texture(axes, m, LENGTHS, "mz")
    arrows = axes.collections[0]
    assert np.max(arrows.X) < 100
    np.testing.assert_allclose(arrows.V / arrows.U, 4 / 3)


def test_the_wheel_shows_what_the_texture_shows(axes):
    draw_color_wheel(axes)
    picture = axes.images[0].get_array()
    middle = len(picture) // 2
    assert picture[middle, middle].tolist() == [255, 255, 255, 255]
    assert picture[middle, middle + middle // 2, :3].tolist() == [255, 0, 0]
    assert picture[0, 0, 3] == 0
    assert {text.get_text() for text in axes.texts} == {"+z", "rim: -z", "x", "y"}


def test_the_scale_of_currents_is_not_spoiled_by_single_cells():
    rng = np.random.default_rng(1)
    j = rng.uniform(1e11, 1e12, (30, 40, 1)) * [1.0, 0.0, 0.0]
    j[0, 0], j[1, 1], j[2, 2] = 0, (1e20, 0, 0), (1e-3, 0, 0)
    norm = current_norm([j, np.full_like(j, np.nan)])
    assert 1e11 < norm.vmin < 3e11
    assert 9e11 < norm.vmax < 1e12
    wide = current_norm([np.geomspace(1.0, 1e9, 1000)[:, None] * [1.0, 0, 0]])
    assert wide.vmax / wide.vmin == pytest.approx(100)
    nothing = current_norm([np.zeros((2, 2, 3))])
    assert (nothing.vmin, nothing.vmax) == (1, 10)


def test_lines_of_a_uniform_current_are_straight_and_end_at_the_contacts():
    j = uniform((1e12, 0, 0))
    lines = current_lines(j, FILM, SIDES, count=12)
    assert len(lines) == 12
    for line in lines:
        assert np.ptp(line[:, 1]) < 1e-9
        assert line[0, 0] < 5
        assert line[-1, 0] > 195
    heights = sorted(line[0, 1] for line in lines)
    assert np.diff(heights) == pytest.approx(150 / 12, abs=5)
    back = current_lines(-j, FILM, SIDES, count=12)
    assert all(line[0, 0] > 195 and line[-1, 0] < 5 for line in back)


def test_lines_of_a_solved_film_go_from_source_to_drain_around_a_hole():
    contacts = (
        DiscContact("in", (3e-8, 7.5e-8), 1.2e-8),
        DiscContact("out", (1.7e-7, 7.5e-8), 1.2e-8),
    )
    m = uniform((0, 0, 1))
    y, x = np.mgrid[:30, :40]
    m[np.hypot(x - 19.5, y - 14.5) < 6] = 0
    j = Network(FILM, RHO, contacts).solve(m[None]).current_density([1.0, 0.0])[0]
    lines = current_lines(j, FILM, contacts)
    assert len(lines) == 24
    for line in lines:
        assert np.hypot(*(line[0] - (30, 75))) < 22
        assert np.hypot(*(line[-1] - (170, 75))) < 22
        assert np.hypot(*(line - (100, 75)).T).min() > 25
    upper = sum(line[len(line) // 2, 1] > 75 for line in lines)
    assert upper == pytest.approx(12, abs=2)


def test_current_is_drawn_on_its_scale_with_lines_and_blank_outside(axes):
    j = uniform((1e12, 0, 0))
    j[:5] = 0
    norm = current_norm([j])
    image = draw_current(axes, j, LENGTHS, norm, film=FILM, contacts=SIDES)
    np.testing.assert_array_equal(np.ma.getmaskarray(image.get_array())[:, 0], np.arange(30) < 5)
    assert image.norm is norm
    assert len(axes.lines) == 24
    assert min(line.get_ydata().min() for line in axes.lines) > 20


def test_a_film_of_one_row_and_one_without_current_are_drawn(axes):
    draw_current(axes, np.ones((1, 40, 3)), (2e-7, 5e-9))
    draw_current(axes, np.zeros((30, 40, 3)), LENGTHS)
    assert not axes.lines


def test_a_map_covers_four_decades(axes):
    values = np.geomspace(1e-9, 1.0, 1200).reshape(30, 40)
    draw_map(axes, values, LENGTHS, "|dG/dm| (S)")
    image = axes.images[0]
    assert (image.norm.vmin, image.norm.vmax) == (pytest.approx(1e-4), 1)
    assert image.get_array().min() == pytest.approx(1e-4)
    assert axes.figure.axes[1].get_ylabel() == "|dG/dm| (S)"
