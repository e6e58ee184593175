"""A SLURM cluster on this machine: one controller, two nodes with two GPUs each, loopback only.

    python tests/cluster/slurm.py start FOLDER     # prints the line that makes sbatch use it
    python tests/cluster/slurm.py stop FOLDER

Debian's packages slurm-wlm and munge; root, since the GPUs are device files made for it. The nodes
are daemons with ports of their own, their GPUs stand for nothing and are only counted.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "squeue", "scontrol", "sinfo")
NODES = ("n1", "n2")
PORT = 17900

_CONFIGURATION = """
ClusterName=film
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
KillWait=5
MinJobAge=300
SlurmctldTimeout=30
SlurmdTimeout=10
MessageTimeout=10
MaxArraySize={array_size}
MaxJobCount={job_count}
{nodes}
PartitionName=gpu Nodes=ALL Default=YES MaxTime=01:00:00 PriorityTier=1 GraceTime=10 State=UP
PartitionName=urgent Nodes=ALL MaxTime=01:00:00 PriorityTier=10 PreemptMode=OFF State=UP
"""
_NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=4 Boards=1 "
    "SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=4000 Gres=gpu:2"
)


def missing() -> str:
    """Why there can be no cluster here; empty if there can."""
    absent = [name for name in PROGRAMS if not shutil.which(name, path=_path())]
    if absent:
        return f"needs Debian's slurm-wlm and munge ({', '.join(absent)} not found)"
    return "" if os.geteuid() == 0 else "needs root: device files stand for the GPUs"


class Cluster:
    """A cluster whose files all lie in one folder.

    Parameters
    ----------
    folder : Path
        Made by `start`; readable by all, as munge wants it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "PATH": _path(),
            "SLURM_CONF": str(folder / "slurm.conf"),
        }

    def start(self, array_size: int = 20, job_count: int = 50) -> None:
        """Write the configuration and start munge, controller and nodes."""
        for name in ("state", *NODES):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o755)
        host = socket.gethostname().partition(".")[0]
        nodes = [
            _NODE.format(name=name, host=host, port=PORT + k)
            for k, name in enumerate(NODES, start=1)
        ]
        text = _CONFIGURATION.format(
            folder=self.folder,
            host=host,
            port=PORT,
            nodes="\n".join(nodes),
            array_size=array_size,
            job_count=job_count,
        )
        (self.folder / "slurm.conf").write_text(text)
        for k in range(2):
            subprocess.run(["mknod", self.folder / f"gpu{k}", "c", "1", "3"], check=True)
        gpus = f"NodeName={','.join(NODES)} Name=gpu File={self.folder}/gpu[0-1]\n"
        (self.folder / "gres.conf").write_text(gpus)
        cgroups = "CgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\n"
        (self.folder / "cgroup.conf").write_text(cgroups)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(64))
        key.chmod(0o400)
        options = {
            "key-file": key,
            "socket": self.folder / "munge.sock",
            "pid-file": self.folder / "munged.pid",
            "log-file": self.folder / "munged.log",
            "seed-file": self.folder / "munged.seed",
        }
        self.run("munged", "--force", *(f"--{k}={v}" for k, v in options.items()))
        self.start_controller()
        for name in NODES:
            self.start_node(name)
        self.wait_until(lambda: set(self.run("sinfo", "-h", "-N", "-o", "%T").split()) == {"idle"})

    def start_controller(self) -> None:
        """Start the controller, which goes on with the state that it left."""
        self.run("slurmctld")

    def start_node(self, name: str) -> None:
        """Start the daemon of a node."""
        self.run("slurmd", "-N", name)

    def kill(self, daemon: str) -> None:
        """Kill `slurmctld`, or the daemon of a node by its name, with signal 9."""
        _end(self.folder / f"{daemon}.pid", signal.SIGKILL)

    def stop(self) -> None:
        """Cancel what runs and end all daemons."""
        if (self.folder / "slurmctld.pid").exists():
            subprocess.run(
                ["scancel", "--user=root", "--full", "--signal=KILL"],
                env=self.environment,
                check=False,
                capture_output=True,
                timeout=20,
            )
            with suppress(TimeoutError, subprocess.SubprocessError):
                self.wait_until(lambda: self.jobs() == [], 10)
        for daemon in (*NODES, "slurmctld", "munged"):
            _end(self.folder / f"{daemon}.pid", signal.SIGKILL)

    def run(self, *command: str) -> str:
        """The output of a command of the cluster, such as `squeue -h`."""
        done = subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True, timeout=30
        )
        return done.stdout

    def jobs(self, *states: str) -> list[str]:
        """Numbers of the jobs that wait or run, or are in some states."""
        chosen = ",".join(states) or "PENDING,RUNNING,COMPLETING"
        return self.run("squeue", "-h", "-o", "%i", "-t", chosen).split()

    @staticmethod
    def wait_until(condition, seconds: float = 30.0) -> None:
        """Wait for something to become true.

        Raises
        ------
        TimeoutError
            If it does not within so many seconds.
        """
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"waited {seconds:g} s in vain")
            time.sleep(0.2)


def _path() -> str:
    return os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"


def _end(file: Path, number: signal.Signals) -> None:
    try:
        process = int(file.read_text())
        os.kill(process, number)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return
    for _ in range(50):
        if not Path(f"/proc/{process}").exists():
            break
        time.sleep(0.1)
    file.unlink(missing_ok=True)


if __name__ == "__main__":
    verb, place = sys.argv[1], Path(sys.argv[2]).resolve()
    if reason := missing():
        sys.exit(reason)
    if verb == "start":
        Cluster(place).start()
        print(f"export SLURM_CONF={place / 'slurm.conf'}")
    elif verb == "stop":
        Cluster(place).stop()
    else:
        sys.exit(__doc__)
