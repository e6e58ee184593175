"""Conditions of an experiment beyond the device: field, temperature, grains."""

from __future__ import annotations

import math

import numpy as np

from orchestrator.describe.described import described
from orchestrator.describe.plausibility import check_range, check_seed

REGIONS = 256


@described
class Conditions:
    """Field, temperature and pinning by grains, the same while settling and training.

    Parameters
    ----------
    B_ext : (x, y, z), T
        External field.
    temperature : float, K
        Of the thermal field; 0 leaves it out.
    thermal_seed : int
        Seed of the thermal field. Each block of script starts a stream of its own, so that a
        resumed run sees the same field; mumax3 and the embedded engine have different generators.
    grain_size : float, m
        Mean size of Voronoi grains (`ext_makegrains`); 0 leaves them out.
    grain_spread : float
        Relative standard deviation of Ku1 from grain to grain.
    grain_seed : int
        Seed of grains and anisotropies.
    """

    B_ext: tuple[float, float, float] = (0.0, 0.0, 0.0)
    temperature: float = 0.0
    thermal_seed: int = 0
    grain_size: float = 0.0
    grain_spread: float = 0.0
    grain_seed: int = 1

    def __post_init__(self) -> None:
        if math.hypot(*self.B_ext) > 100:
            raise ValueError(f"B_ext = {list(self.B_ext)} T is implausible; it is given in T")
        for name in ("temperature", "grain_size", "grain_spread"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name):g}")
        check_seed("thermal_seed", self.thermal_seed)
        check_seed("grain_seed", self.grain_seed)
        check_range("temperature", self.temperature, 0, 1e4, "K")
        check_range("grain_spread", self.grain_spread, 0, 1)
        if (self.grain_size > 0) != (self.grain_spread > 0):
            raise ValueError("grain_size and grain_spread belong together; give both or neither")
        if self.grain_size > 1e-4:
            raise ValueError(f"grain_size = {self.grain_size:g} m is implausible; it is given in m")

    def anisotropies(self, Ku1: float) -> list[float]:
        """Ku1 in J/m3 of each of the regions over which the grains are spread.

        Normal, of mean `Ku1` and relative standard deviation `grain_spread`.
        """
        rng = np.random.default_rng(self.grain_seed)
        return (Ku1 * (1 + self.grain_spread * rng.standard_normal(REGIONS))).tolist()
