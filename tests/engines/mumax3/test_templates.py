"""Material constants that a template sets differently, as the `mumax3` command reports them."""

from __future__ import annotations

import pytest

from orchestrator.base.errors import InputError
from orchestrator.base.shipped import shipped
from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.live import LiveEngine
from orchestrator.run.execute import run
from orchestrator.run.workplace import Quiet, Workplace


@pytest.mark.parametrize("kind", [Mumax3Engine, LiveEngine])
def test_another_constant_is_refused(experiment, mumax3_command, tmp_path, kind):
    own = tmp_path / "own"
    own.mkdir()
    setup = (shipped("mx3_templates") / "setup.mx3.j2").read_text()
    (own / "setup.mx3.j2").write_text(f"{setup}alpha = 0.4\n")
    place = Workplace(tmp_path / "runs", kind(mumax3_command), Quiet(), lambda: False, own)
    with pytest.raises(InputError, match=r"material\.alpha as the description has it.*have: +0\.4"):
        run(experiment, place)
