"""What is known of a training: one record at its start, of each pulse, and at its end.

Each record is one line of the journal, and the fields of a pulse that carry a `Column` are
variables of the results: what such a field is called, its dimensions, unit and description stand
here and nowhere else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar, get_origin, get_type_hints

import numpy as np

from orchestrator.learning.pulses import Done

STAGES = ("transport", "engine", "files")
"""On what the wall-clock time of a pulse is spent."""
PULSE = ("training", "pulse")
"""Dimensions of what is known of every pulse."""
READING = ("training", "reading")
"""Dimensions of what is known of every reading."""
MATRIX = ("contact", "contact_in")
"""Dimensions of a conductance matrix."""


@dataclass(frozen=True)
class Column:
    """A variable of the results.

    Attributes
    ----------
    name : str
        Its name in the Dataset.
    dims : tuple of str
        Its dimensions.
    units : str
        SI unit, "1" for pure numbers.
    long_name : str
        What it is.
    dtype : str
        Type of its values.
    coordinate : bool
        Whether it is a coordinate of the variables along its dimensions.
    part : str
        The part of an experiment without which there is no such variable.
    """

    name: str
    dims: tuple[str, ...]
    units: str
    long_name: str
    dtype: str = "float64"
    coordinate: bool = False
    part: str = ""

    @property
    def attrs(self) -> dict[str, str]:
        """Attributes of the Dataset's variable."""
        return {"units": self.units, "long_name": self.long_name}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no whole number")
    return value


def _array(value: Any) -> np.ndarray:
    array = np.array(value)
    if array.dtype.kind not in "fi":
        raise TypeError(f"{value!r} is no array of numbers")
    return array.astype(float)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no table")
    return value


_READERS: dict[Any, Callable[[Any], Any]] = {
    float: _number,
    int: _count,
    int | None: lambda value: None if value is None else _count(value),
    float | None: lambda value: None if value is None else _number(value),
    tuple[float, ...]: lambda value: tuple(_number(v) for v in value),
    tuple[int, ...]: lambda value: tuple(_count(v) for v in value),
    np.ndarray: _array,
    Mapping[str, Any]: _table,
    Mapping[str, Any] | None: lambda value: None if value is None else _table(value),
    Mapping[str, str]: _table,
    Mapping[str, float]: _table,
}
"""How JSON becomes a field, by the field's type."""


@dataclass(frozen=True)
class _Key:
    """The JSON key of a field that has another name."""

    name: str


@dataclass(frozen=True)
class _Field:
    name: str
    key: str
    read: Callable[[Any], Any]
    column: Column | None
    required: bool


def _fields(kind: Any) -> tuple[_Field, ...]:
    return _annotated(kind)


@cache
def _annotated(kind: type[Record]) -> tuple[_Field, ...]:
    """The fields of a kind of record; what their annotations say."""
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        extras = hint.__metadata__ if get_origin(hint) is Annotated else ()
        key = next((e.name for e in extras if isinstance(e, _Key)), field.name)
        column = next((e for e in extras if isinstance(e, Column)), None)
        read = _READERS[hint.__origin__ if extras else hint]
        required = field.default is dataclasses.MISSING is field.default_factory
        found.append(_Field(field.name, key, read, column, required))
    return tuple(found)


@dataclass(frozen=True, eq=False, kw_only=True)
class Record:
    """A record that JSON can hold; its fields are in the order of their keys.

    Attributes
    ----------
    kind : str
        Tells the kinds of records apart.
    """

    kind: ClassVar[str] = ""

    def to_json(self) -> dict[str, Any]:
        """The record as plain types."""
        values = {
            field.key: _plain(value)
            for field in _fields(type(self))
            if (value := getattr(self, field.name)) is not None or field.required
        }
        return ({"kind": self.kind} if self.kind else {}) | values

    @classmethod
    def keys(cls) -> list[str]:
        """The keys of the JSON, without the kind."""
        return [field.key for field in _fields(cls)]

    @classmethod
    def from_json(cls: type[R], content: Mapping[str, Any]) -> R:
        """The record of plain types; keys that older versions did not write are at their defaults.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a key is missing, or its value is of another type.
        """
        values = {}
        for field in _fields(cls):
            if field.key in content:
                values[field.name] = field.read(content[field.key])
            elif field.required:
                raise KeyError(field.key)
        return cls(**values)


R = TypeVar("R", bound=Record)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


@dataclass(frozen=True, eq=False, kw_only=True)
class UntrainedRecord(Record):
    """The settled textures before any training.

    Attributes
    ----------
    seeds : tuple of int
        One for each start, the first of which is trained.
    conductance : ndarray, shape (starts, N, N)
        G of their textures, S.
    saturated : ndarray, shape (N, N)
        G of the film saturated along its normal, S.
    """

    seeds: tuple[int, ...]
    conductance: np.ndarray
    saturated: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class StartRecord(Record):
    """A training has its first texture.

    Attributes
    ----------
    files : mapping
        Checksums of the files that the record needs, by name.
    """

    kind = "start"
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, eq=False, kw_only=True)
class PulseRecord(Record):
    """One pulse of a training.

    Attributes
    ----------
    number : int
        1 for the first pulse.
    asked : mapping, optional
        What a script asked for, where one chose the pulse.
    voltages, currents : ndarray, shape (N,)
        Voltages of the contacts, V, and terminal currents, A, positive into the film.
    duration, gap : float
        What was asked for: the pulse, and the time without current after it, s.
    time : float
        Simulated time at the end of both, s.
    conductance : ndarray, shape (N, N)
        G^n of the texture that the pulse found, S.
    probes : tuple of float
        Conductances between the probes' contacts in that texture, S.
    power : float
        Joule heat V^T G V, W.
    max_dm : float
        Largest change of a magnetization vector over the pulse.
    steps : int or None
        Time steps taken.
    seconds : mapping
        Wall-clock time, s, by `STAGES`.
    temperature, temperature_mean : float, optional
        Temperature of a film that its heat warms, K: after the pulse and its gap, and the mean over
        the pulse, which its thermal field has.
    state : mapping
        What the engine needs to go on from here.
    files : mapping
        Checksums of the files that the record needs, by name.
    """

    kind = "pulse"
    number: Annotated[int, _Key("pulse")]
    asked: Mapping[str, Any] | None = None
    voltages: Annotated[
        np.ndarray, Column("voltage", (*PULSE, "contact"), "V", "voltage held at the contact")
    ]
    duration: float
    gap: float = 0.0
    time: Annotated[
        float, Column("time_end", PULSE, "s", "simulated time at the end of the pulse and its gap")
    ]
    conductance: Annotated[
        np.ndarray,
        Column("conductance", (*PULSE, *MATRIX), "S", "G^n of the texture that the pulse found"),
    ]
    probes: Annotated[
        tuple[float, ...],
        Column(
            "probe_conductance",
            (*PULSE, "probe"),
            "S",
            "conductance between the probe's contacts",
        ),
    ]
    currents: Annotated[
        np.ndarray,
        Column("current", (*PULSE, "contact"), "A", "terminal current, positive into the film"),
    ]
    power: Annotated[float, Column("power", PULSE, "W", "Joule heat during the pulse")]
    max_dm: Annotated[
        float,
        Column("max_dm", PULSE, "1", "largest change of a magnetization vector over the pulse"),
    ]
    temperature: Annotated[
        float | None,
        Column(
            "film_temperature",
            PULSE,
            "K",
            "temperature of the film after the pulse and its gap",
            part="heat",
        ),
    ] = None
    temperature_mean: Annotated[
        float | None,
        Column(
            "film_temperature_mean",
            PULSE,
            "K",
            "mean over the pulse, which its thermal field has",
            part="heat",
        ),
    ] = None
    steps: Annotated[int | None, Column("steps", PULSE, "1", "time steps of the engine")]
    seconds: Annotated[
        Mapping[str, float], Column("wall_time", (*PULSE, "stage"), "s", "wall-clock time")
    ]
    state: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def done(self) -> Done:
        """What the choice of the next pulse needs to know."""
        return Done(self.time, self.max_dm, self.voltages, self.currents)


@dataclass(frozen=True, eq=False, kw_only=True)
class ReadingRecord(Record):
    """One reading: a pulse that does not count as training.

    Its fields are those of a `PulseRecord`, but for these.

    Attributes
    ----------
    number : int
        1 for the first reading.
    pulses : int
        Pulses before it.
    """

    kind = "reading"
    number: Annotated[int, _Key("reading")]
    pulses: Annotated[int, Column("reading_pulses", READING, "1", "pulses before the reading")]
    asked: Mapping[str, Any] | None = None
    voltages: Annotated[
        np.ndarray,
        Column("reading_voltage", (*READING, "contact"), "V", "voltage held at the contact"),
    ]
    duration: float
    gap: float = 0.0
    time: Annotated[
        float,
        Column("reading_time_end", READING, "s", "simulated time at the end of reading and gap"),
    ]
    conductance: Annotated[
        np.ndarray,
        Column("reading_conductance", (*READING, *MATRIX), "S", "G of the texture that it found"),
    ]
    probes: tuple[float, ...]
    temperature: float | None = None
    temperature_mean: float | None = None
    currents: Annotated[
        np.ndarray,
        Column(
            "reading_current",
            (*READING, "contact"),
            "A",
            "terminal current, positive into the film",
        ),
    ]
    power: Annotated[float, Column("reading_power", READING, "W", "Joule heat during the reading")]
    max_dm: Annotated[
        float,
        Column(
            "reading_max_dm",
            READING,
            "1",
            "largest change of a magnetization vector over the reading",
        ),
    ]
    steps: int | None
    seconds: Mapping[str, float]
    state: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)


HeldRecord = PulseRecord | ReadingRecord
"""What was held on the contacts for a while."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainedRecord(Record):
    """The texture after the last pulse.

    Attributes
    ----------
    files : mapping
        Checksums of the files that the record needs, by name.
    conductance : ndarray, shape (N, N)
        Its G, S.
    probes : tuple of float
        Conductances between the probes' contacts, S.
    """

    kind = "trained"
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    conductance: np.ndarray
    probes: tuple[float, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class RelaxedRecord(TrainedRecord):
    """The texture after relaxation without current, with which a training ends."""

    kind = "relaxed"


JournalRecord = StartRecord | PulseRecord | ReadingRecord | TrainedRecord
"""What a journal holds; a `RelaxedRecord` is a `TrainedRecord` of another texture."""

_KINDS: dict[str, type[JournalRecord]] = {
    kind.kind: kind
    for kind in (StartRecord, PulseRecord, ReadingRecord, TrainedRecord, RelaxedRecord)
}


def record_of(content: Mapping[str, Any]) -> JournalRecord:
    """The record of a journal's JSON.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is none.
    """
    return _KINDS[content["kind"]].from_json(content)


def _columns(kind: type[Record]) -> dict[str, Column]:
    return {field.name: field.column for field in _fields(kind) if field.column is not None}


PULSE_COLUMNS = _columns(PulseRecord)
"""Variables of the results that are fields of `PulseRecord`, by the field."""
READING_COLUMNS = _columns(ReadingRecord)
"""Those that are fields of `ReadingRecord`; a run whose pulses a script chose has them."""
