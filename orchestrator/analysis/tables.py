"""Results as a tidy table: one row for each observation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import xarray as xr

from orchestrator.base.errors import InputError
from orchestrator.base.kinds import check_kind
from orchestrator.describe.validation import nearest

if TYPE_CHECKING:
    import pandas as pd


def to_dataframe(dataset: xr.Dataset, *names: str) -> pd.DataFrame:
    """A tidy table of some variables: a row for each point at which one of them is known.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `open_run` or `open_campaign`.
    names : str
        The variables, such as `energy`. Their dimensions must be those of the one with most: a
        variable of the run is repeated for each pulse, but pulses and inputs do not go together.

    Returns
    -------
    pandas.DataFrame
        A column for each dimension, for coordinates along them, and for each variable; `attrs`
        holds the units of the variables.

    Raises
    ------
    InputError
        If there is no such variable, or two do not go together.
    """
    check_kind("dataset", dataset, xr.Dataset, "`open_campaign` opens a folder")
    if not names:
        raise InputError("names: name at least one variable, such as 'energy'")
    table = chosen(dataset, names)
    widest = max((dataset[name] for name in names), key=lambda array: array.ndim)
    for name in names:
        if stray := [str(dim) for dim in dataset[name].dims if dim not in widest.dims]:
            raise InputError(
                f"{name!r} depends on {stray[0]}, {widest.name!r} does not; take two tables"
            )
    if not table.dims:
        table = table.expand_dims("row")
    frame = table.to_dataframe(dim_order=list(map(str, widest.dims)) or ["row"])
    frame = frame.dropna(subset=list(names), how="all").reset_index()
    frame = frame.drop(columns="row", errors="ignore")
    frame.attrs["units"] = {name: dataset[name].attrs.get("units", "") for name in names}
    return frame


def chosen(dataset: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """Some variables of the results.

    Raises
    ------
    InputError
        If there is no such variable.
    """
    known = [str(name) for name in dataset.data_vars]
    for name in names:
        if name not in known:
            raise InputError(f"{name!r} is no variable of the results; {nearest(name, known)}")
    return dataset[list(names)]
