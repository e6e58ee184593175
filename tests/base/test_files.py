from __future__ import annotations

import os
import subprocess
import sys

import pytest

from orchestrator.base.files import synced, written_whole


def test_a_file_takes_the_place_of_the_old_one_when_it_is_written(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with written_whole(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stays_where_writing_fails(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half():
        with written_whole(path) as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "no" / "a.txt") as temporary:
        temporary.write_text("new")


def test_files_are_on_the_disk_after_what_is_done_meanwhile(tmp_path, monkeypatch):
    paths = [tmp_path, tmp_path / "a"]
    (tmp_path / "a").write_text("a")
    done, real = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: done.append(real(descriptor)))
    with synced(paths):
        pass
    assert done == [None, None]
    with pytest.raises(FileNotFoundError), synced([*paths, tmp_path / "b"]):
        done.append("work")
    assert done.count("work") == 1


def test_a_forked_process_syncs_as_its_parent_does(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    code = """
import os, sys
from pathlib import Path
from orchestrator.base.files import synced
with synced([Path(sys.argv[1])]):
    pass
if os.fork() == 0:
    with synced([Path(sys.argv[1])]):
        pass
    os._exit(7)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    words = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "a")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("7\n", "")
