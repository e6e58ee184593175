"""What this machine offers, what would be used, and what is wrong with a remedy."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
import time as clock
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from orchestrator.base.errors import OrchestratorError
from orchestrator.cli.pulse_cost import PulseCost, pulse_cost
from orchestrator.describe.experiment import Experiment
from orchestrator.engines import selftest
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.mumax3.hardware import Gpu, check_index, find_gpus, find_mumax3
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
    costs : list of PulseCost
        What a pulse of the experiment given costs.
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
    costs: list[PulseCost] = field(default_factory=list)
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


def look_around(binary: str | None = None) -> Examination:
    """What there is, in a moment: no engine is tried.

    Parameters
    ----------
    binary : str, optional
        mumax3's binary instead of $MUMAX3 or the one on PATH.
    """
    return Examination(
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


def examine(
    binary: str | None = None,
    gpu: int = 0,
    *,
    quick: bool = False,
    experiment: Experiment | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> Examination:
    """Look around and try every engine.

    Parameters
    ----------
    binary : str, optional
        mumax3's binary instead of $MUMAX3 or the one on PATH.
    gpu : int
        GPU for mumax3.
    quick : bool
        Whether to leave the self-tests out.
    experiment : Experiment, optional
        Of which to measure a pulse on every engine that works.
    tell : callable
        Told what is found as soon as it is.

    Raises
    ------
    InputError
        If nvidia-smi shows GPUs, but not this one.
    """
    found = look_around(binary)
    check_index(found.gpus, gpu)
    tell(render_machine(found))
    for kind in [] if quick else reversed(ENGINES.values()):
        if kind.needs_mumax3 and found.mumax3 is None:
            continue
        options = EngineOptions(kind.name)
        if kind.needs_mumax3:
            options = EngineOptions(kind.name, gpu=gpu, time_limit=_LIMIT, silence_limit=_LIMIT)
        engine = kind.make(options, found.mumax3 or "")
        tell(f"engine     {kind.name}: self-test; the first one here compiles kernels ...")
        found.trials.append(_try(kind.name, engine))
        tell(_trial_line(found.trials[-1]))
        if experiment is not None and found.trials[-1].passed:
            tell(f"pulse      {kind.name}: measured for some seconds ...")
            try:
                found.costs.append(pulse_cost(experiment, kind.name, engine))
            except OrchestratorError as error:
                found.findings.append(
                    Finding(True, f"a pulse on {kind.name}: {error}", "see above")
                )
            else:
                tell(f"pulse      {found.costs[-1]}")
    _choose(found)
    _judge(found, binary)
    return found


def _choose(found: Examination) -> None:
    """What `--engine auto` takes, by the self-tests where there are any."""
    live = [trial for trial in found.trials if trial.engine == "live"]
    found.chosen = "cpu"
    if found.mumax3 is None:
        found.reason = "embedded CPU engine, because there is no mumax3 binary"
    elif not found.gpus:
        found.reason = f"embedded CPU engine, because no NVIDIA GPU was found for {found.mumax3}"
    elif live and not live[0].passed:
        found.reason = f"embedded CPU engine, because {found.mumax3} does not pass its self-test"
    else:
        found.chosen = "live"
        found.reason = f"{found.mumax3}, {ENGINES['live'].title}" + ", untested" * (not live)


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


def render_machine(found: Examination) -> str:
    """What there is, as lines of text."""
    lines = [
        f"program    mumax3-orchestrator {found.program}, Python {found.python}",
        f"system     {found.system}",
        f"processor  {found.processor}, {found.cores} cores, {found.memory_gib:.1f} GiB",
        f"disk       {found.disk_free_gib:.1f} GiB free in {Path.cwd()}",
        f"mumax3     {found.mumax3 or 'none'}",
    ]
    for number, gpu in enumerate(found.gpus):
        memory = f"{gpu.free_mib / 1024:.1f} of {gpu.total_mib / 1024:.1f} GiB free"
        lines.append(f"GPU {number}      {gpu.name}, {memory}, driver {gpu.driver}")
    versions = ", ".join(f"{name} {version}" for name, version in found.packages.items())
    return "\n".join([*lines, f"packages   {versions}"])


def _trial_line(trial: Trial) -> str:
    outcome = "works" if trial.passed else "FAILS"
    stated = ", ".join(
        trial.about[key] for key in ("version", "gpu", "dialect") if trial.about.get(key)
    )
    return f"engine     {trial.engine} {outcome} ({trial.seconds:.1f} s) {stated}".rstrip()


def render_verdict(found: Examination) -> str:
    """What would be used, and what is wrong, as lines of text."""
    lines = [f"auto       {found.chosen}: {found.reason}"]
    for finding in found.findings:
        mark = "WRONG" if finding.wrong else "note"
        lines.append(f"{mark}: {finding.text}\n    remedy: {finding.remedy}")
    return "\n".join(lines)


def render(found: Examination) -> str:
    """The examination as lines of text."""
    trials = [_trial_line(trial) for trial in found.trials]
    costs = [f"pulse      {cost}" for cost in found.costs]
    return "\n".join([render_machine(found), *trials, *costs, render_verdict(found)])
