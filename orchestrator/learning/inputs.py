"""What a script asks for: voltages and currents of the contacts, in numbers or as a pattern."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.plausibility import check_range
from orchestrator.describe.sections import Drive, check_duration
from orchestrator.learning.pulses import Pulse

Inputs = str | Sequence[float | str | None] | np.ndarray
"""A pattern such as "+-0." or "1 0.5 0 .", or one value per contact; None or "." floats."""

_BOUNDS: dict[Drive, tuple[float, str]] = {"voltage": (100.0, "V"), "current": (1000.0, "A")}
_SIGNS = {"+": 1.0, "-": -1.0, "0": 0.0}


def contact_values(
    inputs: Inputs, contacts: Sequence[str], drive: Drive, amplitude: float | None
) -> list[float | None]:
    """One value per contact in V or A; None where it floats.

    Parameters
    ----------
    inputs : str or sequence
        A pattern in units of `amplitude`: a character for each contact, `+`, `-`, `0` for grounded
        or `.` for floating, or words with blanks between them, among which numbers may be. Or
        numbers in V or A, with None, NaN or "." for contacts that float.
    contacts : sequence of str
        Names of the contacts.
    drive : {"voltage", "current"}
        What the values are.
    amplitude : float or None
        V0 in V or I0 in A.

    Raises
    ------
    InputError
        With the contact and what was wrong.
    """
    if isinstance(inputs, str):
        words = inputs.replace(",", " ").split()
        if len(words) == 1 and not _is_number(words[0]):
            words = list(words[0])
        if amplitude is None:
            raise InputError(
                f"{drive}s: the pattern {inputs!r} needs an amplitude; give `training` a {drive}, "
                "or numbers here"
            )
        values = [_of_word(word, inputs) for word in words]
        found = [None if value is None else amplitude * value for value in values]
    else:
        found = [_of_value(value, drive) for value in inputs]
    if len(found) != len(contacts):
        raise InputError(
            f"{drive}s: {len(found)} values for {len(contacts)} contacts ({', '.join(contacts)})"
        )
    most, unit = _BOUNDS[drive]
    for name, value in zip(contacts, found, strict=True):
        try:
            check_range(drive, value or 0.0, -most, most, unit)
        except ValueError as error:
            raise InputError(f"contact {name!r}: {error}") from None
    return found


def _is_number(word: str) -> bool:
    """Whether a word is a number, and not signs of contacts such as `-0.`."""
    try:
        float(word)
    except ValueError:
        return False
    return not set(word) <= {*_SIGNS, "."}


def _of_word(word: str, pattern: str) -> float | None:
    if word in _SIGNS:
        return _SIGNS[word]
    try:
        return None if word == "." else float(word)
    except ValueError:
        raise InputError(
            f"pattern {pattern!r}: {word!r} is none of +, -, 0, . and, between blanks, numbers"
        ) from None


def _of_value(value: Any, drive: Drive) -> float | None:
    if value is None or (isinstance(value, str) and value == "."):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise InputError(f"{drive}s: {value!r} is no number; None or '.' lets a contact float")
    number = float(value)
    if math.isinf(number):
        raise InputError(f"{drive}s: {number} is not finite")
    return None if math.isnan(number) else number


def pulse_of(
    voltages: list[float | None],
    currents: list[float | None],
    duration: float,
    gap: float = 0.0,
    B_ext: Sequence[float] | None = None,
    temperature: float | None = None,
) -> Pulse:
    """The pulse of voltages (V) and currents (A), at most one of them for each contact.

    Raises
    ------
    InputError
        If a contact has both, or a time, field or temperature is impossible.
    """
    for number, pair in enumerate(zip(voltages, currents, strict=True), 1):
        if None not in pair:
            raise InputError(f"contact number {number}: has a voltage and a current; give one")
    drives: tuple[Drive, ...] = tuple("current" if v is None else "voltage" for v in voltages)
    values = tuple((i or 0.0) if v is None else v for v, i in zip(voltages, currents, strict=True))
    if isinstance(B_ext, str):
        raise InputError(f"B_ext: must be three numbers in T, got {B_ext!r}")
    try:
        field = None if B_ext is None else tuple(float(b) for b in B_ext)
        check_duration("duration", float(duration))
        check_duration("gap", float(gap), zero=True)
        if field is not None:
            if len(field) != 3:
                raise ValueError(f"B_ext has three components, got {len(field)}")
            check_range("the length of B_ext", math.hypot(*field), 0, 100, "T")
        if temperature is not None:
            check_range("temperature", float(temperature), 0, 1e4, "K")
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from None
    return Pulse(
        values,
        float(duration),
        gap=float(gap),
        drives=drives if "current" in drives else (),
        B_ext=field,
        temperature=None if temperature is None else float(temperature),
    )


def to_json(pulse: Pulse) -> dict[str, Any]:
    """What is asked for as plain types, without what is not asked for."""
    asked: dict[str, Any] = {"values": list(pulse.values), "duration": pulse.duration}
    if pulse.drives:
        asked["drives"] = list(pulse.drives)
    if pulse.gap:
        asked["gap"] = pulse.gap
    if pulse.B_ext is not None:
        asked["B_ext"] = list(pulse.B_ext)
    if pulse.temperature is not None:
        asked["temperature"] = pulse.temperature
    return asked


def in_words(asked: dict[str, Any]) -> str:
    """What `to_json` gives, for a message."""
    drives = asked.get("drives") or ["voltage"] * len(asked["values"])
    units = {"voltage": "V", "current": "A"}
    held = [f"{v!r} {units[d]}" for v, d in zip(asked["values"], drives, strict=True)]
    words = f"{', '.join(held)} for {asked['duration']!r} s"
    if "gap" in asked:
        words += f", gap {asked['gap']!r} s"
    if "B_ext" in asked:
        words += f", B_ext {asked['B_ext']} T"
    if "temperature" in asked:
        words += f", temperature {asked['temperature']!r} K"
    return words
