"""What SetGridSize, SetCellSize, SetMesh and SetPBC change, and what stays."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.engines.cpu.physics.fields import field
from orchestrator.engines.cpu.script.world import World

FILM = """
SetGridSize(8, 4, 2)
SetCellSize(4e-9, 4e-9, 4e-9)
Msat = 8e5
Aex = 1e-11
Pol = 0.5
"""
FILLED = """
EdgeSmooth = 4
SetGeom(Ellipse(30e-9, 15e-9))
EdgeSmooth = 0
m = RandomMagSeed(3)
DefRegion(1, xrange(0, inf))
DefRegionCell(3, 2, 0, 0)
regions.SetCell(3, 2, 1, 4)
s := NewVectorMask(8, 4, 2)
s.SetVector(1, 1, 0, vector(1e12, 0, 0))
J.Add(s, 2)
B_ext.Add(s, 1e-12 * t)
"""


def contents(world: World) -> list[np.ndarray]:
    sim, space = world.sim, world.space
    torque = field(sim, "STTorque")
    parts = world.magnet.values(), space.fill(), space.regions(), field(sim, "J"), torque
    return [np.array(part) for part in parts]


@pytest.mark.parametrize(
    "call",
    [
        "SetPBC(1, 0, 0)",
        "SetGridSize(8, 4, 2)",
        "SetCellSize(4e-9, 4e-9, 4e-9)",
        "SetMesh(8, 4, 2, 4e-9, 4e-9, 4e-9, 0, 2, 0)",
    ],
)
def test_the_same_cells_keep_all_that_is_in_them(world: World, call: str) -> None:
    world.execute(FILM + FILLED)
    before = contents(world)
    assert ((before[1] > 0) & (before[1] < 1)).any()
    assert np.abs(before[3]).max() == 2e12 and np.abs(before[4]).max() > 0
    world.execute(call)
    for part, kept in zip(contents(world)[:4], before, strict=False):
        np.testing.assert_array_equal(part, kept)
    assert np.abs(contents(world)[4]).max() > 0
    assert world.space.mesh().pbc == world.space.periods


def test_another_cell_size_moves_shapes_and_keeps_what_is_given_by_cell(world: World) -> None:
    world.execute(FILM + FILLED)
    m, fill, regions, j, _ = contents(world)
    world.execute("SetCellSize(8e-9, 8e-9, 4e-9)")
    assert world.space.fill().sum() < 0.5 * fill.sum()  # the same ellipse on twice the film
    filled = world.space.fill() > 0
    np.testing.assert_array_equal(world.magnet.values()[filled], m[filled])
    np.testing.assert_array_equal(world.space.regions(), regions)
    np.testing.assert_array_equal(field(world.sim, "J"), j)


def test_periods_reach_the_fields(world: World) -> None:
    text = FILM + "m = uniform(1, 0, 0)\n"
    world.execute(text)
    open_box = field(world.sim, "B_demag")
    world.execute("SetPBC(3, 0, 0)")
    assert np.abs(field(world.sim, "B_demag") - open_box).max() > 0.01


def test_other_numbers_of_cells_drop_maps_with_a_word(world: World, capsys) -> None:
    world.execute(FILM + FILLED)
    m = world.magnet.values()
    world.execute("SetGridSize(16, 8, 2)")
    told = [line for line in capsys.readouterr().err.splitlines() if "WARNING" in line]
    assert len(told) == 1
    assert "J, B_ext" in told[0] and "dropped" in told[0]
    assert not field(world.sim, "J").any()
    twice = np.repeat(np.repeat(m, 2, axis=1), 2, axis=2)
    filled = (world.space.fill() > 0) & twice.any(axis=-1)
    np.testing.assert_array_equal(world.magnet.values()[filled], twice[filled])
    assert (world.space.regions()[0, :2, 4:6] == 3).all()
    assert (world.space.regions()[1, 4:6, 6:8] == 4).all()


def test_loaded_regions_and_geometries_are_resampled(world: World) -> None:
    world.execute(
        FILM + "DefRegion(7, xrange(0, inf))\nSaveAs(regions, `r`)\nDefRegion(9, Universe())\n"
        "SetGeom(Circle(12e-9).transl(8e-9, 0, 0))\nSaveAs(geom, `g`)\nSetGeom(Universe())\n"
        "regions.LoadFile(`out/r.ovf`)\next_InitGeomFromOVF(`out/g.ovf`)"
    )
    fill, regions = np.array(world.space.fill()), np.array(world.space.regions())
    assert set(np.unique(regions)) == {0, 7} and set(np.unique(fill)) == {0, 1}
    world.execute("SetPBC(0, 1, 0)\nSetGridSize(16, 4, 2)")
    np.testing.assert_array_equal(world.space.fill(), np.repeat(fill, 2, axis=2))
    np.testing.assert_array_equal(world.space.regions(), np.repeat(regions, 2, axis=2))


def test_cells_with_a_region_of_their_own_move_with_the_window(world: World) -> None:
    world.execute(FILM + "DefRegionCell(5, 2, 1, 0)\nShift(3)\nSetCellSize(5e-9, 4e-9, 4e-9)")
    assert np.argwhere(world.space.regions() == 5).tolist() == [[0, 1, 5]]


def test_a_running_average_begins_anew_on_another_grid(world: World, printed) -> None:
    world.execute(FILM + "EnableDemag = false\nm = uniform(0, 0, 1)\nr := RunningAverage(m)")
    world.execute("Run(1e-13)\nSetGridSize(4, 4, 2)\nm = uniform(1, 0, 0)")
    (line,) = printed("Run(1e-13)\nprint(r)")
    assert line.split() == ["1", "0", "0"]
