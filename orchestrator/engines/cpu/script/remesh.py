"""What SetGridSize, SetCellSize, SetMesh and SetPBC do."""

from __future__ import annotations

from orchestrator.engines.cpu.geometry.shapes import voxels
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.script.limits import check_memory
from orchestrator.engines.cpu.script.world import World
from orchestrator.ovf.resample import resampled


def remesh(world: World) -> None:
    """Build the mesh as soon as cell counts and sizes are known; change what depends on it.

    A mesh as before changes nothing, other periods or cell sizes nothing that is given by cell: m,
    added maps, regions cell by cell, a geometry from a file. With other numbers of cells these are
    resampled, but for the maps, which are dropped with a warning. Shapes and regions by place are
    evaluated anew unless only the periods change.
    """
    sim, space, magnet = world.sim, world.space, world.magnet
    if 0 in space.cells or 0.0 in space.size_of_cell:
        return
    new, old = Mesh(space.cells, space.size_of_cell, space.periods), sim.state.mesh
    if new == old:
        return
    check_memory(space.cells)
    m, fill = (sim.state.m, sim.state.geometry) if old is not None else (None, None)
    dropped = sim.set_mesh(new)
    if dropped:
        world.outputs.warn(
            f"WARNING: the maps added to {', '.join(dropped)} do not fit the new grid of "
            f"{new.cells} cells and are dropped: add them again"
        )
    if old is None or m is None or fill is None:
        return
    resized = old.cells != new.cells
    if resized and magnet.is_set:
        sim.state.set_m(resampled(m, new.cells))
    if not resized and old.cell_size == new.cell_size:
        return
    space.define_again()
    if space.shape is not None and not space.loaded:
        magnet.set_shape(space.shape)
    elif space.loaded:
        fill = resampled(fill[..., None], new.cells)[..., 0]
        magnet.set_fill(fill)
        space.shape = voxels(fill > 0, new.cell_size)
