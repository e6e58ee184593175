"""One training in its folder, step by step: begun, gone on with where it stopped, ended.

Who chooses the pulses is not known here: the plan of an experiment, or a script.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.base.errors import InputError, OrchestratorError, RunFolderError
from orchestrator.base.files import checksum, synced, write_whole
from orchestrator.engines.session import Session
from orchestrator.learning.heat import Bath
from orchestrator.learning.pulses import Pulse, contact_voltages
from orchestrator.learning.records import (
    JournalRecord,
    PulseRecord,
    ReadingRecord,
    RelaxedRecord,
    StartRecord,
    TrainedRecord,
)
from orchestrator.learning.train import Block, Loop, Reading, Step, read_out
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
from orchestrator.run.journal import Found, Journal


class Training:
    """A training in its folder.

    Parameters
    ----------
    bench : Bench
        What all trainings of the run work with.
    folder : Path
        The training's folder; made if it is not there.
    title : str
        What the tracker is told that is trained.

    Attributes
    ----------
    pulses : list of PulseRecord
        The committed pulses.
    steps : list of PulseRecord or ReadingRecord
        The same and the readings in between.

    Raises
    ------
    RunFolderError
        If its journal is damaged.
    """

    def __init__(self, bench: Bench, folder: Path, title: str) -> None:
        folder.mkdir(exist_ok=True)
        self._bench = bench
        self._folder = folder
        self._title = title
        self._journal = Journal(folder / JOURNAL)
        self.steps = self._journal.found.steps
        self.pulses = self._journal.found.pulses
        self._looked: set[int] = set()
        self._session: Session | None = None

    @property
    def found(self) -> Found:
        """What its journal holds."""
        return self._journal.found

    @property
    def reading(self) -> Reading:
        """What is measured of the texture that the next step finds."""
        return self._loop.found

    def open(self, texture: Path | None) -> None:
        """Take it up where it stopped; one that has not begun begins with a settled texture.

        Of one that is complete only what is recorded can be asked for.

        Raises
        ------
        RunFolderError
            If a file is damaged, or the folder has been changed meanwhile.
        """
        if not self.found.records:
            assert texture is not None
            self._begin(texture)
        if self.found.relaxed is not None:
            return
        bench = self._bench
        m = self._last_texture()
        self._guesses = Guesses(
            bench.network, bench.probes, self._folder, self._is_kept, self.steps
        )
        self._loop = Loop(
            self._guesses.network,
            m,
            self._started,
            self._block,
            probes=self._guesses.probes,
            progress=bench.workplace.tracker.progress,
        )

    def hold(self, pulse: Pulse, asked: Mapping[str, Any] | None = None) -> PulseRecord:
        """Hold a pulse on the contacts, and commit it.

        Parameters
        ----------
        pulse : Pulse
            What is held.
        asked : mapping, optional
            What a script asked for.

        Raises
        ------
        RunFolderError
            If the folder has been changed meanwhile.
        EngineError
            If the engine fails; committed pulses stay.
        Interrupted
            If a stop is asked for; the pulse is committed.
        """
        number = len(self.pulses) + 1
        pulse, warmth = self._warmed(pulse)
        make = partial(PulseRecord, number=number, asked=asked, **warmth)
        step = self._loop.hold(len(self.steps) + 1, pulse, make)
        record = self._commit_step(step, self._keep_state(number - 1, step.m, step.j))
        self._bench.workplace.tracker.pulse(self._title, record)
        self._bench.workplace.stop_if_asked()
        return record

    def read(self, pulse: Pulse, asked: Mapping[str, Any]) -> ReadingRecord:
        """Hold a pulse that does not count as training, and commit it as a reading.

        Raises
        ------
        RunFolderError, EngineError
            As for `hold`.
        """
        number = len(self.found.readings) + 1
        pulse, warmth = self._warmed(pulse)
        make = partial(ReadingRecord, number=number, pulses=len(self.pulses), asked=asked, **warmth)
        return self._commit_step(self._loop.hold(len(self.steps) + 1, pulse, make), {})

    def _warmed(self, pulse: Pulse) -> tuple[Pulse, dict[str, Any]]:
        """A pulse at the film's temperature, where its heat is counted, and what is recorded."""
        bath = self._bench.bath
        if bath is None:
            return pulse, {}
        if pulse.temperature is not None:
            raise InputError("temperature: follows from the heat of the film; leave it out")
        g = self.reading.conductance
        voltages = contact_voltages(pulse, g)
        power = bath.power(voltages, g @ voltages)
        warming = bath.pulse(self._temperature(bath), power, pulse.duration, pulse.gap)
        warm = dataclasses.replace(pulse, temperature=warming.pulse, gap_temperature=warming.gap)
        return warm, {"temperature": warming.end, "temperature_mean": warming.pulse}

    def _temperature(self, bath: Bath) -> float:
        """Of the film, K."""
        last = self.steps[-1].temperature if self.steps else None
        return bath.temperature if last is None else last

    def texture(self, step: int) -> Path | None:
        """The file of the texture after so many steps, None where it was not kept.

        That of the present one stays when others follow.
        """
        if step == len(self.steps):
            self._looked.add(step)
        elif step and m_name(step) not in self.steps[step].files:
            return None
        return self._checked(m_name(step), self._files_of(step))

    def end(self, relax_time: float, number: int) -> None:
        """Read the last texture out, and let it relax without current.

        Parameters
        ----------
        relax_time : float
            Time in s.
        number : int
            Of the block of script, which chooses the stream of the thermal field.

        Raises
        ------
        RunFolderError, EngineError
            As for `hold`.
        """
        if self.found.relaxed is not None:
            return
        last = self.reading
        if self.found.trained is None:
            self._commit_trained(last)
        self._relax(last, relax_time, number)

    def close(self) -> None:
        """End the engine's session, if one was started; may be called twice."""
        if self._session is not None:
            self._session.close(tidy=self._bench.lock.is_held())
            self._session = None

    def _started(self) -> Session:
        """The session; started once there is something to do for it."""
        if self._session is None:
            self._session = self._bench.workplace.engine.start(
                self._bench.scripts.setup_in(self._folder),
                self._folder,
                m_name(len(self.steps)),
                time=self.steps[-1].time if self.steps else 0.0,
                state=self.steps[-1].state if self.steps else {},
            )
        return self._session

    def _begin(self, texture: Path) -> None:
        first = self._folder / m_name(0)
        crc32 = write_whole(first, texture.read_bytes())
        self._commit(StartRecord(files={first.name: crc32}), [])

    def _last_texture(self) -> np.ndarray:
        """The texture to go on from, shape (nz, ny, nx, 3), without what came after it."""
        count = len(self.steps)
        wanted = [m_name(n) for n, step in enumerate(self.steps) if m_name(n) in step.files]
        last = self._checked(m_name(count), self._files_of(count))
        for path in uncommitted(self._folder, count, wanted):
            path.unlink(missing_ok=True)
        return read_ovf(last).data

    def _files_of(self, step: int) -> Mapping[str, str]:
        """The checksums that were committed with the texture after so many steps."""
        if step:
            return self.steps[step - 1].files
        return self.found.start.files if self.found.start else {}

    def _checked(self, name: str, files: Mapping[str, str]) -> Path:
        path = self._folder / name
        if not path.exists():
            raise self._unusable(path, "missing")
        if name in files and checksum(path) != files[name]:
            raise self._unusable(path, "damaged (its checksum is wrong)")
        return path

    def _unusable(self, path: Path, how: str) -> RunFolderError:
        return RunFolderError(
            f"{path}: {how}; `orchestrator campaign check --repair {self._bench.folder}` lets it "
            "be computed again"
        )

    def _is_kept(self, step: int) -> bool:
        """Whether the texture after so many steps is kept as a state, as far as is known."""
        later = sum(isinstance(record, PulseRecord) for record in self.steps[step:])
        return self._bench.experiment.output.keeps(len(self.pulses) - later)

    def _block(self, number: int, pulse: Pulse, voltages: np.ndarray, j: np.ndarray) -> Block:
        """Write the maps of a step and render its script."""
        self._bench.lock.check()
        maps, current_map, save = self._bench.maps, j_name(number), m_name(number)
        scripts = self._bench.scripts
        constants = scripts.constants(pulse.temperature)
        files = maps.write(self._folder, current_map, j, constants.get("Msat"))
        if not self._bench.experiment.output.maps:
            for name in maps.names(j_name(number - 1)):
                (self._folder / name).unlink(missing_ok=True)
        script = scripts.pulse(
            number,
            voltages.tolist(),
            current_map,
            pulse.duration,
            save,
            gap=pulse.gap,
            field_map=files.field,
            torque_map=files.torque,
            B_ext=pulse.B_ext,
            temperature=pulse.temperature,
            gap_temperature=pulse.gap_temperature,
        )
        return Block(script, save)

    def _commit_step(self, step: Step, files: Mapping[str, str]) -> Any:
        number = len(self.steps) + 1
        own = {m_name(number): step.crc32} | dict(files)
        if number - 1 in self._looked:
            before = m_name(number - 1)
            own[before] = self._files_of(number - 1).get(before) or checksum(self._folder / before)
        self.steps.append(step.record)
        if isinstance(step.record, PulseRecord):
            self.pulses.append(step.record)
        own |= self._guesses.keep(number)
        maps = self._bench.maps.names(j_name(number))
        if self._bench.experiment.output.maps:
            own |= {name: checksum(self._folder / name) for name in maps}
        record = dataclasses.replace(step.record, files=own)
        with self._committed(record, [*own, *maps]), suppress(OrchestratorError):
            _ = self.reading  # takes as long as the disk; what it raises is raised again
        self.steps[-1] = record
        if isinstance(record, PulseRecord):
            self.pulses[-1] = record
        if number > 1 and number - 1 not in self._looked:
            (self._folder / m_name(number - 1)).unlink(missing_ok=True)
        (self._folder / guess_name(number - 3)).unlink(missing_ok=True)
        return record

    def _commit_trained(self, last: Reading) -> None:
        pulses, files = len(self.pulses), {}
        if self.steps and self._bench.experiment.output.keeps(pulses):
            j = last.state.current_density(self.steps[-1].voltages)
            files = self._keep_state(pulses, last.m, j)
        record = TrainedRecord(files=files, conductance=last.conductance, probes=last.probes)
        self._commit(record, files)

    def _relax(self, last: Reading, duration: float, number: int) -> None:
        steps = len(self.steps)
        path, reading = self._folder / m_name(steps), last
        if duration:
            self._bench.lock.check()
            bath = self._bench.bath
            warmth = None if bath is None else bath.mean(self._temperature(bath), 0.0, duration)
            block = self._bench.scripts.relax(duration, RELAXED, number=number, temperature=warmth)
            progress = self._bench.workplace.tracker.progress
            result = self._started().execute(block, RELAXED, progress=progress)
            path, crc32 = result.magnetization, result.field.crc32
            network, probes = self._guesses.network, self._guesses.probes
            probing = [probe.solve_after for probe in probes]
            reading = read_out(result.field.data, network.solve_after, probing)
        else:
            crc32 = checksum(path)
        self._commit(
            RelaxedRecord(
                files={path.name: crc32}, conductance=reading.conductance, probes=reading.probes
            ),
            [path.name],
        )
        for step in (steps - 1, steps - 2):
            (self._folder / guess_name(step)).unlink(missing_ok=True)

    def _keep_state(self, number: int, m: np.ndarray, j: np.ndarray) -> dict[str, str]:
        """Write what is kept of a state; checksums of the files written."""
        output = self._bench.experiment.output
        if not output.keeps(number):
            return {}
        fields = {key: {"m": m, "j": j}[key] for key in output.fields}
        name = state_name(number)
        return {name: write_state(self._folder / name, fields, output.precision)}

    def _commit(self, record: JournalRecord, names: Iterable[str]) -> None:
        with self._committed(record, names):
            pass

    @contextmanager
    def _committed(self, record: JournalRecord, names: Iterable[str]) -> Iterator[None]:
        """Bring files to the disk while something else is done; then append to the journal."""
        with synced([*(self._folder / name for name in dict.fromkeys(names)), self._folder]):
            yield
        self._bench.lock.check()
        self._journal.append(record)
