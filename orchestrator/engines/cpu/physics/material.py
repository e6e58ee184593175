"""What a magnet is made of and what acts on it from outside, region by region."""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.physics.parameters import Excitation, RegionParameter
from orchestrator.engines.cpu.physics.tables.exchange import Coupling

_SCALARS = {
    "Msat": "A/m", "Aex": "J/m", "Ku1": "J/m3", "Ku2": "J/m3", "Kc1": "J/m3", "Kc2": "J/m3",
    "Kc3": "J/m3", "Dbulk": "J/m2", "Dind": "J/m2", "alpha": "", "xi": "", "EpsilonPrime": "",
    "FreeLayerThickness": "m", "FrozenSpins": "",
}  # fmt: skip
_ONES = ("Pol", "Lambda")
_VECTORS = ("anisU", "anisC1", "anisC2")
_EXCITATIONS = {"J": "A/m2", "B_ext": "T", "FixedLayer": ""}


class Material:
    """Parameters and excitations under mumax3's names.

    Attributes
    ----------
    parameters : dict of RegionParameter
        `Msat`, `Aex`, ..., and those that terms bring.
    excitations : dict of Excitation
        `J` (A/m2), `B_ext` (T), `FixedLayer` (direction; Slonczewski torque where it is not zero),
        and those that terms bring.
    exchange_coupling, dind_coupling : Coupling
        Pairs of regions whose Aex or Dind is not the mean.
    tabled : tuple of RegionParameter
        The parameters and excitations that the compiled kernels of the local terms read.
    """

    def __init__(self) -> None:
        self.parameters = {name: RegionParameter(1, unit) for name, unit in _SCALARS.items()}
        self.parameters |= {name: RegionParameter(1, "", 1.0) for name in _ONES}
        self.parameters |= {name: RegionParameter(3, "", (0.0, 0.0, 0.0)) for name in _VECTORS}
        self.excitations = {name: Excitation(unit) for name, unit in _EXCITATIONS.items()}
        self.exchange_coupling, self.dind_coupling = Coupling(), Coupling()
        self.tabled = (*self.parameters.values(), *self.excitations.values())

    def values(self, name: str, time: float) -> np.ndarray:
        """A parameter in all regions at a time (s), (256, components) float32."""
        return self.parameters[name].values(time)

    def regional(self) -> dict[str, RegionParameter]:
        """All parameters and excitations."""
        return {**self.parameters, **self.excitations}
