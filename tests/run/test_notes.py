"""JSON files with checksums: no flipped bit goes unnoticed, and old files are read."""

from __future__ import annotations

import json

import pytest

from orchestrator.base.errors import RunFolderError
from orchestrator.run.notes import read_note, write_note

CONTENT = {"voltage": 0.025, "names": ["left", "right"], "on": True, "none": None}


@pytest.fixture
def note(tmp_path):
    path = tmp_path / "note.json"
    write_note(path, CONTENT)
    return path


def test_content_comes_back(note):
    assert read_note(note, *CONTENT) == CONTENT


def test_every_flipped_bit_is_noticed_or_changes_nothing(note):
    whole = note.read_bytes()
    unnoticed = 0
    for place in range(len(whole)):
        for bit in range(8):
            raw = bytearray(whole)
            raw[place] ^= 1 << bit
            note.write_bytes(raw)
            try:
                assert read_note(note, *CONTENT) == CONTENT
            except RunFolderError as error:
                assert str(note) in str(error)  # noqa: PT017
            else:
                unnoticed += 1
    # blanks that became other blanks
    assert unnoticed < 0.02 * 8 * len(whole)


def test_files_without_a_checksum_are_read(note):
    note.write_text(json.dumps(CONTENT))
    assert read_note(note, *CONTENT) == CONTENT


def test_a_damaged_name_of_the_checksum_is_noticed(note):
    note.write_text(note.read_text().replace('"checksum"', '"checksun"'))
    with pytest.raises(RunFolderError, match="no checksum, and the unknown key checksun"):
        read_note(note, *CONTENT)
