"""Which engine to take."""

from __future__ import annotations

import os
from dataclasses import dataclass

from orchestrator.base.errors import EngineError, InputError
from orchestrator.engines.mumax3.diagnosis import OF_THE_PLACE, EngineFault
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

    `auto` takes `live` where mumax3 passes its self-test on a GPU, else the embedded engine.

    Raises
    ------
    InputError
        If the binary that the options name is no mumax3, there are GPUs but not the one asked for,
        or they ask for more threads than there are cores.
    EngineError
        If mumax3 is asked for by name and cannot run.
    """
    from orchestrator.engines.mumax3.hardware import check_index, find_gpus, find_mumax3

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
            what = _no_program(options.binary)
            raise InputError(f"binary: {options.binary} is not a program ({what}); give mumax3's")
        named = os.environ.get("MUMAX3")
        where = f"$MUMAX3 = {named}: {_no_program(named)}" if named else "option, $MUMAX3 or PATH"
        reason = f"no mumax3 binary ({where})"
    else:
        gpus = find_gpus()
        check_index(gpus, gpu)
        card = f"GPU {gpu} ({gpus[gpu].name})" if gpus else "GPU unknown to nvidia-smi"
        if not (gpus or by_name or options.binary is not None):
            reason = f"{found} is there, but no NVIDIA GPU was found"
        else:
            engine = kind.make(options, found)
            fault = _self_test(engine)
            if fault is None:
                return Choice(engine, kind, f"{found}, {kind.title}, {card}")
            if options.binary is not None and fault.kind not in OF_THE_PLACE:
                raise InputError(f"binary: {options.binary} is no mumax3 that works\n{fault}")
            if by_name:
                raise fault
            reason = f"{found} does not work, {card}\n{fault}"
    if by_name:
        raise EngineError(f"{reason}; set MUMAX3 to its path, or take --engine cpu")
    kind = ENGINES["cpu"]
    return Choice(kind.make(options, ""), kind, f"embedded CPU engine, because {reason}")


def _self_test(engine: Engine) -> EngineFault | None:
    """The fault that an engine's self-test meets, if it meets one."""
    try:
        engine.describe()
    except EngineFault as fault:
        return fault
    return None


def _no_program(path: str) -> str:
    if os.path.isdir(path):
        return "a directory"
    return "not executable" if os.path.exists(path) else "no such file"
