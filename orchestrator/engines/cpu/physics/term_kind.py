"""What a term of the energy brings into a simulation: its registration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.engines.cpu.physics.field_term import FieldTerm
from orchestrator.engines.cpu.physics.parameters import Excitation, RegionParameter
from orchestrator.engines.cpu.physics.simulation import Simulation


@dataclass(frozen=True)
class TermKind:
    """A kind of term, listed in `terms.registered`.

    Parameters
    ----------
    name : str
        Scripts know the term as `B_name`, `Edens_name` and `E_name`.
    make : callable
        The term of a simulation, whose own name is `name` in lower case.
    parameters, excitations : mapping of str to str
        Numbers by region that the term brings, with their units; excitations take maps besides.
    """

    name: str
    make: Callable[[Simulation], FieldTerm]
    parameters: Mapping[str, str] = field(default_factory=dict)
    excitations: Mapping[str, str] = field(default_factory=dict)

    def install(self, sim: Simulation) -> None:
        """Give a simulation the term."""
        material = sim.material
        material.parameters |= {n: RegionParameter(1, unit) for n, unit in self.parameters.items()}
        material.excitations |= {n: Excitation(unit, 1) for n, unit in self.excitations.items()}
        sim.terms[self.name.lower()] = self.make(sim)
