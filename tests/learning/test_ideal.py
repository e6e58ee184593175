from __future__ import annotations

import numpy as np
import pytest

from orchestrator.device import CornerContact, Film, Resistivity, SideContact
from orchestrator.learning.hopfield import all_patterns
from orchestrator.learning.ideal import IdealTextures

AMR = Resistivity(mean=5e-7, amr_ratio=1.5, amr_convention="mean")


@pytest.fixture(scope="module")
def corners():
    film = Film((40, 40, 1), (10e-9, 10e-9, 1e-6))
    places = ("top left", "top right", "bottom right", "bottom left")
    contacts = tuple(CornerContact(str(k), c, 50e-9) for k, c in enumerate(places, start=1))
    return IdealTextures(film, contacts, AMR, along=0.44)


def test_strip_with_stripes_across_the_current_conducts_as_if_saturated():
    """Current along x: sigma_perp w t / L; sqrt(sigma_n sigma_t) of it in full disorder."""
    film = Film((20, 10, 1), (10e-9, 10e-9, 1e-6))
    contacts = (SideContact("left", "left"), SideContact("right", "right"))
    ideal = IdealTextures(film, contacts, AMR, along=0.5)
    saturated = 1e-6 * 0.5 / AMR.perpendicular
    assert ideal.conductance("+-", 0.0)[0, 0] == pytest.approx(saturated)
    stripes = (1 / AMR.perpendicular + 1 / AMR.parallel) / 2
    maze = saturated * np.sqrt(stripes * AMR.perpendicular)
    assert ideal.conductance("+-", 1.0)[0, 0] == pytest.approx(maze)


def test_own_pattern_conducts_as_if_saturated_and_others_worse(corners):
    """Stripes across j = sigma_perp E everywhere: E' of the saturated reference is zero."""
    names = all_patterns(4)
    for pattern in ("+-+-", "+--+", "++-+"):
        energies = corners.energies(pattern, 0.0, "saturated")
        power = corners.powers()[names.index(pattern)]
        assert abs(energies[names.index(pattern)]) < 5e-3 * power
        assert energies.min() > -5e-3 * power


def test_full_disorder_leaves_nothing_of_the_untrained_reference(corners):
    energies = corners.energies("+--+", 1.0, "untrained")
    assert np.abs(energies).max() < 1e-9 * corners.powers().max()


def test_tolerated_disorder_is_where_the_margin_changes_sign(corners):
    d = corners.tolerated_disorder("+--+", "saturated", resolution=0.005)
    assert 0.3 < d < 0.9
    assert corners.margin("+--+", d - 0.01, "saturated") > 0
    assert corners.margin("+--+", d + 0.01, "saturated") < 0


def test_symmetric_patterns_tolerate_the_same(corners):
    wide = corners.tolerated_disorder("+--+", "saturated")
    assert corners.tolerated_disorder("++--", "saturated") == pytest.approx(wide, abs=0.011)
