"""Quantities that scripts make from others, and the fields and energies made of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from orchestrator.engines.cpu.geometry.moved import moved
from orchestrator.engines.cpu.geometry.shapes import Shape
from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import Vector
from orchestrator.engines.cpu.physics.clock import Clock
from orchestrator.engines.cpu.physics.field_term import FieldTerm
from orchestrator.engines.cpu.script.quantities import (
    Grid,
    Quantity,
    ScalarField,
    ScalarValue,
    VectorField,
)
from orchestrator.engines.cpu.script.world import World


class CustomCommands:
    """`Add`, `Mul`, `Dot` and their like, `AddFieldTerm`, `AddEdensTerm`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.fields: list[Quantity] = []
        self.energies: list[Quantity] = []
        world.sim.terms["custom"] = FieldTerm(
            "custom",
            self._add_field,
            is_active=lambda: bool(self.fields or self.energies),
            density=lambda: self._energy_density()[..., 0],
        )
        space = world.space
        for quantity in (
            VectorField(space, "B_custom", "T", 3, self._field),
            ScalarField(space, "Edens_custom", "J/m3", 1, self._energy_density),
            ScalarValue(space, "E_custom", "J", self._energy),
        ):
            world.names.declare_object(quantity.name, quantity)

    # Terms

    def _sum(self, quantities: list[Quantity], components: int) -> np.ndarray:
        total = np.zeros((*self.world.space.fill().shape, components), np.float32)
        for quantity in quantities:
            values = quantity.values()
            if values.shape != total.shape:
                raise PanicError(
                    f"{quantity.name} has {values.shape[3]} components on {values.shape[2::-1]} "
                    f"cells, {components} on {total.shape[2::-1]} are needed"
                )
            total += values
        return total

    def _add_field(self, m: np.ndarray, out: np.ndarray) -> None:
        with self.world.magnet.at_stage(m):
            out += np.moveaxis(self._field(), -1, 0)

    def _field(self) -> np.ndarray:
        return self._sum(self.fields, 3)

    def _energy_density(self) -> np.ndarray:
        return self._sum(self.energies, 1)

    def _energy(self) -> float:
        volume = self.world.space.mesh().cell_volume
        return float(self._energy_density().sum(dtype=float)) * volume

    @exposed
    def add_field_term(self, field: Quantity) -> None:
        _need(field, 3, "AddFieldTerm")
        self.fields.append(field)

    @exposed
    def add_edens_term(self, density: Quantity) -> None:
        _need(density, 1, "AddEdensTerm")
        self.energies.append(density)

    @exposed
    def remove_custom_fields(self) -> None:
        self.fields.clear()

    @exposed
    def remove_custom_energies(self) -> None:
        self.energies.clear()

    # Algebra

    def _made(
        self, grid: Grid, kind: str, components: int, evaluate: Callable[[], np.ndarray]
    ) -> Quantity:
        """A quantity with the name that mumax3 gives it, in tables and files."""
        name = f"unnamed.*engine.{kind}"
        return Quantity(grid, name, "?", components, evaluate, over_magnet=True)

    def _joined(
        self,
        kind: str,
        a: Quantity,
        b: Quantity,
        components: int,
        act: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ) -> Quantity:
        def evaluate() -> np.ndarray:
            left, right = a.values(), b.values()
            if left.shape[:3] != right.shape[:3]:
                raise PanicError(
                    f"{a.name} has {left.shape[2::-1]} cells, {b.name} {right.shape[2::-1]}"
                )
            return np.asarray(act(left, right), np.float32)

        return self._made(a.grid, kind, components, evaluate)

    @exposed
    def const(self, value: float) -> Quantity:
        return self._constant((value,))

    @exposed
    def const_vector(self, x: float, y: float, z: float) -> Quantity:
        return self._constant((x, y, z))

    def _constant(self, value: tuple[float, ...]) -> Quantity:
        row = np.array(value, np.float32)
        return self._made(
            self.world.space,
            "constValue",
            len(value),
            lambda: np.broadcast_to(row, (*self.world.space.fill().shape, len(value))),
        )

    @exposed
    def add(self, a: Quantity, b: Quantity) -> Quantity:
        _same(a, b, "add")
        return self._joined("addition", a, b, a.components, np.add)

    @exposed
    def madd(self, a: Quantity, b: Quantity, first: float, second: float) -> Quantity:
        _same(a, b, "add")
        weights = np.float32(first), np.float32(second)
        return self._joined(
            "mAddition", a, b, a.components, lambda u, v: weights[0] * u + weights[1] * v
        )

    @exposed
    def mul(self, a: Quantity, b: Quantity) -> Quantity:
        if 1 not in (a.components, b.components):
            _same(a, b, "multiply")
        return self._joined("pointwiseMul", a, b, max(a.components, b.components), np.multiply)

    @exposed
    def div(self, a: Quantity, b: Quantity) -> Quantity:
        if b.components != 1:
            _same(a, b, "divide")

        def quotient(u: np.ndarray, v: np.ndarray) -> np.ndarray:
            nowhere = np.zeros(np.broadcast_shapes(u.shape, v.shape), np.float32)
            return np.divide(u, v, out=nowhere, where=v != 0)

        return self._joined("pointwiseDiv", a, b, a.components, quotient)

    @exposed
    def dot(self, a: Quantity, b: Quantity) -> Quantity:
        _same(a, b, "take the dot product of")
        return self._joined("dotProduct", a, b, 1, lambda u, v: (u * v).sum(axis=-1, keepdims=True))

    @exposed
    def cross(self, a: Quantity, b: Quantity) -> Quantity:
        for quantity in (a, b):
            _need(quantity, 3, "Cross")
        return self._joined("crossProduct", a, b, 3, np.cross)

    @exposed
    def mul_mv(self, ax: Quantity, ay: Quantity, az: Quantity, b: Quantity) -> Quantity:
        for quantity in (ax, ay, az, b):
            _need(quantity, 3, "MulMV")
        rows = [self.dot(row, b) for row in (ax, ay, az)]
        return self._made(
            b.grid, "mulmv", 3, lambda: np.concatenate([row.values() for row in rows], axis=-1)
        )

    @exposed
    def normalized(self, quantity: Quantity) -> Quantity:
        _need(quantity, 3, "Normalized")

        def evaluate() -> np.ndarray:
            values = quantity.values()
            length = np.sqrt((values * values).sum(axis=-1, keepdims=True))
            return np.divide(values, length, out=np.zeros_like(values), where=length != 0)

        return self._made(quantity.grid, "normalized", 3, evaluate)

    @exposed
    def shifted(self, quantity: Quantity, dx: int, dy: int, dz: int) -> Quantity:
        steps = {2: dx, 1: dy, 0: dz}
        if not any(steps.values()):
            raise PanicError("illegal argument: Shifted by 0 cells")

        def evaluate() -> np.ndarray:
            values = quantity.values()
            for axis, cells in steps.items():
                values = moved(values, cells, axis, 0, 0) if cells else values
            return values

        return self._made(quantity.grid, "shifted", quantity.components, evaluate)

    @exposed
    def masked(self, quantity: Quantity, shape: Shape) -> Quantity:
        grid = quantity.grid
        return self._made(
            grid,
            "masked",
            quantity.components,
            lambda: quantity.values() * shape.inside(*grid.centers())[..., None],
        )

    @exposed
    def running_average(self, quantity: Quantity) -> Quantity:
        mean = _RunningAverage(self.world.sim.clock, quantity)
        self.world.control.post_steps.append(mean.update)
        return self._made(quantity.grid, "runningAverage", quantity.components, mean.values)

    @exposed
    def sum(self, quantity: Quantity) -> float:
        return float(quantity.values().sum(dtype=float))

    @exposed
    def sum_vector(self, quantity: Quantity) -> Vector:
        _need(quantity, 3, "SumVector")
        a, b, c = (float(v) for v in quantity.values().sum(axis=(0, 1, 2), dtype=float))
        return Vector((a, b, c))


class _RunningAverage:
    """The mean over time since it was made, each step's end counted for the whole step.

    It begins anew on another grid.
    """

    def __init__(self, clock: Clock, quantity: Quantity) -> None:
        self._clock = clock
        self._quantity = quantity
        self._begin()

    def _begin(self) -> None:
        nx, ny, nz = self._quantity.cells()
        self._before = self._clock.time
        self._length = 0.0
        self._mean = np.zeros((nz, ny, nx, self._quantity.components), np.float32)

    def update(self) -> None:
        span = self._clock.time - self._before
        if span <= 0:  # a rejected step, Relax, or a script that has set t back
            return
        self._before = self._clock.time
        self._length += span
        share = np.float32(span / self._length)
        mean = self.values()
        mean += share * (self._quantity.values() - mean)

    def values(self) -> np.ndarray:
        if self._mean.shape[2::-1] != self._quantity.cells():
            self._begin()
        return self._mean


def _need(quantity: Quantity, components: int, what: str) -> None:
    if quantity.components != components:
        raise PanicError(
            f"illegal argument: {what} needs {components} components, {quantity.name} has "
            f"{quantity.components}"
        )


def _same(a: Quantity, b: Quantity, what: str) -> None:
    if a.components != b.components:
        raise PanicError(
            f"Cannot point-wise {what} {a.components} components by {b.components} components"
        )
