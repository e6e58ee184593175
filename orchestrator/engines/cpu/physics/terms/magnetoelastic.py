"""Magnetoelastic coupling of a cubic crystal to a given strain.

The energy density, with the components m of the direction and the strain tensor e, is

    B1 (e_xx m_x^2 + e_yy m_y^2 + e_zz m_z^2) + 2 B2 (e_xy m_x m_y + e_xz m_x m_z + e_yz m_y m_z)

(C. Kittel, Rev. Mod. Phys. 21, 541 (1949), whose shear strains are twice those of the tensor), and
the field is -1/Ms times its gradient. The strain does not follow the magnetization.
"""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.kernels.compiled import compiled
from orchestrator.engines.cpu.physics.terms.local import local_term

_TWO = np.float32(2)


@compiled
def add_field(m, c, first, last, b):
    """The field of some cells, see `local_term`."""
    for i in range(first, last):
        mx, my, mz = m[0, i], m[1, i], m[2, i]
        b1, b2 = -_TWO * c[0, i] * c[1, i], -_TWO * c[0, i] * c[2, i]
        xx, yy, zz, xy, xz, yz = c[3, i], c[4, i], c[5, i], c[6, i], c[7, i], c[8, i]
        b[0, i] += b1 * xx * mx + b2 * (xy * my + xz * mz)
        b[1, i] += b1 * yy * my + b2 * (xy * mx + yz * mz)
        b[2, i] += b1 * zz * mz + b2 * (xz * mx + yz * my)


MAGNETOELASTIC = local_term(
    "mel",
    add_field,
    parameters={"B1": "J/m3", "B2": "J/m3"},
    excitations={"exx": "", "eyy": "", "ezz": "", "exy": "", "exz": "", "eyz": ""},
    energy_factor=1 / 2,
)
