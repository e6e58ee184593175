"""The measures of the study of many contacts against weights of known recall, and a small film."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from orchestrator.campaign.spec import Campaign
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.learning.hopfield import all_patterns, inverse, signs
from orchestrator.run.execute import run
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Workplace

ROOT = Path(__file__).parents[2]
GRIDS = {4: (2, 2), 6: (2, 3), 9: (3, 3), 16: (4, 4)}


@pytest.fixture
def study(load_study) -> ModuleType:
    return load_study("many_contacts.measures")


def test_symmetries_of_a_grid(study):
    """Edge pairs of a square are one another's images, the diagonals are not."""
    assert study.relatives("++--", 2, 2) == {"++--", "--++", "+-+-", "-+-+"}
    assert study.relatives("+--+", 2, 2) == {"+--+", "-++-"}
    corners = {"+-----", "--+---", "---+--", "-----+"}
    assert study.relatives("+-----", 2, 3) == corners | {inverse(p) for p in corners}


@pytest.mark.parametrize("contacts", GRIDS)
def test_chosen_patterns_are_those_of_the_campaigns(study, contacts):
    rows, columns = GRIDS[contacts]
    chosen = study.choose_patterns(rows, columns, 4)
    v = np.array([signs(p) for p in chosen])
    if contacts > 4:
        assert np.abs(v.sum(axis=1)).max() == contacts % 2
        assert not any(
            p in study.relatives(q, rows, columns) for p in chosen for q in chosen if p != q
        )
    overlap = np.abs(v @ v.T - contacts * np.eye(4)).max()
    assert overlap == {4: 2, 6: 2, 9: 1, 16: 0}[contacts]
    campaign = Campaign.from_toml(ROOT / "data" / "campaigns" / f"capacity{contacts}.toml")
    for first, point in enumerate(campaign.points):
        turned = chosen[first:] + chosen[:first]
        expected = tuple("/".join(turned[:p]) for p in (1, 2, 3, 4))
        assert point.experiment.training.patterns == expected


def test_hebb_of_one_pattern_is_a_perfect_memory(study):
    pattern = "+-++--+-"
    weights = study.hebb([pattern])
    inputs = all_patterns(8)
    assert study.judge(weights, [pattern], inputs) == study.Verdict(0, 1, 1, 1)
    # The opposite weights lift it above all others, and recall runs away from it.
    assert study.judge(-weights, [pattern], inputs) == study.Verdict(1, 0, 0, 0)


def test_hebb_of_orthogonal_patterns(study):
    """All lowest and stable; one wrong sign is put right for N > 3 p."""
    patterns = ["++++----", "++--++--"]
    inputs = study.half_of_patterns(8)
    assert study.judge(study.hebb(patterns), patterns, inputs) == study.Verdict(0, 1, 1, 1)


def test_share_lower_counts_known_inputs(study):
    """Against Hebb's weights of one pattern V the energy of an input U is -(U V)^2."""
    weights = study.hebb(["++++----"])
    # one sign off the pattern: (U V)^2 = 36; lower are the pattern and its inverse alone
    assert study.share_lower(weights, "+++-----", all_patterns(8)) == pytest.approx(2 / 252)
    assert study.share_lower(weights, "+++-----", all_patterns(8), ["++++----"]) == 0


def test_the_ideal_film_learns_one_pattern(study):
    """A film that only turns its stripes lowers what it was trained for, by the integral of E^4."""
    experiment = Experiment.from_toml(ROOT / "data" / "experiments" / "contacts4.toml")
    weights = study.ideal_film(experiment, ["++--"])
    np.testing.assert_allclose(weights.sum(axis=0), 0, atol=1e-12 * np.abs(weights).max())
    verdict = study.judge(weights, ["++--"], all_patterns(4))
    assert (verdict.learned, verdict.stable) == (1, 1)


def test_two_patterns_by_turns_fall_both(study, tmp_path, silent):
    """Against the film's own texture, from each of three starts."""
    description = Experiment.from_toml(ROOT / "data" / "experiments" / "hopfield4.toml").to_dict()
    description["film"] |= {"cells": [40, 40, 1], "cell_size": [10e-9, 10e-9, 1e-6]}
    description["material"]["alpha"] = 1.0
    description["training"] |= {"patterns": ["+--+/++-+"], "pulses": 30, "relax_time": 1e-9}
    description |= {"reference": {"starts": 1}, "output": {}}
    place = Workplace(tmp_path, CpuEngine(1), silent, lambda: False)
    changes = []
    for seed in (1, 2, 3):
        description["start"] |= {"settle_time": 3e-9, "seed": seed}
        data = open_run(run(Experiment.from_dict(description), place)).isel(training=0)
        changes.append([study.change(data, p) for p in ("+--+", "++-+")])
        weights = study.weights_of(data)["own"]
        np.testing.assert_allclose(weights.sum(axis=0), 0, atol=1e-9 * np.abs(weights).max())
    assert np.mean(changes, axis=0).max() < -0.005
