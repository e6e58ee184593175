"""Commands for the coupling between regions and cells, and for the fixed layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.physics.angles import max_angle, spin_angle
from orchestrator.engines.cpu.physics.exchange_table import Coupling, pair_table
from orchestrator.engines.cpu.physics.parameters import REGIONS
from orchestrator.engines.cpu.script.quantities import ScalarField, ScalarValue

if TYPE_CHECKING:
    from orchestrator.engines.cpu.script.world import World

_POSITIONS = {"FIXEDLAYER_TOP": 1, "FIXEDLAYER_BOTTOM": -1}


class CouplingCommands:
    """`ext_ScaleExchange` and its like, `ExchCoupling`, `SpinAngle`, `FixedLayerPosition`."""

    def __init__(self, world: World) -> None:
        self.world = world
        sim = world.sim
        for name, coupling, parameter in (
            ("ExchCoupling", sim.exchange_coupling, "Aex"),
            ("DindCoupling", sim.dind_coupling, "Dind"),
        ):
            read = partial(self._mean_coupling, coupling, parameter)
            world.declare_object(name, ScalarField(world, name, "arb.", 1, read))
        world.declare_object("SpinAngle", ScalarField(world, "spinAngle", "rad", 1, self._angles))
        world.declare_object("MaxAngle", ScalarValue(world, "MaxAngle", "rad", self._largest))
        for name, number in _POSITIONS.items():
            world.declare_variable(name, int, partial(int, number))
        world.declare_variable(
            "FixedLayerPosition", int, lambda: sim.FixedLayerPosition, self._set_position
        )

    def _set_position(self, value: int) -> None:
        if value not in _POSITIONS.values():
            raise PanicError("FixedLayerPosition is FIXEDLAYER_TOP or FIXEDLAYER_BOTTOM")
        self.world.sim.FixedLayerPosition = value

    def _angles(self) -> np.ndarray:
        self.world.magnetize()
        return spin_angle(self.world.sim).astype(np.float32)[..., None]

    def _largest(self) -> float:
        self.world.magnetize()
        return max_angle(self.world.sim)

    def _mean_coupling(self, coupling: Coupling, parameter: str) -> np.ndarray:
        """Mean over the neighbors of the coupling with each; at an edge the cell's own counts."""
        sim, mesh = self.world.sim, self.world.mesh()
        values, msat = (sim.parameters[p].values(sim.time)[:, 0] for p in (parameter, "Msat"))
        table = pair_table(values, msat, coupling)
        regions = self.world.regions()
        axes = (0, 1, 2) if mesh.cells[2] != 1 else (1, 2)
        total = np.zeros(regions.shape)
        for axis in axes:
            for step in (-1, 1):
                other = np.roll(regions, step, axis)
                if not mesh.pbc[2 - axis]:
                    edge = [slice(None)] * 3
                    edge[axis] = slice(0, 1) if step > 0 else slice(-1, None)
                    other[tuple(edge)] = regions[tuple(edge)]
                total += table[regions, other]
        return (total / (2 * len(axes))).astype(np.float32)[..., None]

    def _change(
        self, act: Callable[[int, int, float], None], first: int, second: int, value: float
    ) -> None:
        for region in (first, second):
            if not 0 <= region < REGIONS:
                raise PanicError(f"index out of range: region {region}")
        act(first, second, value)

    @exposed
    def ext_scale_exchange(self, first: int, second: int, factor: float) -> None:
        self._change(self.world.sim.exchange_coupling.scale, first, second, factor)

    @exposed
    def ext_inter_exchange(self, first: int, second: int, value: float) -> None:
        self._change(self.world.sim.exchange_coupling.fix, first, second, value)

    @exposed
    def ext_scale_dind(self, first: int, second: int, factor: float) -> None:
        self._change(self.world.sim.dind_coupling.scale, first, second, factor)

    @exposed
    def ext_inter_dind(self, first: int, second: int, value: float) -> None:
        self._change(self.world.sim.dind_coupling.fix, first, second, value)
