"""Damaged files of a run: found by their checksums, named, and taken back to be computed again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import sync, written_whole
from orchestrator.describe.experiment import Experiment
from orchestrator.ovf.files import write_ovf
from orchestrator.run.fields import checksum, read_state, state_name
from orchestrator.run.folder import (
    DESCRIPTION,
    FAILED,
    FINISHED,
    JOURNAL,
    UNTRAINED,
    journal_line,
    m_name,
    read_description,
    read_json,
    read_records,
    read_untrained,
)
from orchestrator.run.locks import LOCK, locked
from orchestrator.run.textures import TEXTURES


@dataclass(frozen=True)
class Damage:
    """A damaged or missing file of a run.

    Attributes
    ----------
    run : Path
        The run folder.
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
    found = []
    finished = (run / FINISHED).exists()
    trainings = {path.parent for path in run.glob(f"*/{JOURNAL}")}
    try:
        patterns = read_description(run)["experiment"]["training"]["patterns"]
        if finished:
            trainings |= {run / str(k) for k in range(1, len(patterns) + 1)}
    except RunFolderError:
        found.append(Damage(run, run / DESCRIPTION, "not readable"))
    try:
        if finished or (run / UNTRAINED).exists():
            read_untrained(run)
    except RunFolderError:
        found.append(Damage(run, run / UNTRAINED, "not readable"))
    for folder in sorted(trainings):
        found += _of_training(run, folder, finished)
    for note in (run.parent / TEXTURES).glob("*.json"):
        texture = note.with_suffix(".ovf")
        try:
            if texture.exists() and checksum(texture) != read_json(note, "crc32")["crc32"]:
                found.append(Damage(run, texture, "checksum is wrong"))
        except RunFolderError:
            found += [Damage(run, path, "checksum is not known") for path in (texture, note)]
    return found


def _of_training(run: Path, folder: Path, finished: bool) -> list[Damage]:
    number = int(folder.name)
    records, _, damaged = read_records(folder / JOURNAL)
    found = []
    last = max((r["pulse"] for r in records if r["kind"] == "pulse"), default=0)
    passing = {m_name(n) for n in range(1, last + bool(damaged))}
    for k, record in enumerate(records):
        for name, expected in record.get("files", {}).items():
            path = folder / name
            if not path.exists():
                if name not in passing:
                    found.append(Damage(run, path, "missing", number, k))
            elif checksum(path) != expected:
                found.append(Damage(run, path, "checksum is wrong", number, k))
    if damaged:
        reason = f"line {damaged} is damaged"
        found.append(Damage(run, folder / JOURNAL, reason, number, len(records)))
    elif finished and not any(record["kind"] == "relaxed" for record in records):
        reason = "ends before its training does"
        found.append(Damage(run, folder / JOURNAL, reason, number, len(records)))
    return found


def take_back(run: Path) -> str:
    """Take a run back to before its damage, so that going on with it computes the rest again.

    Each damaged training goes on from its latest intact texture: kept exactly, or its first one.
    The result has the same bits as before, where the engine is deterministic.

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
        damages = find_damage(run)
        if any(d.path.name == DESCRIPTION for d in damages):
            raise RunFolderError(f"{run}: its description is damaged; delete the folder")
        for damage in damages:
            if damage.training is None:
                damage.path.unlink(missing_ok=True)
        said = []
        for number in sorted({d.training for d in damages if d.training is not None}):
            first = min(d.record for d in damages if d.training == number and d.record is not None)
            pulses = _rewind(run, number, first)
            said.append(f"training {number} goes on after pulse {pulses}")
        (run / FINISHED).unlink(missing_ok=True)
        (run / FAILED).unlink(missing_ok=True)
        sync(run)
    return f"{run}: taken back; {', '.join(said) or 'shared files are computed again'}"


def _rewind(run: Path, number: int, first_bad: int) -> int:
    """Shorten a journal to the latest record before `first_bad` with an intact texture."""
    folder = run / str(number)
    if not folder.is_dir():
        folder.unlink(missing_ok=True)
        return 0
    records = read_records(folder / JOURNAL)[0][:first_bad]
    while records and not _restorable(run, folder, records[-1]):
        records.pop()
    text = b"".join(journal_line(record) for record in records)
    with written_whole(folder / JOURNAL) as temporary:
        temporary.write_bytes(text)
    return max((r["pulse"] for r in records if r["kind"] == "pulse"), default=0)


def _restorable(run: Path, folder: Path, record: dict[str, Any]) -> bool:
    """Whether the texture that a record ends with is there, or can be had from a kept state."""
    if record["kind"] not in ("start", "pulse"):
        return False
    pulses = record.get("pulse", 0)
    texture, files = folder / m_name(pulses), record["files"]
    if texture.exists() and checksum(texture) == files[texture.name]:
        return True
    experiment = Experiment.from_dict(read_description(run)["experiment"], str(run))
    output, state = experiment.output, folder / state_name(pulses)
    if output.precision != "float32" or "m" not in output.fields or not state.exists():
        return False
    try:
        m = read_state(state, "m")
    except RunFolderError:
        return False
    write_ovf(texture, m, experiment.film.cell_size)
    files[texture.name] = checksum(texture)
    return True
