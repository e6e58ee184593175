"""Examples that users see: those of docstrings, and the shipped scripts."""

from __future__ import annotations

import doctest

import pytest
from click.testing import CliRunner

import orchestrator.engines.scripts
import orchestrator.measure
import orchestrator.ovf.tables
from orchestrator.base.shipped import examples
from orchestrator.cli.main import cli


@pytest.mark.parametrize(
    "module", [orchestrator.measure, orchestrator.engines.scripts, orchestrator.ovf.tables]
)
def test_examples_of_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert result.failed == 0


def test_scripts_of_examples_are_accepted():
    scripts = [str(path.with_suffix(".mx3")) for path in examples("transport").values()]
    done = CliRunner().invoke(cli, ["mx3", "-vet", *scripts])
    assert done.exit_code == 0, done.output
    assert done.output.count(": OK") == len(scripts) >= 2
