"""Commands for the coupling between regions and cells, and for the fixed layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.physics.neighbors import max_angle, mean_coupling, spin_angle
from orchestrator.engines.cpu.physics.parameters import REGIONS
from orchestrator.engines.cpu.physics.tables.exchange import Coupling
from orchestrator.engines.cpu.script.quantities import ScalarField, ScalarValue
from orchestrator.engines.cpu.script.world import World

_POSITIONS = {"FIXEDLAYER_TOP": 1, "FIXEDLAYER_BOTTOM": -1}


class CouplingCommands:
    """`ext_ScaleExchange` and its like, `ExchCoupling`, `SpinAngle`, `FixedLayerPosition`."""

    def __init__(self, world: World) -> None:
        self.world = world
        sim, space, declare = world.sim, world.space, world.names.declare_object
        for name, coupling, parameter in (
            ("ExchCoupling", sim.material.exchange_coupling, "Aex"),
            ("DindCoupling", sim.material.dind_coupling, "Dind"),
        ):
            read = partial(self._mean, coupling, parameter)
            declare(name, ScalarField(space, name, "arb.", 1, read))
        declare("SpinAngle", ScalarField(space, "spinAngle", "rad", 1, self._angles))
        declare("MaxAngle", ScalarValue(space, "MaxAngle", "rad", self._largest))
        for name, number in _POSITIONS.items():
            world.names.declare_variable(name, int, partial(int, number))
        world.names.declare_variable(
            "FixedLayerPosition", int, lambda: sim.settings.FixedLayerPosition, self._set_position
        )

    def _set_position(self, value: int) -> None:
        if value not in _POSITIONS.values():
            raise PanicError("FixedLayerPosition is FIXEDLAYER_TOP or FIXEDLAYER_BOTTOM")
        self.world.sim.settings.FixedLayerPosition = value

    def _angles(self) -> np.ndarray:
        self.world.magnet.ensure()
        return spin_angle(self.world.sim).astype(np.float32)[..., None]

    def _largest(self) -> float:
        self.world.magnet.ensure()
        return max_angle(self.world.sim)

    def _mean(self, coupling: Coupling, parameter: str) -> np.ndarray:
        self.world.space.mesh()
        return mean_coupling(self.world.sim, parameter, coupling)[..., None]

    def _change(
        self, act: Callable[[int, int, float], None], first: int, second: int, value: float
    ) -> None:
        for region in (first, second):
            if not 0 <= region < REGIONS:
                raise PanicError(f"index out of range: region {region}")
        act(first, second, value)

    @exposed
    def ext_scale_exchange(self, first: int, second: int, factor: float) -> None:
        self._change(self.world.sim.material.exchange_coupling.scale, first, second, factor)

    @exposed
    def ext_inter_exchange(self, first: int, second: int, value: float) -> None:
        self._change(self.world.sim.material.exchange_coupling.fix, first, second, value)

    @exposed
    def ext_scale_dind(self, first: int, second: int, factor: float) -> None:
        self._change(self.world.sim.material.dind_coupling.scale, first, second, factor)

    @exposed
    def ext_inter_dind(self, first: int, second: int, value: float) -> None:
        self._change(self.world.sim.material.dind_coupling.fix, first, second, value)
