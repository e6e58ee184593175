"""`orchestrator schema`, `-v`, `-q`, and what shells complete."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from orchestrator.campaign.schemas import KINDS, schema_of
from orchestrator.cli.main import cli


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_are_printed(kind):
    done = CliRunner().invoke(cli, ["schema", kind])
    assert done.exit_code == 0
    assert json.loads(done.output) == schema_of(kind)


def test_unknown_kinds_are_refused():
    assert CliRunner().invoke(cli, ["schema", "film"]).exit_code == 2


def test_verbose_and_quiet_exclude_each_other():
    done = CliRunner().invoke(cli, ["-v", "-q", "examples", "list"])
    assert done.exit_code == 2
    assert "exclude each other" in done.output


def test_verbose_has_a_traceback_before_the_message(tmp_path):
    command = [sys.executable, "-m", "orchestrator", "-v", "report", str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 2
    assert "Traceback" in told.stderr
    assert told.stderr.splitlines()[-1].startswith(f"orchestrator: {tmp_path}: not a run folder")


def test_shells_complete_commands(capsys, monkeypatch):
    monkeypatch.setenv("_ORCHESTRATOR_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "orchestrator campaign pl")
    monkeypatch.setenv("COMP_CWORD", "2")
    with pytest.raises(SystemExit):
        cli(prog_name="orchestrator")
    assert sorted(capsys.readouterr().out.split()) == ["plain,plan", "plain,plot"]
