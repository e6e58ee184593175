"""Reading a small film: what small voltages leave of the texture."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.learning.hopfield import signs
from orchestrator.ovf.files import write_ovf


@pytest.fixture
def read(small_film, corners):
    """How a read-out of 0.2 ns displaces a settled texture from one that was left alone."""
    film = small_film(contacts=corners)
    m = film.relaxed(film.random(2), 5e-9)
    state = film.network.solve(m)

    def displaced(voltage: float, pattern: str = "+--+") -> np.ndarray:
        v = voltage * signs(pattern)
        write_ovf(film.folder / "j.ovf", state.current_density(v), film.device.film.cell_size)
        block = film.scripts.pulse(1, v.tolist(), "j.ovf", 2e-10, "after.ovf")
        return film.execute(m, block)

    alone = displaced(0.0)
    return lambda *arguments: displaced(*arguments) - alone


def test_disturbance_is_linear_in_the_voltage_and_turns_with_its_sign(read):
    once, twice, back = read(1e-4), read(2e-4), read(-1e-4)
    size = np.abs(once).max()
    assert 1e-4 < size < 5e-2
    np.testing.assert_allclose(twice, 2 * once, atol=0.03 * size)
    np.testing.assert_allclose(back, -once, atol=0.03 * size)
    inverse = read(1e-4, "-++-")
    np.testing.assert_allclose(inverse, back, atol=1e-12)


def test_large_voltages_disturb_by_more_than_in_proportion_or_less(read):
    """At the training voltage the answer is no longer linear: unit vectors cannot move further."""
    small, large = np.abs(read(1e-4)).max(), np.abs(read(0.1)).max()
    assert large < 0.5 * 1000 * small
    assert large > 0.1
