"""The one table of engines, and what its options refuse."""

from __future__ import annotations

import inspect
import pickle

import pytest

import orchestrator
from orchestrator.base.errors import EngineError, InputError
from orchestrator.engines.choose import choose_engine
from orchestrator.engines.table import ENGINE_NAMES, ENGINES, EngineOptions, cores


def test_every_engine_can_be_asked_for_and_made(tmp_path):
    assert ENGINE_NAMES == ("auto", "live", "mumax3", "cpu")
    for name, kind in ENGINES.items():
        options = EngineOptions(name, **{o: VALUES[o] for o in kind.options})
        assert pickle.loads(pickle.dumps(options)) == options
        engine = kind.make(options, "/some/mumax3")
        if kind.needs_mumax3:
            assert (engine.command, engine.gpu) == (["/some/mumax3"], 1)
            assert (engine.limits.time, engine.limits.silence) == (9.0, 8.0)
        else:
            assert engine.threads == 1


VALUES = {"threads": 1, "binary": "m", "gpu": 1, "time_limit": 9.0, "silence_limit": 8.0}


def test_limits_are_mumax3s_own_by_default():
    engine = ENGINES["mumax3"].make(EngineOptions("mumax3"), "m")
    assert (engine.limits.time, engine.limits.silence) == (None, 600.0)


@pytest.mark.parametrize("name", ENGINES)
def test_options_that_do_nothing_are_refused(name):
    for option in VALUES.keys() - ENGINES[name].options:
        with pytest.raises(InputError, match=f"{option}: engine {name} does not take it"):
            EngineOptions(name, **{option: VALUES[option]})
        EngineOptions("auto", **{option: VALUES[option]})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"engine": "gpu"}, "none of auto, live, mumax3, cpu"),
        ({"engine": None}, "engine: None"),
        ({"threads": 0}, "at least 1"),
        ({"threads": 1.5}, "an integer"),
        ({"threads": True}, "an integer"),
        ({"gpu": -1}, "not be negative"),
        ({"binary": 3}, "path of mumax3"),
        ({"time_limit": 0}, "positive time"),
        ({"silence_limit": float("nan")}, "positive time"),
        ({"time_limit": "1 h"}, "positive time"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        EngineOptions(**options)


def test_what_this_machine_cannot_do_is_refused(monkeypatch):
    with pytest.raises(InputError, match=f"more than this process has cores \\({cores()}\\)"):
        choose_engine(EngineOptions("cpu", threads=cores() + 1))
    with pytest.raises(InputError, match="/nowhere/mumax3 is not a program"):
        choose_engine(EngineOptions(binary="/nowhere/mumax3"))
    monkeypatch.setenv("MUMAX3", "/nowhere/mumax3")
    with pytest.raises(EngineError, match="no mumax3 binary"):
        choose_engine(EngineOptions("live"))


def test_a_binary_is_found_from_here_and_started_from_anywhere(tmp_path, monkeypatch, fake):
    (tmp_path / "mumax3").symlink_to(fake("real()")[0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("orchestrator.engines.mumax3.hardware.find_gpus", lambda: [])
    chosen = choose_engine(EngineOptions("mumax3", binary="./mumax3"))
    assert chosen.engine.command == [str(tmp_path / "mumax3")]


def test_the_python_functions_take_all_options():
    fields = set(inspect.signature(EngineOptions).parameters)
    both = fields | {"root", "transport_solver", "templates"}
    assert set(inspect.signature(orchestrator.run).parameters) == both | {"experiment", "progress"}
    assert set(inspect.signature(orchestrator.run_campaign).parameters) > both - {"gpu"}
