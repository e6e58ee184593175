"""The wheel: one package with its examples and templates, usable outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_one_package_carries_everything(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    top = {name.partition("/")[0] for name in names}
    assert top == {"orchestrator", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}
    assert "orchestrator/py.typed" in names
    assert "orchestrator/engines/cpu/page.html" in names
    folders = ("experiments", "campaigns", "searches", "sites", "schemas", "transport")
    for folder in ("mx3_templates", *(f"data/{name}" for name in folders)):
        found = {name for name in names if name.startswith(f"orchestrator/{folder}/")}
        files = [p for p in (ROOT / folder).iterdir() if p.is_file()]
        assert found == {f"orchestrator/{folder}/{path.name}" for path in files}
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "orchestrator").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == sources


def test_an_unpacked_wheel_finds_its_own_files(wheel, tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = "import orchestrator.base.shipped as s; print(s.shipped('data/sites'))"
    told = _run([sys.executable, "-c", code], tmp_path, PYTHONPATH=str(site))
    assert told.strip() == str(site / "orchestrator/data/sites")
    command = [sys.executable, "-m", "orchestrator", "render", "quickstart"]
    _run(command, tmp_path, PYTHONPATH=str(site))
    script = tmp_path / "quickstart-scripts/1/quickstart.mx3"
    assert "SetGridSize" in script.read_text()


@pytest.mark.slow
def test_installed_into_an_empty_environment_it_runs_by_name(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    _run([python, "-m", "pip", "install", "--quiet", wheel], tmp_path)
    orchestrator = tmp_path / "venv/bin/orchestrator"
    work = tmp_path / "work"
    work.mkdir()
    assert "quickstart" in _run([orchestrator, "examples", "list"], work)
    told = _run([orchestrator, "run", "quickstart", "--engine", "cpu"], work)
    assert "trained" in told
    (folder,) = (work / "runs").glob("quickstart-*")
    assert (folder / "figures/energies.png").is_file()
    print(told)


def _run(command, cwd, **environment):
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=cwd, env=plain | environment, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
