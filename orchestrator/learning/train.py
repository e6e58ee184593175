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
from orchestrator.learning.pulses import Pulse
from orchestrator.mx3.ovf import read_ovf


class Solved(Protocol):
    """A transport network solved for one texture."""

    @property
    def conductance(self) -> np.ndarray: ...

    def current_density(self, v: np.ndarray) -> np.ndarray: ...


class Solvable(Protocol):
    """A transport network."""

    def solve(self, m: np.ndarray) -> Solved: ...


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
        Voltages and length.
    conductance : ndarray, shape (N, N)
        G^n of the texture that the pulse found, S.
    probes : tuple of float
        Conductances between the probes' contacts in that texture, S.
    currents : ndarray, shape (N,)
        Terminal currents, A, positive into the film.
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
    conductance: np.ndarray
    probes: tuple[float, ...]
    currents: np.ndarray
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
    pulses: Sequence[Pulse],
    block: Callable[[int, Pulse, np.ndarray], Block],
    *,
    done: int = 0,
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
        Magnetization after `done` pulses.
    pulses : sequence of Pulse
        The whole pulse train.
    block : callable
        Writes the current map of pulse (number, pulse, j) and renders its script.
    done : int
        Pulses already done, which are left out.
    probes : sequence of Solvable
        Two-contact networks whose conductance is read before each pulse.
    progress : callable, optional
        Handed to the engine.
    """
    for number, pulse in enumerate(pulses[done:], start=done + 1):
        t0 = time.perf_counter()
        state = network.solve(m)
        voltages = np.array(pulse.voltages)
        j = state.current_density(voltages)
        probed = tuple(float(probe.solve(m).conductance[0, 0]) for probe in probes)
        t1 = time.perf_counter()
        script = block(number, pulse, j)
        t2 = time.perf_counter()
        result = session.execute(script.script, script.magnetization, progress=progress)
        t3 = time.perf_counter()
        after = read_ovf(result.magnetization).data
        currents = state.conductance @ voltages
        yield PulseRecord(
            number=number,
            pulse=pulse,
            conductance=state.conductance,
            probes=probed,
            currents=currents,
            power=float(voltages @ currents),
            time=result.time,
            max_dm=float(np.sqrt(((after - m) ** 2).sum(axis=-1).max())),
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
        m = after
