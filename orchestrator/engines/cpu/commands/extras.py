"""mumax3's extensions for textures, angles, grains and geometries from files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from orchestrator.base.constants import MU0
from orchestrator.engines.cpu.geometry.grains import Tessellation
from orchestrator.engines.cpu.geometry.shapes import voxels
from orchestrator.engines.cpu.language.errors import FatalError, PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.output.files import fatal
from orchestrator.engines.cpu.physics import topology
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.parameters import REGIONS
from orchestrator.engines.cpu.script.quantities import ScalarField, ScalarValue
from orchestrator.engines.cpu.script.remesh import remesh
from orchestrator.engines.cpu.script.world import World
from orchestrator.ovf.files import read_ovf

_DENSITIES = {
    "": topology.charge_density,
    "lattice": topology.lattice_charge_density,
}


class ExtraCommands:
    """`ext_topologicalcharge`, `ext_phi`, `ext_makegrains`, `ext_InitGeomFromOVF`, ..."""

    def __init__(self, world: World) -> None:
        self.world = world
        declare, space = world.names.declare_object, world.space
        for suffix, density in _DENSITIES.items():
            name = f"ext_topologicalcharge{suffix}"
            values = partial(self._density, density)
            field = f"ext_topologicalchargedensity{suffix}"
            declare(field, ScalarField(space, field, "1/m2", 1, values))
            declare(name, ScalarValue(space, name, "", partial(self._charge, density)))
        for name, angle in (("ext_phi", topology.azimuth), ("ext_theta", topology.polar_angle)):
            declare(name, ScalarField(space, name, "rad", 1, partial(self._angle, angle)))

    def _density(self, density: Callable[..., np.ndarray]) -> np.ndarray:
        mesh = self.world.space.mesh()
        found = density(self.world.magnet.values(), mesh.cell_size, mesh.pbc)
        return found.astype(np.float32)[..., None]

    def _charge(self, density: Callable[..., np.ndarray]) -> float:
        mesh = self.world.space.mesh()
        found = density(self.world.magnet.values(), mesh.cell_size, mesh.pbc)
        return topology.charge(found, mesh.cell_size)

    def _angle(self, angle: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return angle(self.world.magnet.values()).astype(np.float32)[..., None]

    @exposed
    def ext_makegrains(self, size: float, regions: int, seed: int) -> None:
        if not size > 0 or not 0 < regions <= 256:
            raise PanicError(
                f"illegal argument: grains of {size:g} m in {regions} regions (1 to 256)"
            )
        grains = Tessellation(size, regions, seed)
        self.world.space.map_regions(lambda _, x, y, z: grains.region_of(x, y).astype(np.uint8))

    @exposed
    def ext_enable_unsafe(self) -> None:
        """Nothing, as in mumax3."""

    @exposed
    def ext_init_geom_from_ovf(self, path: str) -> None:
        with fatal(path):
            found = read_ovf(self.world.input_path(path), lengths=False)
        if found.data.shape[3] != 1:
            raise FatalError(f"{path}: a geometry has 1 component, not {found.data.shape[3]}")
        fill = np.asarray(found.data[..., 0], np.float32)
        if not np.isfinite(fill).all() or not fill.any():
            raise FatalError(f"{path}: the geometry is empty or holds NaN")
        space = self.world.space
        nz, ny, nx = fill.shape
        space.shape, space.loaded = None, False
        space.cells, space.size_of_cell, space.periods = (nx, ny, nz), found.cell_size, (0, 0, 0)
        remesh(self.world)
        self.world.magnet.set_fill(fill)
        space.shape, space.loaded = voxels(fill > 0, space.cell_size()), True

    @exposed
    def ext_rm_surface_charge(self, region: int, left: float, right: float) -> None:
        if abs(left) != 1 or abs(right) != 1:
            raise PanicError("illegal argument: mx at the ends must be 1 or -1")
        world = self.world
        if not 0 <= region < REGIONS:
            raise PanicError(f"index out of range: region {region}")
        saturation = float(world.sim.values("Msat")[region])
        if saturation == 0:
            raise PanicError(f"ext_rmSurfaceCharge: Msat is zero in region {region}")
        field = end_charge_field(
            world.space.mesh(), left * MU0 * saturation, -right * MU0 * saturation
        )
        world.sim.material.excitations["B_ext"].add(field)


def end_charge_field(mesh: Mesh, left: float, right: float) -> np.ndarray:
    """Field in T of charges on the two end faces of a box, (nz, ny, nx, 3).

    Parameters
    ----------
    mesh : Mesh
        The box.
    left, right : float
        Charge per area times mu0, T; each face cell is a point charge at its centre.
    """
    (nx, ny, nz), (cx, cy, cz) = mesh.cells, mesh.cell_size
    field = np.zeros((nz, ny, nx, 3))
    dy = cy * np.arange(1 - ny, ny)
    dz = cz * np.arange(1 - nz, nz)
    for charge, face in ((left, 0.0), (right, nx * cx)):
        x = (np.arange(nx) + 0.5) * cx - face
        z, y, x = np.meshgrid(dz, dy, x, indexing="ij")
        distance = np.stack((x, y, z), axis=-1)
        of_one = distance / (distance**2).sum(axis=-1, keepdims=True) ** 1.5
        # All sources of a face: running sums over the offsets between source and cell.
        sums = np.pad(of_one.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0), (0, 0), (0, 0)))
        window = sums[nz:, ny:] - sums[:nz, ny:] - sums[nz:, :ny] + sums[:nz, :ny]
        field += charge * cy * cz / (4 * np.pi) * window
    return field.astype(np.float32)
