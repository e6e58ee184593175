"""The figures of searches show the trials, and the front is the limit of what was reached."""

from __future__ import annotations

import pytest

from orchestrator.plotting.searches import _pareto, plot_search
from orchestrator.plotting.style import Look

optuna = pytest.importorskip("optuna")

RANGES = {
    "amplitude": {"unit": "V", "log": True, "choice": None},
    "damping": {"unit": "1", "log": False, "choice": [0.5, 1.0]},
}


def study_of(directions, values):
    study = optuna.create_study(directions=directions)
    spaces = {
        "amplitude": optuna.distributions.FloatDistribution(0.01, 1.0, log=True),
        "damping": optuna.distributions.CategoricalDistribution((0, 1)),
    }
    for k, value in enumerate(values):
        params = {"amplitude": 0.01 * (1 + k), "damping": k % 2}
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=spaces, values=value)
        )
    return study


@pytest.mark.parametrize(
    ("directions", "front", "style"),
    [
        (("minimize", "minimize"), [(1, 3), (2, 1)], "steps-post"),
        (("minimize", "maximize"), [(1, 3), (3, 4)], "steps-post"),
        (("maximize", "minimize"), [(2, 1), (4, 2)], "steps-pre"),
        (("maximize", "maximize"), [(3, 4), (4, 2)], "steps-pre"),
    ],
)
def test_the_front_is_the_limit_of_what_was_reached(directions, front, style):
    figure = _pareto(study_of(directions, [(1, 3), (2, 1), (3, 4), (4, 2), (2.5, 2.5)]), ["a", "b"])
    (axes,) = figure.axes
    line = next(line for line in axes.lines if line.get_label() == "Pareto front")
    assert list(zip(*line.get_data(), strict=True)) == front
    assert line.get_drawstyle() == style
    words = {"minimize": "less", "maximize": "more"}
    assert axes.get_xlabel() == f"a ({words[directions[0]]} is better)"
    assert axes.get_ylabel() == f"b ({words[directions[1]]} is better)"


def test_three_objectives_have_a_panel_for_each_pair():
    figure = _pareto(study_of(["minimize"] * 3, [(1, 2, 3), (3, 2, 1), (4, 4, 4)]), list("abc"))
    labels = [(axes.get_xlabel()[0], axes.get_ylabel()[0]) for axes in figure.axes]
    assert labels == [("a", "b"), ("a", "c"), ("b", "c")]


def test_all_figures_are_drawn_in_the_kind_that_was_asked_for(tmp_path):
    values = [(1e-3 * 2**k, (k - 4.0) ** 2) for k in range(10)]
    study = study_of(["minimize", "maximize"], values)
    paths = plot_search(study, ["heat", "rank"], RANGES, tmp_path / "figures", Look("svg"))
    assert [path.name for path in paths] == [
        "history_heat.svg", "slices_heat.svg", "importance_heat.svg",
        "history_rank.svg", "slices_rank.svg", "importance_rank.svg", "pareto.svg",
    ]  # fmt: skip
    text = (tmp_path / "figures" / "slices_heat.svg").read_text()
    assert "amplitude (V)" in text and "heat" in text
    one = plot_search(study_of(["minimize"], [(1.0,), (2.0,)]), ["e"], RANGES, tmp_path / "one")
    assert [path.name for path in one] == ["history.png", "slices.png"]
