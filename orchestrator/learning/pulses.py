"""Pulses: what is held on the contacts for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.sections import Drive, Training
from orchestrator.learning.hopfield import signs

_RANK = 1e-12
"""Singular values of G below this share of the largest are rounding."""
_LOST = 1e-9
"""Share of the largest currents by which one may miss what was asked for."""


@dataclass(frozen=True)
class Pulse:
    """Constant voltages or currents on the contacts for a while.

    Attributes
    ----------
    values : tuple of float
        One voltage (V) or current into the film (A) per contact.
    duration : float
        Length in s.
    drive : {"voltage", "current"}
        What `values` are.
    gap : float
        Time in s without current that follows.
    drives : tuple of {"voltage", "current"}
        What each of the values is, where they differ. A contact that floats has the current 0.
    B_ext : tuple of float, optional
        External field in T during the pulse and its gap, in place of that of the conditions.
    temperature : float, optional
        Temperature in K of the thermal field meanwhile, in place of that of the conditions.
    gap_temperature : float, optional
        That during the gap, where it differs.
    """

    values: tuple[float, ...]
    duration: float
    drive: Drive = "voltage"
    gap: float = 0.0
    drives: tuple[Drive, ...] = ()
    B_ext: tuple[float, float, float] | None = None
    temperature: float | None = None
    gap_temperature: float | None = None


@dataclass(frozen=True)
class Done:
    """A pulse that has been done.

    Attributes
    ----------
    time : float
        Simulated time at its end in s. An engine does not stop within a time step: a pulse shorter
        than its step takes longer than asked. Hence the time and not the length.
    max_dm : float
        Largest change of a magnetization vector over the pulse.
    voltages, currents : ndarray, shape (N,)
        Of the contacts at its beginning, V and A.
    """

    time: float
    max_dm: float
    voltages: np.ndarray
    currents: np.ndarray


def drive_values(pattern: str, amplitude: float, drive: Drive) -> np.ndarray:
    """Voltages +-V0, or currents that add up to zero, for a pattern; shape (N,)."""
    values = amplitude * np.asarray(signs(pattern), float)
    return values if drive == "voltage" else values - values.mean()


def contact_voltages(pulse: Pulse, conductance: np.ndarray) -> np.ndarray:
    """Voltages (V) of the contacts during a pulse; those of fixed currents have a mean of zero.

    Where voltages V_v and currents I_c are fixed side by side, the others follow from
    G_cc V_c = I_c - G_cv V_v. Of a contact without a path to a fixed voltage they are 0.

    Parameters
    ----------
    conductance : ndarray, shape (N, N)
        G in S.

    Raises
    ------
    InputError
        If a current cannot flow.
    """
    values = np.array(pulse.values)
    if not pulse.drives:
        return values if pulse.drive == "voltage" else np.linalg.pinv(conductance) @ values
    fed = np.array([drive == "current" for drive in pulse.drives])
    voltages = np.where(fed, 0.0, values)
    if fed.any():
        own = conductance[np.ix_(fed, fed)]
        wanted = values[fed] - conductance[fed] @ voltages
        voltages[fed] = np.linalg.lstsq(own, wanted, rcond=_RANK)[0]
        missing = values[fed] - conductance[fed] @ voltages
        if (np.abs(missing) > _LOST * np.abs(conductance).max() * np.abs(voltages).max()).any():
            raise InputError(
                "currents: those given cannot flow; without a voltage somewhere they must add up "
                "to zero in each connected part of the film"
            )
    return voltages


def next_pulse(
    plan: Training, entry: str, done: Sequence[Done], conductance: np.ndarray
) -> Pulse | None:
    """The pulse of the train of Eq. (8) that follows those done, None after the last.

    Parameters
    ----------
    plan : Training
        The protocol.
    entry : str
        The entry of `plan.patterns` that is trained.
    done : sequence of Done
        The pulses so far.
    conductance : ndarray, shape (N, N)
        G in S of the texture that the pulse will find.
    """
    n = len(done)
    if n == plan.pulses:
        return None
    duration = plan.pulse_length
    if plan.duration is not None:
        left = plan.duration - (done[-1].time if done else 0.0)
        if left < 1e-9 * plan.duration:
            return None
        duration = min(left, _adapted(plan, done, conductance) if done else duration)
    patterns = entry.split("/")
    pattern = patterns[n // plan.hold % len(patterns)]
    values = _factor(plan, n) * drive_values(pattern, plan.amplitude, plan.drive)
    return Pulse(tuple(values.tolist()), duration, plan.drive, plan.gap)


def _adapted(plan: Training, done: Sequence[Done], conductance: np.ndarray) -> float:
    """Length for 0.9 of the allowed change, at most twice or half the last."""
    last = done[-1]
    length = last.time - (done[-2].time if len(done) > 1 else 0.0)
    if plan.max_change is not None:
        allowed, change = plan.max_change, last.max_dm
    else:
        assert plan.max_current_change is not None
        allowed, change = plan.max_current_change, _current_change(last, conductance)
    ratio = 0.9 * allowed / change if change > 0 else 2.0
    return length * min(2.0, max(0.5, ratio))


def _current_change(last: Done, conductance: np.ndarray) -> float:
    """Relative change over the last pulse of the currents that its voltages drive."""
    size = np.linalg.norm(last.currents)
    change = np.linalg.norm(conductance @ last.voltages - last.currents)
    return float(change / size) if size > 0 else 0.0


def _factor(plan: Training, n: int) -> float:
    phase = n / plan.period % 1
    if plan.waveform == "alternating":
        return 1.0 if phase < 0.5 else -1.0
    if plan.waveform == "ramp":
        return (n + 1) / plan.pulses
    if plan.waveform == "triangle":
        return float(np.interp(phase, [0, 0.25, 0.75, 1], [0, 1, -1, 0]))
    return 1.0
