"""Campaigns from Python, and who carries them out."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import Executor, Future
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

import orchestrator
from orchestrator.base.errors import CampaignError, EngineError, InputError
from orchestrator.campaign.crew import Crew
from orchestrator.campaign.sites import read_site
from orchestrator.campaign.status import run_status
from orchestrator.campaign.store import CampaignFolder, create
from orchestrator.campaign.task import Outcome, execute
from orchestrator.engines.mumax3.hardware import Gpu
from orchestrator.engines.table import EngineOptions
from orchestrator.run.folder import DESCRIPTION, JOURNAL

STAND_IN = """#!/bin/sh
exec {python} -m orchestrator mx3 -threads 1 "$@"
"""


@pytest.fixture
def binary(tmp_path):
    path = tmp_path / "mumax3"
    path.write_text(STAND_IN.format(python=sys.executable))
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def few(experiment):
    """Two runs of one pulse."""
    return orchestrator.Campaign(experiment, {"start.seed": [3, 4]}, change=SHORT)


SHORT = {"training.pulses": 1, "reference.starts": 1, "output.snapshots": [0]}


def test_a_campaign_runs_with_what_it_is_given_and_goes_on(few, tmp_path, binary):
    root = tmp_path / "runs"
    folder = orchestrator.run_campaign(few, root, "mumax3", binary=binary, workers=1)
    results = orchestrator.open_campaign(folder)
    assert results.status.to_numpy().tolist() == ["finished", "finished"]
    for entry in CampaignFolder(folder).runs:
        engine = json.loads((entry.folder / DESCRIPTION).read_text())["engine"]
        assert (engine["mode"], engine["command"]) == ("process", binary)
    before = (entry.folder / "1" / JOURNAL).stat().st_mtime_ns
    assert orchestrator.run_campaign(few, root, "mumax3", binary=binary) == folder
    assert (entry.folder / "1" / JOURNAL).stat().st_mtime_ns == before


def test_failed_runs_are_named_and_the_others_finished(few, tmp_path):
    first, second = create(few, tmp_path).runs
    first.folder.mkdir()
    (first.folder / DESCRIPTION).write_text("{}")
    with pytest.raises(CampaignError, match=r"1 of 2 runs have failed\n3: .*damaged"):
        orchestrator.run_campaign(few, tmp_path, "cpu", workers=1)
    assert orchestrator.open_run(second.folder).attrs["engine"]
    (first.folder / DESCRIPTION).unlink()
    with pytest.raises(CampaignError, match="3: "):
        orchestrator.run_campaign(few, tmp_path, "cpu", workers=1)
    orchestrator.run_campaign(few, tmp_path, "cpu", workers=1, retry_failed=True)


def test_an_interrupt_stops_the_runs_at_a_pulse_boundary(experiment, tmp_path):
    long = orchestrator.Campaign(experiment, {"training.pulses": [3000]})
    root = tmp_path / "runs"

    def interrupt():
        while not any(b'"pulse"' in p.read_bytes() for p in root.glob(f"*/1/{JOURNAL}")):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        orchestrator.run_campaign(long, root, "cpu", workers=1)
    thread.join()
    (entry,) = create(long, root).runs
    status = run_status(entry)
    assert status.state == "stopped"
    assert 0 < status.pulses < 3000


def test_each_worker_gets_the_engine_that_was_chosen_here(few, tmp_path, monkeypatch):
    monkeypatch.setenv("MUMAX3", "/nowhere")
    options = EngineOptions(time_limit=9.0)
    called = Crew(options, workers=3, threads=1).called(few.points[0].experiment, tmp_path)
    assert (called.options, called.workers) == (EngineOptions("cpu", threads=1), 3)
    monkeypatch.setenv("MUMAX3", sys.executable)
    gpus = [Gpu(k, "card", 8192, 8000, "550") for k in range(2)]
    monkeypatch.setattr("orchestrator.engines.mumax3.hardware.find_gpus", lambda: gpus)
    monkeypatch.setattr("orchestrator.campaign.crew.find_gpus", lambda: gpus)
    monkeypatch.setattr("orchestrator.engines.choose._self_test", lambda engine: None)
    called = Crew(options, per_gpu=2).called(few.points[0].experiment, tmp_path)
    assert (called.options, called.workers) == (EngineOptions("live", threads=1, time_limit=9.0), 4)
    assert Crew(options, gpus=("1",)).called(few.points[0].experiment, tmp_path).workers == 1
    assert not list(tmp_path.iterdir())


def test_a_site_says_the_threads_of_its_workers(few, tmp_path):
    site = read_site(Path("data/sites/local.toml"))
    site = replace(site, workers=replace(site.workers, threads=64))
    called = Crew(EngineOptions("cpu"), site=site).called(few.points[0].experiment, tmp_path)
    assert called.options == EngineOptions("cpu", threads=64)
    with pytest.raises(InputError, match=r"workers: the site's file says it, under \[workers\]"):
        Crew(EngineOptions("cpu"), workers=2, site=site)


def test_a_task_works_with_solver_templates_and_options(few, tmp_path, monkeypatch):
    templates = tmp_path / "own"
    templates.mkdir()
    (templates / "relax.mx3.j2").write_text("{ Run(1e-12) SaveAs(m, {{ save | string }}) }")
    crew = Crew(EngineOptions("cpu"), transport_solver="multigrid", templates=templates)
    folder = create(few, tmp_path / "runs")
    called = crew.called(few.points[0].experiment, folder.path)
    taken = {}

    class Recorder(Executor):
        def submit(self, fn, task):
            taken[task.description["start"]["seed"]] = task
            future = Future()
            future.set_result(Outcome("finished"))
            return future

    recorder = replace(called, executor=lambda runs: Recorder())
    recorder.carry_out(folder, folder.runs)
    seen = []
    module = import_module("orchestrator.run.execute")
    monkeypatch.setattr(module, "run", lambda experiment, workplace: seen.append(workplace))
    assert execute(taken[3]).state == "finished"
    orchestrator.run(few.points[0].experiment, folder.root, "cpu", threads=1,
                     transport_solver="multigrid", templates=templates)  # fmt: skip
    for workplace in seen:
        assert (workplace.solver, workplace.templates) == ("multigrid", templates)
        assert (workplace.root, workplace.engine.threads) == (folder.root, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"engine": "gpu"}, "engine: 'gpu' is none of"),
        ({"workers": 0}, "workers: must be an integer from 1"),
        ({"per_gpu": True}, "per_gpu: must be an integer"),
        ({"engine": "cpu", "gpus": [0]}, "gpus: engine cpu uses no GPU"),
        ({"gpus": [0, 0]}, "different GPUs"),
        ({"gpus": []}, "different GPUs"),
        ({"transport_solver": "lu"}, "unknown solver 'lu'"),
        ({"templates": "nowhere"}, "no such folder of templates"),
        ({"binary": "/nowhere"}, "binary: /nowhere is not a program"),
        ({"site": "nowhere.toml"}, "nowhere.toml: cannot be read"),
        ({"campaign": "success.toml"}, "campaign: must be a Campaign, got a str"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_written(few, tmp_path, arguments, words):
    with pytest.raises(InputError, match=words):
        orchestrator.run_campaign(**{"campaign": few, "root": tmp_path / "runs"} | arguments)
    assert not list(tmp_path.iterdir())


def test_mumax3_by_name_without_a_binary(few, tmp_path, monkeypatch):
    monkeypatch.setenv("MUMAX3", "/nowhere")
    with pytest.raises(EngineError, match="no mumax3 binary"):
        orchestrator.run_campaign(few, tmp_path, "live")
    assert not list(tmp_path.iterdir())
