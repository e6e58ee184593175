from __future__ import annotations

import numpy as np
import pytest

from orchestrator.analysis.ideal import Driven, IdealTextures
from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import CornerContact, DiscContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.learning.hopfield import all_patterns, energy, signs
from orchestrator.transport.network import Network

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


def discs(places, film):
    contacts = tuple(DiscContact(str(k), p, 24e-9) for k, p in enumerate(places, start=1))
    return IdealTextures(film, contacts, AMR, along=0.44)


def test_layout_turned_by_90_degrees_measures_the_same():
    film = Film((32, 32, 1), (12e-9, 12e-9, 1e-6))
    places = [(48e-9, 300e-9), (348e-9, 240e-9), (192e-9, 120e-9), (60e-9, 72e-9)]
    layout = discs(places, film)
    turned = discs([(y, 384e-9 - x) for x, y in places], film)
    for disorder in (0.4, Driven(5e6)):
        for pattern in ("+-+-", "++-+"):
            margin = layout.margin(pattern, disorder, 0.85)
            assert margin != 0
            assert turned.margin(pattern, disorder, 0.85) == pytest.approx(margin, rel=1e-6)


def test_contacts_named_in_another_order_measure_the_same_with_the_signs_exchanged():
    film = Film((32, 32, 1), (12e-9, 12e-9, 1e-6))
    places = [(48e-9, 300e-9), (348e-9, 240e-9), (192e-9, 120e-9), (60e-9, 72e-9)]
    layout, renamed = discs(places, film), discs([places[k] for k in (2, 0, 3, 1)], film)
    margin = layout.margin("++-+", 0.3, "saturated")
    assert renamed.margin("-+++", 0.3, "saturated") == pytest.approx(margin, rel=1e-4)


def test_texture_is_that_of_the_network_with_m_along_the_current(corners):
    """With <m_t^2> = 1 a film of full anisotropy: conductivities of a magnet with m along j."""
    film = Film((40, 40, 1), (10e-9, 10e-9, 1e-6))
    places = ("top left", "top right", "bottom right", "bottom left")
    contacts = tuple(CornerContact(str(k), c, 50e-9) for k, c in enumerate(places, start=1))
    up = np.zeros((*film.array_shape, 3))
    up[..., 2] = 1
    j = Network(film, AMR, contacts).solve(up).current_density(signs("+-+-"))
    length = np.linalg.norm(j, axis=-1, keepdims=True)
    along_j = np.where(length > 0, j / np.where(length > 0, length, 1), [1.0, 0, 0])
    across, stripes = 1 / AMR.perpendicular, 1 / AMR.perpendicular * 0.56 + 0.44 / AMR.parallel
    medium = Resistivity(rho_par=1 / across, rho_perp=1 / stripes)
    expected = Network(film, medium, contacts).solve(along_j).conductance
    assert corners.conductance("+-+-", 0.0) == pytest.approx(expected, rel=1e-5)


def test_number_as_reference_scales_the_saturated_film(corners):
    """c = 1 is the saturated film, sqrt(sigma_n sigma_t) / sigma_perp the untrained one."""
    saturated = corners.energies("+-+-", 0.5, "saturated")
    assert corners.energies("+-+-", 0.5, 1.0) == pytest.approx(saturated)
    maze = np.sqrt(0.56 + 0.44 * AMR.perpendicular / AMR.parallel)
    untrained = corners.energies("+-+-", 0.5, "untrained")
    assert corners.energies("+-+-", 0.5, float(maze)) == pytest.approx(untrained)
    margins = corners.margins("+-+-", 0.5, ["saturated", "untrained"])
    each = [corners.margin("+-+-", 0.5, r) for r in ("saturated", "untrained")]
    assert margins.tolist() == pytest.approx(each)


def test_full_disorder_has_no_texture_against_which_power_decides(corners):
    """E' = (c - c0) / c0 times the power of the maze; the lowest input is that of least power."""
    energies = corners.energies("+-+-", 1.0, "saturated")
    maze = np.sqrt(0.56 + 0.44 * AMR.perpendicular / AMR.parallel)
    assert energies == pytest.approx((1 / maze - 1) * corners.powers())


def test_driven_order_in_a_uniform_field():
    """Field 2 V / L at +1 V and -1 V: with this half field half of the disorder is left."""
    film = Film((20, 10, 1), (10e-9, 10e-9, 1e-6))
    contacts = (SideContact("left", "left"), SideContact("right", "right"))
    ideal = IdealTextures(film, contacts, AMR, along=0.5)
    driven = ideal.conductance("+-", Driven(2 / 200e-9))
    assert driven == pytest.approx(ideal.conductance("+-", 0.5))
    stripes = (1 / AMR.perpendicular + 1 / AMR.parallel) / 2
    across = (1 / AMR.perpendicular) ** 0.75 * stripes**0.25
    assert driven[0, 0] == pytest.approx(0.5e-6 * across)


def test_driven_order_between_its_limits(corners):
    own = all_patterns(4).index("++-+")
    ordered, driven, maze = (
        corners.energies("++-+", d, "saturated")[own] for d in (Driven(1e3), Driven(5e6), 1.0)
    )
    assert abs(ordered) < 0.01 * maze
    assert 0.2 * maze < driven < 0.9 * maze


def test_conductance_has_no_net_current_and_is_symmetric(corners):
    g = corners.conductance("+--+", 0.2)
    assert np.abs(g.sum(axis=1)).max() < 1e-12 * np.abs(g).max()
    assert np.array_equal(g, g.T)
    assert energy(g, np.ones((1, 4)))[0] == pytest.approx(0, abs=1e-12 * np.abs(g).max())


def test_what_ideal_textures_do_not_know_is_refused(corners):
    sides = (SideContact("left", "left"), SideContact("right", "right"))
    with pytest.raises(InputError, match="one layer, not 2"):
        IdealTextures(Film((8, 8, 2), (1e-8, 1e-8, 1e-8)), sides, AMR)
    behind = (SideContact("left", "left", resistance=1.0), sides[1])
    with pytest.raises(InputError, match="series resistances"):
        IdealTextures(Film((8, 8, 1), (1e-8, 1e-8, 1e-8)), behind, AMR)
    for wrong in ("relaxed", -1.0):
        with pytest.raises(InputError, match="is unknown"):
            corners.energies("+-+-", 0.0, wrong)
