"""Scripts coupled to the network: known answers, the same bits as an experiment, resuming."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import orchestrator
from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.cli.main import cli
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.run.couple import carry_out, coupling_of
from orchestrator.run.coupled import read_coupled
from orchestrator.run.execute import run
from orchestrator.run.folder import JOURNAL
from orchestrator.run.journal import read_journal
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Interrupted, Quiet, Workplace

BAR = """\
// Two materials side by side in a field that follows t.
SetGridSize(16, 8, 1)
SetCellSize(5e-9, 5e-9, 10e-9)
DefRegion(1, XRange(0, inf))
Msat = 8e5
Msat.SetRegion(1, 5e5)
Aex = 13e-12
alpha = 0.1
Pol = 0.6
B_ext = vector(0, 0.1*sin(2e10*t), 0.02)
m = Uniform(1, 0, 0)
TableAutoSave(2e-12)
AutoSave(m, 3e-12)
Run(1e-9)
"""
SIDES = """
[[contacts]]
name = "left"
shape = "side"
side = "left"
[[contacts]]
name = "right"
shape = "side"
side = "right"
"""
CONTACTS = (
    """
resistivity = {rho_par = 2.2e-7, rho_perp = 2.0e-7}
resistivities = {1 = {rho_par = 4.4e-7, rho_perp = 4.0e-7}}
"""
    + SIDES
)
QUICK = {"pulse": 4e-12, "until": 1e-11, "engine": "cpu", "threads": 1}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """bar.mx3 and contacts.toml in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("bar.mx3").write_text(BAR)
    Path("contacts.toml").write_text(CONTACTS)
    return tmp_path


def couple(**changes):
    drive = {"voltages": [0.05, 0]} if "currents" not in changes else {}
    return orchestrator.couple("bar.mx3", "contacts.toml", **drive | QUICK | changes)


def written(folder):
    return {path.name: path.read_bytes() for path in (folder / "1" / "out").iterdir()}


def steps(folder):
    """What is recorded of the pulses but wall-clock times."""
    records = read_journal(folder / "1" / JOURNAL).steps
    return [record.to_json() | {"seconds": 0} for record in records]


def test_two_materials_are_two_resistors_in_series(files):
    """R = L/(2 W t) (rho_1 + rho_2), m along the current."""
    results = open_run(couple()).isel(training=0)
    resistance = 40e-9 * (2.2e-7 + 4.4e-7) / (40e-9 * 10e-9)
    first = results.isel(pulse=0)
    np.testing.assert_allclose(first.current, [0.05 / resistance, -0.05 / resistance], rtol=1e-6)
    np.testing.assert_allclose(results.time_end, [4e-12, 8e-12, 1e-11], rtol=1e-6)
    assert results.max_dm.min() > 1e-4


def test_currents_and_contacts_that_float(files):
    text = CONTACTS + '[[contacts]]\nname = "probe"\nshape = "rectangle"\n'
    Path("contacts.toml").write_text(text + "lower = [40e-9, 20e-9]\nupper = [40e-9, 20e-9]\n")
    results = open_run(couple(voltages=[0, None, None], currents=[None, -1e-4, 0], until=4e-12))
    first = results.isel(training=0, pulse=0)
    np.testing.assert_allclose(first.current, [1e-4, -1e-4, 0], atol=1e-12)
    half, whole = (1e-4 * 1e8 * rho for rho in (2.2e-7, 6.6e-7))
    np.testing.assert_allclose(first.voltage, [0, -whole, -half], rtol=1e-6, atol=1e-12)


PLAIN = """
SetGridSize(20, 16, 1)
SetCellSize(5e-9, 5e-9, 1e-06)
SetPBC(0, 0, 1)
EnableDemag = false
Msat = 490000
Aex = 1e-11
Dbulk = 0.002
Ku1 = 100000
anisU = vector(0, 0, 1)
alpha = 0.5
Pol = 0.5
xi = 0
m.LoadFile("m0.ovf")
run(1e-9)
"""


def test_a_script_with_the_setup_of_an_experiment_is_its_run(description, files):
    """The same maps, times and textures, to the last bit."""
    m = np.random.default_rng(1).normal(size=(1, 16, 20, 3))
    write_ovf("m0.ovf", m / np.linalg.norm(m, axis=-1, keepdims=True), (5e-9, 5e-9, 1e-6))
    Path("their.mx3").write_text(PLAIN)
    del description["probes"], description["output"], description["reference"]
    description["start"] = {"m0": "m0.ovf", "settle_time": 0.0}
    description["training"]["relax_time"] = 0.0
    experiment = Experiment.from_table(description, files, "small")
    whole = run(experiment, Workplace(files / "runs", CpuEngine(1), Quiet(), lambda: False))
    table = {key: description[key] for key in ("resistivity", "contacts", "training")}
    training = table["training"]
    Path("their.toml").write_text(
        f'setup = "their.mx3"\n[resistivity]\nmean = 5e-7\namr_ratio = 1.5\n'
        f'amr_convention = "mean"\n[training]\npatterns = ["+-"]\nvoltage = {training["voltage"]}\n'
        f"pulse_length = {training['pulse_length']}\npulses = 3\n{SIDES}"
    )
    engine = CpuEngine(1)
    coupled, _ = read_coupled(Path("their.toml"), engine, files / "runs")
    theirs = run(coupled, Workplace(files / "runs", engine, Quiet(), lambda: False))
    for a, b in zip(
        read_journal(whole / "1" / JOURNAL).pulses,
        read_journal(theirs / "1" / JOURNAL).pulses,
        strict=True,
    ):
        np.testing.assert_array_equal(a.conductance, b.conductance)
        assert (a.time, a.max_dm, a.steps) == (b.time, b.max_dm, b.steps)
        assert a.max_dm > 1e-3
    names = ("1/m_000000.ovf", "1/m_000003.ovf")
    for name in names:
        np.testing.assert_array_equal(read_ovf(whole / name).data, read_ovf(theirs / name).data)


def test_a_run_that_stopped_goes_on_with_the_same_bits(files):
    """Textures, table and files of the script, though the next pulse had begun to write."""
    through = couple(root="through")
    asked = coupling_of(
        "bar.mx3", "contacts.toml", [0.05, 0], currents=None, pulse=4e-12, until=1e-11
    )
    engine, root = CpuEngine(1), Path("stopped")
    experiment = asked.prepared(engine, root)
    folder = asked.folder(root, experiment)
    place = Workplace(root, engine, Quiet(), lambda: True)
    with pytest.raises(Interrupted):
        carry_out(asked, experiment, place, folder)
    assert len(steps(folder)) == 1
    with open(folder / "1" / "out" / "table.txt", "ab") as file:
        file.write(b"1.1e-11\t0.5")
    (folder / "1" / "out" / "m000007.ovf").write_bytes(b"torn")
    assert couple(root="stopped") == folder
    assert steps(folder) == steps(through)
    assert written(folder) == written(through)
    assert couple(root="stopped") == folder


@pytest.mark.slow
@pytest.mark.parametrize("pulses", [1, 3])
def test_a_killed_run_goes_on_with_the_same_bits(files, pulses):
    through = couple(root="through", until=2.4e-11)
    command = [
        *(sys.executable, "-c", "from orchestrator.cli.main import main; main()", "couple"),
        *("bar.mx3", "--contacts", "contacts.toml", "--voltages", "0.05 0", "--pulse", "4e-12"),
        *("--until", "2.4e-11", "--root", "killed", "--engine", "cpu", "--threads", "1"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + 120
        while True:
            journals = list(Path("killed").glob(f"bar-*/1/{JOURNAL}"))
            if journals and len(journals[0].read_bytes().splitlines()) > pulses:
                break
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    folder = journals[0].parents[1]
    assert len(steps(folder)) < 6
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
    assert steps(folder) == steps(through)
    assert written(folder) == written(through)


def test_a_function_chooses_what_it_sees_fit(files):
    """The run ends where it says so; started again it is replayed."""
    seen = []

    def half(now):
        seen.append(now.number)
        return None if now.number == 3 else [0.05 / now.number, 0]

    folder = couple(voltages=half, folder="runs/mine", until=1e-10)
    assert folder == Path("runs/mine")
    voltages = open_run(folder).isel(training=0).voltage.sel(contact="left")
    np.testing.assert_allclose(voltages, [0.05, 0.025])
    assert seen == [1, 2, 3]
    with pytest.raises(InputError, match="give a folder"):
        couple(voltages=half)


def test_voltages_may_go_by_name(files):
    assert couple(until=4e-12) == couple(until=4e-12, voltages="left=0.05, right=0")
    assert couple(until=4e-12) == couple(until=4e-12, voltages={"right": 0, "left": 0.05})


def test_the_script_and_what_it_reads_make_the_run(files):
    first = couple(until=4e-12)
    Path("bar.mx3").write_text(BAR.replace("Aex = 13e-12", "Aex = 12e-12"))
    other = couple(until=4e-12)
    assert first != other
    Path("bar.mx3").write_text(BAR)
    assert couple(until=4e-12) == first
    assert couple(until=4e-12, voltages=[0.04, 0]) not in (first, other)
    with pytest.raises(RunFolderError, match="belongs to another"):
        couple(until=4e-12, folder=other)


def test_metals_and_the_geometry_conduct_as_they_are(files):
    """A pad without moment on the right quarter, a cut at the top: three resistors in series."""
    cut = "SetGeom(YRange(-inf, 10e-9))\nDefRegion(2, XRange(20e-9, inf))\nMsat.SetRegion(2, 0)\n"
    Path("bar.mx3").write_text(BAR.replace("Aex =", cut + "Aex ="))
    with pytest.raises(InputError, match=r"region 2 has Msat = 0; .*resistivity in ohm m"):
        couple()
    assert not Path("runs").exists()
    text = CONTACTS.replace("{1 = {rho_par = 4.4e-7, rho_perp = 4.0e-7}}", "{2 = 1e-7}")
    Path("contacts.toml").write_text(text)
    results = open_run(couple(until=4e-12)).isel(training=0, pulse=0)
    resistance = (60e-9 * 2.2e-7 + 20e-9 * 1e-7) / (30e-9 * 10e-9)
    np.testing.assert_allclose(results.current.sel(contact="left"), 0.05 / resistance, rtol=1e-6)
    assert (read_ovf(next(Path("runs").glob("bar-*/1/m_0*.ovf"))).data[0, 6:] == 0).all()


BAD = {
    "a contact outside": ({}, ("end = 0", ""), "touches no node"),
    "voltages": ({"voltages": [0.1, 0, 0]}, None, "3 are given for 2 contacts"),
    "one word": ({"voltages": "0.05"}, None, "1 are given for 2 contacts"),
    "too much": ({"voltages": [0.1, 1e6]}, None, "contact 'right': voltage"),
    "no drive": ({"voltages": None}, None, "give those of the contacts"),
    "one held": ({"voltages": "left=0.1"}, None, "only 'left' has one"),
    "not a number": ({"pulse": float("nan")}, None, "pulse must be positive"),
    "no pulse": ({"pulse": 0}, None, "pulse must be positive"),
    "no number": ({"until": "1 ns"}, None, "must be a time in s"),
    "too many": ({"pulse": 1e-17, "until": 1e-9}, None, "are more than 999999"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_impossible_is_one_message_and_writes_nothing(files, case):
    changes, contact, words = BAD[case]
    if contact is not None:
        far = 'name = "far"\nshape = "disc"\ncenter = [1e-6, 0]\nradius = 5e-9\n'
        Path("contacts.toml").write_text(CONTACTS + "[[contacts]]\n" + far)
        changes = {"voltages": [0.1, 0, 0]}
    with pytest.raises(InputError, match=words) as refused:
        couple(**changes)
    assert "\n" not in str(refused.value)
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BAR.replace("m = Uni", "J = vector(1e12, 0, 0)\nm = Uni"), r"bar\.mx3:11: `J = vector"),
        (BAR.replace("Msat", "//"), "no magnetic cell"),
        (BAR.replace("AutoSave(m, 3e-12", "AutoSave(m, -3e-12"), "must be zero or positive"),
        (BAR.replace("AutoSave(m, 3e-12", "AutoSave(m, inf"), "must be zero or positive"),
        (BAR.replace("Aex", "Aexx"), r"bar\.mx3: script line 7: .*Aexx"),
        ("SetGridSize(", r"bar\.mx3:1: column"),
    ],
    ids=["refused line", "not magnetic", "negative period", "no period", "unknown name", "syntax"],
)
def test_the_command_refuses_scripts_with_exit_code_2(files, text, words):
    Path("bar.mx3").write_text(text)
    done = CliRunner().invoke(cli, [*COMMAND])
    assert isinstance(done.exception, InputError)
    assert done.exception.exit_code == 2
    assert not Path("runs").exists()
    with pytest.raises(InputError, match=words):
        raise done.exception


COMMAND = [
    *("couple", "bar.mx3", "--contacts", "contacts.toml", "--voltages", "0.05 0"),
    *("--pulse", "4e-12", "--until", "4e-12", "--engine", "cpu", "--threads", "1"),
]


def test_a_shape_of_the_contacts_film_must_be_the_scripts(files):
    film = "film = {cells = [16, 8, 1], cell_size = [5e-9, 5e-9, 1e-8]%s}\n"
    Path("contacts.toml").write_text(film % ', shape = "disc"' + CONTACTS)
    with pytest.raises(InputError, match="52 cells, which are not the 128"):
        couple()
    assert not Path("runs").exists()


def test_the_command_tells_lines_and_currents_and_is_couple(files):
    lines = CliRunner().invoke(cli, ["couple", "bar.mx3", "--contacts", "contacts.toml", "--lines"])
    assert "bar.mx3:14: Run(1e-9): left out, the pulses take its place" in lines.output
    assert not Path("runs").exists()
    done = CliRunner().invoke(cli, COMMAND)
    assert done.exit_code == 0, done.output
    current = 0.05 / (1e8 * 6.6e-7)
    assert f"left +{1e6 * current:.1f} µA, right -{1e6 * current:.1f} µA" in done.output
    [folder] = Path("runs").glob("bar-*")
    assert couple(until=4e-12) == folder
    assert f"{folder} is finished" in CliRunner().invoke(cli, COMMAND).output
    drawn = CliRunner().invoke(cli, ["plot", str(folder)])
    assert drawn.exit_code == 0, drawn.output
    assert "no textures: no state is kept; list pulses in output.snapshots" in drawn.output


FILE = 'setup = "bar.mx3"\n[training]\npatterns = ["+-"]\nvoltage = 0.05\n'
FILE += "pulse_length = 4e-12\npulses = 2\n"


def test_a_file_with_a_setup_is_carried_out_by_run(files):
    Path("mine.toml").write_text(CONTACTS.split("[[")[0] + FILE + SIDES)
    command = ["run", "mine.toml", "--engine", "cpu", "--threads", "1"]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, done.output
    assert "bar.mx3:13: AutoSave(m, 3e-12): goes on over all pulses" in done.output
    [folder] = Path("runs").glob("bar-*")
    assert len(steps(folder)) == 2
    assert open_run(folder).attrs["hash"][:8] == folder.name[-8:]
    times = np.loadtxt(folder / "1" / "out" / "table.txt")[:4, 0]
    np.testing.assert_allclose(times, np.arange(4) * 2e-12, atol=1e-12)
    assert "is finished" in CliRunner().invoke(cli, ["run", str(folder), *command[2:]]).output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FILE + "relax_time = 1e-12\n", r"training\.relax_time: .*give 0"),
        (FILE + "[material]\nMs = 1\n", "material: the script says that"),
        (FILE + "[colour]\n", "colour: unknown key"),
        (FILE.replace("bar.mx3", "foo.mx3"), r"foo\.mx3: cannot be read"),
        (FILE.replace("+-", "+-+"), "pattern '\\+-\\+' has 3 signs"),
    ],
)
def test_files_with_a_setup_that_cannot_be(files, text, words):
    Path("mine.toml").write_text(CONTACTS.split("[[")[0] + text + SIDES)
    done = CliRunner().invoke(cli, ["run", "mine.toml", "--engine", "cpu"])
    with pytest.raises(InputError, match=words):
        raise done.exception
    assert not Path("runs").exists()
    with pytest.raises(InputError, match="a script is the setup"):
        Experiment.from_toml("mine.toml")


def test_what_would_act_beside_the_script_is_refused(files):
    asked = coupling_of(
        "bar.mx3", "contacts.toml", [0.05, 0], currents=None, pulse=4e-12, until=4e-12
    )
    experiment = asked.prepared(CpuEngine(1), Path("runs"))
    with orchestrator.training(experiment, "cpu", folder="runs/mine", threads=1) as film:
        with pytest.raises(InputError, match="the script that is the setup holds them"):
            film.apply([0.05, 0], 4e-12, B_ext=(0, 0, 1))
        film.apply([0.05, 0], 4e-12)
    with (
        pytest.raises(InputError, match="relax_time"),
        orchestrator.training(experiment, "cpu", folder="runs/other", relax_time=1e-12),
    ):
        pass
    with (
        pytest.raises(InputError, match="is not prepared by engine cpu under"),
        orchestrator.training(experiment, "cpu", folder="elsewhere/mine"),
    ):
        pass
    with pytest.raises(InputError, match="templates"):
        run(
            dataclasses.replace(
                experiment,
                training=dataclasses.replace(
                    experiment.training,
                    script=False,
                    pulses=1,
                    patterns=("+-",),
                    voltage=0.1,
                    pulse_length=1e-12,
                ),
            ),
            Workplace(Path("runs"), CpuEngine(1), Quiet(), lambda: False, Path()),
        )
    Path("bar.mx3").write_text(
        BAR.replace("m = Uni", "B_ext.Add(NewVectorMask(1,1,1), 1)\nm = Uni")
    )
    with pytest.raises(InputError, match="adds maps to B_ext"):
        couple(oersted=True)
