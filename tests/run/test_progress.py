from __future__ import annotations

import io
import os
import re
import signal

import numpy as np
import pytest
from rich.console import Console

from orchestrator.base.units import with_unit
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.session import Progress
from orchestrator.learning.records import PulseRecord, UntrainedRecord
from orchestrator.run.execute import run
from orchestrator.run.folder import run_folder
from orchestrator.run.progress import ProgressBar, progress_of, stop_on_signals
from orchestrator.run.results import open_run
from orchestrator.run.untrained import write_untrained
from orchestrator.run.workplace import Workplace


@pytest.mark.parametrize("drive", ["voltage", "current"])
def test_the_bar_ends_with_the_energy_of_the_results(description, tmp_path, drive):
    description["training"] |= {"drive": drive, "current": 0.1}
    experiment = Experiment.from_dict(description)
    folder = run_folder(tmp_path, experiment)
    console = Console(file=io.StringIO(), width=160, force_terminal=True)
    tracker = progress_of(console, experiment, folder)
    assert isinstance(tracker, ProgressBar)
    with tracker:
        run(experiment, Workplace(tmp_path, CpuEngine(threads=1), tracker, lambda: False))
    last = open_run(folder).trained_energy.sel(reference="untrained", training="+-", pulse=3)
    shown = console.file.getvalue()
    assert f"pulse 3/3, {int(open_run(folder).steps[0, 2])} steps" in shown
    assert f"E' {with_unit(float(last), 'W')}" in shown


@pytest.fixture
def record():
    """The second of four pulses, after 1 ns."""
    g = np.array([[2.0, -2.0], [-2.0, 2.0]])
    v = np.array([0.05, -0.05])
    fields = {"conductance": g, "voltages": v, "currents": g @ v, "power": 0.02, "probes": ()}
    return PulseRecord(
        number=2, duration=5e-10, gap=0.0, time=1e-9, max_dm=0.25, steps=7, seconds={}, **fields
    )


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when told."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.strftime", lambda _: "12:00:00")
    return now


@pytest.fixture
def told(description, tmp_path):
    """The tracker of a run in a console, and what it has said."""

    def make(**options):
        g = np.array([[1.0, -1.0], [-1.0, 1.0]])
        write_untrained(tmp_path, UntrainedRecord(seeds=(1,), conductance=g[None], saturated=g))
        console = Console(file=io.StringIO(), **options)
        return progress_of(console, Experiment.from_dict(description), tmp_path), console.file

    return make


def test_without_a_terminal_there_is_a_line_a_minute(told, clock, record):
    tracker, file = told(width=130)
    with tracker:
        tracker.stage("train +-", 4e-9)
        for _ in range(130):
            clock[0] += 1.0
            tracker.progress(Progress(0.5e-9, 0))
        tracker.pulse("+-", record)
        clock[0] += 60.0
        tracker.progress(Progress(1e-9, 0))
    lines = file.getvalue().splitlines()
    assert lines[0] == "12:00:00 train +-: 0.00/4 ns"
    assert lines[1] == "12:00:00 train +-: 0.50/4 ns, 7 min left"
    assert lines[2] == "12:00:00 train +-: 0.50/4 ns, 14 min left"
    note = f"pulse 2/3, 7 steps, max |dm| 0.250, E' {with_unit(-0.01, 'W')}"
    assert lines[3] == f"12:00:00 train +-: 1.00/4 ns, {note}, 10 min left"
    assert lines[4] == f"12:00:00 train +-: 4.00/4 ns, {note}"
    assert len(lines) == 5


def test_a_bar_fits_80_columns(told, record):
    tracker, file = told(width=80, force_terminal=True)
    with tracker:
        tracker.stage("train +--+", 30e-9)
        tracker.pulse("+-", record)
    last = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", file.getvalue()).split("\r")[-1]
    (line,) = [text for text in last.splitlines() if "train" in text]
    assert len(line) <= 80
    for word in ("train +--+", "30.00/30 ns", "2/3, |dm| 0.25, E' -10.00 mW", "0"):
        assert word in line


def test_in_a_notebook_one_line_changes(told, clock, record, monkeypatch):
    shown = []

    class Handle:
        def update(self, data, raw):
            shown.append(data["text/plain"])

    monkeypatch.setattr("IPython.display.display", lambda *_, **__: Handle())
    tracker, file = told(width=115, force_jupyter=True)
    with tracker:
        tracker.stage("train +-", 2e-9)
        for _ in range(8):
            clock[0] += 0.125
            tracker.progress(Progress(0.5e-9, 0))
        tracker.pulse("+-", record)
    assert file.getvalue() == ""
    assert len(shown) == 4
    assert shown[0] == "train +-: 0.00/2 ns"
    assert shown[-1].startswith("train +-: 2.00/2 ns, pulse 2/3")


def test_a_signal_asks_to_stop_and_a_second_ctrl_c_interrupts():
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before
