"""Throughput of a campaign of small films: one and two workers against one run after the other.

Twelve trainings of 64 x 64 cells on the embedded engine, one thread each. Efficiencies compare wall
time on a machine with nothing else to do, and CPU time, which includes the starts of the workers,
on any. A first campaign, not counted, compiles what is not compiled yet. The start of a worker is
what its first run, of one short pulse, takes more than the second.
"""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

import orchestrator
from orchestrator.campaign.local import LocalExecutor, core_slots
from orchestrator.campaign.task import Task, execute
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.table import EngineOptions
from orchestrator.run.execute import run
from orchestrator.run.workplace import Workplace

RUNS = 12
CORNERS = ("top left", "top right", "bottom right", "bottom left")
DESCRIPTION = {
    "name": "small-films",
    "film": {"cells": [64, 64, 1], "cell_size": [6e-9, 6e-9, 1e-6], "pbc": [0, 0, 1]},
    "material": {
        "Ms": 4.9e5, "Aex": 1e-11, "Dbulk": 2e-3, "Ku1": 1e5, "alpha": 1.0, "P": 0.5,
    },
    "resistivity": {"mean": 5e-7, "amr_ratio": 1.5, "amr_convention": "mean"},
    "contacts": [{"name": c, "shape": "corner", "corner": c, "size": 72e-9} for c in CORNERS],
    "start": {"seed": 1, "settle_time": 2e-10},
    "reference": {"starts": 1},
    "training": {"patterns": ["+--+"], "voltage": 0.1, "pulse_length": 1e-10, "pulses": 40},
}  # fmt: skip


class Silent:
    """A tracker that is told and says nothing."""

    def stage(self, title: str, duration: float, done: float = 0.0) -> None:
        """Nothing to do."""

    def progress(self, progress: object) -> None:
        """Nothing to do."""

    def pulse(self, pattern: str, record: object) -> None:
        """Nothing to do."""


def one_after_the_other(experiments: list[Experiment], root: Path) -> None:
    """All in this process."""
    for experiment in experiments:
        run(experiment, Workplace(root, CpuEngine(threads=1), Silent(), lambda: False))


def measured(work: object, *arguments: object, **options: object) -> tuple[float, float]:
    """Seconds of wall-clock time, and of CPU time with that of workers that have ended."""

    def cpu() -> float:
        both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    begun, wall = cpu(), time.perf_counter()
    work(*arguments, **options)  # type: ignore[operator]
    return time.perf_counter() - wall, cpu() - begun


def start_of_a_worker(folder: Path) -> float:
    """CPU time in s that a new worker process takes until its first pulse can begin."""
    training = DESCRIPTION["training"] | {"pulses": 1, "pulse_length": 1e-11}  # type: ignore[operator]
    used = [0.0]
    with LocalExecutor(core_slots(1, 1), folder) as worker:
        for seed in (1, 2):
            start = {"seed": seed, "settle_time": 1e-11}
            description = DESCRIPTION | {"start": start, "training": training}
            options = EngineOptions("cpu", threads=1)
            task = Task(description, str(folder / "runs"), str(folder / "stop"), options)
            assert worker.submit(execute, task).result().state == "finished"
            used.append(worker.submit(time.process_time).result())
    first, second = used[1], used[2] - used[1]
    return first - second


def main() -> None:
    """Print seconds and efficiencies."""
    base = Experiment.from_dict(DESCRIPTION)
    campaign = orchestrator.Campaign(base, {"start.seed": list(range(1, RUNS + 1))})
    single = orchestrator.Campaign(base, {"start.seed": [99]})
    experiments = [
        Experiment.from_dict(DESCRIPTION | {"start": {"seed": seed, "settle_time": 2e-10}})
        for seed in range(1, RUNS + 1)
    ]
    with tempfile.TemporaryDirectory() as made:
        orchestrator.run_campaign(single, Path(made) / "first", "cpu", workers=1)
        took = statistics.median(start_of_a_worker(Path(made) / f"start{k}") for k in range(3))
        print(f"start of a worker: {took:.2f} s of CPU time", flush=True)
        wall, cpu = measured(one_after_the_other, experiments, Path(made) / "none")
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print(f"one after the other: {wall:5.2f} s, CPU time {cpu:5.2f} s", flush=True)
        for workers in (1, 2):
            root = Path(made) / str(workers)
            took, used = measured(
                orchestrator.run_campaign, campaign, root, "cpu", workers=workers, threads=1
            )
            of_wall, of_cpu = 100 * wall / took / workers, 100 * cpu / used
            line = f"{workers} workers: {took:5.2f} s, CPU time {used:5.2f} s; efficiency "
            print(f"{line}{of_wall:.0f} % of wall time, {of_cpu:.0f} % of CPU time", flush=True)


if __name__ == "__main__":
    main()
