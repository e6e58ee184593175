"""Workers in the jobs of a site, through Parsl, as an Executor."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future, InvalidStateError
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestrator.base.errors import InputError
from orchestrator.campaign.faults import JobLost, SiteFault
from orchestrator.campaign.monitor import JOBS
from orchestrator.campaign.pinned import call_pinned
from orchestrator.campaign.sites import Site, drain_after, local_address, worker_init
from orchestrator.run.notes import write_json

_INTERCHANGE = "orchestrator.campaign.interchange"
_MOST_BAD_JOBS = 3


def check_site(site: Site) -> None:
    """Make sure that this machine can hand work to the site.

    Raises
    ------
    InputError
        If Parsl is not installed, the scheduler's commands are not found, or the address is none of
        this machine's.
    """
    try:
        import parsl  # noqa: F401
    except ImportError:
        raise InputError("--site needs Parsl: pip install 'mumax3-orchestrator[cluster]'") from None
    local_address(site.jobs)
    if site.jobs.scheduler == "slurm":
        absent = [name for name in ("sbatch", "squeue", "scancel") if not shutil.which(name)]
        if absent:
            raise InputError(
                f"jobs.scheduler: 'slurm' needs {', '.join(absent)}, which PATH does not have; run "
                "the command on a login node of the cluster"
            )


class _Detachable(Future[Any]):
    """A future that can be cancelled at any time; whoever works on it is not told."""

    def cancel(self) -> bool:
        """Give it up, unless it is done."""
        if self.done() or not super().cancel():
            return self.cancelled()
        self.set_running_or_notify_cancel()
        return True


class SitePool(Executor):
    """Runs picklable functions in the workers of a site's jobs.

    Jobs are asked for as long as there is work, and cancelled at the end. All connections are
    encrypted, and only holders of the keys in `folder`, which no other user can read, are heard.

    Parameters
    ----------
    site : Site
        From `read_site`.
    folder : Path
        The campaign's folder; Parsl's logs and job scripts go into its folder `parsl`.
    """

    def __init__(self, site: Site, folder: Path) -> None:
        from parsl.app.python import PythonApp
        from parsl.config import Config
        from parsl.dataflow.dflow import DataFlowKernel
        from parsl.executors import HighThroughputExecutor
        from parsl.executors.high_throughput.errors import ManagerLost

        jobs, workers = site.jobs, site.workers
        self._file = folder / JOBS
        self._fault: str | None = None
        self._pending: set[Future[Any]] = set()
        self._seen: set[str] = set()
        self._bad = self._connected = 0
        self._lost = ManagerLost
        self._provider = _provider(site, self._give_up, self._note_jobs)
        self._htex = HighThroughputExecutor(
            label=f"orchestrator_{jobs.scheduler}",
            address=local_address(jobs),
            provider=self._provider,
            interchange_launch_cmd=[sys.executable, "-m", _INTERCHANGE],
            max_workers_per_node=site.each,
            cores_per_worker=1e-6,
            heartbeat_period=workers.heartbeat,
            heartbeat_threshold=4 * workers.heartbeat,
            drain_period=drain_after(jobs),
            block_error_handler=self._look_at_jobs,
            encrypted=True,
        )
        self._kernel = DataFlowKernel(
            Config(
                executors=[self._htex],
                run_dir=str(folder / "parsl"),
                retries=0,
                strategy_period=2,
                max_idletime=60.0,
                initialize_logging=False,
            )
        )
        self._app = PythonApp(call_pinned, data_flow_kernel=self._kernel, cache=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn(*args, **kwargs)` in the next free worker.

        Raises
        ------
        SiteFault
            If the site cannot work.
        """
        if self._fault is not None:
            raise SiteFault(self._fault)
        ours = _Detachable()
        self._pending.add(ours)

        def settle(theirs: Future[Any]) -> None:
            self._pending.discard(ours)
            error = theirs.exception()
            if isinstance(error, self._lost):
                error = JobLost(f"the job of a worker ended or fell silent ({error})")
            with suppress(InvalidStateError):  # given up meanwhile
                if error is None:
                    ours.set_result(theirs.result())
                else:
                    ours.set_exception(error)

        self._app(fn, *args, **kwargs).add_done_callback(settle)
        return ours

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Cancel all jobs; what still runs in them goes on in later ones."""
        if not self._kernel.cleanup_called:
            self._kernel.cleanup()
            if hasattr(self._provider, "cancel_all"):
                self._provider.cancel_all()
            self._file.unlink(missing_ok=True)

    def _give_up(self, why: str) -> None:
        self._fault = why
        for future in list(self._pending):
            with suppress(InvalidStateError):
                future.set_exception(SiteFault(why))

    def _note_jobs(self, jobs: list[dict[str, str]]) -> None:
        write_json(self._file, jobs)

    def _look_at_jobs(self, _executor: Any, status: dict[str, Any]) -> None:
        """Give up when several jobs in a row have ended before a worker was there."""
        from parsl.jobs.states import JobState

        jobs = self._htex.blocks_to_job_id
        missing = {b for b, s in status.items() if s.state == JobState.MISSING and b in jobs}
        new = sorted(missing - self._seen, key=int)
        if not new:
            return
        connected = len(set(self._htex.connected_blocks()))
        if connected > self._connected:
            self._connected, self._bad = connected, 0
        self._seen.update(new)
        self._bad += len(new)
        said = (status[new[-1]].stderr_summary or "").strip().splitlines()[-3:]
        why = f"job {jobs.get(new[-1])} ended before its worker was ready: {' / '.join(said)}"
        if self._bad >= _MOST_BAD_JOBS:
            where = self._provider.script_dir
            self._give_up(f"{why} ({self._bad} jobs in a row; their output is in {where})")
        elif hasattr(self._provider, "rest"):
            self._provider.rest(why)


def _provider(
    site: Site, on_fault: Callable[[str], None], on_jobs: Callable[[list[dict[str, str]]], None]
) -> Any:
    from parsl.launchers import SingleNodeLauncher, SrunLauncher
    from parsl.providers import LocalProvider

    jobs = site.jobs
    blocks: dict[str, Any] = {
        "nodes_per_block": jobs.nodes,
        "init_blocks": 1,
        "min_blocks": 0,
        "max_blocks": jobs.at_most,
        "worker_init": worker_init(site),
        "launcher": SingleNodeLauncher() if jobs.nodes == 1 else SrunLauncher(),
    }
    if jobs.scheduler == "local":
        return LocalProvider(**blocks)
    from orchestrator.campaign.scheduler import Slurm

    return Slurm(
        on_fault=on_fault,
        on_jobs=on_jobs,
        poll=jobs.poll,
        pause=jobs.pause,
        partition=jobs.partition,
        account=jobs.account,
        qos=jobs.qos,
        constraint=jobs.constraint,
        walltime=jobs.walltime,
        scheduler_options="\n".join(["#SBATCH --no-requeue", *jobs.options]),
        exclusive=jobs.exclusive,
        cmd_timeout=20,
        **blocks,
    )
