"""What runs where, since when and on which GPU; why runs have failed; all of it as plain data."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from orchestrator.base.errors import RunFolderError
from orchestrator.campaign.status import RunStatus, count_states
from orchestrator.campaign.store import CampaignFolder, RunEntry
from orchestrator.campaign.until import groups, wanted
from orchestrator.run.notes import read_json, write_json

WORKERS = "workers"
"""Folder of a campaign for what its workers say and note."""

JOBS = "jobs.json"
"""File in the campaign's folder that tells which jobs it has."""

_MOMENT = "%Y-%m-%dT%H:%M:%S%z"
_PLACES = re.compile(r"(?<!\w)[\w.-]*/\S+")
_NUMBERS = re.compile(r"\d+(?:[.]\d+)?(?:[eE][+-]?\d+)?")


@contextmanager
def noted(folder: Path | None, run: str) -> Iterator[None]:
    """Note for others that this process works on a run, and say so on its standard error.

    Parameters
    ----------
    folder : Path or None
        The campaign's folder; None notes nothing.
    run : str
        Name of the run folder.
    """
    gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    content = {
        "run": run,
        "host": socket.gethostname(),
        "process": os.getpid(),
        "gpu": gpu,
        "job": os.environ.get("SLURM_JOB_ID", ""),
        "since": time.strftime(_MOMENT),
    }
    where = f"process {os.getpid()} on {socket.gethostname()}" + f", GPU {gpu}" * bool(gpu)
    begun = time.monotonic()
    say(f"{run}: begins or goes on in {where}")
    path = None if folder is None else folder / WORKERS / f"{run}.json"
    if path is not None:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, content)
    try:
        yield
    finally:
        say(f"{run}: left after {time.monotonic() - begun:.1f} s")
        if path is not None:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def say(line: str) -> None:
    """A line with the time on standard error, which is a worker's log."""
    print(time.strftime("%Y-%m-%d %H:%M:%S"), line, file=sys.stderr, flush=True)


def worker_of(folder: CampaignFolder, entry: RunEntry) -> dict[str, Any]:
    """What the worker of a run that is going on has noted; empty where that is not known."""
    try:
        path = folder.path / WORKERS / f"{entry.folder.name}.json"
        return read_json(path, "host", "process", "gpu", "job", "since")
    except RunFolderError:
        return {}


def cause_of(message: str) -> str:
    """A message without the numbers and places in which the same failures differ."""
    return _NUMBERS.sub("#", _PLACES.sub("...", message)).strip()


def causes(
    runs: Sequence[RunEntry], found: Sequence[RunStatus]
) -> list[tuple[str, list[RunEntry]]]:
    """Failed runs by cause, the most frequent first; each with the message of the first."""
    groups: dict[str, tuple[str, list[RunEntry]]] = {}
    for entry, status in zip(runs, found, strict=True):
        if status.state == "failed":
            first = groups.setdefault(cause_of(status.message), (status.message, []))
            first[1].append(entry)
    return sorted(groups.values(), key=lambda group: -len(group[1]))


def jobs_of(folder: CampaignFolder) -> list[dict[str, str]]:
    """The jobs that the campaign has at its site, as of the last look at the queue."""
    try:
        return json.loads((folder.path / JOBS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []


def report(folder: CampaignFolder, found: Sequence[RunStatus]) -> dict[str, Any]:
    """All that is known of a campaign's progress, for `campaign status --json`.

    Returns
    -------
    dict
        `campaign`, `folder`, `counts` by state, `pulses` and `total` of the wanted runs,
        `pulses_per_second` of what runs, `seconds_left` (None where nothing runs), `runs` (place,
        labels, folder, state, pulses, total, seconds_left, message, worker), `failures` (message,
        runs), `jobs`, and `repeated`, where starts are repeated until an interval is narrow (see
        `until.Group`).
    """
    runs = []
    for entry, status in zip(folder.runs, found, strict=True):
        runs.append(
            {
                "index": list(entry.index),
                "labels": list(entry.labels),
                "folder": entry.folder.name,
                "state": status.state,
                "pulses": status.pulses,
                "total": status.total,
                "seconds_left": status.left,
                "message": status.message,
                "worker": worker_of(folder, entry) if status.state == "running" else {},
            }
        )
    speed = pace(found)
    chosen = set(wanted(folder))
    counted = [s for entry, s in zip(folder.runs, found, strict=True) if entry in chosen]
    left = sum(s.total - s.pulses for s in counted if s.state != "failed")
    return {
        "campaign": folder.content["campaign"]["name"],
        "folder": str(folder.path),
        "counts": dict(count_states(found)),
        "pulses": sum(s.pulses for s in counted),
        "total": sum(s.total for s in counted),
        "pulses_per_second": speed,
        "seconds_left": left / speed if speed else None,
        "runs": runs,
        "failures": [
            {"message": message, "runs": [entry.folder.name for entry in group]}
            for message, group in causes(folder.runs, found)
        ],
        "jobs": jobs_of(folder),
        "repeated": [dataclasses.asdict(group) for group in groups(folder)],
    }


def pace(found: Sequence[RunStatus]) -> float:
    """Pulses per second of the runs that are going on."""
    return sum(1 / s.seconds for s in found if s.state == "running" and s.seconds)
