"""The figures of a search: history, importance of the ranges, slices, Pareto front."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.plotting.style import (
    LOOK,
    OTHER,
    TRAINED,
    Look,
    in_style,
    new_figure,
    page_width,
    save,
)

if TYPE_CHECKING:
    import optuna
    from matplotlib.figure import Figure

_COLUMNS = 3


@in_style
def plot_search(
    study: optuna.Study,
    names: list[str],
    ranges: dict[str, dict[str, Any]],
    folder: Path,
    look: Look = LOOK,
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
    look : Look
        Kind of the files, and their resolution.
    """
    folder.mkdir(exist_ok=True)
    figures: dict[str, Figure | None] = {}
    for k, name in enumerate(names):
        end = f"_{name}" if len(names) > 1 else ""
        figures[f"history{end}"] = _history(study, k, name)
        figures[f"slices{end}"] = _slices(study, k, name, ranges)
        figures[f"importance{end}"] = _importance(study, k, name)
    if len(names) > 1:
        figures["pareto"] = _pareto(study, names)
    return [
        save(figure, folder / f"{name}.{look.kind}", look)
        for name, figure in figures.items()
        if figure is not None
    ]


def _completed(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _history(study: optuna.Study, k: int, name: str) -> Figure:
    trials = _completed(study)
    numbers = [trial.number for trial in trials]
    values = np.array([trial.values[k] for trial in trials])
    best = np.maximum.accumulate(values) if _rising(study, k) else np.minimum.accumulate(values)
    figure = new_figure(3.5, 2.5)
    axes = figure.subplots()
    axes.plot(numbers, values, "o", ms=3, mew=0, color=OTHER, label="trial")
    axes.plot(numbers, best, drawstyle="steps-post", color=TRAINED, label="best so far")
    _scale(axes.set_yscale, values)
    axes.set_xlabel("trial")
    axes.set_ylabel(name)
    axes.legend()
    return figure


def _slices(study: optuna.Study, k: int, name: str, ranges: dict[str, dict[str, Any]]) -> Figure:
    trials = _completed(study)
    values = np.array([trial.values[k] for trial in trials])
    numbers = [trial.number for trial in trials]
    columns = 2 if len(ranges) == 4 else min(len(ranges), _COLUMNS)
    rows = -(-len(ranges) // columns)
    figure = new_figure(page_width(columns), 1.9 * rows + 0.2)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    points: Any = None
    for axes, (key, one) in zip(grid, ranges.items(), strict=False):
        places = [trial.params.get(key, np.nan) for trial in trials]
        points = axes.scatter(places, values, c=numbers, s=9, lw=0, cmap="viridis")
        if one["choice"] is not None:
            axes.set_xticks(range(len(one["choice"])), [str(v) for v in one["choice"]])
        elif one["log"]:
            axes.set_xscale("log")
        axes.set_xlabel(key if one["unit"] == "1" else f"{key} ({one['unit']})")
    for axes in grid[::columns]:
        axes.set_ylabel(name)
    _scale(grid[0].set_yscale, values)
    for axes in grid[len(ranges) :]:
        axes.set_visible(False)
    figure.colorbar(points, ax=list(grid), label="trial", aspect=30 * rows, pad=0.01)
    return figure


def _importance(study: optuna.Study, k: int, name: str) -> Figure | None:
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
    figure = new_figure(3.5, 0.25 * len(found) + 0.7)
    axes = figure.subplots()
    axes.barh(list(found)[::-1], list(found.values())[::-1], height=0.6, color=OTHER)
    axes.set_xlabel(f"importance for {name} (PED-ANOVA)")
    return figure


def _rising(study: optuna.Study, k: int) -> bool:
    return study.directions[k].name == "MAXIMIZE"


def _pareto(study: optuna.Study, names: list[str]) -> Figure:
    """A panel for each pair of objectives, with the trials that no other one beats in all."""
    pairs = list(itertools.combinations(range(len(names)), 2))
    columns = min(len(pairs), _COLUMNS)
    rows = -(-len(pairs) // columns)
    width = page_width(columns)
    figure = new_figure(width, 2.5 * rows if columns < _COLUMNS else 2.2 * rows)
    trials = _completed(study)
    best = {trial.number for trial in study.best_trials}
    values = np.array([trial.values for trial in trials])
    front = np.array([trial.number in best for trial in trials])
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (a, b) in zip(grid, pairs, strict=False):
        axes.plot(*values[~front][:, [a, b]].T, "o", ms=3, mew=0, color=OTHER, label="dominated")
        edge = values[front][:, [a, b]]
        edge = edge[edge[:, 0].argsort()]
        label = "Pareto front"
        if len(names) == 2:
            # to the worse side of a trial in the first objective, its second one is there
            style = "steps-pre" if _rising(study, a) else "steps-post"
            axes.plot(*edge.T, "o-", ms=3.5, mew=0, color=TRAINED, drawstyle=style, label=label)
        else:
            axes.plot(*edge.T, "o", ms=3.5, mew=0, color=TRAINED, label=label)
        for k, scale, text in (
            (a, axes.set_xscale, axes.set_xlabel),
            (b, axes.set_yscale, axes.set_ylabel),
        ):
            _scale(scale, values[:, k])
            text(f"{names[k]} ({'more' if _rising(study, k) else 'less'} is better)")
    for axes in grid[len(pairs) :]:
        axes.set_visible(False)
    grid[0].legend()
    return figure


def _scale(set_scale: Any, values: np.ndarray) -> None:
    """A logarithmic axis for positive values over more than two decades."""
    if values.min() > 0 and values.max() > 100 * values.min():
        set_scale("log")
