"""Carry out an experiment in its run folder: settle, train, relax; go on where it stopped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from orchestrator.campaign.folder import (
    DESCRIPTION,
    JOURNAL,
    UNTRAINED,
    Journal,
    locked,
    read_json,
    write_json,
)
from orchestrator.device import Contact, canonical_hash
from orchestrator.engines.session import Engine, Progress
from orchestrator.errors import RunFolderError
from orchestrator.experiment import Experiment
from orchestrator.learning.pulses import Done, Pulse, next_pulse
from orchestrator.learning.train import Block, PulseRecord, train
from orchestrator.mx3.ovf import read_ovf, write_ovf
from orchestrator.mx3.script import Scripts
from orchestrator.transport.network import Network


class Tracker(Protocol):
    """Is told how a run goes on."""

    def stage(self, title: str, duration: float, done: float = 0.0) -> None:
        """A stage of so much simulated time (s) begins, of which `done` is done."""

    def progress(self, progress: Progress) -> None:
        """A block runs; times are simulated times since the stage's start."""

    def pulse(self, pattern: str, record: PulseRecord) -> None:
        """A pulse has been committed."""


class Interrupted(Exception):
    """The run stopped at a pulse boundary on request; it can be resumed."""


@dataclass(frozen=True)
class Workplace:
    """Where and with what a run is carried out.

    Attributes
    ----------
    root : Path
        Folder of the run folders and of the textures that they share.
    engine : Engine
        The micromagnetic engine.
    tracker : Tracker
        Told how it goes on.
    stop : callable
        Asked at each pulse boundary whether to stop.
    templates : Path, optional
        The user's own templates.
    solver : str
        Name of the transport solver.
    """

    root: Path
    engine: Engine
    tracker: Tracker
    stop: Callable[[], bool]
    templates: Path | None = None
    solver: str = "auto"


def run_folder(root: Path, experiment: Experiment) -> Path:
    """The folder of an experiment's run under `root`."""
    return root / f"{experiment.name}-{experiment.hash[:8]}"


def is_finished(folder: Path) -> bool:
    """Whether all trainings of a run folder are complete."""
    description = read_json(folder / DESCRIPTION)
    patterns = description["experiment"]["training"]["patterns"]
    return all(
        any(r["kind"] == "relaxed" for r in Journal(folder / str(k) / JOURNAL).records)
        for k in range(1, len(patterns) + 1)
    )


def run(experiment: Experiment, workplace: Workplace) -> Path:
    """Carry out an experiment, or what is left of it, and return its folder.

    Raises
    ------
    RunFolderError
        If the folder is in use, damaged or belongs to another description.
    EngineError
        If the engine fails; committed pulses stay.
    Interrupted
        If `workplace.stop()` asked for it.
    """
    folder = run_folder(workplace.root, experiment)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        _describe(folder, experiment, workplace.engine)
        return _Run(folder, experiment, workplace).carry_out()


def _describe(folder: Path, experiment: Experiment, engine: Engine) -> None:
    path = folder / DESCRIPTION
    content = {
        "experiment": experiment.to_dict(),
        "hash": experiment.hash,
        "program": version("mumax3-orchestrator"),
        "engine": engine.describe(),
    }
    if not path.exists():
        write_json(path, content)
        return
    found = read_json(path)
    if found["hash"] != experiment.hash:
        raise RunFolderError(f"{folder}: belongs to another experiment (hash {found['hash']})")
    if found["engine"]["name"] != engine.name:
        raise RunFolderError(
            f"{folder}: was begun with engine {found['engine']['name']!r}, not {engine.name!r}; "
            "go on with that one or choose another --root"
        )


class _Run:
    def __init__(self, folder: Path, experiment: Experiment, workplace: Workplace) -> None:
        self.folder = folder
        self.experiment = experiment
        self.workplace = workplace
        device = experiment.device
        self.scripts = Scripts(
            device, experiment.solver.MaxErr, experiment.solver.MaxDt, workplace.templates
        )
        self.network = self._network_of(device.contacts)
        self.probes = [self._network_of(probe.contacts) for probe in experiment.probes]

    def _network_of(self, contacts: tuple[Contact, ...]) -> Network:
        """A network whose solutions do not depend on where a run was resumed."""
        device = self.experiment.device
        solver = self.workplace.solver
        return Network.of_device(device, contacts, solver, warm_start=False)

    def carry_out(self) -> Path:
        textures = self._untrained()
        for number, pattern in enumerate(self.experiment.training.patterns, start=1):
            self._training(self.folder / str(number), pattern, textures[0])
        return self.folder

    def _untrained(self) -> list[Path]:
        """Settled textures of the reference's starts, the first of which is trained."""
        start = self.experiment.start
        fixed = start.m0 is not None
        count = 1 if fixed else self.experiment.reference.starts
        seeds = [start.seed + k for k in range(count)]
        textures = [self._settled(seed) for seed in seeds]
        path = self.folder / UNTRAINED
        if not path.exists():
            states = [self.network.solve(read_ovf(texture).data) for texture in textures]
            write_json(
                path,
                {
                    "seeds": seeds,
                    "conductance": [state.conductance.tolist() for state in states],
                    "saturated": self._saturated().tolist(),
                },
            )
        return textures

    def _saturated(self) -> np.ndarray:
        up = np.zeros((*self.experiment.film.shape, 3))
        up[..., 2] = 1
        return self.network.solve(up).conductance

    def _settled(self, seed: int) -> Path:
        """The texture settled from a start, computed once for all runs under the same root."""
        experiment, engine = self.experiment, self.workplace.engine
        key = canonical_hash(
            {
                "setup": self.scripts.setup(),
                "start": experiment.to_dict()["start"] | {"seed": seed},
                "engine": engine.name,
            }
        )
        textures = self.workplace.root / "textures"
        settled = textures / f"{key}.ovf"
        if settled.exists():
            return settled
        self._stop_if_asked()
        work = textures / f"{key}.{os.getpid()}.tmp"
        work.mkdir(parents=True, exist_ok=True)
        try:
            m0 = experiment.initial_magnetization(seed)
            write_ovf(work / "m_random.ovf", m0, experiment.film.cell_size)
            start = experiment.start
            self.workplace.tracker.stage(f"settle, seed {seed}", start.settle_time)
            session = engine.start(self.scripts.setup(), work, "m_random.ovf")
            try:
                block = self.scripts.relax(start.settle_time, "m_settled.ovf", start.settle_alpha)
                result = session.execute(
                    block, "m_settled.ovf", progress=self.workplace.tracker.progress
                )
            finally:
                session.close()
            os.replace(result.magnetization, settled)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return settled

    def _training(self, folder: Path, pattern: str, texture: Path) -> None:
        folder.mkdir(exist_ok=True)
        journal = Journal(folder / JOURNAL)
        kinds = [record["kind"] for record in journal.records]
        if "relaxed" in kinds:
            return
        if not journal.records:
            shutil.copyfile(texture, folder / _m_name(0))
        plan = self.experiment.training
        committed = [record for record in journal.records if record["kind"] == "pulse"]
        done = [Done(record["duration"], record["max_dm"]) for record in committed]
        last: dict[str, Any] = committed[-1] if committed else {"time": 0.0, "state": {}}
        m = read_ovf(folder / _m_name(len(done))).data
        length = plan.total_time + plan.relax_time
        self.workplace.tracker.stage(f"train {pattern}", length, last["time"])
        if not kinds or kinds[-1] == "pulse":
            self._stop_if_asked()
        session = self.workplace.engine.start(
            self.scripts.setup(), folder, _m_name(len(done)), time=last["time"], state=last["state"]
        )
        try:
            records = train(
                self.network,
                session,
                m,
                partial(next_pulse, plan, pattern),
                self._block(folder),
                done=done,
                probes=self.probes,
                progress=self.workplace.tracker.progress,
            )
            count = len(done)
            for record in records:
                count = record.number
                self._keep_snapshot(folder, record)
                last = _as_json(record)
                journal.append(last)
                self._drop_texture(folder, record.number - 1)
                self.workplace.tracker.pulse(pattern, record)
                self._stop_if_asked()
            if "trained" not in kinds:
                journal.append({"kind": "trained"} | self._read_out(folder / _m_name(count)))
                self._keep_last_snapshot(folder, count, last["voltages"])
            relaxed = folder / _m_name(count)
            if plan.relax_time:
                block = self.scripts.relax(plan.relax_time, "m_relaxed.ovf")
                relaxed = session.execute(
                    block, "m_relaxed.ovf", progress=self.workplace.tracker.progress
                ).magnetization
            journal.append({"kind": "relaxed"} | self._read_out(relaxed))
        finally:
            session.close()

    def _block(self, folder: Path) -> Callable[[int, Pulse, np.ndarray, np.ndarray], Block]:
        film = self.experiment.film

        def block(number: int, pulse: Pulse, voltages: np.ndarray, j: np.ndarray) -> Block:
            current_map = _j_name(number)
            write_ovf(folder / current_map, j, film.cell_size, title="j", unit="A/m2")
            if not self.experiment.output.maps:
                (folder / _j_name(number - 1)).unlink(missing_ok=True)
            save = _m_name(number)
            script = self.scripts.pulse(
                number, voltages.tolist(), current_map, pulse.duration, save, gap=pulse.gap
            )
            return Block(script, save)

        return block

    def _keep_snapshot(self, folder: Path, record: PulseRecord) -> None:
        if record.number - 1 in self.experiment.output.snapshots:
            self._write_snapshot(folder, record.number - 1, record.j)

    def _keep_last_snapshot(self, folder: Path, number: int, voltages: list[float]) -> None:
        if number in self.experiment.output.snapshots:
            state = self.network.solve(read_ovf(folder / _m_name(number)).data)
            self._write_snapshot(folder, number, state.current_density(np.array(voltages)))

    def _write_snapshot(self, folder: Path, number: int, j: np.ndarray) -> None:
        path = folder / f"snapshot_j_{number:06d}.ovf"
        write_ovf(path, j, self.experiment.film.cell_size, title="j", unit="A/m2")

    def _drop_texture(self, folder: Path, number: int) -> None:
        """Remove a texture that is neither a snapshot nor a state to resume from."""
        if number > 0 and number not in self.experiment.output.snapshots:
            (folder / _m_name(number)).unlink(missing_ok=True)

    def _read_out(self, texture: Path) -> dict[str, Any]:
        m = read_ovf(texture).data
        return {
            "conductance": self.network.solve(m).conductance.tolist(),
            "probes": [float(probe.solve(m).conductance[0, 0]) for probe in self.probes],
        }

    def _stop_if_asked(self) -> None:
        if self.workplace.stop():
            raise Interrupted


def _m_name(number: int) -> str:
    return f"m_{number:06d}.ovf"


def _j_name(number: int) -> str:
    return f"j_{number:06d}.ovf"


def _as_json(record: PulseRecord) -> dict[str, Any]:
    return {
        "kind": "pulse",
        "pulse": record.number,
        "voltages": record.voltages.tolist(),
        "duration": record.pulse.duration,
        "gap": record.pulse.gap,
        "time": record.time,
        "conductance": record.conductance.tolist(),
        "probes": list(record.probes),
        "currents": record.currents.tolist(),
        "power": record.power,
        "max_dm": record.max_dm,
        "steps": record.steps,
        "seconds": dict(record.seconds),
        "state": dict(record.state),
    }
