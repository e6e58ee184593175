"""Who carries out a campaign's runs: worker processes on this machine, or a site's jobs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from orchestrator.base.errors import InputError
from orchestrator.campaign.execute import carry_out, tasks_of
from orchestrator.campaign.local import LocalExecutor, core_slots, gpu_slots
from orchestrator.campaign.pool import SitePool, check_site
from orchestrator.campaign.sites import Site
from orchestrator.campaign.store import CampaignFolder, RunEntry
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.choose import Choice, choose_engine
from orchestrator.engines.mumax3.diagnosis import OF_THE_PLACE, EngineFault
from orchestrator.engines.mumax3.hardware import Gpu, choose_gpus, find_gpus, find_mumax3
from orchestrator.engines.session import Engine
from orchestrator.engines.table import ENGINES, EngineOptions, cores
from orchestrator.mx3.script import Scripts
from orchestrator.transport.solvers import check_solver


@dataclass(frozen=True)
class Crew:
    """Workers and the engine that each of them works with.

    Attributes
    ----------
    options : EngineOptions
        The engine; threads and GPUs are said here instead.
    workers : int, optional
        Number of worker processes; one per core or GPU by default.
    threads : int, optional
        Threads of each; 1 by default.
    gpus : tuple of str, optional
        GPUs to use; all by default.
    per_gpu : int, optional
        Workers for each GPU; 1 by default.
    site : Site, optional
        Work through Parsl as it says, which is then also who says the numbers.
    transport_solver : str
        Solver of the transport network.
    templates : Path, optional
        The user's own script templates.

    Raises
    ------
    InputError
        If a number is impossible, or means nothing for the engine or the site.
    """

    options: EngineOptions
    workers: int | None = None
    threads: int | None = None
    gpus: tuple[str, ...] | None = None
    per_gpu: int | None = None
    site: Site | None = None
    transport_solver: str = "auto"
    templates: Path | None = None

    def __post_init__(self) -> None:
        numbers = ("workers", "threads", "gpus", "per_gpu")
        given = [name for name in numbers if getattr(self, name) is not None]
        if given and self.site is not None:
            raise InputError(f"{given[0]}: the site's file says it, under [workers]")
        for name in given:
            value = getattr(self, name)
            if name != "gpus" and (
                isinstance(value, bool) or not isinstance(value, int) or value < 1
            ):
                raise InputError(f"{name}: must be an integer from 1, got {value!r}")
        engine = self.options.engine
        for name in ("gpus", "per_gpu"):
            if name in given and engine != "auto" and not ENGINES[engine].needs_mumax3:
                raise InputError(f"{name}: engine {engine} uses no GPU")
        if self.gpus is not None:
            names = [gpu for gpu in self.gpus if isinstance(gpu, str) and gpu.strip()]
            if not names or len(set(names)) != len(self.gpus):
                raise InputError(f"gpus: must name different GPUs, such as 0,1; got {self.gpus}")

    def called(self, experiment: Experiment, folder: Path) -> CalledCrew:
        """Look at the machine and decide which engine and how many workers it will be.

        Nothing is written yet.

        Parameters
        ----------
        experiment : Experiment
            One of those to carry out.
        folder : Path
            For what the workers say, and for Parsl's files.

        Raises
        ------
        InputError
            If the binary is no program, there are fewer cores than threads, or a template cannot
            be rendered.
        EngineError
            If mumax3 is asked for by name and cannot run here.
        """
        check_solver(self.transport_solver)
        Scripts.of_experiment(experiment, self.templates)
        if self.site is not None:
            site = self.site
            check_site(site)
            return CalledCrew(
                self,
                self._with_threads(self.options.engine, site.workers.threads),
                f"engine {self.options.engine}: each worker of the site looks for it",
                0,
                lambda _: SitePool(site, folder),
            )
        threads = self.threads or 1
        gpus = self._gpus()
        choice = self._choice(self._with_threads(self.options.engine, threads), gpus)
        if choice.kind.needs_mumax3:
            names = [gpu.visible_as for gpu in gpus.values()] or list(self.gpus or ("0",))
            slots = gpu_slots(names, self.per_gpu or 1, threads)[: self.workers]
        elif self.gpus is not None:
            raise InputError(f"gpus: {choice.reason}")
        else:
            slots = core_slots(self.workers or max(1, cores() // threads), threads)
        return CalledCrew(
            self,
            self._with_threads(choice.kind.name, threads),
            f"engine {choice.engine.name}: {choice.reason}",
            len(slots),
            lambda runs: LocalExecutor(slots[:runs], folder / "workers"),
            choice.engine,
        )

    def _gpus(self) -> dict[int, Gpu]:
        """The GPUs to use by their number among the visible ones; none where none is seen."""
        seen = find_gpus()
        if self.gpus is None:
            return dict(enumerate(seen))
        if not seen and self.options.engine != "auto" and all(g.isdecimal() for g in self.gpus):
            return {}  # of another maker, counted by mumax3 alone
        return dict(choose_gpus(self.gpus))

    def _choice(self, options: EngineOptions, gpus: dict[int, Gpu]) -> Choice:
        """The engine, tried on one GPU after the other: a broken one is its own worker's matter."""
        if options.engine == "cpu":
            return choose_engine(options)
        faults = []
        for number in gpus or (0,):
            try:
                choice = choose_engine(dataclasses.replace(options, gpu=number))
            except EngineFault as fault:
                if fault.kind not in OF_THE_PLACE:
                    raise
                faults.append(fault)
                continue
            if choice.kind.needs_mumax3:
                return choice
        if not faults:
            return choice
        full = [fault for fault in faults if fault.kind == "memory"]
        if not full:
            raise faults[0]
        kind = ENGINES[options.engine]
        engine = kind.make(options, find_mumax3(options.binary) or "")
        return Choice(engine, kind, f"the GPUs are full and waited for\n{full[0]}")

    def _with_threads(self, engine: str, threads: int) -> EngineOptions:
        """The options of a worker, as far as its engine takes them."""
        all_of_them = dataclasses.asdict(self.options) | {"threads": threads}
        if engine != "auto":
            taken = ENGINES[engine].options
            all_of_them = {name: all_of_them[name] for name in taken}
        return EngineOptions(**all_of_them | {"engine": engine})


@dataclass(frozen=True)
class CalledCrew:
    """A crew that can begin.

    Attributes
    ----------
    crew : Crew
        The crew.
    options : EngineOptions
        The engine of each worker.
    reason : str
        Which engine was taken, and why.
    workers : int
        Number of workers on this machine.
    executor : callable
        Makes the executor for so many runs.
    engine : Engine or None
        The engine, tried here; None where a site's workers look for it.
    """

    crew: Crew
    options: EngineOptions
    reason: str
    workers: int
    executor: Callable[[int], Executor]
    engine: Engine | None = None

    def carry_out(
        self,
        folder: CampaignFolder,
        runs: Sequence[RunEntry],
        *,
        retries: int = 2,
        stop: Callable[[], bool] = lambda: False,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        """Carry out runs until all have ended or a stop is asked for; see `execute.carry_out`."""
        crew = self.crew
        tasks = tasks_of(folder, self.options, crew.transport_solver, crew.templates)
        most = len(runs) if folder.repeated is None else len(folder.runs)
        with self.executor(most) as executor:
            carry_out(folder, runs, tasks, executor, retries=retries, stop=stop, tick=tick)
