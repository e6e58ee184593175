"""Torque and fields of a simulation.

The fields of all active terms are summed in one array and enter the torque with those of the
one-pass kernels; without an active term there is no such array. A cell where `FrozenSpins` is not
zero has no torque and keeps its bits.
"""

from __future__ import annotations

import numpy as np

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.kernels import local as kernels
from orchestrator.engines.cpu.physics.simulation import Simulation

FIELDS = {
    "B_eff": "T", "B_exch": "T", "B_anis": "T", "torque": "T", "LLtorque": "T", "STTorque": "T",
}  # fmt: skip
"""Fields that every simulation has, with their units; terms add `B_` and their name."""
_NO_FIELD = np.zeros(0, np.float32)
_LOCAL_FIELDS = {
    "b_exch": kernels.EXCHANGE,
    "b_anis": kernels.ANISOTROPY,
    "b_eff": kernels.EXCHANGE | kernels.ANISOTROPY | kernels.EXTERNAL,
}


def torque(
    sim: Simulation,
    m: np.ndarray,
    out: np.ndarray,
    *,
    landau: bool = True,
    transfer: bool = True,
) -> None:
    """Torque in T of a magnetization, both component-first; dm/dt = GammaLL torque.

    Parameters
    ----------
    landau, transfer : bool
        Whether the torques of the field and of the current count.
    """
    tables = sim.tables.current()
    sim.clock.neval += 1
    active = sim.active_terms() if landau else []
    extra = sim.sum_terms(active, m).reshape(-1) if active else _NO_FIELD
    parts = landau * kernels.LANDAU + transfer * kernels.TRANSFER
    sim.rows(kernels.torque, tables, m.reshape(-1), parts, extra, tail=(out.reshape(-1),))


def field(sim: Simulation, name: str) -> np.ndarray:
    """A field by mumax3's name, shape (nz, ny, nx, components), float32.

    Known are those of `FIELDS`, B_ and the name of a term, and the excitations.

    Raises
    ------
    EngineError
        If there is no such field.
    """
    key, m = name.lower(), sim.state.components
    out = np.zeros_like(m)
    terms = {f"b_{term}": term for term in sim.terms}
    excitations = {known.lower(): known for known in sim.material.excitations}
    if key in _LOCAL_FIELDS:
        tables, tail = sim.tables.current(), (out.reshape(-1),)
        sim.rows(kernels.local_field, tables, m.reshape(-1), _LOCAL_FIELDS[key], tail=tail)
    if key == "b_eff" or key in terms:
        for term in sim.active_terms():
            if key in ("b_eff", f"b_{term.name}"):
                term.add(m, out)
    elif key in ("torque", "lltorque", "sttorque"):
        torque(sim, m, out, landau=key != "sttorque", transfer=key != "lltorque")
    elif key in excitations:
        excitation = sim.material.excitations[excitations[key]]
        out = excitation.evaluate(sim.state.regions, sim.clock.time)
    elif key not in _LOCAL_FIELDS:
        raise EngineError(f"there is no field {name}")
    return np.ascontiguousarray(np.moveaxis(out, 0, -1))


def max_torque(sim: Simulation) -> float:
    """Largest torque in T."""
    return float(np.sqrt((field(sim, "torque").astype(float) ** 2).sum(axis=-1).max()))


def frozen_cells(sim: Simulation) -> np.ndarray | None:
    """Cells that FrozenSpins holds, (nz, ny, nx) bool; None where there are none."""
    frozen = sim.values("FrozenSpins") != 0
    return frozen[sim.state.regions] if frozen.any() else None
