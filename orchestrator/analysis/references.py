"""Energies against other references than those that a run lists.

E' = P0 - P compares the power P of an input in the texture with its power P0 in a reference. The
paper takes the film without texture; which uniform film that is decides how much the size of P0
counts beside what the texture learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import xarray as xr

from orchestrator.analysis.statistics import drive_of, relaxed_ranks, trained_names
from orchestrator.base.errors import InputError
from orchestrator.base.kinds import check_kind

Reference = Literal["saturated", "untrained", "own"] | float


def with_references(dataset: xr.Dataset, references: Sequence[Reference]) -> xr.Dataset:
    """The same results with other references along `reference`.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `open_run` or `open_campaign`, with its own two references.
    references : sequence
        `"saturated"`: the film saturated along its normal. `"untrained"`: the mean of untrained
        textures. `"own"`: the texture from which the training started, so that E' is what the
        training did. A number c: a film without anisotropy, of c times the conductance of the
        saturated one.

    Returns
    -------
    xarray.Dataset
        With `energy` (W), `reference_power` (W), `conductance_reference` (S) and `trained_rank` for
        the given references (labels as strings), without `trained_energy`.

    Raises
    ------
    InputError
        If a reference is unknown, or the runs of a campaign differ in their inputs or patterns.
    """
    check_kind("dataset", dataset, xr.Dataset, "`open_campaign` opens a folder")
    if "input" not in dataset.coords:
        raise InputError("the runs of this campaign have different inputs; select those of a kind")
    saturated = dataset.reference_power.sel(reference="saturated", drop=True)
    power = saturated - dataset.energy.sel(reference="saturated", drop=True)
    films = [_film(dataset, power, reference) for reference in references]
    labels = xr.DataArray([str(r) for r in references], dims="reference", name="reference")
    reference_power, conductance = (xr.concat(parts, labels) for parts in zip(*films, strict=True))
    new = {
        "energy": (reference_power - power).transpose(*dataset.energy.dims),
        "reference_power": reference_power,
        "conductance_reference": conductance,
    }
    new["trained_rank"] = relaxed_ranks(new["energy"], trained_names(dataset)).transpose(
        *dataset.trained_rank.dims
    )
    labeled = {name: array.assign_attrs(dataset[name].attrs) for name, array in new.items()}
    return dataset.drop_dims("reference").assign(labeled)


def _film(
    dataset: xr.Dataset, power: xr.DataArray, reference: Reference
) -> tuple[xr.DataArray, xr.DataArray]:
    """Power of every input in the reference, and its G."""
    if reference == "own":
        texture = dataset.conductance_state.sel(state="before", drop=True)
        return power.sel(state="before", drop=True), texture
    listed = dataset[["reference_power", "conductance_reference"]]
    if reference in ("saturated", "untrained"):
        film = listed.sel(reference=reference, drop=True)
        return film.reference_power, film.conductance_reference
    if isinstance(reference, str) or not reference > 0:
        raise InputError(
            f"reference {reference!r} is unknown; there are 'saturated', 'untrained', 'own' and "
            "positive numbers"
        )
    film = listed.sel(reference="saturated", drop=True)
    scale = reference if drive_of(dataset) == "voltage" else 1 / reference
    return scale * film.reference_power, reference * film.conductance_reference
