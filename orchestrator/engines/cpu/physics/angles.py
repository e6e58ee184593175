"""Angles between neighboring spins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.engines.cpu.physics.exchange_table import pair_table

if TYPE_CHECKING:
    from orchestrator.engines.cpu.physics.simulation import Simulation


def spin_angle(sim: Simulation) -> np.ndarray:
    """Largest angle between each cell and its neighbors, (nz, ny, nx) float32, in rad.

    Neighbors that are missing, empty or not coupled by exchange do not count.
    """
    if sim.mesh is None:
        return np.zeros((0, 0, 0), np.float32)
    m = sim.m.astype(float)
    largest = np.zeros(sim.regions.shape)
    aex, msat = (sim.parameters[name].values(sim.time)[:, 0] for name in ("Aex", "Msat"))
    stiffness = pair_table(aex, msat, sim.exchange_coupling)
    for axis, periodic in ((2, sim.mesh.pbc[0]), (1, sim.mesh.pbc[1]), (0, sim.mesh.pbc[2])):
        if m.shape[axis] == 1:
            continue
        there = np.roll(np.arange(m.shape[axis]), -1)
        if not periodic:
            there[-1] = m.shape[axis] - 1
        coupled = stiffness[sim.regions, sim.regions.take(there, axis)] != 0
        coupled &= ~sim.vacuum & ~sim.vacuum.take(there, axis)
        cosine = (m * m.take(there, axis)).sum(axis=-1)
        angle = np.where(coupled, np.arccos(np.clip(cosine, -1, 1)), 0)
        if not periodic:
            angle[(slice(None),) * axis + (-1,)] = 0
        largest = np.maximum(largest, angle)
        back = np.roll(angle, 1, axis)
        largest = np.maximum(largest, back)
    return largest.astype(np.float32)


def max_angle(sim: Simulation) -> float:
    """Largest angle between neighbors in the magnet, in rad."""
    return float(spin_angle(sim).max())
