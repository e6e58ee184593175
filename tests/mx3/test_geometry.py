from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from orchestrator.describe.areas import Mask, Rectangle
from orchestrator.describe.contacts import SideContact
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Region, Resistivity
from orchestrator.mx3.geometry import Geometry
from orchestrator.mx3.script import Scripts

MATERIAL = Material(Ms=4.9e5, Aex=1e-11, alpha=0.3)
AMR = Resistivity(rho_par=7e-7, rho_perp=1e-7)
ENDS = (SideContact("left", "left"), SideContact("right", "right"))


def device(film: Film, *regions: Region) -> Device:
    return Device(film, MATERIAL, AMR, ENDS, regions=regions)


def inside_cuboids(script: str, film: Film) -> np.ndarray:
    """Cells whose center lies in one of a script's cuboids, in mumax3's coordinates."""
    x, y, z = film.cell_coordinates()
    points = [a - length / 2 for a, length in zip((x, y, z), film.lengths, strict=True)]
    inside = np.zeros(film.array_shape, bool)
    for line in script.splitlines()[:-1]:
        size, middle = (
            [float(v) for v in line.split(f"{word}(")[1].split(")")[0].split(",")]
            for word in ("Cuboid", "Transl")
        )
        box = np.ones(film.array_shape, bool)
        for axis, w, c in zip(points, size, middle, strict=True):
            box &= np.abs(axis - c) <= w / 2
        assert not (inside & box).any()
        inside |= box
    return inside


@settings(max_examples=40, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 7))))
def test_cuboids_fill_the_non_magnetic_cells_exactly(cells):
    nz, ny, nx = cells.shape
    film = Film((nx, ny, nz), (4e-9, 3e-9, 5e-9))
    cells[0, 0, 0] = True
    made = device(film, Region("pad", Mask.of(cells), "metal", rho=1e-8))
    script = Geometry(made).script
    assert script.endswith("SetGeom(empty.Inverse())")
    np.testing.assert_array_equal(inside_cuboids(script, film), cells)


def test_magnets_leave_the_geometry_alone():
    film = Film((8, 6, 1), (4e-9, 4e-9, 1e-8))
    other = Resistivity(rho_par=2e-7, rho_perp=1e-7)
    everything = Rectangle((0.0, 0.0), (32e-9, 24e-9))
    hole = Region("hole", everything, "vacuum")
    magnet = Region("soft", everything, "magnet", resistivity=other)
    assert Geometry(device(film, hole, magnet)).script == ""
    plain = Scripts(device(film)).setup()
    assert "SetGeom" not in plain
    assert plain.splitlines()[1:] == Scripts(device(film, hole, magnet)).setup().splitlines()[1:]


def test_engine_finds_no_magnetization_in_metal_and_vacuum(tmp_path):
    from orchestrator.engines.cpu.session import CpuEngine
    from orchestrator.ovf.files import read_ovf, write_ovf

    film = Film((8, 6, 1), (4e-9, 4e-9, 1e-8))
    made = device(
        film,
        Region("hole", Rectangle((8e-9, 4e-9), (16e-9, 12e-9)), "vacuum"),
        Region("pad", Rectangle((24e-9, 0.0), (32e-9, 24e-9)), "metal", rho=1e-8),
    )
    m = np.zeros((*film.array_shape, 3))
    m[..., 2] = 1
    write_ovf(tmp_path / "m0.ovf", m, film.cell_size)
    scripts = Scripts(made)
    session = CpuEngine().start(scripts.setup(), tmp_path, "m0.ovf")
    result = session.execute(scripts.relax(1e-12, "m1.ovf"), "m1.ovf")
    session.close()
    after = read_ovf(result.magnetization).data
    length = np.linalg.norm(after, axis=-1)
    assert length[~made.non_magnetic] == pytest.approx(1, abs=1e-6)
    assert (length[made.non_magnetic] == 0).all()
    assert made.non_magnetic.sum() == 4 + 12
