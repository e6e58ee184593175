"""The variables of a run's results: fields of the journal's records, and what follows from them.

A quantity that the loop measures is a field of `learning.records.PulseRecord` with a `Column`. One
that follows from what is known is a function here and its `Column` in `DERIVED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.describe.experiment import Experiment
from orchestrator.learning.hopfield import energy, trained_rank, weight_matrix
from orchestrator.learning.pulses import drive_values
from orchestrator.learning.records import (
    MATRIX,
    PULSE,
    PULSE_COLUMNS,
    READING_COLUMNS,
    Column,
    PulseRecord,
    UntrainedRecord,
)
from orchestrator.run.fields import FIELDS
from orchestrator.run.folder import JOURNAL, UNTRAINED, training_folders
from orchestrator.run.journal import Found, read_journal
from orchestrator.run.layout import STATES, run_coordinates, script_coordinates
from orchestrator.run.untrained import read_untrained

Variables = dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]]
"""Dimensions, values and attributes of variables, as xarray takes them."""

_ROUNDING = 1e-9
"""Share of the reference's power below which energies are rounding: the film has no weights."""


@dataclass
class RunData:
    """What is known of a run.

    Attributes
    ----------
    experiment : Experiment
        What is run.
    untrained : UntrainedRecord or None
        The untrained starts.
    journals : list of Found
        One for each training.
    values : dict of str to ndarray
        The variables so far.
    """

    experiment: Experiment
    untrained: UntrainedRecord | None
    journals: list[Found]
    values: dict[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]

    @cached_property
    def coordinates(self) -> Mapping[str, Sequence[Any]]:
        """Coordinates of the dimensions."""
        return run_coordinates(self.experiment) | script_coordinates(self.experiment, self.journals)

    def empty(self, dims: tuple[str, ...]) -> np.ndarray:
        """NaN along some dimensions."""
        return np.full(tuple(len(self.coordinates[d]) for d in dims), np.nan)

    def weights(self, conductance: np.ndarray) -> np.ndarray:
        """What the weights are a change of: G (S), or the resistances (ohm) for fixed currents."""
        return weight_matrix(conductance, self.experiment.training.drive)

    @cached_property
    def references(self) -> np.ndarray:
        """`weights` of the references, shape (reference, N, N)."""
        return self.weights(self["conductance_reference"])


def _conductance_untrained(run: RunData) -> np.ndarray:
    g = run.empty(("start", *MATRIX))
    if run.untrained is not None:
        g[:] = run.untrained.conductance
    return g


def _conductance_reference(run: RunData) -> np.ndarray:
    references = run.empty(("reference", *MATRIX))
    if run.untrained is not None:
        mean = run["conductance_untrained"].mean(axis=0)
        references[:] = run.untrained.saturated, mean
    return references


def _time(run: RunData) -> np.ndarray:
    begin = run.empty(PULSE)
    for k, journal in enumerate(run.journals):
        for before, record in pairwise([None, *journal.steps]):
            if isinstance(record, PulseRecord):
                begin[k, record.number - 1] = 0.0 if before is None else before.time
    return begin


def _duration(run: RunData) -> np.ndarray:
    gap = np.zeros(run.empty(PULSE).shape)
    for k, journal in enumerate(run.journals):
        gap[k, : len(journal.pulses)] = [record.gap for record in journal.pulses]
    return run["time_end"] - run["time"] - gap


def _energy_spent(run: RunData) -> np.ndarray:
    return run["power"] * run["duration"]


def _conductance_state(run: RunData) -> np.ndarray:
    g = run.empty(("training", "state", *MATRIX))
    g[:, STATES.index("before")] = run["conductance_untrained"][0]
    for k, journal in enumerate(run.journals):
        for s, record in enumerate((journal.trained, journal.relaxed), STATES.index("after")):
            if record is not None:
                g[k, s] = record.conductance
    return g


def _probe_conductance_state(run: RunData) -> np.ndarray:
    values = run.empty(("training", "state", "probe"))
    for k, journal in enumerate(run.journals):
        first = journal.pulses[0] if journal.pulses else None
        for s, record in enumerate((first, journal.trained, journal.relaxed)):
            if record is not None:
                values[k, s] = record.probes
    return values


def _conductance_change(run: RunData) -> np.ndarray:
    after = run["conductance_state"][:, [STATES.index("after")]]
    following = np.concatenate([run["conductance"][:, 1:], after], axis=1)
    return following - run["conductance"]


def _inputs(run: RunData) -> np.ndarray:
    """Voltages or currents of the listed inputs, shape (input, N)."""
    plan = run.experiment.training
    listed = run.coordinates["input"]
    return np.array([drive_values(p, plan.amplitude, plan.drive) for p in listed])


def _energy(run: RunData) -> np.ndarray:
    weights = run.weights(run["conductance_state"])[:, :, None] - run.references
    return energy(weights, _inputs(run))


def _reference_power(run: RunData) -> np.ndarray:
    return -energy(run.references, _inputs(run))


def _trained_energy(run: RunData) -> np.ndarray:
    difference = run.weights(run["conductance"])[:, :, None] - run.references
    own = run["voltage" if run.experiment.training.drive == "voltage" else "current"]
    return -np.einsum("tprij,tpi,tpj->tpr", difference, own, own)


def _trained_rank(run: RunData) -> np.ndarray:
    """NaN where unfinished or without weights."""
    energies, patterns = run["energy"][:, STATES.index("relaxed")], run.experiment.training.patterns
    ranks = run.empty(("training", "reference"))
    least = _ROUNDING * np.abs(run["reference_power"]).max(axis=-1)
    for k, r in np.argwhere(np.abs(energies).max(axis=-1) > least):
        ranks[k, r] = trained_rank(energies[k, r], patterns[k], run.coordinates["input"])
    return ranks


def _asked(name: str, dims: tuple[str, ...], run: RunData) -> np.ndarray:
    conditions = run.experiment.conditions
    usual = {"gap": 0.0, "B_ext": conditions.B_ext, "temperature": conditions.temperature}
    values = run.empty(dims)
    for k, journal in enumerate(run.journals):
        for record in journal.pulses:
            values[k, record.number - 1] = (record.asked or {}).get(name, usual[name])
    return values


DERIVED: tuple[tuple[Column, Callable[[RunData], np.ndarray]], ...] = (
    (
        Column("conductance_untrained", ("start", *MATRIX), "S", "G of settled textures"),
        _conductance_untrained,
    ),
    (
        Column(
            "conductance_reference",
            ("reference", *MATRIX),
            "S",
            "G0 of the film saturated along its normal, and mean G of untrained textures",
        ),
        _conductance_reference,
    ),
    (
        Column(
            "time",
            PULSE,
            "s",
            "simulated time at the beginning of the pulse, when G^n is found",
            coordinate=True,
        ),
        _time,
    ),
    (
        Column(
            "duration",
            PULSE,
            "s",
            "length of the pulse, to the end of the engine's time step",
        ),
        _duration,
    ),
    (
        Column("energy_spent", PULSE, "J", "Joule heat of the pulse"),
        _energy_spent,
    ),
    (
        Column(
            "conductance_state",
            ("training", "state", *MATRIX),
            "S",
            "G before training, after the last pulse, and relaxed without current",
        ),
        _conductance_state,
    ),
    (
        Column(
            "probe_conductance_state",
            ("training", "state", "probe"),
            "S",
            "the same between the probe's contacts",
        ),
        _probe_conductance_state,
    ),
    (
        Column(
            "conductance_change",
            (*PULSE, *MATRIX),
            "S",
            "Delta^n = G^{n+1} - G^n of Eq. (8)",
        ),
        _conductance_change,
    ),
    (
        Column(
            "energy",
            ("training", "state", "reference", "input"),
            "W",
            "E' of Eq. (7) of every input",
        ),
        _energy,
    ),
    (
        Column(
            "reference_power",
            ("reference", "input"),
            "W",
            "power of every input in the reference, -E0",
        ),
        _reference_power,
    ),
    (
        Column(
            "trained_energy",
            (*PULSE, "reference"),
            "W",
            "E' of what the pulse held, in the texture that it found",
        ),
        _trained_energy,
    ),
    (
        Column(
            "trained_rank",
            ("training", "reference"),
            "1",
            "rank of the trained pattern's relaxed energy among the non-trivial inputs, "
            "1 = learned",
        ),
        _trained_rank,
    ),
)
"""Variables that follow from others, each after those that it needs."""

COLUMNS: tuple[Column, ...] = (
    *(column for column in PULSE_COLUMNS.values() if not column.part),
    *(column for column, _ in DERIVED),
    *FIELDS.values(),
)
"""All variables that the results of every run can have."""

OF_SCRIPTS: tuple[tuple[Column, Callable[[RunData], np.ndarray]], ...] = (
    (
        Column("pulse_gap", PULSE, "s", "time without current after the pulse"),
        partial(_asked, "gap", PULSE),
    ),
    (
        Column("pulse_field", (*PULSE, "component"), "T", "external field during pulse and gap"),
        partial(_asked, "B_ext", (*PULSE, "component")),
    ),
    (
        Column("pulse_temperature", PULSE, "K", "temperature during pulse and gap"),
        partial(_asked, "temperature", PULSE),
    ),
)
"""Further variables of runs whose pulses a script chooses, from what it asked for."""

_OF_SOME = (*PULSE_COLUMNS.values(), *READING_COLUMNS.values(), *(c for c, _ in OF_SCRIPTS))
_ALL = (*COLUMNS, *_OF_SOME)

NAMES = frozenset(column.name for column in _ALL) | {d for c in _ALL for d in c.dims}
"""Names of all variables and dimensions."""

COORDINATES = frozenset(column.name for column in COLUMNS if column.coordinate)
"""Names of the variables that are coordinates of others."""


def read_variables(experiment: Experiment, folder: Path | None) -> Variables:
    """All variables of a run but its fields; of no folder, all NaN.

    Raises
    ------
    RunFolderError
        If a file is damaged.
    """
    patterns = experiment.training.patterns
    journals, untrained = [Found()] * len(patterns), None
    if folder is not None:
        journals = [read_journal(t / JOURNAL) for t in training_folders(folder, patterns)]
        if (folder / UNTRAINED).exists():
            untrained = read_untrained(folder)
    run = RunData(experiment, untrained, journals)
    ways: list[tuple[Column, Callable[[RunData], np.ndarray]]] = [
        *((c, partial(_along, "pulses", name, c)) for name, c in PULSE_COLUMNS.items()),
        *DERIVED,
        *((c, partial(_along, "readings", name, c)) for name, c in READING_COLUMNS.items()),
        *(OF_SCRIPTS if experiment.training.script else ()),
    ]
    columns = []
    for column, values in ways:
        wanted = not column.part or getattr(experiment, column.part) is not None
        if wanted and set(column.dims) <= run.coordinates.keys():
            run.values[column.name] = values(run)
            columns.append(column)
    return {c.name: (c.dims, run[c.name], c.attrs) for c in columns}


def _along(kind: str, name: str, column: Column, run: RunData) -> np.ndarray:
    """A field of the records of all committed "pulses" or "readings"."""
    values = run.empty(column.dims)
    for k, journal in enumerate(run.journals):
        for record in getattr(journal, kind):
            value = getattr(record, name)
            if isinstance(value, Mapping):
                value = [value[key] for key in run.coordinates[column.dims[-1]]]
            if value is not None:
                values[k, record.number - 1] = value
    return values
