"""Angles and couplings between neighboring cells."""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.physics.tables.exchange import Coupling, pair_table


def spin_angle(sim: Simulation) -> np.ndarray:
    """Largest angle between each cell and its neighbors, (nz, ny, nx) float32, in rad.

    Neighbors that are missing, empty or not coupled by exchange do not count.
    """
    state, mesh = sim.state, sim.state.mesh
    if mesh is None:
        return np.zeros((0, 0, 0), np.float32)
    m = state.m.astype(float)
    largest = np.zeros(state.regions.shape)
    stiffness = pair_table(sim.values("Aex"), sim.values("Msat"), sim.material.exchange_coupling)
    for axis, periodic in ((2, mesh.pbc[0]), (1, mesh.pbc[1]), (0, mesh.pbc[2])):
        if m.shape[axis] == 1:
            continue
        there = np.roll(np.arange(m.shape[axis]), -1)
        if not periodic:
            there[-1] = m.shape[axis] - 1
        coupled = stiffness[state.regions, state.regions.take(there, axis)] != 0
        coupled &= ~state.vacuum & ~state.vacuum.take(there, axis)
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


def mean_coupling(sim: Simulation, parameter: str, coupling: Coupling) -> np.ndarray:
    """Mean over the neighbors of the coupling with each, (nz, ny, nx) float32.

    At an edge the cell's own counts.
    """
    regions, mesh = sim.state.regions, sim.state.grid()
    table = pair_table(sim.values(parameter), sim.values("Msat"), coupling)
    axes = (0, 1, 2) if mesh.cells[2] != 1 else (1, 2)
    total = np.zeros(regions.shape)
    for axis in axes:
        for step in (-1, 1):
            other = np.roll(regions, step, axis)
            if not mesh.pbc[2 - axis]:
                edge = [slice(None)] * 3
                edge[axis] = slice(0, 1) if step > 0 else slice(-1, None)
                other[tuple(edge)] = regions[tuple(edge)]
            total += table[regions, other]
    return (total / (2 * len(axes))).astype(np.float32)
