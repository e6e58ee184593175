"""What the figures of a run read off its Dataset."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from orchestrator.describe.experiment import Experiment
from orchestrator.learning.hopfield import inverse, is_trivial, trained_patterns

MOST_BARS = 16


def experiment_of(dataset: xr.Dataset) -> Experiment:
    """The experiment that made a run."""
    return Experiment.from_dict(json.loads(dataset.attrs["description"]), source="run")


def name_of(dataset: xr.Dataset, training: str) -> str:
    """A training in a title: its pattern, or of a long one its number and what it is."""
    if len(training) <= 11:
        return f"training {{{training}}}"
    count = training.count("/") + 1
    words = "1 pattern" if count == 1 else f"{count} patterns"
    number = [str(t) for t in np.atleast_1d(dataset.training.to_numpy())].index(training) + 1
    return f"training no. {number}, {words}"


def conductances_of(run: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """G of one training against time, the last one that after all pulses.

    Returns
    -------
    time : ndarray, shape (P + 1,)
        When each pulse begins, and when the last one ends, ns.
    conductance : ndarray, shape (P + 1, N, N)
        S.
    """
    begin, end = run.time.to_numpy(), run.time_end.to_numpy()
    time = 1e9 * np.append(begin, end[-1])
    after = run.conductance_state.sel(state="after").to_numpy()[None]
    return time, np.concatenate([run.conductance.to_numpy(), after])


def half_of(inputs: np.ndarray) -> list[str]:
    """One of each pair of inverse inputs, that with + first where both are listed."""
    known = {str(p) for p in inputs}
    return [str(p) for p in inputs if p[0] == "+" or inverse(str(p)) not in known]


def inputs_shown(run: xr.Dataset, most: int = MOST_BARS) -> list[str]:
    """Inputs to show, each for its inverse too, without the trivial ones.

    Of more than `most` the trained ones and the lowest others, the lowest first.

    Parameters
    ----------
    run : xarray.Dataset
        One training under one reference.
    most : int
        Number of inputs.
    """
    half = [str(p) for p in half_of(run.input.to_numpy()) if not is_trivial(str(p))]
    if len(half) <= most:
        return half
    trained = trained_patterns(str(run.training.item()))
    lowest = run.energy.sel(state="relaxed").to_series()
    own = [p for p in half if p in trained]
    others = sorted((p for p in half if p not in trained), key=lambda p: lowest[p])
    return sorted([*own, *others[: most - len(own)]], key=lambda p: lowest[p])


def time_of(run: xr.Dataset, snapshot: int) -> float:
    """Simulated time of a kept state of a training, ns."""
    return 1e9 * float(run.time_end.sel(pulse=snapshot)) if snapshot else 0.0


def pattern_at(run: xr.Dataset, snapshot: int, training: str) -> str:
    """Signs of the contacts in the pulse before a state; of the first one at the beginning."""
    pulse = max(snapshot, int(run.pulse[0]))
    v = run.voltage.sel(pulse=pulse).to_numpy() if "voltage" in run else np.array(np.nan)
    if not np.isfinite(v).all():
        return training.split("/")[0]
    middle = (v.max() + v.min()) / 2
    return "".join("+" if value > middle else "-" for value in v)
