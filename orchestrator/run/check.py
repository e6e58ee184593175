"""Damaged files of a run: found by their checksums, named, and taken back to be computed again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.base.errors import InputError, OrchestratorError, RunFolderError
from orchestrator.base.files import checksum, sync, write_whole
from orchestrator.learning.records import (
    HeldRecord,
    JournalRecord,
    PulseRecord,
    ReadingRecord,
    StartRecord,
)
from orchestrator.ovf.files import write_ovf
from orchestrator.run.description import described_experiment, restore_description
from orchestrator.run.fields import read_state
from orchestrator.run.folder import (
    DESCRIPTION,
    DESCRIPTION_COPY,
    FAILED,
    FINISHED,
    JOURNAL,
    LOCK,
    TEXTURES,
    UNTRAINED,
    guess_name,
    journals,
    m_name,
    state_name,
    training_folder,
    training_folders,
)
from orchestrator.run.journal import journal_line, look_into
from orchestrator.run.locks import locked
from orchestrator.run.pruned import PRUNED, removed_on_purpose
from orchestrator.run.textures import texture_is_damaged
from orchestrator.run.untrained import read_untrained


@dataclass(frozen=True)
class Damage:
    """A damaged or missing file of a run.

    Attributes
    ----------
    run : Path
        The run folder, or that of all runs, which share it.
    path : Path
        The file.
    reason : str
        What is wrong with it.
    training : int or None
        Number of the training that it belongs to.
    record : int or None
        Number of the journal's record, from 0, that needs it.
    """

    run: Path
    path: Path
    reason: str
    training: int | None = None
    record: int | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def find_damage(run: Path) -> list[Damage]:
    """Compare the files of a run folder, and the shared textures, with their checksums."""
    return damage_of_run(run) + damage_of_textures(run.parent)


def damage_of_textures(root: Path) -> list[Damage]:
    """Compare the textures that the runs under a root share with their checksums."""
    found = []
    for note in sorted((root / TEXTURES).glob("*.json")):
        texture = note.with_suffix(".ovf")
        try:
            if texture.exists() and texture_is_damaged(texture):
                found.append(Damage(root, texture, "checksum is wrong"))
        except RunFolderError:
            found += [Damage(root, path, "checksum is not known") for path in (texture, note)]
    return found


def damage_of_run(run: Path) -> list[Damage]:
    """Compare the files of a run folder with their checksums."""
    found = []
    finished = (run / FINISHED).exists()
    trainings = {path.parent for path in journals(run)}
    try:
        patterns = described_experiment(run)[1].training.patterns
        if finished:
            trainings |= set(training_folders(run, patterns))
    except (InputError, RunFolderError) as error:
        found.append(_unreadable(run, run / DESCRIPTION, error))
    if (copy := run / DESCRIPTION_COPY).exists():
        try:
            described_experiment(run, DESCRIPTION_COPY)
        except (InputError, RunFolderError) as error:
            found.append(_unreadable(run, copy, error))
    try:
        if finished or (run / UNTRAINED).exists():
            read_untrained(run)
    except RunFolderError as error:
        found.append(_unreadable(run, run / UNTRAINED, error))
    removed = dict[str, set[str]]()
    try:
        removed = removed_on_purpose(run)
    except RunFolderError as error:
        found.append(_unreadable(run, run / PRUNED, error))
    for folder in sorted(trainings):
        before = _size(folder / JOURNAL)
        damages = _of_training(run, folder, finished, removed)
        if damages and _size(folder / JOURNAL) != before:
            # somebody works on it, and removes what is passing: damage stays
            again = _of_training(run, folder, finished, removed)
            damages = [damage for damage in damages if damage in again]
        found += damages
    return found


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _of_training(
    run: Path, folder: Path, finished: bool, removed: Mapping[str, set[str]]
) -> list[Damage]:
    number = int(folder.name)
    journal = look_into(folder / JOURNAL)
    found = []
    steps = len(journal.steps)
    passing = {m_name(n) for n in range(1, steps + bool(journal.damaged))}
    needed = 0 if journal.relaxed or journal.damaged else 2
    passing |= {guess_name(n) for n in range(steps - needed)}
    passing |= removed.get(folder.name, set())
    for k, record in enumerate(journal.records):
        for name, expected in record.files.items():
            path = folder / name
            if not path.exists():
                if name not in passing:
                    found.append(Damage(run, path, "missing", number, k))
            elif checksum(path) != expected:
                found.append(Damage(run, path, "checksum is wrong", number, k))
    if journal.damaged:
        reason = f"line {journal.damaged} is damaged"
        found.append(Damage(run, folder / JOURNAL, reason, number, len(journal.records)))
    elif finished and journal.relaxed is None:
        reason = "ends before its training does"
        found.append(Damage(run, folder / JOURNAL, reason, number, len(journal.records)))
    return found


def remove_damaged_textures(root: Path) -> list[Path]:
    """Remove the damaged textures under a root; runs that need them compute them again.

    Finished runs do not: each training keeps its own copy of the texture it starts from.
    """
    paths = [damage.path for damage in damage_of_textures(root)]
    for path in paths:
        path.unlink(missing_ok=True)
    return paths


def take_back(run: Path) -> str:
    """Take a run back to before its damage, so that going on with it computes the rest again.

    Damaged textures that it shares with others are removed. Each damaged training goes on from its
    latest intact texture: kept exactly, or its first one. The result has the same bits as before,
    where the engine is deterministic.

    Returns
    -------
    str
        What has been done.

    Raises
    ------
    RunFolderError
        If the run's description is damaged, or another process works in the folder.
    """
    with locked(run / LOCK):
        remove_damaged_textures(run.parent)
        damages = damage_of_run(run)
        if not damages:
            return f"{run}: not damaged"
        said = []
        if any(d.path.name == DESCRIPTION for d in damages):
            if not restore_description(run):
                raise RunFolderError(
                    f"{run}: its description is damaged, and no copy of it is there; delete the "
                    "folder"
                )
            said.append("its description is restored from its copy")
            damages = damage_of_run(run)
        for damage in damages:
            if damage.training is None:
                damage.path.unlink(missing_ok=True)
        for number, first in _first_damaged(damages).items():
            records = _intact(run, number, first, restore=True)
            said.append(f"training {number} goes on after pulse {_pulses(records)}")
        names = {damage.path.name for damage in damages}
        if UNTRAINED in names:
            said.append("its untrained starts are read out again")
        if names - {DESCRIPTION_COPY}:
            (run / FINISHED).unlink(missing_ok=True)
            (run / FAILED).unlink(missing_ok=True)
            sync(run)
    return f"{run}: taken back; {', '.join(said) or 'nothing of its results is lost'}"


def losses(run: Path, damages: Sequence[Damage]) -> list[str]:
    """What `take_back` will throw away of a run's committed pulses.

    Parameters
    ----------
    run : Path
        The run folder.
    damages : sequence of Damage
        Those of `damage_of_run`.
    """
    said = []
    for number, first in _first_damaged(damages).items():
        journal = look_into(training_folder(run, number) / JOURNAL)
        before, after = len(journal.pulses), _pulses(_intact(run, number, first, restore=False))
        if before > after:
            said.append(
                f"{run}: pulses {after + 1} to {before} of training {number} are thrown away and "
                "computed again"
            )
    return said


def _first_damaged(damages: Sequence[Damage]) -> dict[int, int]:
    """The first record of each training that a damage touches."""
    first: dict[int, int] = {}
    for damage in damages:
        if damage.training is not None and damage.record is not None:
            first[damage.training] = min(damage.record, first.get(damage.training, damage.record))
    return dict(sorted(first.items()))


def _pulses(records: Sequence[JournalRecord]) -> int:
    return sum(isinstance(record, PulseRecord) for record in records)


def _intact(run: Path, number: int, first_bad: int, *, restore: bool) -> list[JournalRecord]:
    """A journal's records up to the latest before `first_bad` with an intact texture.

    With `restore` the journal is shortened to these, and the texture made where only its kept state
    is there.
    """
    folder = training_folder(run, number)
    if not folder.is_dir():
        if restore:
            folder.unlink(missing_ok=True)
        return []
    found = look_into(folder / JOURNAL).records
    records = found[:first_bad]
    while records:
        following = found[len(records)] if len(records) < len(found) else None
        if (last := _with_texture(run, folder, records, following, restore)) is not None:
            records[-1] = last
            break
        records.pop()
    if restore:
        write_whole(folder / JOURNAL, b"".join(journal_line(record) for record in records))
    return records


def _with_texture(
    run: Path,
    folder: Path,
    records: list[JournalRecord],
    following: JournalRecord | None,
    restore: bool,
) -> JournalRecord | None:
    """The last record, if its texture is there, or can be made from a kept state; else None.

    A kept state is of the texture that the next pulse found: after the readings before it.
    """
    record = records[-1]
    if not isinstance(record, StartRecord | HeldRecord):
        return None
    pulses = _pulses(records)
    texture = folder / m_name(len(records) - 1)
    if texture.exists() and checksum(texture) == record.files[texture.name]:
        return record
    try:
        experiment = described_experiment(run)[1]
    except (InputError, RunFolderError):
        return None  # until the description is restored
    output, state = experiment.output, folder / state_name(pulses)
    if output.precision != "float32" or "m" not in output.fields or not state.exists():
        return None
    if isinstance(following, ReadingRecord):
        return None
    try:
        m = read_state(state, "m", experiment.film.array_shape)
    except RunFolderError:
        return None
    if not restore:
        return record
    write_ovf(texture, m, experiment.film.cell_size)
    files = {**record.files, texture.name: checksum(texture)}
    return dataclasses.replace(record, files=files)


def _unreadable(run: Path, path: Path, error: OrchestratorError) -> Damage:
    """Why a file cannot be used: as the error says, without the path that it begins with."""
    return Damage(run, path, str(error).removeprefix(f"{path}: "))
