from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.base.quantities import duration, size
from orchestrator.campaign.execute import carry_out, tasks_of
from orchestrator.campaign.plan import Pace, make_plan, run_bytes
from orchestrator.campaign.shares import SiteShare, share_of
from orchestrator.campaign.sites import Jobs, Site, Workers
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.store import create
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.table import EngineOptions

SHIPPED = Path(__file__).parents[2] / "data" / "campaigns"


@pytest.mark.parametrize(
    "output",
    [
        {"output.maps": False},
        {"output.maps": True},
        {"output.maps": False, "output.every": 2},
        {"output.maps": False, "output.every": 5, "output.precision": "int16"},
    ],
)
def test_disk_space_is_that_of_a_run(experiment, tmp_path, output):
    change = output | {"output.snapshots": [], "training.pulses": 20, "film.cells": [40, 32, 1]}
    folder = create(Campaign(experiment, {"start.seed": [3]}, change=change), tmp_path)
    with ThreadPoolExecutor(1) as executor:
        carry_out(folder, folder.runs, tasks_of(folder, EngineOptions("cpu", 1)), executor)
    run = folder.runs[0].folder
    found = sum(path.stat().st_size for path in run.rglob("*") if path.is_file())
    assert run_bytes(folder.experiment((0,))) == pytest.approx(found, rel=0.3)


def test_time_is_that_of_what_is_left(campaign, tmp_path):
    folder = create(campaign, tmp_path)
    engine = CpuEngine(1)
    unknown = make_plan(campaign, tmp_path, engine)
    assert (unknown.pace, unknown.seconds, unknown.seconds_per_run) == (None, None, None)
    before = make_plan(campaign, tmp_path, engine, trial=True)
    assert before.seconds > 6 * before.seconds_per_run > 0
    assert before.bytes == unknown.bytes
    assert before.states == {"missing": 6}
    assert (before.textures, before.textures_missing) == (4, 4)
    assert "trial" in before.pace.basis
    with ThreadPoolExecutor(1) as executor:
        carry_out(folder, folder.runs[:2], tasks_of(folder, EngineOptions("cpu", 1)), executor)
    after = make_plan(campaign, tmp_path, engine)
    assert after.states == {"finished": 2, "missing": 4}
    assert after.textures_missing == 2
    assert "2 of the finished runs" in after.pace.basis
    experiment = folder.experiment((0, 0))
    left = 4 * after.pace.of_run(experiment) + 2 * after.pace.of_texture(experiment)
    assert after.seconds == pytest.approx(left)


def test_pace_scales_with_cells_and_simulated_time(experiment):
    pace = Pace(engine=1e9, transport=1e-3, basis="")
    # 3 pulses of 10 ps, 10 ps of relaxation, 320 cells: (40 ps 1e9/s + 3e-3 s) 320
    assert pace.of_run(experiment) == pytest.approx((0.04 + 0.003) * 320)
    assert pace.of_texture(experiment) == pytest.approx(0.02 * 320)


def test_what_a_site_is_charged_for():
    jobs = Jobs(scheduler="local", nodes=2, at_most=3, walltime="01:00:00", stop_before=600)
    gpus = share_of(Site(jobs, Workers(gpus=["0", "1"], per_gpu=2)), "a", 36000.0)
    # 4 workers a node, 2 nodes, 3 jobs; a job works 8 x 3000 s; two workers share a GPU
    assert gpus == SiteShare("a", 24, 1500.0, 2, "GPU", 5.0)
    cores = share_of(Site(jobs, Workers(count=1, threads=4)), "b", 3600.0)
    assert cores == SiteShare("b", 6, 600.0, 1, "core", 4.0)


def test_words():
    assert [duration(s) for s in (5, 600, 7300, 400000)] == ["5 s", "10 min", "2.0 h", "4.6 days"]
    assert [size(n) for n in (12, 4.2e6, 3e13)] == ["12 B", "4.2 MB", "30 TB"]


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_campaigns_can_be_planned(path, tmp_path, monkeypatch):
    pace = Pace(1e3, 1e-6, "a guess")
    monkeypatch.setattr("orchestrator.campaign.plan.try_out", lambda *_: pace)
    campaign = Campaign.from_toml(path)
    plan = make_plan(campaign, tmp_path, CpuEngine(threads=1), trial=True)
    assert plan.states == {"missing": len(campaign.points)}
    assert 0 < plan.textures_missing == plan.textures
    assert plan.seconds > 0
    assert 0 < plan.bytes_per_pulse < plan.bytes < 1e12
    assert list(tmp_path.iterdir()) == []
