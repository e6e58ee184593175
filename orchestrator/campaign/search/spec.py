"""A search: a base experiment, ranges of its keys, and what is to become large or small."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from orchestrator.base.errors import InputError
from orchestrator.base.tomlfile import read_toml
from orchestrator.campaign.axes.keys import changed, check_changes, overrides
from orchestrator.campaign.columns import RESERVED
from orchestrator.campaign.search.expressions import Expression
from orchestrator.describe.described import described
from orchestrator.describe.experiment import PLAIN_NAME, PLAIN_NAME_IN_WORDS, Experiment
from orchestrator.describe.hashing import canonical_hash
from orchestrator.describe.validation import explained, validated

_Floats = tuple[float, float]
_Integers = tuple[int, int]


@described
class Range:
    """Where one key is looked for.

    Exactly one of `float`, `int` and `choice`.

    Parameters
    ----------
    name : str
        Its name in expressions and figures.
    key : str
        Dotted key into the experiment.
    float : pair of numbers, optional
        Smallest and largest value.
    int : pair of integers, optional
        The same of integers.
    choice : list, optional
        The values one by one.
    log : bool
        Whether ratios count instead of differences.
    step : number, optional
        Distance of the values of `float` or `int`.
    unit : str
        For the figures.
    """

    name: str
    key: str
    float: _Floats | None = None
    int: _Integers | None = None
    choice: list[Any] | None = None
    log: bool = False
    step: Any = None
    unit: str = "1"

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name in RESERVED:
            raise ValueError(
                f"name {self.name!r} must be a plain word, and none of a run's results"
            )
        given = [kind for kind in ("float", "int", "choice") if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of float, int and choice, got {given or 'none'}")
        if self.choice is not None:
            if not self.choice or self.log or self.step is not None:
                raise ValueError("choice is a list of values, without log and step")
            return
        low, high = self.float or self.int or (0, 0)
        if not low < high or (self.log and low <= 0):
            raise ValueError(f"[{low}, {high}] must rise, and be positive where log is")
        if self.log and self.step is not None:
            raise ValueError("give either log or step")

    def suggest(self, trial: Any) -> Any:
        """A value for an Optuna trial."""
        if self.choice is not None:
            return self.choice[trial.suggest_categorical(self.name, range(len(self.choice)))]
        if self.int is not None:
            step = 1 if self.step is None else self.step
            return trial.suggest_int(self.name, *self.int, step=step, log=self.log)
        assert self.float is not None
        return trial.suggest_float(self.name, *self.float, step=self.step, log=self.log)


@described
class Objective:
    """What is to become small or large: an expression, or a function `module:name`.

    Parameters
    ----------
    name : str
        For tables and figures.
    direction : {"minimize", "maximize"}
        What is sought.
    expression : str, optional
        Over the variables of a run's results and the names of the ranges.
    function : str, optional
        `module:name` of a Python function of a run's Dataset that gives a number.
    """

    direction: Literal["minimize", "maximize"]
    name: str = "objective"
    expression: str | None = None
    function: str | None = None

    def __post_init__(self) -> None:
        if (self.expression is None) == (self.function is None):
            raise ValueError("give either expression or function")

    @cached_property
    def of_run(self) -> Callable[[dict[str, Any], Any], float]:
        """Value from the names of an expression and the Dataset of a run.

        Raises
        ------
        InputError
            If the expression is none, or the function cannot be found.
        """
        if self.expression is not None:
            expression = Expression(self.expression)
            return lambda names, _: expression(names)
        module, _, name = str(self.function).partition(":")
        try:
            function = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise InputError(f"function {self.function!r}: {error}; write module:name") from None
        return lambda _, dataset: float(function(dataset))


@described
class Budget:
    """When a search ends: whatever is used up first; at least one of them.

    Parameters
    ----------
    runs : int, optional
        Finished, pruned and failed runs.
    hours : float, h, optional
        Time of all workers together.
    joules : float, J, optional
        Joule heat in the films.
    """

    runs: int | None = None
    hours: float | None = None
    joules: float | None = None

    def __post_init__(self) -> None:
        given = [v for v in (self.runs, self.hours, self.joules) if v is not None]
        if not given or min(given) <= 0:
            raise ValueError("give runs, hours or joules, and positive")


@described
class Search:
    """How a search goes.

    Parameters
    ----------
    ranges : list of Range
        Where.
    objectives : list of Objective
        What for.
    budget : Budget
        How long.
    starts : int
        Runs of each trial, from as many seeds; objectives are means over them.
    constraints : list of str
        Expressions over the ranges that must hold, such as `amplitude * count < 2`.
    prune : str, optional
        An expression over the results so far, compared between trials at each pulse; trials that
        are worse than the median stop at a pulse boundary. For a single objective.
    startup : int
        Trials drawn at random first, and before anything is pruned.
    seed : int
        Of the sampler.
    """

    ranges: list[Range]
    objectives: list[Objective]
    budget: Budget
    starts: int = 1
    constraints: list[str] = dataclasses.field(default_factory=list)
    prune: str | None = None
    startup: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        names = [r.name for r in self.ranges]
        if not names or not self.objectives:
            raise ValueError("ranges and objectives must hold at least one table")
        if len(set(names)) < len(names) or len({o.name for o in self.objectives}) < len(
            self.objectives
        ):
            raise ValueError("names of ranges, and of objectives, must differ")
        if self.prune is not None and len(self.objectives) > 1:
            raise ValueError("prune is for a single objective")
        if min(self.starts, self.startup) < 1:
            raise ValueError("starts and startup must be at least 1")


class SearchCampaign:
    """A search with the experiment that it changes.

    Parameters
    ----------
    base : Experiment
        What all runs share.
    search : Search
        How it goes.
    name : str
        Names the folder.

    Raises
    ------
    InputError
        If a key does not exist, or an expression is none.
    """

    def __init__(self, base: Experiment, search: Search, name: str) -> None:
        if not isinstance(name, str) or not PLAIN_NAME.fullmatch(name):
            raise InputError(f"name: {name!r} is not {PLAIN_NAME_IN_WORDS}")
        self.base, self.search, self.name = base, search, name
        description = base.to_dict()
        ranges = {r.name for r in search.ranges}
        for one in search.ranges:
            check_changes(description, {one.key: None})
            for value in one.choice or one.float or one.int or ():
                Experiment.from_dict(changed(description, {one.key: value}), source=one.name)
        for objective in search.objectives:
            _ = objective.of_run
        self.constraints = [Expression(text, ranges) for text in search.constraints]
        self.prune = None if search.prune is None else Expression(search.prune)

    def runs(self, values: dict[str, Any]) -> list[Experiment]:
        """The experiments of a trial, one for each start."""
        keys = {r.name: r.key for r in self.search.ranges}
        description = changed(self.base.to_dict(), {keys[n]: v for n, v in values.items()})
        seed = description["start"]["seed"]
        return [
            Experiment.from_dict(changed(description, {"start.seed": seed + k}), source=self.name)
            for k in range(self.search.starts)
        ]

    def allowed(self, values: dict[str, Any]) -> bool:
        """Whether the constraints hold."""
        return all(constraint(values) for constraint in self.constraints)

    def to_dict(self) -> dict[str, Any]:
        """Name, base and search as plain types."""
        return {
            "name": self.name,
            "base": self.base.to_dict(),
            "search": dataclasses.asdict(self.search),
        }

    @property
    def hash(self) -> str:
        """Hash of what is compared: base, ranges and objectives, but not budget and seed."""
        content = self.to_dict()
        for key in ("budget", "seed", "startup", "prune"):
            del content["search"][key]
        return canonical_hash({"base": content["base"], "search": content["search"]})

    @classmethod
    def from_toml(cls, path: Path) -> SearchCampaign:
        """Read a search's file.

        Raises
        ------
        InputError
            With file, key, what was wrong and what would be right.
        """
        content = read_toml(path)
        base, change = content.pop("base", None), content.pop("change", {})
        name = content.pop("name", path.stem)
        if "axes" in content:
            raise InputError(f"{path}: this is a campaign; `orchestrator campaign run` runs it")
        try:
            search = validated(TypeAdapter(Search), content)
        except ValidationError as error:
            raise explained(error, Search, str(path)) from None
        try:
            if isinstance(base, str):
                experiment = Experiment.from_toml(path.parent / base)
            elif isinstance(base, dict):
                experiment = Experiment.from_table(base, path.parent, "base")
            else:
                raise InputError("base: required, a file's name or a table")
            description = experiment.to_dict()
            check_changes(description, change)
            for key, one in itertools.product(change, search.ranges):
                if overrides([{one.key: None}], key):
                    raise InputError(
                        f"change: {key} does nothing, since range {one.name!r} sets it in every "
                        "run; leave one of them out"
                    )
            experiment = Experiment.from_dict(changed(description, change), source="change")
            return cls(experiment, search, name)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
