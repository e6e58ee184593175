"""A run as a task for any executor: plain data in, plain data out.

The only exception is the `SlotFault`, which is not of the run but of the place it was sent to.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from orchestrator.base.errors import OrchestratorError
from orchestrator.campaign.faults import SlotFault
from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.diagnosis import OF_THE_PLACE, EngineFault
from orchestrator.engines.session import Engine
from orchestrator.engines.table import EngineOptions


@dataclass(frozen=True)
class Task:
    """What a worker needs to know of a run.

    Attributes
    ----------
    description : dict
        The experiment.
    root : str
        Folder of the run folders.
    stop_file : str
        File whose existence asks to stop.
    options : EngineOptions
        The engine, and with what.
    transport_solver : str
        Solver of the transport network.
    templates : str or None
        Folder of the user's own templates.
    campaign : str or None
        The campaign's folder, for notes of who works on what.
    """

    description: dict[str, Any]
    root: str
    stop_file: str
    options: EngineOptions
    transport_solver: str = "auto"
    templates: str | None = None
    campaign: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How an attempt at a run ended; `stopped` and `busy` runs can be gone on with."""

    state: Literal["finished", "stopped", "failed", "busy"]
    message: str = ""


STOP_AT = "ORCHESTRATOR_STOP_AT"
"""Environment variable: the time in s since 1970 at which workers stop, before their walltime."""


def execute(task: Task) -> Outcome:
    """Carry out a run, or what is left of it, until it is finished or asked to stop.

    Asked to stop by SIGINT, SIGTERM or SIGUSR1, by the stop file, by the time in
    `ORCHESTRATOR_STOP_AT`, or by the end of the process that started the worker.

    Raises
    ------
    SlotFault
        If GPU, driver or machine fail; the run stays as it is and can go on elsewhere.
    """
    from orchestrator.campaign.monitor import noted
    from orchestrator.describe.experiment import Experiment
    from orchestrator.engines.choose import choose_engine
    from orchestrator.run.execute import run
    from orchestrator.run.folder import FAILED, run_folder
    from orchestrator.run.locks import InUseError
    from orchestrator.run.progress import stop_on_signals
    from orchestrator.run.workplace import Interrupted, Quiet, Workplace

    in_main = threading.current_thread() is threading.main_thread()
    folder, engine = None, None
    try:
        experiment = Experiment.from_dict(task.description)
        root = Path(task.root)
        folder = run_folder(root, experiment)
        engine = choose_engine(task.options).engine
        templates = None if task.templates is None else Path(task.templates)
        with stop_on_signals() if in_main else nullcontext(lambda: False) as signaled:
            stop = _stopper(signaled, task.stop_file)
            if stop():
                return Outcome("stopped")
            solver, threads = task.transport_solver, task.options.threads
            workplace = Workplace(root, engine, Quiet(), stop, templates, solver, threads)
            with noted(None if task.campaign is None else Path(task.campaign), folder.name):
                run(experiment, workplace)
        (folder / FAILED).unlink(missing_ok=True)
    except Interrupted:
        return Outcome("stopped")
    except InUseError as error:
        return Outcome("busy", str(error))
    except EngineFault as fault:
        if fault.kind in (*OF_THE_PLACE, "missing") or not _still_works(engine):
            raise SlotFault(str(fault), passing=fault.kind == "memory") from None
        return failed(folder, str(fault))
    except OrchestratorError as error:
        return failed(folder, str(error))
    except Exception as error:
        message = f"{type(error).__name__}: {error}".partition("\n")[0]
        return failed(folder, message, traceback.format_exc())
    return Outcome("finished")


def _still_works(engine: Engine | None) -> bool:
    """Whether an engine at whose hands a run has failed passes its self-test."""
    try:
        if isinstance(engine, Mumax3Engine):
            engine.self_test()
    except EngineFault:
        return False
    return True


def failed(folder: Path | None, message: str, details: str = "") -> Outcome:
    """Note a failure in the run folder, where that is possible."""
    from orchestrator.campaign.monitor import say
    from orchestrator.run.folder import FAILED
    from orchestrator.run.notes import write_json

    if folder is not None:
        content = {
            "message": message,
            "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "process": f"{os.getpid()} on {socket.gethostname()}",
            "details": details,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / FAILED, content)
        except OSError as error:
            message += f" (not noted in the folder: {error.strerror})"
        say(f"{folder.name}: failed: {message}")
    return Outcome("failed", message)


def _stopper(signaled: Callable[[], bool], stop_file: str) -> Callable[[], bool]:
    parent = os.getppid()
    stop_at = float(os.environ.get(STOP_AT, "inf"))

    def stop() -> bool:
        orphaned = os.getppid() != parent
        return signaled() or orphaned or time.time() > stop_at or os.path.exists(stop_file)

    return stop
