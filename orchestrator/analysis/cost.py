"""What training and reading cost: Joule heat, time, and what they scale with.

Stripes turn by moving: the torque carries a texture along at u = mu_B P j / (e Ms (1 + xi^2)), so
that a natural unit of time is the time for one period of the helix. Heat at a voltage V is V^T G V
times the time. In units of both, the heat of turning does not depend on the resistivity, grows as
V where j ~ V, and as the area in a constant field.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from orchestrator.describe.film import Film
from orchestrator.describe.material import Material

MU_B_OVER_E = 5.7883818e-5
"""Bohr magneton over elementary charge, A m2 / C."""


def drift_speed(material: Material, current_density: float) -> float:
    """Speed u in m/s with which a current density (A/m2) carries a texture along."""
    return MU_B_OVER_E * material.P * current_density / (material.Ms * (1 + material.xi**2))


def period_time(material: Material, current_density: float) -> float:
    """Time in s in which a texture moves by one period of the free helix; inf without DMI."""
    return material.helix_pitch / drift_speed(material, current_density)


def training_heat(dataset: xr.Dataset) -> xr.DataArray:
    """Joule heat of each training's committed pulses in J, along `training`."""
    return dataset.energy_spent.sum("pulse")


def readout_heat(conductance: np.ndarray, voltages: np.ndarray, duration: float) -> np.ndarray:
    """Joule heat V^T G V t of reading with some voltages.

    Parameters
    ----------
    conductance : ndarray, shape (N, N)
        G in S.
    voltages : ndarray, shape (..., N)
        V.
    duration : float
        s.

    Returns
    -------
    ndarray, shape (...)
        In J.
    """
    return duration * np.einsum("ij,...i,...j->...", conductance, voltages, voltages)


def adiabatic_heating(energy: float, film: Film, heat_capacity: float = 3.5e6) -> float:
    """Rise of the temperature in K if all of an energy (J) stayed in the film.

    Parameters
    ----------
    heat_capacity : float
        Per volume, J/(m3 K); about 3.5e6 for metals, 3 k_B per atom.
    """
    return energy / (heat_capacity * float(np.prod(film.lengths)))


def reached(times: np.ndarray, values: np.ndarray, target: float) -> float:
    """First time at which a series that starts at its first value reaches a target; NaN if never.

    Interpolated linearly between the times.
    """
    above = (values >= target) if target >= values[0] else (values <= target)
    if not above.any():
        return float("nan")
    k = int(above.argmax())
    if k == 0:
        return float(times[0])
    share = (target - values[k - 1]) / (values[k] - values[k - 1])
    return float(times[k - 1] + share * (times[k] - times[k - 1]))
