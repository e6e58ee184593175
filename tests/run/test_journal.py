"""The journal keeps what was committed, whoever else touches it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from orchestrator.base.errors import RunFolderError
from orchestrator.learning.records import PulseRecord, RelaxedRecord, StartRecord, TrainedRecord
from orchestrator.run.journal import Journal, committed, journal_line, look_into, read_journal

G = np.eye(2)


def pulse(number):
    return PulseRecord(
        number=number,
        voltages=np.array([0.1, -0.1]),
        duration=1e-10,
        time=1e-10 * number,
        conductance=G,
        probes=(),
        currents=np.array([0.1, -0.1]),
        power=0.02,
        max_dm=0.1,
        steps=5,
        seconds={"transport": 0.1, "engine": 0.2, "files": 0.3},
    )


def content(path):
    return [record.to_json() for record in read_journal(path).records]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def journal(path):
    """With a start and two pulses."""
    journal = Journal(path)
    for record in (StartRecord(), pulse(1), pulse(2)):
        journal.append(record)
    return journal


def test_it_keeps_what_was_committed(path, journal):
    records = [StartRecord(), pulse(1), pulse(2)]
    assert content(path) == [record.to_json() for record in records]
    assert path.read_bytes() == b"".join(map(journal_line, records))
    assert [p.number for p in journal.found.pulses] == [1, 2]
    journal.append(TrainedRecord(conductance=G, probes=()))
    assert read_journal(path).relaxed is None
    journal.append(RelaxedRecord(conductance=2 * G, probes=()))
    found = read_journal(path)
    np.testing.assert_array_equal(found.trained.conductance, G)
    np.testing.assert_array_equal(found.relaxed.conductance, 2 * G)


def test_torn_last_line_does_not_count_and_is_replaced(path):
    Journal(path).append(StartRecord())
    whole = path.read_bytes()
    for cut in range(1, len(whole)):
        path.write_bytes(whole + whole[:cut])
        journal = Journal(path)
        assert content(path) == [StartRecord().to_json()]
        journal.append(pulse(1))
        assert content(path) == [StartRecord().to_json(), pulse(1).to_json()]


def test_damage_in_the_middle_is_an_error(path, journal):
    raw = bytearray(path.read_bytes())
    raw[12] ^= 1
    path.write_bytes(raw)
    with pytest.raises(RunFolderError, match="line 1 is damaged"):
        Journal(path)


@pytest.mark.parametrize("place", [12, -2])
def test_a_damaged_last_line_is_not_taken_for_a_torn_one(path, journal, place):
    """A flipped bit in what was committed last is told, not computed over."""
    raw = bytearray(path.read_bytes())
    last = raw[:-1].rindex(b"\n") + 1
    raw[last + place if place > 0 else place] ^= 1
    path.write_bytes(raw)
    with pytest.raises(RunFolderError, match="line 3 is damaged"):
        Journal(path)
    assert look_into(path).pulses[-1].number == 1


def line_of(text):
    from orchestrator.base.files import crc32

    return f"{crc32(text.encode())} {text}\n".encode()


@pytest.mark.parametrize(
    "line",
    [
        journal_line(pulse(2)),
        journal_line(pulse(4)),
        journal_line(StartRecord()),
        line_of("[]"),
        line_of('{"kind":"pulse"}'),
        line_of(json.dumps(pulse(3).to_json() | {"power": "high"})),
    ],
)
def test_a_line_that_is_no_next_record_is_damage_though_its_checksum_is_right(path, journal, line):
    path.write_bytes(path.read_bytes() + line + journal_line(pulse(4)))
    found = look_into(path)
    assert (found.damaged, len(found.records)) == (4, 3)


def test_a_process_that_was_asleep_does_not_shorten_the_journal_of_another(path, journal):
    other = Journal(path)
    for number in range(3, 40):
        other.append(pulse(number))
    before = path.read_bytes()
    with pytest.raises(RunFolderError, match=r"journal\.jsonl: changed .*nothing more is written"):
        journal.append(pulse(3))
    assert path.read_bytes() == before


def test_a_journal_that_was_removed_is_noticed_at_once(path, journal):
    path.unlink()
    with pytest.raises(RunFolderError, match="it was removed"):
        journal.append(pulse(3))
    assert not path.exists()


def test_a_journal_that_another_process_has_begun_is_left_alone(path):
    journal = Journal(path)
    Journal(path).append(StartRecord())
    before = path.read_bytes()
    with pytest.raises(RunFolderError, match="another process has made it"):
        journal.append(StartRecord())
    assert path.read_bytes() == before


def test_a_link_is_not_followed(path, tmp_path):
    target = tmp_path / "precious"
    target.write_text("")
    path.symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        Journal(path).append(StartRecord())
    assert target.read_text() == ""


def test_how_far_it_is_needs_the_last_line_only(path, journal):
    assert committed(path) == (2, pytest.approx(0.6))
    path.write_bytes(path.read_bytes() + journal_line(pulse(3))[:-20])
    assert committed(path) == (2, pytest.approx(0.6))
