"""The records of a training: their JSON is pinned, and that of older versions is read."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from orchestrator.learning.records import (
    PULSE_COLUMNS,
    PulseRecord,
    RelaxedRecord,
    StartRecord,
    TrainedRecord,
    record_of,
)

G = np.array([[2.0, -2.0], [-2.0, 2.0]])
PULSE = PulseRecord(
    number=3,
    voltages=np.array([0.1, -0.1]),
    duration=1e-10,
    gap=0.0,
    time=3e-10,
    conductance=G,
    probes=(1.5,),
    currents=np.array([0.4, -0.4]),
    power=0.08,
    max_dm=0.25,
    steps=None,
    seconds={"transport": 1.0, "engine": 2.0, "files": 0.5},
    state={"dt": 1e-13},
    files={"m_000003.ovf": "0a1b2c3d"},
)
LINE = (
    '{"kind":"pulse","pulse":3,"voltages":[0.1,-0.1],"duration":1e-10,"gap":0.0,"time":3e-10,'
    '"conductance":[[2.0,-2.0],[-2.0,2.0]],"probes":[1.5],"currents":[0.4,-0.4],"power":0.08,'
    '"max_dm":0.25,"steps":null,"seconds":{"transport":1.0,"engine":2.0,"files":0.5},'
    '"state":{"dt":1e-13},"files":{"m_000003.ovf":"0a1b2c3d"}}'
)


def as_text(record):
    return json.dumps(record.to_json(), separators=(",", ":"))


def test_json_of_a_pulse_is_pinned():
    assert as_text(PULSE) == LINE


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (StartRecord(files={"m.ovf": "00"}), '{"kind":"start","files":{"m.ovf":"00"}}'),
        (
            TrainedRecord(conductance=G, probes=()),
            '{"kind":"trained","files":{},"conductance":[[2.0,-2.0],[-2.0,2.0]],"probes":[]}',
        ),
        (
            RelaxedRecord(conductance=G, probes=()),
            '{"kind":"relaxed","files":{},"conductance":[[2.0,-2.0],[-2.0,2.0]],"probes":[]}',
        ),
    ],
)
def test_json_of_the_other_records_is_pinned(record, text):
    assert as_text(record) == text
    assert type(record_of(json.loads(text))) is type(record)


def test_a_pulse_comes_back_from_its_json():
    again = record_of(json.loads(LINE))
    assert isinstance(again, PulseRecord)
    assert as_text(again) == LINE
    for field in dataclasses.fields(PulseRecord):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(PULSE, field.name))
    assert again.conductance.shape == (2, 2)


def test_keys_of_newer_versions_are_at_their_defaults():
    content = json.loads(LINE)
    for key in ("gap", "files", "state"):
        del content[key]
    again = record_of(content)
    assert (again.gap, again.files, again.state) == (0.0, {}, {})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kind", "puls"),
        ("pulse", 3.0),
        ("pulse", True),
        ("power", "0.08"),
        ("power", None),
        ("voltages", ["a", "b"]),
        ("voltages", [[0.1], [0.1, 0.2]]),
        ("steps", 1.5),
        ("seconds", [1.0]),
        ("probes", ["1.5"]),
        ("files", "m_000003.ovf"),
    ],
)
def test_values_of_another_kind_are_refused(key, value):
    with pytest.raises((KeyError, TypeError, ValueError)):
        record_of(json.loads(LINE) | {key: value})


@pytest.mark.parametrize("key", ["pulse", "time", "conductance", "kind"])
def test_missing_keys_are_refused(key):
    content = json.loads(LINE)
    del content[key]
    with pytest.raises(KeyError, match=key):
        record_of(content)


def test_every_column_has_the_dimensions_of_its_values():
    sizes = {"contact": 2, "contact_in": 2, "probe": 1, "stage": 3}
    for name, column in PULSE_COLUMNS.items():
        value = getattr(PULSE, name)
        shape = (len(value),) if isinstance(value, dict) else np.shape(value)
        assert column.dims[:2] == ("training", "pulse")
        assert shape == tuple(sizes[dim] for dim in column.dims[2:]), name
