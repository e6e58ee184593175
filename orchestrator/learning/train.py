"""The loop of Eq. (8): G^{n+1} = G^n + Delta^n[V].

One pulse holds the voltages, solves the transport network of the present texture, freezes its
current density, runs the magnetization for the length of the pulse and reads it back. The loop
knows neither which engine runs nor where results go, nor who chooses the pulses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from orchestrator.base.vectors import squared_lengths
from orchestrator.engines.session import Progress, Session
from orchestrator.learning.pulses import Pulse, contact_voltages
from orchestrator.learning.records import HeldRecord


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


def read_out(
    m: np.ndarray,
    solve: Callable[[np.ndarray], Solved],
    probes: Sequence[Callable[[np.ndarray], Solved]] = (),
) -> Reading:
    """Solve the network of a texture, and its probes."""
    return Reading(m, solve(m), tuple(float(probe(m).conductance[0, 0]) for probe in probes))


@dataclass(frozen=True, eq=False)
class Step:
    """One pulse or reading as it was done.

    Attributes
    ----------
    record : PulseRecord or ReadingRecord
        What is known of it, without checksums of files.
    m, j : ndarray, shape (nz, ny, nx, 3)
        Magnetization before it and the current density (A/m2) that drove it.
    crc32 : str
        Checksum of the file that holds the magnetization after it.
    """

    record: HeldRecord
    m: np.ndarray
    j: np.ndarray
    crc32: str


class Loop:
    """The loop between texture and transport, one step at a time.

    Parameters
    ----------
    network : Solvable
        The transport network with the contacts that are driven.
    m : ndarray, shape (nz, ny, nx, 3)
        The texture that the next step finds.
    session : callable
        The session whose magnetization is `m`; asked for when it is needed.
    block : callable
        Writes the current map of step (number, pulse, voltages, j) and renders its script.
    probes : sequence of Solvable
        Two-contact networks whose conductance is read in each texture.
    progress : callable, optional
        Handed to the engine.
    """

    def __init__(
        self,
        network: Solvable,
        m: np.ndarray,
        session: Callable[[], Session],
        block: Callable[[int, Pulse, np.ndarray, np.ndarray], Block],
        *,
        probes: Sequence[Solvable] = (),
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._network = network
        self._m = m
        self._session = session
        self._block = block
        self._probes = probes
        self._progress = progress
        self._found: Reading | None = None
        self._solving = 0.0

    @property
    def found(self) -> Reading:
        """What is measured of the texture that the next step finds; solved once."""
        if self._found is None:
            t0 = time.perf_counter()
            probes = [probe.solve for probe in self._probes]
            self._found = read_out(self._m, self._network.solve, probes)
            self._solving = time.perf_counter() - t0
        return self._found

    def hold(self, number: int, pulse: Pulse, record: Callable[..., HeldRecord]) -> Step:
        """Hold a pulse on the contacts: the texture turns under the current of its beginning.

        Parameters
        ----------
        number : int
            Of the step, 1 for the first.
        pulse : Pulse
            What is held.
        record : callable
            Makes the record of what is known of it.
        """
        found = self.found
        t0 = time.perf_counter()
        voltages = contact_voltages(pulse, found.conductance)
        j = found.state.current_density(voltages)
        t1 = time.perf_counter()
        script = self._block(number, pulse, voltages, j)
        t2 = time.perf_counter()
        result = self._session().execute(
            script.script, script.magnetization, progress=self._progress
        )
        t3 = time.perf_counter()
        before, after = self._m, result.field.data
        currents = found.conductance @ voltages
        held = record(
            voltages=voltages,
            duration=pulse.duration,
            gap=pulse.gap,
            time=result.time,
            conductance=found.conductance,
            probes=found.probes,
            currents=currents,
            power=float(voltages @ currents),
            max_dm=float(np.sqrt(squared_lengths(after - before).max())),
            steps=result.steps,
            seconds={
                "transport": self._solving + t1 - t0,
                "engine": t3 - t2,
                "files": t2 - t1 + time.perf_counter() - t3,
            },
            state=result.state,
        )
        self._m, self._found = after, None
        return Step(held, before, j, result.field.crc32)
