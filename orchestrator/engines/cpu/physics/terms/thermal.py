"""The thermal field: white noise of the strength that keeps a temperature (W. F. Brown, 1963).

Every component in every cell is drawn anew for each step from a normal distribution of variance

    2 k_B T alpha / (gamma Ms V dt),

and scaled by sqrt(dt_old/dt_new) when a step is tried again, so that adaptive steps are possible
(J. Leliaert et al., AIP Advances 7, 125010 (2017)). The numbers come from numpy's PCG64
generator: a seed gives the same run again, on any number of threads, but not the numbers that
cuRAND gives mumax3.
"""

from __future__ import annotations

import numpy as np

from orchestrator.base.constants import BOLTZMANN
from orchestrator.engines.cpu.physics.field_term import FieldTerm
from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.physics.term_kind import TermKind


class ThermalField:
    """The noise of a simulation.

    Parameters
    ----------
    seed : int
        Of the generator.
    """

    def __init__(self, sim: Simulation, seed: int = 0) -> None:
        self._sim = sim
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Start the generator anew, as ThermSeed does."""
        self._generator = np.random.Generator(np.random.PCG64(seed % 2**64))
        self._noise: np.ndarray | None = None
        self._drawn_for: tuple[int, float] | None = None

    def add(self, m: np.ndarray, out: np.ndarray) -> None:
        """Add the field in T of the step under way, (3, nz, ny, nx); m does not matter."""
        sim, clock = self._sim, self._sim.clock
        if sim.settings.FixDt:
            clock.dt = sim.settings.FixDt
        if self._noise is None or self._noise.shape != out.shape:
            self._noise, self._drawn_for = np.empty_like(out), None
        if self._drawn_for is None or self._drawn_for[0] != clock.step:
            self._generator.standard_normal(out=self._noise, dtype=np.float32)
            self._noise *= self._deviation()[sim.state.regions]
        elif self._drawn_for[1] != clock.dt:
            self._noise *= np.float32(np.sqrt(self._drawn_for[1] / clock.dt))
        self._drawn_for = clock.step, clock.dt
        out += self._noise

    def _deviation(self) -> np.ndarray:
        """Standard deviation in T for each region, 0 where Msat is 0."""
        sim = self._sim
        temperature, alpha, msat = (
            sim.values(name).astype(float) for name in ("Temp", "alpha", "Msat")
        )
        volume = sim.state.grid().cell_volume
        scale = 2 * BOLTZMANN / (sim.settings.GammaLL * volume * sim.clock.dt)
        inverse = np.divide(1, msat, out=np.zeros_like(msat), where=msat != 0)
        return np.sqrt(scale * temperature * alpha * inverse).astype(np.float32)


def _make(sim: Simulation) -> FieldTerm:
    field, temperature = ThermalField(sim), sim.material.parameters["Temp"]
    return FieldTerm(
        "therm",
        field.add,
        lambda: temperature.any(sim.clock.time),
        energy_factor=1.0,
        while_relaxing=False,
        fresh_each_step=True,
        seed=field.seed,
    )


THERMAL = TermKind("therm", _make, parameters={"Temp": "K"})
