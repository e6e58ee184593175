from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from orchestrator.base.errors import RunFolderError
from orchestrator.run import locks
from orchestrator.run.locks import InUseError, Lock, holder, locked

HOLD = (
    "import sys; from pathlib import Path; from orchestrator.run.locks import locked\n"
    "with locked(Path(sys.argv[1])):\n"
    "    print('held', flush=True); sys.stdin.read()"
)


def hold(path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    return process


def write(path, **changes):
    with locked(path):
        content = json.loads(path.read_text())
    path.write_text(json.dumps(content | changes))


def test_second_writer_is_refused_and_a_dead_ones_lock_is_taken_over(tmp_path):
    path = tmp_path / "lock"
    with hold(path) as process:
        with pytest.raises(InUseError, match=f"process {process.pid} on"), locked(path):
            pass
        assert holder(path).pid == process.pid
        process.kill()
    assert path.exists()
    assert holder(path) is None
    with locked(path):
        assert holder(path).pid == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_same_number_of_another_process_is_stale(tmp_path):
    write(tmp_path / "lock", token="other", started="1")
    with locked(tmp_path / "lock"):
        pass


def test_another_host_counts_as_alive_while_its_heart_beats(tmp_path):
    path = tmp_path / "lock"
    write(path, host="far", machine="far", token="other")
    with pytest.raises(InUseError, match="on far"), locked(path):
        pass
    old = time.time() - 2 * locks.STALE_AFTER
    os.utime(path, (old, old))
    with locked(path):
        pass


def test_holder_touches_its_lock_and_notices_a_loss(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "HEARTBEAT", 0.02)
    path = tmp_path / "lock"
    with locked(path) as lock:
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 5
        while path.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert path.stat().st_mtime > 0
        lock.check()
        content = json.loads(path.read_text())
        path.write_text(json.dumps(content | {"token": "thief", "host": "elsewhere"}))
        with pytest.raises(RunFolderError, match="now held by process"):
            lock.check()
    assert path.exists()


def test_damaged_and_empty_locks_age(tmp_path):
    path = tmp_path / "lock"
    path.touch()
    with pytest.raises(InUseError):
        Lock(path)
    os.utime(path, (0, 0))
    Lock(path).release()


def test_without_hard_links(tmp_path, monkeypatch):
    def no_links(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "lock"
    with locked(path), pytest.raises(InUseError), locked(path):
        pass
    assert not path.exists()


def test_one_of_many_takes_a_stale_lock(tmp_path):
    path = tmp_path / "lock"
    write(path, token="dead", started="1")
    code = (
        "import sys, time; from pathlib import Path; from orchestrator.run.locks import *\n"
        "sys.stdin.read()\n"
        "try:\n    Lock(Path(sys.argv[1])); print('mine', flush=True); time.sleep(60)\n"
        "except InUseError:\n    print('taken')"
    )
    command = [sys.executable, "-c", code, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    racers = [subprocess.Popen(command, **pipes) for _ in range(6)]
    for racer in racers:
        racer.stdin.close()
        racer.stdin = None
    said = [racer.stdout.readline().strip() for racer in racers]
    for racer in racers:
        racer.kill()
        racer.communicate()
    assert sorted(said) == [b"mine"] + 5 * [b"taken"]
