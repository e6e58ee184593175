"""The temperature of the film as a whole, which follows from its Joule heat.

C dT/dt = P - G (T - T0). The power P is constant over a pulse, as its current map is, and so

    T(t) = T0 + (T(0) - T0) exp(-t G/C) + P/G (1 - exp(-t G/C)).

What follows the temperature, the thermal field and perhaps the material constants, is held over a
pulse, or over its gap, at the mean of T(t).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from orchestrator.describe.experiment import Experiment
from orchestrator.describe.media import cells_of


@dataclass(frozen=True)
class Warming:
    """Temperatures in K of a pulse and its gap.

    Attributes
    ----------
    pulse, gap : float
        Means over the pulse, and over its gap.
    end : float
        After both.
    """

    pulse: float
    gap: float
    end: float


@dataclass(frozen=True)
class Bath:
    """A film with a heat capacity and a sink.

    Attributes
    ----------
    capacity : float
        C in J/K.
    sink : float
        G in W/K.
    temperature : float
        T0 of the sink, K.
    resistances : tuple of float
        Series resistances of the contacts, ohm, whose heat is not the film's.
    """

    capacity: float
    sink: float
    temperature: float
    resistances: tuple[float, ...]

    @classmethod
    def of(cls, experiment: Experiment) -> Bath | None:
        """That of an experiment's film, None where heat is left out.

        The film's lower face is that of all cells that are not vacuum.
        """
        heat, film = experiment.heat, experiment.film
        if heat is None:
            return None
        filled = ~cells_of(film, experiment.regions, "vacuum")
        dx, dy, dz = film.cell_size
        return cls(
            capacity=heat.capacity * float(filled.sum()) * dx * dy * dz,
            sink=heat.sink * float(filled.any(axis=0).sum()) * dx * dy,
            temperature=experiment.conditions.temperature,
            resistances=tuple(contact.resistance for contact in experiment.contacts),
        )

    def power(self, voltages: np.ndarray, currents: np.ndarray) -> float:
        """Joule heat of the film in W: that of all without the contacts' series resistances."""
        return float(voltages @ currents - np.array(self.resistances) @ currents**2)

    def after(self, begin: float, power: float, duration: float) -> float:
        """Temperature in K after a time (s) at constant power (W)."""
        x = duration * self.sink / self.capacity
        return (
            self.temperature
            + (begin - self.temperature) * math.exp(-x)
            + (power * duration / self.capacity * _decay(x))
        )

    def mean(self, begin: float, power: float, duration: float) -> float:
        """Mean temperature in K over a time (s) at constant power (W)."""
        x = duration * self.sink / self.capacity
        rise = power * duration / self.capacity
        return self.temperature + (begin - self.temperature) * _decay(x) + rise * _ramp(x)

    def pulse(self, begin: float, power: float, duration: float, gap: float) -> Warming:
        """Temperatures of a pulse of constant power (W) with a gap without (s)."""
        top = self.after(begin, power, duration)
        mean = self.mean(begin, power, duration)
        return Warming(mean, self.mean(top, 0.0, gap), self.after(top, 0.0, gap))


def _decay(x: float) -> float:
    """(1 - exp(-x)) / x, the mean of exp(-x s) over s from 0 to 1."""
    return -math.expm1(-x) / x if x else 1.0


def _ramp(x: float) -> float:
    """(1 - decay(x)) / x, the mean of the rise towards saturation in units of the adiabatic end."""
    return (1 - _decay(x)) / x if x > 1e-3 else 0.5 - x / 6 + x**2 / 24
