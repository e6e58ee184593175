"""Worker processes on this machine, each pinned to its cores or GPU, as an Executor.

A worker that dies takes only its own task with it: the task's future gets a `WorkerLost`, and a new
worker takes its place.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.base.errors import EngineError

CORES = "ORCHESTRATOR_CORES"
_THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WorkerLost(EngineError):
    """A worker process died while it had a task."""


@dataclass(frozen=True)
class Slot:
    """Place of one worker: environment variables that tell it its cores, threads and GPU."""

    environment: dict[str, str] = field(default_factory=dict)


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
    return [Slot(limits | {"CUDA_VISIBLE_DEVICES": gpu}) for _ in range(per_gpu) for gpu in gpus]


class LocalExecutor(Executor):
    """Runs picklable functions in worker processes, one per slot.

    Parameters
    ----------
    slots : sequence of Slot
        Where the workers sit.
    logs : Path
        Folder for what the workers print.
    """

    def __init__(self, slots: Sequence[Slot], logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._workers: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._all = [_Worker(slot, logs / f"worker{k}.log") for k, slot in enumerate(slots)]
        for worker in self._all:
            self._workers.put(worker)
        self._threads = ThreadPoolExecutor(len(slots), thread_name_prefix="worker")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn(*args, **kwargs)` in the next free worker."""
        return self._threads.submit(self._call, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers once their tasks are done."""
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        for worker in self._all:
            worker.close()

    def _call(self, fn: Any, args: Any, kwargs: Any) -> Any:
        worker = self._workers.get()
        try:
            return worker.call(fn, args, kwargs)
        finally:
            self._workers.put(worker)


class _Worker:
    def __init__(self, slot: Slot, log: Path) -> None:
        self._slot = slot
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def call(self, fn: Any, args: Any, kwargs: Any) -> Any:
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        try:
            pickle.dump((fn, args, kwargs), process.stdin)
            process.stdin.flush()
            error, result = pickle.load(process.stdout)
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
                env=os.environ | self._slot.environment,
                start_new_session=True,
            )
        return self._process
