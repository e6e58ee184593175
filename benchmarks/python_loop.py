"""Cost of the loop in Python over `orchestrator run`: the same pulses of the same film, by turns.

The film is that of quickstart.toml (100 x 100 cells, 0.2 ns), on one thread of the embedded engine.
Processor times of both are printed, which differ by less than they vary, and the time that the loop
takes beside its pulses: what is seen, what is asked for, E' and the currents.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path
from typing import Any

import orchestrator
from orchestrator.base.shipped import shipped
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.sections import Output, Reference, Start
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.workplace import Quiet, Workplace


def by_run(experiment: Experiment, root: Path) -> float:
    """Processor time of `orchestrator run`, s."""
    place = Workplace(root, CpuEngine(1), Quiet(), lambda: False, threads=1)
    t0 = time.process_time()
    run(experiment, place)
    return time.process_time() - t0


def by_script(experiment: Experiment, folder: Path) -> tuple[float, float]:
    """Processor time of a script that asks for the same pulses and looks at what it can, s.

    And the time that its loop takes besides the pulses themselves.
    """
    plan, within = experiment.training, 0.0
    t0 = time.process_time()
    with orchestrator.training(
        experiment, "cpu", folder=folder, threads=1, pattern=plan.patterns[0]
    ) as film:
        hold = film._training.hold

        def timed(*arguments: Any) -> Any:
            nonlocal within
            before = time.process_time()
            record = hold(*arguments)
            within += time.process_time() - before
            return record

        film._training.hold = timed  # type: ignore[method-assign]
        t1 = time.process_time()
        for pulse in film.pulses(limit=plan.pulses):
            film.apply("+--+", plan.pulse_length)
            assert pulse.energy != film.energy("+--+")
            assert abs(pulse.currents.sum()) < 1e-9
        beside = time.process_time() - t1 - within
    return time.process_time() - t0, beside


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pulses", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    shown = Experiment.from_toml(shipped("data/experiments") / "quickstart.toml")
    plan = dataclasses.replace(shown.training, pulses=options.pulses, relax_time=0.0)
    experiment = dataclasses.replace(
        shown,
        training=plan,
        start=Start(seed=1, settle_time=1e-11, settle_alpha=1.0),
        reference=Reference(starts=1),
        output=Output(),
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        by_run(dataclasses.replace(experiment, name="warm-up"), root)
        runs, scripts = [], []
        for k in range(options.repeats):
            runs.append(by_run(dataclasses.replace(experiment, name=f"run{k}"), root))
            scripts.append(by_script(experiment, root / f"script{k}"))
        t0 = time.perf_counter()
        by_script(experiment, root / "script0")
        again = time.perf_counter() - t0
    least, other = min(runs), min(total for total, _ in scripts)
    beside = min(beside for _, beside in scripts)
    n = options.pulses
    print(f"{n} pulses, least of {options.repeats}, processor time")
    print(f"run {least:.3f} s, script {other:.3f} s")
    print(f"the loop beside its pulses: {1e6 * beside / n:.0f} us a pulse, "
          f"{100 * beside / least:.2f} % of the run")  # fmt: skip
    print(f"replaying: {1e3 * again / n:.1f} ms a pulse, all told")


if __name__ == "__main__":
    main()
