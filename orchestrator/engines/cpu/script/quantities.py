"""Quantities of a simulation as scripts see them: fields, their parts and averages, and values."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import Numbers, Vector, go_format
from orchestrator.engines.cpu.script.slices import Slice

CellSize = tuple[float, float, float]
Ranges = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


class Grid:
    """What quantities need to know of the cells they live on; `Space` is one."""

    def cell_size(self) -> CellSize:
        """Cell size, m."""
        raise NotImplementedError

    def fill(self) -> np.ndarray:
        """Filled fraction of every cell, (nz, ny, nx)."""
        raise NotImplementedError

    def regions(self) -> np.ndarray:
        """Region of every cell, (nz, ny, nx)."""
        raise NotImplementedError

    def centers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, y, z of all cell centres, (nz, ny, nx) each, in m."""
        raise NotImplementedError


class Box(Grid):
    """Some cells of a grid, from the first to before the last along x, y, z."""

    def __init__(self, whole: Grid, ranges: Ranges) -> None:
        self._whole = whole
        self._part = tuple(slice(low, high) for low, high in reversed(ranges))

    def of(self, values: np.ndarray) -> np.ndarray:
        """The part of an array (nz, ny, nx, ...) of the whole grid."""
        return values[self._part]

    def cell_size(self) -> CellSize:
        return self._whole.cell_size()

    def fill(self) -> np.ndarray:
        return self.of(self._whole.fill())

    def regions(self) -> np.ndarray:
        return self.of(self._whole.regions())

    def centers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, y, z = self._whole.centers()
        return self.of(x), self.of(y), self.of(z)


class Quantity:
    """Something that can be saved, shown in the table and averaged.

    Parameters
    ----------
    evaluate : callable
        The present values, (nz, ny, nx, components) float32.
    over_magnet : bool
        Whether the average weights cells by their fill; else it is over the whole grid.
    key : hashable, optional
        What the quantity is: two that are equal are the same. By default an object is itself.
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
        key: Hashable = None,
    ) -> None:
        self.grid = grid
        self.name = name
        self.unit = unit
        self.components = components
        self.values = evaluate
        self.over_magnet = over_magnet
        self.key = self if key is None else key

    def cells(self) -> tuple[int, int, int]:
        """Numbers of cells (nx, ny, nz)."""
        nz, ny, nx = self.grid.fill().shape
        return nx, ny, nz

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

    def part(self, component: int) -> tuple[str, Callable[[], np.ndarray], Hashable]:
        """Name, values and key of a component.

        Raises
        ------
        PanicError
            If there is no such component.
        """
        if not 0 <= component < self.components:
            raise PanicError(f"illegal argument: component {component} of {self.name}")
        name = f"{self.name}_{'xyz'[component]}" if self.components > 1 else self.name
        key = ("component", self.key, component)
        return name, lambda: self.values()[..., component : component + 1], key


class VectorField(Quantity):
    """A quantity of three components."""

    @exposed
    def average(self) -> Vector:
        a, b, c = self.averages()
        return Vector((a, b, c))

    @exposed
    def comp(self, component: int) -> ScalarField:
        name, values, key = self.part(component)
        return ScalarField(self.grid, name, self.unit, 1, values, over_magnet=True, key=key)

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

    def __init__(self, parent: Quantity, region: int, name: str = "") -> None:
        grid = parent.grid

        def within() -> np.ndarray:
            return np.where((grid.regions() == region)[..., None], parent.values(), np.float32(0))

        name, key = name or f"{parent.name}.region{region}", ("region", parent.key, region)
        super().__init__(grid, name, parent.unit, parent.components, within, key=key)
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

    @exposed
    def comp(self, component: int) -> ScalarField:
        name, values, key = self.part(component)
        whole = Quantity(self.grid, name, self.unit, 1, values, key=key)
        return ScalarRegionPart(whole, self.index, name)


class ScalarRegionPart(RegionPart, ScalarField):
    """A scalar field within one region."""


class Cropped(Quantity):
    """A box of cells of another quantity; its average is over the box.

    Parameters
    ----------
    ranges : ((x1, x2), (y1, y2), (z1, z2))
        First cells and those behind the last, counted in the parent's cells.

    Raises
    ------
    PanicError
        If the parent has no such cells.
    """

    def __init__(self, parent: Quantity, ranges: Ranges) -> None:
        whole = parent.cells()
        for (low, high), count in zip(ranges, whole, strict=True):
            if not 0 <= low < high <= count:
                raise PanicError(f"illegal argument: crop to [{low}, {high}) of {count} cells")
        name = f"{parent.name}_"
        for axis, (low, high), count in zip("xyz", ranges, whole, strict=True):
            if (low, high) != (0, count):
                name += f"{axis}range{low}_" if low + 1 == high else f"{axis}range{low}-{high}_"
        box = Box(parent.grid, ranges)

        def values() -> np.ndarray:
            if parent.cells() != whole:
                raise PanicError(f"{name} is a part of {whole} cells, not of {parent.cells()}")
            return box.of(parent.values())

        key = ("crop", parent.key, ranges)
        super().__init__(box, name, parent.unit, parent.components, values, key=key)

    @exposed
    def average(self) -> Numbers:
        return Numbers(self.averages())

    @exposed
    def comp(self, component: int) -> ScalarField:
        name, values, key = self.part(component)
        return ScalarField(self.grid, name, self.unit, 1, values, key=key)

    @exposed
    def region(self, index: int) -> CroppedRegionPart:
        return CroppedRegionPart(self, index)


class CroppedRegionPart(RegionPart):
    """A region's cells in a box of cells."""

    @exposed
    def average(self) -> Numbers:
        return Numbers(self.averages())


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
