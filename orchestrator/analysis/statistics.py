"""How often training succeeds over the runs of a campaign, and what the networks recall."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr

from orchestrator.base.errors import InputError
from orchestrator.base.kinds import check_kind
from orchestrator.learning.hopfield import (
    Mode,
    basins,
    inverse,
    listed_inputs,
    pattern_string,
    trained_patterns,
    trained_rank,
    weight_matrix,
)

UNSETTLED = "never settles"


def success_rate(
    dataset: xr.Dataset, over: str | Sequence[str], confidence: float = 0.95
) -> xr.Dataset:
    """Share of finished trainings whose pattern has the lowest energy of the non-trivial inputs.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `open_campaign`.
    over : str or sequence of str
        The axes to keep; all other axes, and the trainings of a run, are taken together.
    confidence : float
        Of the interval by Wilson's score (E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927)).

    Returns
    -------
    xarray.Dataset
        `rate`, `low`, `high`, `successes`, `count` along `over` and `reference`; NaN without any
        finished training.

    Raises
    ------
    InputError
        If there is no such axis.
    """
    from scipy.stats import binomtest

    check_kind("dataset", dataset, xr.Dataset, "`open_campaign` opens a folder")
    if not 0 < confidence < 1:
        raise InputError(f"confidence: must lie between 0 and 1, got {confidence!r}")
    rank = dataset.trained_rank
    dims = (*([over] if isinstance(over, str) else over), "reference")
    for name in dims:
        if name not in rank.dims:
            raise InputError(f"{name!r} is no axis; there are {', '.join(map(str, rank.dims))}")
    rest = [dim for dim in rank.dims if dim not in dims]
    count = rank.notnull().sum(rest).transpose(*dims)
    successes = (rank == 1).sum(rest).transpose(*dims)
    rate = np.full(count.shape, np.nan)
    low, high = rate.copy(), rate.copy()
    for place in np.argwhere(count.to_numpy() > 0):
        k, n = (int(array.to_numpy()[tuple(place)]) for array in (successes, count))
        interval = binomtest(k, n).proportion_ci(confidence, method="wilson")
        rate[tuple(place)] = k / n
        low[tuple(place)], high[tuple(place)] = interval.low, interval.high
    values = {"rate": (dims, rate), "low": (dims, low), "high": (dims, high)}
    result = xr.Dataset(values, coords=count.coords, attrs={"confidence": confidence})
    return result.assign(successes=successes, count=count)


def recall_confusion(
    dataset: xr.Dataset, reference: str = "untrained", mode: Mode = "asynchronous"
) -> xr.DataArray:
    """Which patterns a training makes attractors: shares of the starts, mean over its runs.

    All 2^N starts, or for more than ten contacts those of `listed_inputs`.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `open_campaign`.
    reference : {"saturated", "untrained"}
        Reference of the weights.
    mode : {"asynchronous", "synchronous"}
        How neurons are updated; without self-term.

    Returns
    -------
    xarray.DataArray
        Dimensions `trained` and `attractor` (a pattern and its inverse are one, and `never
        settles`); rows add up to 1.
    """
    check_kind("dataset", dataset, xr.Dataset, "`open_campaign` opens a folder")
    known = [str(name) for name in dataset.reference.to_numpy()]
    if reference not in known:
        raise InputError(f"reference: {reference!r} is none of {', '.join(known)}")
    drive = drive_of(dataset)
    relaxed = dataset.conductance_state.sel(state="relaxed")
    untrained = dataset.conductance_reference.sel(reference=reference)
    weights = xr.apply_ufunc(weight_matrix, relaxed, drive) - xr.apply_ufunc(
        weight_matrix, untrained, drive
    )
    names = trained_names(dataset)
    labels = names.broadcast_like(weights.isel(contact=0, contact_in=0, drop=True))
    weights = weights.transpose(*labels.dims, "contact", "contact_in")
    n = dataset.sizes["contact"]
    rows: dict[str, list[dict[str, float]]] = {}
    for name, w in zip(
        labels.to_numpy().ravel(), weights.to_numpy().reshape(-1, n, n), strict=True
    ):
        if np.isfinite(w).all():
            rows.setdefault(str(name), []).append(_shares(w, str(name), mode))
    found = {attractor for shares in rows.values() for share in shares for attractor in share}
    attractors = [*sorted(found - {UNSETTLED}, key=lambda p: p.replace("+", " ")), UNSETTLED]
    means = [
        [np.mean([share.get(attractor, 0.0) for share in shares]) for attractor in attractors]
        for shares in rows.values()
    ]
    return xr.DataArray(
        np.array(means).reshape(len(rows), len(attractors)),
        coords={"trained": list(rows), "attractor": attractors},
        dims=("trained", "attractor"),
        name="share",
        attrs={"reference": reference, "mode": mode},
    )


def _shares(weights: np.ndarray, entry: str, mode: Mode) -> dict[str, float]:
    starts = listed_inputs([entry])
    found, unsettled = basins(weights, mode, self_term=False, starts=starts)
    shares = {UNSETTLED: unsettled / len(starts)}
    for basin in found:
        own = basin.attractor if basin.attractor[0] == "+" else inverse(basin.attractor)
        shares[own] = shares.get(own, 0.0) + basin.starts / len(starts)
    return shares


def drive_of(dataset: xr.Dataset) -> Literal["voltage", "current"]:
    """Whether the inputs of a run, or of a campaign's base, are voltages or currents."""
    description = json.loads(dataset.attrs["description"])
    plan = description.get("base", description)["training"]
    return "current" if plan["voltage"] is None else "voltage"


def trained_names(dataset: xr.Dataset) -> xr.DataArray:
    """The pattern of each training: a coordinate of the runs, or else what the pulses held.

    Patterns that took turns are separated by /, as in `Training.patterns`. Empty where a training
    has no pulse yet.
    """
    for axis in ("training", "pattern"):
        if axis in dataset.coords:
            return dataset[axis]
    held = dataset[drive_of(dataset)]
    return xr.apply_ufunc(
        _held_patterns,
        held,
        input_core_dims=[["pulse", "contact"]],
        vectorize=True,
        output_dtypes=[object],
    )


def relaxed_ranks(energy: xr.DataArray, names: xr.DataArray) -> xr.DataArray:
    """`trained_rank` of the trainings of these names in the relaxed textures; NaN if unfinished.

    Parameters
    ----------
    energy : xarray.DataArray
        E' in W of every `input` and `state`.
    names : xarray.DataArray
        The pattern of each training, see `trained_names`.
    """
    return xr.apply_ufunc(
        _rank,
        energy.sel(state="relaxed", drop=True),
        names,
        input_core_dims=[["input"], []],
        kwargs={"inputs": [str(p) for p in energy.input.values]},
        vectorize=True,
        output_dtypes=[float],
    )


def _rank(energies: np.ndarray, pattern: str, inputs: list[str]) -> float:
    return trained_rank(energies, pattern, inputs) if np.isfinite(energies).all() else np.nan


def _held_patterns(values: np.ndarray) -> str:
    """Of voltages or currents of shape (pulses, contacts), NaN where there was no pulse."""
    held = values[np.isfinite(values).all(axis=1) & (np.ptp(values, axis=1) > 0)]
    middle = (held.max(axis=1) + held.min(axis=1)) / 2
    return "/".join(dict.fromkeys(pattern_string(v) for v in held - middle[:, None]))


def is_trained(entry: str, pattern: str) -> bool:
    """Whether a pattern, or its inverse, is among those of a training's entry."""
    return pattern in trained_patterns(entry)


def chosen_inputs(run: xr.Dataset, training: str, most: int = 16) -> list[str]:
    """Inputs without their inverses; of many the trained ones and the lowest of the others."""
    trained = trained_patterns(training)
    listed = run.input.to_numpy()
    known = set(listed)
    half = [p for p in listed if p[0] == "+" or inverse(p) not in known]
    if len(half) <= most:
        return half
    lowest = run.energy.isel(reference=-1).sel(state="relaxed").to_series()
    others = sorted((p for p in half if p not in trained), key=lambda p: lowest[p])
    return [p for p in half if p in trained] + others[:most]
