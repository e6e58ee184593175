"""The notebooks of docs/notebooks: a short one with every test, all of them by `make notebooks`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.md"))
SHORT = "own_material"


def cells(name):
    text = (FOLDER / f"{name}.md").read_text()
    found = re.findall(r"^```{code-cell} python\n(.*?)^```$", text, re.M | re.S)
    return [re.sub(r"^%.*\n", "", cell, flags=re.M) for cell in found]


@pytest.fixture
def carry_out(tmp_path, monkeypatch):
    """Run the cells of a notebook one after the other in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(name):
        names = {"__name__": "notebook"}
        for number, cell in enumerate(cells(name), start=1):
            exec(compile(cell, f"{name}, cell {number}", "exec"), names)
        return names

    return run


def test_there_are_six():
    assert len(NAMES) == 6
    for name in NAMES:
        assert len(cells(name)) >= 4
        assert cells(name)[0].startswith(("import", "from"))


def test_a_short_one(carry_out):
    names = carry_out(SHORT)
    results = names["results"]
    assert results.energy.isel(training=0).notnull().all()
    assert names["measured"].resistances.shape == (3, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name != SHORT])
def test_all(carry_out, name):
    names = carry_out(name)
    assert "results" in names or "loop" in names
