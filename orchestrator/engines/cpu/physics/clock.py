"""How far the integration of a simulation has come."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Clock:
    """Time and steps.

    Attributes
    ----------
    time, dt : float
        Simulated time, and the length of the step under way or the next one, s.
    step, undone, neval : int
        Accepted and rejected steps, and torques evaluated.
    last_err, peak_err : float
        Error of the last step, and the largest so far.
    """

    time: float = 0.0
    dt: float = 1e-15
    step: int = 0
    undone: int = 0
    neval: int = 0
    last_err: float = 0.0
    peak_err: float = 0.0
