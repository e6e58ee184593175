from __future__ import annotations

import numpy as np
import pytest

from orchestrator.analysis.ideal import IdealTextures
from orchestrator.analysis.placement import DiscFamily, best_placement
from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import check_contacts
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity

FILM = Film((20, 16, 1), (10e-9, 10e-9, 1e-6))
AMR = Resistivity(mean=5e-7, amr_ratio=1.5, amr_convention="mean")


def distance(contacts):
    a, b = (np.array(c.center) for c in contacts[:2])
    return float(np.hypot(*(a - b)))


def test_two_discs_that_shall_be_far_apart_end_in_opposite_corners():
    """The largest distance of two discs of 2 cells in 20 x 16 cells: centers 16 and 12 apart."""
    family = DiscFamily(FILM, ((0,), (1,)), (2, 2))
    found = best_placement(family, distance, generations=60, seed=2)
    assert found.value == pytest.approx(200e-9)
    assert found.measured > 10
    assert family.contacts(found.layout) == found.contacts


def test_smallest_radius_is_found_where_it_is_best():
    family = DiscFamily(FILM, ((0,), (1,)), (1, 4))
    found = best_placement(family, lambda c: -sum(d.radius for d in c), generations=30)
    assert [c.radius for c in found.contacts] == [10e-9, 10e-9]


def test_contacts_of_most_resistance_are_small_and_far_apart():
    """Power of {+-} in a uniform film: least for the smallest discs in opposite corners."""
    family = DiscFamily(Film((10, 10, 1), (10e-9, 10e-9, 1e-6)), ((0, 1),), (1, 2))
    power = lambda c: -IdealTextures(family.film, c, AMR).powers()[1]  # noqa: E731
    found = best_placement(family, power, generations=30, seed=1)
    x, y, radius = found.layout
    assert radius == 1
    assert {x, y} <= {1, 9}


def test_orbits_turn_clockwise_about_the_middle():
    square = DiscFamily(Film((20, 20, 1), (1e-8, 1e-8, 1e-6)), ((0, 1, 2, 3),), (1, 4))
    discs = square.discs((4, 15, 2))
    assert discs.tolist() == [[4, 15, 2], [15, 16, 2], [16, 5, 2], [5, 4, 2]]
    pairs = DiscFamily(FILM, ((0, 2), (1,)), (2, 2))
    assert pairs.discs((3, 4, 9, 5)).tolist() == [[3, 4, 2], [9, 5, 2], [17, 12, 2]]


def test_violation_is_what_overlaps_or_leaves_the_film():
    family = DiscFamily(FILM, ((0,), (1,)), (2, 2), gap=2)
    assert family.violation((4, 8, 10, 8)) == 0
    assert family.violation((4, 8, 9, 8)) == pytest.approx(1)
    assert family.violation((1, 8, 17, 15)) == pytest.approx(1 + 1)


def test_layouts_without_violation_are_contacts_of_the_film():
    family = DiscFamily(FILM, ((0,), (1,), (2,)), (1, 3), gap=2)
    rng = np.random.default_rng(3)
    low, high = np.array(family.bounds()).T
    drawn = [rng.integers(low, high, endpoint=True) for _ in range(200)]
    allowed = [layout for layout in drawn if family.violation(layout) == 0]
    assert 5 < len(allowed) < 195
    for layout in allowed[:20]:
        check_contacts(FILM, family.contacts(layout))


def test_wrong_families_are_refused():
    with pytest.raises(InputError, match="once each"):
        DiscFamily(FILM, ((0, 1), (1,)), (2, 2))
    with pytest.raises(InputError, match="must be square"):
        DiscFamily(Film((8, 8, 1), (1e-8, 2e-8, 1e-8)), ((0,), (1,)), (2, 2))
    crowded = DiscFamily(Film((6, 6, 1), (1e-8, 1e-8, 1e-8)), ((0,), (1,)), (3, 3))
    with pytest.raises(InputError, match="no layout without overlaps"):
        best_placement(crowded, distance, generations=3)
