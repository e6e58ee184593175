"""mumax3's table.txt."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.base.kinds import as_path

if TYPE_CHECKING:
    import xarray as xr

TABLE = "table.txt"
"""Name of a table in an output folder."""
_COLUMN = re.compile(r"\s*(.+?)\s*\(([^()]*)\)\s*")


def open_table(path: str | os.PathLike[str]) -> xr.Dataset:
    """A mumax3 table, of a run that has ended or goes on.

    Parameters
    ----------
    path : path-like
        The file, or the output folder that holds it as `table.txt`.

    Returns
    -------
    xarray.Dataset
        A variable for each column, with its unit in `attrs["units"]`, along the dimension `t` (s),
        which a quasi-static loop leaves without unique values. A last line that is still being
        written is left out.

    Raises
    ------
    InputError
        If it cannot be read or is no table.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(f"{folder}/table.txt", "w") as file:
    ...         _ = file.write("# t (s)\\tmx ()\\n0\\t1\\n1e-12\\t0.5\\n")
    ...     table = open_table(folder)
    >>> float(table.mx.sel(t=1e-12)), table.t.attrs["units"]
    (0.5, 's')
    """
    import xarray as xr

    path = as_path("table", path)
    if path.is_dir():
        path = path / TABLE
    columns, units, rows = _parsed(path)
    variables = {
        name: ("t", values, {"units": unit})
        for name, unit, values in zip(columns, units, rows.T, strict=True)
    }
    if "t" not in variables:
        raise InputError(f"{path}: the table has no column t; it has {', '.join(columns)}")
    time = variables.pop("t")
    return xr.Dataset(variables, {"t": time}, {"source": str(path)})


def _parsed(path: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Names and units of the columns, and the rows."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a table (no text in UTF-8)") from None
    head, _, body = text.partition("\n")
    found = [_COLUMN.fullmatch(word) for word in head.removeprefix("#").split("\t")]
    if not head.startswith("#") or not all(found):
        raise InputError(
            f"{path}: not a table; its first line names columns, such as '# t (s)\tmx ()', "
            f"got {head[:60]!r}"
        )
    names = [match[1].replace(" ", "_") for match in found if match]
    units = [match[2] or "1" for match in found if match]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InputError(f"{path}: two columns are named {doubled[0]!r}")
    lines = body.split("\n")[:-1]  # what follows the last line's end is not complete
    rows = [
        _row(line, len(names), f"{path}, line {number}")
        for number, line in enumerate(lines, 2)
        if line.strip()
    ]
    return names, units, np.array(rows, float).reshape(len(rows), len(names))


def _row(line: str, count: int, where: str) -> list[float]:
    words = line.split()
    try:
        values = [float(word) for word in words]
    except ValueError:
        raise InputError(f"{where}: not a row of numbers ({line[:60]!r})") from None
    if len(values) != count:
        raise InputError(f"{where}: {len(values)} numbers where the table has {count} columns")
    return values
