"""mumax3's table.txt as a Dataset."""

from __future__ import annotations

import numpy as np
import pytest

import orchestrator
from orchestrator.base.errors import InputError

HEAD = "# t (s)\tmx ()\tB_extx (T)\tE_total (J)\n"


def test_columns_units_and_the_folder(tmp_path):
    path = tmp_path / "table.txt"
    path.write_text(HEAD + "0\t1\t0.1\t-1e-18\n1e-12\t0.9\t0.1\t-2e-18\n2e-12\t0.8\t0.")
    for given in (path, str(path), tmp_path):
        table = orchestrator.open_table(given)
        np.testing.assert_array_equal(table.t, [0, 1e-12])  # the last line is not complete
        np.testing.assert_array_equal(table.mx, [1, 0.9])
        assert {n: table[n].attrs["units"] for n in ("t", "mx", "B_extx", "E_total")} == {
            "t": "s", "mx": "1", "B_extx": "T", "E_total": "J",
        }  # fmt: skip
    assert float(table.mx.sel(t=1e-12)) == 0.9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t mx\n0 1\n", "not a table; its first line names columns"),
        ("# t (s)\tmx ()\n0\t1\n1\n", "line 3: 1 numbers where the table has 2 columns"),
        ("# t (s)\tmx ()\n0\tone\n", "line 2: not a row of numbers"),
        ("# t (s)\tmx ()\tmx ()\n", "two columns are named 'mx'"),
        ("# step ()\tmx ()\n", "has no column t; it has step, mx"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, message):
    path = tmp_path / "table.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        orchestrator.open_table(path)
    with pytest.raises(InputError, match="cannot be read"):
        orchestrator.open_table(tmp_path / "none.txt")
