from __future__ import annotations

import ast
import dataclasses
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

import jsonschema
import numpy as np
import pytest
import xarray
from PIL import Image

import orchestrator
from orchestrator.campaign.schemas import schema_of
from orchestrator.campaign.search.spec import SearchCampaign
from orchestrator.campaign.sites import read_site
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.store import create
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.masks import with_masks_read
from orchestrator.engines.table import ENGINES, EngineOptions
from orchestrator.ubermag.packages import NAMES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.S)


def test_python_of_the_readme_and_of_experiments(description, write_toml, tmp_path, monkeypatch):
    file = write_toml("small.toml", description)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for page in ("README.md", "docs/experiments.md"):
        (block,) = blocks(page, "python")
        block = block.replace("data/experiments/quickstart.toml", str(file))
        exec(block.replace("runs/quickstart-...", str(names.get("folder"))), names)
    assert names["folder"] == next(Path("runs").glob("small-*"))
    assert names["results"].energy.attrs["units"] == "W"
    assert names["m"].mesh.n.tolist() == [20, 16, 1]
    (block,) = blocks("docs/figures.md", "python")
    exec(block, names)
    assert Path("texture.pdf").read_bytes().startswith(b"%PDF")


def test_python_of_campaigns(tmp_path):
    python = blocks("docs/campaigns.md", "python")
    assert len(python) >= 5
    folder = create(Campaign.from_toml(ROOT / "data/campaigns/success.toml"), tmp_path)
    names: dict = {"xarray": xarray, "orchestrator": orchestrator, "__name__": "page"}
    for block in python:
        if "run_campaign" in block or "open_campaign_tree" in block:
            continue  # the next test's; tests/campaign/test_results.py
        text = block.replace("data/experiments", str(ROOT / "data/experiments"))
        exec(re.sub(r"runs/\w+-\.{4}campaign", str(folder.path), text), names)
    assert names["campaign"].axes[0].unit == "V"
    assert names["results"].status.to_numpy().tolist() == [["missing"] * 3] * 10


def test_running_a_campaign_from_python(campaign, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = (b for b in blocks("docs/campaigns.md", "python") if "run_campaign" in b)
    names = {"orchestrator": orchestrator, "campaign": campaign}
    exec(block, names)
    assert names["results"].status.to_numpy().tolist() == [["finished"] * 2] * 3
    assert names["folder"] == next(Path("runs").glob("*.campaign"))


def test_engines_and_their_options_stand_on_the_page():
    text = (ROOT / "docs/mumax3.md").read_text()
    for kind in ENGINES.values():
        assert f"| `{kind.name}` | {kind.title} | {kind.auto}".rstrip() in text
    rows = re.findall(r"^\| `--[^|]*\| `(\w+)` \| ([^|]*) \|", text, re.M)
    takers = {option: set(re.findall(r"`(\w+)`", names)) for option, names in rows}
    for field in dataclasses.fields(EngineOptions)[1:]:
        found = {kind.name for kind in ENGINES.values() if field.name in kind.options}
        assert takers[field.name] == found, field.name


def test_campaign_file_and_search_of_the_page(tmp_path):
    path = tmp_path / "success.toml"
    campaign, search = (
        toml.replace("../experiments", str(ROOT / "data/experiments"))
        for toml in blocks("docs/campaigns.md", "toml")
        if "base = " in toml  # the others are parts of a file
    )
    path.write_text(campaign)
    assert Campaign.from_toml(path).shape == (10, 4)
    path.write_text(search)
    assert SearchCampaign.from_toml(path).search.starts == 3


def test_site_of_the_page(tmp_path):
    (toml,) = blocks("docs/clusters.md", "toml")
    path = tmp_path / "site.toml"
    path.write_text(toml)
    assert read_site(path).at_once == 16


def test_contacts_and_regions_of_the_transport_page(description, tmp_path):
    pixels = np.full((16, 20), 255, np.uint8)
    pixels[:2, :4] = 0
    for name in ("pad.png", "soft.png"):
        Image.fromarray(pixels).save(tmp_path / name)
    del description["contacts"], description["probes"]
    film = {"cells": [20, 16, 2], "cell_size": [5e-9, 5e-9, 5e-9]}
    side = {"name": "left", "shape": "side", "side": "left", "stop": 6e-8}
    for block in blocks("docs/transport.md", "toml"):
        found = with_masks_read(tomllib.loads(block), tmp_path)
        found["contacts"] = [side, *found.get("contacts", [{"name": "r"} | RIGHT])]
        signs = "+" * len(found["contacts"])
        training = description["training"] | {"patterns": [signs]}
        read = Experiment.from_dict(description | {"film": film, "training": training} | found)
        assert len(read.contacts) > 2 or len(read.regions) == 2


RIGHT = {"shape": "side", "side": "right"}


def anchors(page):
    """Names of a page's headings, as GitHub and the site make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.S | re.M)
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        yield re.sub(r"[^\w -]", "", plain).replace(" ", "-")


def test_links_lead_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)", page.read_text()):
            target, _, anchor = link.partition("#")
            file = page.parent / target if target else page
            assert file.exists(), f"{page.name}: {link}"
            assert not anchor or anchor in anchors(file), f"{page.name}: {link}"


INCLUDED = [
    pytest.param(page, file, options, id=f"{page.stem}: {Path(file).name} {number}")
    for page in PAGES
    for number, (file, options) in enumerate(
        re.findall(r"```\{literalinclude\} (\S+)\n(.*?)```", page.read_text(), re.S)
    )
]


@pytest.mark.parametrize(("page", "file", "options"), INCLUDED)
def test_lines_that_the_pages_include_exist(page, file, options):
    lines = (page.parent / file).read_text().splitlines()
    found = dict(re.findall(r"^:(start-at|end-at): (.*)$", options, re.M))
    start, end = (found.get(key, "").strip('"') for key in ("start-at", "end-at"))
    first = next((k for k, line in enumerate(lines) if start in line), None)
    assert first is not None, f"{file} has no line with {start!r}"
    assert any(end in line for line in lines[first:]), f"{file} has no line with {end!r} after it"


def test_every_page_is_in_the_navigation():
    docs = ROOT / "docs"
    listed = set()
    for tree in re.findall(r"```{toctree}\n(.*?)```", (docs / "index.md").read_text(), re.S):
        for entry in re.findall(r"^([\w/*-]+)$", tree, re.M):
            found = list(docs.glob(f"{entry}.md"))
            assert found, entry
            listed.update(found)
    assert {p for p in PAGES if docs in p.parents} - {docs / "index.md"} == listed


def fences(language):
    found = [(p, b) for p in PAGES for b in blocks(p.relative_to(ROOT), language)]
    return [pytest.param(b, id=f"{p.stem}-{k}") for k, (p, b) in enumerate(found)]


@pytest.mark.parametrize("block", fences("python"))
def test_python_on_the_pages_parses(block):
    ast.parse(block)


schema = cache(schema_of)


@pytest.mark.parametrize("block", fences("toml"))
def test_toml_on_the_pages_has_keys_that_exist(block):
    content = tomllib.loads(block)
    signs = {"axes": "campaign", "extends": "campaign", "ranges": "search", "jobs": "site"}
    signs["resistivities"] = "contacts"
    kind = next((signs[key] for key in content if key in signs), "experiment")
    part = {key: value for key, value in schema(kind).items() if key != "required"}
    jsonschema.Draft7Validator(part).validate(content)


def test_commands_on_the_pages_exist():
    from orchestrator.cli.main import cli

    lines = [
        (page.name, line)
        for page in PAGES
        for line in re.findall(
            r"^(?:    |\$ )+(orchestrator .*)$", page.read_text().replace("\\\n", " "), re.M
        )
    ]
    assert len(lines) > 30
    for page, line in lines:
        for part in re.split(r" [&|>;]+ ", re.sub(r"\s#.*", "", line)):
            words = [w for w in shlex.split(part.replace("[", "").replace("]", "")) if w != "\\"]
            if words[0] != "orchestrator":
                continue
            command = cli
            while hasattr(command, "commands") and len(words) > 1:
                words = words[1:]
                assert words[0] in command.commands, f"{page}: {line}"
                command = command.commands[words[0]]
            known = {name for option in command.params for name in option.opts}
            for word in words[1:]:
                name = word.partition("=")[0]
                ours = name.startswith("--") and command.name != "mx3"
                assert not ours or name in known, f"{page}: {line}"


def test_files_that_the_pages_name_exist():
    pattern = r"\b((?:data|docs|tests|benchmarks|mx3_templates)/[\w./-]*\w\.(?:toml|py|md|j2))\b"
    for page in PAGES:
        for name in re.findall(pattern, page.read_text()):
            assert (ROOT / name).exists(), f"{page.name}: {name}"


def test_options_are_on_the_pages_and_those_of_the_pages_exist():
    from orchestrator.cli.main import cli

    def options(command):
        for parameter in command.params:
            yield from parameter.opts
        for sub in getattr(command, "commands", {}).values():
            yield from options(sub)

    known = {*options(cli), "--help", "--version"}
    written = "".join(page.read_text() for page in PAGES)
    for name in known:
        assert not name.startswith("--") or name in ("--help", "--version") or name in written
    for page in (
        "README.md",
        "docs/campaigns.md",
        "docs/experiments.md",
        "docs/figures.md",
        "docs/mumax3.md",
    ):
        text = (ROOT / page).read_text()
        for name in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text):
            assert name in known, f"{page}: {name}"


def test_every_key_of_an_experiment_is_on_its_page():
    text = " ".join(
        (ROOT / page).read_text()
        for page in ("docs/keys.md", "docs/experiments.md", "docs/transport.md")
    )
    kinds = dataclasses_in(Experiment)
    assert {kind.__name__ for kind in kinds} >= {"Film", "Training", "FaceContact", "Mask"}
    for kind in kinds:
        for field in dataclasses.fields(kind):
            if field.name not in ("m0_sha256", "digest", "shape"):
                written = f"`{field.name}" in text or f"[{field.name}]" in text
                assert written, f"{kind.__name__}: {field.name}"


def dataclasses_in(kind):
    """All dataclasses that a type is made of."""
    if dataclasses.is_dataclass(kind):
        return {kind}.union(*map(dataclasses_in, get_type_hints(kind).values()))
    return set().union(*map(dataclasses_in, get_args(kind)))


def test_every_package_is_on_the_page_of_installation():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=]", name)[0] for name in project["dependencies"]}
    text = (ROOT / "docs/installation.md").read_text()
    table = {
        name for row in re.findall(r"^\| ([a-z][^|]*) \|", text, re.M) for name in row.split(", ")
    }
    assert names <= table
    (command,) = re.findall(r"pip install (click.*?\n.*?)\n", text)
    lean = set(command.replace("\\", "").split())
    assert names - lean == set(NAMES)
    assert lean <= names
