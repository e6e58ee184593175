"""Planar and anomalous Hall effect in the conductances of small textures."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def study(load_study):
    return load_study("hall.analysis")


@pytest.fixture
def oblique(small_film, corners):
    """A device with four contacts, and oblique stripes in it."""
    film = small_film(contacts=corners)
    return film.device, film.stripes(30, 1.0)


INPUTS = 0.05 * np.array([[1, -1, -1, 1], [1, 1, -1, 1], [1, -0.6, -1, 0.4]])


def test_antisymmetric_part_is_linear_in_the_hall_angle_and_heats_nothing(oblique, study):
    device, m = oblique
    first, second = (
        study.antisymmetric_part(study.with_hall_angle(device, angle), m) for angle in (0.02, 0.04)
    )
    assert np.abs(first).max() > 1e-3
    np.testing.assert_allclose(second, 2 * first, atol=2e-3 * np.abs(first).max())
    heat = np.einsum("mi,ij,mj->m", INPUTS, first, INPUTS)
    np.testing.assert_allclose(heat, 0, atol=1e-12 * np.abs(first).max())


def test_energies_change_in_second_order_of_the_hall_angle(oblique, study):
    """Reversing the angle transposes G, so that V^T G V is even in it."""
    device, m = oblique
    plain = study.energies(device, m, INPUTS)
    change = {
        angle: study.energies(study.with_hall_angle(device, angle), m, INPUTS) - plain
        for angle in (0.02, 0.04, -0.04)
    }
    np.testing.assert_allclose(change[-0.04], change[0.04], rtol=1e-6)
    np.testing.assert_allclose(change[0.04] / change[0.02], 4, rtol=0.02)
    assert (np.abs(change[0.04]) > 1e-4 * np.abs(plain)).all()


@pytest.mark.parametrize("form", ["resistivities", "conductivities"])
def test_no_planar_hall_effect_where_the_current_is_along_m(small_film, study, form):
    """Both scalar conductivities are then that of the tensor; oblique m tells them apart."""
    device = small_film().device
    v = np.array([[0.05, -0.05]])

    def ratio(m):
        texture = np.broadcast_to(np.array(m, float), (*device.film.array_shape, 3))
        scalar = study.energies_without_planar_hall(device, texture, v, form)
        return scalar[0] / study.energies(device, texture, v)[0]

    assert ratio((1, 0, 0)) == pytest.approx(1, rel=1e-6)
    oblique = ratio((np.sqrt(0.5), np.sqrt(0.5), 0))
    assert oblique > 1.05 if form == "resistivities" else oblique < 0.95
