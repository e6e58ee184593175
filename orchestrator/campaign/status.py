"""How far runs are, from their folders alone: from another shell or machine, at any time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestrator.base.errors import RunFolderError
from orchestrator.campaign.store import RunEntry
from orchestrator.run.folder import DESCRIPTION, FAILED, FINISHED, LOCK, journals
from orchestrator.run.journal import committed
from orchestrator.run.locks import holder
from orchestrator.run.notes import read_json

State = Literal["missing", "stopped", "running", "failed", "finished"]
STATES: tuple[State, ...] = ("missing", "stopped", "running", "failed", "finished")


@dataclass(frozen=True)
class RunStatus:
    """How far a run is.

    Attributes
    ----------
    state : str
        `missing` (not begun), `stopped` (begun, nobody works on it), `running`, `failed`,
        `finished`.
    pulses, total : int
        Committed pulses, and how many there will be.
    seconds : float or None
        Wall-clock time of the last pulse, s.
    message : str
        Why it failed, or who works on it.
    """

    state: State
    pulses: int
    total: int
    seconds: float | None = None
    message: str = ""

    @property
    def left(self) -> float | None:
        """Wall-clock time that the missing pulses take at the pace of the last one, s."""
        return None if self.seconds is None else (self.total - self.pulses) * self.seconds


def run_state(folder: Path) -> tuple[State, str]:
    """State of a run folder, with the message of a failure or the name of the writer."""
    if (folder / FINISHED).exists():
        return "finished", ""
    if (owner := holder(folder / LOCK)) is not None:
        return "running", str(owner)
    if (folder / FAILED).exists():
        return "failed", failure(folder)
    return ("stopped" if (folder / DESCRIPTION).exists() else "missing"), ""


def failure(folder: Path) -> str:
    """The message of a run's last failure."""
    try:
        return read_json(folder / FAILED, "message")["message"]
    except RunFolderError as error:
        return str(error)


def run_status(entry: RunEntry) -> RunStatus:
    """Status of a run, see `RunStatus`."""
    state, message = run_state(entry.folder)
    if state == "finished":
        return RunStatus(state, entry.pulses, entry.pulses)
    pulses, seconds = 0, None
    if state != "missing":
        for journal in journals(entry.folder):
            done, last = committed(journal)
            pulses += done
            seconds = seconds if last is None else last
    return RunStatus(state, pulses, entry.pulses, seconds, message)


def statuses(runs: Iterable[RunEntry]) -> list[RunStatus]:
    """Status of each run."""
    return [run_status(entry) for entry in runs]


def count_states(found: Sequence[RunStatus]) -> Counter[State]:
    """How many runs are in which state."""
    return Counter(status.state for status in found)
