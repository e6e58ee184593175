from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.ovf.files import read_ovf, write_ovf

CELL = (1e-9, 2e-9, 3e-9)


@pytest.fixture
def field():
    return np.random.default_rng(0).normal(size=(2, 3, 4, 3)).astype(np.float32)


def test_round_trip_with_time(tmp_path, field):
    write_ovf(tmp_path / "a.ovf", field, CELL, time=1.25e-9)
    back = read_ovf(tmp_path / "a.ovf")
    np.testing.assert_array_equal(back.data, field)
    assert back.cell_size == CELL
    assert back.time == 1.25e-9


def test_discretisedfield_reads_the_same_field(tmp_path, field):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import discretisedfield as df

    write_ovf(tmp_path / "a.ovf", field, CELL)
    theirs = df.Field.from_file(str(tmp_path / "a.ovf"))
    np.testing.assert_array_equal(np.transpose(theirs.array, (2, 1, 0, 3)), field)


@pytest.mark.parametrize(("code", "dtype"), [("Binary 8", "<f8"), ("Text", None)])
def test_other_encodings(tmp_path, field, code, dtype):
    path = tmp_path / "a.ovf"
    write_ovf(path, field, CELL)
    header = path.read_bytes().split(b"# Begin: Data")[0]
    if dtype is None:
        body = "\n".join(" ".join(f"{v:.9g}" for v in row) for row in field.reshape(-1, 3))
        payload = body.encode()
    else:
        payload = np.array(123456789012345.0, dtype).tobytes() + field.astype(dtype).tobytes()
    path.write_bytes(header + f"# Begin: Data {code}\n".encode() + payload + b"\n# End: Data\n")
    np.testing.assert_allclose(read_ovf(path).data, field, rtol=1e-7)


def test_truncated_file_says_how_much_is_there(tmp_path, field):
    path = tmp_path / "a.ovf"
    write_ovf(path, field, CELL)
    path.write_bytes(path.read_bytes()[:-150])
    with pytest.raises(InputError, match=r"truncated OVF file, \d+ of 72 values"):
        read_ovf(path)


def test_wrong_check_value_and_no_ovf(tmp_path, field):
    path = tmp_path / "a.ovf"
    write_ovf(path, field, CELL)
    raw = path.read_bytes()
    start = raw.index(b"Binary 4\n") + 9
    path.write_bytes(raw[:start] + b"\0\0\0\0" + raw[start + 4 :])
    with pytest.raises(InputError, match="check value"):
        read_ovf(path)
    path.write_text("hello")
    with pytest.raises(InputError, match="not an OVF file"):
        read_ovf(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_ovf(tmp_path / "none.ovf")


def test_nan_is_refused_and_nothing_is_written(tmp_path, field):
    field[0, 0, 0, 0] = np.nan
    with pytest.raises(InputError, match="NaN"):
        write_ovf(tmp_path / "a.ovf", field, CELL)
    assert list(tmp_path.iterdir()) == []
