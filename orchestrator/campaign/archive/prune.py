"""Disk space that finished runs can do without: current maps, and kept states by rule."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.base.errors import InputError, OrchestratorError
from orchestrator.campaign.status import State, run_state
from orchestrator.campaign.store import CAMPAIGN, SUFFIX, CampaignFolder
from orchestrator.run.pruned import maps_of, states_of


@dataclass(frozen=True)
class Pruning:
    """What would be removed of a run.

    Attributes
    ----------
    run : Path
        The run folder.
    maps, states : list of Path
        Current maps with their fields, and kept states.
    bytes : int
        Their disk space.
    """

    run: Path
    maps: list[Path]
    states: list[Path]
    bytes: int

    @property
    def paths(self) -> list[Path]:
        """All of them."""
        return [*self.maps, *self.states]


def kept_by(rule: str, numbers: Collection[int]) -> set[int]:
    """The states that stay by a rule.

    Parameters
    ----------
    rule : str
        `none`, or parts joined by commas: `first`, `last`, numbers of states, `every:N` for those
        whose number is a multiple of N.
    numbers : collection of int
        The states that there are.

    Raises
    ------
    InputError
        If a part is something else.
    """
    kept: set[int] = set()
    for part in rule.split(","):
        match part.strip().split(":"):
            case ["none"]:
                if rule.strip() != "none":
                    raise InputError(f"keep-states: none stands alone, got {rule!r}")
            case ["first"]:
                kept |= {min(numbers)} if numbers else set()
            case ["last"]:
                kept |= {max(numbers)} if numbers else set()
            case [number] if number.isdecimal():
                kept |= {int(number)} & set(numbers)
            case ["every", step] if step.isdecimal() and int(step) > 0:
                kept |= {number for number in numbers if number % int(step) == 0}
            case _:
                raise InputError(
                    f"keep-states: {part.strip()!r} is none of: none, first, last, every:N, or "
                    "numbers of states"
                )
    return kept


def prunings(
    runs: Iterable[Path], *, maps: bool, keep_states: str | None
) -> tuple[list[Pruning], dict[Path, State]]:
    """What would be removed of runs, and the runs that are not finished and stay as they are.

    Parameters
    ----------
    runs : iterable of Path
        Run folders.
    maps : bool
        Whether to remove maps.
    keep_states : str or None
        Rule of the states that stay, see `kept_by`; None keeps all.

    Raises
    ------
    InputError
        If the rule is none.
    RunFolderError
        If a journal is damaged.
    """
    kept_by(keep_states or "none", ())
    found, others = [], dict[Path, State]()
    for run in runs:
        if (state := run_state(run)[0]) != "finished":
            others[run] = state
            continue
        states = states_of(run)
        kept = (
            set(states.values()) if keep_states is None else kept_by(keep_states, states.values())
        )
        gone = [path for path, number in states.items() if number not in kept]
        maps_gone = maps_of(run) if maps else []
        size = sum(path.stat().st_size for path in [*gone, *maps_gone])
        if gone or maps_gone:
            found.append(Pruning(run, maps_gone, gone, size))
    return found, others


def also_in(folder: CampaignFolder, runs: Collection[Path]) -> dict[str, int]:
    """How many of the runs other campaigns under the same root share."""
    names = {run.name for run in runs}
    found = {}
    for path in sorted(folder.root.glob(f"*{SUFFIX}/{CAMPAIGN}")):
        if path.parent.resolve() == folder.path.resolve():
            continue
        try:
            others = {entry.folder.name for entry in CampaignFolder(path.parent).runs}
        except OrchestratorError:
            continue
        if shared := len(names & others):
            found[path.parent.name] = shared
    return found
