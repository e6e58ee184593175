"""`orchestrator doctor`, with and without a binary."""

from __future__ import annotations

import json
import subprocess
import sys

from orchestrator.cli.doctor import examine, render

CLI = [sys.executable, "-m", "orchestrator"]


def doctor(*arguments, **environment):
    return subprocess.run(
        [*CLI, "doctor", *arguments],
        capture_output=True,
        text=True,
        env={"PATH": "/nowhere", "HOME": "/tmp"} | environment,
        timeout=120,
    )


def test_without_mumax3_the_embedded_engine_works():
    done = doctor("--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["ok"] is True
    assert found["mumax3"] is None
    assert [(t["engine"], t["passed"]) for t in found["trials"]] == [("cpu", True)]
    assert found["chosen"] == "cpu"
    assert found["packages"]["numba"] not in ("", "missing")
    assert found["cores"] >= 1
    assert found["findings"][0]["remedy"].startswith("unpack mumax3")


def test_a_broken_mumax3_is_named_with_a_remedy(tmp_path):
    program = tmp_path / "mumax3"
    program.write_text("#!/bin/sh\necho cuda/init.go:61 CUDA_ERROR_NO_DEVICE >&2\nexit 1\n")
    program.chmod(0o755)
    done = doctor(MUMAX3=str(program))
    assert done.returncode == 1
    assert "engine     mumax3 FAILS" in done.stdout
    assert "WRONG: mumax3 is there, but nvidia-smi shows no GPU" in done.stdout
    assert "CUDA_ERROR_NO_DEVICE" in done.stdout
    assert "remedy: take the mumax3 build for your driver" in done.stdout
    assert "auto       cpu" in done.stdout


def test_a_path_that_is_no_program_is_named():
    found = examine("/nowhere/mumax3")
    assert not found.ok
    assert "WRONG: /nowhere/mumax3 is not a program" in render(found)


def test_quick_tries_nothing():
    done = doctor("--quick")
    assert done.returncode == 0
    assert "\nengine " not in done.stdout
    assert "auto       cpu: embedded CPU engine, because there is no mumax3 binary" in done.stdout


def test_what_is_there_is_told_before_the_self_tests():
    told = []
    examine(tell=told.append)
    assert told[0].startswith("program ")
    assert told[1].startswith("engine     cpu: self-test")
    assert told[2].startswith("engine     cpu works")


def test_a_mumax3_of_another_kind_does_not_end_the_examination(tmp_path):
    found = examine("/bin/true")
    assert (found.chosen, found.ok) == ("cpu", False)
    assert {t.engine: t.passed for t in found.trials} == {
        "cpu": True, "mumax3": False, "live": False,
    }  # fmt: skip


def test_the_cost_of_a_pulse(description, write_toml):
    file = write_toml("small.toml", description)
    done = doctor("--json", "--experiment", str(file))
    assert done.returncode == 0, done.stderr
    (cost,) = json.loads(done.stdout)["costs"]
    assert cost["engine"] == "cpu"
    assert cost["steps_per_second"] > 1
    assert 0 < cost["measured"] <= description["training"]["pulse_length"]
    assert min(cost["block"], cost["transport"], cost["files"]) > 0
