"""What a pulse of an experiment's film costs on an engine, measured in a few seconds."""

from __future__ import annotations

import tempfile
import time as clock
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.session import BlockResult, Engine
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.run.folder import j_name, m_name
from orchestrator.transport.network import Network

_FIRST = 2e-12
_SECONDS = 4.0
"""How long a measured block may take, about."""
_ENOUGH = 1.0
"""A block is long enough, s, when it takes so much longer than a shorter one."""


@dataclass(frozen=True)
class PulseCost:
    """Wall-clock times in s of one pulse.

    Attributes
    ----------
    engine : str
        Name.
    steps_per_second : float or None
        Accepted time steps in a second, where the engine tells.
    block : float
        The engine, carried over from `measured` to the whole pulse.
    transport : float
        The network's assembly and solution for the texture after a piece of the pulse, from those
        before it, as in a run.
    files : float
        Writing the current map and reading the magnetization.
    measured : float
        Simulated time of the longest piece that was measured, s.
    """

    engine: str
    steps_per_second: float | None
    block: float
    transport: float
    files: float
    measured: float

    def __str__(self) -> str:
        total = self.block + self.transport + self.files
        steps = "" if self.steps_per_second is None else f"{self.steps_per_second:.0f} steps/s, "
        shares = ", ".join(
            f"{name} {value:.3g} s ({100 * value / total:.0f} %)"
            for name, value in (
                ("engine", self.block),
                ("transport", self.transport),
                ("files", self.files),
            )
        )
        return f"{self.engine}: {steps}a pulse takes {total:.3g} s: {shares}"


def pulse_cost(experiment: Experiment, name: str, engine: Engine) -> PulseCost:
    """Measure a pulse of an experiment, from the random magnetization that it starts with.

    Pieces of the pulse are taken, each longer than the one before, up to the whole one or to some
    seconds. What is left is carried over from the last two, so that the start of a process counts
    once.

    Raises
    ------
    EngineError
        If the engine fails.
    """
    film, plan = experiment.film, experiment.training
    scripts = Scripts.of_experiment(experiment)
    m = experiment.initial_magnetization(experiment.start.seed)
    network = Network.of_device(experiment.device, warm_start=False)
    drive = np.resize([0.01, -0.01], len(experiment.device.contacts))
    state = network.solve(m)
    j = state.current_density(drive)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        first = m_name(0)
        write_ovf(folder / first, m, film.cell_size)
        begin = clock.perf_counter()
        write_ovf(folder / j_name(1), j, film.cell_size, title="j", unit="A/m2")
        read_ovf(folder / first)
        files = clock.perf_counter() - begin
        session = engine.start(scripts.setup_in(folder), folder, first)

        def measured(number: int, duration: float) -> BlockResult:
            save = m_name(number)
            pulse = scripts.pulse(number, drive.tolist(), j_name(1), duration, save)
            return session.execute(pulse, save)

        try:
            whole, length = plan.pulse_length, min(_FIRST, plan.pulse_length)
            measured(1, length)  # starts the engine
            short, result, number = None, measured(2, length), 2
            slope = result.wall / length
            while length < whole and (short is None or result.wall - short.wall < _ENOUGH):
                longest = length + max(_SECONDS / slope, length)
                before, length = length, min(whole, 10 * length, longest)
                number += 1
                short, result = result, measured(number, length)
                slope = max(result.wall - short.wall, 0.0) / (length - before) or slope
        finally:
            session.close()
    after = result.field.data
    begin = clock.perf_counter()
    network.solve(after, [state.guess()]).current_density(drive)
    transport = clock.perf_counter() - begin
    wall, steps = result.wall, result.steps
    if short is not None and result.wall > short.wall:
        wall -= short.wall
        steps = None if steps is None or short.steps is None else steps - short.steps
    rate = None if steps is None else steps / wall
    block = result.wall + slope * (whole - length)
    return PulseCost(name, rate, block, transport, files, length)
