"""What the page shows, as plain data for JSON."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator.base.errors import OrchestratorError
from orchestrator.base.units import with_unit
from orchestrator.campaign.monitor import WORKERS, causes, jobs_of, worker_of
from orchestrator.campaign.status import RunStatus
from orchestrator.campaign.store import CampaignFolder, RunEntry
from orchestrator.campaign.until import unwanted
from orchestrator.page.actions import Actions, Refused, campaign_command, run_command
from orchestrator.page.board import Board
from orchestrator.page.pictures import RUN_FIGURES, kind_of
from orchestrator.page.summary import BROKEN, Summary
from orchestrator.run.description import read_description
from orchestrator.run.folder import JOURNAL, OUTPUT, training_folders
from orchestrator.run.journal import look_into

_LINES = 200
"""Lines of a log that are shown, the last ones."""
_BYTES = 20_000
_LOGS = 8
"""Logs of workers that are shown, the newest."""


def board_view(board: Board) -> dict[str, Any]:
    """The table: all runs and campaigns of a root."""
    runs, campaigns = board.runs(), board.campaigns()
    labels = _labels(campaigns)
    return {
        "root": str(board.root),
        "runs": [run_row(board, run, labels) for run in runs.values()],
        "campaigns": [_campaign_row(name, found, runs) for name, found in campaigns.items()],
    }


def _labels(campaigns: dict[str, CampaignFolder | str]) -> dict[str, str]:
    """What the campaigns call their runs."""
    return {
        entry.folder.name: label_of(found, entry)
        for found in campaigns.values()
        if isinstance(found, CampaignFolder)
        for entry in found.runs
    }


def label_of(campaign: CampaignFolder, entry: RunEntry) -> str:
    """A run's place along the axes, with their names."""
    axes = campaign.content["axes"]
    pairs = zip(axes, entry.labels, strict=True)
    return ", ".join(f"{axis['name']} {_shown(label)}" for axis, label in pairs)


def run_row(board: Board, run: Summary, labels: dict[str, str]) -> dict[str, Any]:
    """A row of the table."""
    return {
        "name": run.name,
        "label": labels.get(run.name, ""),
        "state": run.state,
        "message": run.message,
        "stopping": run.stopping,
        "training": run.training,
        "trainings": run.trainings,
        "pattern": run.pattern,
        "pulses": run.pulses,
        "total": run.total,
        "left": run.left,
        "energy": run.energy,
        "share": run.share,
        "engine": run.engine,
        "changed": run.changed,
        "picture": run.texture is not None,
        "read": run.read,
        "script": run.script,
        "version": version_of(board.stamp(run.name)),
    }


def version_of(stamp: object) -> str:
    """A short name of a stamp."""
    return hashlib.sha256(repr(stamp).encode()).hexdigest()[:12]


def _campaign_row(
    name: str, found: CampaignFolder | str, runs: dict[str, Summary]
) -> dict[str, Any]:
    if isinstance(found, str):
        return {"name": name, "state": BROKEN, "message": found}
    every, rest = status_of(found, runs), unwanted(found)
    states = [
        status
        for entry, status in zip(found.runs, every, strict=True)
        if status.state != "missing" or entry.index not in rest
    ]
    counts = Counter(status.state for status in states)
    asked = found.stop_file.exists()
    return {
        "name": name,
        "state": _state_of(counts),
        "message": "",
        "stopping": asked and bool(counts["running"]),
        "counts": counts,
        "runs": len(states),
        "unwanted": len(every) - len(states),
        "pulses": sum(status.pulses for status in states),
        "total": sum(status.total for status in states),
        "left": _left(states),
    }


def _state_of(counts: Counter[str]) -> str:
    for state in ("running", "failed", BROKEN, "stopped"):
        if counts[state]:
            return state
    if counts["finished"] and counts["missing"]:
        return "stopped"
    return "finished" if counts["finished"] else "missing"


def _left(states: list[RunStatus]) -> float | None:
    """Wall-clock time that all missing pulses take at the pace of what runs, s."""
    pace = sum(1 / s.seconds for s in states if s.state == "running" and s.seconds)
    left = sum(s.total - s.pulses for s in states if s.state not in ("failed", BROKEN))
    return left / pace if pace else None


def status_of(campaign: CampaignFolder, runs: dict[str, Summary]) -> list[Any]:
    """The status of each run of a campaign, from what is known of the folders."""
    found = []
    for entry in campaign.runs:
        run = runs.get(entry.folder.name)
        if run is None:
            found.append(RunStatus("missing", 0, entry.pulses))
        else:
            state: Any = run.state
            total = run.pulses if run.state == "finished" else entry.pulses
            found.append(RunStatus(state, run.pulses, total, run.seconds, run.message))
    return found


def run_view(board: Board, actions: Actions, run: Summary) -> dict[str, Any]:
    """The page of a run."""
    folder, campaigns = board.root / run.name, board.campaigns()
    inside = [
        name
        for name, found in campaigns.items()
        if isinstance(found, CampaignFolder)
        and any(entry.folder.name == run.name for entry in found.runs)
    ]
    content: dict[str, Any] = {
        "run": run_row(board, run, _labels(campaigns)),
        "folder": str(folder),
        "campaigns": inside,
        "starting": actions.at_work(run.name) and run.state != "running",
        "output": _tail(folder / OUTPUT),
        "command": {"words": None, "reason": ""},
        "figures": [{"name": name, "kind": kind_of(name)} for name in RUN_FIGURES],
        "trainings": [],
        "contacts": 0,
        "description": None,
        "log": [],
    }
    if run.state == BROKEN:
        return content
    if run.state in ("stopped", "failed"):
        content["command"] = _told(lambda: run_command(folder))
    try:
        description = read_description(folder)
        patterns = description["experiment"]["training"]["patterns"]
        content["description"] = {key: description[key] for key in ("program", "engine", "hash")}
        content["description"]["experiment"] = description["experiment"]
        content["trainings"] = patterns
        content["contacts"] = len(description["experiment"]["contacts"])
        content["log"] = _log(folder, patterns)
    except OrchestratorError:
        pass  # it is just being written, or gone
    return content


def _log(folder: Path, patterns: list[str]) -> list[dict[str, Any]]:
    """What the journals say of the last pulses."""
    lines = []
    for number, training in enumerate(training_folders(folder, patterns), start=1):
        found = look_into(training / JOURNAL)
        lines += [
            {
                "training": number,
                "pulse": record.number,
                "time": record.time,
                "steps": record.steps,
                "max_dm": record.max_dm,
                "power": with_unit(record.power, "W"),
                "seconds": sum(record.seconds.values()),
            }
            for record in found.pulses
        ]
    return lines[-_LINES:]


def recall_view(folder: Path, training: int) -> list[dict[str, Any]]:
    """The recall of a training; none before it is finished.

    Parameters
    ----------
    training : int
        Which, from 1.
    """
    from orchestrator.analysis.recall import recalls
    from orchestrator.run.results import open_run

    dataset = open_run(folder)
    if not 1 <= training <= dataset.sizes["training"] or dataset.sizes["contact"] < 3:
        return []
    run = dataset.isel(training=training - 1)
    if run.energy.isnull().any():
        return []
    return [
        {
            "reference": row.reference,
            "mode": row.mode,
            "self_term": row.self_term,
            "starts": row.starts,
            "reached": row.reached,
            "unsettled": row.unsettled,
            "attractors": [
                {"pattern": b.attractor, "starts": b.starts, "sweeps": b.steps}
                for b in row.basins[:8]
            ],
        }
        for row in recalls(run, str(run.training.item()))
    ]


def campaign_view(board: Board, actions: Actions, campaign: CampaignFolder) -> dict[str, Any]:
    """The page of a campaign: its axes, runs, workers, failures and jobs."""
    runs, name = board.runs(), campaign.path.name
    states = status_of(campaign, runs)
    cells = []
    for entry, status in zip(campaign.runs, states, strict=True):
        run = runs.get(entry.folder.name)
        cells.append(
            {
                "index": list(entry.index),
                "label": label_of(campaign, entry),
                "name": entry.folder.name if run is not None else None,
                "state": status.state,
                "stopping": run is not None and run.stopping,
                "pulses": status.pulses,
                "total": status.total,
                "left": status.left if status.state == "running" else None,
                "message": status.message,
                "energy": None if run is None else run.energy,
                "share": None if run is None else run.share,
                "worker": worker_of(campaign, entry) if status.state == "running" else {},
            }
        )
    axes = [
        {"name": a["name"], "unit": a["unit"], "values": [_shown(v) for v in a["coordinate"]]}
        for a in campaign.content["axes"]
    ]
    return {
        "campaign": _campaign_row(name, campaign, runs),
        "folder": str(campaign.path),
        "title": campaign.content["campaign"]["name"],
        "version": campaign_version(board, campaign),
        "axes": axes,
        "cells": cells,
        "failures": [
            {"message": message, "runs": [[e.folder.name, label_of(campaign, e)] for e in group]}
            for message, group in causes(campaign.runs, states)
        ],
        "jobs": jobs_of(campaign),
        "logs": _logs(campaign.path),
        "starting": actions.at_work(name) and not any(s.state == "running" for s in states),
        "output": _tail(campaign.path / OUTPUT),
        "command": _told(lambda: campaign_command(campaign)),
    }


def campaign_version(board: Board, campaign: CampaignFolder) -> str:
    """Changes with the campaign's results."""
    runs = board.runs()
    found = [runs[e.folder.name] for e in campaign.runs if e.folder.name in runs]
    return version_of([(run.name, run.state == "finished", run.pulses) for run in found])


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _told(command: Callable[[], list[str]]) -> dict[str, Any]:
    """A command as it would be typed, or why there is none."""
    try:
        words = command()
    except (OrchestratorError, Refused) as error:
        return {"words": None, "reason": str(error)}
    return {"words": ["orchestrator", *words[3:]], "reason": ""}


def _logs(campaign: Path) -> list[dict[str, str]]:
    """What the workers of a campaign, and the jobs of its site, have said last."""
    paths = [*(campaign / WORKERS).glob("*.log"), *(campaign / "parsl").glob("**/*.std???")]
    found = [(path, seen.st_mtime) for path in paths if (seen := path.stat()).st_size]
    newest = sorted(found, key=lambda pair: -pair[1])[:_LOGS]
    return [
        {"name": str(path.relative_to(campaign)), "text": _tail(path, 12)} for path, _ in newest
    ]


def _tail(path: Path, lines: int = _LINES) -> str:
    """The last lines of a log, without what terminals do with them."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    said = [line.rpartition("\r")[2].rstrip() for line in text.split("\n")]
    return "\n".join(said[-lines:]).strip("\n")
