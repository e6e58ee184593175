"""A table of a campaign's runs, which follows them while they work."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.base.quantities import duration
from orchestrator.campaign.monitor import causes, jobs_of, pace, worker_of
from orchestrator.campaign.status import STATES, RunStatus, count_states, statuses
from orchestrator.campaign.store import CampaignFolder, RunEntry
from orchestrator.campaign.until import groups, wanted

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_COLORS = {"finished": "green", "failed": "red", "running": "cyan", "stopped": "yellow"}
_REFRESH = 1.0
_SHARE = 20.0
"""Least ratio of the time between looks at all runs and the time that a look takes."""
_EVERY = 60.0


class LiveTable:
    """A table that follows the runs by reading their folders about once a second."""

    def __init__(self, folder: CampaignFolder, console: Console) -> None:
        from rich.live import Live

        self._folder = folder
        self._begun = time.monotonic()
        self._first = sum(s.pulses for s in statuses(wanted(folder)))
        self._next = 0.0
        self._live = Live(console=console, auto_refresh=False, transient=not console.is_terminal)

    def __enter__(self) -> LiveTable:
        self._live.start()
        self.tick()
        return self

    def __exit__(self, *_: object) -> None:
        self._next = 0.0
        self.tick()
        self._live.stop()

    def tick(self) -> None:
        """Refresh the table if it is old; without a terminal, print a line a minute."""
        now = time.monotonic()
        if now < self._next:
            return
        runs = wanted(self._folder)
        found = statuses(runs)
        elapsed = time.monotonic() - self._begun
        speed = (sum(s.pulses for s in found) - self._first) / max(elapsed, 1e-9)
        if self._live.console.is_terminal:
            table = status_table(self._folder, runs, found, speed)
            self._live.update(table, refresh=True)
            took = time.monotonic() - now
            self._next = now + max(_REFRESH, _SHARE * took)
            return
        line = f"{time.strftime('%H:%M:%S')} {_counted(found, speed)}"
        self._live.console.print(line, highlight=False, markup=False, soft_wrap=True)
        self._next = now + _EVERY


def status_table(
    folder: CampaignFolder,
    runs: Sequence[RunEntry],
    found: Sequence[RunStatus],
    speed: float | None = None,
    rows: int = 20,
) -> RenderableType:
    """Counts, and a row for each run that is going on, has failed or was stopped, if there is one.

    Parameters
    ----------
    folder : CampaignFolder
        The campaign.
    runs : sequence of RunEntry
        Its runs, as far as they are wanted.
    found : sequence of RunStatus
        Their status.
    speed : float, optional
        Pulses per second of all workers together; from the running ones if left out.
    rows : int
        The largest number of rows.
    """
    from rich.table import Table
    from rich.text import Text

    caption = _counted(found, pace(found) if speed is None else speed)
    names = ", ".join(axis["name"] for axis in folder.content["axes"])
    table = Table(title=str(folder.path.name), caption=caption)
    for column in (
        names,
        "state",
        "pulses",
        "s/pulse",
        "left",
        "since",
        "GPU",
        "folder",
        "message",
    ):
        table.add_column(column, overflow="fold")
    order = ("running", "failed", "stopped")
    shown = [(e, s) for e, s in zip(runs, found, strict=True) if s.state in order]
    shown.sort(key=lambda pair: order.index(pair[1].state))
    for entry, status in shown[:rows]:
        table.add_row(*_row(folder, entry, status), style=_COLORS.get(status.state))
    if not shown:
        return Text(f"{folder.path.name}: {caption}")
    if len(shown) > rows:
        table.add_row(Text(f"... {len(shown) - rows} more"))
    return table


def _row(folder: CampaignFolder, entry: RunEntry, status: RunStatus) -> list[str]:
    each = "" if status.seconds is None else f"{status.seconds:.3g}"
    left = "" if status.left is None else duration(status.left)
    pulses = f"{status.pulses}/{status.total}"
    worker = worker_of(folder, entry) if status.state == "running" else {}
    since, gpu = str(worker.get("since", ""))[11:16], str(worker.get("gpu", ""))
    name, message = entry.folder.name, status.message
    if worker.get("job"):
        message += f", job {worker['job']}"
    return [str(entry), status.state, pulses, each, left, since, gpu, name, message]


def failures(runs: Sequence[RunEntry], found: Sequence[RunStatus]) -> list[str]:
    """A line for each cause of failures, with the runs that it has struck."""
    lines = []
    for message, group in causes(runs, found):
        named = "; ".join(str(entry) for entry in group[:5]) + "; ..." * (len(group) > 5)
        lines.append(f"failed: {len(group)} runs ({named}): {message}")
    return lines


def repeats(folder: CampaignFolder) -> list[str]:
    """A line for each place at which starts are repeated until an interval is narrow."""
    if folder.repeated is None:
        return []
    number, until = folder.repeated
    words = {
        "narrow": f"enough for {until.ci:g}",
        "goes on": f"goes on until {until.ci:g}",
        "at most": f"not within {until.ci:g}, but there are no more points",
    }
    names = [axis["name"] for axis in folder.content["axes"]]
    lines = []
    for group in groups(folder):
        place = [f"{n} = {v}" for n, v in zip(_without(names, number), group.labels, strict=True)]
        rates = ", ".join(f"{k} of {n}" for k, n in zip(group.successes, group.count, strict=True))
        lines.append(
            f"{', '.join(place) or 'learned'}: {rates or '0 of 0'} ({group.low:.2f} to "
            f"{group.high:.2f}), {words[group.decision]}"
        )
    return lines


def _without(names: list[str], number: int) -> list[str]:
    return names[:number] + names[number + 1 :]


def jobs_lines(folder: CampaignFolder) -> list[str]:
    """A line for each job at the site."""
    return [
        f"job {job['job']}: {job['state']} on {job['nodes'] or '-'} since {job['since']}, "
        f"{job['left']} left ({job['reason']})"
        for job in jobs_of(folder)
    ]


def _counted(found: Sequence[RunStatus], speed: float) -> str:
    """States, pulses, and how long it will take."""
    counts = count_states(found)
    pulses, total = sum(s.pulses for s in found), sum(s.total for s in found)
    parts = [f"{counts[state]} {state}" for state in STATES if counts[state]]
    text = f"{', '.join(parts)}; {pulses} of {total} pulses"
    if speed:
        text += f", {speed:.3g} pulses/s, {duration((total - pulses) / speed)} left"
    return text
