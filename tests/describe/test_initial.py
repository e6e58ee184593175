"""Magnetizations of files as `start.m0`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Mask
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.film import Film
from orchestrator.describe.initial import read_directions
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.ovf.formats import OutputFormat

IN_A_PER_M = Path(__file__).parents[1] / "ovf" / "public_cases" / "m_in_A_per_m.ovf"
CELL = (5e-9, 5e-9, 5e-9)
FILM = Film((4, 3, 2), CELL)

FILE = """
name = "small"
contacts = [
  { name = "a", shape = "side", side = "left" },
  { name = "b", shape = "side", side = "right" },
]
film = { cells = [4, 3, 2], cell_size = [5e-9, 5e-9, 5e-9] }
material = { Ms = 8e5, Aex = 1e-11, alpha = 0.5 }
resistivity = { rho_par = 2e-7, rho_perp = 1e-7 }
training = { patterns = ["+-"], voltage = 0.05, pulse_length = 2e-12, pulses = 1 }
start = { settle_time = 0.0, m0 = "m0.ovf" }
reference = { starts = 1 }
"""


@pytest.fixture
def m():
    """Unit vectors, as float32."""
    m = np.random.default_rng(1).normal(size=(2, 3, 4, 3))
    return (m / np.linalg.norm(m, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def experiment_with(tmp_path):
    """The experiment that starts from a field."""

    def make(field, cell_size=CELL, text=FILE):
        write_ovf(tmp_path / "m0.ovf", field, cell_size)
        (tmp_path / "small.toml").write_text(text)
        return Experiment.from_toml(tmp_path / "small.toml")

    return make


def test_unit_vectors_are_taken_to_the_bit(m, experiment_with):
    experiment = experiment_with(m)
    assert experiment.film == FILM
    np.testing.assert_array_equal(experiment.initial_magnetization(0), m)


def test_directions_are_taken_of_a_magnetization_in_A_per_m(tmp_path, m, experiment_with):
    raw = read_ovf(IN_A_PER_M).data.astype(float)
    assert np.linalg.norm(raw, axis=-1) == pytest.approx(np.linalg.norm(raw[0, 0, 0]), rel=1e-6)
    experiment_with(m)
    (tmp_path / "m0.ovf").write_bytes(IN_A_PER_M.read_bytes())
    found = Experiment.from_toml(tmp_path / "small.toml").initial_magnetization(0)
    expected = raw / np.linalg.norm(raw, axis=-1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("scale", [1, 8e5])
def test_zero_vectors_are_vacuum(m, experiment_with, scale):
    m[:, 0, 1:3] = 0
    experiment = experiment_with(scale * m)
    cells = m.any(axis=-1)
    assert experiment.film.shape == Mask.of(cells[:1])
    np.testing.assert_array_equal(experiment.device.non_magnetic, ~cells)
    assert experiment.hash != experiment_with(np.where(m == 0, 1 / np.sqrt(3), m)).hash


def test_zero_vectors_of_one_layer(m, experiment_with):
    m[0, 1, 1] = 0
    assert experiment_with(m).film.shape == Mask.of(m.any(axis=-1))


def test_other_cells_are_refused_unless_they_are_to_be_resampled(m, experiment_with):
    resampled = FILE.replace('m0 = "m0.ovf"', 'm0 = "m0.ovf", resample = true')
    fine = m.repeat(2, axis=2)
    with pytest.raises(InputError, match=r"start.m0: .*8 x 3 x 2 cells, the film has 4 x 3 x 2"):
        experiment_with(fine)
    np.testing.assert_array_equal(experiment_with(fine, text=resampled).initial_magnetization(0), m)
    with pytest.raises(InputError, match=r"cells of 5e-09 x 5e-09 x 6e-09 m.*resample = true"):
        experiment_with(m, cell_size=(5e-9, 5e-9, 6e-9))
    found = experiment_with(m, (5e-9, 5e-9, 6e-9), resampled).initial_magnetization(0)
    np.testing.assert_array_equal(found, m)
    rounded = experiment_with(m, cell_size=(4.9999999999e-9, 5e-9, 5e-9))
    assert rounded.start.resample is False


def test_resampling_without_a_file_is_refused(m, experiment_with):
    with pytest.raises(InputError, match="start: resample belongs to m0"):
        experiment_with(m, text=FILE.replace('m0 = "m0.ovf"', "resample = true"))


def test_lengths_that_cannot_be_are_refused_though_resampled(tmp_path, m, experiment_with):
    resampled = FILE.replace('m0 = "m0.ovf"', 'm0 = "m0.ovf", resample = true')
    experiment_with(m, text=resampled)
    raw = (tmp_path / "m0.ovf").read_bytes()
    for step in (b"-5e-09", b"0", b"nan"):
        (tmp_path / "m0.ovf").write_bytes(raw.replace(b"xstepsize: 5e-09", b"xstepsize: " + step))
        with pytest.raises(InputError, match=rf"start.m0: .*xstepsize is {step.decode()} m"):
            Experiment.from_toml(tmp_path / "small.toml")


def test_values_that_are_not_finite_are_told_from_zeros(tmp_path, m):
    write_ovf(tmp_path / "m.ovf", m, CELL, form=OutputFormat("OVF2_TEXT", 2, 0))
    lines = (tmp_path / "m.ovf").read_text().splitlines()
    first = next(k for k, line in enumerate(lines) if "Begin: Data" in line) + 1
    lines[first + 5] = "nan 0 0"
    (tmp_path / "m.ovf").write_text("\n".join(lines))
    with pytest.raises(InputError, match="holds NaN or infinite values, first in cell 1, 1, 0"):
        read_directions(tmp_path / "m.ovf", FILM)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda m: 0 * m, "zero everywhere$"),
        (lambda m: m * np.linspace(1, 2, 4)[:, None], "vectors of length 1 to 2; expected one"),
        (lambda m: m[..., :1], "fields of 1 components; m has 3"),
    ],
)
def test_other_fields_are_refused(tmp_path, m, spoil, words):
    write_ovf(tmp_path / "j.ovf", spoil(m), CELL)
    with pytest.raises(InputError, match=rf"j\.ovf .*{words}"):
        read_directions(tmp_path / "j.ovf", FILM)
