"""Keys of an experiment file that contradict each other or do nothing.

Only files are checked so: a campaign may set a key whose meaning depends on its axes, if it means
something in one of its runs, and what was once run is described by all its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Table = Mapping[str, Any]


class _Rule(NamedTuple):
    """A key, when it does nothing, and why."""

    key: str
    idle: Callable[[Table], bool]
    why: str


def _value(table: Table, key: str, default: Any = None) -> Any:
    section, _, name = key.partition(".")
    return table.get(section, {}).get(name, default)


def _drive(table: Table) -> Any:
    return _value(table, "training.drive", "voltage")


def _keeps_no_state(table: Table) -> bool:
    return not _value(table, "output.snapshots") and not _value(table, "output.every")


def _by_turns(table: Table) -> bool:
    return any("/" in pattern for pattern in _value(table, "training.patterns", ()))


def _is_adaptive(table: Table) -> bool:
    return _value(table, "training.duration") is not None


_RULES = (
    _Rule(
        "training.current",
        lambda t: _drive(t) == "voltage",
        'drive = "voltage" is what is fixed; leave it out, or take drive = "current"',
    ),
    _Rule(
        "training.voltage",
        lambda t: _drive(t) == "current",
        'drive = "current" is what is fixed; leave it out, or take drive = "voltage"',
    ),
    _Rule(
        "training.period",
        lambda t: _value(t, "training.waveform", "constant") not in ("alternating", "triangle"),
        'only waveform = "alternating" and "triangle" have one',
    ),
    _Rule(
        "training.hold",
        lambda t: not _by_turns(t),
        "no entry of patterns holds several that take turns, such as '+--+/++-+'",
    ),
    _Rule(
        "training.pulse_length",
        lambda t: (
            _is_adaptive(t) and _value(t, "training.pulse_length") > _value(t, "training.duration")
        ),
        "the first pulse would be longer than duration, the whole train",
    ),
    _Rule(
        "start.seed",
        lambda t: _value(t, "start.m0") is not None,
        "m0 is what is started from; leave one of them out",
    ),
    _Rule(
        "start.resample",
        lambda t: _value(t, "start.m0") is None,
        "there is no m0 to resample",
    ),
    _Rule(
        "start.settle_alpha",
        lambda t: _value(t, "start.settle_time") == 0,
        "nothing settles in settle_time = 0",
    ),
    _Rule(
        "reference.starts",
        lambda t: _value(t, "start.m0") is not None and _value(t, "reference.starts") != 1,
        "every start would be the same m0; leave it out, or take 1",
    ),
    _Rule(
        "conditions.thermal_seed",
        lambda t: not _value(t, "conditions.temperature"),
        "there is no thermal field without a temperature",
    ),
    _Rule(
        "conditions.grain_seed",
        lambda t: not _value(t, "conditions.grain_size"),
        "there are no grains without grain_size and grain_spread",
    ),
    _Rule(
        "material.axis",
        lambda t: not _value(t, "material.Ku1"),
        "there is no anisotropy without Ku1",
    ),
    _Rule("output.fields", _keeps_no_state, "neither snapshots nor every keeps a state"),
    _Rule("output.precision", _keeps_no_state, "neither snapshots nor every keeps a state"),
)


def why_idle(key: str, tables: Iterable[Table]) -> str | None:
    """Why a key does nothing in any of some descriptions; None if it does something in one."""
    for rule in _RULES:
        if rule.key == key and all(map(rule.idle, tables)):
            return rule.why
    return None


def idle_keys(table: Table) -> list[str]:
    """What is wrong with keys that contradict others or do nothing: one line for each.

    Parameters
    ----------
    table : mapping
        The content of a file that describes a valid experiment.
    """
    lines = [
        f"{rule.key}: has no effect, {rule.why}"
        for rule in _RULES
        if _value(table, rule.key) is not None and rule.idle(table)
    ]
    snapshots = _value(table, "output.snapshots", ())
    twice = sorted({n for n in snapshots if snapshots.count(n) > 1})
    if twice:
        lines.append(f"output.snapshots: state {twice[0]} stands twice; name each once")
    every, pulses = _value(table, "output.every", 0), _value(table, "training.pulses")
    if every > pulses:
        lines.append(
            f"output.every: must be at most the number of pulses, {pulses}, got {every}; "
            "the start alone is kept by snapshots = [0]"
        )
    patterns = _value(table, "training.patterns")
    lines += [
        f"training.patterns: pattern {pattern!r} drives no current, all its signs are equal"
        for pattern in dict.fromkeys("/".join(patterns).split("/"))
        if len(set(pattern)) == 1
    ]
    return lines
