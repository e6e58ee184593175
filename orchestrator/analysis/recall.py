"""Recall of a training by each rule, from all starts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import xarray as xr

from orchestrator.learning.hopfield import (
    Basin,
    Mode,
    basins,
    trained_patterns,
    weight_matrix,
)

MODES: tuple[Mode, ...] = ("asynchronous", "synchronous")


@dataclass(frozen=True)
class Recalled:
    """Where recall ends under one reference and rule.

    Attributes
    ----------
    reference, mode, self_term
        The reference and the rule.
    starts, unsettled : int
        All starts, and those that never settle.
    reached : int or None
        Those that end in the trained pattern or its inverse; None where no pattern was named.
    basins : list of Basin
        The attractors.
    """

    reference: str
    mode: Mode
    self_term: bool
    starts: int
    reached: int | None
    unsettled: int
    basins: list[Basin]

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        rule = {"reference": self.reference, "update": self.mode, "self_term": self.self_term}
        counts = {"starts": self.starts, "reached": self.reached, "never_settle": self.unsettled}
        return rule | counts | {"attractors": {b.attractor: b.starts for b in self.basins}}


def recalls(run: xr.Dataset, training: str) -> Iterator[Recalled]:
    """All references and rules of one finished training of a run's Dataset."""
    drive = json.loads(run.attrs["description"])["training"].get("drive", "voltage")
    after = weight_matrix(run.conductance_state.sel(state="relaxed").to_numpy(), drive)
    own, starts = trained_patterns(training), run.input.to_numpy()
    for reference in run.reference.to_numpy().tolist():
        untrained = run.conductance_reference.sel(reference=reference).to_numpy()
        weights = after - weight_matrix(untrained, drive)
        for mode in MODES:
            for self_term in (False, True):
                found, unsettled = basins(weights, mode, self_term=self_term, starts=starts)
                reached = sum(b.starts for b in found if b.attractor in own) if own else None
                yield Recalled(
                    reference, mode, self_term, len(starts), reached, unsettled, list(found)
                )
