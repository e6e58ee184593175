"""The loop of Eq. (8): G^{n+1} = G^n + Delta^n[V].

One pulse holds the voltages, solves the transport network of the present texture, freezes its
current density, runs the magnetization for the length of the pulse and reads it back. The loop
knows neither which engine runs nor where results go: it hands over one step after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from orchestrator.engines.session import Progress, Session
from orchestrator.learning.pulses import Done, Pulse, contact_voltages
from orchestrator.learning.records import PulseRecord


class Solved(Protocol):
    """A transport network solved for one texture."""

    @property
    def conductance(self) -> np.ndarray:
        """G between the contacts in S, shape (N, N)."""

    def current_density(self, v: np.ndarray) -> np.ndarray:
        """Current density in A/m2, shape (nz, ny, nx, 3), for voltages v in V, shape (N,)."""


class Solvable(Protocol):
    """A transport network, known by what it does: this room needs no solver to be installed."""

    def solve(self, m: np.ndarray) -> Solved:
        """The network of a texture m, unit vectors of shape (nz, ny, nx, 3)."""


@dataclass(frozen=True)
class Block:
    """A rendered pulse: its script and the name under which it saves m."""

    script: str
    magnetization: str


@dataclass(frozen=True, eq=False)
class Reading:
    """A texture, and what is measured of it.

    Attributes
    ----------
    m : ndarray, shape (nz, ny, nx, 3)
        The texture.
    state : Solved
        Its transport network.
    probes : tuple of float
        Conductances between the probes' contacts, S.
    """

    m: np.ndarray
    state: Solved
    probes: tuple[float, ...]

    @property
    def conductance(self) -> np.ndarray:
        """G in S, shape (N, N)."""
        return self.state.conductance


def read_out(m: np.ndarray, network: Solvable, probes: Sequence[Solvable] = ()) -> Reading:
    """Solve the network of a texture, and its probes."""
    state = network.solve(m)
    return Reading(m, state, tuple(float(p.solve(m).conductance[0, 0]) for p in probes))


@dataclass(frozen=True, eq=False)
class Step:
    """One pulse as it was done.

    Attributes
    ----------
    record : PulseRecord
        What is known of it, without checksums of files.
    m, j : ndarray, shape (nz, ny, nx, 3)
        Magnetization before the pulse and the current density (A/m2) that drove it.
    crc32 : str
        Checksum of the file that holds the magnetization after it.
    """

    record: PulseRecord
    m: np.ndarray
    j: np.ndarray
    crc32: str


def train(
    network: Solvable,
    session: Session,
    m: np.ndarray,
    following: Callable[[Sequence[Done], np.ndarray], Pulse | None],
    block: Callable[[int, Pulse, np.ndarray, np.ndarray], Block],
    commit: Callable[[Step], None],
    *,
    done: Sequence[Done] = (),
    probes: Sequence[Solvable] = (),
    progress: Callable[[Progress], None] | None = None,
) -> Reading:
    """Train, and read out the last texture.

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
    commit : callable
        Given each step once it is done; what it raises ends the loop.
    done : sequence of Done
        Pulses already done, which are left out.
    probes : sequence of Solvable
        Two-contact networks whose conductance is read before each pulse.
    progress : callable, optional
        Handed to the engine.

    Returns
    -------
    Reading
        Of the texture after the last pulse, which is solved once.
    """
    past = list(done)
    while True:
        number = len(past) + 1
        t0 = time.perf_counter()
        found = read_out(m, network, probes)
        pulse = following(past, found.conductance)
        if pulse is None:
            return found
        voltages = contact_voltages(pulse, found.conductance)
        j = found.state.current_density(voltages)
        t1 = time.perf_counter()
        script = block(number, pulse, voltages, j)
        t2 = time.perf_counter()
        result = session.execute(script.script, script.magnetization, progress=progress)
        t3 = time.perf_counter()
        after = result.field.data
        currents = found.conductance @ voltages
        record = PulseRecord(
            number=number,
            voltages=voltages,
            duration=pulse.duration,
            gap=pulse.gap,
            time=result.time,
            conductance=found.conductance,
            probes=found.probes,
            currents=currents,
            power=float(voltages @ currents),
            max_dm=float(np.sqrt(((after - m) ** 2).sum(axis=-1).max())),
            steps=result.steps,
            seconds={
                "transport": t1 - t0,
                "engine": t3 - t2,
                "files": t2 - t1 + time.perf_counter() - t3,
            },
            state=result.state,
        )
        past.append(record.done)
        commit(Step(record, m, j, result.field.crc32))
        m = after
