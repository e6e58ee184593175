"""OVF files through xarray: names, coordinates, lazy reading, concatenation along t."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from orchestrator.base.errors import InputError
from orchestrator.ovf import datasets
from orchestrator.ovf.files import read_ovf_header, write_ovf
from orchestrator.ovf.formats import OutputFormat

CELL = (2e-9, 3e-9, 5e-9)


def field(k, components=3):
    return np.random.default_rng(k).normal(size=(2, 4, 6, components)).astype(np.float32)


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "x.out"
    folder.mkdir()
    for k, time in enumerate([0.0, 1e-10, 2.5e-10]):
        write_ovf(folder / f"m{k:06d}.ovf", field(k), CELL, title="m", unit="1", time=time)
    return folder


def test_a_file_has_names_units_and_centers_of_cells(out):
    one = xr.open_dataset(out / "m000001.ovf", engine="orchestrator")
    assert one.m.dims == ("t", "z", "y", "x", "component")
    np.testing.assert_array_equal(one.m[0], field(1))
    assert one.m.dtype == np.float32
    assert one.m.attrs["units"] == "1"
    assert one.t.values.tolist() == [1e-10]
    assert list(one.component.values) == ["x", "y", "z"]
    np.testing.assert_allclose(one.x, [1e-9, 3e-9, 5e-9, 7e-9, 9e-9, 11e-9])
    np.testing.assert_allclose(one.z, [2.5e-9, 7.5e-9])
    assert {one[name].attrs["units"] for name in "xyz"} == {"m"}
    assert one.t.attrs["units"] == "s"
    my = one.m.sel(component="y").isel(t=0, z=1)
    np.testing.assert_array_equal(my, field(1)[1, :, :, 1])


def test_many_files_are_joined_along_t_and_read_only_when_used(out, monkeypatch):
    read = []
    original = datasets.read_ovf
    monkeypatch.setattr(datasets, "read_ovf", lambda path: read.append(path) or original(path))
    joined = xr.open_mfdataset(str(out / "*.ovf"), engine="orchestrator")
    folder = xr.open_dataset(out, engine="orchestrator")
    assert read == []
    for found in (joined, folder):
        np.testing.assert_array_equal(found.t, [0, 1e-10, 2.5e-10])
        np.testing.assert_array_equal(found.m.isel(t=2), field(2))
        assert len(read) == 1
        read.clear()
        mean = found.m.mean(("x", "y", "z")).sel(component="x")
        np.testing.assert_allclose(
            mean, [field(k)[..., 0].mean() for k in range(3)], rtol=0, atol=1e-6
        )
        read.clear()
    joined.close()


def test_several_quantities_of_one_folder(out):
    for k, time in enumerate([0.0, 1e-10, 2.5e-10]):
        write_ovf(out / f"Edens_demag{k:06d}.ovf", field(9 + k, 1), CELL, title="Edens_demag",
                  unit="J/m3", time=time)  # fmt: skip
    joined = xr.open_mfdataset(str(out / "*.ovf"), engine="orchestrator")
    assert joined.Edens_demag.dims == ("t", "z", "y", "x")
    assert joined.Edens_demag.attrs["units"] == "J/m3"
    np.testing.assert_array_equal(joined.Edens_demag[1], field(10, 1)[..., 0])
    joined.close()
    alone = xr.open_dataset(out, engine="orchestrator")
    assert list(alone.data_vars) == ["m"]


def test_the_engine_is_guessed_for_ovf_files(out):
    assert "m" in xr.open_dataset(str(out / "m000000.ovf"))


def test_numbers_of_eight_bytes_stay(tmp_path):
    path = tmp_path / "m.ovf"
    form = OutputFormat("OVF2_BINARY8", 2, 8)
    write_ovf(path, field(0).astype(float) / 3, CELL, form=form)
    assert read_ovf_header(path).encoding == "binary 8"
    one = xr.open_dataset(path, engine="orchestrator")
    assert one.m.dtype == np.float64
    np.testing.assert_array_equal(one.m[0], field(0).astype(float) / 3)


def test_files_that_do_not_belong_together_are_named(out):
    write_ovf(out / "m000003.ovf", field(0)[:1], CELL, title="m", time=3e-10)
    with pytest.raises(InputError, match=r"m000003.ovf: holds 6 x 4 x 1 cells of 3, m000000.ovf"):
        xr.open_dataset(out, engine="orchestrator")
    (out / "m000003.ovf").write_text("no OVF")
    with pytest.raises(InputError, match=r"m000003.ovf: not an OVF file"):
        xr.open_dataset(out / "m000003.ovf", engine="orchestrator")


def test_a_header_alone_is_read(out):
    header = read_ovf_header(out / "m000002.ovf")
    assert (header.cells, header.components, header.time) == ((6, 4, 2), 3, 2.5e-10)
    assert header.labels == ("m_x", "m_y", "m_z")
    short = out / "short.ovf"
    short.write_bytes((out / "m000002.ovf").read_bytes()[:200])
    with pytest.raises(InputError, match=r"short.ovf: truncated OVF file, no data section"):
        read_ovf_header(short)
