"""The objects that scripts hold: m, parameters, excitations, regions and geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.engines.cpu.language.errors import FatalError, PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import (
    Closure,
    ScalarFunction,
    Vector,
    VectorFunction,
)
from orchestrator.engines.cpu.physics.configs import Config
from orchestrator.engines.cpu.physics.shapes import Shape
from orchestrator.engines.cpu.script.limits import finite
from orchestrator.engines.cpu.script.quantities import Quantity, ScalarField, VectorField
from orchestrator.engines.cpu.script.slices import Slice, load_slice, resampled

if TYPE_CHECKING:
    from orchestrator.engines.cpu.script.world import World

_REGIONS = 256


class Magnetization(VectorField):
    """m."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "m", "", 3, world.magnetization, over_magnet=True)
        self.world = world

    def _cell(self, ix: int, iy: int, iz: int) -> tuple[int, int, int]:
        if any(not 0 <= i < n for i, n in zip((ix, iy, iz), self.world.mesh().cells, strict=True)):
            raise PanicError(f"cell ({ix}, {iy}, {iz}) is outside the mesh")
        return iz, iy, ix

    @exposed
    def set(self, config: Config) -> None:
        self.world.configure(config)

    @exposed
    def set_region(self, region: int, config: Config) -> None:
        self.world.configure(config, self.world.regions() == region)

    @exposed
    def set_in_shape(self, shape: Shape, config: Config) -> None:
        self.world.configure(config, shape.inside(*self.world.centers()))

    @exposed
    def set_cell(self, ix: int, iy: int, iz: int, value: Vector) -> None:
        m = self.world.magnetization()
        m[self._cell(ix, iy, iz)] = value.components
        self.world.set_magnetization(m)

    @exposed
    def get_cell(self, ix: int, iy: int, iz: int) -> Vector:
        a, b, c = (float(v) for v in self.world.magnetization()[self._cell(ix, iy, iz)])
        return Vector((a, b, c))

    @exposed
    def load_file(self, path: str) -> None:
        self.set_array(load_slice(self.world.input_path(path)))

    @exposed
    def set_array(self, values: Slice) -> None:
        if values.data.shape[3] != 3:
            raise PanicError(f"{values.origin}: m needs 3 components, not {values.data.shape[3]}")
        data = fitted(self.world, values)
        filled = self.world.fill() > 0
        if not np.isfinite(data[filled]).all():
            raise FatalError(f"{values.origin}: NaN or Inf in the magnetization")
        self.world.set_magnetization(np.nan_to_num(data))


def fitted(world: World, values: Slice) -> np.ndarray:
    """A slice's data on the mesh; resampled with a warning if its grid is another."""
    cells = tuple(world.mesh().cells)
    if values.data.shape[2::-1] == cells:
        return values.data
    world.outputs.warn(
        f"WARNING: {values.origin} has {values.data.shape[2::-1]} cells, the mesh {cells}: "
        "resampled by nearest neighbor"
    )
    return resampled(values.data, (cells[0], cells[1], cells[2]))


class Regional:
    """What parameters and excitations share: a value for each region."""

    world: World
    name: str
    table: Any

    def present(self) -> np.ndarray:
        """The values of all regions now, (256, components) float32."""
        return np.asarray(self.table.values(self.world.sim.time))

    def assign(self, function: Closure, region: int = -1) -> None:
        """Set the value of a region, or of all (-1), perhaps as a function of time."""
        if not -1 <= region < _REGIONS:
            raise FatalError(f"region {region} does not exist: regions are 0 to {_REGIONS - 1}")
        value = self.world.closure(self.name, function, freeze=True)
        if region == -1:
            self.table.set(value)
        else:
            self.table.set_region(region, value)


class ScalarParameter(ScalarField, Regional):
    """A material parameter, one number for each region."""

    def __init__(self, world: World, name: str, unit: str, table: Any) -> None:
        super().__init__(world, name, unit, 1, self._everywhere)
        self.world, self.table = world, table

    def _everywhere(self) -> np.ndarray:
        return self.present()[self.world.regions()]

    @exposed
    def set_region(self, region: int, value: ScalarFunction) -> None:
        self.assign(value, region)

    @exposed
    def get_region(self, region: int) -> float:
        return float(self.present()[_known(region), 0])

    @exposed
    def is_uniform(self) -> bool:
        values = self.present()
        return bool((values == values[0]).all())

    @exposed
    def set(self, value: float) -> None:
        self.table.set(finite(self.name, value))


class VectorParameter(VectorField, Regional):
    """A material parameter, one vector for each region."""

    def __init__(self, world: World, name: str, unit: str, table: Any) -> None:
        super().__init__(world, name, unit, 3, self._everywhere)
        self.world, self.table = world, table

    def _everywhere(self) -> np.ndarray:
        return self.present()[self.world.regions()]

    @exposed
    def set_region(self, region: int, value: VectorFunction) -> None:
        self.assign(value, region)

    @exposed
    def get_region(self, region: int) -> Vector:
        a, b, c = (float(v) for v in self.present()[_known(region)])
        return Vector((a, b, c))

    @exposed
    def is_uniform(self) -> bool:
        values = self.present()
        return bool((values == values[0]).all())


def _known(region: int) -> int:
    if not 0 <= region < _REGIONS:
        raise PanicError(f"index out of range: region {region}")
    return region


class Excitation(VectorField, Regional):
    """J, B_ext or FixedLayer: a vector for each region plus masks times functions of time."""

    def __init__(self, world: World, name: str, unit: str, table: Any) -> None:
        super().__init__(world, name, unit, 3, self._everywhere)
        self.world, self.table = world, table

    def _everywhere(self) -> np.ndarray:
        field = self.table.evaluate(self.world.regions(), self.world.sim.time)
        return np.moveaxis(np.asarray(field), 0, -1)

    @exposed
    def set(self, value: Vector) -> None:
        self.table.set(finite(self.name, value.components))

    @exposed
    def set_region(self, region: int, value: VectorFunction) -> None:
        self.assign(value, region)

    @exposed
    def is_uniform(self) -> bool:
        values = self.present()
        return bool((values == values[0]).all())

    @exposed
    def add(self, mask: Slice, multiplier: ScalarFunction) -> None:
        if mask.data.shape[3] != 3:
            raise PanicError(
                f"{self.name}.Add: {mask.origin} has {mask.data.shape[3]} components, 3 needed"
            )
        if not np.isfinite(mask.data).all():
            raise FatalError(f"NaN or Inf in {self.name}.Add: {mask.origin}")
        factor = self.world.closure(f"{self.name}.Add's multiplier", multiplier, freeze=False)
        self.table.add(fitted(self.world, mask).copy(), factor)

    @exposed
    def remove_extra_terms(self) -> None:
        self.world.outputs.say(f"REMOVING EXTRA TERMS FROM {self.name}")
        self.table.remove_extra_terms()


class Regions(Quantity):
    """The region of every cell."""

    def __init__(self, world: World) -> None:
        super().__init__(
            world, "regions", "", 1, lambda: world.regions().astype(np.float32)[..., None]
        )
        self.world = world

    @exposed
    def average(self) -> float:
        return self.averages()[0]

    @exposed
    def load_file(self, path: str) -> None:
        values = load_slice(self.world.input_path(path))
        numbers = fitted(self.world, values)[..., 0]
        if not ((numbers >= 0) & (numbers <= _REGIONS)).all():
            raise FatalError(f"{path}: regions must be 0 to {_REGIONS - 1}")
        self.world.sim.set_regions(numbers.astype(np.int64).astype(np.uint8))

    @exposed
    def set_cell(self, ix: int, iy: int, iz: int, region: int) -> None:
        regions = self.world.regions().copy()
        regions[self._cell(ix, iy, iz)] = region
        self.world.sim.set_regions(regions)

    @exposed
    def get_cell(self, ix: int, iy: int, iz: int) -> int:
        return int(self.world.regions()[self._cell(ix, iy, iz)])

    def _cell(self, ix: int, iy: int, iz: int) -> tuple[int, int, int]:
        if any(not 0 <= i < n for i, n in zip((ix, iy, iz), self.world.mesh().cells, strict=True)):
            raise PanicError(f"cell ({ix}, {iy}, {iz}) is outside the mesh")
        return iz, iy, ix


class Geometry(Quantity):
    """The filled fraction of every cell."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "geom", "", 1, lambda: world.fill()[..., None])
        self.world = world

    @exposed
    def average(self) -> float:
        return self.averages()[0]

    @exposed
    def get_cell(self, ix: int, iy: int, iz: int) -> float:
        return float(self.world.fill()[iz, iy, ix])
