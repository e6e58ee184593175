"""The file of the untrained starts: what is measured before any training."""

from __future__ import annotations

from pathlib import Path

from orchestrator.base.errors import RunFolderError
from orchestrator.learning.records import UntrainedRecord
from orchestrator.run.folder import UNTRAINED
from orchestrator.run.notes import read_note, write_note


def write_untrained(run: Path, record: UntrainedRecord) -> None:
    """Note the conductances of a run folder's untrained starts."""
    write_note(run / UNTRAINED, record.to_json())


def read_untrained(run: Path) -> UntrainedRecord:
    """The conductances of a run folder's untrained starts, and of the saturated film.

    Raises
    ------
    RunFolderError
        If they are missing or damaged.
    """
    path = run / UNTRAINED
    content = read_note(path, *UntrainedRecord.keys())
    try:
        return UntrainedRecord.from_json(content)
    except (TypeError, ValueError) as error:
        raise RunFolderError(f"{path}: damaged ({error})") from None
