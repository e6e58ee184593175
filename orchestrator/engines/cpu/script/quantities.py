"""Quantities of a simulation as scripts see them: fields, their parts and averages, and values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import Vector, go_format
from orchestrator.engines.cpu.script.slices import Slice

CellSize = tuple[float, float, float]


class Grid:
    """What quantities need to know of the mesh they live on; `Space` is one."""

    def cell_size(self) -> CellSize:
        """Cell size, m."""
        raise NotImplementedError

    def fill(self) -> np.ndarray:
        """Filled fraction of every cell, (nz, ny, nx)."""
        raise NotImplementedError

    def regions(self) -> np.ndarray:
        """Region of every cell, (nz, ny, nx)."""
        raise NotImplementedError


class Quantity:
    """Something that can be saved, shown in the table and averaged.

    Parameters
    ----------
    evaluate : callable
        The present values, (nz, ny, nx, components) float32.
    over_magnet : bool
        Whether the average weights cells by their fill; else it is over the whole box.
    """

    def __init__(
        self,
        grid: Grid,
        name: str,
        unit: str,
        components: int,
        evaluate: Callable[[], np.ndarray],
        *,
        over_magnet: bool = False,
    ) -> None:
        self.grid = grid
        self.name = name
        self.unit = unit
        self.components = components
        self.values = evaluate
        self.over_magnet = over_magnet

    def averages(self) -> tuple[float, ...]:
        """Mean of every component."""
        values = self.values().astype(np.float64)
        if self.over_magnet and values.shape[:3] == self.grid.fill().shape:
            fill = self.grid.fill().astype(np.float64)
            total = (values * fill[..., None]).sum(axis=(0, 1, 2)) / fill.sum()
        else:
            total = values.mean(axis=(0, 1, 2))
        return tuple(float(c) for c in total)

    @exposed
    def host_copy(self) -> Slice:
        return Slice(np.array(self.values(), np.float32), self.name)


class VectorField(Quantity):
    """A quantity of three components."""

    @exposed
    def average(self) -> Vector:
        a, b, c = self.averages()
        return Vector((a, b, c))

    @exposed
    def comp(self, component: int) -> ScalarField:
        if not 0 <= component < self.components:
            raise PanicError(f"illegal argument: component {component} of {self.name}")
        return ScalarField(
            self.grid,
            f"{self.name}_{'xyz'[component]}",
            self.unit,
            1,
            lambda: self.values()[..., component : component + 1],
            over_magnet=True,
        )

    @exposed
    def region(self, index: int) -> VectorRegionPart:
        return VectorRegionPart(self, index)


class ScalarField(Quantity):
    """A quantity of one component."""

    @exposed
    def average(self) -> float:
        return self.averages()[0]

    @exposed
    def region(self, index: int) -> ScalarRegionPart:
        return ScalarRegionPart(self, index)


class RegionPart(Quantity):
    """A quantity within one region; its average is over that region's cells."""

    def __init__(self, parent: Quantity, region: int) -> None:
        grid = parent.grid

        def within() -> np.ndarray:
            return np.where((grid.regions() == region)[..., None], parent.values(), np.float32(0))

        name = f"{parent.name}.region{region}"
        super().__init__(grid, name, parent.unit, parent.components, within)
        if not 0 <= region < 256:
            raise PanicError(f"index out of range: region {region}")
        self.index = region

    def averages(self) -> tuple[float, ...]:
        inside = self.grid.regions() == self.index
        values = self.values()[inside].astype(np.float64)
        if not len(values):
            return (float("nan"),) * self.components
        return tuple(float(c) for c in values.mean(axis=0))


class VectorRegionPart(RegionPart, VectorField):
    """A vector field within one region."""


class ScalarRegionPart(RegionPart, ScalarField):
    """A scalar field within one region."""


class Cropped(Quantity):
    """A box of cells of another quantity."""

    def __init__(self, parent: Quantity, ranges: tuple[tuple[int, int], ...]) -> None:
        whole = parent.values().shape[2::-1]
        for (low, high), count in zip(ranges, whole, strict=True):
            if not 0 <= low < high <= count:
                raise PanicError(f"illegal argument: crop to [{low}, {high}) of {count} cells")
        name = f"{parent.name}_"
        for axis, (low, high), count in zip("xyz", ranges, whole, strict=True):
            if (low, high) != (0, count):
                name += f"{axis}range{low}_" if low + 1 == high else f"{axis}range{low}-{high}_"
        (x1, x2), (y1, y2), (z1, z2) = ranges
        super().__init__(
            parent.grid,
            name,
            parent.unit,
            parent.components,
            lambda: parent.values()[z1:z2, y1:y2, x1:x2],
        )

    @exposed
    def average(self) -> Vector:
        padded = (*self.averages(), 0.0, 0.0)
        return Vector((padded[0], padded[1], padded[2]))


class ScalarValue(Quantity):
    """A single number such as `E_total`; converts to float where one is needed."""

    value_type = float

    def __init__(self, grid: Grid, name: str, unit: str, read: Callable[[], float]) -> None:
        super().__init__(grid, name, unit, 1, self._everywhere)
        self.read = read

    def _everywhere(self) -> np.ndarray:
        return np.full((*self.grid.fill().shape, 1), self.read(), np.float32)

    def averages(self) -> tuple[float, ...]:
        return (float(self.read()),)

    @exposed
    def get(self) -> float:
        return float(self.read())

    @exposed
    def average(self) -> float:
        return float(self.read())


class VectorValue(Quantity):
    """A single vector such as `ext_bubblepos`."""

    value_type = Vector

    def __init__(
        self, grid: Grid, name: str, unit: str, read: Callable[[], tuple[float, float, float]]
    ) -> None:
        super().__init__(grid, name, unit, 3, self._everywhere)
        self.read = read

    def _everywhere(self) -> np.ndarray:
        return np.broadcast_to(np.array(self.read(), np.float32), (*self.grid.fill().shape, 3))

    def averages(self) -> tuple[float, ...]:
        return tuple(float(c) for c in self.read())

    @exposed
    def get(self) -> Vector:
        return Vector(tuple(float(c) for c in self.read()))  # type: ignore[arg-type]

    @exposed
    def average(self) -> Vector:
        return self.get()


def printed(values: tuple[Any, ...]) -> str:
    """What `print` shows: values with blanks between, quantities by their averages."""
    return " ".join(
        " ".join(go_format(c) for c in value.averages())
        if isinstance(value, Quantity)
        else go_format(value)
        for value in values
    )
