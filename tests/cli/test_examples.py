"""`orchestrator examples`, and examples by name on the command line."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from orchestrator.base.errors import InputError
from orchestrator.base.shipped import KINDS, examples, title
from orchestrator.campaign.spec import Campaign
from orchestrator.cli.main import cli

ROOT = Path(__file__).parents[2]


def call(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def test_list_names_every_example_with_its_title():
    told = call("examples", "list").output
    assert [line for line in told.splitlines() if line in KINDS] == list(KINDS)
    for kind in KINDS:
        for name, path in examples(kind).items():
            assert f"  {name} " in told
            assert len(title(path)) > 20
            assert title(path)[0].isalpha()
    assert max(map(len, told.splitlines())) <= 80


def test_a_copied_campaign_has_what_it_is_based_on(tmp_path):
    done = call("examples", "copy", "inputs-gpu", tmp_path / "mine")
    assert done.exit_code == 0, done.output
    files = {str(p.relative_to(tmp_path / "mine")) for p in tmp_path.rglob("*.toml")}
    assert files == {
        "campaigns/inputs-gpu.toml", "campaigns/inputs.toml", "experiments/hopfield4.toml",
    }  # fmt: skip
    copied = Campaign.from_toml(tmp_path / "mine/campaigns/inputs-gpu.toml")
    assert copied.hash == Campaign.from_toml(ROOT / "data/campaigns/inputs-gpu.toml").hash


def test_all_are_copied_and_nothing_of_the_users_is_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = call("examples", "copy")
    assert done.exit_code == 0
    count = sum(len(examples(kind)) for kind in KINDS)
    assert len(list(Path("examples").rglob("*.toml"))) == count
    schemas = {p.name for p in Path("examples/schemas").iterdir()}
    kinds = ("experiment", "campaign", "site", "search", "contacts")
    assert schemas == {f"{kind}.json" for kind in kinds}
    scripts = {p.stem for p in Path("examples").rglob("*.mx3")}
    assert scripts == {"amr_loop", "two_materials", "vortex"}
    assert len(done.output.split()) == count + len(kinds) + len(scripts)
    assert call("examples", "copy").exit_code == 0
    changed = Path("examples/sites/slurm.toml")
    changed.write_text("mine")
    Path("examples/campaigns/amr.toml").unlink()
    again = call("examples", "copy")
    assert isinstance(again.exception, InputError)
    assert f"{changed}: exists and differs" in str(again.exception)
    assert changed.read_text() == "mine"
    assert not Path("examples/campaigns/amr.toml").exists()
    unknown = call("examples", "copy", "quickstrat")
    assert "did you mean 'quickstart'" in str(unknown.exception)


def test_commands_take_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = call("render", "memristor_loop", "--output", "scripts")
    assert done.exit_code == 0, done.output
    assert Path("scripts/1/memristor_loop.mx3").is_file()
    missing = call("campaign", "status", "success")
    assert "success.toml: this campaign has not been begun" in str(missing.exception)
