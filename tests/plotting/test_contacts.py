"""Contacts in figures: where their outlines lie, what their labels and pictures say."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from orchestrator.describe.contacts import CornerContact, DiscContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.plotting.contacts import (
    center,
    draw_contacts,
    draw_pictogram,
    draw_strip,
    outline,
)
from orchestrator.plotting.style import MINUS, PLUS, new_figure

FILM = Film((10, 8, 1), (5e-9, 5e-9, 1e-9))
CORNER = CornerContact("a", "top left", 2e-8)
SIDE = SideContact("right", "right")


def test_outline_of_a_corner_is_the_border_of_its_square():
    """A square of 4 x 4 cells has 16 edges of cells, all on x or y of its border."""
    edges = outline(FILM, CORNER)
    assert edges.shape == (16, 2, 2)
    assert edges[..., 0].min() == 0
    assert edges[..., 0].max() == pytest.approx(20)
    assert (edges[..., 1].min(), edges[..., 1].max()) == (pytest.approx(20), pytest.approx(40))
    middles = edges.mean(axis=1)
    on_border = np.isclose(middles[:, 0] % 20, 0) | np.isclose(middles[:, 1] % 20, 0)
    assert on_border.all()


def test_outline_of_a_side_is_a_line():
    edges = outline(FILM, SIDE)
    assert edges.shape == (8, 2, 2)
    np.testing.assert_allclose(edges[..., 0], 50)


def test_outline_in_three_dimensions_is_seen_from_above():
    film = Film((10, 8, 3), (5e-9, 5e-9, 5e-9), pbc=(0, 0, 0))
    disc = DiscContact("d", (2.5e-8, 2e-8), 1e-8)
    np.testing.assert_allclose(outline(film, disc), outline(FILM, disc))
    assert center(film, disc) == pytest.approx((25, 20))


def test_names_signs_and_colors_are_drawn_within_the_film():
    axes = new_figure(2, 2).subplots()
    axes.set(xlim=(0, 50), ylim=(0, 40))
    draw_contacts(axes, FILM, (CORNER, SIDE), "+-")
    assert [text.get_text() for text in axes.texts] == ["a+", "right −"]
    assert [to_hex(text.get_color()) for text in axes.texts] == [PLUS, MINUS]
    axes.figure.canvas.draw()
    renderer = axes.figure.canvas.get_renderer()
    frame = axes.get_window_extent(renderer)
    for text in axes.texts:
        assert frame.contains(*text.get_window_extent(renderer).min + 1)
        assert frame.contains(*text.get_window_extent(renderer).max - 1)


def test_many_contacts_are_dots_in_the_colors_of_their_signs():
    discs = tuple(
        DiscContact(f"d{k}", (5e-9 + 1e-8 * (k % 5), 1e-8 + 2e-8 * (k // 5)), 1e-9)
        for k in range(10)
    )
    axes = new_figure(2, 2).subplots()
    draw_contacts(axes, FILM, discs, "+-" * 5)
    (dots,) = axes.collections
    assert [to_hex(c) for c in dots.get_facecolors()] == [PLUS, MINUS] * 5
    np.testing.assert_allclose(dots.get_offsets()[3], center(FILM, discs[3]))
    assert not axes.texts


def test_a_pictogram_has_every_contact_at_its_place_in_its_color():
    axes = new_figure(2, 2).subplots()
    draw_pictogram(axes, FILM, (CORNER, SIDE), "-+", (0.0, -4), 20)
    (box,) = axes.artists
    assert box.get_gid() == "pattern -+"
    frame, first, second = box.offsetbox.get_children()
    assert (frame.get_width(), frame.get_height()) == (20, 16)
    assert [to_hex(c.get_facecolor()) for c in (first, second)] == [MINUS, PLUS]
    assert first.center[0] < 10 < second.center[0]
    assert first.center[1] > second.center[1]


def test_a_strip_has_the_first_contact_on_top():
    axes = new_figure(2, 2).subplots()
    draw_strip(axes, "+--", 0.0, size=3)
    squares = axes.artists[0].offsetbox.get_children()
    assert [to_hex(s.get_facecolor()) for s in squares] == [PLUS, MINUS, MINUS]
    assert [s.get_y() for s in squares] == [6, 3, 0]
