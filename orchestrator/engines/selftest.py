"""One magnetization vector with a known answer, to try an engine with.

A uniform m along x in a field B along z follows the Landau-Lifshitz equation with
m_z = tanh(alpha GammaLL B t / (1 + alpha^2)).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from orchestrator.base.constants import GAMMA0
from orchestrator.base.errors import EngineError
from orchestrator.ovf.files import OvfField, write_ovf

CELLS = (4, 4, 1)
SIZE = (1e-9, 1e-9, 1e-9)
DURATION = 5e-12
SETUP = """SetGridSize(4, 4, 1)
SetCellSize(1e-9, 1e-9, 1e-9)
EnableDemag = false
Msat = 1e6
Aex = 1e-11
alpha = 1
B_ext = vector(0, 0, 1)
"""
BLOCK = f"""{{
	Run({DURATION!r})
	SaveAs(m, "selftest_m1.ovf")
	Flush()
}}
"""
INITIAL, FINAL = "selftest_m0.ovf", "selftest_m1.ovf"
_ALPHA = 1.0


def write_initial(folder: Path) -> None:
    """Write the magnetization that the test starts from."""
    m = np.zeros((1, CELLS[1], CELLS[0], 3))
    m[..., 0] = 1
    write_ovf(folder / INITIAL, m, SIZE)


def check_answer(field: OvfField) -> None:
    """Compare with the known answer.

    Raises
    ------
    EngineError
        If m_z differs by more than 1e-3.
    """
    time = DURATION if field.time is None else field.time
    wanted = math.tanh(_ALPHA * GAMMA0 * time / (1 + _ALPHA**2))
    found = float(field.data[..., 2].mean())
    if not abs(found - wanted) < 1e-3:
        raise EngineError(
            f"wrong physics: m_z = {found:.5f} after {time:g} s, should be {wanted:.5f}"
        )
