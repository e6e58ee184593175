"""Film, contacts and texture turned together by 45 degrees conduct alike."""

from __future__ import annotations

import numpy as np

from orchestrator.describe.contacts import DiscContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.transport.network import Network

HALL = Resistivity(rho_par=7e-7, rho_perp=1e-7, sigma_ah=2e6)
DIAMETER = 200e-9
ANGLES = np.radians([20, 95, 170, 300])


def texture(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Directions at places in units of the radius, components last."""
    phase = 3 * x + 2 * np.sin(2 * y + x)
    along = np.stack([0.8 + 0 * x, 0.6 + 0 * x, 0 * x], axis=-1)
    normal = np.array([0.0, 0.0, 1.0])
    return np.cos(phase)[..., None] * normal + np.sin(phase)[..., None] * along


def turned_disc(n: int, turn: float, texture_turn: float) -> np.ndarray:
    """G of a disc with four contacts at the rim; contacts and texture turned by two angles."""
    film = Film((n, n, 1), (DIAMETER / n, DIAMETER / n, 1e-8))
    s = (2 * np.arange(n) + 1) / n - 1
    x, y = np.meshgrid(s, s)
    cosine, sine = np.cos(texture_turn), np.sin(texture_turn)
    m = texture(cosine * x + sine * y, cosine * y - sine * x)
    m = m @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    m = (m * (np.hypot(x, y) < 1)[..., None])[None]
    radius = DIAMETER / 2
    contacts = tuple(
        DiscContact(
            str(k),
            (radius * (1 + 0.8 * np.cos(a + turn)), radius * (1 + 0.8 * np.sin(a + turn))),
            0.18 * radius,
        )
        for k, a in enumerate(ANGLES)
    )
    return Network(film, HALL, contacts).solve(m).conductance


def test_turned_by_45_degrees_the_network_is_the_same_in_the_limit():
    deviations = []
    for n in (64, 128, 256):
        g = turned_disc(n, 0.0, 0.0)
        turned = turned_disc(n, np.pi / 4, np.pi / 4)
        deviations.append(np.abs(turned - g).max() / np.abs(g).max())
    print(f"\ndeviations {deviations}")
    assert deviations[-1] < 1e-3
    assert deviations[-1] < 0.2 * deviations[0]
    wrong = turned_disc(64, np.pi / 4, -np.pi / 4)
    assert np.abs(wrong - turned_disc(64, 0.0, 0.0)).max() > 0.05 * np.abs(g).max()
