"""What a campaign will take: runs, time and disk space, before anything runs."""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.status import State, run_state
from orchestrator.describe.device import Device
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.session import Engine
from orchestrator.learning.pulses import next_pulse
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import write_ovf
from orchestrator.run.folder import JOURNAL, run_folder, texture_files, training_folder
from orchestrator.run.journal import read_journal
from orchestrator.run.layout import start_seeds
from orchestrator.run.textures import texture_key
from orchestrator.transport.network import Network

_OF_SCRIPTS = (*(f.name for f in dataclasses.fields(Device)), "solver", "conditions")
"""What the scripts of an experiment come from."""
_HEADER = 600
_LOSSLESS = 0.85
"""Size of a kept float32 field relative to 4 bytes a number, measured on mazes of domains."""


@dataclass(frozen=True)
class Pace:
    """Wall-clock time that one worker needs, with one cell as the unit of size.

    Attributes
    ----------
    engine : float
        Seconds for a second of simulated time and a cell.
    transport : float
        Seconds for the network of one pulse and a cell.
    basis : str
        What it was measured on.
    """

    engine: float
    transport: float
    basis: str

    def of_run(self, experiment: Experiment) -> float:
        """Wall-clock time of all trainings of an experiment, s."""
        plan = experiment.training
        simulated = plan.total_time + plan.relax_time
        once = simulated * self.engine + plan.pulses * self.transport
        return once * _cells(experiment) * len(plan.patterns)

    def of_texture(self, experiment: Experiment) -> float:
        """Wall-clock time of settling one texture, s."""
        return experiment.start.settle_time * self.engine * _cells(experiment)


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes
    ----------
    states : Counter
        How many runs are in which state.
    textures, textures_missing : int
        Settled textures that the runs need, and how many of them are not there yet.
    pace : Pace or None
        How fast it goes; None where nothing has been measured.
    seconds : float or None
        Wall-clock time on one worker of what is left to do, s.
    seconds_per_run : float or None
        Of one run that is left to do, on average, s.
    bytes_per_pulse : float
        Largest disk space that a pulse takes, with its share of the kept states.
    bytes : int
        Disk space of all runs and textures when finished.
    """

    states: Counter[State]
    textures: int
    textures_missing: int
    pace: Pace | None
    seconds: float | None
    seconds_per_run: float | None
    bytes_per_pulse: float
    bytes: int


def make_plan(
    campaign: Campaign,
    root: Path,
    engine: Engine,
    solver: str = "auto",
    templates: Path | None = None,
    *,
    trial: bool = False,
) -> Plan:
    """Look at what exists and estimate the rest.

    The pace is that of the finished runs among the campaign's, or of a short trial where one is
    asked for.

    Parameters
    ----------
    campaign : Campaign
        What is to be run.
    root : Path
        Folder of the run folders.
    engine : Engine
        What would run it.
    solver : str
        Solver of the transport network.
    templates : Path, optional
        The user's own templates.
    trial : bool
        Whether to measure the pace by a short trial, where no run has finished.
    """
    experiments = [point.experiment for point in campaign.points]
    found = [run_state(run_folder(root, experiment))[0] for experiment in experiments]
    finished = [e for e, state in zip(experiments, found, strict=True) if state == "finished"]
    left = [e for e, state in zip(experiments, found, strict=True) if state != "finished"]
    pace = _pace_of_runs(finished, root)
    if pace is None and trial:
        pace = try_out(experiments[0], engine, solver, templates)
    needed, textures_bytes = dict[str, Experiment](), 0
    same = dict[Any, Scripts]()
    for experiment in experiments:
        parts = tuple(getattr(experiment, name) for name in _OF_SCRIPTS)
        if (scripts := same.get(parts)) is None:
            scripts = same[parts] = Scripts.of_experiment(experiment, templates)
        for seed in start_seeds(experiment):
            key = texture_key(experiment, scripts, engine.name, seed)
            if key not in needed:
                needed[key] = experiment
                textures_bytes += _HEADER + 12 * _cells(experiment)
    missing = [e for key, e in needed.items() if not texture_files(root, key).texture.exists()]
    seconds = each = None
    if pace is not None:
        runs = sum(pace.of_run(e) for e in left)
        each = runs / len(left) if left else 0.0
        seconds = runs + sum(pace.of_texture(e) for e in missing)
    return Plan(
        Counter(found),
        len(needed),
        len(missing),
        pace,
        seconds,
        each,
        max(pulse_bytes(e) for e in experiments),
        textures_bytes + sum(run_bytes(e) for e in experiments),
    )


def pulse_bytes(experiment: Experiment) -> float:
    """Disk space of a pulse: its journal line, its map, its share of the kept states."""
    pulses = experiment.training.pulses
    n = len(experiment.contacts)
    line = 400 + 20 * (n * n + 2 * n + len(experiment.probes))
    output = experiment.output
    field = 12 * _cells(experiment)
    kept = len(output.fields) * (field / 2 if output.precision == "int16" else _LOSSLESS * field)
    share = (kept + 6000) * len(output.states(pulses)) / pulses
    maps = 1 + experiment.training.oersted
    return line + share + output.maps * maps * (field + _HEADER)


def run_bytes(experiment: Experiment) -> int:
    """Disk space of a finished run."""
    plan = experiment.training
    textures = 3 * (12 * _cells(experiment) + _HEADER)
    once = plan.pulses * pulse_bytes(experiment) + textures
    return int(once * len(plan.patterns)) + 6000


def try_out(
    experiment: Experiment, engine: Engine, solver: str = "auto", templates: Path | None = None
) -> Pace:
    """The pace of a short trial: a piece of the first pulse, after a moment of settling."""
    plan = experiment.training
    scripts, device = Scripts.of_experiment(experiment, templates), experiment.device
    cells = _cells(experiment)
    piece = min(plan.pulse_length, 2e-10)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        m0 = experiment.initial_magnetization(experiment.start.seed)
        write_ovf(folder / "m0.ovf", m0, experiment.film.cell_size)
        session = engine.start(scripts.setup_in(folder), folder, "m0.ovf")
        try:
            session.execute(scripts.relax(2e-10, "m1.ovf", 1.0), "m1.ovf")
            network = Network.of_device(device, device.contacts, solver, warm_start=False)
            state = network.solve(m0)
            pulse = next_pulse(plan, plan.patterns[0], [], state.conductance)
            assert pulse is not None
            j = state.current_density(np.array(pulse.values))
            write_ovf(folder / "j.ovf", j, experiment.film.cell_size)
            block = scripts.pulse(1, list(pulse.values), "j.ovf", piece, "m2.ovf")
            result = session.execute(block, "m2.ovf")
        finally:
            session.close()
    after = result.field.data
    begun = time.perf_counter()
    network.solve(after, [state.guess()])
    transport = time.perf_counter() - begun
    basis = f"a trial of {1e12 * piece:.3g} ps on engine {engine.name}"
    return Pace(result.wall / piece / cells, transport / cells, basis)


def _pace_of_runs(experiments: list[Experiment], root: Path) -> Pace | None:
    engine, transport = [], []
    for experiment in experiments[:8]:
        cells = _cells(experiment)
        first = training_folder(run_folder(root, experiment), 1)
        for record in read_journal(first / JOURNAL).pulses:
            seconds, simulated = record.seconds, record.duration + record.gap
            engine.append(seconds["engine"] / simulated / cells)
            transport.append((seconds["transport"] + seconds["files"]) / cells)
    if not engine:
        return None
    basis = f"{len(experiments[:8])} of the finished runs"
    return Pace(statistics.mean(engine), statistics.mean(transport), basis)


def _cells(experiment: Experiment) -> int:
    return int(np.prod(experiment.film.cells))
