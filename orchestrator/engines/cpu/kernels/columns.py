"""Columns of the table of material constants by region, which the kernels read.

Anisotropies K / Ms and the uniform field B in T, current densities J in A/m2, axes U, C1, C2, C3
of unit length; vectors take three columns from the one named. GHOST is the field in T of a face
without a neighbor over m. PRECESSION and DAMPING are the factors of m x B and m x (m x B);
TRANSFER_FIELD and TRANSFER_DAMPING, in T m3/A, those of the same products with (J . grad) m, with
the difference of the two neighbors' m over the length of one cell as gradient; SLONCZEWSKI and
SECONDARY torques per current density.
"""

from __future__ import annotations

INVERSE_MS, GHOST, ALPHA, FROZEN, KU1, KU2, KC1, KC2, KC3 = range(9)
PRECESSION, DAMPING, TRANSFER_FIELD, TRANSFER_DAMPING = range(9, 13)
U, C1, C2, C3, B, J, P = range(13, 34, 3)
SLONCZEWSKI, LAMBDA2, SECONDARY = range(34, 37)
COUNT = 37
