"""The names of a run's files stand in one module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import orchestrator
from orchestrator.run import folder

SOURCE = Path(orchestrator.__file__).parent
ROOMS = ("run", "campaign", "learning", "cli", "analysis", "plotting")
NAMES = {value for name, value in vars(folder).items() if name.isupper() and name != "Path"}
PREFIXES = {"m_", "j_", "b_", "state_", "j_initial_"}


PICTURES = {"textures"}
"""Also the name of a picture."""


def spelled(text):
    """Strings of a module's text, but its docstrings, that name a file of a run folder."""
    tree = ast.parse(text)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in prose)
    return [n.value for n in constants if n.value in NAMES | PREFIXES]


def test_no_other_module_spells_the_name_of_a_file():
    modules = [path for room in ROOMS for path in (SOURCE / room).rglob("*.py")]
    assert len(modules) > 40
    found = {path.name: names for path in modules if (names := spelled(path.read_text()))}
    assert set(found.pop("figures.py")) <= PICTURES
    assert set(found) == {"folder.py"}


@pytest.mark.parametrize("text", ['f"m_{n:06d}.ovf"', 'path / "journal.jsonl"', 'p / ".lock"'])
def test_a_planted_name_is_found(text):
    assert spelled(f'"""About m_ and journal.jsonl."""\nx = {text}')
