"""The field of the spin-orbit torque of a current under the film.

A current density j_u in a layer under the film injects a spin current through its lower face. With
s = z x j_u and b = hbar theta / (2 e Ms t) s, t the film's thickness, the torque is that of the
fields m x b (damping-like) and of b itself (field-like): in the equation of Gilbert

    dm/dt = -gamma m x (B + m x b_DL + b_FL) + alpha m x dm/dt.
"""

from __future__ import annotations

import numpy as np

from orchestrator.base.constants import ELEMENTARY_CHARGE, REDUCED_PLANCK
from orchestrator.describe.film import Film


def spin_orbit_field(j: np.ndarray, film: Film, Ms: float, efficiency: float) -> np.ndarray:
    """b in T, shape (nz, ny, nx, 3): the same in all layers, from the current of the lowest.

    Parameters
    ----------
    j : ndarray, shape (nz, ny, nx, 3)
        Current density of the film, A/m2.
    film : Film
        The film.
    Ms : float
        Saturation magnetization, A/m.
    efficiency : float
        theta, times the layer's share of the current density.
    """
    factor = REDUCED_PLANCK * efficiency / (2 * ELEMENTARY_CHARGE * Ms * film.lengths[2])
    lowest = j[0]
    b = np.stack([-lowest[..., 1], lowest[..., 0], np.zeros_like(lowest[..., 0])], axis=-1)
    return np.broadcast_to(factor * b, j.shape)
