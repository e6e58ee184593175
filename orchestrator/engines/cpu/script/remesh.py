"""What SetGridSize, SetCellSize, SetMesh and SetPBC do."""

from __future__ import annotations

from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.script.limits import check_memory
from orchestrator.engines.cpu.script.world import World
from orchestrator.ovf.resample import resampled


def remesh(world: World) -> None:
    """Build the mesh as soon as cell counts and sizes are known; resize what lives on it."""
    sim, space, magnet = world.sim, world.space, world.magnet
    if 0 in space.cells or 0.0 in space.size_of_cell:
        return
    check_memory(space.cells)
    old_m = old_regions = None
    if sim.state.mesh is not None and magnet.is_set:
        old_m, old_regions = sim.state.m, sim.state.regions
    sim.set_mesh(Mesh(space.cells, space.size_of_cell, space.periods))
    if old_m is not None and old_regions is not None:
        space.set_regions(resampled(old_regions[..., None], space.cells)[..., 0])
        sim.state.set_m(resampled(old_m, space.cells))
    if space.history:
        space.set_regions(space.region_at(*space.centers()))
    if space.shape is not None:
        magnet.set_shape(space.shape)
