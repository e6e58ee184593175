"""Files of a finished run that are removed on purpose, and the note that says so.

`pruned.json` names them, so that `campaign check` does not miss them and results are NaN there.
Only current maps, their fields and kept states can be removed: neither the journal, from which all
numbers come, nor the first, last and relaxed texture of a training.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatch
from pathlib import Path

from orchestrator.base.errors import InputError
from orchestrator.base.files import sync
from orchestrator.run.folder import FINISHED, LOCK, journals, state_number
from orchestrator.run.journal import read_journal
from orchestrator.run.locks import locked
from orchestrator.run.notes import read_note, write_note

PRUNED = "pruned.json"
_MAPS = ("j_*.ovf", "b_*.ovf")


def removed_on_purpose(run: Path) -> dict[str, set[str]]:
    """Names of the files that have been removed, by the name of their training's folder.

    Raises
    ------
    RunFolderError
        If the note of them is damaged.
    """
    if not (run / PRUNED).exists():
        return {}
    return {k: set(names) for k, names in read_note(run / PRUNED, "files")["files"].items()}


def maps_of(run: Path) -> list[Path]:
    """The current maps and their fields that are there and belong to committed pulses."""
    return [path for path in _committed(run) if any(fnmatch(path.name, kind) for kind in _MAPS)]


def states_of(run: Path) -> dict[Path, int]:
    """The kept states that are there and belong to committed pulses, with their numbers."""
    numbers = {path: state_number(path) for path in _committed(run)}
    return {path: number for path, number in numbers.items() if number is not None}


def _committed(run: Path) -> list[Path]:
    found = []
    for journal in journals(run):
        names = {name for record in read_journal(journal).records for name in record.files}
        found += [path for name in sorted(names) if (path := journal.parent / name).exists()]
    return found


def prune(run: Path, paths: Collection[Path]) -> None:
    """Remove maps and states of a finished run, after a note of them is on disk.

    Parameters
    ----------
    run : Path
        The run folder.
    paths : collection of Path
        Some of `maps_of` and `states_of`.

    Raises
    ------
    InputError
        If the run is not finished, or a path is none of these.
    RunFolderError
        If a journal is damaged, or another process works in the folder.
    """
    with locked(run / LOCK):
        if not (run / FINISHED).exists():
            raise InputError(f"{run}: is not finished; nothing of it is removed")
        stray = set(paths) - {*maps_of(run), *states_of(run)}
        if stray:
            raise InputError(f"{min(stray)}: is no map or kept state of {run}")
        note_removal(run, paths)
        for path in paths:
            path.unlink()
        for folder in {path.parent for path in paths}:
            sync(folder)


def note_removal(run: Path, paths: Iterable[Path]) -> None:
    """Note that files of a run folder are missing on purpose."""
    names = removed_on_purpose(run)
    for path in paths:
        names.setdefault(path.parent.name, set()).add(path.name)
    if names:
        write_note(run / PRUNED, {"files": {k: sorted(v) for k, v in sorted(names.items())}})
