"""Campaigns: a base experiment and the axes along which it is changed."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from orchestrator.base.errors import InputError
from orchestrator.base.kinds import as_path, check_kind
from orchestrator.base.tomlfile import read_toml
from orchestrator.campaign.axes.designs import design
from orchestrator.campaign.axes.keys import changed, check_changes, overrides
from orchestrator.campaign.axes.layers import laid_over
from orchestrator.campaign.axes.repeats import Until
from orchestrator.campaign.axes.variants import Variants
from orchestrator.campaign.columns import RESERVED
from orchestrator.describe.described import described
from orchestrator.describe.experiment import PLAIN_NAME, PLAIN_NAME_IN_WORDS, Experiment
from orchestrator.describe.hashing import canonical_hash
from orchestrator.describe.html import card, drawing_of
from orchestrator.describe.idle import why_idle
from orchestrator.describe.validation import explained, validated, within

MOST_RUNS = 100_000
"""Runs of a campaign; each is checked before any is begun."""


_MANY_KEYS = ("zip", "points", "latin_hypercube", "sobol")


@described
class Axis:
    """One axis of a campaign: the values that one key, or several together, run through.

    Exactly one of `values`, `integers`, `linspace`, `geomspace`, `seeds`, `zip`, `points`,
    `latin_hypercube` and `sobol`.

    Parameters
    ----------
    name : str
        Name of the dimension in the results.
    key : str, optional
        Dotted key into the experiment, such as `training.voltage`; `contacts.*.size` stands for all
        contacts. Not with `zip` and `points`, which name their keys themselves.
    values : list, optional
        The values one by one.
    integers : table, optional
        `start`, `count` and, if it is not 1, `step`.
    linspace, geomspace : table, optional
        `start`, `stop` (included) and `count`.
    seeds : table, optional
        `count` random seeds, drawn by `entropy`.
    zip : table, optional
        Several keys with lists of the same length, which move together.
    points : list of tables, optional
        Each point by itself: dotted keys and values.
    latin_hypercube, sobol : table, optional
        `count` points that fill a box evenly: `ranges`, a table of dotted keys and [low, high], and
        the `seed` of the draw (0). `sobol` wants a power of two. `log`, a list of keys whose
        ratios count.
    labels : list, optional
        Coordinate values; by default the values, where those are numbers or strings.
    unit : str
        Unit of the coordinate.
    until : table, optional
        Take the points one batch after the other, only until the success rate of the runs along
        this axis is known well enough; see `Until`.
    """

    name: str
    key: str | None = None
    values: list[Any] | None = None
    integers: dict[str, int] | None = None
    linspace: dict[str, float] | None = None
    geomspace: dict[str, float] | None = None
    seeds: dict[str, int] | None = None
    zip: dict[str, list[Any]] | None = None
    points: list[dict[str, Any]] | None = None
    latin_hypercube: dict[str, Any] | None = None
    sobol: dict[str, Any] | None = None
    labels: list[str | int | float] | None = None
    unit: str = "1"
    until: Until | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"name {self.name!r} must be a plain word of letters, digits and _")
        kinds = ("values", "integers", "linspace", "geomspace", "seeds", *_MANY_KEYS)
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(kinds)}, got {given or 'none'}")
        if (self.key is None) != (given[0] in _MANY_KEYS):
            needs = "names its keys itself, without" if self.key is not None else "needs"
            raise ValueError(f"{given[0]} {needs} key")
        if not self.changes:
            raise ValueError(f"{given[0]} holds no point")
        if self.labels is not None and len(self.labels) != len(self.changes):
            raise ValueError(f"{len(self.labels)} labels for {len(self.changes)} points")
        if len({str(label) for label in self.coordinate}) != len(self.changes):
            raise ValueError("points must differ, and so must their labels")

    @cached_property
    def changes(self) -> list[dict[str, Any]]:
        """The changes of the experiment at each point of the axis."""
        if self.points is not None:
            return self.points
        for kind in ("latin_hypercube", "sobol"):
            if getattr(self, kind) is not None:
                return design(kind, getattr(self, kind))
        if self.zip is not None:
            lengths = {len(values) for values in self.zip.values()}
            if len(lengths) > 1:
                raise ValueError(f"the lists of zip have different lengths {sorted(lengths)}")
            rows = zip(*self.zip.values(), strict=True)
            return [dict(zip(self.zip, row, strict=True)) for row in rows]
        assert self.key is not None
        return [{self.key: value} for value in self._single_values()]

    def _single_values(self) -> list[Any]:
        if self.integers is not None:
            start, count, step = _numbers("integers", self.integers, ("start", "count"), step=1)
            return [start + k * step for k in range(count)]
        if self.seeds is not None:
            entropy, count = _numbers("seeds", self.seeds, ("entropy", "count"))
            if entropy < 0:
                raise ValueError(f"entropy of seeds must not be negative, got {entropy}")
            return np.random.SeedSequence(entropy).generate_state(count).tolist()
        for kind, space in (("linspace", np.linspace), ("geomspace", np.geomspace)):
            if getattr(self, kind) is not None:
                keys = ("start", "stop", "count")
                start, stop, count = _numbers(kind, getattr(self, kind), keys)
                return space(start, stop, int(count)).tolist()
        return list(self.values or [])

    @cached_property
    def coordinate(self) -> list[Any]:
        """Coordinate values: labels, numbers or strings."""
        if self.labels is not None:
            return list(self.labels)
        if self.latin_hypercube is not None or self.sobol is not None:
            return list(range(len(self.changes)))
        return [_label(change) for change in self.changes]


def _numbers(kind: str, table: Mapping[str, Any], keys: tuple[str, ...], **rest: Any) -> list[Any]:
    unknown = sorted(set(table) - set(keys) - set(rest))
    missing = [key for key in keys if key not in table]
    if unknown or missing:
        valid = ", ".join((*keys, *rest))
        raise ValueError(f"{kind} has the keys {valid}, got {', '.join(table) or 'none'}")
    count = table["count"]
    if not 1 <= count <= MOST_RUNS or count != int(count):
        raise ValueError(f"count of {kind} is an integer from 1 to {MOST_RUNS}, got {count:g}")
    return [table[key] for key in keys] + [table.get(k, v) for k, v in rest.items()]


def _label(change: Mapping[str, Any]) -> Any:
    values = [value[0] if _is_single(value) else value for value in change.values()]
    if len(values) == 1 and isinstance(values[0], int | float | str):
        return values[0]
    return ", ".join(str(value) for value in values)


def _is_single(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 1


@dataclasses.dataclass(frozen=True)
class Point:
    """One run of a campaign: its place along the axes and its experiment."""

    index: tuple[int, ...]
    labels: tuple[Any, ...]
    experiment: Experiment

    def __str__(self) -> str:
        return ", ".join(str(label) for label in self.labels)


class Campaign:
    """A base experiment, changed along axes; all combinations of their points are run.

    Parameters
    ----------
    base : Experiment
        What all runs share.
    sweep : sequence of Axis, or mapping
        The axes; as a mapping, dotted keys and lists of values.
    name : str, optional
        Names the campaign's folder; the base's name if left out.
    change : mapping, optional
        Dotted keys and values that are changed in the base once.

    Raises
    ------
    InputError
        If a key does not exist or an experiment is impossible; every run is checked.

    Examples
    --------
    Voltages (V) and starts of an experiment, all combinations:

    >>> axes = {"training.voltage": [0.02, 0.03], "start.seed": [1, 2, 3]}
    >>> campaign = orchestrator.Campaign(experiment, axes)
    >>> campaign.shape
    (2, 3)
    """

    def __init__(
        self,
        base: Experiment,
        sweep: Sequence[Axis] | Mapping[str, Sequence[Any]],
        name: str | None = None,
        change: Mapping[str, Any] | None = None,
    ) -> None:
        check_kind("base", base, Experiment, "`Experiment.from_toml` reads a file")
        check_kind("change", {} if change is None else change, Mapping, "dotted keys and values")
        if isinstance(sweep, Mapping):
            sweep = [_axis_of(key, values) for key, values in sweep.items()]
        check_kind("sweep", sweep, Sequence, "axes, or a mapping of dotted keys to lists of values")
        for axis in sweep:
            check_kind("sweep", axis, Axis)
        self.axes = tuple(sweep)
        self.name = base.name if name is None else name
        if not isinstance(self.name, str) or not PLAIN_NAME.fullmatch(self.name):
            raise InputError(f"name: {self.name!r} is not {PLAIN_NAME_IN_WORDS}")
        description = base.to_dict()
        within("change", check_changes, description, change or {})
        for key, axis in itertools.product(change or {}, self.axes):
            if overrides(axis.changes, key):
                raise InputError(
                    f"change: {key} does nothing, since axis {axis.name!r} sets it in every run; "
                    "leave one of them out"
                )
        self.base = Experiment.from_dict(changed(description, change or {}), source="change")
        self.points = self._points()

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of points along the axes."""
        return tuple(len(axis.changes) for axis in self.axes)

    @cached_property
    def hash(self) -> str:
        """Hash of the hashes of all runs in their order, and of when starts are enough."""
        content: dict[str, Any] = {"runs": [point.experiment.hash for point in self.points]}
        until = {axis.name: dataclasses.asdict(axis.until) for axis in self.axes if axis.until}
        return canonical_hash(content | ({"until": until} if until else {}))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        base = self.base
        rows = [
            ("runs", f"{len(self.points)} = {' x '.join(map(str, self.shape))}"),
            *((f"axis {axis.name}", _range_of(axis)) for axis in self.axes),
            ("base", f"{base.name} ({base.hash[:8]})"),
            *base.device.rows(),
        ]
        drawing = drawing_of(base.film, base.contacts, base.regions)
        return card(f"Campaign {self.name} ({self.hash[:8]})", rows, drawing)

    def _points(self) -> list[Point]:
        names = [axis.name for axis in self.axes]
        if len(set(names)) != len(names):
            raise InputError(f"axes: names must differ, got {names}")
        if len(repeated := [axis.name for axis in self.axes if axis.until is not None]) > 1:
            raise InputError(f"axes: only one may have until, got {', '.join(repeated)}")
        taken = sorted(set(names) & RESERVED)
        if taken:
            raise InputError(
                f"axes: {taken[0]!r} is a name in the results of a run; choose another"
            )
        if math.prod(self.shape) > MOST_RUNS:
            raise InputError(
                f"axes: {' x '.join(map(str, self.shape))} points are {math.prod(self.shape)} "
                f"runs; at most {MOST_RUNS} are accepted"
            )
        base = self.base.to_dict()
        owner: dict[str, str] = {}
        for axis in self.axes:
            for key in {key for change in axis.changes for key in change}:
                if owner.setdefault(key, axis.name) != axis.name:
                    raise InputError(f"axes {owner[key]!r} and {axis.name!r} both change {key}")
            for change in axis.changes:
                within(f"axes {axis.name!r}", check_changes, base, change)
        variants = Variants(self.base)
        points, seen = [], dict[str, tuple[Any, ...]]()
        for index in itertools.product(*(range(n) for n in self.shape)):
            along = list(zip(self.axes, index, strict=True))
            labels = tuple(axis.coordinate[k] for axis, k in along)
            changes = {key: v for axis, k in along for key, v in axis.changes[k].items()}
            source = ", ".join(f"{a.name} = {a.coordinate[k]}" for a, k in along)
            experiment = variants.experiment(changes, source or "base")
            folder = experiment.hash[:8]
            if folder in seen:
                raise InputError(f"runs {seen[folder]} and {labels} are the same")
            seen[folder] = labels
            points.append(Point(index, labels, experiment))
        return points

    def to_dict(self) -> dict[str, Any]:
        """Name, base and axes as plain types."""
        axes = [
            {k: v for k, v in dataclasses.asdict(axis).items() if v is not None}
            for axis in self.axes
        ]
        return {"name": self.name, "base": self.base.to_dict(), "axes": axes}

    @classmethod
    def from_dict(
        cls, content: dict[str, Any], source: str, folder: Path, *, stored: bool = False
    ) -> Campaign:
        """The campaign of a description; files are relative to `folder`.

        The base of a `stored` description, one of `to_dict`, is taken as it is: its files were read
        when it was made.

        With `extends`, a campaign file, the description is laid over that file's: changes key by
        key, axes by their names.

        Raises
        ------
        InputError
            With source, key, what was wrong and what would be right.
        """
        try:
            content = laid_over(content, folder)
            if "base" not in content:
                raise InputError("base: required, but missing")
            base = content["base"]
            if not isinstance(base, str | dict):
                raise InputError(f"base: must be a file's name or a table, got {base!r}")
            if isinstance(base, str):
                experiment = Experiment.from_toml(base)
            elif stored:
                experiment = Experiment.from_dict(base, "base")
            else:
                experiment = Experiment.from_table(base, folder, "base")
            axes = [_axis(k, table) for k, table in enumerate(content.get("axes", []))]
            return cls(experiment, axes, content.get("name"), content.get("change"))
        except InputError as error:
            raise InputError(f"{source}: {error}") from None

    @classmethod
    def from_toml(cls, path: str | Path) -> Campaign:
        """Read a campaign file.

        Raises
        ------
        InputError
            If the file cannot be read, is not TOML, or describes something impossible.
        """
        path = as_path("campaign file", path)
        content = read_toml(path)
        content.setdefault("name", path.stem)
        campaign = cls.from_dict(content, str(path), path.parent)
        for axis in campaign.axes:
            for key in sorted({key for change in axis.changes for key in change}):
                tables = (point.experiment.to_dict() for point in campaign.points)
                if (why := why_idle(key, tables)) is not None:
                    raise InputError(
                        f"{path}: axes {axis.name!r}: {key} has no effect in any run, {why}"
                    )
        return campaign


def _range_of(axis: Axis) -> str:
    """Its first and last label, and how many there are."""
    labels = [str(label) for label in axis.coordinate]
    unit = "" if axis.unit == "1" else f" {axis.unit}"
    shown = labels if len(labels) <= 4 else [labels[0], labels[1], "...", labels[-1]]
    return f"{', '.join(shown)}{unit} ({len(labels)})"


def _axis_of(key: str, values: Sequence[Any]) -> Axis:
    check_kind("sweep", key, str, "a dotted key such as 'training.voltage'")
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise InputError(f"sweep: {key!r} needs a list of values, got {values!r}")
    plain = [list(v) if isinstance(v, tuple) else v for v in values]
    name = "pattern" if key == "training.patterns" else key.rpartition(".")[2]
    if name in RESERVED:
        name = key.replace(".", "_")
    return Axis(name=name, key=key, values=plain)


_ADAPTER = TypeAdapter(Axis)


def _axis(number: int, table: dict[str, Any]) -> Axis:
    label = table.get("name", number)
    try:
        return validated(_ADAPTER, table)
    except ValidationError as error:
        raise explained(error, Axis, f"axes {label!r}") from None
