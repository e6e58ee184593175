"""The figures of a search: history, importance of the ranges, slices, Pareto front."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.plotting.style import new_figure, save

if TYPE_CHECKING:
    import optuna

_COLUMNS = 3


def plot_search(
    study: optuna.Study, names: list[str], ranges: dict[str, dict[str, Any]], folder: Path
) -> list[Path]:
    """Draw all figures of a search into a folder and return their paths.

    Parameters
    ----------
    study : optuna.Study
        The search's study, with at least one finished trial.
    names : list of str
        Names of the objectives.
    ranges : dict
        Ranges by their names, see `campaign.search.folder.described_ranges`.
    folder : Path
        Made if it does not exist.
    """
    folder.mkdir(exist_ok=True)
    paths = []
    for k, name in enumerate(names):
        end = f"_{name}" if len(names) > 1 else ""
        paths.append(_history(study, k, name, folder / f"history{end}.png"))
        paths.append(_slices(study, k, name, ranges, folder / f"slices{end}.png"))
        if path := _importance(study, k, name, folder / f"importance{end}.png"):
            paths.append(path)
    if len(names) > 1:
        paths.append(_pareto(study, names, folder / "pareto.png"))
    return paths


def _completed(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _history(study: optuna.Study, k: int, name: str, path: Path) -> Path:
    trials = _completed(study)
    numbers = [trial.number for trial in trials]
    values = np.array([trial.values[k] for trial in trials])
    rising = study.directions[k].name == "MAXIMIZE"
    best = np.maximum.accumulate(values) if rising else np.minimum.accumulate(values)
    figure = new_figure(5.0, 3.4)
    axes = figure.subplots()
    axes.plot(numbers, values, "o", ms=3, alpha=0.6, label="trial")
    axes.plot(numbers, best, drawstyle="steps-post", label="best so far")
    axes.set_xlabel("trial")
    axes.set_ylabel(name)
    axes.legend()
    return save(figure, path)


def _slices(
    study: optuna.Study, k: int, name: str, ranges: dict[str, dict[str, Any]], path: Path
) -> Path:
    trials = _completed(study)
    values = [trial.values[k] for trial in trials]
    rows = -(-len(ranges) // _COLUMNS)
    columns = min(len(ranges), _COLUMNS)
    figure = new_figure(2.6 * columns + 1, 2.6 * rows + 0.4)
    grid = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    points: Any = None
    for axes, (key, one) in zip(grid, ranges.items(), strict=False):
        places = [trial.params.get(key, np.nan) for trial in trials]
        points = axes.scatter(places, values, c=[t.number for t in trials], s=9, cmap="viridis")
        if one["choice"] is not None:
            axes.set_xticks(range(len(one["choice"])), [str(v) for v in one["choice"]])
        elif one["log"]:
            axes.set_xscale("log")
        axes.set_xlabel(key if one["unit"] == "1" else f"{key} ({one['unit']})")
        axes.set_ylabel(name)
    for axes in grid[len(ranges) :]:
        axes.set_visible(False)
    figure.colorbar(points, ax=list(grid), label="trial")
    return save(figure, path)


def _importance(study: optuna.Study, k: int, name: str, path: Path) -> Path | None:
    """Shares of the objective's spread that the ranges explain; none where nothing varies."""
    import warnings

    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    trials = _completed(study)
    if len(trials) < 8 or len({trial.values[k] for trial in trials}) < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = get_param_importances(
            study,
            evaluator=PedAnovaImportanceEvaluator(),
            target=lambda trial: trial.values[k] * (-1 if _rising(study, k) else 1),
        )
    figure = new_figure(4.5, 0.4 * len(found) + 1.2)
    axes = figure.subplots()
    axes.barh(list(found)[::-1], list(found.values())[::-1])
    axes.set_xlabel(f"importance for {name} (PED-ANOVA)")
    return save(figure, path)


def _rising(study: optuna.Study, k: int) -> bool:
    return study.directions[k].name == "MAXIMIZE"


def _pareto(study: optuna.Study, names: list[str], path: Path) -> Path:
    trials = _completed(study)
    best = {trial.number for trial in study.best_trials}
    figure = new_figure(4.5, 3.6)
    axes = figure.subplots()
    for label, chosen in (("dominated", False), ("Pareto front", True)):
        shown = sorted((t.values[0], t.values[1]) for t in trials if (t.number in best) == chosen)
        if shown:
            x, y = zip(*shown, strict=True)
            axes.plot(x, y, "o-" if chosen else "o", ms=4, alpha=0.7, label=label)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.legend()
    return save(figure, path)
