"""The loop of Eq. (8): G^{n+1} = G^n + Delta^n[V].

One pulse holds the voltages, solves the transport network of the present texture, freezes its
current density, runs the magnetization for the length of the pulse and reads it back. The loop
knows neither which engine runs nor where results go: it yields one record per pulse.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from orchestrator.engines.session import Progress, Session
from orchestrator.learning.pulses import Done, Pulse, contact_voltages
from orchestrator.ovf.files import read_ovf


class Solved(Protocol):
    """A transport network solved for one texture."""

    @property
    def conductance(self) -> np.ndarray:
        """G between the contacts in S, shape (N, N)."""

    def current_density(self, v: np.ndarray) -> np.ndarray:
        """Current density in A/m2, shape (nz, ny, nx, 3), for voltages v in V, shape (N,)."""


class Solvable(Protocol):
    """A transport network."""

    def solve(self, m: np.ndarray) -> Solved:
        """The network of a texture m, unit vectors of shape (nz, ny, nx, 3)."""


@dataclass(frozen=True)
class Block:
    """A rendered pulse: its script and the name under which it saves m."""

    script: str
    magnetization: str


@dataclass(frozen=True)
class PulseRecord:
    """One pulse of a training.

    Attributes
    ----------
    number : int
        1 for the first pulse.
    pulse : Pulse
        What was held, for how long.
    voltages, currents : ndarray, shape (N,)
        Voltages of the contacts, V, and terminal currents, A, positive into the film.
    conductance : ndarray, shape (N, N)
        G^n of the texture that the pulse found, S.
    probes : tuple of float
        Conductances between the probes' contacts in that texture, S.
    power : float
        Joule heat V^T G V, W.
    time : float
        Simulated time at the end of the pulse, s.
    max_dm : float
        Largest change of a magnetization vector over the pulse.
    steps : int or None
        Time steps taken.
    seconds : mapping
        Wall-clock time spent in `transport`, `engine` and `files`.
    state : mapping
        What the engine needs to go on from here.
    m, j : ndarray, shape (nz, ny, nx, 3)
        Magnetization before the pulse and the current density (A/m2) that drove it.
    """

    number: int
    pulse: Pulse
    voltages: np.ndarray
    currents: np.ndarray
    conductance: np.ndarray
    probes: tuple[float, ...]
    power: float
    time: float
    max_dm: float
    steps: int | None
    seconds: Mapping[str, float]
    state: Mapping[str, Any]
    m: np.ndarray
    j: np.ndarray
    magnetization: Path


def train(
    network: Solvable,
    session: Session,
    m: np.ndarray,
    following: Callable[[Sequence[Done], np.ndarray], Pulse | None],
    block: Callable[[int, Pulse, np.ndarray, np.ndarray], Block],
    *,
    done: Sequence[Done] = (),
    probes: Sequence[Solvable] = (),
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[PulseRecord]:
    """Train, yielding a record after each pulse.

    Parameters
    ----------
    network : Solvable
        The transport network with the contacts that are driven.
    session : Session
        A session whose magnetization is `m`.
    m : ndarray, shape (nz, ny, nx, 3)
        Magnetization after the pulses already done.
    following : callable
        The pulse that follows those done, given G of the texture it finds; None after the last.
    block : callable
        Writes the current map of pulse (number, pulse, voltages, j) and renders its script.
    done : sequence of Done
        Pulses already done, which are left out.
    probes : sequence of Solvable
        Two-contact networks whose conductance is read before each pulse.
    progress : callable, optional
        Handed to the engine.
    """
    past = list(done)
    while True:
        number = len(past) + 1
        t0 = time.perf_counter()
        state = network.solve(m)
        pulse = following(past, state.conductance)
        if pulse is None:
            return
        voltages = contact_voltages(pulse, state.conductance)
        j = state.current_density(voltages)
        probed = tuple(float(probe.solve(m).conductance[0, 0]) for probe in probes)
        t1 = time.perf_counter()
        script = block(number, pulse, voltages, j)
        t2 = time.perf_counter()
        result = session.execute(script.script, script.magnetization, progress=progress)
        t3 = time.perf_counter()
        after = read_ovf(result.magnetization).data
        currents = state.conductance @ voltages
        max_dm = float(np.sqrt(((after - m) ** 2).sum(axis=-1).max()))
        yield PulseRecord(
            number=number,
            pulse=pulse,
            voltages=voltages,
            currents=currents,
            conductance=state.conductance,
            probes=probed,
            power=float(voltages @ currents),
            time=result.time,
            max_dm=max_dm,
            steps=result.steps,
            seconds={
                "transport": t1 - t0,
                "engine": t3 - t2,
                "files": t2 - t1 + time.perf_counter() - t3,
            },
            state=result.state,
            m=m,
            j=j,
            magnetization=result.magnetization,
        )
        past.append(Done(result.time, max_dm, voltages, currents))
        m = after
