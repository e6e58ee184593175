from __future__ import annotations

import os
import subprocess
import sys

import pytest

from orchestrator.campaign.folder import Journal, locked
from orchestrator.errors import RunFolderError


def test_journal_keeps_what_was_committed(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    for n in range(3):
        journal.append({"n": n, "x": 0.1 * n})
    assert Journal(path).records == [{"n": n, "x": 0.1 * n} for n in range(3)]


def test_torn_last_line_does_not_count_and_is_replaced(tmp_path):
    path = tmp_path / "journal.jsonl"
    Journal(path).append({"n": 0})
    whole = path.read_bytes()
    for cut in range(1, len(whole)):
        path.write_bytes(whole + whole[:cut])
        journal = Journal(path)
        assert journal.records == [{"n": 0}]
        journal.append({"n": 1})
        assert Journal(path).records == [{"n": 0}, {"n": 1}]


def test_damage_in_the_middle_is_an_error(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    for n in range(3):
        journal.append({"n": n})
    raw = bytearray(path.read_bytes())
    raw[12] ^= 1
    path.write_bytes(raw)
    with pytest.raises(RunFolderError, match="line 1 is damaged"):
        Journal(path)


def test_second_writer_is_refused_and_the_lock_dies_with_its_process(tmp_path):
    code = (
        "import sys; from pathlib import Path; from orchestrator.campaign.folder import locked\n"
        "with locked(Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RunFolderError, match=f"process {holder.pid}"), locked(tmp_path):
            pass
        holder.kill()
    with locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())
