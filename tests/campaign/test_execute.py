from __future__ import annotations

import os
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from orchestrator.base.errors import EngineError
from orchestrator.campaign import execute
from orchestrator.campaign.execute import carry_out, tasks_of, to_do
from orchestrator.campaign.local import LocalExecutor, Slot, WorkerLost, core_slots, gpu_slots
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.status import run_state, run_status, statuses
from orchestrator.campaign.store import create
from orchestrator.campaign.task import Outcome
from orchestrator.engines.table import EngineOptions
from orchestrator.run.folder import DESCRIPTION, FAILED, JOURNAL, LOCK
from orchestrator.run.locks import holder
from orchestrator.run.results import open_run


def states(folder):
    return [status.state for status in statuses(folder.runs)]


def work(folder, executor=None, **options):
    runs = to_do(folder, retry_failed=options.pop("retry_failed", False))
    tasks = tasks_of(folder, EngineOptions("cpu", 1))
    if executor is not None:
        return carry_out(folder, runs, tasks, executor, **options)
    with ThreadPoolExecutor(1) as threads:
        return carry_out(folder, runs, tasks, threads, **options)


def test_worker_processes_carry_out_all_runs_once(campaign, tmp_path):
    folder = create(campaign, tmp_path / "runs")
    assert states(folder) == 6 * ["missing"]
    with LocalExecutor(core_slots(2, 1), tmp_path / "logs") as executor:
        outcomes = work(folder, executor)
    assert {outcome.state for outcome in outcomes.values()} == {"finished"}
    assert states(folder) == 6 * ["finished"]
    textures = list((tmp_path / "runs" / "textures").iterdir())
    assert sorted(path.suffix for path in textures) == 4 * [".json"] + 4 * [".ovf"]
    assert to_do(folder, retry_failed=True) == []
    # the voltages' sign is the pattern's: both patterns start from the same texture
    a, b = (open_run(folder.runs[k].folder) for k in (0, 1))
    np.testing.assert_array_equal(a.conductance[0, 0], b.conductance[0, 0])
    np.testing.assert_array_equal(a.voltage, -b.voltage)


def test_failed_run_leaves_the_others_alone_and_is_retried_on_request(campaign, tmp_path):
    folder = create(campaign, tmp_path)
    blocked = folder.runs[2].folder
    blocked.mkdir()
    (blocked / DESCRIPTION).write_text("{}")
    outcomes = work(folder)
    assert outcomes[folder.runs[2]].state == "failed"
    assert states(folder) == ["finished"] * 2 + ["failed"] + ["finished"] * 3
    assert "damaged" in run_status(folder.runs[2]).message
    (blocked / DESCRIPTION).unlink()
    assert to_do(folder, retry_failed=False) == []
    assert work(folder, retry_failed=True)[folder.runs[2]].state == "finished"
    assert not (blocked / FAILED).exists()
    assert states(folder) == 6 * ["finished"]


def test_stop_ends_at_a_pulse_boundary_and_goes_on_later(campaign, tmp_path):
    folder = create(campaign, tmp_path)
    journal = folder.runs[0].folder / "1" / JOURNAL

    def stop():
        return journal.exists() and b'"pulse"' in journal.read_bytes()

    outcomes = work(folder, stop=stop)
    assert {outcome.state for outcome in outcomes.values()} <= {"stopped", "finished"}
    assert states(folder)[5] == "missing"
    assert folder.stop_file.exists()
    folder.withdraw_stop()
    work(folder)
    assert states(folder) == 6 * ["finished"]


class Dying(ThreadPoolExecutor):
    """Loses its worker at the first calls, as after a kill."""

    def __init__(self, deaths):
        super().__init__(1)
        self.deaths = deaths

    def submit(self, fn, /, *args, **kwargs):
        if self.deaths:
            self.deaths -= 1
            future = Future()
            future.set_exception(WorkerLost("signal 9"))
            return future
        return super().submit(fn, *args, **kwargs)


@pytest.mark.parametrize(("deaths", "state"), [(2, "finished"), (3, "failed")])
def test_lost_workers_are_retried_a_few_times(experiment, tmp_path, deaths, state):
    folder = create(Campaign(experiment, {"start.seed": [3]}), tmp_path)
    with Dying(deaths) as executor:
        (outcome,) = work(folder, executor, retries=2).values()
    assert outcome.state == state
    assert states(folder) == [state]
    if state == "failed":
        assert "signal 9 (3 times at pulse 1)" in run_status(folder.runs[0]).message


def test_killed_worker_is_replaced_and_its_run_goes_on(experiment, tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "_POLL", 0.01)
    long = {"training.pulses": 60, "output.snapshots": [], "output.maps": False}
    folder = create(Campaign(experiment, {"start.seed": [3]}, change=long), tmp_path)
    run = folder.runs[0].folder
    killed = []

    def kill_once():
        owner = holder(run / LOCK)
        if not killed and owner is not None and run_status(folder.runs[0]).pulses >= 2:
            os.kill(owner.pid, signal.SIGKILL)
            killed.append(run_status(folder.runs[0]).pulses)
        if killed and not stopped and run_status(folder.runs[0]).pulses > killed[0] + 2:
            os.kill(holder(run / LOCK).pid, signal.SIGUSR1)
            stopped.append(True)

    stopped = []
    with LocalExecutor([Slot()], tmp_path / "logs") as executor:
        (outcome,) = work(folder, executor, tick=kill_once).values()
    assert killed and stopped
    assert outcome.state == "finished"
    data = open_run(run)
    assert not data.power.isnull().any()


def test_run_of_another_process_is_waited_for(experiment, tmp_path, monkeypatch):
    folder = create(Campaign(experiment, {"start.seed": [3]}), tmp_path)
    monkeypatch.setattr(execute, "_BUSY_WAIT", 0.05)
    answers = [Outcome("busy", "in use"), Outcome("busy", "in use"), Outcome("finished")]
    monkeypatch.setattr(execute, "execute", lambda task: answers.pop(0))
    (outcome,) = work(folder).values()
    assert outcome.state == "finished"
    assert answers == []


def test_slots_pin_cores_threads_and_gpus(tmp_path):
    with LocalExecutor(core_slots(1, 1), tmp_path) as executor:
        cores = executor.submit(os.sched_getaffinity, 0).result()
        threads = executor.submit(os.getenv, "NUMBA_NUM_THREADS").result()
    assert len(cores) == 1
    assert threads == "1"
    slots = gpu_slots(["0", "1"], per_gpu=2, threads=1)
    seen = [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in slots]
    assert seen == ["0", "1", "0", "1"]
    with LocalExecutor([slots[1]], tmp_path) as executor:
        assert executor.submit(os.getenv, "CUDA_VISIBLE_DEVICES").result() == "1"


def test_executor_hands_on_errors_and_outlives_them(tmp_path):
    with LocalExecutor([Slot()], tmp_path) as executor:
        with pytest.raises(ZeroDivisionError):
            executor.submit(divmod, 1, 0).result()
        with pytest.raises(WorkerLost, match="exit code 3"):
            executor.submit(os._exit, 3).result()
        assert executor.submit(divmod, 7, 2).result() == (3, 1)


def test_status_is_read_from_the_folders(experiment, tmp_path):
    folder = create(Campaign(experiment, {"start.seed": [3]}), tmp_path)
    entry = folder.runs[0]
    seen = []

    def look():
        status = run_status(entry)
        seen.append((status.state, status.pulses, status.total))

    with ThreadPoolExecutor(1) as executor:
        work(folder, executor, tick=look)
    look()
    assert seen[-1] == ("finished", 3, 3)
    assert {s for s, _, _ in seen} <= {"missing", "stopped", "running", "finished"}


def test_engine_failure_is_noted_with_its_message(experiment, tmp_path, monkeypatch):
    from orchestrator.engines.cpu.session import CpuEngine

    def fall_off(*_, **__):
        raise EngineError("the card fell off the bus")

    folder = create(Campaign(experiment, {"start.seed": [3]}), tmp_path)
    monkeypatch.setattr(CpuEngine, "start", fall_off)
    (outcome,) = work(folder).values()
    assert outcome == Outcome("failed", "the card fell off the bus")
    assert run_state(folder.runs[0].folder) == ("failed", "the card fell off the bus")


def test_a_worker_stops_before_its_walltime(experiment, tmp_path, monkeypatch):
    folder = create(Campaign(experiment, {"start.seed": [3]}), tmp_path)
    monkeypatch.setenv("ORCHESTRATOR_STOP_AT", str(time.time() - 1))
    task = tasks_of(folder, EngineOptions("cpu", 1))[(0,)]
    assert execute.execute(task) == Outcome("stopped")
    monkeypatch.delenv("ORCHESTRATOR_STOP_AT")
    assert execute.execute(task) == Outcome("finished")
