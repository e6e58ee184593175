"""Carry out a search: ask Optuna for trials, run them on any executor, tell it what they gave."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from orchestrator.base.errors import InputError, OrchestratorError
from orchestrator.campaign.faults import JobLost, SiteFault
from orchestrator.campaign.search.folder import FAILURE, HEAT, RUNS, TIME, VALUES, open_study, shown
from orchestrator.campaign.search.spec import Budget, SearchCampaign
from orchestrator.campaign.status import run_state
from orchestrator.campaign.task import Outcome, Task, execute
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.table import EngineOptions
from orchestrator.run.folder import JOURNAL, LOCK, run_folder, training_folder
from orchestrator.run.locks import locked
from orchestrator.run.results import open_run

if TYPE_CHECKING:
    import optuna

_POLL = 0.25
_MOST_LOST = 20
_MOST_REFUSED = 1000
_CANCEL = "cancel"


@dataclass
class _Trial:
    trial: optuna.trial.Trial
    values: dict[str, Any]
    experiments: list[Experiment]
    left: int
    stop_file: Path
    pruned: bool = False
    reported: int = -1
    size: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass
class _Run:
    trial: _Trial
    experiment: Experiment
    lost: int = 0
    not_before: float = 0.0


@dataclass(frozen=True)
class Spent:
    """What the finished, pruned and failed trials of a search have taken."""

    runs: int
    hours: float
    joules: float

    @classmethod
    def of(cls, study: optuna.Study) -> Spent:
        """Sum over the trials of a study."""
        attrs = [t.user_attrs for t in study.get_trials(deepcopy=False) if t.state.is_finished()]
        return cls(
            sum(a.get(RUNS, 0) for a in attrs),
            sum(a.get(TIME, 0.0) for a in attrs) / 3600,
            sum(a.get(HEAT, 0.0) for a in attrs),
        )

    def exceeds(self, budget: Budget, more: int = 0) -> bool:
        """Whether a budget is used up, with so many runs more."""
        return (
            (budget.runs is not None and self.runs + more >= budget.runs)
            or (budget.hours is not None and self.hours >= budget.hours)
            or (budget.joules is not None and self.joules >= budget.joules)
        )


def carry_out_search(
    search: SearchCampaign,
    folder: Path,
    options: EngineOptions,
    executor: Executor,
    workers: int,
    *,
    transport_solver: str = "auto",
    templates: str | os.PathLike[str] | None = None,
    stop: Callable[[], bool] = lambda: False,
    told: Callable[[optuna.Study, str], None] = lambda study, line: None,
) -> optuna.Study:
    """Search until the budget is used up or a stop is asked for.

    Trials of an interrupted search are tried again first, and their runs go on where they were.

    Parameters
    ----------
    search : SearchCampaign
        What is searched.
    folder : Path
        Its folder, see `create_search`.
    options : EngineOptions
        The engine of each worker.
    executor : concurrent.futures.Executor
        Who works.
    workers : int
        Runs at the same time.
    transport_solver : str
        Solver of the transport network.
    templates : path-like, optional
        The user's own templates.
    stop : callable
        Asked often whether to stop; runs then end at their next pulse boundary.
    told : callable
        Told of each trial that has ended.

    Returns
    -------
    optuna.Study

    Raises
    ------
    InputError
        If an objective cannot be evaluated, or the constraints leave nothing.
    InUseError
        If another command works on the same search.
    SiteFault
        If a site's workers cannot work at all.
    """
    with locked(folder / LOCK):
        searching = _Searching(search, folder, options, transport_solver, templates, told)
        return searching.carry_out(executor, workers, stop)


class _Searching:
    def __init__(
        self,
        search: SearchCampaign,
        folder: Path,
        options: EngineOptions,
        solver: str,
        templates: str | os.PathLike[str] | None,
        told: Callable[[optuna.Study, str], None],
    ) -> None:
        import optuna

        self.search, self.folder, self.told = search, folder, told
        self.root = folder.parent
        self.options, self.solver = options, solver
        self.templates = None if templates is None else str(Path(templates).resolve())
        how = search.search
        sampler = optuna.samplers.TPESampler(
            seed=how.seed + os.getpid() * (folder / "journal.log").exists(),
            n_startup_trials=how.startup,
            constant_liar=True,
            multivariate=False,
        )
        pruner = optuna.pruners.MedianPruner(n_startup_trials=how.startup)
        self.study = open_study(folder, sampler=sampler, pruner=pruner)
        self.states = optuna.trial.TrialState
        self.waiting: list[_Run] = []
        self.pending: dict[Future[Outcome], _Run] = {}

    def carry_out(self, executor: Executor, workers: int, stop: Callable[[], bool]) -> optuna.Study:
        (self.folder / _CANCEL).unlink(missing_ok=True)
        for left in (self.folder / "trials").glob("*.stop"):
            left.unlink()
        self._take_up_again()
        spent, stopping = Spent.of(self.study), False
        while True:
            open_runs = len(self.waiting) + len(self.pending)
            while (
                not stopping
                and open_runs < workers
                and not spent.exceeds(self.search.search.budget, self._begun())
            ):
                self._ask()
                open_runs = len(self.waiting) + len(self.pending)
            if not open_runs:
                return self.study
            now = time.monotonic()
            for run in [r for r in self.waiting if r.not_before <= now]:
                self.waiting.remove(run)
                self.pending[executor.submit(execute, self._task(run))] = run
            if self.pending:
                for future in wait(self.pending, _POLL, FIRST_COMPLETED).done:
                    if self._settle(self.pending.pop(future), future, stopping):
                        spent = Spent.of(self.study)
            else:
                time.sleep(_POLL)
            self._prune()
            if not stopping and (stop() or (self.folder / _CANCEL).exists()):
                stopping = True
                for run in [*self.waiting, *self.pending.values()]:
                    run.trial.stop_file.touch()
                self.waiting.clear()
            if stopping:
                for future, run in list(self.pending.items()):
                    busy = run_state(run_folder(self.root, run.experiment))[0] == "running"
                    if not busy and future.cancel():
                        del self.pending[future]

    def _begun(self) -> int:
        trials = {id(r.trial): r.trial for r in [*self.waiting, *self.pending.values()]}
        return sum(len(trial.experiments) for trial in trials.values())

    def _take_up_again(self) -> None:
        """Trials that an earlier command has left are asked for once more."""
        for trial in self.study.get_trials(deepcopy=False, states=(self.states.RUNNING,)):
            with suppress(RuntimeError, ValueError):  # another command has done it
                self.study.tell(trial.number, state=self.states.FAIL)
                self.study.enqueue_trial(trial.params)

    def _ask(self) -> None:
        for _ in range(_MOST_REFUSED):
            trial = self.study.ask()
            values = {r.name: r.suggest(trial) for r in self.search.search.ranges}
            if self.search.allowed(values):
                break
            self.study.tell(trial, state=self.states.FAIL)
        else:
            raise InputError(f"constraints: refuse {_MOST_REFUSED} trials in a row")
        try:
            experiments = self.search.runs(values)
        except InputError as error:
            trial.set_user_attr(FAILURE, str(error))
            trial.set_user_attr(RUNS, 1)
            self.study.tell(trial, state=self.states.FAIL)
            return
        stop_file = (self.folder / "trials" / f"{trial.number:06d}.stop").resolve()
        begun = _Trial(trial, values, experiments, len(experiments), stop_file)
        folders = [run_folder(self.root, e).name for e in experiments]
        trial.set_user_attr("folders", folders)
        trial.set_user_attr(VALUES, values)
        self.waiting += [_Run(begun, experiment) for experiment in experiments]

    def _task(self, run: _Run) -> Task:
        return Task(
            run.experiment.to_dict(),
            str(self.root.resolve()),
            str(run.trial.stop_file),
            self.options,
            self.solver,
            self.templates,
            str(self.folder.resolve()),
        )

    def _settle(self, run: _Run, future: Future[Outcome], stopping: bool) -> bool:
        """Note how a run ended; whether its trial has ended."""
        trial = run.trial
        try:
            outcome = future.result()
        except SiteFault:
            raise
        except Exception as error:
            run.lost += 1
            forgiven = _MOST_LOST if isinstance(error, JobLost) else 2
            state = "failed" if run.lost > forgiven else "stopped"
            outcome = Outcome(state, str(error))  # type: ignore[arg-type]
        if outcome.state in ("stopped", "busy") and not trial.pruned:
            if not stopping:
                run.not_before = time.monotonic() + 2.0
                self.waiting.append(run)
            return False
        if outcome.state == "failed":
            trial.failures.append(outcome.message)
        trial.left -= 1
        if trial.left == 0:
            self._tell(trial)
        return trial.left == 0

    def _tell(self, trial: _Trial) -> None:
        opened = [self._open(experiment) for experiment in trial.experiments]
        found = [dataset for dataset in opened if dataset is not None]
        for key, value in {
            RUNS: len(trial.experiments),
            HEAT: sum(float(d.energy_spent.sum()) for d in found),
            TIME: sum(float(d.wall_time.sum()) for d in found),
        }.items():
            trial.trial.set_user_attr(key, value)
        trial.stop_file.unlink(missing_ok=True)
        if trial.failures:
            trial.trial.set_user_attr(FAILURE, trial.failures[0])
            told = self.study.tell(trial.trial, state=self.states.FAIL)
            end = f"failed: {trial.failures[0]}"
        elif trial.pruned:
            told = self.study.tell(trial.trial, state=self.states.PRUNED)
            end = f"pruned after pulse {trial.reported}"
        else:
            values = [
                float(np.mean([o.of_run(self._names(trial, d), d) for d in found]))
                for o in self.search.search.objectives
            ]
            if not np.all(np.isfinite(values)):
                trial.trial.set_user_attr(FAILURE, f"objective is {values}")
                told = self.study.tell(trial.trial, state=self.states.FAIL)
            else:
                told = self.study.tell(trial.trial, values)
            end = ", ".join(f"{value:.6g}" for value in values)
        self.told(self.study, f"trial {told.number}: {shown(trial.values)}: {end}")

    def _open(self, experiment: Experiment) -> xr.Dataset | None:
        try:
            return open_run(run_folder(self.root, experiment))
        except OrchestratorError:
            return None

    def _names(self, trial: _Trial, dataset: xr.Dataset) -> dict[str, Any]:
        names: dict[str, Any] = {
            str(name): variable for name, variable in dataset.data_vars.items()
        }
        names["pattern"] = str(dataset.training.values[0])
        return names | trial.values

    def _prune(self) -> None:
        """Report the first start of each trial at its newest pulse; stop what is worse."""
        prune = self.search.prune
        if prune is None:
            return
        for run in list(self.pending.values()):
            trial = run.trial
            if trial.pruned or run.experiment is not trial.experiments[0]:
                continue
            journal = training_folder(run_folder(self.root, run.experiment), 1) / JOURNAL
            size = journal.stat().st_size if journal.exists() else 0
            dataset = self._open(run.experiment) if size > trial.size else None
            trial.size = size
            if dataset is None:
                continue
            pulses = int(dataset.power.notnull().sum())
            if pulses <= max(trial.reported, 0):
                continue
            value = prune(self._names(trial, dataset))
            if not np.isfinite(value):
                continue
            trial.reported = pulses
            trial.trial.report(value, pulses)
            if trial.trial.should_prune():
                trial.pruned = True
                trial.stop_file.touch()
