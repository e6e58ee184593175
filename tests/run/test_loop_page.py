"""The scripts of docs/loop.md and of docs/examples, run on a small film."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import orchestrator
from orchestrator.run.execute import is_finished

DOCS = Path(__file__).parents[2] / "docs"
CORNERS = {"1": "top left", "2": "top right", "3": "bottom right", "4": "bottom left"}


def test_the_scripts_of_the_page(description, write_toml, tmp_path, monkeypatch, capsys):
    del description["probes"]
    description["contacts"] = [
        {"name": n, "shape": "corner", "corner": c, "size": 2e-8} for n, c in CORNERS.items()
    ]
    description["training"] |= {"patterns": ["+--+"], "voltage": 0.05, "relax_time": 0.0}
    description["output"] = {}
    write_toml("film.toml", description)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MUMAX3", raising=False)
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "loop.md").read_text(), re.S)
    names: dict = {}
    for block in blocks:
        exec(block, names)
    assert "power" in capsys.readouterr().out
    assert is_finished(Path("runs/mine"))
    data = orchestrator.open_run("runs/forms")
    assert data.sizes["pulse"] == 5
    assert data.sizes["reading"] == 1
    assert abs(float(data.current[0, 3, 1]) - 0.01) < 1e-12
    assert abs(float(data.current[0, 3, 3])) < 1e-12


def test_the_feedback_example(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "feedback"
    monkeypatch.setattr(sys, "argv", ["feedback.py", str(folder), "1"])
    runpy.run_path(str(DOCS / "examples" / "feedback.py"))
    said = capsys.readouterr().out
    assert "pulse   1,  0.00 ns: E' of +--+   0.355 mW" in said
    assert abs(float(orchestrator.open_run(folder).power[0, 0]) - 0.02) < 1e-12
