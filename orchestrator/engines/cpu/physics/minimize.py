"""Minimization of the energy by steepest descent, as mumax3's Minimize().

L. Exl et al., J. Appl. Phys. 115, 17D118 (2014): with the descent direction k = -m x (m x B), at
right angles to m, a step along the sphere is

    m' = ((4 - h^2 k^2) m + 4 h k) / (4 + h^2 k^2),

and its length h is that of Barzilai and Borwein, from the last changes dm of m and dk of -k: the
ratios dm.dm/dm.dk and dm.dk/dk.dk by turns.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.kernels.descent import changes, descend, normalize
from orchestrator.engines.cpu.physics.energies import energy
from orchestrator.engines.cpu.physics.fields import frozen_cells, torque
from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.physics.stepper import refuse_nan

FIRST_LENGTH = 1e-4
"""Length of the first step and of one without curvature, 1/T."""


def minimize(sim: Simulation) -> tuple[float, float]:
    """Descend until m stands still; time stands still as well, DoPrecess is restored.

    The end is reached when no cell has moved by more than MinimizerStop in any of the last
    MinimizerSamples steps. The torque of a current stays on, thermal noise does not.

    Returns
    -------
    (before, after) : float
        E_total in J. The rule of the step length can climb: the end may lie above the start.

    Raises
    ------
    EngineError
        If MinimizerSamples is less than 1.
    """
    samples = sim.settings.MinimizerSamples
    if samples < 1:
        raise EngineError(f"MinimizerSamples is {samples}, it must be 1 or more")
    kept = sim.settings.DoPrecess
    sim.settings.DoPrecess, sim.relaxing = False, True
    try:
        for hook in sim.before_run:
            hook()
        before = energy(sim, "E_total")
        descent = Descent(sim)
        while not (descent.stands_still or sim.stop_requested):
            descent.step()
            for hook in sim.post_step:
                hook()
        return before, energy(sim, "E_total")
    finally:
        sim.settings.DoPrecess, sim.relaxing = kept, False


class Descent:
    """The state of a descent: torque, step length and the last movements."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._length = np.float32(FIRST_LENGTH)
        self._movements: deque[float] = deque(maxlen=sim.settings.MinimizerSamples)
        m = sim.state.components
        self._torque, self._next = np.empty_like(m), np.empty_like(m)
        self._trial = np.empty_like(m)
        torque(sim, m, self._torque)

    @property
    def stands_still(self) -> bool:
        """Whether all of the last movements were small."""
        full = len(self._movements) == self._movements.maxlen
        return full and max(self._movements) <= self._sim.settings.MinimizerStop

    def step(self) -> None:
        """Move m once and choose the length of the next step."""
        sim, clock, state = self._sim, self._sim.clock, self._sim.state
        arrays = state.components, self._torque, self._trial, self._next
        flat = [array.reshape(3, -1) for array in arrays]
        descend(flat[0], flat[1], self._length, flat[2])
        torque(sim, self._trial, self._next)
        dm_dm, dm_dk, dk_dk, top = changes(*flat)
        if not math.isfinite(dm_dm + dm_dk + dk_dk):
            refuse_nan(sim, self._next)
        self._movements.append(top)
        clock.last_err = max(self._movements)
        above, below = (dm_dm, dm_dk) if clock.step % 2 == 0 else (dm_dk, dk_dk)
        self._length = np.float32(above / below if below else FIRST_LENGTH)
        normalize(flat[2])
        if (frozen := frozen_cells(sim)) is not None:
            np.copyto(self._trial, state.components, where=frozen)
        state.components, self._trial = self._trial, state.components
        self._torque, self._next = self._next, self._torque
        clock.step += 1
