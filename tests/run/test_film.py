"""A film in the hands of a script: committed, replayed, the same loop as that of a run."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

import orchestrator
from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.base.shipped import shipped
from orchestrator.cli.report import print_report
from orchestrator.describe.conditions import Conditions
from orchestrator.describe.contacts import CornerContact
from orchestrator.describe.sections import Output, Reference, Start
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf
from orchestrator.plotting.figures import plot_run
from orchestrator.run.check import damage_of_run, take_back
from orchestrator.run.execute import ask_to_stop, is_finished, run
from orchestrator.run.folder import JOURNAL, run_folder
from orchestrator.run.journal import read_journal
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Interrupted, Quiet, Workplace

V0 = 0.025
CORNERS = {"1": "top left", "2": "top right", "3": "bottom right", "4": "bottom left"}


@pytest.fixture
def device(experiment):
    contacts = tuple(CornerContact(name=n, corner=c, size=2e-8) for n, c in CORNERS.items())
    return dataclasses.replace(experiment.device, contacts=contacts)


QUICK = {
    "start": Start(seed=3, settle_time=2e-12),
    "reference": Reference(starts=1),
    "engine": "cpu",
    "threads": 1,
}


def journal(folder):
    return read_journal(folder / "1" / JOURNAL)


def textures(folder):
    return {path.name: read_ovf(path).data for path in sorted((folder / "1").glob("*.ovf"))}


def assert_same_bits(a, b):
    a, b = textures(a), textures(b)
    assert a.keys() == b.keys()
    for name, values in a.items():
        np.testing.assert_array_equal(values, b[name], err_msg=name)


def test_a_script_that_asks_for_an_experiments_pulses_is_its_run(experiment, tmp_path):
    place = Workplace(tmp_path / "run", CpuEngine(1), Quiet(), lambda: False)
    whole = run(experiment, place)
    folder = tmp_path / "script" / "mine"
    with orchestrator.training(experiment, "cpu", folder=folder, threads=1, pattern="+-") as film:
        for pulse in film.pulses(limit=3):
            film.apply([V0, -V0], 1e-11)
            assert len(film.records) == pulse.number
    assert is_finished(folder)
    assert_same_bits(whole, folder)
    for a, b in zip(journal(whole).steps, journal(folder).steps, strict=True):
        a, b = a.to_json(), b.to_json()
        assert b.pop("asked") == {"values": [V0, -V0], "duration": 1e-11}
        assert {**a, "seconds": 0} == {**b, "seconds": 0}
    a, b = open_run(whole), open_run(folder)
    assert set(b.data_vars) - set(a.data_vars) == {"pulse_gap", "pulse_field", "pulse_temperature"}
    for name in set(a.data_vars) - {"wall_time"}:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


SCRIPT = """
import os, signal, sys
import orchestrator
from orchestrator.describe.experiment import Experiment
experiment = Experiment.from_toml(sys.argv[1])
with orchestrator.training(experiment, "cpu", folder=sys.argv[2], threads=1) as film:
    for pulse in film.pulses(limit=4):
        if pulse.number == 2:
            film.read("+-", 2e-12)
        v = 0.02 + 0.001 * film.conductance[0, 0] + 1e-3 * float(film.m[..., 2].mean())
        film.apply([v, "."] if pulse.number == 3 else [v, -v], 4e-12)
        if pulse.number == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_script_goes_on_with_the_same_bits(description, write_toml, tmp_path, monkeypatch):
    file = write_toml("small.toml", description)
    (tmp_path / "script.py").write_text(SCRIPT)

    def start(folder):
        monkeypatch.setattr(sys, "argv", ["script.py", file, folder, "0"])
        exec(SCRIPT, {})

    start(tmp_path / "a" / "whole")
    command = [sys.executable, tmp_path / "script.py", file, tmp_path / "b" / "killed", "2"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert [r.kind for r in journal(tmp_path / "b" / "killed").records] == [
        "start",
        "pulse",
        "reading",
        "pulse",
    ]
    start(tmp_path / "b" / "killed")
    assert_same_bits(tmp_path / "a" / "whole", tmp_path / "b" / "killed")
    one, other = (journal(tmp_path / name) for name in ("a/whole", "b/killed"))
    for a, b in zip(one.steps, other.steps, strict=True):
        assert {**a.to_json(), "seconds": 0} == {**b.to_json(), "seconds": 0}


@pytest.mark.parametrize("solver", ["direct", "multigrid"])
def test_committed_pulses_are_replayed_without_an_engine(device, tmp_path, monkeypatch, solver):
    def script():
        seen = []
        with orchestrator.training(
            device, folder=tmp_path / "mine", voltage=V0, transport_solver=solver, **QUICK
        ) as film:
            for pulse in film.pulses(limit=3):
                record = film.apply("+0-.", 2e-12, gap=1e-12)
                seen.append((pulse.conductance, pulse.energy, record.power, film.energy("+--+")))
        return seen

    first = script()
    monkeypatch.setattr(CpuEngine, "start", None)
    for a, b in zip(first, script(), strict=True):
        np.testing.assert_array_equal(a[0], b[0])
        assert a[1:] == b[1:]
    assert not damage_of_run(tmp_path / "mine")


@pytest.mark.parametrize(
    ("again", "words"),
    [
        ([(1, 2), (2, 3)], r"pulse 2: recorded is a pulse of 0.01 V, 0.0 V, 0.0 V, 0.02 V .* for "
         r"a pulse of 0.02 V, 0.0 V, 0.0 V, 0.03 V for 1e-12 s"),
        ([(1, 2)], "pulse 2: recorded is a pulse of .* asks for the end of the training"),
        ([(1, 2), (1, 2), (1, 2)], "pulse 3: recorded is the end of the training; now .* a pulse"),
    ],
)  # fmt: skip
def test_a_script_that_decides_otherwise_is_told_where(device, tmp_path, again, words):
    def script(pulses):
        with orchestrator.training(device, folder=tmp_path / "mine", **QUICK) as film:
            for a, b in pulses:
                film.apply([a / 100, 0, 0, b / 100], 1e-12)

    script([(1, 2), (1, 2)])
    before = textures(tmp_path / "mine").keys()
    with pytest.raises(RunFolderError, match=words):
        script(again)
    assert textures(tmp_path / "mine").keys() == before
    script([(1, 2), (1, 2)])


def test_a_reading_in_place_of_a_pulse_is_told(device, tmp_path):
    def script(step):
        with orchestrator.training(device, folder=tmp_path / "mine", **QUICK) as film:
            getattr(film, step)([0.01, 0, 0, 0], 1e-12)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        script("apply")
    with pytest.raises(RunFolderError, match=r"recorded is a pulse of .* asks for a reading of"):
        script("read")


def test_the_folders_of_runs_and_of_scripts_are_told_apart(experiment, tmp_path):
    place = Workplace(tmp_path, CpuEngine(1), Quiet(), lambda: False)
    own = run_folder(tmp_path, experiment)
    with orchestrator.training(experiment, "cpu", folder=own, threads=1) as film:
        film.apply("+-", 1e-12)
    with pytest.raises(RunFolderError, match="begun by a script, which goes on with it"):
        run(experiment, place)
    other = dataclasses.replace(experiment, name="other")
    done = run(other, place)
    with (
        pytest.raises(RunFolderError, match="begun by `orchestrator run`"),
        orchestrator.training(other, "cpu", folder=done, threads=1),
    ):
        pass
    with (
        pytest.raises(RunFolderError, match="belongs to another experiment"),
        orchestrator.training(
            experiment, "cpu", folder=own, threads=1, start=Start(seed=4, settle_time=2e-11)
        ),
    ):
        pass


def test_an_experiment_file_cannot_say_that_a_script_chooses(experiment, tmp_path):
    plan = dataclasses.replace(experiment.training, script=True)
    with pytest.raises(InputError, match=r"training\.script: a script chooses"):
        run(
            dataclasses.replace(experiment, training=plan),
            Workplace(tmp_path, CpuEngine(1), Quiet(), lambda: False),
        )
    assert not any(tmp_path.iterdir())


def test_readings_do_not_count_as_training(device, tmp_path):
    with orchestrator.training(device, folder=tmp_path / "mine", voltage=V0, **QUICK) as film:
        for pulse in film.pulses(limit=3):
            if pulse.number > 1:
                reading = film.read([1e-3, -1e-3, None, None], 1e-12)
                assert np.abs(reading.currents[2:]).max() < 1e-14
            film.apply("+--+", 2e-12, gap=1e-12)
    data = open_run(film.folder)
    assert dict(data.sizes) | {"pulse": 3, "reading": 2} == dict(data.sizes)
    assert data.reading_pulses.to_numpy().tolist() == [[1, 2]]
    np.testing.assert_allclose(data.time[0], [0, 4e-12, 8e-12], rtol=1e-2)
    np.testing.assert_allclose(data.duration[0], 2e-12, rtol=1e-2)
    np.testing.assert_allclose(data.pulse_gap[0], 1e-12)
    np.testing.assert_allclose(data.reading_voltage[0, :, 0], 1e-3)
    assert not data.energy.isnull().any()
    console = Console(record=True, width=200)
    print_report(data, console)
    assert "no pattern was named" in console.export_text()
    assert plot_run(data, tmp_path / "figures")


def test_energy_is_that_of_the_results(device, tmp_path):
    with orchestrator.training(
        device, folder=tmp_path / "mine", voltage=V0, pattern="+--+", relax_time=1e-12, **QUICK
    ) as film:
        film.apply("+--+", 2e-12)
        found = {p: film.energy(p) for p in ("+--+", "++--")}
        saturated = film.energy("+--+", reference="saturated")
        floating = film.energy("+..-")
        g = film.conductance
    data = open_run(film.folder).sel(state="after", training="+--+")
    for pattern, energy in found.items():
        wanted = data.energy.sel(reference="untrained", input=pattern)
        assert energy == pytest.approx(float(wanted), rel=1e-9)
    wanted = data.energy.sel(reference="saturated", input="+--+")
    assert saturated == pytest.approx(float(wanted), rel=1e-9)
    g0 = data.conductance_reference.sel(reference="untrained").to_numpy()
    # of two contacts with the others floating: 4 V0^2 over the two-terminal resistance
    ends = np.array([1.0, 0, 0, -1])
    power, power0 = (4 * V0**2 / (ends @ np.linalg.pinv(m) @ ends) for m in (g, g0))
    assert floating == pytest.approx(power0 - power, rel=1e-6)


def test_the_textures_that_a_script_looks_at_are_kept(device, tmp_path):
    def script(look):
        means = []
        with orchestrator.training(device, folder=tmp_path / "mine", **QUICK) as film:
            for pulse in film.pulses(limit=3):
                if pulse.number in look:
                    means.append(pulse.m.mean())
                film.apply([0.01, 0, 0, 0], 1e-12)
        return means

    means = script({2})
    assert script({1, 2}) == [*[read_ovf(tmp_path / "mine/1/m_000000.ovf").data.mean()], *means]
    with pytest.raises(InputError, match="m after 2 pulses and readings: was not kept"):
        script({3})
    assert not damage_of_run(tmp_path / "mine")


def test_field_and_temperature_of_a_pulse_are_there_for_its_length(device, tmp_path):
    def turned(**conditions):
        folder = tmp_path / f"mine{len(list(tmp_path.iterdir()))}" / "run"
        with orchestrator.training(device, folder=folder, **QUICK) as film:
            film.apply([0, 0, 0, 0], 2e-12, **conditions)
            one = film.m
            film.apply([0, 0, 0, 0], 2e-12)
        return one, open_run(folder)

    plain, _ = turned()
    field, data = turned(B_ext=(0, 0, 5.0))
    hot, warm = turned(temperature=300.0)
    hot_again, _ = turned(temperature=300.0)
    # along the field by damping, at alpha = 0.5
    assert field[..., 2].mean() > plain[..., 2].mean() + 0.01
    assert np.abs(hot - plain).max() > 1e-3
    np.testing.assert_array_equal(hot, hot_again)
    np.testing.assert_array_equal(data.pulse_field[0], [[0, 0, 5], [0, 0, 0]])
    np.testing.assert_array_equal(warm.pulse_temperature[0], [300, 0])


@pytest.mark.parametrize("held", [{"B_ext": (0.3, 0.0, -0.2)}, {"temperature": 300.0}])
def test_conditions_of_a_pulse_are_those_of_an_experiment(device, tmp_path, held):
    """The same bits, and the same stream of the thermal field, from the same start."""

    def trained(name, conditions, **held):
        with orchestrator.training(
            device,
            folder=tmp_path / name / "run",
            conditions=conditions,
            **QUICK | {"start": Start(seed=3, settle_time=0.0)},
        ) as film:
            film.apply([0.02, 0, 0, -0.02], 2e-12, gap=1e-12, **held)
            return film.m

    plain = trained("plain", Conditions())
    one, other = trained("one", Conditions(**held)), trained("other", Conditions(), **held)
    assert np.abs(one - plain).max() > 1e-3
    np.testing.assert_array_equal(one, other)


def test_own_templates_that_leave_a_field_out_are_refused(device, tmp_path):
    own = tmp_path / "templates"
    own.mkdir()
    (own / "pulse.mx3.j2").write_text(
        "{\nJ.RemoveExtraTerms()\nJ.Add(LoadFile({{ current_map | string }}), 1)\n"
        "Run({{ duration | number }})\nSaveAs(m, {{ save | string }})\n"
        'Flush()\nprint("steps", step)\n}\n'
    )
    with orchestrator.training(device, folder=tmp_path / "mine", templates=own, **QUICK) as film:
        film.apply([0.01, 0, 0, 0], 1e-12)
        with pytest.raises(InputError, match=r"pulse\.mx3\.j2: does not use B_ext"):
            film.apply([0.01, 0, 0, 0], 1e-12, B_ext=(0, 0, 1))


def test_a_field_of_a_pulse_does_not_end_that_of_an_own_setup(device, tmp_path):
    own = tmp_path / "templates"
    own.mkdir()
    text = (shipped("mx3_templates") / "conditions.mx3.j2").read_text()
    (own / "conditions.mx3.j2").write_text(text)
    Scripts(device, templates=own).pulse(1, [0], "j.ovf", 1e-12, "m.ovf", B_ext=(0.0, 0.0, 1.0))
    (own / "conditions.mx3.j2").write_text(text + "b_ext = vector(0, 0, 0.1*sin(1e10*t))\n")
    changed = Scripts(device, templates=own)
    changed.pulse(1, [0], "j.ovf", 1e-12, "m.ovf")
    with pytest.raises(InputError, match=r"holds `b_ext = .*would end"):
        changed.pulse(1, [0], "j.ovf", 1e-12, "m.ovf", B_ext=(0.0, 0.0, 1.0))


def test_a_damaged_folder_with_readings_is_taken_back(device, tmp_path):
    def script(folder):
        with orchestrator.training(device, folder=folder, output=Output(every=1), **QUICK) as film:
            for pulse in film.pulses(limit=3):
                if pulse.number == 2:
                    film.read([1e-3, 0, 0, 0], 1e-12)
                film.apply([0.01, 0, 0, -0.01], 1e-12)

    script(tmp_path / "a" / "whole")
    folder = tmp_path / "b" / "mine"
    script(folder)
    for name in ("state_000002.nc", "m_000004.ovf"):
        path = folder / "1" / name
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert "training 1 goes on after pulse 1" in take_back(folder)
    assert [r.kind for r in journal(folder).records] == ["start", "pulse", "reading"]
    script(folder)
    for name in ("m_000004.ovf", "j_000004.ovf"):
        a, b = (read_ovf(tmp_path / root / "1" / name).data for root in ("a/whole", "b/mine"))
        np.testing.assert_array_equal(a, b)


def test_a_torn_journal_costs_no_texture(device, tmp_path):
    """What is told as damaged is left as it was, for a journal that somebody can restore."""

    def script(pulses):
        with orchestrator.training(device, folder=tmp_path / "mine", **QUICK) as film:
            for _ in film.pulses(limit=pulses):
                film.apply([0.01, 0, 0, -0.01], 1e-12)
            if pulses == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        script(2)
    path = tmp_path / "mine" / "1" / JOURNAL
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(RunFolderError, match=r"m_000001\.ovf: missing"):
        script(3)
    path.write_bytes(whole)
    script(3)
    assert len(journal(tmp_path / "mine").pulses) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"seed": 3}, "seed: unknown argument"),
        ({"voltage": -1.0}, "voltage must be positive"),
        ({"pattern": "+-"}, "has 2 signs, the device has 4 contacts"),
        ({"engine": "gpu"}, "engine: 'gpu' is none of"),
        ({"folder": ""}, "folder: must be the path"),
    ],
)
def test_bad_arguments_write_nothing(device, tmp_path, arguments, words):
    with (
        pytest.raises(InputError, match=words),
        orchestrator.training(device, **{"folder": tmp_path / "x" / "mine"} | QUICK | arguments),
    ):
        pass
    assert not any(tmp_path.iterdir())


def test_no_film_is_no_film(tmp_path):
    with (
        pytest.raises(InputError, match="film: must be a Device, got a str"),
        orchestrator.training("device.toml", folder=tmp_path / "mine"),
    ):
        pass


def test_a_round_without_a_pulse_is_told(device, tmp_path):
    with (
        pytest.raises(InputError, match="pulse 1: the script applied nothing"),
        orchestrator.training(device, folder=tmp_path / "mine", **QUICK) as film,
    ):
        for _ in film.pulses(limit=2):
            pass
    with orchestrator.training(device, folder=tmp_path / "mine", **QUICK) as film:
        for bad in (2.5, -1, True):
            with pytest.raises(InputError, match="limit: must be a whole number"):
                next(film.pulses(limit=bad))
        with pytest.raises(InputError, match="give those of the contacts, or currents"):
            film.apply(duration=1e-12)
        assert not film.records


def test_after_a_failed_pulse_nothing_more_is_applied(device, tmp_path):
    def script():
        with orchestrator.training(device, folder=tmp_path / "mine", **QUICK) as film:
            film.apply([0.01, 0, 0, 0], 1e-12)
            (film.folder / "1" / JOURNAL).write_bytes(b"")
            with pytest.raises(RunFolderError, match="changed while this process worked"):
                film.apply([0.01, 0, 0, 0], 1e-12)
            for step in (film.apply, film.read):
                with pytest.raises(InputError, match="the pulse before has failed; start the"):
                    step([0.01, 0, 0, 0], 1e-12)

    with pytest.raises(InputError, match="the pulse before has failed"):
        script()
    assert not is_finished(tmp_path / "mine")


def test_a_film_that_was_left_is_not_trained(device, tmp_path):
    with orchestrator.training(device, folder=tmp_path / "mine", **QUICK) as film:
        film.apply([0.01, 0, 0, 0], 1e-12)
    with pytest.raises(InputError, match="its training is left"):
        film.apply([0.01, 0, 0, 0], 1e-12)


def test_a_folder_of_other_files_is_left_alone(device, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with (
        pytest.raises(InputError, match="mine holds other files"),
        orchestrator.training(device, folder=tmp_path / "mine", **QUICK),
    ):
        pass
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_a_training_without_a_pulse_can_be_opened(device, tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        orchestrator.training(device, folder=tmp_path / "mine", voltage=V0, **QUICK) as film,
    ):
        print(film.energy("+--+") / 0)
    data = open_run(tmp_path / "mine")
    assert data.sizes["pulse"] == 0
    print_report(data, Console(record=True))
    with orchestrator.training(device, folder=tmp_path / "mine", voltage=V0, **QUICK) as film:
        pass
    assert not open_run(film.folder).energy.isnull().any()
    assert is_finished(film.folder)


def test_a_request_to_stop_ends_a_script_after_its_pulse(device, tmp_path):
    def script(stop):
        with orchestrator.training(device, folder=tmp_path / "mine", **QUICK) as film:
            for pulse in film.pulses(limit=3):
                if stop and pulse.number == 2:
                    ask_to_stop(film.folder)
                film.apply([0.01, 0, 0, 0], 1e-12)

    with pytest.raises(Interrupted):
        script(True)
    assert len(journal(tmp_path / "mine").pulses) == 2
    script(False)
    assert is_finished(tmp_path / "mine")
