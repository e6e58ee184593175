"""Local terms: the field of a cell depends on its own magnetization and constants alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from orchestrator.engines.cpu.physics.field_term import FieldTerm
from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.physics.term_kind import TermKind

Kernel = Callable[[np.ndarray, np.ndarray, int, int, np.ndarray], None]


def local_term(
    name: str,
    add_field: Kernel,
    *,
    parameters: Mapping[str, str],
    excitations: Mapping[str, str] | None = None,
    energy_factor: float = 0.5,
) -> TermKind:
    """The registration of a local term.

    Parameters
    ----------
    name : str
        Scripts know the term as `B_name`, `Edens_name` and `E_name`.
    add_field : compiled function
        `add_field(m, c, first, last, b)` adds the field in T of the cells `first` to `last` to b;
        m and b are (3, N) float32. `c` are the constants of the cells, (K, N) float32: first 1/Ms
        (0 where Ms is 0), then the parameters, then the excitations, in the order given.
    parameters, excitations : mapping of str to str
        With their units. The term counts while any of the parameters is not zero.
    energy_factor : float
        The energy density is -energy_factor M . B: 1/k for an energy of degree k in m.
    """
    excited = dict(excitations or {})

    def make(sim: Simulation) -> FieldTerm:
        constants = _Constants(sim, (*parameters,), (*excited,))

        acting = [sim.material.parameters[parameter] for parameter in parameters]

        def is_active() -> bool:
            return any(parameter.any(sim.clock.time) for parameter in acting)

        def add(m: np.ndarray, out: np.ndarray) -> None:
            flat_m, flat_out, c = m.reshape(3, -1), out.reshape(3, -1), constants.present()
            nx = m.shape[3]

            def rows(first: int, last: int) -> None:
                add_field(flat_m, c, first * nx, last * nx, flat_out)

            sim.rows(rows, tail=())

        return FieldTerm(name.lower(), add, is_active, energy_factor)

    return TermKind(name, make, parameters, excited)


class _Constants:
    """The constants of all cells, laid out anew where something has changed."""

    def __init__(
        self, sim: Simulation, parameters: tuple[str, ...], excitations: tuple[str, ...]
    ) -> None:
        self._sim = sim
        self._names = parameters, excitations
        self._key: Any = None
        self._table = np.zeros((0, 0), np.float32)

    def present(self) -> np.ndarray:
        """The constants now, (K, N) float32."""
        sim, time = self._sim, self._sim.clock.time
        parameters = [sim.material.parameters[name] for name in ("Msat", *self._names[0])]
        excitations = [sim.material.excitations[name] for name in self._names[1]]
        for parameter in (*parameters, *excitations):
            parameter.values(time)
        key = (
            sim.state.revision,
            *(parameter.revision for parameter in (*parameters, *excitations)),
            time if any(excitation.map_varies for excitation in excitations) else None,
        )
        if key != self._key:
            regions = sim.state.regions
            rows = [parameter.values(time)[:, 0][regions] for parameter in parameters]
            rows += [excitation.evaluate(regions, time)[0] for excitation in excitations]
            self._table = np.array(rows, np.float32).reshape(len(rows), -1)
            msat = self._table[0]
            np.divide(1, msat, out=msat, where=msat != 0)
            self._key = key
        return self._table
