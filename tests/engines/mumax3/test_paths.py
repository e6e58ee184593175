"""Where the binary is: relative paths, and paths of what is no mumax3."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.base.errors import InputError
from orchestrator.engines.choose import choose_engine
from orchestrator.engines.mumax3.blocks import LOG, Mumax3Engine
from orchestrator.engines.mumax3.diagnosis import EngineFault
from orchestrator.engines.mumax3.live import LiveEngine
from orchestrator.engines.table import EngineOptions

CLI = [sys.executable, "-m", "orchestrator"]


@pytest.fixture
def beside(fake, tmp_path, monkeypatch):
    """A working directory with mumax3 in its folder `bin`; a session's folder elsewhere."""
    place = tmp_path / "here"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "mumax3").symlink_to(fake("watched(None, 'never')")[0])
    (place / "mumax3").symlink_to(place / "bin" / "mumax3")
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize("kind", [Mumax3Engine, LiveEngine])
@pytest.mark.parametrize("how", ["bin/mumax3", "./mumax3", "PATH", "MUMAX3"])
def test_relative_paths_work_from_any_working_directory(beside, pulses, monkeypatch, kind, how):
    if how == "PATH":
        monkeypatch.setenv("PATH", f"bin:{os.environ['PATH']}")
        command = "mumax3"
    elif how == "MUMAX3":
        monkeypatch.setenv("MUMAX3", "bin/mumax3")
        command = choose_engine(EngineOptions("mumax3")).engine.command[0]
    else:
        command = how
    engine = kind(command)
    monkeypatch.chdir("/")
    pulses.run(engine, last=1)
    assert str(beside) in engine.command[0]
    assert f" {beside}/" in (pulses.folder / LOG).read_text()


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ("not a program", 0o755, "cannot be started (Exec format error)"),
        ("#!/nowhere/python\n", 0o755, "cannot be started (No such file or directory)"),
        ("#!/bin/sh\n", 0o644, "cannot be started (no such program)"),
    ],
)
def test_what_cannot_be_started_is_named_without_a_traceback(tmp_path, content, mode, words):
    path = tmp_path / "mumax3"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(EngineFault) as caught:
        Mumax3Engine(str(path)).describe()
    assert caught.value.kind == "missing"
    assert f"{path}: {words}" in str(caught.value)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("engine", ["auto", "live", "mumax3"])
@pytest.mark.parametrize("what", ["x.toml", "/bin/true", "/tmp", "/nowhere/mumax3"])
def test_what_is_no_mumax3_is_refused_before_anything_is_written(
    description, write_toml, tmp_path, monkeypatch, engine, what
):
    file = write_toml("small.toml", description)
    monkeypatch.chdir(tmp_path)
    Path("x.toml").write_text("a = 1\n")
    before = sorted(tmp_path.rglob("*"))
    done = subprocess.run(
        [*CLI, "run", str(file), "--engine", engine, "--mumax3", what],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 2, done.stderr
    assert f"binary: {what} is no" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_auto_never_takes_what_fails_its_self_test(fake, nvidia_smi, monkeypatch):
    command = fake("real()")
    monkeypatch.setenv("MUMAX3", command[0])
    assert choose_engine().kind.name == "live"
    path = Path(command[0])
    fault = "sys.exit('x.go:61 Unknown CUresult: 803')"
    path.write_text(path.read_text().replace('if "selftest"', f'{fault}\nif "selftest"'))
    choice = choose_engine()
    assert choice.kind.name == "cpu"
    assert "does not work, GPU 0 (NVIDIA A)" in choice.reason
    assert "the driver's parts are of different versions" in choice.reason
    # asked for by name, or by its path, it is no matter of choice
    with pytest.raises(EngineFault, match="SYSTEM_DRIVER_MISMATCH"):
        choose_engine(EngineOptions("live"))
    assert choose_engine(EngineOptions(binary=command[0])).kind.name == "cpu"
    with pytest.raises(InputError, match="there is no GPU 7: nvidia-smi shows 2"):
        choose_engine(EngineOptions(gpu=7))
