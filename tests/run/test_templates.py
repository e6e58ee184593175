"""The user's own templates are part of a run, and cannot contradict its description."""

from __future__ import annotations

import json
import shutil

import pytest

from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.base.shipped import shipped
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.make import make_world
from orchestrator.engines.cpu.output.outputs import Outputs
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.mx3.script import Scripts
from orchestrator.run.execute import run
from orchestrator.run.folder import DESCRIPTION, TEXTURES
from orchestrator.run.journal import read_journal
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


def setting(tmp_path, text, template="setup"):
    """A folder of own templates: a packaged one that sets more at its end."""
    own = tmp_path / "own"
    own.mkdir()
    name = f"{template}.mx3.j2"
    (own / name).write_text(f"{(shipped('mx3_templates') / name).read_text()}{text}\n")
    return own


def left(root):
    return sorted(path.relative_to(root) for path in root.rglob("*"))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("alpha = 0.4", "material.alpha"),
        ("Msat = 4.91e5", "material.Ms"),
        ("xi = 0.05", "material.xi"),
        ("Aex.SetRegion(0, 2e-11)", "material.Aex"),
        ("Dind = 1e-4; Dbulk = 0", "material.Dbulk"),
        ("anisU = vector(1, 0, 0)", "material.axis"),
        ("anisU = vector(0, 0.01, 1)", "material.axis"),
        ("anisU = vector(0, 0, 0)", "material.axis"),
        ("Temp = 1", "conditions.temperature"),
        ("EnableDemag = true", "material.demag"),
        ("OpenBC = true", "OpenBC"),
        ("GammaLL = 1.76e11", "GammaLL"),
        ("FixedLayer = vector(0, 0, 1)", "FixedLayer"),
        ("Lambda = 1.1", "Lambda"),
        *((f"{name} = 1e-9", name) for name in ("EpsilonPrime", "FreeLayerThickness")),
        *((f"{name} = 1", name) for name in ["Ku2", "Kc1", "Kc2", "Kc3", "B1", "B2"]),
        *((f"{name} = 1", name) for name in ("FrozenSpins", "NoDemagSpins")),
    ],
)
def test_material_constants_that_a_template_sets_differently_are_refused(
    experiment, tmp_path, text, key
):
    own = setting(tmp_path, text)
    with pytest.raises(InputError, match=rf"{key} as the description has it.*have"):
        carry_out(experiment, tmp_path / "runs", own)
    assert not (tmp_path / "runs").exists()


def test_demag_that_a_template_leaves_out_is_refused(description, tmp_path):
    description["material"]["demag"] = True
    description["film"]["cell_size"] = [5e-9, 5e-9, 5e-9]
    own = setting(tmp_path, "EnableDemag = false")
    with pytest.raises(InputError, match=r"material\.demag as the description has it.*have: +0 "):
        carry_out(Experiment.from_dict(description), tmp_path / "runs", own)


def test_every_material_constant_of_the_engine_is_looked_at(experiment, tmp_path):
    scripts = Scripts.of_experiment(experiment, setting(tmp_path, ""))
    world = make_world(Outputs(tmp_path / "world.out"), 1, tmp_path)
    world.close()
    world.sim.close()
    cubic = {"anisC1", "anisC2"}  # nothing without Kc1, Kc2 and Kc3
    for name in world.sim.material.parameters.keys() - cubic:
        assert f"{name}.Average()" in scripts.setup()


@pytest.mark.parametrize(
    ("template", "text", "key"),
    [
        ("setup", "Msat = 4.9e5*(1+t*1e9)", "material.Ms"),
        ("setup", "Ku2 = 1e15*t", "Ku2"),
        ("relax", "alpha = 0.4", "material.alpha"),
        ("pulse", "Temp = 1", "conditions.temperature"),
    ],
)
def test_constants_that_change_later_are_refused(experiment, tmp_path, template, text, key):
    own = setting(tmp_path, text, template)
    with pytest.raises(InputError, match=rf"{key} as the description has it.*have"):
        carry_out(experiment, tmp_path / "runs", own)
    assert not list((tmp_path / "runs").glob("small-*"))


def test_a_refusal_takes_nothing_of_others(experiment, tmp_path):
    (tmp_path / "runs" / TEXTURES).mkdir(parents=True)
    (tmp_path / "runs" / "note.txt").touch()
    before = left(tmp_path / "runs")
    with pytest.raises(InputError, match="alpha"):
        carry_out(experiment, tmp_path / "runs", setting(tmp_path, "alpha = 0.4"))
    assert left(tmp_path / "runs") == before


def test_committed_pulses_survive_a_refusal(experiment, tmp_path):
    own = setting(tmp_path, "{% if number == 2 %}Temp = 1{% endif %}", "pulse")
    with pytest.raises(InputError, match="temperature"):
        carry_out(experiment, tmp_path / "runs", own)
    (journal,) = (tmp_path / "runs").glob("small-*/1/journal.jsonl")
    assert len(read_journal(journal).pulses) == 1


def test_a_run_without_results_is_taken_over_with_other_templates(experiment, own, tmp_path):
    with pytest.raises(Interrupted):
        carry_out(experiment, tmp_path / "runs", own, stop=lambda: True)
    assert list((tmp_path / "runs").glob("small-*/description.json"))
    assert render_experiment(experiment, tmp_path / "runs", tmp_path / "scripts")
    assert open_run(carry_out(experiment, tmp_path / "runs")).attrs["templates"] == ""


def test_other_changes_of_the_setup_are_accepted(description, tmp_path):
    description["conditions"] = {"temperature": 10.0}
    description["material"]["axis"] = [0, 0.6, 0.8]
    experiment = Experiment.from_dict(description)
    text = "MinDt = 1e-16\nanisU = vector(0, -3, -4)\nMsat.SetRegion(9, 1e6)"
    own = setting(tmp_path, text)
    data = open_run(carry_out(experiment, tmp_path / "runs", own))
    assert data.power.notnull().all()
    scripts = Scripts.of_experiment(experiment, own)
    assert scripts.setup().count("Expect(") == 25
    assert scripts.setup().origins[-2] == "the description"
    plain = Scripts.of_experiment(experiment)
    assert "Expect(" not in plain.setup() + plain.relax(1e-12, "m.ovf")
