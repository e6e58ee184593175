"""What is done to the contacts of a measurement: voltages, currents, floating contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from orchestrator.base.errors import InputError

FLOATING = "."
"""A contact without voltage and current."""
Conditions = tuple[dict[str, float], dict[str, float]]
"""Voltages (V) and currents (A) by name of contact; what is in neither floats."""
_SIGNS = {"+": 1.0, "-": -1.0, "0": 0.0}


def conditions(names: Sequence[str], values: Any, quantity: str = "voltage") -> dict[str, float]:
    """Voltages or currents by name of contact; contacts that are left out float.

    Parameters
    ----------
    names : sequence of str
        The contacts, in order.
    values : mapping, sequence or str
        By name; or one for each contact in order, NaN, None or "." for a floating one; or the same
        as text: "1 0 . -1", "left=1, right=0", or a pattern "+-0." of 1 V.
    quantity : str
        What they are, for messages.

    Raises
    ------
    InputError
        If their number is not that of the contacts, a name is unknown or a value is no number.
    """
    if isinstance(values, str):
        values = _words(values, len(names))
    if isinstance(values, Mapping):
        given = {str(name): value for name, value in values.items()}
    else:
        listed = list(np.atleast_1d(np.asarray(values, object)))
        if len(listed) != len(names):
            raise InputError(
                f"{quantity}s: {len(listed)} are given for {len(names)} contacts "
                f"({', '.join(names)}); give one each, '.' for a floating contact"
            )
        given = dict(zip(names, listed, strict=True))
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise InputError(
            f"{quantity}s: no contact is named {unknown[0]!r}; there are {', '.join(names)}"
        )
    return {
        name: _number(value, f"{quantity} of {name!r}")
        for name, value in given.items()
        if not _floats(value)
    }


def check_flow(voltages: Mapping[str, Any], currents: Mapping[str, Any]) -> None:
    """Refuse voltages of which a single one is held: all others float with it.

    Raises
    ------
    InputError
        With the contact.
    """
    if len(voltages) == 1 and not any(currents.values()):
        raise InputError(
            f"voltages: only {next(iter(voltages))!r} has one, all other contacts float, and no "
            "current flows; give another contact a voltage, such as 0"
        )


def default_conditions(names: Sequence[str]) -> dict[str, float]:
    """1 V from the first contact to the last, the others floating: a two or four point probe."""
    return {names[0]: 1.0, names[-1]: 0.0} if names else {}


def _words(text: str, count: int) -> dict[str, str] | list[Any]:
    plain = text.strip()
    if len(plain) == count and set(plain) <= {*_SIGNS, FLOATING}:
        return [_SIGNS.get(sign, FLOATING) for sign in plain]
    if "=" in plain:
        pairs = [part.partition("=") for part in plain.split(",")]
        if any("=" in value for _, _, value in pairs):
            raise InputError(f"{plain!r}: separate contacts by commas, as in 'left=1,right=0'")
        listed = [name.strip() for name, _, _ in pairs]
        if twice := [name for name in listed if listed.count(name) > 1]:
            raise InputError(f"{plain!r}: {twice[0]!r} is given twice")
        return {name: value.strip() for name, (_, _, value) in zip(listed, pairs, strict=True)}
    return plain.replace(",", " ").split()


def _floats(value: Any) -> bool:
    return value is None or value == FLOATING or (isinstance(value, float) and np.isnan(value))


def _number(value: Any, what: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise InputError(f"{what}: must be a finite number, got {value!r}")
    return number
