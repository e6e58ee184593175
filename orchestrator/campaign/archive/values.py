"""Values of a campaign's runs: from its index where that is up to date, else from the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import numpy as np

from orchestrator.base.errors import RunFolderError
from orchestrator.campaign.archive.index import Index, Stamp, stamp_of, times_of
from orchestrator.campaign.store import CampaignFolder, RunEntry
from orchestrator.run.variables import Variables, read_variables

_BATCH = 256
"""Runs that are written to the index at once."""

Read = Callable[[RunEntry], Variables]
"""Reads all variables of a run."""


def values_of(
    folder: CampaignFolder, runs: Sequence[RunEntry], variable: str, read: Read
) -> Iterator[np.ndarray | None]:
    """A variable of some runs that are not worked on; None where a run does not have it.

    The index is brought up to date on the way.

    Parameters
    ----------
    folder : CampaignFolder
        The campaign.
    runs : sequence of RunEntry
        Which of its runs.
    variable : str
        Which variable.
    read : callable
        Reads a run.

    Raises
    ------
    RunFolderError
        If a file of a run that must be read is damaged.
    """
    with Index(folder.path, folder.content["hash"]) as index:
        indexed = bring_up_to_date(index, runs, read)
        for entry in runs:
            value = index.get(entry.folder.name, variable) if entry in indexed else None
            if value is None:
                found = read(entry)
                value = found[variable][1] if variable in found else None
            yield value


def bring_up_to_date(index: Index, runs: Iterable[RunEntry], read: Read) -> set[RunEntry]:
    """Read the runs that have changed since they came into the index; those that are in it now."""
    indexed, restamped = set[RunEntry](), dict[str, Stamp]()
    changed: list[tuple[RunEntry, Stamp]] = []
    for entry in runs:
        name = entry.folder.name
        before = index.stamp(name)
        if before is not None and before.times and before.times == times_of(entry.folder):
            indexed.add(entry)
            continue
        now = stamp_of(entry.folder)
        if before is not None and before.checksum == now.checksum:
            indexed.add(entry)
            restamped[name] = now
        else:
            changed.append((entry, now))
    index.restamp(restamped)
    for k in range(0, len(changed), _BATCH):
        batch = changed[k : k + _BATCH]
        index.put({entry.folder.name: (now, _arrays(read(entry))) for entry, now in batch})
        indexed.update(entry for entry, _ in batch)
    return indexed


def take_in(folder: CampaignFolder, entry: RunEntry) -> None:
    """Bring a run that has just finished into the index; a damaged one tells when it is read."""

    def read(entry: RunEntry) -> Variables:
        return read_variables(folder.experiment(entry.index), entry.folder)

    with Index(folder.path, folder.content["hash"]) as index, suppress(RunFolderError, OSError):
        bring_up_to_date(index, [entry], read)


def _arrays(variables: Variables) -> Mapping[str, np.ndarray]:
    return {name: values for name, (_, values, _) in variables.items()}
