"""Material constants that a template sets differently, as the `mumax3` command reports them."""

from __future__ import annotations

import re
import shutil

import pytest

from orchestrator.base.errors import InputError
from orchestrator.base.shipped import shipped
from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.live import LiveEngine
from orchestrator.run.execute import run
from orchestrator.run.workplace import Quiet, Workplace


def refused(experiment, command, root, kind, template, text):
    """What a run says whose own template sets more at its end."""
    own = root / "own"
    own.mkdir()
    name = f"{template}.mx3.j2"
    (own / name).write_text(f"{(shipped('mx3_templates') / name).read_text()}{text}\n")
    place = Workplace(root / "runs", kind(command), Quiet(), lambda: False, own)
    with pytest.raises(InputError, match="as the description has it") as caught:
        run(experiment, place)
    assert not list((root / "runs").glob("small-*"))
    return str(caught.value)


@pytest.mark.parametrize("kind", [Mumax3Engine, LiveEngine])
@pytest.mark.parametrize(
    ("template", "text", "message"),
    [
        ("setup", "alpha = 0.4", r"material\.alpha as the description has it.*have: +0\.4"),
        ("setup", "EnableDemag = true", r"material\.demag as the description has it.*have: +1 "),
        ("setup", "Ku2 = 1e15*t", "Ku2 as the description has it"),
        ("pulse", "xi = 0.1", r"material\.xi as the description has it.*have: +0\.1"),
    ],
)
def test_another_constant_is_refused(
    experiment, mumax3_command, tmp_path, kind, template, text, message
):
    said = refused(experiment, mumax3_command, tmp_path, kind, template, text)
    assert re.search(message, said)


@pytest.mark.parametrize("kind", [Mumax3Engine, LiveEngine])
def test_own_templates_that_agree_run(experiment, mumax3_command, tmp_path, kind):
    own = tmp_path / "own"
    shutil.copytree(shipped("mx3_templates"), own)
    place = Workplace(tmp_path / "runs", kind(mumax3_command), Quiet(), lambda: False, own)
    assert (run(experiment, place) / "finished.json").exists()
