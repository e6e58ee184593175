"""A whole campaign from Python."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from orchestrator.base.errors import CampaignError, InputError
from orchestrator.base.kinds import as_path, check_kind
from orchestrator.campaign.crew import Crew
from orchestrator.campaign.execute import to_do
from orchestrator.campaign.sites import read_site
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.status import run_state
from orchestrator.campaign.store import campaign_path, create
from orchestrator.engines.table import EngineOptions
from orchestrator.run.progress import stop_on_signals


def run_campaign(
    campaign: Campaign,
    root: str | os.PathLike[str] = "runs",
    engine: str = "auto",
    *,
    workers: int | None = None,
    threads: int | None = None,
    gpus: Sequence[int | str] | None = None,
    per_gpu: int | None = None,
    binary: str | None = None,
    time_limit: float | None = None,
    silence_limit: float | None = None,
    transport_solver: str = "auto",
    templates: str | os.PathLike[str] | None = None,
    site: str | os.PathLike[str] | None = None,
    retries: int = 2,
    retry_failed: bool = False,
) -> Path:
    """Carry out a campaign, or what is left of it, in worker processes, without a word.

    Interrupted by Ctrl-C, its runs stop at their next pulse boundary; called again, it goes on.

    Parameters
    ----------
    campaign : Campaign
        What to run.
    root : path-like
        Folder of the run folders and of the textures that they share.
    engine : {"auto", "live", "mumax3", "cpu"}
        As on the command line.
    workers : int, optional
        Worker processes; one per core or GPU by default.
    threads : int, optional
        Threads of each worker; 1 by default.
    gpus : sequence of int or str, optional
        GPUs to use; all by default.
    per_gpu : int, optional
        Workers for each GPU; 1 by default.
    binary, time_limit, silence_limit, transport_solver, templates
        As for `orchestrator.run`.
    site : path-like, optional
        TOML file of a site, to work through Parsl as it says.
    retries : int
        How often a run may lose its worker without progress.
    retry_failed : bool
        Whether to try again what has failed before.

    Returns
    -------
    Path
        The campaign's folder, for `open_campaign`.

    Raises
    ------
    InputError
        If an argument cannot be used; nothing is written.
    EngineError
        If mumax3 is asked for by name and cannot run.
    CampaignError
        If runs have failed; the others are finished.
    KeyboardInterrupt
        If it was interrupted, after its runs have stopped.

    Examples
    --------
    >>> campaign = orchestrator.Campaign(experiment, {"training.voltage": [0.02, 0.03]})  # V
    >>> folder = orchestrator.run_campaign(campaign, engine="cpu", workers=1)
    >>> orchestrator.open_campaign(folder).status.values.tolist()
    ['finished', 'finished']
    """
    check_kind("campaign", campaign, Campaign, "`Campaign.from_toml` reads a file")
    if isinstance(gpus, str | int):
        raise InputError(f"gpus: must be a list such as [0, 1], got {gpus!r}")
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise InputError(f"retries: must be an integer from 0, got {retries!r}")
    where = as_path("root", root)
    crew = Crew(
        EngineOptions(engine, binary=binary, time_limit=time_limit, silence_limit=silence_limit),
        workers,
        threads,
        None if gpus is None else tuple(str(gpu) for gpu in gpus),
        per_gpu,
        None if site is None else read_site(as_path("site", site)),
        transport_solver,
        None if templates is None else as_path("templates", templates),
    )
    called = crew.called(campaign.points[0].experiment, campaign_path(campaign, where))
    folder = create(campaign, where)
    folder.withdraw_stop()
    runs = to_do(folder, retry_failed=retry_failed)
    if runs:
        in_main = threading.current_thread() is threading.main_thread()
        with stop_on_signals() if in_main else nullcontext(lambda: False) as stop:
            called.carry_out(folder, runs, retries=retries, stop=stop)
            interrupted = stop()
        if interrupted:
            raise KeyboardInterrupt
    states = [(entry, *run_state(entry.folder)) for entry in folder.runs]
    failures = [f"{entry}: {message}" for entry, state, message in states if state == "failed"]
    if failures:
        raise CampaignError(
            f"{folder.path}: {len(failures)} of {len(states)} runs have failed\n"
            + "\n".join(failures)
        )
    return folder.path
