"""Carry out an experiment in its run folder: settle, train, relax; go on where it stopped."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from orchestrator.base.errors import BlockedError, EngineError, InputError
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.sections import Training as Plan
from orchestrator.learning.pulses import next_pulse
from orchestrator.learning.records import UntrainedRecord
from orchestrator.mx3.identity import contradicts
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf
from orchestrator.run.bench import Bench
from orchestrator.run.coupled import first_texture, for_setup
from orchestrator.run.description import describe, read_description
from orchestrator.run.folder import (
    DESCRIPTION,
    DESCRIPTION_COPY,
    FINISHED,
    JOURNAL,
    LOCK,
    STOP,
    TEXTURES,
    UNTRAINED,
    journals,
    left_behind,
    run_folder,
    training_folders,
)
from orchestrator.run.journal import read_journal
from orchestrator.run.layout import start_seeds
from orchestrator.run.locks import Lock, holder, locked
from orchestrator.run.notes import write_json
from orchestrator.run.textures import settled_texture
from orchestrator.run.training import Training
from orchestrator.run.untrained import write_untrained
from orchestrator.run.workplace import Workplace


def is_finished(folder: Path) -> bool:
    """Whether a run folder holds the results of all its trainings.

    Raises
    ------
    RunFolderError
        If a file in it is damaged.
    """
    patterns = read_description(folder)["experiment"]["training"]["patterns"]
    return (folder / UNTRAINED).exists() and all(
        read_journal(training / JOURNAL).relaxed is not None
        for training in training_folders(folder, patterns)
    )


def run(experiment: Experiment, workplace: Workplace) -> Path:
    """Carry out an experiment, or what is left of it, and return its folder.

    Raises
    ------
    InputError
        If one of the user's templates cannot be rendered, or sets another material constant than
        the description; then nothing is left of a run without committed pulses.
    RunFolderError
        If the folder is in use, damaged or belongs to another description or other templates.
    EngineError
        If the engine fails; committed pulses stay.
    Interrupted
        If `workplace.stop()` or the run's stop file asked for it.
    """
    if experiment.training.script:
        raise InputError(
            "training.script: a script chooses these pulses, see `orchestrator.training`; leave it "
            "out"
        )
    folder = run_folder(workplace.root, experiment)
    with writing(folder), opened(experiment, workplace, folder) as bench:
        if not ((folder / FINISHED).exists() and is_finished(folder)):
            _carry_out(bench)
    return folder


@contextmanager
def opened(experiment: Experiment, workplace: Workplace, folder: Path) -> Iterator[Bench]:
    """What the trainings of a run work with, in its folder, which is described and locked.

    Raises
    ------
    InputError
        As `run` does; also where what is done meanwhile shows that a template is wrong.
    RunFolderError
        As `run` does.
    """
    workplace = for_setup(experiment, workplace)
    scripts = Scripts.of_experiment(experiment, workplace.templates)
    new = [
        path for path in (folder, workplace.root / TEXTURES, workplace.root) if not path.exists()
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / LOCK) as lock:
            workplace = _stopped_by_file(workplace, folder / STOP)
            describe(folder, experiment, workplace.engine, scripts.templates_hash)
            try:
                yield Bench(folder, experiment, scripts, workplace, lock)
            except EngineError as error:
                if contradicts(error):
                    _forget(folder, lock)
                raise
    except EngineError as error:
        if not contradicts(error):
            raise
        for path in new:
            with suppress(OSError):  # others write there, or pulses are committed
                path.rmdir()
        raise InputError(
            f"{workplace.templates}: a template sets another material constant than the "
            f"description: {error}"
        ) from None


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say in words what the disk refuses.

    Raises
    ------
    BlockedError
        If something cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise BlockedError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); committed pulses "
            "stay, the same command goes on with them"
        ) from None


def ask_to_stop(folder: Path) -> None:
    """Let whoever works on a run, on whatever machine, stop at the next pulse boundary.

    Raises
    ------
    InputError
        If nobody works on it.
    """
    if holder(folder / LOCK) is None:
        raise InputError(f"{folder}: nobody works on it")
    (folder / STOP).touch()


def _stopped_by_file(workplace: Workplace, file: Path) -> Workplace:
    """A workplace that also stops when a file appears; an old one is forgotten."""
    file.unlink(missing_ok=True)
    asked = workplace.stop
    return dataclasses.replace(workplace, stop=lambda: asked() or file.exists())


def _forget(folder: Path, lock: Lock) -> None:
    """Remove what a run has begun, unless it has committed pulses."""
    if any(read_journal(path).pulses for path in journals(folder)):
        return
    lock.check()
    for path in journals(folder):
        shutil.rmtree(path.parent)
    for name in (UNTRAINED, DESCRIPTION, DESCRIPTION_COPY):
        (folder / name).unlink(missing_ok=True)


def _carry_out(bench: Bench) -> None:
    texture, plan = settle(bench), bench.experiment.training
    for folder, entry in zip(
        training_folders(bench.folder, plan.patterns), plan.patterns, strict=True
    ):
        training = Training(bench, folder, entry)
        if training.found.relaxed is None:
            _train(training, plan, entry, texture, bench.workplace)
    finish(bench.folder)


def _train(training: Training, plan: Plan, entry: str, texture: Path, workplace: Workplace) -> None:
    """The train of Eq. (8), or what is left of it."""
    training.open(texture)
    done = [record.done for record in training.pulses]
    total = plan.total_time + plan.relax_time
    workplace.tracker.stage(f"train {entry}", total, done[-1].time if done else 0.0)
    if training.found.trained is None:
        workplace.stop_if_asked()
    try:
        while pulse := next_pulse(plan, entry, done, training.reading.conductance):
            done.append(training.hold(pulse).done)
        training.end(plan.relax_time, plan.pulses + 1)
    finally:
        training.close()


def finish(folder: Path) -> None:
    """Note that all trainings of a run are complete."""
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(folder / FINISHED, {"finished": moment})


def settle(bench: Bench) -> Path:
    """Settle the reference's starts and note their conductances; the texture that is trained.

    Raises
    ------
    RunFolderError, EngineError, Interrupted
        As `run` does.
    """
    for path in left_behind(bench.folder):
        path.unlink(missing_ok=True)
    experiment, seeds = bench.experiment, start_seeds(bench.experiment)
    first = first_texture(experiment, bench.workplace)
    textures = (
        [first]
        if first is not None
        else [settled_texture(experiment, bench.scripts, bench.workplace, s) for s in seeds]
    )
    if not (bench.folder / UNTRAINED).exists():
        states = [bench.network.solve(read_ovf(texture).data) for texture in textures]
        record = UntrainedRecord(
            seeds=tuple(seeds),
            conductance=np.array([state.conductance for state in states]),
            saturated=bench.network.solve(experiment.film.saturated()).conductance,
        )
        write_untrained(bench.folder, record)
    return textures[0]
