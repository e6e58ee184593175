"""First guesses of the potentials: committed with the pulses, so that going on changes no bit."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import checksum
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.ovf.files import read_ovf
from orchestrator.run.check import find_damage, take_back
from orchestrator.run.execute import run
from orchestrator.run.folder import JOURNAL, run_folder
from orchestrator.run.journal import journal_line, read_journal
from orchestrator.run.workplace import Interrupted, Quiet, Workplace
from orchestrator.transport.network import Network

RESISTIVITY = {"rho_par": 9e-7, "rho_perp": 1e-7}
DESCRIPTION = {
    "name": "guessed",
    "film": {"cells": [40, 36, 1], "cell_size": [5e-9, 5e-9, 1e-6]},
    "material": {"Ms": 4.9e5, "Aex": 1e-11, "Dbulk": 2e-3, "alpha": 0.5, "P": 0.5},
    "resistivity": RESISTIVITY,
    "contacts": [
        {"name": "left", "shape": "side", "side": "left"},
        {"name": "right", "shape": "side", "side": "right", "stop": 9e-8},
        {"name": "pad", "shape": "corner", "corner": "top right", "size": 4e-8},
    ],
    "start": {"settle_time": 2e-12},
    "training": {
        "patterns": ["++-"],
        "voltage": 0.025,
        "pulse_length": 2e-12,
        "pulses": 7,
        "relax_time": 1e-12,
    },
    "reference": {"starts": 1},
    "output": {"snapshots": [3]},
    "probes": [
        {
            "name": "across",
            "contacts": [
                {"name": "top", "shape": "disc", "center": [1e-7, 1.5e-7], "radius": 1e-8},
                {"name": "bottom", "shape": "disc", "center": [9e-8, 3e-8], "radius": 1e-8},
            ],
        },
        {
            "name": "along",
            "contacts": [
                {"name": "west", "shape": "corner", "corner": "top left", "size": 2e-8},
                {"name": "east", "shape": "corner", "corner": "bottom right", "size": 2e-8},
            ],
        },
    ],
}
EXPERIMENT = Experiment.from_dict(DESCRIPTION)


class Counter(Quiet):
    """Counts pulses."""

    pulses = 0

    def pulse(self, pattern, record):
        self.pulses += 1


def carry_out(root, pulses: int = 100, experiment: Experiment = EXPERIMENT):
    """Run until so many further pulses are done."""
    counter = Counter()
    place = Workplace(
        root, CpuEngine(threads=1), counter, lambda: counter.pulses >= pulses, solver="multigrid"
    )
    return run(experiment, place)


def interrupted(root, pulses: int):
    with pytest.raises(Interrupted):
        carry_out(root, pulses)
    return run_folder(root, EXPERIMENT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return carry_out(tmp_path_factory.mktemp("whole"))


def conductances(folder):
    return [record.conductance for record in read_journal(folder / "1" / JOURNAL).pulses]


def probed(folder):
    found = read_journal(folder / "1" / JOURNAL)
    return [record.probes for record in (*found.pulses, found.trained, found.relaxed)]


def assert_same(folder, whole):
    np.testing.assert_array_equal(conductances(folder), conductances(whole))
    np.testing.assert_array_equal(probed(folder), probed(whole))
    relaxed = [read_journal(f / "1" / JOURNAL).relaxed.conductance for f in (folder, whole)]
    np.testing.assert_array_equal(*relaxed)
    for name in ("m_000007.ovf", "m_relaxed.ovf"):
        a, b = (read_ovf(f / "1" / name).data for f in (folder, whole))
        np.testing.assert_array_equal(a, b)


def test_a_finished_training_keeps_no_guesses(whole):
    assert not list((whole / "1").glob("phi_*"))
    assert find_damage(whole) == []


@pytest.mark.parametrize("pulses", range(1, 7))
def test_going_on_after_any_pulse_gives_the_same_bits(whole, tmp_path, pulses):
    folder = interrupted(tmp_path, pulses)
    assert find_damage(folder) == []
    assert len(list((folder / "1").glob("phi_*"))) <= 2
    assert_same(carry_out(tmp_path), whole)


def test_going_on_with_hall_effect_gives_the_same_bits(tmp_path):
    hall = Experiment.from_dict(DESCRIPTION | {"resistivity": RESISTIVITY | {"sigma_ah": 1e6}})
    whole = carry_out(tmp_path / "whole", experiment=hall)
    with pytest.raises(Interrupted):
        carry_out(tmp_path, 6, hall)
    assert_same(carry_out(tmp_path, experiment=hall), whole)
    g = np.array(conductances(whole))
    assert np.abs(g - g.transpose(0, 2, 1)).max() > 1e-4 * np.abs(g).max()


def test_guesses_are_used(tmp_path, monkeypatch):
    counts = []
    solve = Network.solve

    def counted(self, m, guesses=()):
        counts.append(len(guesses))
        return solve(self, m, guesses)

    monkeypatch.setattr(Network, "solve", counted)
    carry_out(tmp_path)
    # two readings of the reference; the eight textures of the training and the relaxed one, each
    # with two probes
    training = [0, 1, 2, 0, 1, 2, 2, 2, 1]
    assert counts == [0, 0, *(count for count in training for _ in range(3))]


def test_a_damaged_guess_is_named_and_computed_again(whole, tmp_path):
    folder = interrupted(tmp_path, 6)
    path = folder / "1" / "phi_000005.npy"
    raw = bytearray(path.read_bytes())
    raw[-40] ^= 1
    path.write_bytes(raw)
    assert [damage.path for damage in find_damage(folder)] == [path]
    with pytest.raises(RunFolderError, match=r"phi_000005.npy: damaged .* --repair"):
        carry_out(tmp_path)
    assert "training 1 goes on after pulse 3" in take_back(folder)
    assert_same(carry_out(tmp_path), whole)


def test_a_run_begun_without_guesses_goes_on(whole, tmp_path):
    folder = interrupted(tmp_path, 5) / "1"
    records = read_journal(folder / JOURNAL).records
    plain = [
        dataclasses.replace(r, files={n: c for n, c in r.files.items() if not n.startswith("phi_")})
        for r in records
    ]
    (folder / JOURNAL).write_bytes(b"".join(journal_line(record) for record in plain))
    for path in folder.glob("phi_*"):
        path.unlink()
    found, expected = conductances(carry_out(tmp_path)), conductances(whole)
    np.testing.assert_array_equal(found[:5], expected[:5])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_run_begun_without_guesses_of_probes_goes_on(whole, tmp_path):
    folder = interrupted(tmp_path, 5) / "1"
    records = list(read_journal(folder / JOURNAL).records)
    for number in (4, 5):
        path = folder / f"phi_{number - 1:06d}.npy"
        np.save(path, np.load(path))  # the first alone, as it was
        files = records[number].files | {path.name: checksum(path)}
        records[number] = dataclasses.replace(records[number], files=files)
    (folder / JOURNAL).write_bytes(b"".join(journal_line(record) for record in records))
    resumed = carry_out(tmp_path)
    np.testing.assert_array_equal(conductances(resumed), conductances(whole))
    np.testing.assert_allclose(probed(resumed), probed(whole), rtol=1e-6)
    assert not np.array_equal(probed(resumed), probed(whole))
