from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xarray as xr

from orchestrator.analysis.cost import (
    adiabatic_heating,
    drift_speed,
    period_time,
    reached,
    readout_heat,
    training_heat,
)
from orchestrator.describe.contacts import CornerContact
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Resistivity
from orchestrator.transport.network import Network

MAZE = Material(Ms=4.9e5, Aex=1e-11, alpha=0.3, Dbulk=2e-3, Ku1=1e5, P=0.5)


def test_drift_is_one_magneton_for_a_polarized_electron():
    """A spin turned over gives 2 mu_B; P j / 2e of them a second: u = mu_B P j / (e Ms)."""
    assert drift_speed(MAZE, 1e12) == pytest.approx(
        9.2740e-24 * 0.5 * 1e12 / (1.60218e-19 * 4.9e5), rel=1e-4
    )
    slow = dataclasses.replace(MAZE, xi=1.0)
    assert drift_speed(slow, 1e12) == pytest.approx(drift_speed(MAZE, 1e12) / 2)
    pitch = 4 * np.pi * 1e-11 / 2e-3
    assert period_time(MAZE, 1e12) == pytest.approx(pitch / drift_speed(MAZE, 1e12))


def maze(cell: float, thickness: float) -> np.ndarray:
    film = Film((20, 20, 1), (cell, cell, thickness))
    places = ("top left", "top right", "bottom right", "bottom left")
    contacts = tuple(CornerContact(str(k), c, 2 * cell) for k, c in enumerate(places))
    m = np.random.default_rng(2).normal(size=(*film.array_shape, 3))
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    amr = Resistivity(mean=5e-7, amr_ratio=1.5, amr_convention="mean")
    return Network(film, amr, contacts).solve(m).conductance


def test_heat_depends_on_the_thickness_but_not_on_the_width_of_the_film():
    """A film of the same shape and texture has the same sheet conductances."""
    v = 0.05 * np.array([1.0, -1, -1, 1])
    base = readout_heat(maze(4e-9, 1e-6), v, 1e-9)
    assert readout_heat(maze(8e-9, 1e-6), v, 1e-9) == pytest.approx(base)
    assert readout_heat(maze(4e-9, 5e-7), v, 1e-9) == pytest.approx(base / 2)
    assert readout_heat(maze(4e-9, 1e-6), 2 * v, 1e-9) == pytest.approx(4 * base)
    assert readout_heat(maze(4e-9, 1e-6), np.stack([v, 0 * v]), 1e-9)[1] == 0


def test_heat_of_a_training_is_the_sum_over_its_pulses():
    energy = np.array([[1.0, 2.0, 4.0], [1.0, np.nan, np.nan]])
    run = xr.Dataset({"energy_spent": (("training", "pulse"), energy)})
    assert training_heat(run).to_numpy().tolist() == [7.0, 1.0]


def test_metal_heats_by_energy_per_volume():
    film = Film((10, 10, 1), (1e-8, 1e-8, 1e-7))
    assert adiabatic_heating(3.5e-15, film) == pytest.approx(1.0)


def test_target_is_reached_between_two_times():
    times = np.array([0.0, 1.0, 2.0, 3.0])
    assert reached(times, np.array([0.0, 1.0, 0.5, 4.0]), 2.0) == pytest.approx(2 + 1.5 / 3.5)
    assert reached(times, np.array([4.0, 3.0, 1.0, 0.0]), 2.0) == pytest.approx(1.5)
    assert np.isnan(reached(times, np.zeros(4), 1.0))
    assert reached(times, np.ones(4), 1.0) == 0
