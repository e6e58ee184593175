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
from orchestrator.engines.choose import choose_engine
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
        choice = choose_engine(self._with_threads(self.options.engine, threads))
        if choice.kind.needs_mumax3:
            slots = gpu_slots(self.gpus or all_gpus(), self.per_gpu or 1, threads)
            slots = slots[: self.workers]
        else:
            slots = core_slots(self.workers or max(1, cores() // threads), threads)
        return CalledCrew(
            self,
            self._with_threads(choice.kind.name, threads),
            f"engine {choice.engine.name}: {choice.reason}",
            len(slots),
            lambda runs: LocalExecutor(slots[:runs], folder / "workers"),
        )

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
    """

    crew: Crew
    options: EngineOptions
    reason: str
    workers: int
    executor: Callable[[int], Executor]

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
        with self.executor(len(runs)) as executor:
            carry_out(folder, runs, tasks, executor, retries=retries, stop=stop, tick=tick)


def all_gpus() -> tuple[str, ...]:
    """Numbers of the GPUs that CUDA_VISIBLE_DEVICES leaves; the first one where none is seen."""
    from orchestrator.engines.mumax3.hardware import find_gpus

    return tuple(str(k) for k in range(len(find_gpus()))) or ("0",)
