from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import xarray as xr
from click.testing import CliRunner

from orchestrator.base.errors import InputError
from orchestrator.campaign.plan import Pace
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.store import create
from orchestrator.cli.campaign import STOPPED
from orchestrator.cli.main import cli
from orchestrator.run.folder import DESCRIPTION, FAILED, JOURNAL

TOML = """
base = "base.toml"
change = { "output.maps" = false }

[[axes]]
name = "seed"
key = "start.seed"
integers = { start = 3, count = 2 }
"""


@pytest.fixture
def file(base_file, tmp_path):
    path = tmp_path / "few.toml"
    path.write_text(TOML)
    return path


def call(*arguments, root):
    words = [str(a) for a in arguments]
    return CliRunner().invoke(cli, ["campaign", *words, "--root", str(root)])


def test_plan_run_status_gather_and_plot(file, tmp_path):
    root = tmp_path / "runs"
    plan = call("plan", file, "--engine", "cpu", "--workers", 2, root=root)
    assert plan.exit_code == 0, plan.output
    assert "2 runs: 2 missing" in plan.output
    assert "3 settled textures, of which 3 are to be computed" in plan.output
    assert not root.exists()
    done = call("run", file, "--engine", "cpu", "--workers", 2, root=root)
    assert done.exit_code == 0, done.output
    assert "2 of 2 runs to do" in done.output
    assert "2 runs: 2 finished" in done.output
    again = call("run", file, "--engine", "cpu", root=root)
    assert (again.exit_code, "0 of 2 runs to do" in again.output) == (0, True)
    plan = call("plan", file, "--engine", "cpu", root=root)
    assert "2 runs: 2 finished" in plan.output
    assert "3 settled textures, of which 0 are to be computed" in plan.output
    (folder,) = root.glob("few-*.campaign")
    assert "2 finished; 6 of 6 pulses" in call("status", folder, root=root).output
    assert call("gather", file, root=root).exit_code == 0
    with xr.open_dataset(folder / "results.nc", engine="h5netcdf") as data:
        assert data.sizes["seed"] == 2
        assert data.status.values.tolist() == ["finished"] * 2
        gathered = data.conductance.load()
    drawn = call("plot", folder, "--format", "svg", root=root)
    assert drawn.output.split() == [str(folder / "figures" / "conductance.svg")]
    figure = (folder / "figures" / "conductance.svg").read_text()
    assert "|G(left,right)| (S)" in figure
    assert not gathered.isnull().any()


def test_failure_is_told_and_retried(file, tmp_path):
    root = tmp_path / "runs"
    folder = create(Campaign.from_toml(file), root)
    run = folder.runs[0].folder
    run.mkdir()
    (run / DESCRIPTION).write_text("{}")
    options = ("--engine", "cpu", "--workers", 1)
    done = call("resume", file, *options, root=root)
    assert done.exit_code == 1
    assert "description.json:damaged" in "".join(done.output.split())  # lines are folded
    assert "1 failed, 1 finished" in call("status", folder.path, root=root).output
    assert "damaged" in call("status", folder.path, root=root).output
    (run / DESCRIPTION).unlink()
    assert call("resume", folder.path, *options, root=root).exit_code == 1
    assert call("resume", folder.path, *options, "--retry-failed", root=root).exit_code == 0
    assert not (run / FAILED).exists()


@pytest.mark.parametrize("how", ["signal", "cancel"])
def test_stopping_leaves_75_and_a_resumable_state(file, tmp_path, how):
    file.write_text(TOML + '[[axes]]\nname = "n"\nkey = "training.pulses"\nvalues = [2000]\n')
    root = tmp_path / "runs"
    command = [sys.executable, "-m", "orchestrator"]
    command += ["campaign", "run", str(file), "--root", str(root), "--engine", "cpu"]
    process = subprocess.Popen(
        [*command, "--workers", "1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + 120
    while not any(b'"pulse"' in p.read_bytes() for p in root.glob(f"*/1/{JOURNAL}")):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    if how == "signal":
        os.kill(process.pid, signal.SIGTERM)
    else:
        assert call("cancel", file, root=root).exit_code == 0
    said, _ = process.communicate(timeout=60)
    assert process.returncode == STOPPED, said
    assert "1 stopped, 1 missing" in said
    assert not list(root.glob("*/.lock"))


def test_unknown_campaign_and_bad_key(file, tmp_path):
    missing = call("status", file, root=tmp_path / "runs")
    assert "has not been begun under" in str(missing.exception)
    file.write_text(TOML.replace("start.seed", "start.sed"))
    bad = call("plan", file, root=tmp_path / "runs")
    assert "did you mean 'start.seed'" in str(bad.exception)


def test_gathered_tables_and_stores(file, tmp_path):
    root = tmp_path / "runs"
    create(Campaign.from_toml(file), root)
    table = tmp_path / "power.csv"
    found = call("gather", file, "--output", table, "--variable", "power", root=root)
    assert found.exit_code == 0
    assert "power" in table.read_text().splitlines()[0].split(",")
    store = tmp_path / "results.zarr"
    assert call("gather", file, "--output", store, "--tree", root=root).exit_code == 0
    assert (store / ".zmetadata").is_file()
    wrong = call("gather", file, "--output", table, "--tree", root=root)
    assert isinstance(wrong.exception, InputError)


def test_a_plan_as_json_for_two_sites(file, tmp_path, monkeypatch):
    pace = Pace(1e3, 1e-6, "a guess")
    monkeypatch.setattr("orchestrator.campaign.plan.try_out", lambda *_: pace)
    (tmp_path / "mine.toml").write_text(
        'jobs = {scheduler = "slurm", address = "ib0"}\nworkers = {count = 3}\n'
    )
    sites = ("--site", "local", "--site", tmp_path / "mine.toml")
    root = tmp_path / "runs"
    said = call("plan", file, "--engine", "cpu", "--json", "--trial", *sites, root=root)
    assert said.exit_code == 0, said.output
    found = json.loads(said.output)
    assert found["runs"] == {"missing": 2}
    assert found["settled"] == {"needed": 3, "missing": 3}
    assert [site["name"] for site in found["sites"]] == ["local", "mine"]
    for site, workers in zip(found["sites"], (2, 3), strict=True):
        assert site["seconds"] == pytest.approx(found["seconds"]["in_all"] / workers)
    unknown = call("plan", file, "--engine", "cpu", "--json", root=root)
    assert json.loads(unknown.output)["seconds"] is None
    assert "at mine: " in call("plan", file, "--engine", "cpu", "--trial", *sites, root=root).output
