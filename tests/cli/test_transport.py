"""`orchestrator transport`: what it prints, what it writes, and that it writes nothing half."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

import orchestrator
from orchestrator.base.errors import InputError
from orchestrator.base.shipped import examples
from orchestrator.cli.main import cli
from orchestrator.measure.circuit import Circuit
from orchestrator.ovf.files import read_ovf, write_ovf

CONTACTS = """
[resistivity]
rho_par = 2.5e-7
rho_perp = 2e-7
[[contacts]]
name = "left"
shape = "side"
side = "left"
[[contacts]]
name = "right"
shape = "side"
side = "right"
"""
CELL = (5e-9, 5e-9, 1e-8)
R_PAR, R_PERP = 2.5e-7 * 2 / 1e-8, 2e-7 * 2 / 1e-8


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """contacts.toml, and x.out with m along x, at 30 degrees and along y."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contacts.toml").write_text(CONTACTS)
    out = tmp_path / "x.out"
    out.mkdir()
    for k, angle in enumerate(np.radians([0, 30, 90])):
        m = np.zeros((1, 8, 16, 3))
        m[:] = np.cos(angle), np.sin(angle), 0
        write_ovf(out / f"m{k:06d}.ovf", m, CELL, title="m", unit="1", time=k * 1e-9)
    return tmp_path


def call(*arguments):
    return CliRunner().invoke(cli, ["transport", *(str(a) for a in arguments)])


def test_one_file_prints_what_is_known_of_the_terminals(folder):
    done = call("x.out/m000000.ovf", "--contacts", "contacts.toml", "--voltages", "1 -1")
    assert done.exit_code == 0, done.output
    current = 2 / R_PAR
    rows = [line.split() for line in done.output.splitlines()]
    assert ["left", "+1.000", f"{1e3 * current:+.2f}"] in rows
    assert ["right", "-1.000", f"{-1e3 * current:+.2f}"] in rows
    assert f"power {1e3 * 2 * current:+.2f} mW" in done.output
    assert f"{R_PAR:+.2f}" in done.output
    assert f"{1e3 / R_PAR:+.2f}" in done.output
    assert max(map(len, done.output.splitlines())) <= 80


def test_a_series_prints_resistances_within_80_columns(folder):
    rows = "".join(f"{k}e-9\t1\t{0.1 * k}\n" for k in range(3))
    (folder / "x.out/table.txt").write_text("# t (s)\tmx ()\tB_extx (T)\n" + rows)
    done = call("x.out", "--contacts", "contacts.toml")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert max(map(len, lines)) <= 80
    assert "B_extx mT" in lines[0]
    assert [line.split()[0] for line in lines[1:4]] == [f"m{k:06d}.ovf" for k in range(3)]
    assert lines[1].split()[3] == f"{R_PAR:+.4f}"
    assert lines[3].split()[2:4] == ["+200.0", f"{R_PERP:+.4f}"]
    assert "from 40 to 50 ohm, a change of 25 %" in done.output


def test_everything_is_written(folder):
    done = call(
        *("x.out/m000000.ovf", "--contacts", "contacts.toml", "--voltages", "left=1,right=0"),
        *("--output", "new/folder"),
    )
    assert done.exit_code == 0, done.output
    written = {path.name for path in (folder / "new/folder").iterdir()}
    assert written == {
        "j.ovf", "potential.ovf", "power_density.ovf", "transport.vti", "transport.nc",
        "transport.png",
    }  # fmt: skip
    j = read_ovf(folder / "new/folder/j.ovf")
    assert (j.title, j.unit) == ("j", "A/m2")
    size = 1 / (2.5e-7 * 16 * 5e-9)
    np.testing.assert_allclose(
        j.data, np.broadcast_to([size, 0, 0], j.data.shape), atol=1e-6 * size
    )
    potential = read_ovf(folder / "new/folder/potential.ovf").data[0, 0, :, 0]
    np.testing.assert_allclose(potential, 1 - (np.arange(16) + 0.5) / 16, rtol=1e-6)
    dataset = xr.open_dataset(folder / "new/folder/transport.nc", engine="h5netcdf")
    assert float(dataset.resistance[0, 1]) == pytest.approx(R_PAR)
    dataset.close()
    import pyvista

    grid = pyvista.read(folder / "new/folder/transport.vti")
    np.testing.assert_allclose(grid.bounds, (0, 8e-8, 0, 4e-8, 0, 1e-8), atol=1e-15)
    np.testing.assert_allclose(grid.point_data["potential (V)"], 1 - grid.points[:, 0] / 8e-8,
                               atol=1e-6)  # fmt: skip
    np.testing.assert_allclose(grid.cell_data["j (A/m2)"][:, 0], size, rtol=1e-6)


def test_a_series_is_written_with_fields_of_every_state_if_asked(folder):
    done = call("x.out", "--contacts", "contacts.toml", "--output", "o", "--format", "nc,ovf,svg")
    assert done.exit_code == 0, done.output
    written = {path.name for path in (folder / "o").iterdir()}
    assert written == {"transport.nc", "resistance.svg"} | {
        f"{name}_m{k:06d}.ovf" for name in ("j", "potential", "power_density") for k in range(3)
    }
    results = xr.open_dataset(folder / "o/transport.nc", engine="h5netcdf")
    np.testing.assert_allclose(results.resistance[[0, 2], 0, 1], [R_PAR, R_PERP])
    np.testing.assert_allclose(results.t, [0, 1e-9, 2e-9])
    results.close()


BAD = [
    (["--voltages", "1 0 1"], "voltages: 3 are given for 2 contacts"),
    (["--device", "quickstart"], "m000000.ovf: it has 16 x 8 x 1 cells, the device's film 100 x"),
    (["--contacts", "outside.toml"], "m000000.ovf: contact 'far' touches no node of the film"),
    (["--contacts", "slip.toml"], "slip.toml: resistivity.rho_part: unknown key; did you mean"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
@pytest.mark.parametrize("source", ["x.out/m000000.ovf", "x.out"])
def test_bad_input_is_one_message_and_writes_nothing(folder, options, message, source):
    far = '[[contacts]]\nname = "far"\nshape = "disc"\ncenter = [1e-6, 0.0]\nradius = 1e-8\n'
    (folder / "outside.toml").write_text(CONTACTS + far)
    (folder / "slip.toml").write_text(CONTACTS.replace("rho_par ", "rho_part "))
    if not {"--device", "--contacts"} & set(options):
        options = ["--contacts", "contacts.toml", *options]
    before = sorted(folder.rglob("*"))
    done = call(source, *options, "--output", "o")
    assert isinstance(done.exception, InputError)
    assert done.exception.exit_code == 2
    assert message in str(done.exception)
    assert sorted(folder.rglob("*")) == before


def test_a_series_that_fails_in_the_middle_writes_nothing(folder):
    raw = (folder / "x.out/m000002.ovf").read_bytes()
    (folder / "x.out/m000002.ovf").write_bytes(raw[:-2000])
    before = sorted(folder.rglob("*"))
    done = call("x.out", "--contacts", "contacts.toml", "--output", "o", "--format", "ovf,nc")
    assert "m000002.ovf: truncated" in str(done.exception)
    assert sorted(folder.rglob("*")) == before


def test_usage_errors(folder):
    assert call("x.out").exit_code == 2
    assert call("x.out", "--contacts", "contacts.toml", "--device", "quickstart").exit_code == 2
    assert call("x.out", "--contacts", "contacts.toml", "--format", "nc").exit_code == 2
    wrong = call("x.out", "--contacts", "contacts.toml", "--output", "o", "--format", "doc")
    assert "'doc' is none of ovf, vtk, nc" in wrong.output


def test_regions_by_number_from_files(folder):
    numbers = np.zeros((1, 8, 16, 1))
    numbers[..., 8:, :] = 3
    write_ovf(folder / "regions000000.ovf", numbers, CELL, title="regions")
    (folder / "regions.toml").write_text(CONTACTS + "[resistivities]\n3 = 5e-8\n")
    done = call("x.out", "--contacts", "regions.toml", "--regions", "regions000000.ovf")
    assert done.exit_code == 0, done.output
    assert f"{(R_PAR + 5e-8 * 2 / 1e-8) / 2:+.2f}" in done.output


def test_shipped_contacts_fit_the_grids_of_their_scripts():
    for name, shape, cell in (
        ("amr_loop", (1, 30, 60), (4e-9, 4e-9, 1e-8)), ("vortex", (1, 80, 80), (5e-9, 5e-9, 2e-8)),
    ):  # fmt: skip
        path = examples("transport")[name]
        nz, ny, nx = shape
        text = path.with_suffix(".mx3").read_text()
        assert f"SetGridSize({nx}, {ny}, {nz})" in text
        m = np.zeros((*shape, 3))
        m[..., 0] = 1
        result = orchestrator.transport(m, path, cell_size=cell)
        assert len(result.currents) == len(Circuit.from_toml(path).contacts)
        assert result.currents[0] > 0
