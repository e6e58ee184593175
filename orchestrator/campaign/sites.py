"""Clusters and machines that campaigns run on through Parsl, described by TOML files.

The files are data, not Python: nothing in them is executed but `worker_init`, which the shell of a
job runs before its workers start.
"""

from __future__ import annotations

import dataclasses
import shlex
import socket
import sys
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from orchestrator.base.errors import InputError
from orchestrator.base.tomlfile import read_toml
from orchestrator.campaign.pinned import GPUS, PER_GPU
from orchestrator.campaign.task import STOP_AT
from orchestrator.describe.described import described
from orchestrator.describe.validation import explained, validated


@described
class Jobs:
    """The jobs in which workers sit.

    Parameters
    ----------
    scheduler : {"slurm", "local"}
        Who starts them; `local` is this machine.
    address : str, optional
        IP address, host name or network interface of this machine at which the nodes reach it, and
        the only one that is listened at; required but for `local`, which is 127.0.0.1.
    partition, account, qos, constraint : str, optional
        As for sbatch.
    nodes : int
        Nodes of a job.
    at_most : int
        Jobs at the same time.
    walltime : str
        HH:MM:SS of a job; runs that are not done then go on in the next one.
    stop_before : int, s
        Time before the walltime's end at which runs stop at their next pulse boundary; longer
        than a pulse takes.
    options : list of str
        Further lines of the job's script, such as `#SBATCH --gpus-per-node=4`.
    worker_init : str
        Shell commands before the workers start, such as `module load cuda`.
    exclusive : bool
        Whether whole nodes are asked for.
    poll : int, s
        Time between looks at the queue.
    pause : int, s
        Time before a job that the scheduler would not take is asked for again; doubled with each
        refusal up to ten minutes.
    """

    scheduler: Literal["slurm", "local"]
    address: str | None = None
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
    poll: int = 30
    pause: int = 30

    def __post_init__(self) -> None:
        if self.scheduler != "local" and not self.address:
            raise ValueError(
                "address is needed: the IP address, host name or network interface of this machine "
                "at which the nodes reach it, such as 'ib0'"
            )
        if self.seconds <= self.stop_before:
            raise ValueError(f"stop_before = {self.stop_before} s leaves nothing of the walltime")
        for name in ("nodes", "at_most", "poll", "pause"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")

    @property
    def seconds(self) -> int:
        """The walltime in s."""
        parts = self.walltime.split(":")
        if len(parts) != 3 or not all(part.isdigit() for part in parts):
            raise ValueError(f"walltime must be HH:MM:SS, got {self.walltime!r}")
        hours, minutes, seconds = map(int, parts)
        return 3600 * hours + 60 * minutes + seconds


@described
class Workers:
    """The workers of a node.

    Parameters
    ----------
    gpus : list of str
        GPUs of a node; each worker sees one. Where the scheduler sets CUDA_VISIBLE_DEVICES, those
        named there are taken, and only the number counts here.
    per_gpu : int
        Workers for each GPU.
    count : int, optional
        Workers of a node without GPUs.
    threads : int
        Threads of each.
    heartbeat : int, s
        Time between signs of life of a node; it is given up after four without any.
    """

    gpus: list[str] = dataclasses.field(default_factory=list)
    per_gpu: int = 1
    count: int | None = None
    threads: int = 1
    heartbeat: int = 30

    def __post_init__(self) -> None:
        if bool(self.gpus) == (self.count is not None):
            raise ValueError("give either gpus or count")


@described
class Site:
    """A site.

    Parameters
    ----------
    jobs : Jobs
        Its jobs.
    workers : Workers
        The workers of each node.
    """

    jobs: Jobs
    workers: Workers

    @property
    def each(self) -> int:
        """Workers of a node."""
        return self.workers.count or len(self.workers.gpus) * self.workers.per_gpu

    @property
    def at_once(self) -> int:
        """Workers of all jobs that may run at the same time."""
        return self.each * self.jobs.nodes * self.jobs.at_most


def read_site(path: Path) -> Site:
    """Read a site's TOML file.

    Raises
    ------
    InputError
        If it cannot be read, is not TOML, or holds unknown keys or impossible values.
    """
    content = read_toml(path)
    try:
        return validated(TypeAdapter(Site), content)
    except ValidationError as error:
        raise explained(error, Site, str(path)) from None


def stop_after(jobs: Jobs) -> int:
    """Seconds from the start of a job at which its runs stop at their next pulse boundary."""
    return jobs.seconds - jobs.stop_before


def drain_after(jobs: Jobs) -> int:
    """Seconds from the start of a job's workers at which they take no more work; a bit earlier."""
    return stop_after(jobs) - min(10, stop_after(jobs) // 4)


def local_address(jobs: Jobs) -> str:
    """The IP address of this machine at which workers reach it, and the only one listened at.

    Raises
    ------
    InputError
        If it is none of this machine's.
    """
    name = jobs.address or "127.0.0.1"
    interfaces = [interface for _, interface in socket.if_nameindex()]
    try:
        if name in interfaces:
            from parsl.addresses import address_by_interface

            return address_by_interface(name)
        address = socket.gethostbyname(name)
        with socket.socket() as probe:
            probe.bind((address, 0))
    except OSError as error:
        raise InputError(
            f"jobs.address: {name!r} is no address of this machine ({error.strerror}); give an "
            f"IP address, a host name, or one of the interfaces {', '.join(interfaces)}"
        ) from None
    return address


def worker_init(site: Site) -> str:
    """Shell commands of a job: this Python, the site's own, threads, GPUs, and when to stop."""
    jobs, workers = site.jobs, site.workers
    names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    path = f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"
    lines = [path, jobs.worker_init, *(f"export {name}={workers.threads}" for name in names)]
    if workers.gpus:
        lines.append(f"export {GPUS}={shlex.quote(','.join(workers.gpus))}")
        lines.append(f"export {PER_GPU}={workers.per_gpu}")
    lines.append(f"export {STOP_AT}=$(( $(date +%s) + {stop_after(jobs)} ))")
    return "\n".join(line for line in lines if line)
