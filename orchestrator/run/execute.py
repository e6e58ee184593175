"""Carry out an experiment in its run folder: settle, train, relax; go on where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import sync
from orchestrator.describe.contacts import Contact
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.session import Engine
from orchestrator.learning.pulses import Done, Pulse, next_pulse
from orchestrator.learning.train import Block, PulseRecord, train
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf
from orchestrator.run.fields import checksum, state_name, write_state
from orchestrator.run.folder import (
    DESCRIPTION,
    FINISHED,
    JOURNAL,
    RELAXED,
    UNTRAINED,
    Journal,
    copy_whole,
    j_name,
    m_name,
    read_description,
    write_json,
)
from orchestrator.run.layout import start_seeds
from orchestrator.run.locks import LOCK, Lock, locked
from orchestrator.run.maps import Maps
from orchestrator.run.textures import settled_texture
from orchestrator.run.workplace import Workplace
from orchestrator.transport.network import Network


def run_folder(root: Path, experiment: Experiment) -> Path:
    """The folder of an experiment's run under `root`."""
    return root / f"{experiment.name}-{experiment.hash[:8]}"


def is_finished(folder: Path) -> bool:
    """Whether a run folder holds the results of all its trainings.

    Raises
    ------
    RunFolderError
        If a file in it is damaged.
    """
    patterns = read_description(folder)["experiment"]["training"]["patterns"]
    return (folder / UNTRAINED).exists() and all(
        any(r["kind"] == "relaxed" for r in Journal(folder / str(k) / JOURNAL).records)
        for k in range(1, len(patterns) + 1)
    )


def run(experiment: Experiment, workplace: Workplace) -> Path:
    """Carry out an experiment, or what is left of it, and return its folder.

    Raises
    ------
    InputError
        If one of the user's templates cannot be rendered.
    RunFolderError
        If the folder is in use, damaged or belongs to another description.
    EngineError
        If the engine fails; committed pulses stay.
    Interrupted
        If `workplace.stop()` asked for it.
    """
    scripts = Scripts.of_experiment(experiment, workplace.templates)
    folder = run_folder(workplace.root, experiment)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / LOCK) as lock:
            _describe(folder, experiment, workplace.engine)
            return _Run(folder, experiment, scripts, workplace, lock).carry_out()
    except OSError as error:
        raise RunFolderError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); committed pulses "
            "stay, the same command goes on with them"
        ) from None


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
    found = read_description(folder)
    if found["hash"] != experiment.hash:
        raise RunFolderError(f"{folder}: belongs to another experiment (hash {found['hash']})")
    if found["engine"]["name"] != engine.name:
        raise RunFolderError(
            f"{folder}: was begun with engine {found['engine']['name']!r}, not {engine.name!r}; "
            "go on with that one or choose another --root"
        )


class _Run:
    def __init__(
        self,
        folder: Path,
        experiment: Experiment,
        scripts: Scripts,
        workplace: Workplace,
        lock: Lock,
    ) -> None:
        self.folder = folder
        self.lock = lock
        self.kept = set(experiment.output.states(experiment.training.pulses))
        self.experiment = experiment
        self.workplace = workplace
        device = experiment.device
        self.scripts = scripts
        self.network = self._network_of(device.contacts)
        self.maps = Maps(device.film, experiment.training.oersted)
        self.probes = [self._network_of(probe.contacts) for probe in experiment.probes]

    def _network_of(self, contacts: tuple[Contact, ...]) -> Network:
        """A network whose solutions do not depend on where a run was resumed."""
        device = self.experiment.device
        solver = self.workplace.solver
        return Network.of_device(device, contacts, solver, warm_start=False)

    def carry_out(self) -> Path:
        if (self.folder / FINISHED).exists() and is_finished(self.folder):
            return self.folder
        for left_behind in self.folder.glob(".*.json.*.tmp"):
            left_behind.unlink(missing_ok=True)
        textures = self._untrained()
        for number, pattern in enumerate(self.experiment.training.patterns, start=1):
            self._training(self.folder / str(number), pattern, textures[0])
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(self.folder / FINISHED, {"finished": moment})
        return self.folder

    def _untrained(self) -> list[Path]:
        """Settled textures of the reference's starts, the first of which is trained."""
        seeds, film = start_seeds(self.experiment), self.experiment.film
        textures = [
            settled_texture(self.experiment, self.scripts, self.workplace, seed) for seed in seeds
        ]
        path = self.folder / UNTRAINED
        if not path.exists():
            states = [self.network.solve(read_ovf(texture).data) for texture in textures]
            write_json(
                path,
                {
                    "seeds": seeds,
                    "conductance": [state.conductance.tolist() for state in states],
                    "saturated": self.network.solve(film.saturated()).conductance.tolist(),
                },
            )
        return textures

    def _training(self, folder: Path, pattern: str, texture: Path) -> None:
        folder.mkdir(exist_ok=True)
        journal = Journal(folder / JOURNAL)
        kinds = [record["kind"] for record in journal.records]
        if "relaxed" in kinds:
            return
        if not kinds:
            first = folder / m_name(0)
            copy_whole(texture, first)
            self._commit(journal, {"kind": "start", "files": {first.name: checksum(first)}})
        plan = self.experiment.training
        committed = [record for record in journal.records if record["kind"] == "pulse"]
        done = [
            Done(r["time"], r["max_dm"], np.array(r["voltages"]), np.array(r["currents"]))
            for r in committed
        ]
        last: dict[str, Any] = committed[-1] if committed else journal.records[0]
        time, state = last.get("time", 0.0), last.get("state", {})
        self._clear(folder, len(done))
        m = _checked_texture(folder / m_name(len(done)), last.get("files", {}))
        length = plan.total_time + plan.relax_time
        self.workplace.tracker.stage(f"train {pattern}", length, time)
        if "trained" not in kinds:
            self.workplace.stop_if_asked()
        session = self.workplace.engine.start(
            self.scripts.setup(), folder, m_name(len(done)), time=time, state=state
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
                files = [m_name(count), *self._keep_state(folder, count - 1, record.m, record.j)]
                if self.experiment.output.maps:
                    files += self.maps.names(j_name(count))
                last = _as_json(record) | {"files": {f: checksum(folder / f) for f in files}}
                self._commit(journal, last)
                if count > 1:
                    (folder / m_name(count - 1)).unlink(missing_ok=True)
                self.workplace.tracker.pulse(pattern, record)
                self.workplace.stop_if_asked()
            if "trained" not in kinds:
                files = self._keep_last_state(folder, count, last["voltages"])
                read_out = self._read_out(folder / m_name(count))
                found = {f: checksum(folder / f) for f in files}
                self._commit(journal, {"kind": "trained", "files": found} | read_out)
            relaxed = folder / m_name(count)
            if plan.relax_time:
                block = self.scripts.relax(plan.relax_time, RELAXED, number=plan.pulses + 1)
                relaxed = session.execute(
                    block, RELAXED, progress=self.workplace.tracker.progress
                ).magnetization
            found = {relaxed.name: checksum(relaxed)}
            self._commit(journal, {"kind": "relaxed", "files": found} | self._read_out(relaxed))
        finally:
            session.close()

    def _commit(self, journal: Journal, record: dict[str, Any]) -> None:
        """Append to the journal once all names that the record needs are on disk."""
        self.lock.check()
        sync(journal.path.parent)
        journal.append(record)

    def _clear(self, folder: Path, done: int) -> None:
        """Remove what a killed process has left: temporary files, textures not committed."""
        for path in [*folder.glob(".*.tmp"), *folder.glob("m_[0-9]*.ovf")]:
            if path.name not in (m_name(0), m_name(done)):
                path.unlink(missing_ok=True)

    def _block(self, folder: Path) -> Callable[[int, Pulse, np.ndarray, np.ndarray], Block]:
        def block(number: int, pulse: Pulse, voltages: np.ndarray, j: np.ndarray) -> Block:
            current_map = j_name(number)
            field_map = self.maps.write(folder, current_map, j)
            if not self.experiment.output.maps:
                for name in self.maps.names(j_name(number - 1)):
                    (folder / name).unlink(missing_ok=True)
            save = m_name(number)
            script = self.scripts.pulse(
                number,
                voltages.tolist(),
                current_map,
                pulse.duration,
                save,
                gap=pulse.gap,
                field_map=field_map,
            )
            return Block(script, save)

        return block

    def _keep_state(self, folder: Path, number: int, m: np.ndarray, j: np.ndarray) -> list[str]:
        """Write what is kept of a state; names of the files written."""
        output = self.experiment.output
        if number not in self.kept:
            return []
        fields = {key: {"m": m, "j": j}[key] for key in output.fields}
        write_state(folder / state_name(number), fields, output.precision)
        return [state_name(number)]

    def _keep_last_state(self, folder: Path, number: int, voltages: list[float]) -> list[str]:
        if number not in self.kept:
            return []
        m = read_ovf(folder / m_name(number)).data
        j = self.network.solve(m).current_density(np.array(voltages))
        return self._keep_state(folder, number, m, j)

    def _read_out(self, texture: Path) -> dict[str, Any]:
        m = read_ovf(texture).data
        return {
            "conductance": self.network.solve(m).conductance.tolist(),
            "probes": [float(probe.solve(m).conductance[0, 0]) for probe in self.probes],
        }


def _checked_texture(path: Path, files: dict[str, str]) -> np.ndarray:
    """The texture to go on from, shape (nz, ny, nx, 3)."""
    wrong = "missing" if not path.exists() else "damaged (its checksum is wrong)"
    if wrong == "missing" or (path.name in files and checksum(path) != files[path.name]):
        raise RunFolderError(
            f"{path}: {wrong}; `orchestrator campaign check --repair {path.parent.parent}` lets "
            "it be computed again"
        )
    return read_ovf(path).data


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
