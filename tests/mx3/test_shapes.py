"""Films with a shape: script, engine, network and contacts see the same cells."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from orchestrator.describe.areas import Box, Disc, Ellipse, Mask, Rectangle
from orchestrator.describe.contacts import DiscContact, SideContact
from orchestrator.describe.device import Device
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Region, Resistivity
from orchestrator.engines.cpu.make import make_world
from orchestrator.engines.cpu.output.outputs import Outputs
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.mx3.geometry import Geometry
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.transport.network import Network

MATERIAL = Material(Ms=8e5, Aex=1e-11, alpha=0.3, demag=True)
AMR = Resistivity(rho_par=2e-7, rho_perp=1e-7)
ENDS = (SideContact("left", "left"), SideContact("right", "right"))
CELLS, CELL = (24, 20, 1), (4e-9, 5e-9, 1e-8)
DISC = Disc((48e-9, 50e-9), 48e-9)


def mask_of(seed: int) -> Mask:
    cells = np.random.default_rng(seed).random((1, 20, 24)) > 0.3
    cells[0, 10] = True
    return Mask.of(cells)


SHAPES = {
    "disc": "disc",
    "ellipse": "ellipse",
    "disc off the middle": Disc((48e-9, 45e-9), 48e-9),
    "ellipse off the middle": Ellipse((50e-9, 40e-9), (50e-9, 30e-9)),
    "rectangle": Rectangle((0.0, 20e-9), (96e-9, 80e-9)),
    "box": Box((0.0, 20e-9, 0.0), (96e-9, 80e-9, 1e-8)),
    "stripes": Mask((1, 20, 1), (4, 3, 6, 7)),
    "mask": mask_of(0),
}


def device(shape, *regions, cells=CELLS, cell_size=CELL, contacts=ENDS) -> Device:
    return Device(Film(cells, cell_size, shape=shape), MATERIAL, AMR, contacts, regions=regions)


def magnetic_cells(made: Device, folder) -> np.ndarray:
    """Where the embedded engine has m after the setup."""
    folder.mkdir(exist_ok=True)
    up = np.zeros((*made.film.array_shape, 3))
    up[..., 2] = 1
    write_ovf(folder / "m0.ovf", up, made.film.cell_size)
    session = CpuEngine(1).start(Scripts(made).setup_in(folder), folder, "m0.ovf")
    result = session.execute(Scripts(made).relax(1e-14, "m1.ovf"), "m1.ovf")
    session.close()
    return read_ovf(result.magnetization).data.any(axis=-1)


@pytest.mark.parametrize("name", SHAPES)
def test_engine_and_network_have_the_cells_of_the_shape(name, tmp_path):
    made = device(SHAPES[name])
    inside = made.film.inside
    assert 0 < inside.sum() < inside.size
    np.testing.assert_array_equal(magnetic_cells(made, tmp_path), inside)
    np.testing.assert_array_equal(Network.of_device(made).media.vacuum, ~inside)


def test_layers_of_a_mask_that_differ_are_images_of_their_own(tmp_path):
    """A ball of cells, as zero vectors of an m0 file give it."""
    film = Film((12, 12, 10), (4e-9, 4e-9, 4e-9))
    x, y, z = film.cell_coordinates()
    ball = (x - 24e-9) ** 2 + (y - 24e-9) ** 2 + (z - 20e-9) ** 2 < (19e-9) ** 2
    contacts = (DiscContact("a", (8e-9, 24e-9), 4e-9), DiscContact("b", (40e-9, 24e-9), 4e-9))
    made = device(Mask.of(ball), cells=(12, 12, 10), cell_size=(4e-9,) * 3, contacts=contacts)
    geometry = Geometry(made)
    assert "Cuboid" not in geometry.script
    # The two layers in the middle are equal, and the lower half is the upper one.
    assert geometry.script.count("ImageShape") == geometry.script.count("Layers") == 9
    assert len(geometry.images) == 5
    np.testing.assert_array_equal(magnetic_cells(made, tmp_path), ball)


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("disc", r"Cylinder\(9\.600000009\d*e-08, 1e-08\)"),
        ("ellipse", r"Ellipse\(9\.600000009\d*e-08, 1\.000000001e-07\)"),
        (
            "disc off the middle",
            r"Cylinder\(9\.6\d*e-08, 1e-08\).Transl\(0\.0, -4\.9\d+e-09, 0\)",
        ),
        ("rectangle", r"Cuboid\([^)]*\)\.Transl\([^)]*\)"),
        ("mask", r'ImageShape\("mask_[0-9a-f]{16}\.png"\)'),
    ],
)
def test_shapes_are_drawn_by_those_of_mumax3(name, drawn):
    script = Geometry(device(SHAPES[name])).script
    assert re.fullmatch(rf"film := {drawn}\nSetGeom\(film\)", script), script


def test_regions_are_added_and_taken_away_in_their_order(tmp_path):
    pad = Region("pad", Rectangle((0.0, 0.0), (20e-9, 100e-9)), "metal", rho=1e-8)
    hole = Region("hole", Disc((48e-9, 50e-9), 20e-9), "vacuum")
    soft = Resistivity(rho_par=3e-7, rho_perp=1e-7)
    island = Region("island", Disc((48e-9, 50e-9), 9e-9), "magnet", resistivity=soft)
    nothing = Region("again", Disc((48e-9, 50e-9), 5e-9), "magnet", resistivity=soft)
    made = device("disc", pad, hole, island, nothing)
    script = Geometry(made).script
    names = [name for name in re.findall(r"(\w+)\(", script) if name != "Transl"]
    assert names == ["Cylinder", "Sub", "Cuboid", "Sub", "Cylinder", "Add", "Cylinder", "SetGeom"]
    np.testing.assert_array_equal(magnetic_cells(made, tmp_path), ~made.non_magnetic)
    # Metal outside the disc conducts: the contact on the left is whole.
    assert Network.of_device(made).media.metal[0, :, 0].all()


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(3, 9), st.integers(3, 9)),
    st.tuples(st.integers(-2, 20), st.integers(-2, 20)),
    st.integers(1, 12),
    st.integers(1, 12),
)
def test_round_shapes_hold_the_same_cells_on_their_edges_too(cells, center, a, b):
    """Half-integer places and radii put cell centers on edges; both rules must agree there."""
    x, y = (2.5e-9 * c for c in center)
    for shape in (Disc((x, y), 2.5e-9 * a), Ellipse((x, y), (2.5e-9 * a, 2.5e-9 * b))):
        try:
            film = Film((*cells, 1), (5e-9, 5e-9, 1e-8), shape=shape)
        except ValueError:
            continue
        lx, ly, _ = film.lengths
        script = Geometry(SimpleNamespace(film=film, regions=())).script
        sizes = [float(v) for v in re.search(r"\(([^)]*)\)", script)[1].split(",")]
        moved = re.search(r"Transl\(([^)]*)\)", script)
        dx, dy = [float(v) for v in moved[1].split(",")][:2] if moved else (0.0, 0.0)
        px, py, _ = film.cell_coordinates()
        px, py = px - lx / 2 - dx, py - ly / 2 - dy
        if isinstance(shape, Disc):
            theirs = px**2 + py**2 <= (sizes[0] / 2) ** 2
        else:
            theirs = (px / sizes[0]) ** 2 + (py / sizes[1]) ** 2 <= 0.25
        np.testing.assert_array_equal(np.broadcast_to(theirs, film.array_shape), film.inside)


def energies(made: Device, folder) -> tuple[float, float]:
    """E_demag and E_exch (J) of the engine for a vortex."""
    folder.mkdir()
    world = make_world(Outputs(folder / "out", quiet=True), threads=1, folder=folder)
    printed: list[str] = []
    world.outputs.listeners.append(printed.append)
    end = "m = Vortex(1, 1)\nprint(E_demag)\nprint(E_exch)\n"
    world.execute(Scripts(made).setup_in(folder) + end, echo=False)
    world.close()
    demag, exchange = (float(line.removeprefix("//")) for line in printed)
    return demag, exchange


def test_a_shape_a_vacuum_region_and_zeros_of_m0_are_the_same_device(tmp_path):
    """Demag, conductance and a contact on the curved edge."""
    contacts = (DiscContact("rim", (0.0, 50e-9), 12e-9), SideContact("right", "right"))
    shaped = device(DISC, contacts=contacts)
    outside = Region("outside", Mask.of(~shaped.film.inside), "vacuum")
    emptied = device(None, outside, contacts=contacts)
    plain = device(None, contacts=contacts)
    zeros = device(plain.emptied(~shaped.film.inside).shape, contacts=contacts)
    assert zeros.film.shape == Mask.of(shaped.film.inside)
    m = shaped.film.saturated()
    found = [
        (Network.of_device(made).solve(m).conductance, energies(made, tmp_path / name))
        for made, name in ((shaped, "shaped"), (emptied, "emptied"), (zeros, "zeros"))
    ]
    full = Network.of_device(plain).solve(m).conductance
    for conductance, energy in found[1:]:
        np.testing.assert_array_equal(conductance, found[0][0])
        assert energy == found[0][1]
    assert found[0][0][0, 0] < 0.95 * full[0, 0]
    assert energies(plain, tmp_path / "plain")[0] != found[0][1][0]


def test_a_contact_beside_the_shape_is_refused():
    corner = DiscContact("corner", (0.0, 0.0), 8e-9)
    with pytest.raises(ValueError, match="contact 'corner' touches no conducting cell"):
        device("disc", contacts=(corner, ENDS[1]))
    with pytest.raises(ValueError, match="shape holds the center of no cell"):
        device(Disc((1e-6, 0.0), 1e-9))


FILE = """
name = "dot"
contacts = [
  { name = "a", shape = "side", side = "left" },
  { name = "b", shape = "side", side = "right" },
]
film = { cells = [24, 20, 1], cell_size = [4e-9, 5e-9, 1e-8], shape = SHAPE }
material = { Ms = 8e5, Aex = 1e-11, alpha = 0.5 }
resistivity = { rho_par = 2e-7, rho_perp = 1e-7 }
training = { patterns = ["+-"], voltage = 0.05, pulse_length = 2e-12, pulses = 1 }
start = { settle_time = 2e-12 }
reference = { starts = 1 }
output = { snapshots = [1] }
"""


def test_runs_and_renderings_of_an_image(tmp_path):
    import orchestrator

    cells = mask_of(3).cells(Film(CELLS, CELL))[0]
    Image.fromarray(np.where(cells[::-1], 0, 255).astype(np.uint8)).save(tmp_path / "film.png")
    path = tmp_path / "dot.toml"
    path.write_text(FILE.replace("SHAPE", '{ shape = "mask", file = "film.png" }'))
    experiment = Experiment.from_toml(path)
    np.testing.assert_array_equal(experiment.film.inside[0], cells)
    with orchestrator.open_run(orchestrator.run(experiment, tmp_path, engine="cpu")) as results:
        m = results.magnetization.isel(training=0, snapshot=0).transpose("z", "y", "x", "component")
        np.testing.assert_array_equal(m.values.any(axis=-1)[0], cells)
        j = results.current_density.isel(training=0, snapshot=0)
        assert not j.transpose("z", "y", "x", "component").values[0][~cells].any()


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ('"ring"', "film.shape: must be one of 'disc', 'ellipse' or a table with shape = 'disc'"),
        ('{ radius = 1e-8 }', "film.shape.shape: must be one of 'disc', 'ellipse', 'rectangle'"),
        ('{ shape = "disc", center = [5e-8, 5e-8] }', "film.shape.radius: required, but missing"),
        ('{ shape = "ellipse", semi_axis = 1.0 }', "film.shape.semi_axis: unknown key; did you"),
        ('{ shape = "disc", center = [1.0, 0.0], radius = 1e-8 }', "film: shape holds the center"),
        (
            '{ shape = "ellipse", center = [0.0, 0.0], semi_axes = [1e-8, 0.0] }',
            "film.shape: semi_axes must be positive",
        ),
        ('{ shape = "mask", file = "none.png" }', "film.shape.file: .*none.png: cannot be read"),
    ],
)  # fmt: skip
def test_wrong_shapes_are_named(tmp_path, shape, words):
    path = tmp_path / "dot.toml"
    path.write_text(FILE.replace("SHAPE", shape))
    with pytest.raises(ValueError, match=words):
        Experiment.from_toml(path)


def test_named_shapes_grow_with_the_film_and_are_in_the_hash(tmp_path):
    path = tmp_path / "dot.toml"
    path.write_text(FILE.replace("SHAPE", '"disc"'))
    small = Experiment.from_toml(path)
    path.write_text(FILE.replace("SHAPE", '"disc"').replace("[24, 20, 1]", "[48, 40, 1]"))
    large = Experiment.from_toml(path)
    assert large.film.inside.mean() == pytest.approx(small.film.inside.mean(), rel=0.05)
    path.write_text(FILE.replace(", shape = SHAPE", ""))
    full = Experiment.from_toml(path)
    assert len({small.hash, large.hash, full.hash}) == 3
    assert Experiment.from_dict(small.to_dict()) == small
