"""Small files that claim to be large: refused before anything of that size is made."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from orchestrator.base.errors import EngineError, InputError, OrchestratorError, RunFolderError
from orchestrator.campaign.sites import read_site
from orchestrator.campaign.spec import Campaign
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.make import make_world
from orchestrator.engines.cpu.output.outputs import Outputs
from orchestrator.ovf.files import read_ovf, read_ovf_header, write_ovf
from orchestrator.run.fields import read_state
from orchestrator.run.notes import read_note

MOST = 64 << 20
"""Bytes that refusing may take."""


def refused(act: Callable[[], object], error: type[Exception], words: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(error, match=words):
            act()
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("nodes", [10**9, 10**18, 10**400])
@pytest.mark.parametrize("encoding", ["Text", "Binary 4"])
def test_an_ovf_header_of_many_nodes(tmp_path: Path, nodes: int, encoding: str) -> None:
    path = tmp_path / "m.ovf"
    write_ovf(path, np.ones((1, 2, 2, 3)), (1e-9, 1e-9, 1e-9))
    raw = path.read_bytes().replace(b"# xnodes: 2", b"# xnodes: %d" % nodes)
    raw = raw.replace(b"Data Binary 4", b"Data " + encoding.encode())
    assert b"%d" % nodes in raw
    path.write_bytes(raw)
    refused(lambda: read_ovf(path), InputError, "m.ovf: ")


def test_a_file_without_an_end_of_its_header(tmp_path: Path) -> None:
    path = tmp_path / "m.ovf"
    with open(path, "wb") as file:
        file.write(b"# OOMMF OVF 2.0\n")
        file.truncate(4 << 30)
    refused(lambda: read_ovf_header(path), InputError, "no data section")


def test_a_compressed_field_of_zeros(tmp_path: Path) -> None:
    path = tmp_path / "state.nc"
    with h5py.File(path, "w") as file:
        shape, chunk = (3, 1, 10**5, 10**5), (1, 1, 1000, 1000)
        file.create_dataset("magnetization", shape, "f4", chunks=chunk, compression="gzip")
    assert path.stat().st_size < 1 << 20
    refused(lambda: read_state(path, "m", (1, 8, 8)), RunFolderError, "its shape is")


DEEP = {
    "arrays": "a = " + "[" * 10**4 + "]" * 10**4,
    "tables": "a = " + "{b = " * 10**4 + "1" + "}" * 10**4,
    "names": "[" + ".".join(["a"] * 10**4) + "]\nb = 1",
    "digits": "a = " + "9" * 5000,
    "date": "a = 2001-13-45",
}


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("read", [Experiment.from_toml, Campaign.from_toml, read_site])
def test_toml(tmp_path: Path, kind: str, read: Callable[[Path], object]) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(DEEP[kind])
    refused(lambda: read(path), OrchestratorError, "deep.toml: ")


def test_a_note_of_many_levels(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_text('{"a": ' + "[" * 10**5 + "]" * 10**5 + "}")
    refused(lambda: read_note(path, "a"), RunFolderError, "damaged")


AXIS = '[[axes]]\nname = "{name}"\nkey = "{key}"\n'


@pytest.mark.parametrize(
    "ends",
    [
        ["linspace = {start = 1e5, stop = 2e5, count = 1000000000}"],
        [
            "linspace = {start = 1e5, stop = 2e5, count = 10000}",
            "integers = {start = 1, count = 99}",
        ],
        ["values = [1e5]", "seeds = {entropy = 1, count = 1000000000}"],
    ],
)
def test_a_campaign_of_many_runs(
    tmp_path: Path, ends: list[str], description: dict, as_toml: Callable[[dict], str]
) -> None:
    (tmp_path / "base.toml").write_text(as_toml(description))
    path = tmp_path / "many.toml"
    keys = ("material.Ku1", "start.seed")
    axes = [AXIS.format(name=key[-3:], key=key) + end for key, end in zip(keys, ends, strict=False)]
    path.write_text("\n".join(['name = "many"\nbase = "base.toml"', *axes]) + "\n")
    refused(lambda: Campaign.from_toml(path), InputError, "many.toml: .*100000")


CELL = "SetCellSize(1e-9, 1e-9, 1e-9)\nMsat = 1e6\n"


@pytest.mark.parametrize(
    "text",
    [
        "x := " + "(" * 10**4 + "1" + ")" * 10**4,
        "x := " + "-" * 10**4 + "1",
        "x := " + "sin(" * 10**4 + "1" + ")" * 10**4,
        "{" * 10**4 + "}" * 10**4,
        "if true {" * 5000 + "}" * 5000,
        "x := " + "1 + " * 10**4 + "1",
        "SetGridSize(1000000000, 1000000000, 1)\n" + CELL + "m = uniform(1, 0, 0)",
        "SetGridSize(100000, 100000, 10)\n" + CELL + "m = uniform(1, 0, 0)",
        "x := NewVectorMask(100000, 100000, 10)",
        "x := NewSlice(100, 100000, 100000, 10)",
        "SetPBC(100000000, 100000000, 0)\nSetGridSize(8, 8, 1)\n" + CELL + "save(B_demag)",
    ],
    ids=lambda text: text[:30],
)
def test_scripts(tmp_path: Path, text: str) -> None:
    world = make_world(Outputs(tmp_path / "out", quiet=True), threads=1, folder=tmp_path)
    world.sim.settings.demag_cache = None
    refused(lambda: world.execute(text, echo=False), EngineError, ".")
    world.close()


def test_nesting_that_people_write_runs(tmp_path: Path) -> None:
    """Generated geometries of many shapes are one chain of calls."""
    world = make_world(Outputs(tmp_path / "out", quiet=True), threads=1, folder=tmp_path)
    world.execute("x := " + "(" * 200 + "1" + ")" * 200, echo=False)
    world.execute("x = " + "1 + " * 800 + "1\nif x != 801 { Exit() }", echo=False)
    chain = ".add(circle(2e-9))" * 300
    world.execute(f"SetGridSize(4, 4, 1)\n{CELL}SetGeom(circle(1e-9){chain})", echo=False)
    world.close()
