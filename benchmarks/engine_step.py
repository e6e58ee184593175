"""Time of one RK45 step of the embedded engine: exchange, Dbulk, Ku1, Zhang-Li from a map."""

from __future__ import annotations

import time

import numpy as np

from orchestrator.engines.cpu.mesh import Mesh
from orchestrator.engines.cpu.simulation import Simulation

MATERIAL = {"Msat": 4.9e5, "Aex": 1e-11, "alpha": 0.3, "Dbulk": 2e-3, "Ku1": 1e5, "Pol": 0.5}
STEPS = 60


def seconds_per_step(cells: tuple[int, int, int]) -> float:
    """Mean wall-clock time of a step on one thread, after 20 steps that compile and settle."""
    sim = Simulation(threads=1)
    sim.set_mesh(Mesh(cells, (4e-9, 4e-9, 4e-9), (0, 0, 1)))
    sim.EnableDemag = False
    for name, value in MATERIAL.items():
        sim.parameters[name].set(value)
    sim.parameters["anisU"].set((0, 0, 1))
    rng = np.random.default_rng(1)
    shape = (*sim.mesh.shape, 3)
    sim.set_m(rng.normal(size=shape))
    sim.excitations["J"].add(1e10 * rng.normal(size=shape))
    sim.steps(20)
    start = time.perf_counter()
    sim.steps(STEPS)
    return (time.perf_counter() - start) / STEPS


for cells in ((100, 100, 1), (200, 200, 1), (512, 512, 1), (200, 200, 8)):
    elapsed = seconds_per_step(cells)
    per_cell = 1e6 * elapsed / np.prod(cells)
    name = " x ".join(map(str, cells))
    print(f"{name:>14}: {1e3 * elapsed:8.2f} ms per step, {per_cell:.3f} us per cell and step")
