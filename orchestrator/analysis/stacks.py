"""Stacks: insulated films one above the other, with contacts that join them.

At given voltages every film of a stack carries its own currents and trains as it would alone; the
currents of a contact add up, and so do the conductance matrices: G of the stack is the sum of its
films'. So are powers and energies. The random parts of the films' textures average out, what they
learn does not. Insulating spacers keep exchange out; stray fields are left out.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from orchestrator.analysis.statistics import drive_of, relaxed_ranks, trained_names
from orchestrator.base.errors import InputError
from orchestrator.base.kinds import check_kind

SUMMED = ("energy", "reference_power", "conductance_state", "conductance_reference")


def stacked(dataset: xr.Dataset, films: int, along: str = "seed") -> xr.Dataset:
    """Stacks of so many films each, from trainings of single films.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `open_campaign` or `with_references`, trained with given voltages.
    films : int
        Films in a stack. Those of the first stack are the first points along the axis, and so on;
        what is left over is not used.
    along : str
        Axis of films that differ by their start alone.

    Returns
    -------
    xarray.Dataset
        `energy` and `reference_power` (W), `conductance_state` and `conductance_reference` (S),
        sums over the films, and `trained_rank`, along `stack` in place of the axis. NaN where a
        film has not finished.

    Raises
    ------
    InputError
        If there is no such axis, too few films, or currents were given: films in parallel share
        voltages, not currents.
    """
    check_kind("dataset", dataset, xr.Dataset, "`open_campaign` opens a folder")
    if along not in dataset.energy.dims:
        dims = ", ".join(map(str, dataset.energy.dims))
        raise InputError(f"{along!r} is no axis; there are {dims}")
    if drive_of(dataset) != "voltage":
        raise InputError("films of a stack have the same voltages; these were given currents")
    size = dataset.sizes[along]
    if not 1 <= films <= size:
        raise InputError(f"films: {films} of the {size} along {along!r} cannot be a stack")
    count = size // films
    chosen = dataset[list(SUMMED)].isel({along: slice(count * films)})
    numbers = xr.DataArray(np.repeat(np.arange(count), films), dims=along, name="stack")
    summed = {}
    for name, array in chosen.items():
        each = array if along in array.dims else array.expand_dims({along: chosen.sizes[along]})
        groups = each.drop_vars(along, errors="ignore").groupby(numbers)
        summed[name] = groups.sum(skipna=False).assign_attrs(array.attrs)
    result = xr.Dataset(summed, attrs=dataset.attrs)
    names = trained_names(dataset)
    if along in names.dims:
        raise InputError(f"films along {along!r} were trained with different patterns")
    return result.assign(trained_rank=relaxed_ranks(result.energy, names))
