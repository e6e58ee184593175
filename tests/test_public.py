"""The public names of the package: which they are, what their pages say, and that examples run."""

from __future__ import annotations

import doctest
import inspect
import re

import pytest

import orchestrator
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.store import create

NAMES = [
    "Campaign",
    "Device",
    "Experiment",
    "Network",
    "OrchestratorError",
    "couple",
    "mx3",
    "open_campaign",
    "open_run",
    "open_table",
    "read_ovf",
    "run",
    "run_campaign",
    "training",
    "transport",
]


def test_the_public_names_are_these():
    assert orchestrator.__all__ == NAMES
    assert {name for name in dir(orchestrator) if not name.startswith("_")} >= set(NAMES)
    for name in NAMES:
        assert callable(getattr(orchestrator, name)), name


@pytest.mark.parametrize("name", NAMES)
def test_each_has_its_sections(name):
    """Parameters with all arguments, Returns or Yields, Raises, Examples."""
    thing = getattr(orchestrator, name)
    text = inspect.getdoc(thing)
    sections = re.findall(r"^(\w+)\n-+$", text, re.M)
    if thing is orchestrator.OrchestratorError:
        assert sections == ["Attributes", "Examples"]
        return
    wanted = ["Parameters", "Raises", "Examples"]
    if not inspect.isclass(thing):
        wanted.insert(1, "Yields" if name == "training" else "Returns")
    assert [section for section in sections if section not in ("Notes", "Attributes")] == wanted
    parameters = text[text.index("Parameters\n---") :].split("\nRaises\n", 1)[0]
    described = set(re.findall(r"\*{0,2}(\w+)", " ".join(_headings(parameters))))
    for argument in inspect.signature(thing).parameters:
        assert argument in described, argument


def _headings(section: str) -> list[str]:
    """The lines that name parameters, which are not indented."""
    return [line.split(":")[0] for line in section.splitlines()[2:] if line[:1].strip()]


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n == "run_campaign" else n for n in NAMES],
)
def test_its_example_runs(name, description, tmp_path, monkeypatch):
    """In a folder of its own, with a small `experiment`, a `campaign`, and its `folder`."""
    monkeypatch.chdir(tmp_path)
    del description["probes"]
    description["reference"] = {"starts": 1}
    experiment = orchestrator.Experiment.from_dict(description)
    campaign = Campaign(experiment, {"training.voltage": [0.02, 0.03]})
    public = {each: getattr(orchestrator, each) for each in NAMES}
    names = public | {
        "orchestrator": orchestrator,
        "experiment": experiment,
        "campaign": campaign,
        "__name__": "__main__",
    }
    if name == "open_campaign":
        names["folder"] = create(campaign, tmp_path / "runs").path
    thing = getattr(orchestrator, name)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    examples = doctest.DocTestParser().get_doctest(
        inspect.getdoc(thing), names, name, inspect.getsourcefile(inspect.unwrap(thing)), 0
    )
    assert examples.examples, "no example"
    runner = doctest.DocTestRunner(optionflags=options)
    said: list[str] = []
    runner.run(examples, out=said.append)
    assert runner.failures == 0, "".join(said)
