"""Worker processes on this machine, each pinned to its cores or GPU, as an Executor.

A worker that dies takes only its own task with it: the task's future gets a `WorkerLost`, and a new
worker takes its place. A worker whose place is at fault (`SlotFault`) rests and tries again, while
the others go on; after a few times its slot is given up.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.base.errors import EngineError
from orchestrator.campaign.faults import SiteFault, SlotFault
from orchestrator.engines.mumax3.hardware import ORDER, VISIBLE

CORES = "ORCHESTRATOR_CORES"
_THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_TRIES = 3
_PAUSE = 30.0
_NONE_LEFT = "no worker is left whose GPU works; no run has failed for it, and resuming goes on\n"
_log = logging.getLogger(__name__)


class WorkerLost(EngineError):
    """A worker process died while it had a task."""


@dataclass(frozen=True)
class Slot:
    """Place of one worker: environment variables that tell it its cores, threads and GPU."""

    environment: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        gpu = self.environment.get(VISIBLE)
        return "worker" if gpu is None else f"GPU {gpu}"


def core_slots(workers: int, threads: int) -> list[Slot]:
    """Slots of so many threads each, pinned to cores of their own as far as there are enough."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    slots = []
    for k in range(workers):
        own = cores[k * threads : (k + 1) * threads]
        limits = dict.fromkeys(_THREADS, str(threads))
        pinned = {CORES: ",".join(map(str, own))} if len(own) == threads else {}
        slots.append(Slot(limits | pinned))
    return slots


def gpu_slots(gpus: Sequence[str], per_gpu: int, threads: int) -> list[Slot]:
    """Slots of `per_gpu` workers for each GPU, of which a worker sees no other."""
    limits = dict.fromkeys(_THREADS, str(threads))
    return [Slot(limits | ORDER | {VISIBLE: gpu}) for _ in range(per_gpu) for gpu in gpus]


class _Queued(Future[Any]):
    """A future whose cancellation counts at once, though its worker may rest for long."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()

    def cancel(self) -> bool:
        """Give it up, unless somebody works at it."""
        with self._turn:
            if self.done() or not super().cancel():
                return self.cancelled()
            return not self.set_running_or_notify_cancel()

    def begin(self) -> bool:
        """Whether to work at it."""
        with self._turn:
            return not self.cancelled() and self.set_running_or_notify_cancel()


class LocalExecutor(Executor):
    """Runs picklable functions in worker processes, one per slot.

    Parameters
    ----------
    slots : sequence of Slot
        Where the workers sit.
    logs : Path
        Folder for what the workers print.
    pause : float
        Time in s that a slot rests after a fault of its own; twice as long after the next.
    tries : int
        Faults one after the other at which a slot is given up. A full GPU is none: it is waited
        for.
    """

    def __init__(
        self, slots: Sequence[Slot], logs: Path, *, pause: float = _PAUSE, tries: int = _TRIES
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._pause, self._tries = pause, tries
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._fit = len(slots)
        self._last_fault = ""
        self._all = [_Worker(slot, logs / f"worker{k}.log") for k, slot in enumerate(slots)]
        self._threads = [
            threading.Thread(target=self._work, args=(worker,), daemon=True) for worker in self._all
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn(*args, **kwargs)` in the next free worker; its future may hold a `SlotFault`.

        With the last slot given up, it holds a `SiteFault`.
        """
        future = _Queued()
        with self._lock:
            if self._closing.is_set():
                raise RuntimeError("the workers have been sent home")
            if self._fit:
                self._tasks.put((future, (fn, args, kwargs)))
            else:
                future.set_exception(SiteFault(_NONE_LEFT + self._last_fault))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers once their tasks are done."""
        with self._lock:
            self._closing.set()
            if cancel_futures:
                for future in self._waiting():
                    future.cancel()
            for _ in self._threads:
                self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()
            for worker in self._all:
                worker.close()

    def _work(self, worker: _Worker) -> None:
        """Take tasks until there are no more, or the slot is given up."""
        faults, told = 0, False
        while (task := self._tasks.get()) is not None:
            future, call = task
            if not future.begin():
                continue
            try:
                result = worker.call(*call)
            except SlotFault as fault:
                faults += not fault.passing
                if not told:
                    then = "waits for it" if fault.passing else "is tried again after a pause"
                    _log.warning("%s %s; others go on\n%s", worker.slot, then, fault)
                told = True
                if faults == self._tries:
                    _log.warning("%s is given up after %d tries", worker.slot, faults)
                    self._give_up(future, fault)
                    return
                future.set_exception(fault)
                self._closing.wait(self._pause * 2 ** max(0, faults - 1))
            except BaseException as error:
                future.set_exception(error)
            else:
                faults, told = 0, False
                future.set_result(result)

    def _give_up(self, future: Future[Any], fault: SlotFault) -> None:
        with self._lock:
            self._fit -= 1
            self._last_fault = str(fault)
            none_left = not self._fit
            waiting = self._waiting() if none_left else []
        future.set_exception(SiteFault(_NONE_LEFT + str(fault)) if none_left else fault)
        for other in waiting:
            if other.begin():
                other.set_exception(SiteFault(_NONE_LEFT + str(fault)))

    def _waiting(self) -> list[_Queued]:
        """Take the tasks that nobody works at out of the queue."""
        found = []
        with suppress(queue.Empty):
            while True:
                if (task := self._tasks.get_nowait()) is not None:
                    found.append(task[0])
        return found


_Task = tuple[_Queued, tuple[Any, Any, Any]]


class _Worker:
    def __init__(self, slot: Slot, log: Path) -> None:
        self.slot = slot
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def call(self, fn: Any, args: Any, kwargs: Any) -> Any:
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        try:  # pickles go between this process and its own child, through their pipes alone
            pickle.dump((fn, args, kwargs), process.stdin)
            process.stdin.flush()
            error, result = pickle.load(process.stdout)  # noqa: S301
        except (OSError, EOFError, pickle.UnpicklingError):
            process.kill()
            code = process.wait()
            self._forget(process)
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise WorkerLost(f"the worker process died ({how}); see {self._log}") from None
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        if self._process is not None:
            self._forget(self._process)

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        """Close the pipes, at which a living worker ends, and wait for that."""
        assert process.stdin is not None and process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()
        process.stdout.close()
        self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator.campaign.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | self.slot.environment,
                start_new_session=True,
            )
        return self._process
