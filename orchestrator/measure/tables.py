"""Columns of a mumax3 table, such as the field, at the saved magnetizations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.base.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

_SAME = 1e-6
"""Times that differ by less than this share of the longest are the same."""


def columns_at(
    table: xr.Dataset, times: np.ndarray
) -> dict[str, tuple[str, np.ndarray, dict[str, Any]]]:
    """The columns of a table at the times of saved states, along `t`.

    Where the states' times increase, columns are interpolated linearly in time; NaN outside of the
    table's times. Where they do not, as in a quasi-static loop, state k takes row k.

    Parameters
    ----------
    table : xarray.Dataset
        From `open_table`.
    times : ndarray, shape (n,)
        s, in the order of the states.

    Raises
    ------
    InputError
        If the times do not increase and there are not as many rows as states.
    """
    rows = table["t"].to_numpy()
    if (np.diff(times) > 0).all() and (np.diff(rows) >= 0).all():
        return {
            str(name): ("t", _interpolated(times, rows, column.to_numpy()), dict(column.attrs))
            for name, column in table.data_vars.items()
        }
    if len(rows) != len(times):
        raise InputError(
            f"{table.attrs['source']}: has {len(rows)} rows for {len(times)} saved states whose "
            "times do not increase; with one row for each state they are joined in their order"
        )
    return {
        str(name): ("t", column.to_numpy(), dict(column.attrs))
        for name, column in table.data_vars.items()
    }


def _interpolated(times: np.ndarray, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values at times between the rows; the last of several rows at one time counts."""
    last = np.append(np.diff(rows) > 0, True)
    rows, values = rows[last], values[last]
    slack = _SAME * max(abs(rows).max(initial=0.0), abs(times).max(initial=0.0))
    inside = (times >= rows.min(initial=np.inf) - slack) & (
        times <= rows.max(initial=-np.inf) + slack
    )
    return np.where(inside, np.interp(times, rows, values) if rows.size else np.nan, np.nan)
