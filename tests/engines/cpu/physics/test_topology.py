"""Topological charge, angles, positions of walls, cores and bubbles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from orchestrator.engines.cpu.physics import topology, tracking
from orchestrator.engines.cpu.script.world import World

CELL = (2e-9, 3e-9, 5e-9)


def skyrmion(pole: int, winding: int, size: int = 40, phase: float = 0.3) -> np.ndarray:
    """A skyrmion with m = pole z at its centre and -pole z from a radius on."""
    x, y = np.meshgrid(np.arange(size) - size / 2 + 0.3, np.arange(size) - size / 2 - 0.2)
    polar = np.pi * np.clip(np.hypot(x, y) / (0.4 * size), 0, 1)
    azimuth = winding * np.arctan2(y, x) + phase
    parts = np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)
    m = np.stack(parts, axis=-1) * pole if pole == 1 else np.stack((*parts[:2], -parts[2]), axis=-1)
    return m[None].astype(np.float32)


@pytest.mark.parametrize("pole", [1, -1])
@pytest.mark.parametrize("winding", [1, -1, 2])
@pytest.mark.parametrize("periodic", [(0, 0, 0), (1, 1, 0)])
def test_charge_of_a_skyrmion(pole: int, winding: int, periodic: tuple[int, int, int]) -> None:
    """Q = pole times winding: exactly on the lattice, nearly by finite differences."""
    m = skyrmion(pole, winding)
    lattice = topology.lattice_charge_density(m, CELL, periodic)
    assert topology.charge(lattice, CELL) == pytest.approx(pole * winding, abs=1e-5)
    smooth = topology.charge_density(m, CELL, periodic)
    assert topology.charge(smooth, CELL) == pytest.approx(pole * winding, abs=0.01 * winding**2)


def test_charge_is_averaged_over_layers() -> None:
    m = np.concatenate([skyrmion(1, 1), skyrmion(1, 1), np.zeros_like(skyrmion(1, 1))])
    m[2, ..., 2] = 1
    density = topology.lattice_charge_density(m, CELL, (0, 0, 0))
    assert topology.charge(density, CELL) == pytest.approx(2 / 3, abs=1e-5)


def test_charge_ignores_vacuum_around() -> None:
    m = skyrmion(-1, 1)
    y, x = np.mgrid[:40, :40]
    m[0, np.hypot(x - 19.7, y - 20.2) > 17.5] = 0
    for density in (topology.charge_density, topology.lattice_charge_density):
        found = density(m, CELL, (0, 0, 0))
        assert topology.charge(found, CELL) == pytest.approx(-1, abs=0.02)
        assert (found[~m.any(axis=-1)] == 0).all()


def test_charge_density_of_a_linear_texture_is_exact() -> None:
    """For m = (ax, by, 1) unnormalized the density is a b in every cell, edges included."""
    y, x = np.mgrid[:5, :6]
    m = np.stack((0.1 * x, 0.2 * y, np.ones_like(x)), axis=-1)[None].astype(float)
    found = topology.charge_density(m, (1.0, 1.0, 1.0), (0, 0, 0))
    np.testing.assert_allclose(found, 0.1 * 0.2, rtol=1e-12)


def test_scripts_know_charge_and_angles(printed: Callable[[str], list[str]]) -> None:
    lines = printed(
        "SetGridSize(64, 64, 1)\nSetCellSize(1e-9, 1e-9, 1e-9)\nEnableDemag = false\n"
        "m = BlochSkyrmion(1, -1)\nprint(ext_topologicalchargelattice.get())\n"
        "q := ext_topologicalcharge + 0\nprint(q)\n"
        "print(Sum(ext_topologicalchargedensitylattice) * 1e-18 / (4*pi))\n"
        "m = uniform(0, 1, 0)\nprint(ext_phi.average() * 2 / pi, ext_theta.average() * 2 / pi)\n"
        "m = uniform(1, 0, 0)\nm.setRegion(0, uniform(0, 1, 0))\nprint(MaxAngle)\n"
    )
    charges = [float(line) for line in lines[:3]]
    assert charges == pytest.approx([-1, -1, -1], abs=0.02)
    assert charges[2] == pytest.approx(charges[0], rel=1e-4)
    assert [float(v) for v in lines[3].split()] == pytest.approx([1, 1], rel=1e-6)
    assert float(lines[4]) == 0


def test_largest_angle_of_a_wall(printed: Callable[[str], list[str]]) -> None:
    lines = printed(
        "SetGridSize(8, 2, 1)\nSetCellSize(1e-9, 1e-9, 1e-9)\nEnableDemag = false\n"
        "Msat = 1e6\nAex = 1e-11\nm = helical(vector(0.5e9, 0, 0))\n"
        "print(MaxAngle)\nprint(SpinAngle.average())"
    )
    assert [float(line) for line in lines] == pytest.approx([0.5, 0.5], rel=1e-4)


def test_core_is_refined_by_a_parabola() -> None:
    y, x = np.mgrid[:9, :12].astype(float)
    m = np.zeros((1, 9, 12, 3), np.float32)
    m[0, ..., 2] = -(1 - 0.01 * (x - 7.3) ** 2 - 0.01 * (y - 2.8) ** 2)
    px, py, mz = tracking.core_position(m, CELL)
    assert (px, py) == pytest.approx(((7.3 - 5.5) * 2e-9, (2.8 - 4) * 3e-9), rel=1e-4)
    assert mz == pytest.approx(-(1 - 0.01 * (0.09 + 0.04)), rel=1e-5)


def test_bubble_is_the_mean_of_its_cells() -> None:
    m = np.zeros((1, 8, 10, 3), np.float32)
    m[..., 2] = 1
    m[0, 2:5, 6:8, 2] = -1
    place = tracking.bubble_position(m, np.ones((1, 8, 10)), CELL, -1.0, 0.25)
    assert place == pytest.approx(((6.5 - 5) * 2e-9, (3 - 4) * 3e-9))
    assert np.isnan(tracking.bubble_position(m, np.zeros((1, 8, 10)), CELL, 1.0, 0.25)).all()


def test_tilt_of_a_wall_along_a_line() -> None:
    y, x = np.mgrid[:30, :60]
    m = np.zeros((1, 30, 60, 3), np.float32)
    m[0, ..., 2] = np.where(x - 20.5 < 0.5 * (y - 4), 1, -1)
    assert tracking.wall_tilt(m) == pytest.approx(np.arctan(0.5), abs=0.03)


def test_the_way_wraps_around_a_periodic_box() -> None:
    way = tracking.Path()
    assert way.length((0.0, 0.0), (10.0, 10.0)) == 0
    assert way.length((3.0, 4.0), (10.0, 10.0)) == pytest.approx(5)
    assert way.length((-4.0, 4.0), (10.0, 10.0)) == pytest.approx(8)
    speed = tracking.Path()
    assert speed.speed((0.0, 0.0), (10.0, 10.0), 1.0) == 0
    assert speed.speed((2.0, 0.0), (10.0, 10.0), 1.5) == pytest.approx(4)


def test_scripts_know_positions(world: World, printed: Callable[[str], list[str]]) -> None:
    lines = printed(
        "SetGridSize(40, 20, 1)\nSetCellSize(1e-9, 1e-9, 1e-9)\nEnableDemag = false\n"
        "m = vortex(1, -1).transl(5e-9, -3e-9, 0)\nprint(ext_corepos.get())\n"
        "m = twodomain(1,0,0, 0,1,0, -1,0,0).transl(4e-9, 0, 0)\nprint(ext_dwxpos)\n"
        "ext_BubbleMz = -1\nm = uniform(0, 0, 1)\n"
        "m.setInShape(circle(6e-9).transl(3e-9, 2e-9, 0), uniform(0, 0, -1))\n"
        "print(ext_bubblepos)\nprint(ext_dwtilt, ext_dwpos, ext_dwspeed, ext_bubbledist)"
    )
    core = [float(v) for v in lines[0].strip("[]").split()]
    assert core[:2] == pytest.approx([5e-9, -3e-9], abs=0.1e-9) and core[2] < -0.5
    assert float(lines[1]) == pytest.approx(4e-9, abs=0.2e-9)
    # The origin of bubble positions is a cell's centre: half a cell off that of shapes.
    place = [float(v) for v in lines[2].split()]
    assert place[:2] == pytest.approx([2.5e-9, 1.5e-9], abs=1e-12)
    assert not any(float(v) for v in lines[3].split())
