"""SLURM through Parsl, with patience: what it refuses for the moment is asked for again later."""

from __future__ import annotations

import getpass
import logging
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

from parsl.jobs.states import JobState, JobStatus
from parsl.providers import SlurmProvider
from parsl.providers.errors import SubmitException

_log = logging.getLogger("orchestrator")

_LONGEST_PAUSE = 600.0
_FOR_GOOD = re.compile(
    r"invalid (partition|account|qos|feature|generic resource|gres|constraint|job)|"
    r"configuration is not available|not permitted|violates|unrecognized option|unable to open|"
    r"more processors requested than permitted|invalid option|access/permission denied",
    re.IGNORECASE,
)
"""Words of sbatch after which the same job will be refused again."""

_STATES = {
    "PENDING": JobState.PENDING,
    "CONFIGURING": JobState.PENDING,
    "REQUEUED": JobState.PENDING,
    "RUNNING": JobState.RUNNING,
    "COMPLETING": JobState.RUNNING,
    "SUSPENDED": JobState.HELD,
    "STOPPED": JobState.HELD,
    "CANCELLED": JobState.CANCELLED,
    "COMPLETED": JobState.COMPLETED,
    "TIMEOUT": JobState.TIMEOUT,
    "DEADLINE": JobState.TIMEOUT,
    "PREEMPTED": JobState.CANCELLED,
    "NODE_FAIL": JobState.CANCELLED,
}
_QUEUE = "squeue --noheader --states=all --user={user} --format='%i|%T|%N|%S|%L|%r'"


class Slurm(SlurmProvider):
    """SlurmProvider that survives a scheduler that is away, full, or short of memory.

    Parameters
    ----------
    on_fault : callable
        Told why no job can be had at all.
    on_jobs : callable
        Told the jobs of this campaign at each look at the queue, as dicts.
    poll : int
        Seconds between looks at the queue.
    pause : int
        Seconds before a refused job is asked for again; doubled with each refusal up to ten
        minutes.
    """

    def __init__(
        self,
        *,
        on_fault: Callable[[str], None],
        on_jobs: Callable[[list[dict[str, str]]], None],
        poll: int,
        pause: int,
        **options: Any,
    ) -> None:
        self._resting_until = 0.0
        self._pause = self._first_pause = float(pause)
        self._most = 0
        self._poll = poll
        self._on_fault = on_fault
        self._on_jobs = on_jobs
        self._queue = _QUEUE.format(user=getpass.getuser())
        super().__init__(**options)

    @property
    def max_blocks(self) -> int:
        """Jobs at the same time; none while a refusal is waited out."""
        return 0 if time.monotonic() < self._resting_until else self._most

    @max_blocks.setter
    def max_blocks(self, most: int) -> None:
        self._most = most

    @property
    def status_polling_interval(self) -> int:
        """Seconds between looks at the queue."""
        return self._poll

    def rest(self, why: str) -> None:
        """Ask for no job for a while, and say so the first time."""
        if self._pause == self._first_pause:
            _log.warning("%s; asked again every %.0f s or more, runs wait", why, self._pause)
        self._resting_until = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, max(_LONGEST_PAUSE, self._first_pause))

    def execute_wait(self, cmd: str, timeout: float | None = None) -> tuple[int, str, str]:
        """Code and output of a command, which is ended when it does not answer in time."""
        # sbatch and its kind, put together by Parsl from the site file
        with subprocess.Popen(  # noqa: S602
            cmd,
            shell=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                said, complained = process.communicate(timeout=timeout or self.cmd_timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                said, complained = process.communicate()
                return 124, said, f"{complained} no answer for {self.cmd_timeout} s"
            return process.returncode, said, complained

    def submit(self, command: str, tasks_per_node: int, job_name: str = "orchestrator") -> str:
        """Submit a job and return its number."""
        try:
            number = super().submit(command, tasks_per_node, job_name)
        except SubmitException as error:
            said = " ".join((error.stderr or error.stdout or "no reason given").split())
            if _FOR_GOOD.search(said):
                self._on_fault(f"sbatch refuses: {said}")
            self.rest(f"sbatch: {said}")
            raise
        except (OSError, subprocess.SubprocessError) as error:
            self.rest(f"sbatch: {error}")
            raise
        if self._pause != self._first_pause:
            _log.warning("sbatch works again: job %s", number)
        self._pause = self._first_pause
        return number

    def _status(self) -> None:
        """Look at the queue; what is no longer in it has ended."""
        if all(job["status"].terminal for job in self.resources.values()):
            return
        try:
            code, said, _ = self.execute_wait(self._queue)
        except (OSError, subprocess.SubprocessError):
            return
        if code:
            return
        found = {}
        for line in said.splitlines():
            number, state, nodes, since, left, reason = line.split("|", 5)
            if number in self.resources:
                found[number] = {
                    "job": number,
                    "state": state,
                    "nodes": nodes,
                    "since": since,
                    "left": left,
                    "reason": reason,
                }
        for own, job in self.resources.items():
            if job["status"].terminal:
                continue
            state = found.get(str(own), {}).get("state", "COMPLETED")
            job["status"] = JobStatus(
                _STATES.get(state, JobState.FAILED),
                stdout_path=job["job_stdout_path"],
                stderr_path=job["job_stderr_path"],
            )
        self._on_jobs([j for n, j in found.items() if not self.resources[n]["status"].terminal])

    def cancel_all(self) -> None:
        """Cancel every job that was ever submitted here, whatever is believed of it."""
        for _ in range(3):
            if not self.resources:
                return
            try:
                code, _, said = self.execute_wait("scancel " + " ".join(map(str, self.resources)))
            except (OSError, subprocess.SubprocessError) as error:
                code, said = 1, str(error)
            if code == 0 or "Invalid job id" in said:
                return
            time.sleep(2)
        numbers = ", ".join(map(str, self.resources))
        _log.warning("scancel: %s; look whether jobs %s are gone", " ".join(said.split()), numbers)
