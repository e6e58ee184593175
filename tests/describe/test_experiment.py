from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.experiment import Experiment
from orchestrator.ovf.files import write_ovf

EXPERIMENTS = Path(__file__).parents[2] / "data" / "experiments"
SHIPPED = sorted(EXPERIMENTS.glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_experiments_are_valid(path):
    experiment = Experiment.from_toml(path)
    assert experiment.name == path.stem
    assert Experiment.from_dict(experiment.to_dict()) == experiment


def test_every_number_of_the_shipped_files_has_its_source():
    for path in SHIPPED:
        for line in path.read_text().splitlines():
            key, equals, value = line.partition("=")
            if (
                equals
                and not line.startswith("#")
                and any(c.isdigit() for c in value.split("#")[0])
                and '"' not in value
            ):
                explained = "#" in value or key.strip() == "size"
                assert explained, f"{path.name}: {line}"


def change(description, key, value):
    *outer, last = key.split(".")
    for part in outer:
        description = description[int(part) if part.isdigit() else part]
    description[last] = value


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("material.alhpa", 0.3, "material.alhpa: unknown key; did you mean 'alpha'"),
        ("materail", {}, "materail: unknown key; did you mean 'material'"),
        ("contacts.0.sid", "left", r"contacts.0.sid: unknown key; did you mean 'side'"),
        ("contacts.0.shape", "ring", "contacts.0.shape: must be one of"),
        ("material.alpha", "0.3", "material.alpha: .*number"),
        ("material.alpha", -0.3, "alpha must not be negative"),
        ("training.patterns", ["+-+"], "has 3 signs, the device has 2 contacts"),
        ("training.patterns", ["+x"], "holds 'x'; only"),
        ("training.patterns", [], "at least one pattern"),
        ("training.pulse_length", 0.0, "pulse_length must be positive"),
        ("training.pulse_length", -1e-10, "pulse_length must be positive"),
        ("training.pulse_length", 0.2, "times are in s"),
        ("training.pulses", 0, "pulses must be at least 1"),
        ("training.voltage", 0.0, "voltage must be positive"),
        ("output.snapshots", [4], "state 4 does not exist"),
        ("film.cells", [20, 16], "film.cells.2: required"),
        ("name", "../up", "not a plain name"),
        ("film.pbc", [1, 0, 1], "film.pbc: the transport network has open lateral boundaries"),
        ("film.cells", [20000, 20000, 1], "at most 1e.08 are accepted"),
        ("film.cell_size", [5e-18, 5e-9, 1e-6], "cell_size along x = 5e-18 m is implausible"),
        ("material.P", 0.0, "material.P: 0 is refused by mumax3"),
        ("material.demag", True, "film.cell_size: edges of a cell differ by a factor of 200"),
        ("material.Ku1", 1e12, "Ku1 = 1e.12 J/m3 is implausible"),
        ("material.axis", [0.0, 0.0, 1e-9], "the length of axis"),
        ("training.pulses", 10**9, "pulses must be at most 999999"),
        ("training.pulse_length", 1e-200, "times are in s"),
        ("training.voltage", 1e-200, "voltage = 1e-200 V is implausible"),
        ("start.seed", 10**30, r"seed must be at most 2\^53"),
        ("start.seed", -1, "seed must not be negative"),
        ("reference.starts", 10**6, "starts = 1e.06 is implausible"),
        ("contacts.0.name", "", "contacts.0: name must be a printable word"),
        ("probes.0.name", "a\nb", "probes.0: name must be a printable word"),
        ("solver", {"MaxErr": 1e-300}, "MaxErr = 1e-300 is implausible"),
    ],
)
def test_bad_input_names_file_and_key(description, key, value, words):
    change(description, key, value)
    with pytest.raises(InputError, match=f"small.toml: .*{words}"):
        Experiment.from_dict(description, source="small.toml")


@pytest.mark.parametrize(
    ("section", "key", "value", "words"),
    [
        ("output", "every", 4, "output.every: must be at most the number of pulses, 3, got 4"),
        ("training", "patterns", ["+-", "++"], "pattern '\\+\\+' drives no current"),
        ("training", "patterns", ["+-/--"], "pattern '--' drives no current"),
    ],
)
def test_files_that_ask_for_nothing_are_refused(
    description, write_toml, section, key, value, words
):
    Experiment.from_toml(write_toml("small.toml", description))
    description[section][key] = value
    with pytest.raises(InputError, match=f"small.toml: .*{words}"):
        Experiment.from_toml(write_toml("small.toml", description))
    assert Experiment.from_dict(description).training.pulses == 3  # as in a run folder of before


@pytest.mark.parametrize("medium", [{"medium": "metal", "rho": 1e-8}, {"medium": "vacuum"}])
def test_regions_leave_a_magnetic_cell(description, medium):
    area = {"shape": "rectangle", "lower": [0.0, 0.0], "upper": [1e-7, 7e-8]}
    description |= {"regions": [{"name": "pad", "area": area} | medium], "probes": []}
    assert not Experiment.from_dict(description).device.non_magnetic.all()
    area["upper"] = [1e-7, 8e-8]
    with pytest.raises(InputError, match=r"small\.toml: regions: no magnetic cell is left"):
        Experiment.from_dict(description, source="small.toml")


def test_probes_need_names_of_their_own(description):
    description["probes"] *= 2
    with pytest.raises(InputError, match="probes 'across': two probes have this name"):
        Experiment.from_dict(description)


def test_a_campaign_is_no_experiment(write_toml, description):
    path = write_toml("sweep.toml", {"base": description})
    with pytest.raises(
        InputError, match=r"sweep\.toml: this is a campaign; `orchestrator campaign"
    ):
        Experiment.from_toml(path)


def test_m0_of_the_wrong_size_is_refused(description, tmp_path):
    m = np.zeros((1, 8, 8, 3))
    m[..., 2] = 1
    write_ovf(tmp_path / "m0.ovf", m, (5e-9, 5e-9, 1e-6))
    path = tmp_path / "small.toml"
    path.write_text(SHIPPED[0].read_text().replace("[start]", '[start]\nm0 = "m0.ovf"'))
    with pytest.raises(InputError, match=r"start.m0: .*holds 8 x 8 x 1 cells"):
        Experiment.from_toml(path)


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        Experiment.from_toml(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(InputError, match="not a TOML file"):
        Experiment.from_toml(broken)


def test_random_start_is_uniform_on_the_sphere(experiment):
    m = np.concatenate([experiment.initial_magnetization(s).reshape(-1, 3) for s in range(40)])
    np.testing.assert_allclose(np.linalg.norm(m, axis=1), 1, rtol=1e-12)
    error = 4 / np.sqrt(3 * len(m))
    np.testing.assert_allclose(m.mean(axis=0), 0, atol=error)
    np.testing.assert_allclose((m**2).mean(axis=0), 1 / 3, atol=error)


def test_hash_ignores_defaults_that_are_written_out(description):
    spelled = description | {"reference": {"starts": 2}, "solver": {"MaxErr": 1e-5, "MaxDt": 0.0}}
    changed = description | {"solver": {"MaxErr": 1e-6}}
    original = Experiment.from_dict(description)
    assert Experiment.from_dict(spelled).hash == original.hash
    assert Experiment.from_dict(changed).hash != original.hash


def test_a_misspelt_key_is_told_once(description):
    material = description["material"]
    material["alhpa"] = material.pop("alpha")
    del material["Ms"]
    with pytest.raises(InputError) as refused:
        Experiment.from_dict(description, "film.toml")
    lines = sorted(str(refused.value).splitlines())
    assert len(lines) == 2
    assert lines[0] == "film.toml: material.Ms: required, but missing"
    assert lines[1].startswith("film.toml: material.alhpa: unknown key; did you mean 'alpha'?")
