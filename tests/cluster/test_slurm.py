"""Campaigns on a real SLURM: whatever it does to their jobs, nothing is lost and no job is left."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import xarray as xr

from orchestrator.campaign.execute import carry_out, tasks_of, to_do
from orchestrator.campaign.faults import SiteFault
from orchestrator.campaign.monitor import JOBS
from orchestrator.campaign.pool import SitePool, check_site
from orchestrator.campaign.sites import read_site
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.status import run_status, statuses
from orchestrator.campaign.store import create
from orchestrator.engines.table import EngineOptions
from orchestrator.run.results import open_run
from tests.cluster.slurm import Cluster, missing

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

SHIPPED = Path(__file__).parents[2] / "data" / "sites" / "slurm.toml"
HERE = {
    'address = "ib0"': 'address = "127.0.0.1"',
    'account = "my-project"\n': "",
    "at_most = 4": "at_most = 2",
    "poll = 30": "poll = 1\npause = 2",
    'walltime = "12:00:00"': 'walltime = "00:10:00"',
    "--gpus-per-node=4": "--gpus-per-node=2",
    "--cpus-per-task=8": "--cpus-per-task=2",
    "source $HOME/orchestrator/.venv/bin/activate\nexport MUMAX3=$HOME/mumax3/mumax3\n": "",
    'gpus = ["0", "1", "2", "3"]': 'gpus = ["0", "1"]',
    "threads = 2": "threads = 1\nheartbeat = 2",
}
"""What a user would change in the shipped site file for this cluster; times are shorter, too."""


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    with_gpus = Cluster(tmp_path / "cluster")
    with_gpus.start(array_size=10, job_count=16)
    for name in ("PATH", "SLURM_CONF"):
        monkeypatch.setenv(name, with_gpus.environment[name])
    try:
        yield with_gpus
        with_gpus.wait_until(lambda: with_gpus.jobs() == [], 15)
        with_gpus.wait_until(lambda: workers_left() == [], 30)
    finally:
        with_gpus.stop()


def workers_left():
    """Processes of Parsl's workers that still run here."""
    found = subprocess.run(
        ["pgrep", "-af", "process_worker_pool"], capture_output=True, text=True, check=False
    ).stdout
    return [line for line in found.splitlines() if "/parsl/" in line and "pgrep" not in line]


@pytest.fixture
def site(tmp_path):
    """Reads the shipped site file with some changes."""

    def read(**changes):
        text = SHIPPED.read_text()
        for old, new in (HERE | changes.pop("more", {})).items():
            assert old in text, old
            text = text.replace(old, new)
        path = tmp_path / "site.toml"
        path.write_text(text)
        return read_site(path)

    return read


def campaign_of(experiment, tmp_path, runs, pulses=3):
    change = {"training.pulses": pulses, "output.snapshots": [], "output.maps": False}
    sweep = {"start.seed": list(range(3, 3 + runs))}
    return create(Campaign(experiment, sweep, change=change), tmp_path / "runs")


def work(folder, site, tick=lambda: None, **options):
    """Carry out what is to do on the site; the pool's longest list of jobs comes back."""
    check_site(site)
    tasks = tasks_of(folder, EngineOptions("cpu", threads=1))
    with SitePool(site, folder.path) as pool:
        carry_out(folder, to_do(folder, retry_failed=False), tasks, pool, tick=tick, **options)


def assert_all_finished(folder, pulses):
    assert {status.state for status in statuses(folder.runs)} == {"finished"}
    for entry in folder.runs:
        assert int(open_run(entry.folder).power.notnull().sum()) == pulses
    assert not (folder.path / JOBS).exists()


class Once:
    """Does something once, as soon as a run of the campaign has committed some pulses."""

    def __init__(self, folder, do, pulses=3):
        self.folder, self.do, self.pulses, self.done = folder, do, pulses, False

    def __call__(self):
        if not self.done and any(run_status(e).pulses >= self.pulses for e in self.folder.runs):
            self.done = True
            self.do()


def every_job(cluster):
    return set(cluster.run("squeue", "-h", "-t", "all", "-o", "%i").split())


def test_twenty_runs_over_two_nodes_more_than_an_array_may_have(
    cluster, site, experiment, tmp_path
):
    folder = campaign_of(experiment, tmp_path, 20)
    nodes = set()

    def look():
        nodes.update(cluster.run("squeue", "-h", "-t", "running", "-o", "%N").split())

    work(folder, site(), look)
    assert_all_finished(folder, 3)
    assert nodes == {"n1", "n2"}
    assert len(every_job(cluster)) == 2


def test_each_worker_sees_one_of_the_gpus_of_its_job(cluster, site, tmp_path):
    """Two jobs of one GPU on the same node: SLURM gives the second one GPU 1."""
    one = {'gpus = ["0", "1", "2", "3"]': 'gpus = ["0"]', "--gpus-per-node=4": "--gres=gpu:1"}
    one["nodes = 1  "] = 'constraint = ""\nnodes = 1  '
    say = "sleep 3; echo $SLURMD_NODENAME $SLURM_JOB_GPUS $CUDA_VISIBLE_DEVICES"
    with SitePool(site(more={**one, "at_most = 4": "at_most = 4"}), tmp_path) as pool:
        futures = [
            pool.submit(subprocess.check_output, say, shell=True, text=True) for _ in range(8)
        ]
        said = [future.result(60).split() for future in futures]
    assert all(given == seen for _, given, seen in said)
    assert {(node, seen) for node, _, seen in said} == {
        ("n1", "0"), ("n1", "1"), ("n2", "0"), ("n2", "1"),
    }  # fmt: skip
    with SitePool(site(), tmp_path / "whole") as pool:
        futures = [
            pool.submit(subprocess.check_output, say, shell=True, text=True) for _ in range(4)
        ]
        said = [future.result(60).split() for future in futures]
    assert {given for _, given, _ in said} == {"0,1"}
    assert len({(node, seen) for node, _, seen in said}) == 4


def test_jobs_with_fewer_gpus_than_workers_are_refused(cluster, site, experiment, tmp_path):
    folder = campaign_of(experiment, tmp_path, 2)
    with pytest.raises(SiteFault, match=r"given 1 GPUs .* workers for 2"):
        work(folder, site(more={"--gpus-per-node=4": "--gpus-per-node=1"}))
    assert {status.state for status in statuses(folder.runs)} == {"missing"}


SLOW_DISK = """
import os, time
fsync = os.fsync
def slow(descriptor):
    time.sleep(0.2)
    fsync(descriptor)
os.fsync = slow
"""


def slow_disk(tmp_path):
    """A change of the site: workers sync slowly, so that work lasts on however fast a machine."""
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(SLOW_DISK)
    line = f"export PYTHONPATH={tmp_path}/slow:$PYTHONPATH"
    return {'worker_init = """\n': f'worker_init = """\n{line}\n'}


def test_walltime_shorter_than_the_work(cluster, site, experiment, tmp_path):
    """Each job stops 20 s after its start at a pulse boundary; the next one goes on."""
    short = {
        'walltime = "12:00:00"': 'walltime = "00:01:00"',
        "stop_before = 300": "stop_before = 40",
    }
    folder = campaign_of(experiment, tmp_path, 2, pulses=30)
    work(folder, site(more=short | slow_disk(tmp_path)))
    assert_all_finished(folder, 30)
    assert len(every_job(cluster)) >= 2
    assert "TIMEOUT" not in cluster.run("squeue", "-h", "-t", "all", "-o", "%T").split()
    whole = campaign_of(experiment, tmp_path / "whole", 1, pulses=30)
    with ThreadPoolExecutor(1) as here:
        tasks = tasks_of(whole, EngineOptions("cpu", threads=1))
        carry_out(whole, to_do(whole, retry_failed=False), tasks, here)
    again, reference = (
        open_run(f.runs[0].folder).load().drop_vars("wall_time") for f in (folder, whole)
    )
    xr.testing.assert_identical(again, reference)


def test_canceled_jobs_are_replaced(cluster, site, experiment, tmp_path):
    folder = campaign_of(experiment, tmp_path, 4, pulses=60)
    cancel = Once(folder, lambda: cluster.run("scancel", *cluster.jobs("RUNNING")))
    work(folder, site(), cancel)
    assert cancel.done
    assert_all_finished(folder, 60)
    assert len(every_job(cluster)) >= 3


def test_dead_node(cluster, site, experiment, tmp_path):
    """The daemon of a node and all processes of its job die; the other node does the work."""
    folder = campaign_of(experiment, tmp_path, 4, pulses=60)

    def die():
        cluster.kill("n1")
        for line in subprocess.run(
            ["pgrep", "-af", "slurmstepd"], capture_output=True, text=True, check=False
        ).stdout.splitlines():
            os.killpg(os.getpgid(int(line.split()[0])), signal.SIGKILL)
            break
        for line in workers_left()[:1]:
            os.kill(int(line.split()[0]), signal.SIGKILL)

    dying = Once(folder, die)
    work(folder, site(), dying)
    assert dying.done
    assert_all_finished(folder, 60)
    cluster.start_node("n1")


def test_preempted_jobs_stop_and_go_on_later(cluster, site, experiment, tmp_path):
    folder = campaign_of(experiment, tmp_path, 4, pulses=30)
    urgent = ["sbatch", "--partition=urgent", "--nodes=2", "--gres=gpu:2", "--wrap=sleep 2"]
    preempt = Once(folder, lambda: cluster.run(*urgent, "--output=/dev/null"))
    work(folder, site(more=slow_disk(tmp_path)), preempt)
    assert preempt.done
    assert_all_finished(folder, 30)
    cluster.wait_until(lambda: cluster.jobs() == [])
    assert len(every_job(cluster)) >= 4


def test_controller_dies_and_comes_back(cluster, site, experiment, tmp_path):
    folder = campaign_of(experiment, tmp_path, 4, pulses=60)
    died = []

    def die():
        cluster.kill("slurmctld")
        died.append(time.monotonic())

    def come_back():
        if died and time.monotonic() > died[0] + 6:
            cluster.start_controller()
            died.clear()

    dying = Once(folder, die)
    work(folder, site(), lambda: (dying(), come_back()))
    if died:
        cluster.start_controller()
    cluster.wait_until(lambda: cluster.run("sinfo", "-h", "-o", "%T").strip() != "")
    assert dying.done
    assert_all_finished(folder, 60)


def test_full_queue_is_waited_for_and_named_once(cluster, site, experiment, tmp_path, caplog):
    held = ["timeout", "4", "sbatch", "--hold", "--output=/dev/null", "--wrap=true"]
    numbers = []
    with suppress(subprocess.CalledProcessError):
        while True:  # sbatch waits for room by itself, until the time is out
            numbers.append(cluster.run(*held).split()[-1])
    assert len(numbers) >= 15
    folder = campaign_of(experiment, tmp_path, 2)
    begun = time.monotonic()

    def make_room():
        """Ended jobs count for minutes, so there is only more room after a restart."""
        if numbers and time.monotonic() > begun + 30:
            cluster.kill("slurmctld")
            conf = cluster.folder / "slurm.conf"
            conf.write_text(conf.read_text().replace("MaxJobCount=16", "MaxJobCount=40"))
            cluster.start_controller()
            cluster.wait_until(lambda: len(cluster.jobs("PENDING")) >= len(numbers))
            cluster.run("scancel", *numbers)
            numbers.clear()

    with caplog.at_level(logging.WARNING, "orchestrator"):
        work(folder, site(), make_room)
    assert_all_finished(folder, 3)
    refusals = [r.message for r in caplog.records if "asked again" in r.message]
    assert len(refusals) == 1, refusals


def test_a_wrong_partition_ends_the_campaign_and_no_run_fails(cluster, site, experiment, tmp_path):
    folder = campaign_of(experiment, tmp_path, 2)
    with pytest.raises(SiteFault, match=r"sbatch refuses: .*invalid partition"):
        work(folder, site(more={'partition = "gpu"': 'partition = "gpus"'}))
    assert {status.state for status in statuses(folder.runs)} == {"missing"}


def test_jobs_that_end_at_once_end_the_campaign_with_their_words(
    cluster, site, experiment, tmp_path
):
    folder = campaign_of(experiment, tmp_path, 2)
    broken = {'worker_init = """\n': 'worker_init = """\necho no such module >&2; exit 3\n'}
    with pytest.raises(SiteFault, match=r"no such module.*3 jobs in a row"):
        work(folder, site(more=broken))
    assert {status.state for status in statuses(folder.runs)} == {"missing"}


def test_stop_does_not_wait_for_a_job_that_is_queued(cluster, site, experiment, tmp_path):
    blocker = ["sbatch", "--partition=urgent", "--nodes=2", "--gres=gpu:2", "--output=/dev/null"]
    number = cluster.run(*blocker, "--wrap=sleep 300").split()[-1]
    folder = campaign_of(experiment, tmp_path, 2)
    begun = time.monotonic()
    work(folder, site(), stop=lambda: time.monotonic() > begun + 4)
    assert time.monotonic() < begun + 15
    assert cluster.jobs() == [number]
    cluster.run("scancel", number)
    folder.withdraw_stop()
    work(folder, site())
    assert_all_finished(folder, 3)
