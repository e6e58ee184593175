from __future__ import annotations

import io
import os
import signal

import pytest
from rich.console import Console

from orchestrator.base.units import with_unit
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.folder import run_folder
from orchestrator.run.progress import ProgressBar, stop_on_signals
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Workplace


@pytest.mark.parametrize("drive", ["voltage", "current"])
def test_the_bar_ends_with_the_energy_of_the_results(description, tmp_path, drive):
    description["training"] |= {"drive": drive, "current": 0.1}
    experiment = Experiment.from_dict(description)
    folder = run_folder(tmp_path, experiment)
    console = Console(file=io.StringIO(), width=160)
    with ProgressBar(console, experiment, folder) as tracker:
        run(experiment, Workplace(tmp_path, CpuEngine(threads=1), tracker, lambda: False))
    last = open_run(folder).trained_energy.sel(reference="untrained", training="+-", pulse=3)
    shown = console.file.getvalue()
    assert f"pulse 3/3, {int(open_run(folder).steps[0, 2])} steps" in shown
    assert f"E' {with_unit(float(last), 'W')}" in shown


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
