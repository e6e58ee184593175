"""One training in its folder: begun, gone on with where it stopped, read out, relaxed."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

import numpy as np

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import checksum, sync, write_whole
from orchestrator.engines.session import Session
from orchestrator.learning.pulses import Pulse, next_pulse
from orchestrator.learning.records import (
    JournalRecord,
    RelaxedRecord,
    StartRecord,
    TrainedRecord,
)
from orchestrator.learning.train import Block, Reading, Step, read_out, train
from orchestrator.ovf.files import read_ovf
from orchestrator.run.bench import Bench
from orchestrator.run.fields import write_state
from orchestrator.run.folder import (
    JOURNAL,
    RELAXED,
    guess_name,
    j_name,
    m_name,
    state_name,
    uncommitted,
)
from orchestrator.run.guesses import Guesses
from orchestrator.run.journal import Journal


class Training:
    """A training in its folder.

    Parameters
    ----------
    bench : Bench
        What all trainings of the run work with.
    folder : Path
        The training's folder; made if it is not there.
    pattern : str
        The entry of `Training.patterns` that is trained.

    Raises
    ------
    RunFolderError
        If its journal is damaged.
    """

    def __init__(self, bench: Bench, folder: Path, pattern: str) -> None:
        folder.mkdir(exist_ok=True)
        self._bench = bench
        self._folder = folder
        self._pattern = pattern
        self._journal = Journal(folder / JOURNAL)

    def carry_out(self, texture: Path) -> None:
        """Do what is left of the training, which starts from a settled texture.

        Raises
        ------
        RunFolderError
            If a file is damaged, or the folder has been changed meanwhile.
        EngineError
            If the engine fails; committed pulses stay.
        Interrupted
            If a stop is asked for.
        """
        found = self._journal.found
        if found.relaxed is not None:
            return
        if not found.records:
            self._begin(texture)
        place, plan = self._bench.workplace, self._bench.experiment.training
        pulses = found.pulses
        time = pulses[-1].time if pulses else 0.0
        m = self._last_texture(len(pulses))
        bench = self._bench
        self._network = Guesses(bench.network, self._folder, bench.kept, pulses)
        place.tracker.stage(f"train {self._pattern}", plan.total_time + plan.relax_time, time)
        if found.trained is None:
            place.stop_if_asked()
        session = place.engine.start(
            self._bench.scripts.setup_in(self._folder),
            self._folder,
            m_name(len(pulses)),
            time=time,
            state=pulses[-1].state if pulses else {},
        )
        try:
            last = train(
                self._network,
                session,
                m,
                partial(next_pulse, plan, self._pattern),
                self._block,
                self._commit_pulse,
                done=[record.done for record in pulses],
                probes=self._bench.probes,
                progress=place.tracker.progress,
            )
            if found.trained is None:
                self._commit_trained(last)
            self._relax(session, last)
        finally:
            session.close()

    def _begin(self, texture: Path) -> None:
        first = self._folder / m_name(0)
        crc32 = write_whole(first, texture.read_bytes())
        self._commit(StartRecord(files={first.name: crc32}))

    def _last_texture(self, pulses: int) -> np.ndarray:
        """The texture to go on from, shape (nz, ny, nx, 3), without what came after it."""
        for path in uncommitted(self._folder, pulses):
            path.unlink(missing_ok=True)
        path, found = self._folder / m_name(pulses), self._journal.found
        files = found.pulses[-1].files if found.pulses else found.start.files if found.start else {}
        if not path.exists():
            raise self._unusable(path, "missing")
        if path.name in files and checksum(path) != files[path.name]:
            raise self._unusable(path, "damaged (its checksum is wrong)")
        return read_ovf(path).data

    def _unusable(self, path: Path, how: str) -> RunFolderError:
        return RunFolderError(
            f"{path}: {how}; `orchestrator campaign check --repair {self._bench.folder}` lets it "
            "be computed again"
        )

    def _block(self, number: int, pulse: Pulse, voltages: np.ndarray, j: np.ndarray) -> Block:
        """Write the maps of a pulse and render its script."""
        maps, current_map, save = self._bench.maps, j_name(number), m_name(number)
        field_map = maps.write(self._folder, current_map, j)
        if not self._bench.experiment.output.maps:
            for name in maps.names(j_name(number - 1)):
                (self._folder / name).unlink(missing_ok=True)
        script = self._bench.scripts.pulse(
            number,
            voltages.tolist(),
            current_map,
            pulse.duration,
            save,
            gap=pulse.gap,
            field_map=field_map,
        )
        return Block(script, save)

    def _commit_pulse(self, step: Step) -> None:
        number = step.record.number
        files = {m_name(number): step.crc32} | self._keep_state(number - 1, step.m, step.j)
        files |= self._network.keep(number)
        if self._bench.experiment.output.maps:
            names = self._bench.maps.names(j_name(number))
            files |= {name: checksum(self._folder / name) for name in names}
        record = dataclasses.replace(step.record, files=files)
        self._commit(record)
        if number > 1:
            (self._folder / m_name(number - 1)).unlink(missing_ok=True)
        (self._folder / guess_name(number - 3)).unlink(missing_ok=True)
        self._bench.workplace.tracker.pulse(self._pattern, record)
        self._bench.workplace.stop_if_asked()

    def _commit_trained(self, last: Reading) -> None:
        pulses, files = self._journal.found.pulses, {}
        if len(pulses) in self._bench.kept:
            j = last.state.current_density(pulses[-1].voltages)
            files = self._keep_state(len(pulses), last.m, j)
        record = TrainedRecord(files=files, conductance=last.conductance, probes=last.probes)
        self._commit(record)

    def _relax(self, session: Session, last: Reading) -> None:
        plan = self._bench.experiment.training
        path = self._folder / m_name(len(self._journal.found.pulses))
        reading = last
        if plan.relax_time:
            block = self._bench.scripts.relax(plan.relax_time, RELAXED, number=plan.pulses + 1)
            progress = self._bench.workplace.tracker.progress
            result = session.execute(block, RELAXED, progress=progress)
            path, crc32 = result.magnetization, result.field.crc32
            reading = read_out(result.field.data, self._bench.network, self._bench.probes)
        else:
            crc32 = checksum(path)
        self._commit(
            RelaxedRecord(
                files={path.name: crc32}, conductance=reading.conductance, probes=reading.probes
            )
        )
        pulses = len(self._journal.found.pulses)
        for number in (pulses - 1, pulses - 2):
            (self._folder / guess_name(number)).unlink(missing_ok=True)

    def _keep_state(self, number: int, m: np.ndarray, j: np.ndarray) -> dict[str, str]:
        """Write what is kept of a state; checksums of the files written."""
        output = self._bench.experiment.output
        if number not in self._bench.kept:
            return {}
        fields = {key: {"m": m, "j": j}[key] for key in output.fields}
        name = state_name(number)
        return {name: write_state(self._folder / name, fields, output.precision)}

    def _commit(self, record: JournalRecord) -> None:
        """Append to the journal once all names that the record needs are on disk."""
        sync(self._folder)
        self._bench.lock.check()
        self._journal.append(record)
