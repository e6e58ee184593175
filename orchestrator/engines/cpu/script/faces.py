"""The objects that scripts hold: m, parameters, excitations, regions and geometry."""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.geometry.configs import Config
from orchestrator.engines.cpu.geometry.shapes import Shape
from orchestrator.engines.cpu.language.errors import FatalError, PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import (
    Closure,
    ScalarFunction,
    Vector,
    VectorFunction,
)
from orchestrator.engines.cpu.physics.parameters import Excitation, RegionParameter
from orchestrator.engines.cpu.script.limits import finite
from orchestrator.engines.cpu.script.quantities import Quantity, ScalarField, VectorField
from orchestrator.engines.cpu.script.slices import Slice, load_slice
from orchestrator.engines.cpu.script.world import World
from orchestrator.ovf.resample import resampled

_REGIONS = 256


class Magnetization(VectorField):
    """m."""

    def __init__(self, world: World) -> None:
        super().__init__(world.space, "m", "", 3, world.magnet.values, over_magnet=True)
        self.world = world

    @exposed
    def set(self, config: Config) -> None:
        self.world.magnet.configure(config)

    @exposed
    def set_region(self, region: int, config: Config) -> None:
        self.world.magnet.configure(config, self.world.space.regions() == region)

    @exposed
    def set_in_shape(self, shape: Shape, config: Config) -> None:
        self.world.magnet.configure(config, shape.inside(*self.world.space.centers()))

    @exposed
    def set_cell(self, ix: int, iy: int, iz: int, value: Vector) -> None:
        m = self.world.magnet.values()
        m[self.world.space.index(ix, iy, iz)] = value.components
        self.world.magnet.set(m)

    @exposed
    def get_cell(self, ix: int, iy: int, iz: int) -> Vector:
        a, b, c = (float(v) for v in self.world.magnet.values()[self.world.space.index(ix, iy, iz)])
        return Vector((a, b, c))

    @exposed
    def load_file(self, path: str) -> None:
        self.set_array(load_slice(self.world.input_path(path)))

    @exposed
    def set_array(self, values: Slice) -> None:
        if values.data.shape[3] != 3:
            raise PanicError(f"{values.origin}: m needs 3 components, not {values.data.shape[3]}")
        data = fitted(self.world, values)
        filled = self.world.space.fill() > 0
        if not np.isfinite(data[filled]).all():
            raise FatalError(f"{values.origin}: NaN or Inf in the magnetization")
        self.world.magnet.set(np.nan_to_num(data))


def fitted(world: World, values: Slice) -> np.ndarray:
    """A slice's data on the mesh; resampled with a warning if its grid is another."""
    cells = tuple(world.space.mesh().cells)
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
    table: RegionParameter

    def present(self) -> np.ndarray:
        """The values of all regions now, (256, components) float32."""
        return self.table.values(self.world.sim.clock.time)

    def assign(self, function: Closure, region: int = -1) -> None:
        """Set the value of a region, or of all (-1), perhaps as a function of time."""
        if not -1 <= region < _REGIONS:
            raise FatalError(f"region {region} does not exist: regions are 0 to {_REGIONS - 1}")
        value = self.world.moments.closure(self.name, function, freeze=True)
        self.table.set_region(region, value)

    def everywhere(self) -> np.ndarray:
        """The values of all cells, (nz, ny, nx, components) float32."""
        return self.present()[self.world.space.regions()]

    @exposed
    def is_uniform(self) -> bool:
        values = self.present()
        return bool((values == values[0]).all())


class Excited(Regional):
    """What excitations share: maps times functions of time besides."""

    table: Excitation

    def everywhere(self) -> np.ndarray:
        """The values of all cells, (nz, ny, nx, components) float32."""
        field = self.table.evaluate(self.world.space.regions(), self.world.sim.clock.time)
        return np.moveaxis(field, 0, -1)

    @exposed
    def add(self, mask: Slice, multiplier: ScalarFunction) -> None:
        given, needed = mask.data.shape[3], self.table.components
        if given != needed:
            raise PanicError(
                f"{self.name}.Add: {mask.origin} has {given} components, {needed} needed"
            )
        if not np.isfinite(mask.data).all():
            raise FatalError(f"NaN or Inf in {self.name}.Add: {mask.origin}")
        what = f"{self.name}.Add's multiplier"
        factor = self.world.moments.closure(what, multiplier, freeze=False)
        self.table.add(fitted(self.world, mask).copy(), factor)

    @exposed
    def remove_extra_terms(self) -> None:
        self.world.outputs.say(f"REMOVING EXTRA TERMS FROM {self.name}")
        self.table.remove_extra_terms()


class ScalarParameter(Regional, ScalarField):
    """A material parameter, one number for each region."""

    def __init__(self, world: World, name: str, table: RegionParameter) -> None:
        super().__init__(world.space, name, table.unit, 1, self.everywhere)
        self.world, self.table = world, table

    @exposed
    def set_region(self, region: int, value: ScalarFunction) -> None:
        self.assign(value, region)

    @exposed
    def get_region(self, region: int) -> float:
        return float(self.present()[_known(region), 0])

    @exposed
    def set(self, value: float) -> None:
        self.table.set(finite(self.name, value))


class VectorParameter(Regional, VectorField):
    """A material parameter, one vector for each region."""

    def __init__(self, world: World, name: str, table: RegionParameter) -> None:
        super().__init__(world.space, name, table.unit, 3, self.everywhere)
        self.world, self.table = world, table

    @exposed
    def set_region(self, region: int, value: VectorFunction) -> None:
        self.assign(value, region)

    @exposed
    def get_region(self, region: int) -> Vector:
        a, b, c = (float(v) for v in self.present()[_known(region)])
        return Vector((a, b, c))


def _known(region: int) -> int:
    if not 0 <= region < _REGIONS:
        raise PanicError(f"index out of range: region {region}")
    return region


class ScalarExcitation(Excited, ScalarField):
    """A component of the strain: a number for each region plus maps."""

    def __init__(self, world: World, name: str, table: Excitation) -> None:
        super().__init__(world.space, name, table.unit, 1, self.everywhere)
        self.world, self.table = world, table

    @exposed
    def set(self, value: float) -> None:
        self.table.set(finite(self.name, value))

    @exposed
    def set_region(self, region: int, value: ScalarFunction) -> None:
        self.assign(value, region)


class VectorExcitation(Excited, VectorField):
    """J, B_ext or FixedLayer: a vector for each region plus maps."""

    def __init__(self, world: World, name: str, table: Excitation) -> None:
        super().__init__(world.space, name, table.unit, 3, self.everywhere)
        self.world, self.table = world, table

    @exposed
    def set(self, value: Vector) -> None:
        self.table.set(finite(self.name, value.components))

    @exposed
    def set_region(self, region: int, value: VectorFunction) -> None:
        self.assign(value, region)


class Regions(Quantity):
    """The region of every cell."""

    def __init__(self, world: World) -> None:
        super().__init__(world.space, "regions", "", 1, self._numbers)
        self.world = world

    def _numbers(self) -> np.ndarray:
        return self.world.space.regions().astype(np.float32)[..., None]

    @exposed
    def average(self) -> float:
        return self.averages()[0]

    @exposed
    def load_file(self, path: str) -> None:
        values = load_slice(self.world.input_path(path))
        numbers = fitted(self.world, values)[..., 0]
        if not ((numbers >= 0) & (numbers <= _REGIONS)).all():
            raise FatalError(f"{path}: regions must be 0 to {_REGIONS - 1}")
        self.world.space.define_cells(numbers.astype(np.int64).astype(np.uint8), ...)

    @exposed
    def set_cell(self, ix: int, iy: int, iz: int, region: int) -> None:
        space = self.world.space
        space.define_cells(_known(region), space.index(ix, iy, iz))

    @exposed
    def get_cell(self, ix: int, iy: int, iz: int) -> int:
        return int(self.world.space.regions()[self.world.space.index(ix, iy, iz)])


class Geometry(Quantity):
    """The filled fraction of every cell."""

    def __init__(self, world: World) -> None:
        super().__init__(world.space, "geom", "", 1, lambda: world.space.fill()[..., None])
        self.world = world

    @exposed
    def average(self) -> float:
        return self.averages()[0]

    @exposed
    def get_cell(self, ix: int, iy: int, iz: int) -> float:
        return float(self.world.space.fill()[iz, iy, ix])
