"""What cannot be used is refused: exit code 2 or an own error that says where; nothing is written."""

# ruff: noqa: E501 (tables of inputs and words)
from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import orchestrator
from orchestrator.analysis.references import with_references
from orchestrator.analysis.statistics import recall_confusion, success_rate
from orchestrator.base.errors import InputError
from orchestrator.base.shipped import shipped
from orchestrator.campaign.spec import Axis
from orchestrator.cli.main import main
from orchestrator.describe.contacts import SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Region, Resistivity, Underlayer
from orchestrator.describe.sections import Output, Training
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.plotting.campaigns import plot_campaign
from orchestrator.plotting.figures import plot_run
from orchestrator.ubermag import from_field, to_field, to_system

CELL = (5e-9, 5e-9, 1e-6)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Good inputs, a finished run and campaign, and damaged ones; nothing may change in it."""
    return tmp_path_factory.mktemp("place")


@pytest.fixture(autouse=True)
def unchanged(place, description, as_toml, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setenv("MUMAX3", "/nowhere")
    if not Path("small.toml").exists():
        furnish(description, as_toml)
    before = tree(place)
    yield
    assert tree(place) == before


def tree(folder):
    """All files and folders with their sizes and times of change."""
    return {
        str(path.relative_to(folder)): (path.is_dir() or path.stat().st_size, path.stat().st_mtime)
        for path in folder.rglob("*")
    }


def furnish(description, as_toml):
    description = copy.deepcopy(description)
    description["training"] |= {"pulses": 1}
    description |= {"reference": {"starts": 1}, "output": {"snapshots": [0]}}
    experiment = orchestrator.Experiment.from_dict(description)
    run = orchestrator.run(experiment, "runs", "cpu")
    sweep = {"start.seed": [experiment.start.seed]}
    campaign = orchestrator.run_campaign(orchestrator.Campaign(experiment, sweep), "runs", "cpu")
    run.rename("run")  # other commands begin again
    campaign.rename("campaign")
    damages = {
        "description": lambda folder: (folder / "description.json").write_text("{}"),
        "journal": lambda folder: (folder / "1/journal.jsonl").write_bytes(b"none\nnone\n"),
        "untrained": lambda folder: (folder / "untrained.json").write_text("{}"),
    }
    for name, damage in damages.items():
        shutil.copytree("run", f"damaged-{name}")
        damage(Path(f"damaged-{name}"))
    shutil.copytree("campaign", "damaged-campaign")
    Path("damaged-campaign/campaign.json").write_text("[]")
    Path("small.toml").write_text(as_toml(description))
    Path("few.toml").write_text(FEW)
    shutil.copy(shipped("data/transport/vortex.toml"), "vortex.toml")
    Path("bad.toml").touch()
    Path("empty.toml").touch()
    Path("text.toml").write_text("name = small\n")
    Path("binary.toml").write_bytes(bytes(range(256)))
    Path("file").touch()
    Path("folder").mkdir()
    write_ovf("m0.ovf", experiment.film.saturated(), CELL)
    write_ovf("m0-small.ovf", np.ones((1, 8, 8, 3)), CELL)
    Path("templates").mkdir()
    Path("templates/relax.mx3.j2").write_text("{{ nothing }}")
    Path("syntax").mkdir()
    Path("syntax/pulse.mx3.j2").write_text("{% if %}")
    Image.new("L", (3, 3), 0).save("mask.png")
    Image.new("L", (20, 16), 255).save("white.png")


FEW = """
base = "small.toml"

[[axes]]
name = "seed"
key = "start.seed"
values = [3, 4]
"""


def refused(capsys, monkeypatch, arguments, words):
    """Call the command line in this process; it must end with 2 and say what it should."""
    monkeypatch.setattr(sys, "argv", ["orchestrator", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert ended.value.code == 2, (ended.value.code, told)
    for word in [words] if isinstance(words, str) else words:
        assert word in told.err, told.err
    assert "Traceback" not in told.err
    return told


# Keys and values of an experiment's file

KEYS = [
    # sections and names
    ("materail", {"Ms": 1e5}, "materail: unknown key; did you mean 'material'"),
    ("material.alhpa", 0.1, "material.alhpa: unknown key; did you mean 'alpha'"),
    ("training.Voltage", 0.1, "training.Voltage: unknown key; did you mean 'voltage'"),
    ("name", "../up", "name: '../up' is not a plain name"),
    ("name", "", "name: '' is not"),
    ("name", 3, "name: Input should be a valid string (got 3)"),
    ("film", None, "film: required, but missing"),
    ("film", [], "film: Input should be"),
    ("contacts", {}, "contacts: Input should be"),
    ("contacts", [], "contacts: a network needs at least 2 contacts, got 0"),
    ("training", None, "training: required, but missing"),
    ("training.pulses", None, "training.pulses: required, but missing"),
    # film
    ("film.cells", [20, 16], "film.cells.2: required, but missing"),
    ("film.cells", [20, 0, 1], "cells along y must be at least 1"),
    ("film.cells", [20.5, 16, 1], "film.cells.0: Input should be a valid integer"),
    ("film.cells", [20000, 20000, 1], "at most 1e+08 are accepted"),
    ("film.cell_size", [5, 5, 1000], "lengths are in m"),
    ("film.cell_size", [5e-9, 5e-9, -1e-9], "cell_size along z must be positive"),
    ("film.size", [1e-7, 1e-7, 1e-6], "cells do not divide the film along y"),
    ("film.pbc", [1, 0, 1], "film.pbc: the transport network has open lateral boundaries"),
    ("film.pbc", [0, 0, -1], "pbc must not be negative"),
    # material
    ("material.Ms", 490, "Ms = 490 A/m is implausible; expected 1000 to 1e+07 A/m"),
    ("material.Ms", 4.9e8, "Ms = 4.9e+08 A/m is implausible"),
    ("material.Ms", "4.9e5", "material.Ms: Input should be a valid number (got '4.9e5')"),
    ("material.Aex", -1e-11, "Aex must not be negative"),
    ("material.Aex", 10.0, "Aex = 10 J/m is implausible"),
    ("material.alpha", 30, "alpha = 30 is implausible; expected 0 to 10"),
    ("material.alpha", -0.1, "alpha must not be negative"),
    ("material.Dbulk", 3.0, "DMI is given in J/m2"),
    ("material.Dind", 1e-3, "Dbulk and Dind cannot both be set"),
    ("material.Ku1", 1e12, "Ku1 = 1e+12 J/m3 is implausible"),
    ("material.P", 50, "|P| must be at most 1"),
    ("material.P", 0, "material.P: 0 is refused by mumax3"),
    ("material.axis", [0, 0, 0], "axis must not be the zero vector"),
    ("material.demag", True, "film.cell_size: edges of a cell differ by a factor of 200"),
    ("material.demag", "no", "material.demag: Input should be a valid boolean (got 'no')"),
    # resistivity
    ("resistivity", {}, "give either rho_par and rho_perp"),
    ("resistivity", {"mean": 5e-7}, "resistivity: give either"),
    ("resistivity", {"mean": 5e-7, "rho_par": 1e-7}, "resistivity: give either"),
    ("resistivity.amr_ratio", 150, "amr_ratio in the convention 'mean' lies between -2 and 2"),
    ("resistivity.amr_convention", "max", "resistivity.amr_convention: Input should be 'mean'"),
    ("resistivity.mean", 1e9, "ohm m is implausible"),
    ("resistivity.mean", 0.0, "mean resistivity must be positive"),
    # contacts, probes, regions, layers
    ("contacts.0.shape", "ring", "contacts.0.shape: must be one of"),
    ("contacts.0.side", "west", "contacts.0.side: Input should be 'left'"),
    ("contacts.0.name", "right", "two contacts are named 'right'"),
    ("contacts.0.side", "right", "contacts 'left' and 'right' overlap or touch"),
    ("contacts.0.resistance", -5.0, "contacts.0"),
    ("contacts.0", {"name": "c", "shape": "disc", "center": [1.0, 1.0], "radius": 1e-8},
     "contact 'c' touches no node of the film"),
    ("contacts.0", {"name": "c", "shape": "mask", "file": "nowhere.png"},
     "nowhere.png: cannot be read as an image"),
    ("contacts.0", {"name": "c", "shape": "mask", "file": "mask.png"}, "the mask has 3 x 3 x 1"),
    ("contacts.0", {"name": "c", "shape": "mask", "file": "white.png"}, "no cell is inside"),
    ("contacts.0", {"name": "c", "shape": "mask", "file": "text.toml"}, ".png or .ovf file"),
    ("probes.0.contacts", [], "probes.0.contacts.0: required, but missing"),
    ("regions", [{"name": "r", "medium": "metal", "area": {"shape": "rectangle", "lower": [0, 0],
                 "upper": [1e-8, 1e-8]}}], "region 'r': a metal needs a rho"),
    ("regions", [{"name": "r", "medium": "vacuum", "area": {"shape": "rectangle", "lower": [1, 1],
                 "upper": [2, 2]}}], "region 'r' holds the center of no cell"),
    ("underlayer", {"rho": 1e-7}, "underlayer: give either sheet_resistance"),
    # start, training
    ("start.seed", -1, "seed must not be negative"),
    ("start.seed", 1.5, "start.seed: Input should be a valid integer"),
    ("start.settle_time", 10.0, "settle_time = 10 s is implausible"),
    ("start.settle_alpha", 0.0, "settle_alpha must be positive"),
    ("start", {"m0": "nowhere.ovf"}, "nowhere.ovf: cannot be read"),
    ("start", {"m0": "m0-small.ovf"}, "holds 8 x 8 x 1 cells"),
    ("start", {"m0": "text.toml"}, "not an OVF file"),
    ("training.patterns", [], "at least one pattern"),
    ("training.patterns", ["++", "++"], "patterns must differ"),
    ("training.patterns", "+-", "training.patterns: Input should be"),
    ("training.patterns", ["+"], "pattern '+' has 1 signs, the device has 2 contacts"),
    ("training.patterns", ["+-+-"], "pattern '+-+-' has 4 signs, the device has 2 contacts"),
    ("training.patterns", ["1-"], "pattern '1-' holds '1'"),
    ("training.voltage", 0.0, "voltage must be positive"),
    ("training.voltage", 25000, "voltage = 25000 V is implausible"),
    ("training.voltage", None, "drive = 'voltage' needs voltage"),
    ("training.drive", "power", "training.drive: Input should be 'voltage' or 'current'"),
    ("training.pulses", 0, "pulses must be at least 1"),
    ("training.pulses", 10**7, "pulses must be at most 999999"),
    ("training.pulse_length", 10, "times are in s"),
    ("training.relax_time", -1e-9, "relax_time must be zero or positive"),
    ("training.waveform", "sine", "training.waveform: Input should be"),
    ("training.max_change", 0.1, "duration belongs together with max_change"),
    ("training.oersted", 1, "training.oersted: Input should be a valid boolean"),
    # the rest
    ("reference.starts", 0, "starts must be at least 1"),
    ("output.snapshots", [7], "output.snapshots: state 7 does not exist"),
    ("output.fields", ["B"], "output.fields.0: Input should be 'm' or 'j'"),
    ("output.precision", "float16", "output.precision: Input should be"),
    ("solver", {"MaxErr": 0}, "MaxErr must lie between 0 and 1"),
    ("solver", {"MinDt": 1e-15}, "solver.MinDt: unknown key"),
    ("conditions", {"B_ext": [0, 0, 500]}, "it is given in T"),
    ("conditions", {"B_ext": 0.5}, "conditions.B_ext: Input should be"),
    ("conditions", {"temperature": -1}, "temperature must not be negative"),
    ("conditions", {"grain_size": 1e-8}, "grain_size and grain_spread belong together"),
    # keys that contradict others or do nothing
    ("training.current", 0.2, "training.current: has no effect, drive = \"voltage\" is what is fixed"),
    ("training", {"drive": "current", "current": 0.1, "voltage": 0.1, "patterns": ["+-"], "pulses": 3,
                  "pulse_length": 1e-11}, "training.voltage: has no effect"),
    ("training.period", 4, "training.period: has no effect"),
    ("training.hold", 3, "training.hold: has no effect"),
    ("training", {"voltage": 0.1, "patterns": ["+-"], "pulses": 9, "pulse_length": 1e-10,
                  "max_change": 0.1, "duration": 1e-11}, "training.pulse_length: has no effect"),
    ("start", {"settle_time": 0.0, "settle_alpha": 1.0}, "start.settle_alpha: has no effect"),
    ("start", {"m0": "m0.ovf", "seed": 3}, "start.seed: has no effect, m0 is what is started from"),
    ("conditions", {"thermal_seed": 3}, "conditions.thermal_seed: has no effect"),
    ("conditions", {"grain_seed": 3}, "conditions.grain_seed: has no effect"),
    ("material", {"Ms": 4.9e5, "Aex": 1e-11, "alpha": 0.5, "axis": [1, 0, 0]},
     "material.axis: has no effect"),
    ("output", {"fields": ["m"]}, "output.fields: has no effect"),
    ("output", {"precision": "int16"}, "output.precision: has no effect"),
    ("output.snapshots", [0, 1, 1], "output.snapshots: state 1 stands twice"),
]  # fmt: skip


def changed(description, key, value):
    result = copy.deepcopy(description)
    *outer, last = (int(part) if part.isdigit() else part for part in key.split("."))
    owner = result
    for part in outer:
        owner = owner.setdefault(part, {}) if isinstance(owner, dict) else owner[part]
    if value is None:
        del owner[last]
    else:
        owner[last] = value
    return result


@pytest.mark.parametrize(("key", "value", "words"), KEYS, ids=[f"{k}={v}" for k, v, _ in KEYS])
def test_experiments(description, as_toml, place, tmp_path, capsys, monkeypatch, key, value, words):
    description["training"]["pulses"] = 3
    file = tmp_path / "bad.toml"
    for name in ("m0.ovf", "m0-small.ovf", "mask.png", "white.png", "text.toml"):
        shutil.copyfile(place / name, tmp_path / name)
    file.write_text(as_toml(changed(description, key, value)))
    refused(capsys, monkeypatch, ["run", file, "--engine", "cpu"], ["bad.toml: ", words])


def test_two_starts_of_one_m0_are_refused_and_one_is_the_default(description, as_toml, tmp_path):
    description["start"] = {"m0": "m0.ovf", "settle_time": 1e-11}
    del description["reference"]
    file = tmp_path / "file.toml"
    film = orchestrator.Experiment.from_dict(description | {"start": {}}).film
    write_ovf(tmp_path / "m0.ovf", film.saturated(), CELL)
    file.write_text(as_toml(description))
    assert orchestrator.Experiment.from_toml(file).reference.starts == 1
    file.write_text(as_toml(description | {"reference": {"starts": 2}}))
    with pytest.raises(
        InputError, match=r"file.toml: reference.starts: has no effect, every start"
    ):
        orchestrator.Experiment.from_toml(file)


# Words of the command line

RUN = ("run", "small.toml", "--engine", "cpu")
CAMPAIGN = ("campaign", "run", "few.toml", "--engine", "cpu")
COMMANDS = [
    (("run",), "Missing argument 'EXPERIMENT'"),
    (("run", "nowhere.toml"), "nowhere.toml: no such file, and none of the examples"),
    (("run", "quikstart"), "did you mean 'quickstart'"),
    (("run", "no/where.toml"), "no/where.toml: cannot be read"),
    (("run", "folder"), "folder: not a run folder"),
    (("run", "empty.toml"), "empty.toml: name: required, but missing"),
    (("run", "text.toml"), "text.toml: not a TOML file"),
    (("run", "binary.toml"), "binary.toml: not a TOML file"),
    (("run", "m0.ovf"), "m0.ovf: not a TOML file"),
    (("run", "vortex.toml"), "vortex.toml: this is a file of contacts"),
    (("run", "few.toml"), "few.toml: this is a campaign"),
    (("run", "small.toml", "few.toml"), "unexpected extra argument"),
    (("rum", "small.toml"), "No such command 'rum'"),
    (("run", "small.toml", "--engin", "cpu"), "No such option"),
    (("run", "small.toml", "--engine", "gpu"), "'gpu' is not one of"),
    ((*RUN, "--gpu", "0"), "gpu: engine cpu does not take it"),
    ((*RUN, "--mumax3", "mumax3"), "binary: engine cpu does not take it"),
    ((*RUN, "--time-limit", "10"), "time_limit: engine cpu does not take it"),
    ((*RUN, "--silence-limit", "10"), "silence_limit: engine cpu does not take it"),
    ((*RUN, "--threads", "0"), "0 is not in the range x>=1"),
    ((*RUN, "--threads", "10000"), "threads: 10000 are more than this process has cores"),
    ((*RUN, "--threads", "two"), "'two' is not a valid integer"),
    (("run", "small.toml", "--engine", "live", "--threads", "0"), "0 is not in the range x>=1"),
    (("run", "small.toml", "--gpu", "-1"), "-1 is not in the range x>=0"),
    (("run", "small.toml", "--mumax3", "/nowhere"), "binary: /nowhere is not a program"),
    (("run", "small.toml", "--mumax3", "small.toml"), "binary: small.toml is not a program"),
    (("run", "small.toml", "--time-limit", "0"), "'--time-limit': 0.0 is not in the range x>0"),
    (("run", "small.toml", "--time-limit", "nan"), "time_limit: must be a positive time"),
    (("run", "small.toml", "--silence-limit", "-1"), "'--silence-limit'"),
    ((*RUN, "--transport-solver", "lu"), "unknown solver 'lu'; known are auto, direct"),
    ((*RUN, "--templates", "nowhere"), "Directory 'nowhere' does not exist"),
    ((*RUN, "--templates", "file"), "Directory 'file' is a file"),
    ((*RUN, "--templates", "folder"), "folder: holds none of the templates"),
    ((*RUN, "--templates", "templates"), "relax.mx3.j2"),
    ((*RUN, "--templates", "syntax"), "pulse.mx3.j2"),
    ((*RUN, "--root", "file"), "Directory 'file' is a file"),
    (("render", "nowhere"), "nowhere: no such file"),
    (("render", "few.toml"), "few.toml: this is a campaign"),
    (("render", "small.toml", "--output", "file"), "Directory 'file' is a file"),
    (("render", "small.toml", "--output", "run"), "run"),
    (("render", "small.toml", "--templates", "templates"), "relax.mx3.j2"),
    (("report", "nowhere"), "nowhere: not a run folder"),
    (("report", "folder"), "folder: not a run folder (no description.json in it)"),
    (("report", "small.toml"), "small.toml: not a run folder"),
    (("report", "campaign"), "campaign: this is the folder of a campaign; `orchestrator campaign"),
    (("report", "damaged-description"), "damaged-description/description.json: damaged"),
    (("report", "damaged-journal"), "damaged-journal/1/journal.jsonl"),
    (("report", "damaged-untrained"), "damaged-untrained/untrained.json"),
    (("plot", "folder"), "folder: not a run folder"),
    (("plot", "damaged-description"), "damaged-description/description.json: damaged"),
    (("plot", "damaged-journal"), "damaged-journal/1/journal.jsonl"),
    (("doctor", "--gpu", "x"), "'x' is not a valid integer"),
    (("examples", "copy", "quikstart"), "did you mean 'quickstart'"),
    (("examples", "copy", "quickstart", "file"), "Directory 'file' is a file"),
    (("campaign", "rum"), "No such command 'rum'"),
    (("campaign", "run", "small.toml"), "small.toml: this is an experiment"),
    (("campaign", "run", "nowhere"), "nowhere: no such file, and none of the examples"),
    (("campaign", "run", "text.toml"), "text.toml: not a TOML file"),
    (("campaign", "run", "folder"), "folder: cannot be read"),
    ((*CAMPAIGN, "--workers", "0"), "0 is not in the range x>=1"),
    ((*CAMPAIGN, "--threads", "10000"), "threads: 10000 are more than this process has cores"),
    ((*CAMPAIGN, "--gpus", "0"), "gpus: engine cpu uses no GPU"),
    ((*CAMPAIGN, "--per-gpu", "2"), "per_gpu: engine cpu uses no GPU"),
    ((*CAMPAIGN, "--retries", "-1"), "-1 is not in the range x>=0"),
    ((*CAMPAIGN, "--mumax3", "/nowhere"), "binary: engine cpu does not take it"),
    ((*CAMPAIGN, "--transport-solver", "lu"), "unknown solver 'lu'"),
    ((*CAMPAIGN, "--templates", "templates"), "relax.mx3.j2"),
    ((*CAMPAIGN, "--site", "nowhere"), "nowhere: no such file"),
    ((*CAMPAIGN, "--site", "small.toml"), "small.toml: jobs: required, but missing"),
    ((*CAMPAIGN, "--site", "local", "--workers", "2"), "workers: the site's file says it"),
    ((*CAMPAIGN, "--root", "file"), "Directory 'file' is a file"),
    (("campaign", "run", "few.toml", "--gpus", "0,0"), "gpus: must name different GPUs"),
    (("campaign", "run", "few.toml", "--gpus", ""), "gpus: must name different GPUs"),
    (("campaign", "plan", "few.toml", "--engine", "cpu", "--gpu", "0"), "gpus: engine cpu uses no"),
    (("campaign", "plan", "small.toml"), "small.toml: this is an experiment"),
    (("campaign", "status", "few.toml"), "few.toml: this campaign has not been begun under runs"),
    (("campaign", "status", "run"), "run: not a campaign folder"),
    (("campaign", "status", "damaged-campaign"), "damaged-campaign/campaign.json: damaged"),
    (("campaign", "resume", "folder"), "folder: not a campaign folder"),
    (("campaign", "cancel", "few.toml"), "few.toml: this campaign has not been begun"),
    (("campaign", "gather", "folder"), "folder: not a campaign folder"),
    (("campaign", "gather", "campaign", "--output", "folder"), "folder: is a directory"),
    (("campaign", "gather", "campaign", "--output", "no/where.nc"), "no/where.nc"),
    (("campaign", "plot", "run"), "run: not a campaign folder"),
    (("campaign", "check", "folder"), "folder: not a campaign folder"),
]


@pytest.mark.parametrize(
    ("arguments", "words"), COMMANDS, ids=[" ".join(words) for words, _ in COMMANDS]
)
def test_commands(capsys, monkeypatch, arguments, words):
    refused(capsys, monkeypatch, arguments, words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "empty.toml"), "orchestrator: empty.toml: name: required"),
        (("report", "damaged-description"), "orchestrator: damaged-description"),
        (("run", "small.toml", "--threads", "x"), "Usage: "),
    ],
)
def test_real_processes(place, arguments, words):
    command = [sys.executable, "-m", "orchestrator", *arguments]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


# Campaign files

AXES = [
    ("bas = 1", "bas: unknown key; did you mean 'base'"),
    ("", "base: required, but missing"),
    ("base = 3", "base: must be a file's name or a table"),
    ('base = "nowhere.toml"', "nowhere.toml: cannot be read"),
    ('base = "few.toml"', "few.toml: this is a campaign"),
    ('base = "small.toml"\nname = "a/b"', "name: 'a/b' is not a plain name"),
    ('base = "small.toml"\nchange = 3', "change: must be a table"),
    ('base = "small.toml"\nchange = { "material.alpa" = 1 }', "change: 'material.alpa' is no key"),
    ('base = "small.toml"\nchange = { "material.alpha" = 30 }', "alpha = 30 is implausible"),
    ('base = "small.toml"\naxes = 3', "axes: must be a list of tables"),
    ('base = "small.toml"\naxes = [3]', "axes 0: must be a table"),
    ('base = "small.toml"\n[[axes]]', "axes 0: name"),
    ('base = "small.toml"\n[[axes]]\nname = "a"', "axes 'a': give exactly one of values"),
    ('base = "small.toml"\n[[axes]]\nname = "a"\nvalues = [1]', "axes 'a': values needs key"),
    ('base = "small.toml"\n[[axes]]\nname = "a"\nkey = "start.sed"\nvalues = [1]', "start.seed"),
    ('base = "small.toml"\n[[axes]]\nname = "a"\nkey = "start.seed"\nvalues = []', "holds no point"),
    ('base = "small.toml"\n[[axes]]\nname = "a"\nkey = "start.seed"\nvalues = [1, 1]', "must differ"),
    ('base = "small.toml"\n[[axes]]\nname = "a"\nkey = "start.seed"\nvalues = ["x"]', "start.seed"),
    ('base = "small.toml"\n[[axes]]\nname = "time"\nkey = "start.seed"\nvalues = [1]', "is a name in"),
    ('base = "small.toml"\n[[axes]]\nname = "a"\nkey = "start.seed"\nlinspace = { start = 0 }',
     "linspace has the keys start, stop, count"),
    ('base = "small.toml"\n[[axes]]\nname = "a"\nkey = "start.seed"\nsteps = 4', "steps"),
    ('extends = "nowhere.toml"', "nowhere.toml: cannot be read"),
    ('extends = "bad.toml"', "extends itself"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), AXES, ids=[text for text, _ in AXES])
def test_campaigns(place, tmp_path, capsys, monkeypatch, text, words):
    for name in ("small.toml", "few.toml"):
        shutil.copyfile(place / name, tmp_path / name)
    file = tmp_path / "bad.toml"
    file.write_text(text)
    arguments = ["campaign", "run", file, "--engine", "cpu"]
    refused(capsys, monkeypatch, arguments, ["bad.toml: ", words])


# OVF files, as the texture to start from

TEXT = """# OOMMF OVF 2.0
# Begin: Segment
# Begin: Header
# meshtype: rectangular
# meshunit: m
# valuedim: 3
# xnodes: 2
# ynodes: 1
# znodes: 1
# xstepsize: 5e-9
# ystepsize: 5e-9
# zstepsize: 1e-6
# End: Header
# Begin: Data Text
0 0 1
1 0 0
# End: Data Text
# End: Segment
"""
OVF = [
    ("", "", "not an OVF file"),
    ("# OOMMF OVF 2.0", "# a table", "not an OVF file"),
    ("# Begin: Data Text\n0 0 1\n1 0 0\n# End: Data Text\n", "", "no data section"),
    ("Data Text", "Data Binary 2", "expected text, binary 4 or binary 8"),
    ("0 0 1\n", "", "3 of 6 values"),
    ("1 0 0\n", "1 0 0\n0 1 0\n", "9 values where 6 belong"),
    ("1 0 0", "1 0 zero", "zero"),
    ("1 0 0", "1 0 # three", "three"),
    ("# xnodes: 2\n", "", "xnodes"),
    ("xnodes: 2", "xnodes: two", "two"),
    ("xnodes: 2", "xnodes: 0", "empty grid"),
    ("xnodes: 2", "xnodes: -2", "empty grid"),
    ("rectangular", "irregular", "expected 'rectangular'"),
    ("valuedim: 3", "valuedim: x", "x"),
    ("1 0 0", "nan 0 0", "m0.ovf"),
    ("1 0 0", "inf 0 0", "m0.ovf"),
]


@pytest.mark.parametrize(("old", "new", "words"), OVF, ids=[f"{o}->{n}" for o, n, _ in OVF])
def test_ovf_files(description, as_toml, tmp_path, capsys, monkeypatch, old, new, words):
    assert old in TEXT
    description["film"]["cells"] = [2, 1, 1]
    description["start"] = {"m0": "m0.ovf", "settle_time": 0.0}
    description |= {"probes": [], "reference": {"starts": 1}}
    file = tmp_path / "start.toml"
    file.write_text(as_toml(description))
    (tmp_path / "m0.ovf").write_text(TEXT)
    assert orchestrator.Experiment.from_toml(file).start.m0 == str(tmp_path / "m0.ovf")
    (tmp_path / "m0.ovf").write_text(TEXT.replace(old, new) if old else "")
    where = ["start.toml: start.m0: ", "m0.ovf", words]
    refused(capsys, monkeypatch, ["run", file, "--engine", "cpu"], where)


@pytest.mark.parametrize("width", [4, 8])
def test_binary_ovf_files(tmp_path, width):
    check = {4: np.float32(1234567), 8: np.float64(123456789012345)}[width]
    head = TEXT.partition("# Begin: Data")[0] + f"# Begin: Data Binary {width}\n"
    values = np.array([0, 0, 1, 1, 0, 0], check.dtype)
    good = check.tobytes() + values.tobytes()
    path = tmp_path / "m.ovf"
    path.write_bytes(head.encode() + good + f"\n# End: Data Binary {width}\n".encode())
    assert read_ovf(path).data.shape == (1, 1, 2, 3)
    for data, words in [
        (good[:-3], "truncated"),
        (good[:width], "truncated"),
        (b"", "truncated"),
        (good[1:] + b"\0", "check value"),
        (check.byteswap().tobytes() + values.byteswap().tobytes(), "check value"),
    ]:
        path.write_bytes(head.encode() + data)
        with pytest.raises(InputError, match=rf"m.ovf: .*{words}"):
            read_ovf(path)


# Arguments in Python

FILM = Film((4, 4, 1), (1e-9, 1e-9, 1e-9))
MATERIAL = Material(4.9e5, 1e-11, 0.5)
AMR = Resistivity(1e-7, 2e-7)
ENDS = (SideContact("a", "left"), SideContact("b", "right"))
DEVICE = orchestrator.Device(FILM, MATERIAL, AMR, ENDS)
M = FILM.saturated()


def quick():
    return orchestrator.Experiment.from_toml("small.toml")


def network():
    return orchestrator.Network.of_device(DEVICE)


def sweep(*arguments, **options):
    return orchestrator.Campaign(quick(), *arguments, **options)


def run(*arguments, **options):
    return orchestrator.run(quick(), *arguments, **options)


def campaign(**options):
    return orchestrator.run_campaign(sweep({"start.seed": [7]}), "runs", **options)


CALLS = {
    "run(None)": (lambda: orchestrator.run(None), "experiment: must be an Experiment, got None"),
    "run(path)": (lambda: orchestrator.run("small.toml"), "`Experiment.from_toml` reads a file"),
    "run(campaign)": (lambda: orchestrator.run(sweep({})), "must be an Experiment, got a Campaign"),
    "run root": (lambda: run(None), "root: must be the path of a file or folder, got None"),
    "run engine": (lambda: run(engine="gpu"), "engine: 'gpu' is none of auto, live, mumax3, cpu"),
    "run engine class": (lambda: run(engine=run), "engine: "),
    "run threads": (lambda: run(threads="2"), "threads: must be an integer, got '2'"),
    "run gpu": (lambda: run(gpu=-1), "gpu: -1 must not be negative"),
    "run binary": (lambda: run(binary="/nowhere"), "binary: /nowhere is not a program"),
    "run limit": (lambda: run(time_limit="1 h"), "time_limit: must be a positive time"),
    "run solver": (lambda: run(transport_solver=None), "unknown solver None"),
    "run templates": (lambda: run(templates=3), "templates: must be the path"),
    "campaign(None)": (lambda: orchestrator.run_campaign(None), "campaign: must be a Campaign"),
    "campaign(experiment)": (lambda: orchestrator.run_campaign(quick()), "got an Experiment"),
    "campaign gpus": (lambda: campaign(gpus="0,1"), "gpus: must be a list"),
    "campaign workers": (lambda: campaign(workers=0), "workers: must be an integer from 1"),
    "campaign retries": (lambda: campaign(retries=-1), "retries: must be an integer from 0"),
    "campaign site": (lambda: campaign(site=3), "site: must be the path"),
    "from_toml(None)": (lambda: orchestrator.Experiment.from_toml(None), "experiment file: must be"),
    "from_toml(dict)": (lambda: orchestrator.Experiment.from_toml({}), "path of a file or folder"),
    "from_toml('')": (lambda: orchestrator.Experiment.from_toml(""), "experiment file: must be"),
    "from_dict(None)": (lambda: orchestrator.Experiment.from_dict(None), "must be a dict, got None"),
    "from_dict(path)": (lambda: orchestrator.Experiment.from_dict("a.toml"), "from_toml` reads a file"),
    "from_dict array": (
        lambda: orchestrator.Experiment.from_dict(quick().to_dict() | {"contacts": M}),
        "contacts: Input should be",
    ),
    "of_device(None)": (
        lambda: orchestrator.Experiment.of_device("a", None, None), "device: must be a Device"),
    "of_device training": (
        lambda: orchestrator.Experiment.of_device("a", DEVICE, None), "training: Input should be"),
    "of_device key": (
        lambda: orchestrator.Experiment.of_device("a", DEVICE, quick().training, starter=3),
        "starter: unknown key; did you mean 'start'"),
    "Experiment()": (lambda: orchestrator.Experiment(), "name: required, but missing"),
    "Campaign(None)": (
        lambda: orchestrator.Campaign(None, {}), "base: must be an Experiment, got None"),
    "Campaign(path)": (
        lambda: orchestrator.Campaign("small.toml", {}), "base: must be an Experiment, got a str"),
    "sweep None": (lambda: sweep(None), "sweep: must be a Sequence, got None"),
    "sweep value": (lambda: sweep({"start.seed": 3}), "'start.seed' needs a list of values, got 3"),
    "sweep word": (lambda: sweep({"start.seed": "12"}), "needs a list of values, got '12'"),
    "sweep key": (lambda: sweep({3: [1]}), "sweep: must be a str, got an int"),
    "sweep list": (lambda: sweep([1]), "sweep: must be an Axis, got an int"),
    "sweep change": (lambda: sweep({}, change=3), "change: must be a Mapping, got an int"),
    "sweep name": (lambda: sweep({}, name="a/b"), "name: 'a/b' is not a plain name"),
    "sweep empty": (lambda: sweep({"start.seed": []}), "values holds no point"),
    "Campaign.from_toml": (lambda: orchestrator.Campaign.from_toml(None), "campaign file: must be"),
    "Axis()": (lambda: Axis(), "Axis: name: required, but missing"),
    "Axis values": (lambda: Axis(name="a", key="b", values=3), "Axis: values: Input should be"),
    "Device(None)": (
        lambda: orchestrator.Device(None, MATERIAL, AMR, ENDS), "Device: film: Input should be"),
    "Device contacts": (
        lambda: orchestrator.Device(FILM, MATERIAL, AMR, "ab"), "Device: contacts: Input should be"),
    "Device twice": (
        lambda: orchestrator.Device(FILM, MATERIAL, AMR, ENDS[:1] * 2), "are named 'a'"),
    "Device.from_dict": (lambda: orchestrator.Device.from_dict({}), "device: film: required"),
    "from_system(None)": (
        lambda: orchestrator.Device.from_system(None, AMR, ENDS), "system: must be a System"),
    "from_system(device)": (
        lambda: orchestrator.Device.from_system(DEVICE, AMR, ENDS), "got a Device"),
    "Experiment.from_system": (
        lambda: orchestrator.Experiment.from_system(
            "a", DEVICE, AMR, ENDS, quick().training, m0="m.ovf"),
        "system: must be a System, got a Device"),
    "Film('')": (lambda: Film("a", (1e-9,) * 3), "Film: cells: Input should be a valid tuple"),
    "Film 2D": (lambda: Film((4, 4), (1e-9,) * 3), "Film: cells.2: required, but missing"),
    "Film in nm": (lambda: Film((4, 4, 1), (4, 4, 1)), "lengths are in m"),
    "Material": (lambda: Material("x", 1e-11, 0.1), "Material: Ms: Input should be a valid number"),
    "Material in kA/m": (lambda: Material(490, 1e-11, 0.1), "Ms = 490 A/m is implausible"),
    "Resistivity": (lambda: Resistivity(), "Resistivity: give either rho_par and rho_perp"),
    "SideContact": (lambda: SideContact("a", "west"), "SideContact: side: Input should be 'left'"),
    "Region": (lambda: Region("r", M, "metal"), "Region: area"),
    "Underlayer": (lambda: Underlayer(), "Underlayer: give either"),
    "Training": (
        lambda: Training(patterns="+-", pulse_length=1e-10, pulses=1, voltage=0.1),
        "Training: patterns: Input should be a valid tuple"),
    "Output": (lambda: Output(snapshots=3), "Output: snapshots: Input should be a valid tuple"),
    "Network(None)": (lambda: orchestrator.Network(None, AMR, ENDS), "film: must be a Film"),
    "Network amr": (lambda: orchestrator.Network(FILM, 0.5, ENDS), "resistivity: must be"),
    "Network contacts": (lambda: orchestrator.Network(FILM, AMR, None), "contacts: must be"),
    "Network solver": (lambda: orchestrator.Network(FILM, AMR, ENDS, "lu"), "unknown solver 'lu'"),
    "of_device film": (lambda: orchestrator.Network.of_device(FILM), "device: must be a Device"),
    "solve(None)": (lambda: network().solve(None), "m: must hold real numbers"),
    "solve words": (lambda: network().solve(M.astype(str)), "m: must hold real numbers"),
    "solve shape": (lambda: network().solve(M[0]), "m has shape (4, 4, 3)"),
    "solve NaN": (lambda: network().solve(M * np.nan), "m"),
    "solve A/m": (lambda: network().solve(4.9e5 * M), "m"),
    "drive(list)": (lambda: network().solve(M).drive([1.0]), "voltages: must be a Mapping"),
    "drive name": (lambda: network().solve(M).drive({"c": 1.0}), "no contact is named 'c'"),
    "drive NaN": (
        lambda: network().solve(M).drive({"a": np.nan}), "contact 'a': its voltage must be finite"),
    "current_density": (
        lambda: network().solve(M).current_density([1.0]), "need 2 finite voltages"),
    "current_density words": (
        lambda: network().solve(M).current_density(["a", "b"]), "need 2 finite voltages"),
    "open_run(None)": (lambda: orchestrator.open_run(None), "run folder: must be the path"),
    "open_run(file)": (lambda: orchestrator.open_run("small.toml"), "small.toml: not a run folder"),
    "open_run(campaign)": (lambda: orchestrator.open_run("campaign"), "campaign: not a run folder"),
    "open_campaign(3)": (lambda: orchestrator.open_campaign(3), "campaign folder: must be the path"),
    "open_campaign(run)": (lambda: orchestrator.open_campaign("run"), "run: not a campaign folder"),
    "read_ovf(None)": (lambda: read_ovf(None), "OVF file: must be the path"),
    "read_ovf(folder)": (lambda: read_ovf("folder"), "folder: cannot be read"),
    "write_ovf(None)": (lambda: write_ovf("a.ovf", None, CELL), "data: must be"),
    "write_ovf shape": (lambda: write_ovf("a.ovf", M[0], CELL), "shape (nz, ny, nx, components)"),
    "write_ovf NaN": (lambda: write_ovf("a.ovf", M * np.nan, CELL), "holds NaN"),
    "write_ovf cell": (lambda: write_ovf("a.ovf", M, (1e-9, 1e-9)), "three lengths in m"),
    "to_field(None)": (lambda: to_field(None, FILM), "data: must be"),
    "to_field film": (lambda: to_field(M, (4, 4, 1)), "film: must be a Film, got a tuple"),
    "from_field(array)": (lambda: from_field(M), "field: must be a Field, got"),
    "to_system(film)": (lambda: to_system(FILM), "device: must be a Device, got a Film"),
    "to_system m": (lambda: to_system(DEVICE, "up"), "m of this film has the shape (1, 4, 4, 3)"),
    "plot_run(path)": (lambda: plot_run("run", "figures"), "`open_run` opens a folder"),
    "plot_campaign": (lambda: plot_campaign(None, "figures"), "dataset: must be a Dataset, got None"),
    "success_rate": (lambda: success_rate("campaign", "seed"), "`open_campaign` opens a folder"),
    "success axis": (
        lambda: success_rate(orchestrator.open_campaign("campaign"), "sed"), "'sed' is no axis"),
    "recall": (
        lambda: recall_confusion(orchestrator.open_campaign("campaign"), "own"), "'own' is none of"),
    "with_references": (lambda: with_references(None, ["own"]), "dataset: must be a Dataset"),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_calls(name):
    call, words = CALLS[name]
    with pytest.raises(InputError) as caught:
        call()
    assert words in str(caught.value)


def test_there_are_many():
    assert len(KEYS) + len(COMMANDS) + len(AXES) + len(OVF) + len(CALLS) > 300
