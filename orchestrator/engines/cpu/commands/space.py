"""Commands for mesh, geometry and regions, and the shapes and states that need a mesh."""

from __future__ import annotations

import math

import numpy as np

from orchestrator.engines.cpu.geometry import configs, shapes
from orchestrator.engines.cpu.geometry.configs import Config
from orchestrator.engines.cpu.geometry.shapes import Shape
from orchestrator.engines.cpu.language.errors import FatalError, PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import FloatFunction, Vector, vector
from orchestrator.engines.cpu.script.datafile import function_from_datafile
from orchestrator.engines.cpu.script.remesh import remesh
from orchestrator.engines.cpu.script.slices import Slice, empty_slice, load_slice
from orchestrator.engines.cpu.script.world import World

_REGIONS = 256


def _region(index: int) -> int:
    if not 0 <= index <= _REGIONS:
        raise FatalError(f"region {index} does not exist: regions are 0 to {_REGIONS - 1}")
    return index % _REGIONS


class SpaceCommands:
    """`SetGridSize`, `SetGeom`, `DefRegion`, `LoadFile` and their like."""

    def __init__(self, world: World) -> None:
        self.world = world

    @exposed
    def set_grid_size(self, nx: int, ny: int, nz: int) -> None:
        if min(nx, ny, nz) < 1:
            raise PanicError(f"grid size must be positive, got ({nx}, {ny}, {nz})")
        self.world.space.cells = (nx, ny, nz)
        remesh(self.world)

    @exposed
    def set_cell_size(self, cx: float, cy: float, cz: float) -> None:
        if not all(math.isfinite(c) and c > 0 for c in (cx, cy, cz)):
            raise PanicError(f"cell size must be positive, got ({cx}, {cy}, {cz}) m")
        self.world.space.size_of_cell = (cx, cy, cz)
        remesh(self.world)

    @exposed
    def set_pbc(self, px: int, py: int, pz: int) -> None:
        if min(px, py, pz) < 0:
            raise PanicError(f"numbers of images must not be negative, got ({px}, {py}, {pz})")
        self.world.space.periods = (px, py, pz)
        remesh(self.world)

    @exposed
    def set_mesh(
        self, nx: int, ny: int, nz: int, cx: float, cy: float, cz: float, px: int, py: int, pz: int
    ) -> None:
        self.world.space.cells = (0, 0, 0)
        self.set_cell_size(cx, cy, cz)
        self.set_pbc(px, py, pz)
        self.set_grid_size(nx, ny, nz)

    @exposed
    def set_geom(self, shape: Shape) -> None:
        self.world.magnet.set_shape(shape)

    @exposed
    def def_region(self, index: int, shape: Shape) -> None:
        number = _region(index)
        self.world.space.map_regions(
            lambda regions, x, y, z: np.where(shape.inside(x, y, z), np.uint8(number), regions)
        )

    @exposed
    def redef_region(self, old: int, new: int) -> None:
        before, after = _region(old), _region(new)
        self.world.space.map_regions(
            lambda regions, x, y, z: np.where(regions == before, np.uint8(after), regions)
        )

    @exposed
    def def_region_cell(self, index: int, ix: int, iy: int, iz: int) -> None:
        space = self.world.space
        space.define_cells(_region(index), space.index(ix, iy, iz))

    @exposed
    def index2_coord(self, ix: int, iy: int, iz: int) -> Vector:
        x, y, z = self.world.space.place(ix, iy, iz)
        return vector(x, y, z)

    # Shapes

    @exposed
    def layers(self, first: int, last: int) -> Shape:
        mesh = self.world.space.mesh()
        nz, cz = mesh.cells[2], mesh.cell_size[2]
        if not (0 <= first <= nz and 0 <= last <= nz):
            raise PanicError(f"illegal argument: layers {first} to {last} of {nz}")
        return shapes.z_range((first - 0.5 * nz) * cz, (last - 0.5 * nz) * cz)

    @exposed
    def layer(self, index: int) -> Shape:
        return self.layers(index, index + 1)

    @exposed
    def cell(self, ix: int, iy: int, iz: int) -> Shape:
        cx, cy, cz = self.world.space.cell_size()
        place = self.world.space.place(ix, iy, iz)
        return shapes.cuboid(cx, cy, cz).transl(*place)

    @exposed
    def image_shape(self, path: str) -> Shape:
        mesh = self.world.space.mesh()
        return shapes.image_shape(self.world.input_path(path), mesh.cells[:2], mesh.cell_size[:2])

    # States

    def _cx(self) -> float:
        return self.world.space.cell_size()[0]

    @exposed
    def vortex(self, circulation: int, polarity: int) -> Config:
        return configs.vortex(circulation, polarity, self._cx())

    @exposed
    def antivortex(self, circulation: int, polarity: int) -> Config:
        return configs.vortex(circulation, polarity, self._cx(), anti=True)

    @exposed
    def neel_skyrmion(self, charge: int, polarity: int) -> Config:
        return configs.skyrmion(charge, polarity, self._cx(), bloch=False)

    @exposed
    def bloch_skyrmion(self, charge: int, polarity: int) -> Config:
        return configs.skyrmion(charge, polarity, self._cx(), bloch=True)

    @exposed
    def vortex_wall(self, left: float, right: float, circulation: int, polarity: int) -> Config:
        mesh = self.world.space.mesh()
        height = mesh.cells[1] * mesh.cell_size[1]
        return configs.vortex_wall(left, right, circulation, polarity, height, self._cx())

    @exposed
    def two_domain(
        self, x1: float, y1: float, z1: float, xw: float, yw: float, zw: float, x2: float,
        y2: float, z2: float,
    ) -> Config:  # fmt: skip
        return configs.two_domain(x1, y1, z1, xw, yw, zw, x2, y2, z2, self._cx())

    # Arrays

    @exposed
    def load_file(self, path: str) -> Slice:
        return load_slice(self.world.input_path(path))

    @exposed
    def function_from_datafile(
        self, path: str, x_column: int, y_column: int, method: str
    ) -> FloatFunction:
        return function_from_datafile(self.world.input_path(path), x_column, y_column, method)

    @exposed
    def new_slice(self, components: int, nx: int, ny: int, nz: int) -> Slice:
        return empty_slice(components, nx, ny, nz)

    @exposed
    def new_vector_mask(self, nx: int, ny: int, nz: int) -> Slice:
        return empty_slice(3, nx, ny, nz)

    @exposed
    def new_scalar_mask(self, nx: int, ny: int, nz: int) -> Slice:
        return empty_slice(1, nx, ny, nz)
