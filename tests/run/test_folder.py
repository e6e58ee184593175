from __future__ import annotations

import pytest

from orchestrator.base.errors import RunFolderError
from orchestrator.run.folder import Journal


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
