"""Which engine to take."""

from __future__ import annotations

from orchestrator.engines.session import Engine
from orchestrator.errors import EngineError


def choose_engine(name: str, threads: int | None = None) -> tuple[Engine, str]:
    """The engine of a name, and why it was taken.

    Parameters
    ----------
    name : {"auto", "cpu", "mumax3"}
        `auto` takes mumax3 where the binary and a GPU are found, else the embedded engine.
    threads : int, optional
        Threads of the embedded engine.

    Raises
    ------
    EngineError
        If mumax3 is asked for by name and cannot run.
    """
    from orchestrator.engines.cpu.session import CpuEngine
    from orchestrator.engines.mumax3 import Mumax3Engine, find_gpu, find_mumax3

    if name == "cpu":
        return CpuEngine(threads), "asked for by name"
    binary = find_mumax3()
    if binary is None:
        reason = "no mumax3 binary (option, $MUMAX3 or PATH)"
    else:
        gpu = find_gpu()
        if gpu is not None or name == "mumax3":
            return Mumax3Engine(binary), f"{binary}, GPU {gpu or 'unknown'}"
        reason = f"{binary} is there, but no NVIDIA GPU was found"
    if name == "mumax3":
        raise EngineError(f"{reason}; set MUMAX3 to its path, or take --engine cpu")
    return CpuEngine(threads), f"embedded CPU engine, because {reason}"
