"""Which engine to take."""

from __future__ import annotations

from orchestrator.base.errors import EngineError
from orchestrator.engines.mumax3.process import Limits
from orchestrator.engines.session import Engine

ENGINES = ("auto", "live", "mumax3", "cpu")
"""Names of engines; `mumax3` is one process for each block."""


def choose_engine(
    name: str,
    threads: int | None = None,
    *,
    binary: str | None = None,
    gpu: int = 0,
    limits: Limits | None = None,
) -> tuple[Engine, str]:
    """The engine of a name, and why it was taken.

    Parameters
    ----------
    name : {"auto", "live", "mumax3", "cpu"}
        `auto` takes `live` where the binary and a GPU are found, else the embedded engine.
    threads : int, optional
        Threads of the embedded engine.
    binary : str, optional
        mumax3's binary, instead of the environment's MUMAX3 or the one on PATH.
    gpu : int
        GPU of mumax3.
    limits : Limits, optional
        Time limits of mumax3.

    Raises
    ------
    EngineError
        If mumax3 is asked for by name and cannot run.
    """
    from orchestrator.engines.cpu.session import CpuEngine
    from orchestrator.engines.mumax3.blocks import Mumax3Engine
    from orchestrator.engines.mumax3.hardware import find_gpus, find_mumax3
    from orchestrator.engines.mumax3.live import LiveEngine

    if name == "cpu":
        return CpuEngine(threads), "asked for by name"
    if name not in ENGINES:
        raise EngineError(f"{name!r} is no engine; expected one of {', '.join(ENGINES)}")
    by_name = name != "auto"
    found = find_mumax3(binary)
    if found is None:
        reason = "no mumax3 binary (option, $MUMAX3 or PATH)"
    else:
        gpus = find_gpus()
        kind = Mumax3Engine if name == "mumax3" else LiveEngine
        way = "a process for each pulse" if name == "mumax3" else "one live process"
        if gpu < len(gpus):
            return kind(found, gpu, limits), f"{found}, {way}, GPU {gpu} ({gpus[gpu].name})"
        if by_name and not gpus:
            return kind(found, gpu, limits), f"{found}, {way}, GPU unknown to nvidia-smi"
        seen = f"nvidia-smi shows {len(gpus)}" if gpus else "no NVIDIA GPU was found"
        reason = f"{found} is there, but for GPU {gpu}: {seen}"
    if by_name:
        raise EngineError(f"{reason}; set MUMAX3 to its path, or take --engine cpu")
    return CpuEngine(threads), f"embedded CPU engine, because {reason}"
