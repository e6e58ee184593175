"""The engines by name: what they are, how they are made and which options they take.

`--engine`, `choose_engine`, `orchestrator doctor`, the tasks of campaigns and a test of the pages
read this one table; a new engine is one more row.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.base.errors import InputError
from orchestrator.engines.session import Engine


@dataclass(frozen=True)
class EngineOptions:
    """Which engine, and with what; plain data that can be sent to another process.

    Attributes
    ----------
    engine : str
        A name in `ENGINES`, or `auto`.
    threads : int, optional
        Threads of the embedded engine, and of the transport network with any engine; all cores by
        default.
    binary : str, optional
        mumax3's binary; the environment's MUMAX3 or the one on PATH by default.
    gpu : int, optional
        GPU of mumax3 among those that CUDA_VISIBLE_DEVICES leaves; 0 by default.
    time_limit : float, optional
        Wall-clock limit of a pulse in mumax3, s; none by default.
    silence_limit : float, optional
        Longest time without a sign of life from mumax3, s; 600 s by default.

    Raises
    ------
    InputError
        If there is no such engine, it does not take one of the options given, or a value is
        impossible.
    """

    engine: str = "auto"
    threads: int | None = None
    binary: str | None = None
    gpu: int | None = None
    time_limit: float | None = None
    silence_limit: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.engine, str) or self.engine not in ENGINE_NAMES:
            raise InputError(f"engine: {self.engine!r} is none of {', '.join(ENGINE_NAMES)}")
        for name in ("threads", "gpu"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise InputError(f"{name}: must be an integer, got {value!r}")
        if self.threads is not None and self.threads < 1:
            raise InputError(f"threads: {self.threads} must be at least 1")
        if self.gpu is not None and self.gpu < 0:
            raise InputError(f"gpu: {self.gpu} must not be negative")
        if self.binary is not None and not isinstance(self.binary, str | os.PathLike):
            raise InputError(f"binary: must be the path of mumax3, got {self.binary!r}")
        for name in ("time_limit", "silence_limit"):
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise InputError(f"{name}: must be a positive time in s, got {value!r}")
        for option in self.given:
            if self.engine != "auto" and option not in ENGINES[self.engine].options:
                takers = [kind.name for kind in ENGINES.values() if option in kind.options]
                raise InputError(
                    f"{option}: engine {self.engine} does not take it; {', '.join(takers)} does"
                )

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the options that are not left to their defaults."""
        names = ("threads", "binary", "gpu", "time_limit", "silence_limit")
        return tuple(name for name in names if getattr(self, name) is not None)


@dataclass(frozen=True)
class EngineKind:
    """One row: an engine that can be asked for.

    Attributes
    ----------
    name : str
        As for `--engine`.
    title : str
        What it is.
    auto : str
        Where `--engine auto` takes it; empty if nowhere.
    needs_mumax3 : bool
        Whether it drives a mumax3 binary on a GPU.
    options : frozenset of str
        The fields of `EngineOptions` that it takes.
    make : callable
        The engine, from options and the path of the binary found.
    """

    name: str
    title: str
    auto: str
    needs_mumax3: bool
    options: frozenset[str]
    make: Callable[[EngineOptions, str], Engine]


def _live(options: EngineOptions, binary: str) -> Engine:
    from orchestrator.engines.mumax3.live import LiveEngine
    from orchestrator.engines.mumax3.process import Limits

    limits = Limits(options.time_limit, options.silence_limit or Limits.silence)
    return LiveEngine(binary, options.gpu or 0, limits)


def _process(options: EngineOptions, binary: str) -> Engine:
    from orchestrator.engines.mumax3.blocks import Mumax3Engine
    from orchestrator.engines.mumax3.process import Limits

    limits = Limits(options.time_limit, options.silence_limit or Limits.silence)
    return Mumax3Engine(binary, options.gpu or 0, limits)


def _embedded(options: EngineOptions, binary: str) -> Engine:
    from orchestrator.engines.cpu.session import CpuEngine

    return CpuEngine(options.threads)


_OF_MUMAX3 = frozenset({"threads", "binary", "gpu", "time_limit", "silence_limit"})

ENGINES = {
    kind.name: kind
    for kind in (
        EngineKind(
            "live",
            "one live mumax3 process for all pulses",
            "where mumax3 passes its self-test on a GPU",
            True,
            _OF_MUMAX3,
            _live,
        ),
        EngineKind("mumax3", "a mumax3 process for each pulse", "", True, _OF_MUMAX3, _process),
        EngineKind(
            "cpu", "the embedded engine", "elsewhere", False, frozenset({"threads"}), _embedded
        ),
    )
}
"""Engines by name, in the order in which `auto` looks at them."""

ENGINE_NAMES = ("auto", *ENGINES)
"""What `--engine` takes."""


def cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
