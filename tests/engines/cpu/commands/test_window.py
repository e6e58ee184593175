"""The moving window: what moves, what enters, what it follows; grains."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from orchestrator.engines.cpu.commands.extras import end_charge_field
from orchestrator.engines.cpu.geometry.grains import Tessellation
from orchestrator.engines.cpu.language.errors import PanicError, ScriptError
from orchestrator.engines.cpu.physics.fields import max_torque
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.script.world import World

MESH = """SetGridSize(16, 6, 1)
SetCellSize(2e-9, 2e-9, 2e-9)
EnableDemag = false
Msat = 8e5
"""


@pytest.mark.parametrize("cells", [3, -2, 20])
def test_m_moves_and_enters_from_the_edge(world: World, cells: int) -> None:
    world.execute(
        f"{MESH}m = RandomMagSeed(5)\nShiftMagL = vector(0, 0, 1)\nShiftMagR = vector(0, 1, 0)\n"
    )
    before = world.magnet.values()
    world.execute(f"Shift({cells})\nprint(TotalShift)")
    expected = np.empty_like(before)
    for ix in range(16):
        source = ix - cells
        expected[:, :, ix] = (
            (0, 0, 1) if source < 0 else (0, 1, 0) if source >= 16 else before[:, :, source]
        )
    np.testing.assert_array_equal(world.magnet.values(), expected)
    assert world.space.position() == pytest.approx(-cells * 2e-9)


def test_edge_carry_repeats_the_border_except_vacuum(world: World) -> None:
    world.execute(
        f"{MESH}m = RandomMagSeed(5)\nSetGeom(yrange(-inf, 2e-9))\nEdgeCarryShift = true\n"
        "ShiftMagL = vector(0, 0, -1)\nShiftGeom = false\n"
    )
    before = world.magnet.values()
    world.execute("Shift(4)")
    after = world.magnet.values()
    for ix in range(4):
        np.testing.assert_array_equal(after[:, :4, ix], before[:, :4, 0])
    assert not after[:, 4:].any()


def test_geometry_and_regions_enter_from_their_shapes(world: World) -> None:
    world.execute(
        f"{MESH}m = uniform(1, 0, 0)\nShiftMagL = vector(1, 0, 0)\n"
        "SetGeom(circle(10e-9).repeat(20e-9, 0, 0))\n"
        "DefRegion(3, xrange(-40e-9, -30e-9))\nDefRegion(1, xrange(6e-9, inf))\n"
    )
    world.execute("for i := 0; i < 10; i++ { Shift(1) }")
    # 10 cells are one period of the geometry: it looks as before, without a gap of m.
    moved = world.space.fill().copy()
    np.testing.assert_array_equal(world.magnet.values().any(axis=-1), moved > 0)
    regions = world.space.regions().copy()
    world.execute("TotalShift = 0\nSetGeom(circle(10e-9).repeat(20e-9, 0, 0))")
    np.testing.assert_array_equal(world.space.fill(), moved)
    # The box now shows x from -36 nm to -4 nm.
    x = -35e-9 + 2e-9 * np.arange(16)
    expected = np.where((x >= -40e-9) & (x < -30e-9), 3, 0)
    np.testing.assert_array_equal(regions[0, 0], expected)


def test_places_include_the_shift(printed: Callable[[str], list[str]]) -> None:
    lines = printed(f"{MESH}Shift(2)\nprint(Index2Coord(8, 0, 0).x())\nprint(ext_dwpos)")
    assert [float(v) for v in lines] == pytest.approx([1e-9 - 4e-9, -4e-9])


def test_shift_by_nothing_is_an_error(world: World) -> None:
    with pytest.raises(PanicError, match="Shift by 0"):
        world.execute(f"{MESH}Shift(0)")


@pytest.mark.parametrize("command", ["ext_centerWall(2)", "ext_centerWallInLayer(0, 2)"])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_window_follows_a_wall(world: World, command: str, sign: int) -> None:
    """A wall 6 cells right of the centre comes back until |<mz>| is at most 4 / nx."""
    world.execute(
        f"{MESH}SetGridSize(40, 4, 1)\nalpha = 1\n"
        f"m = twodomain(0,0,{sign}, 0,1,0, 0,0,{-sign}).transl(12e-9, 0, 0)\n"
        f"{command}\nSteps(20)"
    )
    mean = float(world.magnet.values()[..., 2].mean())
    assert abs(mean) <= 4 / 40 + 1e-6
    assert world.space.position() == pytest.approx(4 * 2e-9)
    world.execute("ClearPostSteps()\nm = uniform(0, 0, 1)\nSteps(3)")
    assert world.space.position() == pytest.approx(4 * 2e-9)


def test_the_window_follows_in_relax_as_well(world: World) -> None:
    world.execute(
        f"{MESH}SetGridSize(40, 4, 1)\nalpha = 1\nAex = 1e-11\nKu1 = 5e5\nanisU = vector(0, 0, 1)\n"
        "m = twodomain(0,0,1, 0,1,0, 0,0,-1).transl(12e-9, 0, 0)\next_centerWall(2)\nRelax()"
    )
    mean = float(world.magnet.values()[..., 2].mean())
    assert abs(mean) <= 4 / 40 + 1e-6
    # The wall has stayed where it was in space: place of the window plus place in the window.
    assert world.space.position() + mean * 20 * 2e-9 == pytest.approx(12e-9, abs=2e-9)
    assert max_torque(world.sim) < 1e-3


def test_an_unclear_edge_is_told(world: World) -> None:
    with pytest.raises(ScriptError, match="unclear in which direction"):
        world.execute(f"{MESH}alpha = 1\nm = uniform(1, 0, 0)\next_centerWall(2)\nSteps(1)")


def test_the_window_follows_a_bubble(world: World) -> None:
    world.execute(
        f"{MESH}SetGridSize(32, 32, 1)\nalpha = 1\next_BubbleMz = -1\nm = uniform(0, 0, 1)\n"
        "m.setInShape(circle(12e-9).transl(10e-9, -6e-9, 0), uniform(0, 0, -1))\n"
        "ext_centerBubble()\nSteps(3)"
    )
    y, x = np.nonzero(world.magnet.values()[0, ..., 2] < 0)
    assert (x.mean(), y.mean()) == pytest.approx((16, 16), abs=1)
    assert world.space.position("x") == pytest.approx(5 * 2e-9, abs=2.1e-9)
    assert world.space.position("y") == pytest.approx(-3 * 2e-9, abs=2.1e-9)
    assert world.magnet.values()[0, 0, 0] == pytest.approx((0, 0, 1))


def test_a_run_goes_on_with_the_moved_m(world: World) -> None:
    """Uniform precession does not notice that the window moves."""
    setup = f"{MESH}SetGridSize(8, 4, 1)\nB_ext = vector(0, 0, 1)\nalpha = 0.05\n"
    world.execute(f"{setup}m = uniform(1, 0, 0)\nRun(10e-12)")
    still = world.magnet.values()[0, 0, 0]
    world.execute(
        "t = 0\nm = uniform(1, 0, 0)\nEdgeCarryShift = true\nShiftMagL = vector(1, 0, 0)\n"
        "ShiftMagR = vector(-1, 0, 0)\nstep = 0\n"
    )
    world.control.post_steps.append(lambda: world.execute("Shift(1)", echo=False))
    world.execute("Run(10e-12)")
    assert world.space.position() < -5e-9
    np.testing.assert_allclose(
        world.magnet.values(), np.broadcast_to(still, (1, 4, 8, 3)), atol=2e-4
    )


def test_grains_have_their_size_and_do_not_depend_on_order() -> None:
    side, size = 400, 20.0
    y, x = np.mgrid[:side, :side].astype(float)
    regions = Tessellation(size, 256, 1).region_of(x, y)
    edges = (np.diff(regions, axis=0) != 0).mean() + (np.diff(regions, axis=1) != 0).mean()
    # Boundary length per area of a Poisson-Voronoi tessellation is 2/size; a pixel line of random
    # direction cuts it 4/pi times as often in x and y together.
    assert edges == pytest.approx(4 / np.pi * 2 / size, rel=0.1)
    again = Tessellation(size, 256, 1)
    parts = [again.region_of(x[:, k : k + 100], y[:, k : k + 100]) for k in (300, 0, 200, 100)]
    np.testing.assert_array_equal(
        np.concatenate([parts[1], parts[3], parts[2], parts[0]], 1), regions
    )
    assert (Tessellation(size, 256, 2).region_of(x, y) != regions).mean() > 0.9


def test_scripts_make_grains(world: World) -> None:
    world.execute(f"{MESH}SetGridSize(64, 64, 1)\next_makegrains(20e-9, 10, 4)\n")
    regions = world.space.regions()
    assert len(np.unique(regions)) > 5 and regions.max() < 10
    with pytest.raises(PanicError, match="1 to 256"):
        world.execute("ext_makegrains(20e-9, 300, 4)")


def test_field_of_end_charges_is_coulombs() -> None:
    """Summed by hand for one cell; far from a face its flux is that of a point charge."""
    mesh = Mesh((4, 3, 2), (2e-9, 1e-9, 1.5e-9))
    found = end_charge_field(mesh, 0.7, -0.2)
    target = np.array([2.5 * 2e-9, 0.5e-9, 0.75e-9])
    expected = np.zeros(3)
    for charge, x in ((0.7, 0.0), (-0.2, 8e-9)):
        for j in range(3):
            for k in range(2):
                away = target - np.array([x, (j + 0.5) * 1e-9, (k + 0.5) * 1.5e-9])
                area = 1e-9 * 1.5e-9
                expected += charge * area / (4 * np.pi) * away / np.linalg.norm(away) ** 3
    np.testing.assert_allclose(found[0, 0, 2], expected, rtol=1e-6)
