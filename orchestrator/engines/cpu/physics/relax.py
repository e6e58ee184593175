"""Relaxation without precession, as mumax3's Relax()."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from orchestrator.engines.cpu.physics.energies import energy
from orchestrator.engines.cpu.physics.fields import max_torque
from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.physics.stepper import Stepper

BLOCK = 3
"""Steps between two looks at the energy or the torque."""
TIGHTEST = 1e-9


def relax(sim: Simulation) -> None:
    """Follow the damping torque to a minimum; settings are restored, dt is not.

    Time stands still: fields, outputs and hooks see the moment at which it began.

    First while the energy falls, then with a falling error bound while the torque falls.
    Spin-transfer torque stays on.
    """
    kept = dataclasses.replace(sim.settings)
    sim.settings.solver, sim.settings.FixDt, sim.settings.DoPrecess = 3, 0.0, False
    sim.relaxing = True
    try:
        stepper = Stepper(sim)
        present = energy(sim, "E_total")
        while True:
            _block(sim, stepper)
            before, present = present, energy(sim, "E_total")
            if not present < before or sim.stop_requested:
                break
        if sim.settings.RelaxTorqueThreshold > 0:
            _until_below(sim, stepper)
        else:
            _until_stalled(sim, stepper)
    finally:
        sim.relaxing = False
        for name in ("solver", "MaxErr", "FixDt", "DoPrecess"):
            setattr(sim.settings, name, getattr(kept, name))


def _block(sim: Simulation, stepper: Stepper) -> None:
    for hook in sim.before_run:
        hook()
    end = sim.clock.step + BLOCK
    while sim.clock.step < end and not sim.stop_requested:
        stepper.step()
        for hook in sim.post_step:
            hook()


def _until_stalled(sim: Simulation, stepper: Stepper) -> None:
    def total() -> float:
        return float((stepper.torque.astype(np.float64) ** 2).sum())

    while sim.settings.MaxErr > TIGHTEST and not sim.stop_requested:
        sim.settings.MaxErr /= math.sqrt(2)
        _block(sim, stepper)
        torque, before = total(), math.inf
        while torque < before and not sim.stop_requested:
            _block(sim, stepper)
            before, torque = torque, total()


def _until_below(sim: Simulation, stepper: Stepper) -> None:
    while not sim.stop_requested:
        while max_torque(sim) > sim.settings.RelaxTorqueThreshold and not sim.stop_requested:
            _block(sim, stepper)
        sim.settings.MaxErr /= math.sqrt(2)
        if sim.settings.MaxErr < TIGHTEST:
            return
