"""The user's own templates are part of a run, and cannot contradict its description."""

from __future__ import annotations

import json
import shutil

import pytest

from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.base.shipped import shipped
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.mx3.script import Scripts
from orchestrator.run.execute import run
from orchestrator.run.folder import DESCRIPTION, TEXTURES
from orchestrator.run.rendering import render_experiment
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Interrupted, Quiet, Workplace


def carry_out(experiment, root, templates=None, stop=lambda: False):
    return run(experiment, Workplace(root, CpuEngine(1), Quiet(), stop, templates))


@pytest.fixture
def own(tmp_path):
    """A folder of own templates: one that includes another, and one that nothing uses."""
    folder = tmp_path / "own"
    folder.mkdir()
    relax = (shipped("mx3_templates") / "relax.mx3.j2").read_text()
    (folder / "relax.mx3.j2").write_text('{% include "note.mx3.j2" %}\n' + relax)
    (folder / "note.mx3.j2").write_text("// mine\n")
    (folder / "unused.mx3.j2").write_text("// never\n")
    return folder


def hash_with(experiment, folder):
    return Scripts.of_experiment(experiment, folder).templates_hash


def test_the_hash_follows_what_is_used_and_nothing_else(experiment, own, tmp_path):
    assert hash_with(experiment, None) is None
    before = hash_with(experiment, own)
    shutil.copytree(own, tmp_path / "elsewhere")
    assert hash_with(experiment, tmp_path / "elsewhere") == before
    (own / "unused.mx3.j2").write_text("// changed\n")
    assert hash_with(experiment, own) == before
    (own / "note.mx3.j2").write_text("// changed\n")
    changed = hash_with(experiment, own)
    assert changed != before
    (own / "setup.mx3.j2").write_text(
        '{% extends name or "base.mx3.j2" %}'.replace("name", "film.name|default('')")
    )
    (own / "base.mx3.j2").write_text((shipped("mx3_templates") / "setup.mx3.j2").read_text())
    assert hash_with(experiment, own) != changed
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty: holds none of the templates conditions"):
        hash_with(experiment, tmp_path / "empty")


def test_a_run_holds_the_hash_and_goes_on_with_the_same_templates_only(experiment, own, tmp_path):
    root, asked = tmp_path / "runs", []

    def stop():
        asked.append(True)
        return len(asked) > 4

    with pytest.raises(Interrupted):
        carry_out(experiment, root, own, stop)
    expected = hash_with(experiment, own)
    (folder,) = root.glob("small-*")
    assert json.loads((folder / DESCRIPTION).read_text())["templates"] == expected
    for other in (None, tmp_path / "changed"):
        if other is not None:
            shutil.copytree(own, other)
            (other / "note.mx3.j2").write_text("// another\n")
        with pytest.raises(RunFolderError, match=f"was begun with templates {expected}"):
            carry_out(experiment, root, other)
        with pytest.raises(RunFolderError, match="take the same --templates"):
            render_experiment(experiment, root, tmp_path / "scripts", other)
    carry_out(experiment, root, own)
    assert open_run(folder).attrs["templates"] == expected
    script = render_experiment(experiment, root, tmp_path / "scripts", own)[0]
    assert "// mine" in script.read_text()


def test_a_run_without_own_templates_does_not_go_on_with_some(experiment, own, tmp_path):
    folder = carry_out(experiment, tmp_path)
    assert open_run(folder).attrs["templates"] == ""
    with pytest.raises(RunFolderError, match="was begun without own templates"):
        carry_out(experiment, tmp_path, own)


def test_textures_settled_by_own_templates_are_not_shared(experiment, own, tmp_path):
    carry_out(experiment, tmp_path / "a")
    plain = {path.name for path in (tmp_path / "a" / TEXTURES).glob("*.ovf")}
    carry_out(experiment, tmp_path / "b", own)
    assert not plain & {path.name for path in (tmp_path / "b" / TEXTURES).glob("*.ovf")}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("alpha = 0.4", "alpha"),
        ("Msat = 4.91e5", "Ms"),
        ("xi = 0.05", "xi"),
        ("Aex.SetRegion(0, 2e-11)", "Aex"),
        ("Dind = 1e-4; Dbulk = 0", "Dbulk"),
    ],
)
def test_material_constants_that_a_template_sets_differently_are_refused(
    experiment, tmp_path, text, key
):
    own = tmp_path / "own"
    own.mkdir()
    setup = (shipped("mx3_templates") / "setup.mx3.j2").read_text()
    (own / "setup.mx3.j2").write_text(f"{setup}{text}\n")
    with pytest.raises(InputError, match=rf"material\.{key} as the description has it.*have"):
        carry_out(experiment, tmp_path / "runs", own)
    assert not list((tmp_path / "runs" / TEXTURES).glob("*.ovf"))


def test_other_changes_of_the_setup_are_accepted(experiment, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    setup = (shipped("mx3_templates") / "setup.mx3.j2").read_text()
    (own / "setup.mx3.j2").write_text(f"{setup}MinDt = 1e-16\n")
    data = open_run(carry_out(experiment, tmp_path / "runs", own))
    assert data.power.notnull().all()
    scripts = Scripts.of_experiment(experiment, own)
    assert scripts.setup().count("Expect(") == 8
    assert scripts.setup().origins[-2] == "the description"
    assert "Expect(" not in Scripts.of_experiment(experiment).setup()
