"""Faults that belong to a worker's place: broken and full GPUs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.base.errors import InputError
from orchestrator.campaign.crew import Crew
from orchestrator.campaign.execute import carry_out, tasks_of, to_do
from orchestrator.campaign.faults import SiteFault, SlotFault
from orchestrator.campaign.local import LocalExecutor, Slot, gpu_slots
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.status import statuses
from orchestrator.campaign.store import create
from orchestrator.engines.table import EngineOptions

CLI = [sys.executable, "-m", "orchestrator"]
STAND_IN = [*CLI, "mx3", "-threads", "1"]
TWO = "0, NVIDIA A, 8192, 8000, 550, GPU-a\n1, NVIDIA B, 8192, 8000, 550, GPU-b\n"
BINARY = f"""#!{sys.executable} -IS
import os, shutil, subprocess, sys, time
gpu = os.environ.get("CUDA_VISIBLE_DEVICES", sys.argv[sys.argv.index("-gpu") + 1])
with open({{log!r}}, "a") as log:
    log.write(gpu + "\\n")
{{fault}}
os.environ["PATH"] = {os.environ["PATH"]!r}
out, script = sys.argv[sys.argv.index("-o") + 1], sys.argv[-1]
command = {STAND_IN!r} + sys.argv[1:]
if "selftest" not in script:
    os.execv(command[0], command)
kept = {{log!r}} + ".selftest"
if not os.path.exists(kept):
    done = subprocess.run(command, stdout=subprocess.PIPE)
    sys.stdout.buffer.write(done.stdout)
    shutil.copytree(out, kept)
else:
    shutil.copytree(kept, out)
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Two GPUs and a mumax3 with a fault of one's making; the GPUs it was started on."""
    folder = tmp_path / "machine"
    folder.mkdir()

    def make(fault: str) -> Path:
        log = folder / "log"
        log.touch()
        for name, text in {
            "nvidia-smi": f"#!/bin/sh\n[ $1 = -L ] || printf '{TWO}'\n",
            "mumax3": BINARY.format(log=str(log), fault=fault),
        }.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        return log

    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("MUMAX3", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return make


@pytest.fixture
def eight(experiment, tmp_path):
    """A campaign of eight runs of one pulse, from one texture."""
    short = {"training.pulses": 1, "training.relax_time": 0.0, "output.snapshots": []}
    short |= {"reference.starts": 1}
    voltages = [0.01 * k for k in range(1, 9)]
    return Campaign(experiment, {"training.voltage": voltages}, change=short)


def carried_out(folder, executor):
    tasks = tasks_of(folder, EngineOptions("mumax3"))
    return carry_out(folder, to_do(folder, retry_failed=False), tasks, executor)


DRIVER = "sys.exit('/go/init.go:61 Unknown CUresult: 803')"
AT_A_PULSE = f"if 'selftest' not in sys.argv[-1]: {DRIVER}"


@pytest.mark.parametrize(("bad", "how"), [("0", DRIVER), ("1", AT_A_PULSE)])
def test_one_bad_gpu_of_two_and_all_runs_finish_on_the_other(
    eight, tmp_path, machine, caplog, bad, how
):
    log = machine(f"if gpu == {bad!r}:\n    {how}")
    crew = Crew(EngineOptions("mumax3")).called(
        eight.points[0].experiment, tmp_path
    )  # which tries a GPU itself
    assert crew.workers == 2
    folder = create(eight, tmp_path / "runs")
    with LocalExecutor(gpu_slots(["0", "1"], 1, 1), tmp_path / "logs", pause=0.2) as executor:
        outcomes = carried_out(folder, executor)
    assert {outcome.state for outcome in outcomes.values()} == {"finished"}
    assert [status.state for status in statuses(folder.runs)] == 8 * ["finished"]
    said = [record.message for record in caplog.records]
    (named,) = [message for message in said if "CUresult: 803" in message]
    assert named.startswith(f"GPU {bad} is tried again after a pause; others go on\n")
    assert said[-1] == f"GPU {bad} is given up after 3 tries"
    assert log.read_text().split().count(bad) >= 3
    assert not list((tmp_path / "runs").glob("*/failed.json"))


def test_a_gpu_that_comes_back_works_again(eight, tmp_path, machine, caplog):
    mended = tmp_path / "mended"
    machine(f"if gpu == '1' and not os.path.exists({str(mended)!r}): {DRIVER}")
    folder = create(eight, tmp_path / "runs")
    with LocalExecutor(gpu_slots(["1"], 1, 1), tmp_path / "logs", pause=0.2) as executor:
        tasks = tasks_of(folder, EngineOptions("mumax3"))
        first = executor.submit(execute_and_mend, tasks[(0,)], str(mended))
        with pytest.raises(SlotFault):
            first.result()
        outcomes = carried_out(folder, executor)
    assert {outcome.state for outcome in outcomes.values()} == {"finished"}
    assert len(caplog.records) == 1


def execute_and_mend(task, mended):
    from orchestrator.campaign.task import execute

    try:
        return execute(task)
    finally:
        Path(mended).touch()


def test_a_full_gpu_is_waited_for(eight, tmp_path, machine, caplog):
    """As long as it takes: five times here, where a broken one is given up after three."""
    machine(
        "import pathlib\n"
        f"count = pathlib.Path({str(tmp_path / 'count')!r})\n"
        "times = len(count.read_text()) if count.exists() else 0\n"
        "if times < 5:\n"
        "    count.write_text('x' * (times + 1))\n"
        "    sys.exit('/go/alloc.go:16 CUDA_ERROR_OUT_OF_MEMORY')"
    )
    folder = create(eight, tmp_path / "runs")
    with LocalExecutor(gpu_slots(["0"], 1, 1), tmp_path / "logs", pause=0.05) as executor:
        outcomes = carried_out(folder, executor)
    assert {outcome.state for outcome in outcomes.values()} == {"finished"}
    (said,) = [record.message for record in caplog.records]
    assert said.startswith("GPU 0 waits for it; others go on\n")


def test_where_no_gpu_is_left_nothing_has_failed(eight, tmp_path, machine):
    machine(DRIVER)
    folder = create(eight, tmp_path / "runs")
    with (
        LocalExecutor(gpu_slots(["0", "1"], 1, 1), tmp_path / "logs", pause=0.05) as executor,
        pytest.raises(SiteFault, match=r"no run has failed for it(?s:.*)SYSTEM_DRIVER_MISMATCH"),
    ):
        carried_out(folder, executor)
    assert {status.state for status in statuses(folder.runs)} <= {"missing", "stopped"}


def test_a_stop_does_not_wait_for_a_resting_slot(eight, tmp_path, machine):
    machine(DRIVER)
    folder = create(eight, tmp_path / "runs")
    begin = time.monotonic()
    with LocalExecutor(gpu_slots(["0"], 1, 1), tmp_path / "logs", pause=600.0) as executor:
        tasks = tasks_of(folder, EngineOptions("mumax3"))
        runs = to_do(folder, retry_failed=False)
        carry_out(folder, runs, tasks, executor, stop=lambda: time.monotonic() > begin + 5)
    assert time.monotonic() - begin < 60


def test_faults_survive_the_way_from_the_worker(tmp_path):
    with LocalExecutor([Slot()], tmp_path, pause=0.0, tries=2) as executor:
        for passing in (True, False):
            with pytest.raises(SlotFault, match="cold") as caught:
                executor.submit(fall, passing).result()
            assert caught.value.passing is passing
        with pytest.raises(SiteFault, match="cold"):
            executor.submit(fall, False).result()
        with pytest.raises(SiteFault, match="cold"):
            executor.submit(divmod, 7, 2).result()


def fall(passing):
    raise SlotFault("cold", passing)


def campaign_file(tmp_path, base_file):
    path = tmp_path / "eight.toml"
    path.write_text('base = "base.toml"\n[[axes]]\nname = "seed"\nkey = "start.seed"\n'
                    "integers = { start = 1, count = 8 }\n")  # fmt: skip
    return path


@pytest.mark.parametrize("gpus", ["7", "abc", "0,7", "GPU-x"])
def test_gpus_that_do_not_exist_are_refused_with_the_list(tmp_path, base_file, machine, gpus):
    machine("")
    file = campaign_file(tmp_path, base_file)
    done = run_command("campaign", "run", file, "--gpus", gpus, root=tmp_path / "runs")
    assert done.returncode == 2
    assert f"there is no GPU {gpus.split(',')[-1]!r}; nvidia-smi shows 2" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_visible_devices_are_what_slots_are_counted_among(eight, tmp_path, machine, monkeypatch):
    machine("")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-b")
    called = Crew(EngineOptions("mumax3"), gpus=("0",)).called(eight.points[0].experiment, tmp_path)
    with called.executor(1) as executor:
        assert executor.submit(os.getenv, "CUDA_VISIBLE_DEVICES").result() == "1"
        assert executor.submit(os.getenv, "CUDA_DEVICE_ORDER").result() == "PCI_BUS_ID"


def run_command(*words, root):
    command = [*CLI, *map(str, words), "--root", str(root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=150)


def test_a_named_gpu_is_needed(eight, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    for name in ("0", "abc"):
        with pytest.raises(InputError, match="nvidia-smi shows no GPU"):
            Crew(EngineOptions(), gpus=(name,)).called(eight.points[0].experiment, tmp_path)
