"""Clusters and machines that campaigns run on through Parsl, described by TOML files.

The files are data, not Python: nothing in them is executed but `worker_init`, which the shell of a
job runs before its workers start.
"""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from orchestrator.base.errors import InputError
from orchestrator.base.tomlfile import read_toml
from orchestrator.campaign.task import STOP_AT
from orchestrator.describe.plausibility import FROZEN
from orchestrator.describe.validation import explained

if TYPE_CHECKING:
    from parsl.concurrent import ParslPoolExecutor

_INTERCHANGE = "parsl.executors.high_throughput.interchange"


@dataclass(frozen=True, config=FROZEN)
class Jobs:
    """The jobs in which workers sit.

    Parameters
    ----------
    scheduler : {"slurm", "local"}
        Who starts them; `local` is this machine.
    partition, account, qos, constraint : str, optional
        As for sbatch.
    nodes : int
        Nodes of a job.
    at_most : int
        Jobs at the same time.
    walltime : str
        HH:MM:SS of a job; runs that are not done then go on in the next one.
    stop_before : int
        Seconds before the walltime's end at which runs stop at their next pulse boundary; longer
        than a pulse takes.
    options : list of str
        Further lines of the job's script, such as `#SBATCH --gpus-per-node=4`.
    worker_init : str
        Shell commands before the workers start, such as `module load cuda`.
    exclusive : bool
        Whether whole nodes are asked for.
    """

    scheduler: Literal["slurm", "local"]
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    nodes: int = 1
    at_most: int = 1
    walltime: str = "24:00:00"
    stop_before: int = 300
    options: list[str] = dataclasses.field(default_factory=list)
    worker_init: str = ""
    exclusive: bool = False

    def __post_init__(self) -> None:
        if self.seconds <= self.stop_before:
            raise ValueError(f"stop_before = {self.stop_before} s leaves nothing of the walltime")
        if min(self.nodes, self.at_most) < 1:
            raise ValueError("nodes and at_most must be at least 1")

    @property
    def seconds(self) -> int:
        """The walltime in s."""
        parts = self.walltime.split(":")
        if len(parts) != 3 or not all(part.isdigit() for part in parts):
            raise ValueError(f"walltime must be HH:MM:SS, got {self.walltime!r}")
        hours, minutes, seconds = map(int, parts)
        return 3600 * hours + 60 * minutes + seconds


@dataclass(frozen=True, config=FROZEN)
class Workers:
    """The workers of a node.

    Parameters
    ----------
    gpus : list of str
        GPUs of a node; each worker sees one of them.
    per_gpu : int
        Workers for each GPU.
    count : int, optional
        Workers of a node without GPUs.
    threads : int
        Threads of each.
    heartbeat : int
        Seconds between signs of life of a node; it is given up after four without any.
    """

    gpus: list[str] = dataclasses.field(default_factory=list)
    per_gpu: int = 1
    count: int | None = None
    threads: int = 1
    heartbeat: int = 30

    def __post_init__(self) -> None:
        if bool(self.gpus) == (self.count is not None):
            raise ValueError("give either gpus or count")


@dataclass(frozen=True, config=FROZEN)
class Site:
    """A site: its jobs and workers."""

    jobs: Jobs
    workers: Workers


def read_site(path: Path) -> Site:
    """Read a site's TOML file.

    Raises
    ------
    InputError
        If it cannot be read, is not TOML, or holds unknown keys or impossible values.
    """
    content = read_toml(path)
    try:
        return TypeAdapter(Site).validate_python(content)
    except ValidationError as error:
        raise explained(error, Site, str(path)) from None


def worker_init(site: Site) -> str:
    """Shell commands of a job: this Python, the site's own, thread limits, and when to stop."""
    threads = site.workers.threads
    names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    path = f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"
    lines = [path, site.jobs.worker_init, *(f"export {name}={threads}" for name in names)]
    remaining = site.jobs.seconds - site.jobs.stop_before
    lines.append(f"export {STOP_AT}=$(( $(date +%s) + {remaining} ))")
    return "\n".join(line for line in lines if line)


def parsl_executor(site: Site, folder: Path) -> ParslPoolExecutor:
    """An executor whose workers Parsl starts as the site says.

    Parameters
    ----------
    site : Site
        From `read_site`.
    folder : Path
        For Parsl's logs and job scripts.

    Raises
    ------
    InputError
        If Parsl is not installed.
    """
    try:
        from parsl.concurrent import ParslPoolExecutor
        from parsl.config import Config
        from parsl.executors import HighThroughputExecutor
        from parsl.launchers import SingleNodeLauncher, SrunLauncher
        from parsl.providers import LocalProvider, SlurmProvider
    except ImportError:
        raise InputError("--site needs Parsl: pip install 'mumax3-orchestrator[cluster]'") from None
    jobs, workers = site.jobs, site.workers
    blocks: dict[str, Any] = {
        "nodes_per_block": jobs.nodes,
        "init_blocks": 1,
        "min_blocks": 0,
        "max_blocks": jobs.at_most,
        "worker_init": worker_init(site),
        "launcher": SingleNodeLauncher() if jobs.nodes == 1 else SrunLauncher(),
    }
    if jobs.scheduler == "slurm":
        provider: Any = SlurmProvider(
            partition=jobs.partition,
            account=jobs.account,
            qos=jobs.qos,
            constraint=jobs.constraint,
            walltime=jobs.walltime,
            scheduler_options="\n".join(jobs.options),
            exclusive=jobs.exclusive,
            **blocks,
        )
    else:
        provider = LocalProvider(**blocks)
    accelerators = [gpu for gpu in workers.gpus for _ in range(workers.per_gpu)]
    executor = HighThroughputExecutor(
        label=f"orchestrator_{jobs.scheduler}",
        address="127.0.0.1" if jobs.scheduler == "local" else None,
        provider=provider,
        interchange_launch_cmd=[sys.executable, "-m", _INTERCHANGE],
        max_workers_per_node=workers.count or len(accelerators),
        cores_per_worker=1e-6,
        available_accelerators=accelerators,
        heartbeat_period=workers.heartbeat,
        heartbeat_threshold=4 * workers.heartbeat,
        encrypted=jobs.scheduler != "local",
    )
    config = Config(
        executors=[executor],
        run_dir=str(folder),
        retries=0,
        strategy_period=2,
        max_idletime=60.0,
        initialize_logging=False,
    )
    return ParslPoolExecutor(config)
