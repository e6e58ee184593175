"""What this machine offers, what would be used, and what is wrong with a remedy."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
import time as clock
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from orchestrator.base.errors import OrchestratorError
from orchestrator.engines import selftest
from orchestrator.engines.choose import choose_engine
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.mumax3.hardware import Gpu, find_gpus, find_mumax3
from orchestrator.engines.session import Engine
from orchestrator.engines.table import ENGINES, EngineOptions
from orchestrator.ovf.files import read_ovf
from orchestrator.ubermag.packages import NAMES as UBERMAG

_LEAST_DISK = 1 << 30
_LIMIT = 60.0
"""Longest time of a self-test's block, s."""


@dataclass(frozen=True)
class Trial:
    """The self-test of one engine."""

    engine: str
    passed: bool
    seconds: float
    about: dict[str, str]
    error: str = ""


@dataclass(frozen=True)
class Finding:
    """Something worth knowing; `wrong` if it keeps an engine that is there from working."""

    wrong: bool
    text: str
    remedy: str


@dataclass
class Examination:
    """All that was found.

    Attributes
    ----------
    program, python, system : str
        Versions.
    packages : dict
        Versions of the packages that the program depends on.
    processor, cores : str, int
        CPU and the cores this process may use.
    memory_gib, disk_free_gib : float
        Main memory; free space in the working directory.
    mumax3 : str or None
        Path of the binary.
    gpus : list of Gpu
        As nvidia-smi tells them.
    trials : list of Trial
        Self-tests.
    chosen, reason : str
        What `--engine auto` would take.
    findings : list of Finding
        What is wrong or missing.
    """

    program: str
    python: str
    system: str
    packages: dict[str, str]
    processor: str
    cores: int
    memory_gib: float
    disk_free_gib: float
    mumax3: str | None
    gpus: list[Gpu]
    trials: list[Trial] = field(default_factory=list)
    chosen: str = ""
    reason: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(finding.wrong for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        return asdict(self) | {"ok": self.ok}


def examine(binary: str | None = None, gpu: int = 0) -> Examination:
    """Look around and try every engine.

    Parameters
    ----------
    binary : str, optional
        mumax3's binary instead of $MUMAX3 or the one on PATH.
    gpu : int
        GPU for mumax3.
    """
    found = Examination(
        program=metadata.version("mumax3-orchestrator"),
        python=platform.python_version(),
        system=platform.platform(),
        packages=_packages(),
        processor=CpuEngine().describe()["processor"],
        cores=len(os.sched_getaffinity(0)),
        memory_gib=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30,
        disk_free_gib=shutil.disk_usage(".").free / 2**30,
        mumax3=find_mumax3(binary),
        gpus=find_gpus(),
    )
    for kind in reversed(ENGINES.values()):
        if not kind.needs_mumax3:
            found.trials.append(_try(kind.name, kind.make(EngineOptions(kind.name), "")))
        elif found.mumax3 is not None:
            options = EngineOptions(kind.name, gpu=gpu, time_limit=_LIMIT, silence_limit=_LIMIT)
            found.trials.append(_try(kind.name, kind.make(options, found.mumax3)))
    choice = choose_engine(EngineOptions(binary=found.mumax3, gpu=gpu))
    found.chosen, found.reason = choice.kind.name, choice.reason
    _judge(found, binary)
    return found


def _packages() -> dict[str, str]:
    names = []
    for requirement in metadata.requires("mumax3-orchestrator") or []:
        if "extra ==" not in requirement:
            names.append(re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0])
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "missing"
    return versions


def _try(name: str, engine: Engine) -> Trial:
    """Two blocks of one spin in a field, compared with the known answer."""
    start = clock.perf_counter()
    about: dict[str, str] = {}
    error = ""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        selftest.write_initial(folder)
        try:
            about = engine.describe()
            session = engine.start(selftest.SETUP, folder, selftest.INITIAL)
            try:
                result = session.execute(selftest.BLOCK, selftest.FINAL)
            finally:
                session.close()
            field = read_ovf(result.magnetization)
            selftest.check_answer(field)
        except OrchestratorError as problem:
            error = str(problem)
    return Trial(name, not error, clock.perf_counter() - start, about, error)


def _judge(found: Examination, binary: str | None) -> None:
    say = found.findings.append
    asked = binary or os.environ.get("MUMAX3")
    if found.mumax3 is None and asked:
        remedy = "give the path of an executable file in MUMAX3 or by --mumax3"
        say(Finding(True, f"{asked} is not a program", remedy))
    elif found.mumax3 is None:
        remedy = "unpack mumax3 and put it on PATH or its path into MUMAX3"
        say(Finding(False, "no mumax3 binary; the embedded engine is used", remedy))
    elif not found.gpus:
        remedy = "see whether `nvidia-smi` works; install or load the NVIDIA driver"
        say(Finding(True, "mumax3 is there, but nvidia-smi shows no GPU", remedy))
    for trial in found.trials:
        if not trial.passed:
            say(Finding(True, f"engine {trial.engine}: {trial.error}", _remedy(trial)))
    if found.disk_free_gib * 2**30 < _LEAST_DISK:
        text = f"only {found.disk_free_gib:.2f} GiB free in {Path.cwd()}"
        say(Finding(True, text, "make room, or run with --root on another disk"))
    for name, installed in found.packages.items():
        if installed == "missing":
            needed = name not in UBERMAG
            use = "" if needed else ", which only Ubermag's systems and fields need"
            say(Finding(needed, f"package {name} is not installed{use}", f"pip install {name}"))


def _remedy(trial: Trial) -> str:
    if "CUDA_ERROR" in trial.error or "driver" in trial.error:
        return "take the mumax3 build for your driver's CUDA version, or another --gpu"
    if trial.engine == "live":
        return "the process engine does without the web interface: --engine mumax3"
    if trial.engine == "cpu":
        return "reinstall numba and numpy: pip install --force-reinstall numba numpy"
    return "run mumax3 by hand with a small script; --engine cpu does without it"


def render(found: Examination) -> str:
    """The examination as lines of text."""
    lines = [
        f"program    mumax3-orchestrator {found.program}, Python {found.python}",
        f"system     {found.system}",
        f"processor  {found.processor}, {found.cores} cores, {found.memory_gib:.1f} GiB",
        f"disk       {found.disk_free_gib:.1f} GiB free in {Path.cwd()}",
        f"mumax3     {found.mumax3 or 'none'}",
    ]
    for gpu in found.gpus:
        memory = f"{gpu.free_mib / 1024:.1f} of {gpu.total_mib / 1024:.1f} GiB free"
        lines.append(f"GPU {gpu.index}      {gpu.name}, {memory}, driver {gpu.driver}")
    versions = ", ".join(f"{name} {version}" for name, version in found.packages.items())
    lines.append(f"packages   {versions}")
    for trial in found.trials:
        outcome = "works" if trial.passed else "FAILS"
        stated = ", ".join(
            trial.about[key] for key in ("version", "gpu", "dialect") if trial.about.get(key)
        )
        lines.append(
            f"engine     {trial.engine} {outcome} ({trial.seconds:.1f} s) {stated}".rstrip()
        )
    lines.append(f"auto       {found.chosen}: {found.reason}")
    for finding in found.findings:
        mark = "WRONG" if finding.wrong else "note"
        lines.append(f"{mark}: {finding.text}\n    remedy: {finding.remedy}")
    return "\n".join(lines)
