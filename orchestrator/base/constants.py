"""Physical constants with the values that mumax3 uses."""

from __future__ import annotations

import math

MU0 = 4e-7 * math.pi
"""Vacuum permeability, T m/A."""
ELEMENTARY_CHARGE = 1.60217646e-19
"""C."""
BOHR_MAGNETON = 9.2740091523e-24
"""J/T."""
GAMMA0 = 1.7595e11
"""Gyromagnetic ratio GammaLL, rad/(T s)."""
REDUCED_PLANCK = 1.05457173e-34
"""J s."""
BOLTZMANN = 1.380650424e-23
"""J/K."""
