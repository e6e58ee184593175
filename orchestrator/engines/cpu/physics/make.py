"""Simulations with all terms."""

from __future__ import annotations

from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.physics.terms.registered import TERMS


def make_simulation(threads: int | None = None) -> Simulation:
    """A simulation with the registered terms.

    Parameters
    ----------
    threads : int, optional
        Threads for the kernels; all cores by default.
    """
    sim = Simulation(threads)
    for kind in TERMS:
        kind.install(sim)
    return sim
