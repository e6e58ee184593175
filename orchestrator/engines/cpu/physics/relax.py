"""Relaxation without precession, as mumax3's Relax()."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.engines.cpu.physics.stepper import Stepper

if TYPE_CHECKING:
    from orchestrator.engines.cpu.physics.simulation import Simulation

BLOCK = 3
"""Steps between two looks at the energy or the torque."""
TIGHTEST = 1e-9


def relax(sim: Simulation) -> None:
    """Follow the damping torque to a minimum; time and solver settings are restored, dt is not.

    First while the energy falls, then with a falling error bound while the torque falls.
    Spin-transfer torque stays on.
    """
    kept = sim.time, sim.solver, sim.MaxErr, sim.FixDt, sim.DoPrecess
    sim.solver, sim.FixDt, sim.DoPrecess, sim.relaxing = 3, 0.0, False, True
    try:
        stepper = Stepper(sim)
        energy = sim.energy("E_total")
        while True:
            _block(sim, stepper)
            before, energy = energy, sim.energy("E_total")
            if not energy < before or sim.stop_requested:
                break
        if sim.RelaxTorqueThreshold > 0:
            _until_below(sim, stepper)
        else:
            _until_stalled(sim, stepper)
    finally:
        sim.time, sim.solver, sim.MaxErr, sim.FixDt, sim.DoPrecess = kept
        sim.relaxing = False


def _block(sim: Simulation, stepper: Stepper) -> None:
    for hook in sim.before_run:
        hook()
    end = sim.step + BLOCK
    while sim.step < end and not sim.stop_requested:
        stepper.step()
        for hook in sim.post_step:
            hook()


def _until_stalled(sim: Simulation, stepper: Stepper) -> None:
    def total() -> float:
        return float((stepper.torque.astype(np.float64) ** 2).sum())

    while sim.MaxErr > TIGHTEST and not sim.stop_requested:
        sim.MaxErr /= math.sqrt(2)
        _block(sim, stepper)
        torque, before = total(), math.inf
        while torque < before and not sim.stop_requested:
            _block(sim, stepper)
            before, torque = torque, total()


def _until_below(sim: Simulation, stepper: Stepper) -> None:
    while not sim.stop_requested:
        while sim.max_torque() > sim.RelaxTorqueThreshold and not sim.stop_requested:
            _block(sim, stepper)
        sim.MaxErr /= math.sqrt(2)
        if sim.MaxErr < TIGHTEST:
            return
