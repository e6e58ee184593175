"""How well a training is recalled, under each reference and way of updating."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from orchestrator.learning.hopfield import Basin, Mode, basins, trained_patterns, weight_matrix

MODES: tuple[Mode, ...] = ("asynchronous", "synchronous")


@dataclass(frozen=True)
class Recalled:
    """Where the recall from all listed inputs ends.

    Attributes
    ----------
    reference : str
        What the conductances are compared with.
    mode : {"asynchronous", "synchronous"}
        How neurons are updated.
    self_term : bool
        Whether with the diagonal of the weights.
    starts, reached : int
        Number of starts, and of those that reach a trained pattern or its inverse.
    attractors : sequence of Basin
        The largest basin first.
    unsettled : int
        Starts that never settle.
    """

    reference: str
    mode: Mode
    self_term: bool
    starts: int
    reached: int
    attractors: Sequence[Basin]
    unsettled: int


def recall_of(run: xr.Dataset) -> list[Recalled]:
    """The recall of one finished training.

    Parameters
    ----------
    run : xarray.Dataset
        From `open_run`, one training.
    """
    drive = json.loads(run.attrs["description"])["training"].get("drive", "voltage")
    after = weight_matrix(run.conductance_state.sel(state="relaxed").to_numpy(), drive)
    inputs = [str(p) for p in run.input.to_numpy()]
    own = trained_patterns(str(run.training.item()))
    rows = []
    for reference in run.reference.to_numpy():
        weights = after - weight_matrix(
            run.conductance_reference.sel(reference=reference).to_numpy(), drive
        )
        for mode in MODES:
            for self_term in (False, True):
                found, unsettled = basins(weights, mode, self_term=self_term, starts=inputs)
                reached = sum(b.starts for b in found if b.attractor in own)
                counts = len(inputs), reached
                rows.append(Recalled(str(reference), mode, self_term, *counts, found, unsettled))
    return rows
