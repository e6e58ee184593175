"""Pulses: which voltages are held for how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestrator.learning.hopfield import signs


@dataclass(frozen=True)
class Pulse:
    """Constant voltages on the contacts for a while.

    Attributes
    ----------
    voltages : tuple of float
        One voltage per contact, V.
    duration : float
        Length in s.
    """

    voltages: tuple[float, ...]
    duration: float


def constant_train(pattern: str, voltage: float, pulse_length: float, count: int) -> list[Pulse]:
    """The pulse train of Eq. (8): `count` equal pulses of a pattern at +-`voltage` (V)."""
    values = voltage * np.asarray(signs(pattern), float)
    return [Pulse(tuple(values.tolist()), pulse_length)] * count
