"""What a pulse of an experiment's film costs on an engine, measured in a few seconds."""

from __future__ import annotations

import tempfile
import time as clock
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.session import Engine
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.transport.network import Network

_FIRST = 2e-12
_SECONDS = 4.0
"""How long the measured block may take, about."""


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
        The network's assembly and solution for one magnetization.
    files : float
        Writing the current map and reading the magnetization.
    measured : float
        Simulated time that was measured, s.
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

    The first piece of the pulse is taken, so long that it lasts some seconds; its steps are about
    as long as those of a whole pulse.

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
    network.solve(m)  # what is compiled or laid out once does not count
    begin = clock.perf_counter()
    j = network.solve(m).current_density(drive)
    transport = clock.perf_counter() - begin
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_ovf(folder / "m_0.ovf", m, film.cell_size)
        begin = clock.perf_counter()
        write_ovf(folder / "j.ovf", j, film.cell_size, title="j", unit="A/m2")
        read_ovf(folder / "m_0.ovf")
        files = clock.perf_counter() - begin
        session = engine.start(scripts.setup_in(folder), folder, "m_0.ovf")
        duration = min(_FIRST, plan.pulse_length)
        try:
            for number in (1, 2, 3):  # the first one starts the engine, the second sets the length
                save = f"m_{number}.ovf"
                pulse = scripts.pulse(number, drive.tolist(), "j.ovf", duration, save)
                result = session.execute(pulse, save)
                if number == 2:
                    longer = duration * _SECONDS / max(result.wall, 1e-3)
                    duration = min(plan.pulse_length, max(duration, longer))
        finally:
            session.close()
    rate = None if result.steps is None else result.steps / result.wall
    block = result.wall * plan.pulse_length / duration
    return PulseCost(name, rate, block, transport, files, duration)
