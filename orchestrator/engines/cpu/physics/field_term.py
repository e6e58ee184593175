"""Fields besides those of the one-pass kernels: what a simulation needs to know of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


def _always() -> bool:
    return True


@dataclass
class FieldTerm:
    """A field in T that is evaluated as a whole, such as the demagnetizing field.

    A simulation keeps its terms in `Simulation.terms`, by name; the term named "demag" is known
    as `B_demag`, `Edens_demag` and `E_demag`, and counts in `B_eff`, `E_total` and the torque.

    Parameters
    ----------
    name : str
        Lower-case part of the name behind `B_`, `Edens_`, `E_`.
    add : callable
        `add(m, out)` adds the field (T) of a magnetization to `out`. Both are component-first,
        (3, nz, ny, nx) float32; m is of unit length, zero in vacuum, and must not be written.
        Called at every stage of a step, with `Simulation.clock` at the stage's time.
    is_active : callable
        Whether the term counts at present; an inactive one costs nothing and its field is zero.
    energy_factor : float
        The energy density is -energy_factor M . B: 1/2 for a field linear in m, 1 for one that
        does not depend on m.
    density : callable, optional
        The energy density in J/m3, (nz, ny, nx), where it is not that of `energy_factor`.
    while_relaxing : bool
        Whether the term counts while `Simulation.relaxing`, during Relax and Minimize.
    fresh_each_step : bool
        The field is drawn anew for every step: no torque of a step before is used again.
    seed : callable, optional
        Starts the random numbers of such a field anew.
    """

    name: str
    add: Callable[[np.ndarray, np.ndarray], None]
    is_active: Callable[[], bool] = _always
    energy_factor: float = 0.5
    density: Callable[[], np.ndarray] | None = None
    while_relaxing: bool = True
    fresh_each_step: bool = False
    seed: Callable[[int], None] | None = None
