from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from orchestrator.base.errors import InputError
from orchestrator.campaign.execute import carry_out, tasks_of, to_do
from orchestrator.campaign.sites import parsl_executor, read_site, worker_init
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
    with parsl_executor(read_site(SITES / "local.toml"), tmp_path / "parsl") as executor:
        outcomes = carry_out(folder, runs, tasks, executor, tick=disturb)
    assert sorted(sent) == [signal.SIGKILL, signal.SIGUSR1]
    assert {outcome.state for outcome in outcomes.values()} == {"finished"}
    assert [status.state for status in statuses(folder.runs)] == 3 * ["finished"]
