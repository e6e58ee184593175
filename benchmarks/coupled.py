"""Shares of the wall time of a training: 200 x 200 cells, pulses of 0.2 ns, embedded engine.

The whole time between two committed pulses is counted, with journal and checksums. Times are on one
thread; `--profile` lists what takes the time outside the engine.

The rest of a pulse, for films of 100 x 100 and 512 x 512 cells, is its CPU time without the steps
of the engine and without the transport: scripts, files, also those that the engine reads and
writes, checksums, journal.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.script.control import Control
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.learning.records import PulseRecord
from orchestrator.run.execute import run
from orchestrator.run.workplace import Workplace
from orchestrator.transport.network import Network
from orchestrator.transport.state import NetworkState

CORNERS = ("top left", "top right", "bottom right", "bottom left")
DESCRIPTION = {
    "name": "coupled",
    "film": {"cells": [200, 200, 1], "cell_size": [4e-9, 4e-9, 1e-6]},
    "material": {
        "Ms": 4.9e5, "Aex": 1e-11, "Dbulk": 2e-3, "Ku1": 1e5, "alpha": 0.3, "P": 0.5,
    },
    "resistivity": {"mean": 5e-7, "amr_ratio": 1.5, "amr_convention": "mean"},
    "contacts": [{"name": c, "shape": "corner", "corner": c, "size": 48e-9} for c in CORNERS],
    "start": {"seed": 1, "settle_time": 1e-10},
    "reference": {"starts": 1},
    "training": {"patterns": ["+--+"], "voltage": 0.1, "pulse_length": 2e-10, "pulses": 12},
}  # fmt: skip


class Watch:
    """A tracker that keeps the records of the pulses and the times at which they came."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.records: list[PulseRecord] = []

    def stage(self, title: str, duration: float, done: float = 0.0) -> None:
        """Nothing to do."""

    def progress(self, progress: object) -> None:
        """Nothing to do."""

    def pulse(self, pattern: str, record: PulseRecord) -> None:
        """Keep it."""
        self.times.append(time.perf_counter())
        self.records.append(record)


class Meter:
    """CPU time of some functions, those that they call included."""

    def __init__(self, *functions: tuple[type, str]) -> None:
        self.used = 0.0
        self._within = False
        for owner, name in functions:
            setattr(owner, name, self._metered(getattr(owner, name)))

    def _metered(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def metered(*arguments: Any, **options: Any) -> Any:
            if self._within:
                return function(*arguments, **options)
            self._within, begun = True, time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                self._within = False
                self.used += time.process_time() - begun

        return metered


class Rest(Watch):
    """Keeps the CPU time that was used outside the metered functions."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter

    def pulse(self, pattern: str, record: PulseRecord) -> None:
        """Keep it."""
        self.times.append(time.process_time() - self._meter.used)


def print_rest_of_a_pulse(meter: Meter, cells: int, pulses: int = 12) -> None:
    """CPU time of a pulse without steps and transport; median."""
    short = {"pulse_length": 2e-13, "pulses": pulses, "relax_time": 0.0}
    changed = {
        "film": DESCRIPTION["film"] | {"cells": [cells, cells, 1]},  # type: ignore[operator]
        "start": {"seed": 1, "settle_time": 1e-13},
        "training": DESCRIPTION["training"] | short,  # type: ignore[operator]
    }
    rest = Rest(meter)
    with tempfile.TemporaryDirectory() as folder:
        place = Workplace(Path(folder), CpuEngine(threads=1), rest, lambda: False)
        run(Experiment.from_dict(DESCRIPTION | changed), place)
    took = 1e3 * np.median(np.diff(rest.times))
    print(f"rest of a pulse at {cells} x {cells} cells: {took:.1f} ms of CPU time", flush=True)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--oersted", action="store_true", help="with the Oersted field")
    options = parser.parse_args()
    training = DESCRIPTION["training"] | {"oersted": options.oersted}  # type: ignore[operator]
    experiment = Experiment.from_dict(DESCRIPTION | {"training": training})
    watch = Watch()
    profile = cProfile.Profile(time.thread_time)
    with tempfile.TemporaryDirectory() as folder:
        place = Workplace(Path(folder), CpuEngine(threads=1), watch, lambda: False)
        if options.profile:
            profile.runcall(run, experiment, place)
        else:
            run(experiment, place)
    whole = np.diff(watch.times)
    shares = {
        key: np.array([r.seconds[key] for r in watch.records[1:]])
        for key in ("engine", "transport", "files")
    }
    shares["journal"] = whole - sum(shares.values())
    middle = np.median(whole)
    print(f"a pulse takes {middle:.3f} s (median of {whole.size})")
    for key, seconds in shares.items():
        print(f"  {key:>9} {np.median(seconds):.4f} s, {100 * np.median(seconds / whole):5.1f} %")
    outside = 100 * np.median(1 - shares["engine"] / whole)
    print(f"outside the engine {outside:.1f} % of the wall time")
    if options.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    meter = Meter((Control, "advance"), (Network, "solve"), (NetworkState, "current_density"))
    for cells in (100, 512):
        print_rest_of_a_pulse(meter, cells)


if __name__ == "__main__":
    main()
