"""Which runs of a campaign are wanted, where starts are repeated until an interval is narrow.

Decisions are made after whole batches in the order of the axis, whichever run ends first, so that
they follow from the results of the runs alone: a campaign that was stopped goes on with the same
ones. `until.json` in the campaign's folder records them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from orchestrator.base.errors import OrchestratorError
from orchestrator.campaign.archive.values import values_of
from orchestrator.campaign.status import run_state
from orchestrator.campaign.store import CampaignFolder, RunEntry
from orchestrator.run.layout import REFERENCES
from orchestrator.run.notes import read_note, write_note
from orchestrator.run.variables import Variables, read_variables

UNTIL = "until.json"
_RANK = "trained_rank"

Decision = Literal["goes on", "narrow", "at most"]


@dataclass(frozen=True)
class Group:
    """The runs along the axis of repeated starts, at one place along the others.

    Attributes
    ----------
    labels : tuple
        Labels of the place along the other axes.
    runs : int
        Runs that are wanted.
    successes, count : tuple of int
        Trainings that have learned, and trainings in whole batches; one for each training of a run.
    low, high : float
        The widest of their intervals.
    decision : str
        `narrow`: enough; `goes on`: the runs of the last batch are not all there; `at most`: all
        runs of the campaign are there, and the interval is not narrow.
    """

    labels: tuple[Any, ...]
    runs: int
    successes: tuple[int, ...]
    count: tuple[int, ...]
    low: float
    high: float
    decision: Decision


def groups(folder: CampaignFolder) -> list[Group]:
    """How far each group is; none where the campaign does not repeat starts."""
    return [group for group, _ in _looked_at(folder)]


def wanted(folder: CampaignFolder) -> list[RunEntry]:
    """The runs that are wanted, done or not; all where the campaign does not repeat starts."""
    if folder.repeated is None:
        return folder.runs
    chosen = {entry.index for group, runs in _looked_at(folder) for entry in runs[: group.runs]}
    return [entry for entry in folder.runs if entry.index in chosen]


def unwanted(folder: CampaignFolder) -> set[tuple[int, ...]]:
    """Places of the runs that the recorded decisions do without; of groups that go on, none."""
    try:
        recorded = read_note(folder.path / UNTIL, "axis", "until", "groups")["groups"]
    except OrchestratorError:
        return set()
    return {
        entry.index
        for group, runs in zip(recorded, _by_place(folder), strict=True)
        if group["decision"] != "goes on"
        for entry in runs[group["runs"] :]
    }


def record(folder: CampaignFolder) -> None:
    """Write the decisions into the campaign's folder."""
    if folder.repeated is not None:
        number, until = folder.repeated
        content = {
            "axis": folder.content["axes"][number]["name"],
            "until": asdict(until),
            "groups": [asdict(group) for group in groups(folder)],
        }
        write_note(folder.path / UNTIL, content)


def _by_place(folder: CampaignFolder) -> list[list[RunEntry]]:
    """The runs along the axis of repeated starts, for each place along the others."""
    if folder.repeated is None:
        return []
    number, _ = folder.repeated
    by_place: dict[tuple[int, ...], list[RunEntry]] = {}
    for entry in sorted(folder.runs, key=lambda entry: entry.index[number]):
        place = entry.index[:number] + entry.index[number + 1 :]
        by_place.setdefault(place, []).append(entry)
    return list(by_place.values())


def _looked_at(folder: CampaignFolder) -> list[tuple[Group, list[RunEntry]]]:
    if folder.repeated is None:
        return []
    number, until = folder.repeated
    found = []
    for runs in _by_place(folder):
        labels = runs[0].labels[:number] + runs[0].labels[number + 1 :]
        learned: list[list[bool]] = []
        group = None
        for begin in range(0, len(runs), until.batch):
            batch = runs[begin : begin + until.batch]
            states = [run_state(entry.folder)[0] for entry in batch]
            whole = all(state in ("finished", "failed") for state in states)
            if whole:
                ended = [e for e, s in zip(batch, states, strict=True) if s == "finished"]
                for ranks in _ranks(folder, ended, until.reference):
                    learned += [[] for _ in range(len(ranks) - len(learned))]
                    for training, rank in zip(learned, ranks, strict=False):
                        training += [rank == 1] if rank == rank else []
            intervals = [until.interval(sum(one), len(one)) for one in learned] or [(0.0, 1.0)]
            low, high = max(intervals, key=lambda interval: interval[1] - interval[0])
            narrow = whole and high - low <= until.ci
            done = begin + len(batch)
            decision: Decision = "narrow" if narrow else "goes on"
            if whole and not narrow and done == len(runs):
                decision = "at most"
            successes, count = tuple(map(sum, learned)), tuple(map(len, learned))
            group = Group(labels, done, successes, count, low, high, decision)
            if narrow or not whole:
                break
        assert group is not None
        found.append((group, runs))
    return found


def _ranks(folder: CampaignFolder, runs: list[RunEntry], reference: str) -> Iterable[list[float]]:
    """Ranks of the trained patterns of finished runs."""

    def read(entry: RunEntry) -> Variables:
        return read_variables(folder.experiment(entry.index), entry.folder)

    for values in values_of(folder, runs, _RANK, read):
        assert values is not None
        yield values[:, REFERENCES.index(reference)].tolist()
