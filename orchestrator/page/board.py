"""All runs and campaigns of a root, looked at again when they change."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from orchestrator.base.errors import OrchestratorError
from orchestrator.campaign.store import CAMPAIGN, SUFFIX, CampaignFolder
from orchestrator.page.summary import Stamp, Summary, is_run_folder, stamp_of, summarize

FRESH = 0.5
"""Seconds for which a look at the folders counts; longer for one that took seconds."""
_PATIENCE = 0.05
"""Seconds for which a look reads; of runs that it has not come to only the state is known."""

T = TypeVar("T")


class Known(Generic[T]):
    """Values by name that are made anew when their stamp changes."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[object, T]] = {}

    def get(self, name: str, stamp: object, make: Callable[[], T]) -> T:
        """The value of a name under a stamp."""
        kept = self._values.get(name)
        if kept is None or kept[0] != stamp:
            kept = self._values[name] = (stamp, make())
        return kept[1]

    def has(self, name: str, stamp: object) -> bool:
        """Whether the value is known under this stamp."""
        return name in self._values and self._values[name][0] == stamp

    def keep_only(self, names: set[str]) -> None:
        """Forget all others."""
        for name in self._values.keys() - names:
            del self._values[name]


class Board:
    """The runs and campaigns of a root; any thread may ask.

    Parameters
    ----------
    root : Path
        Folder of the run folders.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._next = 0.0
        self._known: Known[Summary] = Known()
        self._stamps: dict[str, Stamp] = {}
        self._runs: dict[str, Summary] = {}
        self._known_campaigns: Known[CampaignFolder | str] = Known()
        self._campaigns: dict[str, CampaignFolder | str] = {}

    def runs(self) -> dict[str, Summary]:
        """The runs by name, as of a moment ago."""
        self._look()
        return self._runs

    def campaigns(self) -> dict[str, CampaignFolder | str]:
        """The campaigns by name; of one that cannot be read, the reason."""
        self._look()
        return self._campaigns

    def read_all(self) -> None:
        """Look into every run, while requests are answered with what is known."""
        while unread := [run.name for run in self.runs().values() if not run.read]:
            for name in unread:
                self._summary(name, self.stamp(name))
                time.sleep(0.001)  # requests come first

    def stamp(self, name: str) -> Stamp:
        """The stamp of a run at the last look."""
        return self._stamps.get(name, ())

    def forget_time(self) -> None:
        """Let the next question look again, since something has just been done."""
        self._next = 0.0

    def _look(self) -> None:
        with self._lock:
            begin = time.monotonic()
            if begin < self._next:
                return
            self._look_now(begin + _PATIENCE)
            took = time.monotonic() - begin
            self._next = time.monotonic() + FRESH * (1 + 2 * took)
            if not all(run.read for run in self._runs.values()):
                self._next = 0.0

    def _look_now(self, until: float) -> None:
        runs: dict[str, Summary] = {}
        stamps: dict[str, Stamp] = {}
        campaigns: dict[str, CampaignFolder | str] = {}
        with os.scandir(self.root) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir())
        for name in names:
            folder = self.root / name
            if name.endswith(SUFFIX):
                if (folder / CAMPAIGN).is_file():
                    campaigns[name] = self._campaign(folder)
            elif is_run_folder(name, inside := _names_in(folder)):
                stamps[name] = stamp = stamp_of(folder, inside)
                if self._known.has(name, stamp) or time.monotonic() < until:
                    runs[name] = self._summary(name, stamp)
                else:
                    runs[name] = Summary(name, str(stamp[0]), str(stamp[1]), read=False)
        self._known.keep_only(set(runs))
        self._known_campaigns.keep_only(set(campaigns))
        self._runs, self._stamps, self._campaigns = runs, stamps, campaigns

    def _summary(self, name: str, stamp: Stamp) -> Summary:
        return self._known.get(name, stamp, lambda: summarize(self.root / name, stamp))

    def _campaign(self, folder: Path) -> CampaignFolder | str:
        def opened() -> CampaignFolder | str:
            try:
                return CampaignFolder(folder)
            except (OrchestratorError, KeyError, TypeError, ValueError) as error:
                return str(error)

        stat = (folder / CAMPAIGN).stat()
        return self._known_campaigns.get(folder.name, (stat.st_mtime_ns, stat.st_size), opened)


def _names_in(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except OSError:
        return {"?"}
