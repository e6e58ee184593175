"""Known answers for the transport of textures of any origin."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import orchestrator
from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import DiscContact, RectangleContact, SideContact
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Resistivity
from orchestrator.measure.circuit import Circuit
from orchestrator.measure.media import read_numbers, regions_of
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.transport.network import Network

PAR, PERP = 2.5e-7, 2e-7
LEFT_RIGHT = (SideContact("left", side="left"), SideContact("right", side="right"))
BAR = Circuit(LEFT_RIGHT, Resistivity(rho_par=PAR, rho_perp=PERP))
CELL = (5e-9, 4e-9, 1e-8)
SHAPE = (1, 8, 24)
SQUARES = 24 * 5e-9 / (8 * 4e-9 * 1e-8)
"""L / (W t) of the bar, 1/m."""


def uniform(direction, shape=SHAPE):
    m = np.zeros((*shape, 3))
    m[:] = direction
    return m


@pytest.mark.parametrize(
    ("direction", "rho"), [((1, 0, 0), PAR), ((0, 1, 0), PERP), ((0, 0, 1), PERP)]
)
def test_a_uniform_bar_has_the_resistance_rho_l_over_w_t(direction, rho):
    result = orchestrator.transport(uniform(direction), BAR, cell_size=CELL)
    resistance = rho * SQUARES
    assert result.resistance("left", "right") == pytest.approx(resistance, rel=1e-12)
    np.testing.assert_allclose(result.currents, [1 / resistance, -1 / resistance], rtol=1e-12)
    assert result.power == pytest.approx(1 / resistance, rel=1e-12)
    j = 1 / (rho * 24 * 5e-9)
    np.testing.assert_allclose(result.current_density[..., 0], j, rtol=1e-9)
    np.testing.assert_allclose(result.current_density[..., 1:], 0, atol=1e-9 * j)
    np.testing.assert_allclose(result.power_density, rho * j**2, rtol=1e-9)
    x = np.linspace(1, 0, 25)
    np.testing.assert_allclose(result.potential, np.broadcast_to(x, (1, 9, 25)), atol=1e-12)


def test_inner_contacts_float_unless_they_are_driven():
    """A four-point probe and the planar Hall voltage of a long bar at 45 degrees.

    E_y = (rho_par - rho_perp) / 2 j, V(low) - V(high) = E_y W, j = I / (W t).
    """
    low, high = (
        RectangleContact(name, (5e-7, y), (5e-7, y)) for name, y in (("low", 0.0), ("high", 32e-9))
    )
    cross = Circuit((LEFT_RIGHT[0], low, high, LEFT_RIGHT[1]), BAR.resistivity)
    m = uniform(np.array([1, 1, 0]) / np.sqrt(2), (1, 8, 200))
    result = orchestrator.transport(m, cross, cell_size=CELL)
    assert abs(result.currents[1:3]).max() < 1e-15
    hall = result.voltages[1] - result.voltages[2]
    assert hall == pytest.approx((PAR - PERP) / 2 * result.currents[0] / CELL[2], rel=1e-3)
    driven = orchestrator.transport(m, cross, {"left": 1, "right": 0, "low": 0.5}, cell_size=CELL)
    np.testing.assert_allclose(driven.voltages[[0, 1, 3]], [1, 0.5, 0])
    np.testing.assert_allclose(driven.currents[2], 0, atol=1e-15)


@pytest.mark.parametrize(
    "voltages",
    [{"left": 1, "right": -1}, [1, -1], (1.0, -1.0), "1 -1", "1, -1", "+-", "left=1,right=-1"],
)
def test_voltages_in_every_way_of_giving_them(voltages):
    result = orchestrator.transport(uniform((1, 0, 0)), BAR, voltages, cell_size=CELL)
    np.testing.assert_allclose(result.currents[0], 2 / (PAR * SQUARES), rtol=1e-12)
    np.testing.assert_array_equal(result.voltages, [1, -1])


def test_currents_in_place_of_voltages():
    result = orchestrator.transport(
        uniform((1, 0, 0)), BAR, {"right": 0}, currents={"left": 2e-3}, cell_size=CELL
    )
    np.testing.assert_allclose(result.voltages, [2e-3 * PAR * SQUARES, 0], rtol=1e-12)
    grounded = orchestrator.transport(
        uniform((1, 0, 0)), BAR, currents={"left": 2e-3}, cell_size=CELL
    )
    np.testing.assert_array_equal(grounded.voltages, result.voltages)
    with pytest.raises(InputError, match="no contact has a voltage"):
        orchestrator.transport(uniform((1, 0, 0)), BAR, currents=[1, -1], cell_size=CELL)


def sources(tmp_path: Path):
    """The same tilted texture with a hole, in every form."""
    import discretisedfield as df

    m = uniform(np.array([3, 4, 0]) / 5)
    m[0, 2:4, 10:14] = 0
    yield "array", m
    path = tmp_path / "m000000.ovf"
    write_ovf(path, m, CELL, title="m", unit="1", time=2e-9)
    yield "path", path
    yield "name", str(path)
    yield "ovf field", read_ovf(path)
    mesh = df.Mesh(p1=(0, 0, 0), p2=(120e-9, 32e-9, 10e-9), n=(24, 8, 1))
    field = df.Field(mesh, nvdim=3, value=8e5 * m.transpose(2, 1, 0, 3), valid="norm")
    yield "field", field
    field.to_file(str(tmp_path / "ubermag.ovf"))
    yield "A/m file", tmp_path / "ubermag.ovf"
    import xarray as xr

    yield "dataarray", xr.open_dataset(path, engine="orchestrator").m


def test_the_same_texture_in_every_form_has_the_same_conductances(tmp_path):
    (_, first), *others = list(sources(tmp_path))
    wanted = orchestrator.transport(first, BAR, cell_size=CELL)
    film = Film((24, 8, 1), CELL)
    alone = Network(film, BAR.resistivity, LEFT_RIGHT).solve(first)
    np.testing.assert_array_equal(wanted.conductance, alone.conductance)
    for name, m in others:
        result = orchestrator.transport(m, BAR)
        np.testing.assert_allclose(result.conductance, wanted.conductance, rtol=1e-6, err_msg=name)
        assert (result.current_density[0, 2:4, 10:14] == 0).all(), name


def test_a_dataarray_needs_one_value_along_other_dimensions_and_the_cells_from_its_coordinates():
    import xarray as xr

    axes = zip("zyx", SHAPE, CELL[::-1], strict=True)
    coordinates = {axis: (np.arange(n) + 0.5) * step for axis, n, step in axes}
    m = xr.DataArray(
        np.stack([uniform((1, 0, 0)), uniform((0, 1, 0))]),
        coordinates,
        ("snapshot", "z", "y", "x", "component"),
    )
    for k, rho in enumerate((PAR, PERP)):
        result = orchestrator.transport(m.isel(snapshot=k), BAR)
        np.testing.assert_allclose(result.film.cell_size, CELL)
        assert result.resistances[0, 1] == pytest.approx(rho * SQUARES)
    with pytest.raises(InputError, match=r"got snapshot, z, y, x, component; choose one with"):
        orchestrator.transport(m, BAR)


def test_devices_experiments_and_files_are_circuits(tmp_path, description):
    material = Material(Ms=8e5, Aex=1.3e-11, alpha=0.1, P=0.5)
    device = Device(Film((24, 8, 1), CELL), material, BAR.resistivity, LEFT_RIGHT)
    m = uniform((1, 0, 0))
    assert orchestrator.transport(m, device).resistances[0, 1] == pytest.approx(PAR * SQUARES)
    path = tmp_path / "contacts.toml"
    path.write_text(
        f"[resistivity]\nrho_par = {PAR}\nrho_perp = {PERP}\n"
        '[[contacts]]\nname = "left"\nshape = "side"\nside = "left"\n'
        '[[contacts]]\nname = "right"\nshape = "side"\nside = "right"\n'
    )
    result = orchestrator.transport(m, path, cell_size=CELL)
    assert result.resistances[0, 1] == pytest.approx(PAR * SQUARES)
    experiment = orchestrator.Experiment.from_dict(description)
    m = uniform((0, 0, 1), experiment.film.array_shape)
    result = orchestrator.transport(m, experiment)
    rho = experiment.resistivity.perpendicular
    assert result.resistances[0, 1] == pytest.approx(rho * 20 / 16 / 1e-6)


def test_resistivities_by_number_of_region(tmp_path):
    """Two metals and a magnet in series along the bar; the number 9 stands for none."""
    numbers = np.zeros(SHAPE, int)
    numbers[..., 8:16], numbers[..., 16:] = 1, 2
    m = uniform((1, 0, 0))
    m[..., 16:, :] = 0  # not magnetic, but a metal
    by_number = {1: Resistivity(rho_par=5e-7, rho_perp=1e-7), 2: 3e-8}
    expected = (PAR + 5e-7 + 3e-8) / 3 * SQUARES
    path = tmp_path / "regions000000.ovf"
    write_ovf(path, numbers[..., None].astype(float), CELL, title="regions")
    for given in (numbers, numbers[..., None], path, read_ovf(path)):
        result = orchestrator.transport(
            m, BAR, cell_size=CELL, region_numbers=given, resistivities=by_number
        )
        assert result.resistances[0, 1] == pytest.approx(expected, rel=1e-12)
    with pytest.raises(InputError, match="no cell is in region 9; there are 0, 1, 2"):
        regions_of(numbers, {9: 1e-7})
    with pytest.raises(InputError, match=r"'region 1': the mask has 24 x 4 x 1 cells, the film 24"):
        orchestrator.transport(
            m, BAR, cell_size=CELL, region_numbers=numbers[:, :4], resistivities=by_number
        )
    with pytest.raises(InputError, match="need the numbers"):
        orchestrator.transport(m, BAR, cell_size=CELL, resistivities=by_number)
    with pytest.raises(InputError, match=r"no resistivity by number"):
        orchestrator.transport(m, BAR, cell_size=CELL, region_numbers=numbers)
    with pytest.raises(InputError, match=r"whole numbers, got 0\.5"):
        read_numbers(np.full(SHAPE, 0.5))
    half = regions_of(numbers, {0: "vacuum"}, inside=numbers == 0)
    assert half[0].area.cells(Film((24, 8, 1), CELL)).sum() == 64


def test_fields_have_the_meshes_of_cells_and_nodes():
    result = orchestrator.transport(uniform((1, 0, 0)), BAR, cell_size=CELL)
    j = result.field("j")
    assert tuple(j.mesh.n) == (24, 8, 1)
    potential = result.field("potential")
    assert tuple(potential.mesh.n) == (25, 9, 1)
    for x in (0.0, 60e-9, 120e-9):
        assert float(potential((x, 16e-9, 5e-9))[0]) == pytest.approx(1 - x / 120e-9)
    cells = result.values("potential")[0, :, :, 0]
    np.testing.assert_allclose(cells, np.tile(1 - (np.arange(24) + 0.5) / 24, (8, 1)))
    deep = orchestrator.transport(uniform((1, 0, 0), (3, 8, 24)), BAR, cell_size=CELL)
    assert tuple(deep.field("potential").mesh.n) == (25, 9, 4)
    np.testing.assert_allclose(deep.field("potential").mesh.region.pmin[2], -5e-9)
    with pytest.raises(InputError, match="none of m, j, potential, power_density"):
        result.values("phi")


def test_a_dataset_holds_everything_with_units():
    result = orchestrator.transport(uniform((1, 0, 0)), BAR, cell_size=CELL)
    dataset = result.to_dataset()
    assert dataset.resistance.sel(contact="left", contact_in="right") == pytest.approx(
        PAR * SQUARES
    )
    assert {name: v.attrs["units"] for name, v in dataset.data_vars.items()} == {
        "conductance": "S", "resistance": "ohm", "voltage": "V", "current": "A", "power": "W",
        "magnetization": "1", "current_density": "A/m2", "potential": "V",
        "power_density": "W/m3",
    }  # fmt: skip
    assert json.loads(dataset.attrs["circuit"])["resistivity"]["rho_par"] == PAR
    heat = float(dataset.power_density.sum()) * np.prod(CELL)
    assert heat == pytest.approx(float(dataset.power), rel=1e-9)
    potential = dataset.potential.isel(z_node=0, y_node=0)
    np.testing.assert_allclose(potential, 1 - potential.x_node / 120e-9, atol=1e-12)


BAD = [
    (dict(m=np.zeros((*SHAPE, 3))), "m: no cell is magnetic"),
    (dict(m=np.zeros(SHAPE)), r"m: a magnetization has the shape \(nz, ny, nx, 3\)"),
    (dict(m=np.full((*SHAPE, 3), np.nan)), r"NaN or infinite in cell \(ix, iy, iz\) = \(0, 0, 0\)"),
    (dict(cell_size=None), "cell_size: an array needs"),
    (dict(voltages=[1, 0, 1]), r"voltages: 3 are given for 2 contacts \(left, right\)"),
    (dict(voltages="+-+"), "voltages: 1 are given for 2"),
    (dict(voltages={"top": 1}), "voltages: no contact is named 'top'; there are left, right"),
    (dict(voltages="1 V"), "voltage of 'right': must be a finite number, got 'V'"),
    (dict(voltages="left=1 right=0"), "separate contacts by commas, as in 'left=1,right=0'"),
    (dict(voltages="left=1"), "only 'left' has one, all other contacts float"),
    (dict(voltages="left=1,left=2,right=0"), "'left' is given twice"),
    (dict(voltages={}), "is undefined: no contact has a voltage"),
    (dict(device=3), "device: must be a Device, an Experiment, a Circuit or the path"),
    (
        dict(device=Circuit((LEFT_RIGHT[0], DiscContact("far", (1e-6, 0.0), 1e-9)),
                            BAR.resistivity)),
        "contact 'far' touches no node of the film",
    ),
    (
        dict(device=Circuit(LEFT_RIGHT, BAR.resistivity, Film((24, 9, 1), CELL))),
        "it has 24 x 8 x 1 cells, the device's film 24 x 9 x 1",
    ),
    (
        dict(device=Circuit(LEFT_RIGHT, BAR.resistivity, Film((24, 8, 1), (5e-9, 5e-9, 1e-8)))),
        "its cells have 5e-09 x 4e-09 x 1e-08 m, those of the device's film 5e-09 x 5e-09",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "message"), BAD)
def test_bad_input_is_refused_in_one_message(changed, message):
    arguments = {"m": uniform((1, 0, 0)), "device": BAR, "cell_size": CELL} | changed
    with pytest.raises(InputError, match=message) as caught:
        orchestrator.transport(**arguments)
    assert "\n" not in str(caught.value)


def test_files_that_hold_no_magnetization_are_refused(tmp_path):
    path = tmp_path / "B_demag000000.ovf"
    write_ovf(path, uniform((1, 0, 0)), CELL, title="B_demag", unit="T")
    with pytest.raises(InputError, match=r"B_demag000000.ovf: holds B_demag in T"):
        orchestrator.transport(path, BAR)
    write_ovf(path, uniform((1, 0, 0))[..., :1], CELL, title="Msat", unit="A/m")
    with pytest.raises(InputError, match=r"B_demag000000.ovf: holds 1 numbers for each cell"):
        orchestrator.transport(path, BAR)
    write_ovf(path, uniform((0, 0, 0)), CELL)
    with pytest.raises(InputError, match=r"B_demag000000.ovf: no cell is magnetic"):
        orchestrator.transport(path, BAR)
    contact = Circuit(
        (LEFT_RIGHT[0], RectangleContact("hole", (50e-9, 10e-9), (60e-9, 12e-9))), BAR.resistivity
    )
    m = uniform((1, 0, 0))
    m[:, :, 8:16] = 0
    write_ovf(path, m, CELL)
    with pytest.raises(InputError, match=r"000000.ovf: contact 'hole' touches no conducting cell"):
        orchestrator.transport(path, contact)


def test_the_public_file_in_amperes_per_meter():
    """Written by Ubermag with M in A/m, see its README."""
    path = Path(__file__).parents[1] / "ovf/public_cases/m_in_A_per_m.ovf"
    field = read_ovf(path)
    result = orchestrator.transport(path, BAR)
    norm = np.linalg.norm(field.data, axis=-1)
    assert norm.max() > 1e5
    length = np.linalg.norm(result.texture.m, axis=-1)
    np.testing.assert_allclose(length[norm > 0], 1, rtol=1e-6)
    assert 0 < result.resistances[0, 1] < np.inf


OOMMF_1 = """# OOMMF: rectangular mesh v1.0
# Segment count: 1
# Begin: Segment
# Begin: Header
# Title: Oxs_TimeDriver:evolver:Spin
# Desc: Oxs vector field output
# Desc: Stage simulation time: 0 s
# Desc: Total simulation time: 1e-09 s
# meshtype: rectangular
# meshunit: m
# xbase: 2.5e-09
# ybase: 2e-09
# zbase: 5e-09
# xstepsize: 5e-09
# ystepsize: 4e-09
# zstepsize: 1e-08
# xnodes: 24
# ynodes: 8
# znodes: 1
# xmin: 0
# ymin: 0
# zmin: 0
# xmax: 1.2e-07
# ymax: 3.2e-08
# zmax: 1e-08
# valueunit: A/m
# valuemultiplier: 800000
# ValueRangeMinMag: 1
# ValueRangeMaxMag: 1
# End: Header
# Begin: Data Text
"""
BORIS = """# OOMMF OVF 2.0
# Segment count: 1
# Begin: Segment
# Begin: Header
# Title: M
# meshtype: rectangular
# meshunit: m
# xmin: 0
# ymin: 0
# zmin: 0
# xmax: 1.2e-07
# ymax: 3.2e-08
# zmax: 1e-08
# xbase: 2.5e-09
# ybase: 2e-09
# zbase: 5e-09
# xnodes: 24
# ynodes: 8
# znodes: 1
# xstepsize: 5e-09
# ystepsize: 4e-09
# zstepsize: 1e-08
# valuedim: 3
# valueunits: A/m A/m A/m
# valuelabels: M_x M_y M_z
# End: Header
# Begin: Data Text
"""
NANOMETERS = BORIS.replace("meshunit: m", "meshunit: nm").replace("e-09", "").replace("e-07", "e2")
NANOMETERS = NANOMETERS.replace("3.2e-08", "32").replace("1e-08", "10")


@pytest.mark.parametrize(
    ("header", "length", "time"),
    [(OOMMF_1, 1.0, 1e-9), (BORIS, 8e5, None), (NANOMETERS, 8e5, None)],
)
def test_files_with_the_headers_of_other_programs(header, length, time, tmp_path):
    rows = np.tile([0, length, 0], (8 * 24, 1))
    rows[5] = 0
    text = "\n".join(" ".join(map(str, row)) for row in rows)
    path = tmp_path / "file.ovf"
    path.write_text(f"{header}{text}\n# End: Data Text\n# End: Segment\n")
    result = orchestrator.transport(path, BAR)
    assert result.texture.time == time
    np.testing.assert_allclose(result.film.cell_size, CELL)
    m = uniform((0, 1, 0))
    m[0, 0, 5] = 0
    same = orchestrator.transport(m, BAR, cell_size=CELL)
    np.testing.assert_allclose(result.conductance, same.conductance, rtol=1e-9)
