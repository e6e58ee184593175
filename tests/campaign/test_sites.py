from __future__ import annotations

import os
import pickle
import signal
import subprocess
import time
from pathlib import Path

import pytest

from orchestrator.base.errors import InputError
from orchestrator.campaign.execute import carry_out, tasks_of, to_do
from orchestrator.campaign.faults import SiteFault
from orchestrator.campaign.pinned import GPUS, PER_GPU, own_gpu
from orchestrator.campaign.pool import SitePool
from orchestrator.campaign.run import run_campaign
from orchestrator.campaign.sites import read_site, worker_init
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.status import run_status, statuses
from orchestrator.campaign.store import create
from orchestrator.engines.table import EngineOptions
from orchestrator.run.folder import LOCK
from orchestrator.run.locks import holder

SITES = Path(__file__).parents[2] / "data" / "sites"


@pytest.mark.parametrize("name", ["slurm", "local"])
def test_shipped_sites_are_valid(name):
    site = read_site(SITES / f"{name}.toml")
    assert site.jobs.scheduler == name


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("walltime", "waltime", "jobs.waltime: unknown key; did you mean 'walltime'"),
        ("count = 2", "count = 2\ngpus = ['0']", "give either gpus or count"),
        ('"24:00:00"', '"24h"', "walltime must be HH:MM:SS"),
        ('"24:00:00"', '"00:01:00"', "leaves nothing of the walltime"),
        ('"local"', '"slurm"', "address is needed"),
        ("count = 2", "count = true", r"count: .*\(got True\)"),
        ("[jobs]", "[jbos]", "jbos: unknown key; did you mean 'jobs'"),
    ],
)
def test_bad_sites_are_refused_with_the_nearest_key(tmp_path, old, new, words):
    path = tmp_path / "site.toml"
    path.write_text((SITES / "local.toml").read_text().replace(old, new))
    with pytest.raises(InputError, match=words):
        read_site(path)


def test_a_job_tells_its_workers_when_to_stop():
    site = read_site(SITES / "slurm.toml")
    script = worker_init(site) + "\necho $ORCHESTRATOR_STOP_AT $OMP_NUM_THREADS"
    script = script.replace("source ", ": ")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    stop_at, threads = map(int, done.stdout.split())
    assert stop_at == pytest.approx(time.time() + 12 * 3600 - 300, abs=60)
    assert threads == 2


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_parsl_on_this_machine_survives_killed_workers(experiment, tmp_path):
    """One run loses its worker, one is stopped as before a walltime; all finish."""
    pytest.importorskip("parsl")
    long = {"training.pulses": 60, "output.snapshots": [], "output.maps": False}
    folder = create(Campaign(experiment, {"start.seed": [3, 4, 5]}, change=long), tmp_path)
    sent = []

    def disturb():
        for entry, number in zip(folder.runs, (signal.SIGKILL, signal.SIGUSR1), strict=False):
            owner = holder(entry.folder / LOCK)
            if number not in sent and owner is not None and run_status(entry).pulses >= 2:
                os.kill(owner.pid, number)
                sent.append(number)

    tasks = tasks_of(folder, EngineOptions("cpu", 1))
    runs = to_do(folder, retry_failed=False)
    with SitePool(read_site(SITES / "local.toml"), tmp_path) as executor:
        outcomes = carry_out(folder, runs, tasks, executor, tick=disturb)
    assert sorted(sent) == [signal.SIGKILL, signal.SIGUSR1]
    assert {outcome.state for outcome in outcomes.values()} == {"finished"}
    assert [status.state for status in statuses(folder.runs)] == 3 * ["finished"]


class Touch:
    """Unpickled, it makes a file: what another user would send."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mknod, (str(self.path),)


@pytest.mark.filterwarnings("ignore")
def test_nobody_without_the_campaigns_keys_is_heard(tmp_path):
    """A pickle sent to the port that workers connect to is not even read; only loopback listens."""
    pytest.importorskip("parsl")
    zmq = pytest.importorskip("zmq")
    made = tmp_path / "made"
    never = 'scheduler = "local"\nworker_init = "exit 0"'
    path = tmp_path / "site.toml"
    path.write_text((SITES / "local.toml").read_text().replace('scheduler = "local"', never))
    with SitePool(read_site(path), tmp_path) as pool:
        port = pool._htex.worker_port
        keys = Path(pool._htex.cert_dir)
        assert keys.stat().st_mode & 0o077 == 0
        listening = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=False)
        ours = [line for line in listening.stdout.splitlines() if f":{port} " in line]
        assert all("127.0.0.1" in line for line in ours)
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.setsockopt(zmq.LINGER, 0)
            socket.connect(f"tcp://127.0.0.1:{port}")
            socket.send(pickle.dumps(Touch(made)))
            assert socket.poll(1500) == 0
        assert not made.exists()
        assert pool._htex.interchange_proc.poll() is None


def test_slurm_without_its_commands_is_refused_before_anything_is_written(
    experiment, tmp_path, monkeypatch
):
    pytest.importorskip("parsl")
    text = (SITES / "slurm.toml").read_text().replace('"ib0"', '"127.0.0.1"')
    path = tmp_path / "slurm.toml"
    path.write_text(text)
    monkeypatch.setenv("PATH", str(tmp_path))
    campaign = Campaign(experiment, {"start.seed": [3]})
    with pytest.raises(InputError, match="needs sbatch, squeue, scancel, which PATH does not have"):
        run_campaign(campaign, tmp_path / "runs", "cpu", site=path)
    assert not (tmp_path / "runs").exists()
    path.write_text(text.replace("127.0.0.1", "203.0.113.1"))
    with pytest.raises(InputError, match=r"jobs.address: '203.0.113.1' is no address of this mach"):
        run_campaign(campaign, tmp_path / "runs", "cpu", site=path)


def test_a_worker_takes_its_gpu_from_its_job():
    given = {GPUS: "0,1", PER_GPU: "1", "CUDA_VISIBLE_DEVICES": "2,3"}
    assert [own_gpu(given | {"PARSL_WORKER_RANK": k}) for k in "01"] == ["2", "3"]
    two_each = given | {PER_GPU: "2"}
    assert [own_gpu(two_each | {"PARSL_WORKER_RANK": k}) for k in "0123"] == ["2", "2", "3", "3"]
    assert own_gpu({GPUS: "a,b", "PARSL_WORKER_RANK": "1"}) == "b"
    with pytest.raises(SiteFault, match="given 1 GPUs"):
        own_gpu(given | {"CUDA_VISIBLE_DEVICES": "2"})
