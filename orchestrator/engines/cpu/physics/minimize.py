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
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.physics.stepper import refuse_nan

if TYPE_CHECKING:
    from orchestrator.engines.cpu.physics.simulation import Simulation

FIRST_LENGTH = 1e-4
"""Length of the first step and of one without curvature, 1/T."""


def minimize(sim: Simulation) -> None:
    """Descend until m stands still: time and DoPrecess are restored.

    The end is reached when no cell has moved by more than MinimizerStop in any of the last
    MinimizerSamples steps. The torque of a current stays on, thermal noise does not.

    Raises
    ------
    EngineError
        If MinimizerSamples is less than 1.
    """
    if sim.MinimizerSamples < 1:
        raise EngineError(f"MinimizerSamples is {sim.MinimizerSamples}, it must be 1 or more")
    kept = sim.time, sim.DoPrecess
    sim.DoPrecess, sim.relaxing = False, True
    try:
        for hook in sim.before_run:
            hook()
        descent = Descent(sim)
        while not (descent.stands_still or sim.stop_requested):
            descent.step()
            for hook in sim.post_step:
                hook()
    finally:
        sim.time, sim.DoPrecess = kept
        sim.relaxing = False


class Descent:
    """The state of a descent: torque, step length and the last movements."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._length = np.float32(FIRST_LENGTH)
        self._movements: deque[float] = deque(maxlen=sim.MinimizerSamples)
        self._torque, self._next = np.empty_like(sim._m), np.empty_like(sim._m)
        self._trial = np.empty_like(sim._m)
        sim.torque(sim._m, self._torque)

    @property
    def stands_still(self) -> bool:
        """Whether all of the last movements were small."""
        full = len(self._movements) == self._movements.maxlen
        return full and max(self._movements) <= self._sim.MinimizerStop

    def step(self) -> None:
        """Move m once and choose the length of the next step."""
        sim = self._sim
        flat = [array.reshape(3, -1) for array in (sim._m, self._torque, self._trial, self._next)]
        _descend(flat[0], flat[1], self._length, flat[2])
        sim.torque(self._trial, self._next)
        dm_dm, dm_dk, dk_dk, top = _changes(*flat)
        if not math.isfinite(dm_dm + dm_dk + dk_dk):
            refuse_nan(sim, self._next)
        self._movements.append(top)
        sim.last_err = max(self._movements)
        above, below = (dm_dm, dm_dk) if sim.step % 2 == 0 else (dm_dk, dk_dk)
        self._length = np.float32(above / below if below else FIRST_LENGTH)
        _normalize(flat[2])
        if (frozen := sim.frozen_cells) is not None:
            np.copyto(self._trial, sim._m, where=frozen)
        sim._m, self._trial = self._trial, sim._m
        self._torque, self._next = self._next, self._torque
        sim.step += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _descend(m, k, h, out):
    """m' for every cell, all (3, N)."""
    for i in range(m.shape[1]):
        square = h * h * (k[0, i] * k[0, i] + k[1, i] * k[1, i] + k[2, i] * k[2, i])
        scale = np.float32(1) / (np.float32(4) + square)
        for c in range(3):
            out[c, i] = scale * ((np.float32(4) - square) * m[c, i] + np.float32(4) * h * k[c, i])


@njit(cache=True, nogil=True, error_model="numpy")
def _changes(before, torque_before, after, torque_after):
    """dm.dm, dm.dk, dk.dk and the largest |dm|; float64 sums."""
    dm_dm = dm_dk = dk_dk = top = 0.0
    for i in range(before.shape[1]):
        square = 0.0
        for c in range(3):
            dm = after[c, i] - before[c, i]
            dk = torque_before[c, i] - torque_after[c, i]
            square += dm * dm
            dm_dk += dm * dk
            dk_dk += dk * dk
        dm_dm += square
        top = max(top, square)
    return dm_dm, dm_dk, dk_dk, np.sqrt(top)


@njit(cache=True, nogil=True, error_model="numpy")
def _normalize(m):
    for i in range(m.shape[1]):
        square = m[0, i] * m[0, i] + m[1, i] * m[1, i] + m[2, i] * m[2, i]
        if square > 0:
            scale = np.float32(1) / np.sqrt(square)
            for c in range(3):
                m[c, i] *= scale
