"""The film as a memristor: positive feedback, retention, saturation, loops, and laws of scaling."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.ovf.files import write_ovf
from orchestrator.run.execute import run
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Workplace
from orchestrator.transport.network import Network

ROOT = Path(__file__).parents[2]
SATURATED = 8.0
"""sigma_perp t W/L of a square film of the paper's material, S."""


@pytest.fixture
def memristor(load_study) -> ModuleType:
    return load_study("memristor.analysis")


@pytest.fixture
def voltage(load_study) -> ModuleType:
    return load_study("voltage.analysis")


@pytest.fixture
def energy(load_study) -> ModuleType:
    return load_study("energy.analysis")


@pytest.fixture
def small() -> Experiment:
    """The paper's material, 288 nm in cells of 8 nm, strongly damped; both signs for 6 ns."""
    paper = Experiment.from_toml(ROOT / "data" / "experiments" / "memristor.toml")
    return dataclasses.replace(
        paper,
        name="small",
        film=dataclasses.replace(paper.film, cells=(36, 36, 1), cell_size=(8e-9, 8e-9, 1e-6)),
        material=dataclasses.replace(paper.material, alpha=1.0),
        start=dataclasses.replace(paper.start, seed=2, settle_time=3e-9),
        training=dataclasses.replace(
            paper.training,
            patterns=("+-", "-+"),
            voltage=0.04,
            pulse_length=4e-10,
            pulses=15,
            relax_time=3e-9,
        ),
        output=dataclasses.replace(paper.output, snapshots=(), maps=False),
    )


@pytest.fixture
def carry_out(tmp_path, silent):
    def finished(experiment: Experiment):
        place = Workplace(tmp_path, CpuEngine(threads=1), silent, lambda: False)
        return open_run(run(experiment, place))

    return finished


def test_current_of_either_sign_turns_bloch_stripes_across_itself_and_they_stay(
    small, carry_out, memristor
):
    data = carry_out(small)
    gained, kept = 0.0, 0.0
    for pattern in ("+-", "-+"):
        training = data.sel(training=pattern)
        before, after, relaxed = memristor.along(training.conductance_state)
        other = memristor.across(training)
        assert before + 0.05 < after < SATURATED
        assert other[-1] < other[0] - 0.05
        gained, kept = gained + after - before, kept + relaxed - before
    assert kept > 0.2 * gained


@pytest.mark.parametrize(("axis", "m"), [((0, 0, 1), (0, 0, 1)), ((1, 0, 0), (1, 0, 0))])
def test_uniform_film_does_not_change_and_its_loop_is_a_straight_line(
    small, carry_out, memristor, tmp_path, axis, m
):
    film = dataclasses.replace(small.film, cells=(12, 12, 1))
    path = tmp_path / "uniform.ovf"
    write_ovf(path, np.broadcast_to(np.array(m, float), (*film.array_shape, 3)), film.cell_size)
    data = carry_out(
        dataclasses.replace(
            small,
            film=film,
            material=dataclasses.replace(small.material, Dbulk=0.0, axis=axis),
            start=dataclasses.replace(small.start, m0=str(path), settle_time=1e-11),
            training=dataclasses.replace(
                small.training, patterns=("+-",), waveform="triangle", period=8, pulses=16
            ),
        )
    )
    training = data.isel(training=0)
    rho = small.resistivity.parallel if m[0] else small.resistivity.perpendicular
    np.testing.assert_allclose(memristor.along(training.conductance), 1e-6 / rho, rtol=1e-6)
    assert (training.max_dm == 0).all()
    ((amplitude, (v, g, period)),) = memristor.read_loops([data]).items()
    assert amplitude == pytest.approx(0.08)
    assert np.abs(v).max() == pytest.approx(0.08)
    assert np.ptp(g) == 0
    np.testing.assert_allclose(memristor.lobes(v, g[0], period), 0, atol=1e-12)


def test_stripes_across_the_current_conduct_like_the_saturated_film(small, memristor):
    """m has no component along the current; across, layers in parallel: mean of sigma."""
    m = memristor.helix(small, 4.0, 0.3)
    driven = Network.of_device(small.device).solve(m).conductance
    assert -driven[0, 1] == pytest.approx(SATURATED, rel=1e-6)
    probe = Network(small.film, small.resistivity, small.probes[0].contacts).solve(m).conductance
    layers = (1 / small.resistivity.parallel + 1 / small.resistivity.perpendicular) / 2
    assert -probe[0, 1] == pytest.approx(1e-6 * layers, rel=1e-3)


def test_stripes_rotate_as_the_dmi_favors(small, memristor):
    """Dbulk > 0 favors m . curl m < 0; here it is -q everywhere."""
    fine = dataclasses.replace(small.film, cells=(144, 4, 1), cell_size=(2e-9, 2e-9, 1e-6))
    m = memristor.helix(dataclasses.replace(small, film=fine), 3.0, 0.3)[0, 0]
    slope = np.gradient(m, 2e-9, axis=0, edge_order=2)
    twist = -m[:, 1] * slope[:, 2] + m[:, 2] * slope[:, 1]
    np.testing.assert_allclose(twist, -2 * np.pi * 3 / small.film.lengths[0], rtol=0.02)


def test_relaxed_stripes_keep_nearly_all_of_it(small, memristor, tmp_path):
    """Only the edges twist m towards the current."""
    training = memristor.run_helix(small, tmp_path, 4.0, 0.0, 0.02, 1).isel(training=0)
    assert 0.97 * SATURATED < memristor.along(training.conductance)[0] < SATURATED
    assert memristor.across(training)[0] < 0.7 * SATURATED


def test_area_of_a_loop(memristor):
    """A drift by c a pulse separates the branches by c times half of the half period."""
    n = np.arange(401)
    v = np.interp(n / 200 % 1, [0, 0.25, 0.75, 1], [0, 0.1, -0.1, 0])
    np.testing.assert_allclose(memristor.lobes(v, 6 + 0 * v, 200), 0, atol=1e-12)
    np.testing.assert_allclose(memristor.lobes(v, 6 + 20 * v**2, 200), 0, atol=1e-12)
    np.testing.assert_allclose(memristor.lobes(v, 6 + 1e-3 * n, 200), 0.05)
    lagging = 6 + 3 * np.abs(np.roll(v, 10))
    assert (memristor.lobes(v, lagging, 200) > 0).all()


def test_retention_of_a_fixed_share_has_no_error(memristor):
    before = np.array([6.0, 6.2, 6.4])
    change = np.array([0.3, -0.1, 0.6])
    ends = np.stack([before, before + change, before + 0.8 * change], axis=1)
    share, error = memristor.retention(ends)
    assert share == pytest.approx(0.8)
    assert error == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_exponent_of_rates_is_found_within_its_error(voltage, exponent):
    rng = np.random.default_rng(3)
    volts = np.array([0.0125, 0.01875, 0.025, 0.0375, 0.05])
    law = 2e7 * (volts / 0.05) ** exponent
    errors = np.full(5, 1e6)
    fitted, by_errors = voltage.power_law(volts, law, errors)
    assert fitted == pytest.approx(exponent)
    assert voltage.power_law(volts, law, 2 * errors)[1] == pytest.approx(2 * by_errors, rel=1e-3)
    rates = law[:, None] + rng.normal(scale=2e6, size=(5, 8))
    found, error, misfit = voltage.exponent_of_rates(volts, rates, rng)
    assert 0 < error < 0.3
    assert abs(found - exponent) < 3 * error
    if exponent in misfit:
        assert misfit[exponent] < 3 < misfit[3 - exponent]


def test_first_time_of_a_fall(voltage):
    times = np.array([0.0, 1.0, 2.0, 3.0])
    assert voltage.first_time(times, np.array([0, 0.1, 0.3, 0.2]), 0.2) == 2.0
    assert np.isnan(voltage.first_time(times, np.zeros(4), 0.2))


def test_slope_is_the_exponent_of_a_power_law_whatever_never_turned(energy):
    x = [0.0125, 0.025, 0.05, 0.1, 0.2]
    y = [3 * v**1.5 for v in x]
    assert energy.slope(x, y) == pytest.approx((1.5, 0), abs=1e-9)
    assert energy.slope(x, [*y[:4], np.nan]) == pytest.approx((1.5, 0), abs=1e-9)
    doubled = [v * f for v, f in zip(x * 2, [1.1] * 5 + [1 / 1.1] * 5, strict=True)]
    found, error = energy.slope(x * 2, doubled)
    assert found == pytest.approx(1)
    assert 0 < error < 0.1
