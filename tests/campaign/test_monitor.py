from __future__ import annotations

import io
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from rich.console import Console

from orchestrator.campaign.execute import carry_out, tasks_of, to_do
from orchestrator.campaign.monitor import (
    JOBS,
    WORKERS,
    cause_of,
    causes,
    noted,
    report,
    worker_of,
)
from orchestrator.campaign.status import RunStatus, statuses
from orchestrator.campaign.store import create
from orchestrator.cli import campaign_status
from orchestrator.cli.campaign_status import LiveTable
from orchestrator.cli.main import cli
from orchestrator.engines.table import EngineOptions
from orchestrator.run.folder import LOCK
from orchestrator.run.locks import locked


@pytest.fixture
def folder(campaign, tmp_path):
    return create(campaign, tmp_path / "runs")


def test_what_runs_where_since_when_and_on_which_gpu(folder, monkeypatch, capfd):
    entry = folder.runs[1]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    entry.folder.mkdir()
    with noted(folder.path, entry.folder.name), locked(entry.folder / LOCK):
        found = report(folder, statuses(folder.runs))
        worker = found["runs"][1]["worker"]
        assert (worker["gpu"], worker["job"], worker["process"]) == ("3", "77", os.getpid())
        assert worker["since"].startswith("20")
        assert found["runs"][0]["worker"] == {}
        assert found["counts"] == {"missing": 5, "running": 1}
        said = CliRunner().invoke(cli, ["campaign", "status", str(folder.path)])
        assert said.exit_code == 0
    assert worker_of(folder, entry) == {}
    assert list((folder.path / WORKERS).iterdir()) == []
    said = capfd.readouterr().err
    assert f"{entry.folder.name}: begins or goes on in process {os.getpid()}" in said
    assert "GPU 3" in said


def test_failures_are_grouped_by_cause(folder):
    gpu = "GPU {}: out of memory after 1.5e-9 s in /runs/a-{}/1"
    found = [
        RunStatus("failed", 0, 3, None, gpu.format(0, 11)),
        RunStatus("failed", 1, 3, None, "template pulse.mx3.j2 is broken"),
        RunStatus("failed", 2, 3, None, gpu.format(1, 12)),
        RunStatus("finished", 3, 3),
        RunStatus("missing", 0, 3),
        RunStatus("missing", 0, 3),
    ]
    groups = causes(folder.runs, found)
    assert [(message, len(runs)) for message, runs in groups] == [
        (gpu.format(0, 11), 2),
        ("template pulse.mx3.j2 is broken", 1),
    ]
    assert cause_of("at pulse 3 in /a/b") == cause_of("at pulse 17 in /c")
    assert cause_of("out of memory") != cause_of("driver missing")


def test_status_as_json_from_any_shell(folder, tmp_path):
    (folder.path / JOBS).write_text(json.dumps([{"job": "1", "state": "PENDING"}]))
    with ThreadPoolExecutor(1) as threads:
        tasks = tasks_of(folder, EngineOptions("cpu", 1))
        carry_out(folder, to_do(folder, retry_failed=False)[:2], tasks, threads)
    said = CliRunner().invoke(cli, ["campaign", "status", str(folder.path), "--json"])
    assert said.exit_code == 0
    found = json.loads(said.output)
    assert found["counts"] == {"finished": 2, "missing": 4}
    assert (found["pulses"], found["total"]) == (6, 18)
    assert found["jobs"][0]["state"] == "PENDING"
    assert found["runs"][0]["state"] == "finished"
    assert found["failures"] == []


def lines_of(folder, clock, monkeypatch, *, terminal):
    """What is printed in ten minutes in which the table is asked four times a second."""
    monkeypatch.setattr(
        campaign_status, "time", SimpleNamespace(monotonic=lambda: clock[0], strftime=time.strftime)
    )
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=100)
    with LiveTable(folder, console) as table:
        for _ in range(4 * 600 - 1):
            clock[0] += 0.25
            table.tick()
    return text.getvalue()


def test_without_a_terminal_there_is_one_line_a_minute(folder, monkeypatch):
    text = lines_of(folder, [1000.0], monkeypatch, terminal=False)
    lines = text.splitlines()
    assert len(lines) == 1 + 9 + 1  # at the beginning, after each minute, and at the end
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d 6 missing; 0 of 18 pulses", line) for line in lines)
    assert "\x1b" not in text


def test_in_a_terminal_the_table_is_drawn_again_each_second(folder, monkeypatch):
    looks = []
    original = campaign_status.statuses

    def counted(runs):
        looks.append(1)
        return original(runs)

    monkeypatch.setattr(campaign_status, "statuses", counted)
    lines_of(folder, [1000.0], monkeypatch, terminal=True)
    assert 595 < len(looks) < 605
