"""Which feedback a material has, on a film of 192 nm with stripes oblique to the current."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.describe.sections import Training
from orchestrator.learning.hopfield import energy, signs, weight_matrix

NEEL = {"Dbulk": 0.0, "Dind": 2e-3}
CROSSING = "+--+"


def plan(pattern: str, **options) -> Training:
    """2 ns of training."""
    values = {"voltage": 0.0125, "pulse_length": 2.5e-10, "pulses": 8} | options
    return Training((pattern,), **values)


def energy_of_change(drive: str, g: np.ndarray, amplitude: float) -> float:
    """Change of E' of the crossing pattern, relative to the power of the first state."""
    weights = weight_matrix(g, drive)
    values = amplitude * signs(CROSSING)[None]
    return float(energy(weights[-1] - weights[0], values)[0] / -energy(weights[0], values)[0])


@pytest.mark.parametrize("material", [{}, NEEL], ids=["Bloch", "Neel"])
def test_settled_stripes_keep_the_handedness_of_the_dmi(small_film, material):
    film = small_film(material=material)
    kept = {}
    for hand in (1, -1):
        m = film.stripes(45, 2.0, hand)
        kept[hand] = float((film.relaxed(m, 5e-10) * m).sum(axis=-1).mean())
    assert kept[1] > 0.7
    assert kept[-1] < 0.4


@pytest.mark.parametrize("phase", [0.0, 2.0])
@pytest.mark.parametrize(("material", "sign"), [({}, 1), (NEEL, -1)], ids=["Bloch", "Neel"])
def test_walls_decide_whether_a_current_raises_the_conductance(small_film, material, sign, phase):
    """Stripes turn across the current: Bloch walls then carry m across it, Neel walls along it."""
    film = small_film(material=material)
    start = film.relaxed(film.stripes(40, phase), 1e-9)
    g = film.trained(start, plan("+-"))[0][:, 0, 0]
    assert (sign * np.diff(g) > 0).all()
    assert 0.01 < sign * (g[-1] / g[0] - 1) < 0.05


def test_mirrored_film_has_the_other_handedness_and_the_same_conductance(small_film):
    """y -> -y turns an axial vector's x and z, and the sign of the bulk DMI."""
    g = []
    for dmi in (2e-3, -2e-3):
        film = small_film(material={"Dbulk": dmi})
        m = small_film().stripes(40, 0.0)
        if dmi < 0:
            m = m[:, ::-1] * np.array([-1, 1, -1])
        g.append(film.trained(m, plan("+-", pulses=4))[0][:, 0, 0])
    np.testing.assert_allclose(g[1], g[0], rtol=1e-5)
    assert abs(g[0][-1] / g[0][0] - 1) > 1e-3


def test_negative_ratio_is_the_mirror_image_to_first_order(small_film):
    """G(a) - G(0) is odd in a up to a second-order part, for a texture and for its training."""
    m = small_film().relaxed(small_film().stripes(40, 0.0), 1e-9)
    odd, even = {}, {}
    for a in (0.1, 0.2):
        plus, minus, none = (
            small_film(amr_ratio=r).network.solve(m).conductance for r in (a, -a, 0.0)
        )
        odd[a] = np.abs(plus - minus).max()
        even[a] = np.abs(plus + minus - 2 * none).max()
    assert odd[0.2] / odd[0.1] == pytest.approx(2, rel=0.05)
    assert even[0.2] / even[0.1] == pytest.approx(4, rel=0.05)
    changes = []
    for a in (0.05, -0.05):
        g = small_film(amr_ratio=a).trained(m, plan("+-", voltage=0.025))[0][:, 0, 0]
        changes.append(g[-1] / g[0] - 1)
    assert changes[0] > 1e-4
    assert changes[1] == pytest.approx(-changes[0], rel=0.1)


@pytest.mark.parametrize(("material", "sign"), [({}, 1), (NEEL, -1)], ids=["Bloch", "Neel"])
def test_what_voltages_teach_currents_unlearn_and_the_other_way_round(
    small_film, corners, material, sign
):
    film = small_film(contacts=corners, material=material)
    start = film.relaxed(film.stripes(40, 2.0), 1e-9)
    for drive, amplitude, direction in (("voltage", 0.0125, -sign), ("current", 0.03, sign)):
        training = plan(CROSSING, drive=drive, **{drive: amplitude})
        change = energy_of_change(drive, film.trained(start, training)[0], amplitude)
        assert 0.005 < direction * change < 0.1
