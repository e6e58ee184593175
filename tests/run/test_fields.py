from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import checksum
from orchestrator.run.fields import read_state, write_state

CELLS = (2, 5, 7)


@pytest.fixture
def fields():
    rng = np.random.default_rng(0)
    m = rng.normal(size=(*CELLS, 3)).astype(np.float32)
    return {"m": m / np.linalg.norm(m, axis=-1, keepdims=True), "j": 1e12 * m}


def test_exact_states_keep_their_bits(fields, tmp_path):
    path = tmp_path / "state.nc"
    write_state(path, fields, "float32")
    for key, values in fields.items():
        np.testing.assert_array_equal(read_state(path, key, CELLS), values)
    assert [p.name for p in tmp_path.iterdir()] == ["state.nc"]


def test_rounded_states_are_off_by_half_a_step(fields, tmp_path):
    path = tmp_path / "state.nc"
    write_state(path, fields, "int16")
    for key, values in fields.items():
        step = np.abs(values).max() / 32767
        assert np.abs(read_state(path, key, CELLS) - values).max() <= 0.51 * step


@pytest.mark.parametrize("precision", ["float32", "int16"])
def test_other_programs_read_the_same(fields, tmp_path, precision):
    path = tmp_path / "state.nc"
    write_state(path, fields, precision)
    with xr.open_dataset(path, engine="h5netcdf") as data:
        m = data.magnetization.transpose("z", "y", "x", "component")
        np.testing.assert_allclose(m, read_state(path, "m", CELLS), rtol=1e-6)
        assert data.current_density.attrs["units"] == "A/m2"


def test_zero_current_can_be_rounded(fields, tmp_path):
    write_state(tmp_path / "state.nc", {"j": 0 * fields["j"]}, "int16")
    assert not read_state(tmp_path / "state.nc", "j", CELLS).any()


def test_missing_and_damaged_files_are_named(fields, tmp_path):
    path = tmp_path / "state.nc"
    with pytest.raises(RunFolderError, match=r"state\.nc: missing"):
        read_state(path, "m", CELLS)
    with pytest.raises(RunFolderError, match=r"state\.nc: cannot be read"):
        checksum(path)
    write_state(path, {"m": fields["m"]}, "float32")
    with pytest.raises(RunFolderError, match=r"state\.nc: damaged"):
        read_state(path, "j", CELLS)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(RunFolderError, match=r"state\.nc: damaged"):
        read_state(path, "m", CELLS)


def test_a_state_of_another_grid_is_not_unpacked(fields, tmp_path):
    path = tmp_path / "state.nc"
    write_state(path, fields, "float32")
    with pytest.raises(RunFolderError, match=r"its shape is \(3, 2, 5, 7\), not \(3, 2, 7, 5\)"):
        read_state(path, "m", (2, 7, 5))
