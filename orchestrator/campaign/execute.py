"""Carry out a campaign's runs on any executor."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path

from orchestrator.campaign.archive.values import take_in
from orchestrator.campaign.faults import JobLost, SiteFault, SlotFault
from orchestrator.campaign.status import run_state, run_status
from orchestrator.campaign.store import CampaignFolder, RunEntry
from orchestrator.campaign.task import Outcome, Task, execute, failed
from orchestrator.campaign.until import record, wanted
from orchestrator.engines.table import EngineOptions

_POLL = 0.25
_BUSY_WAIT = 2.0
_JOBS_FORGIVEN = 10
_MOST_FAULTS = 30
"""Faults of places that a run meets before nobody is asked again, where executors do not count."""


@dataclass
class _Attempt:
    entry: RunEntry
    lost: int = 0
    pulses: int = 0
    faults: int = 0
    not_before: float = 0.0


def tasks_of(
    folder: CampaignFolder,
    options: EngineOptions,
    transport_solver: str = "auto",
    templates: str | os.PathLike[str] | None = None,
) -> dict[tuple[int, ...], Task]:
    """The tasks of a campaign's runs by their place along the axes.

    Parameters
    ----------
    folder : CampaignFolder
        The campaign.
    options : EngineOptions
        The engine of each worker.
    transport_solver : str
        Solver of the transport network.
    templates : path-like, optional
        Folder of the user's own script templates.
    """
    root, stop_file = str(folder.root.resolve()), str(folder.stop_file.resolve())
    notes = str(folder.path.resolve())
    own = None if templates is None else str(Path(templates).resolve())
    return {
        point.index: Task(
            point.experiment.to_dict(), root, stop_file, options, transport_solver, own, notes
        )
        for point in folder.campaign.points
    }


def to_do(folder: CampaignFolder, *, retry_failed: bool) -> list[RunEntry]:
    """The wanted runs that are neither finished nor, unless they are to be retried, failed."""
    done = {"finished"} if retry_failed else {"finished", "failed"}
    return [entry for entry in wanted(folder) if run_state(entry.folder)[0] not in done]


def carry_out(
    folder: CampaignFolder,
    runs: Sequence[RunEntry],
    tasks: dict[tuple[int, ...], Task],
    executor: Executor,
    *,
    retries: int = 2,
    stop: Callable[[], bool] = lambda: False,
    tick: Callable[[], None] = lambda: None,
) -> dict[RunEntry, Outcome]:
    """Carry out runs until all have ended or a stop is asked for.

    A run whose worker is lost, or stops by itself before its walltime, goes on in another one; when
    it is lost more than `retries` times without a pulse in between, it has failed. A job that is
    lost is the scheduler's doing, and forgiven ten times as often. The others go on when a run
    fails. A run that met a fault of its worker's place goes on elsewhere; it has never failed for
    it. Where starts are repeated until an interval is narrow, those that turn out to be wanted
    follow.

    Parameters
    ----------
    folder : CampaignFolder
        The campaign.
    runs : sequence of RunEntry
        What to carry out, see `to_do`.
    tasks : dict
        See `tasks_of`.
    executor : concurrent.futures.Executor
        Who works.
    retries : int
        How often a run may be lost without progress.
    stop : callable
        Asked often whether to stop; runs then end at their next pulse boundary.
    tick : callable
        Called often, to show how it goes on.

    Returns
    -------
    dict of RunEntry to Outcome

    Raises
    ------
    SiteFault
        If a site's workers cannot work at all, or no GPU is left that works; no run has failed for
        that.
    """
    waiting = [_Attempt(entry) for entry in runs]
    pending: dict[Future[Outcome], _Attempt] = {}
    outcomes: dict[RunEntry, Outcome] = {}
    handed_out = set(runs)
    stopping = False
    while waiting or pending:
        now = time.monotonic()
        for attempt in [a for a in waiting if a.not_before <= now]:
            waiting.remove(attempt)
            pending[executor.submit(execute, tasks[attempt.entry.index])] = attempt
        for future in wait(pending, _POLL, FIRST_COMPLETED).done:
            attempt = pending.pop(future)
            again = _settle(attempt, future, outcomes, retries)
            if (ended := outcomes.get(attempt.entry)) and ended.state == "finished":
                take_in(folder, attempt.entry)
            if not again and not stopping and folder.repeated is not None:
                more = [e for e in to_do(folder, retry_failed=False) if e not in handed_out]
                handed_out.update(more)
                waiting += [_Attempt(entry) for entry in more]
            if again and not stopping:
                waiting.append(attempt)
        tick()
        if not stopping and (stop() or folder.stop_file.exists()):
            stopping = True
            folder.ask_to_stop()
            outcomes |= {attempt.entry: Outcome("stopped") for attempt in waiting}
            waiting.clear()
        if stopping:
            for future in [f for f, a in pending.items() if not _is_running(a.entry)]:
                future.cancel()
        if not pending and waiting:
            time.sleep(_POLL)
    record(folder)
    return outcomes


def _settle(
    attempt: _Attempt, future: Future[Outcome], outcomes: dict[RunEntry, Outcome], retries: int
) -> bool:
    """Note how an attempt ended; whether to try again."""
    entry = attempt.entry
    try:
        outcome = future.result()
    except CancelledError:
        outcome = Outcome("stopped")
    except SiteFault:
        raise
    except SlotFault as fault:
        attempt.faults += not fault.passing
        if attempt.faults > _MOST_FAULTS:
            raise SiteFault(str(fault)) from None
        attempt.not_before = time.monotonic() + _BUSY_WAIT
        outcome = Outcome("stopped", str(fault))
    except Exception as error:
        forgiven = retries * (_JOBS_FORGIVEN if isinstance(error, JobLost) else 1)
        pulses = run_status(entry).pulses
        attempt.lost = attempt.lost + 1 if pulses == attempt.pulses else 1
        attempt.pulses = pulses
        if attempt.lost > forgiven:
            message = f"{error} ({attempt.lost} times at pulse {pulses + 1})"
            outcomes[entry] = failed(entry.folder, message)
            return False
        outcome = Outcome("stopped")
    outcomes[entry] = outcome
    if outcome.state in ("busy", "stopped"):  # a worker near its walltime stops at once
        attempt.not_before = time.monotonic() + _BUSY_WAIT
    return outcome.state in ("stopped", "busy")


def _is_running(entry: RunEntry) -> bool:
    return run_state(entry.folder)[0] == "running"
