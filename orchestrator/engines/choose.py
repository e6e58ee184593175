"""Which engine to take."""

from __future__ import annotations

import os
from dataclasses import dataclass

from orchestrator.base.errors import EngineError, InputError
from orchestrator.engines.session import Engine
from orchestrator.engines.table import ENGINES, EngineKind, EngineOptions, cores


@dataclass(frozen=True)
class Choice:
    """The engine that was taken.

    Attributes
    ----------
    engine : Engine
        Ready to start sessions.
    kind : EngineKind
        Its row of the table.
    reason : str
        Why it was taken.
    """

    engine: Engine
    kind: EngineKind
    reason: str


def choose_engine(options: EngineOptions | None = None) -> Choice:
    """The engine that the options ask for.

    `auto` takes `live` where the binary and a GPU are found, else the embedded engine.

    Raises
    ------
    InputError
        If the binary that the options name is no program, or they ask for more threads than there
        are cores.
    EngineError
        If mumax3 is asked for by name and cannot run.
    """
    from orchestrator.engines.mumax3.hardware import find_gpus, find_mumax3

    options = options or EngineOptions()
    if options.threads is not None and options.threads > cores():
        raise InputError(
            f"threads: {options.threads} are more than this process has cores ({cores()})"
        )
    by_name = options.engine != "auto"
    kind = ENGINES[options.engine if by_name else "live"]
    if not kind.needs_mumax3:
        return Choice(kind.make(options, ""), kind, "asked for by name")
    found, gpu = find_mumax3(options.binary), options.gpu or 0
    if found is None:
        if options.binary is not None:
            raise InputError(f"binary: {options.binary} is not a program; give mumax3's path")
        reason = "no mumax3 binary (option, $MUMAX3 or PATH)"
    else:
        found = os.path.abspath(found)  # mumax3 is started in other folders
        gpus = find_gpus()
        if gpu < len(gpus):
            reason = f"{found}, {kind.title}, GPU {gpu} ({gpus[gpu].name})"
            return Choice(kind.make(options, found), kind, reason)
        if by_name and not gpus:
            reason = f"{found}, {kind.title}, GPU unknown to nvidia-smi"
            return Choice(kind.make(options, found), kind, reason)
        seen = f"nvidia-smi shows {len(gpus)}" if gpus else "no NVIDIA GPU was found"
        reason = f"{found} is there, but for GPU {gpu}: {seen}"
    if by_name:
        raise EngineError(f"{reason}; set MUMAX3 to its path, or take --engine cpu")
    kind = ENGINES["cpu"]
    return Choice(kind.make(options, ""), kind, f"embedded CPU engine, because {reason}")
