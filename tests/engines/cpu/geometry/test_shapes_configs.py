"""Shapes by their areas and borders, initial states by their symmetries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from orchestrator.engines.cpu.geometry.gorandom import GoRandom
from orchestrator.engines.cpu.language.errors import ScriptError
from orchestrator.engines.cpu.script.world import World

Printed = Callable[[str], list[str]]
MESH = "SetGridSize(64, 32, 4)\nSetCellSize(1e-9, 1e-9, 1e-9)\nEnableDemag = false\n"


@pytest.mark.parametrize(
    ("shape", "share"),
    [
        ("universe()", 1),
        ("circle(20e-9)", np.pi * 100 / (64 * 32)),
        ("ellipse(40e-9, 20e-9)", np.pi * 200 / (64 * 32)),
        ("rect(32e-9, 16e-9)", 0.25),
        ("xrange(0, inf)", 0.5),
        ("yrange(-inf, 0).inverse()", 0.5),
        ("layers(0, 1)", 0.25),
        ("layer(3)", 0.25),
        ("cell(0, 0, 0)", 1 / (64 * 32 * 4)),
        ("xrange(0, inf).intersect(yrange(0, inf))", 0.25),
        ("xrange(0, inf).add(yrange(0, inf))", 0.75),
        ("xrange(0, inf).xor(yrange(0, inf))", 0.5),
        ("universe().sub(xrange(0, inf))", 0.5),
        ("rect(16e-9, 32e-9).rotz(pi/2)", 16 * 32 / (64 * 32)),
        ("rect(4e-9, 4e-9).repeat(8e-9, 8e-9, 0)", 0.25),
        ("square(8e-9).transl(10e-9, 0, 0)", 64 / (64 * 32)),
        ("square(8e-9).scale(2, 1, 1)", 128 / (64 * 32)),
        ("triangle(-16e-9, -16e-9, 16e-9, -16e-9, -16e-9, 16e-9)", 0.25),
        ("cylinder(20e-9, 2e-9)", 0.5 * np.pi * 100 / (64 * 32)),
        ("cuboid(32e-9, 16e-9, 2e-9)", 0.125),
    ],
)
def test_share_of_the_box(printed: Printed, shape: str, share: float) -> None:
    (line,) = printed(f"{MESH}SetGeom({shape})\nprint(geom.average())")
    assert float(line) == pytest.approx(share, rel=0.04)


def test_smooth_edges_sharpen_the_area(printed: Printed) -> None:
    (line,) = printed(f"{MESH}EdgeSmooth = 8\nSetGeom(circle(20e-9))\nprint(geom.average())")
    assert float(line) == pytest.approx(np.pi * 100 / (64 * 32), rel=2e-3)


def test_vacuum_has_no_magnetization_and_averages_leave_it_out(printed: Printed) -> None:
    text = f"{MESH}m = uniform(0, 0, 2)\nSetGeom(circle(20e-9))\nprint(m)\nprint(m.getcell(0,0,0))"
    assert printed(text) == ["0 0 1", "[0 0 0]"]


def test_an_empty_geometry_is_refused(world: World) -> None:
    with pytest.raises(ScriptError, match=r"line 4: .*completely empty"):
        world.execute(f"{MESH}SetGeom(circle(0))")


def test_regions_and_their_averages(printed: Printed) -> None:
    text = f"""{MESH}
    DefRegion(1, xrange(0, inf))
    DefRegion(2, layer(0))
    Msat.setRegion(1, 4e5)
    Msat.setRegion(2, 8e5)
    print(Msat.average(), Msat.region(1).average(), Msat.getRegion(2), regions.getcell(40, 0, 0))
    m.setRegion(2, uniform(1, 0, 0))
    print(m.region(2).average().x())
    redefregion(2, 0)
    print(regions.average())
    """
    assert printed(text) == ["350000 400000 800000 2", "1", "0.375"]


def test_random_mag_is_gos_stream_in_cell_order(world: World) -> None:
    world.execute(MESH)
    draws = GoRandom(0).floats(4)
    theta, mz = 2 * np.pi * draws[0::2], 2 * (draws[1::2] - 0.5)
    r = np.sqrt(1 - mz**2)
    want = np.stack((r * np.cos(theta), r * np.sin(theta), mz), axis=-1)
    np.testing.assert_allclose(world.magnet.values()[0, 0, :2], want, atol=1e-6)
    before = world.magnet.values()
    world.execute("m = RandomMagSeed(1)")
    assert np.abs(world.magnet.values() - before).max() > 0.5


def test_helix_turns_towards_plus_y(printed: Printed) -> None:
    # q along x: m = (0, sin qx, -cos qx)
    text = f"""{MESH}
    SetGridSize(64, 1, 1)
    m = helical(vector(2*pi/64e-9, 0, 0))
    x := index2coord(40, 0, 0).x()
    a := m.getcell(40, 0, 0)
    print(a.y() - sin(2*pi/64e-9*x) < 1e-6, a.z() + cos(2*pi/64e-9*x) < 1e-6, a.y() > 0.5)
    """
    assert printed(text) == ["true true true"]


def test_cores_and_senses(printed: Printed) -> None:
    text = f"""{MESH}
    SetGridSize(33, 33, 1)
    m = vortex(1, -1)
    print(m.getcell(16, 16, 0), m.getcell(32, 16, 0).y() > 0.99)
    m = antivortex(1, 1)
    print(m.getcell(16, 32, 0).y() > 0.99, m.getcell(32, 16, 0).x() < -0.99)
    m = neelskyrmion(1, -1)
    print(m.getcell(16, 16, 0), m.getcell(22, 16, 0).x() > 0.5, m.getcell(0, 0, 0).z() > 0.5)
    m = blochskyrmion(1, -1)
    print(m.getcell(22, 16, 0).y() > 0.5)
    m = twodomain(1,0,0, 0,1,0, -1,0,0)
    print(m.getcell(0, 0, 0).x(), m.getcell(32, 0, 0).x(), m.getcell(16, 0, 0))
    m = uniform(1, 0, 0).rotz(pi/2).add(1, uniform(0, 0, 1))
    print(m.average().y() > 0.7, m.average().z() > 0.7)
    """
    assert printed(text) == [
        "[0 0 -1] true",
        "true true",
        "[0 0 -1] true true",
        "true",
        "1 -1 [0 1 0]",
        "true true",
    ]


def test_a_smaller_mesh_resamples_what_lives_on_it(printed: Printed) -> None:
    text = f"{MESH}m = uniform(0, 1, 0)\nDefRegion(3, xrange(0, inf))\nSetGridSize(8, 4, 1)\n"
    assert printed(text + "print(m, regions.average())") == ["0 1 0 1.5"]


def test_hopfion_is_down_on_its_ring_and_up_outside(printed: Printed) -> None:
    text = f"""{MESH}
    SetGridSize(41, 41, 11)
    m = HopfionCompactSupport(10e-9, 4.5e-9)
    print(m.getcell(30, 20, 5).z() < -0.999, m.getcell(20, 10, 5).z() < -0.999)
    print(m.getcell(20, 20, 5).z(), m.getcell(0, 0, 0).z(), m.getcell(30, 20, 10).z())
    """
    assert printed(text) == ["true true", "1 1 1"]


def test_rough_surface_lies_between_its_heights(world: World) -> None:
    world.execute(f"{MESH}SetGridSize(64, 64, 8)\nSetGeom(GrainRoughness(4e-9, -2e-9, 2e-9, 7))\n")
    filled = world.space.fill() > 0
    assert filled[:2].all() and not filled[6:].any()
    assert filled[2:6].mean() == pytest.approx(0.5, abs=0.05)
    assert (filled[2:-1] >= filled[3:]).all()


def test_clock(printed: Printed) -> None:
    text = "a := now()\nb := since(a)\nprint(b.seconds() >= 0, b.seconds() < 60, b.hours() < 1)"
    assert printed(text) == ["true true true"]
