"""Columns of the table of material constants by region, which the kernels read.

Anisotropies K / Ms and the uniform field B in T, current densities J in A/m2, torques per current
density, axes U, C1, C2, C3 of unit length; vectors take three columns from the one named.
"""

from __future__ import annotations

INVERSE_MS, ALPHA, XI, ZHANG_LI, KU1, KU2, KC1, KC2, KC3, FROZEN = range(10)
U, C1, C2, C3, B, J, P = range(10, 31, 3)
SLONCZEWSKI, LAMBDA2, SECONDARY = range(31, 34)
COUNT = 34
