from __future__ import annotations

import gc
import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import orchestrator
from orchestrator.__main__ import main
from orchestrator.base.errors import InputError
from orchestrator.cli.main import cli
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu import main as script_command
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.table import ENGINE_NAMES
from orchestrator.ovf.files import read_ovf
from orchestrator.run.execute import is_finished, run
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Interrupted, Quiet, Workplace

BIN = [sys.executable, "-m", "orchestrator"]


def call(*arguments, cwd):
    return subprocess.run(
        [*BIN, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def file(description, write_toml):
    return write_toml("small.toml", description)


def test_run_plot_report_render_and_replay(file, tmp_path):
    done = call("run", file, "--engine", "cpu", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "open_run(" in done.stdout
    (folder,) = (tmp_path / "runs").glob("small-*")
    assert {p.name for p in (folder / "figures").iterdir()} == {"conductance.png", "textures.png"}
    results = open_run(folder)
    reported = call("report", folder, cwd=tmp_path).stdout
    before, after = (results.conductance_state[0, k].to_numpy() for k in (0, 2))
    for a, b in zip(before.ravel(), after.ravel(), strict=True):
        assert f"{a:+.3f} -> {b:+.3f}" in reported
    assert "training took" in reported
    assert reported in done.stdout.replace("train +-", "")
    drawn = call("plot", folder, "--format", "svg", "--states", 2, cwd=tmp_path)
    assert drawn.stdout.split() == [
        str(folder / "figures" / name) for name in ("conductance.svg", "textures.svg")
    ]
    last = f"{1e9 * float(results.time_end[0, -1]):.3g} ns"
    shown = (folder / "figures" / "textures.svg").read_text()
    assert "training {+-}: 0 ns" in shown
    assert last in shown
    assert f"{1e9 * float(results.time_end[0, 1]):.3g} ns" not in shown
    assert "time (ns)" in (folder / "figures" / "conductance.svg").read_text()
    again = call("run", file, "--engine", "cpu", cwd=tmp_path)
    assert "is finished" in again.stdout
    quiet = call("-q", "run", file, "--engine", "cpu", cwd=tmp_path)
    assert quiet.stdout == f"runs/{folder.name}\n"

    shutil.rmtree(folder / "figures")
    (folder / "figures").touch()
    blocked = call("plot", folder, cwd=tmp_path)
    assert blocked.returncode == 1
    assert blocked.stderr == f"orchestrator: {folder / 'figures'}: File exists\n"

    rendered = call("render", file, "--output", "scripts", cwd=tmp_path)
    assert rendered.returncode == 0, rendered.stderr
    assert rendered.stderr.endswith("replays this run with its own current maps\n")
    replayed = call("mx3", "small.mx3", cwd=tmp_path / "scripts" / "1")
    assert replayed.returncode == 0, replayed.stderr
    for name in ("m_000003.ovf", "m_relaxed.ovf"):
        replay = read_ovf(tmp_path / "scripts" / "1" / "small.out" / name).data
        kept = read_ovf(folder / "1" / name).data
        np.testing.assert_array_equal(replay, kept)


def test_render_before_a_run_is_a_valid_input(file, tmp_path):
    rendered = call("render", file, "--output", "dry", cwd=tmp_path)
    assert rendered.returncode == 0
    assert "not run yet, so an open loop" in rendered.stderr
    assert not (tmp_path / "runs").exists()
    script = tmp_path / "dry" / "1" / "small.mx3"
    text = script.read_text()
    assert re.findall(r"Run\((\S+)\)", text) == ["2e-11", "1e-11", "1e-11", "1e-11", "1e-11"]
    loaded = re.findall(r'LoadFile\("([^"]+)"', text)
    assert len(loaded) >= 1 + 3
    maps = [read_ovf(script.parent / name).data for name in loaded]
    assert {m.shape for m in maps} == {(1, 16, 20, 3)}
    assert "alpha = 0.5" in text
    assert call("mx3", "-vet", script, cwd=tmp_path).returncode == 0
    assert call("render", file, "--output", "dry", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("material", "alpha", -1), "alpha must not be negative"),
        (("material", "alhpa", 1), "did you mean 'alpha'"),
        (("training", "patterns", ["+-+"]), "has 3 signs"),
    ],
)
def test_bad_input_exits_with_2_and_writes_nothing(
    description, write_toml, tmp_path, change, words
):
    section, key, value = change
    description[section][key] = value
    path = write_toml("bad.toml", description)
    done = call("run", path, cwd=tmp_path)
    assert done.returncode == 2
    assert "bad.toml" in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["bad.toml"]


def test_asking_for_mumax3_where_there_is_none(file, tmp_path):
    done = subprocess.run(
        [*BIN, "run", str(file), "--engine", "mumax3"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PATH": "/nowhere"},
    )
    assert done.returncode == 1
    assert "no mumax3 binary" in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "nothing"),
        ("plot", "."),
        ("campaign", "status", "."),
        ("campaign", "run", "small.toml", "--engine", "gpu"),
        ("campaign", "run", "small.toml", "--site", "small.toml"),
        ("run", "small.toml", "--time-limit", "-1"),
        ("run", "small.toml", "--engine", "cpu", "--templates", "mine"),
    ],
)
def test_wrong_arguments_exit_with_2_and_write_nothing(file, tmp_path, arguments):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "relax.mx3.j2").write_text("{{ nothing }}")
    done = call(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "small.toml"]


def test_a_film_of_one_row_is_drawn(description, write_toml, tmp_path):
    description["film"]["cells"] = [20, 1, 1]
    description["probes"] = []
    done = call("run", write_toml("row.toml", description), "--engine", "cpu", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "textures.png" in done.stdout


def test_python_m_and_a_trivial_pattern(description, tmp_path):
    """Files with it are refused, but runs may have it."""
    description["contacts"].append(
        {"name": "upper", "shape": "side", "side": "top", "start": 4e-8, "stop": 6e-8}
    )
    description |= {"probes": [], "output": {"maps": False}}
    description["training"] |= {"patterns": ["+++"], "pulses": 1}
    folder = orchestrator.run(Experiment.from_dict(description), tmp_path, "cpu")
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", "report", folder],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "no rank: the pattern is trivial" in done.stdout


def test_every_command_that_works_takes_the_options_of_run():
    def options(command):
        return {p.name: tuple(getattr(p.type, "choices", ())) for p in command.params}

    wanted = options(cli.commands["run"])
    assert wanted["engine"] == ENGINE_NAMES
    del wanted["experiment"], wanted["gpu"]  # campaigns take several GPUs
    campaign = cli.commands["campaign"].commands
    for name in ("plan", "run", "resume"):
        assert options(campaign[name]).items() >= wanted.items(), name
        assert "gpus" in options(campaign[name])


def test_the_name_run_is_the_function_whatever_is_imported():
    code = (
        "import orchestrator\n"
        "function = orchestrator.run\n"
        "from orchestrator.run.execute import run; from orchestrator.run.folder import run_folder\n"
        "import orchestrator.run.results\n"
        "assert orchestrator.run is function and callable(function)\n"
        "assert 'transport_solver' in function.__kwdefaults__\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_runs_on_mumax3_do_without_ubermag_and_the_embedded_engines_language(file, tmp_path):
    binary = tmp_path / "mumax3"
    command = " ".join(map(shlex.quote, [*BIN, "mx3", "-threads", "1"]))
    binary.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    binary.chmod(0o755)
    code = (
        "import sys\n"
        "names = 'discretisedfield micromagneticmodel mumax3c tree_sitter tree_sitter_go'\n"
        "sys.modules |= dict.fromkeys(names.split())\n"
        "from orchestrator.cli.main import main; main()"
    )
    options = ["--engine", "mumax3", "--mumax3", "./mumax3"]
    done = subprocess.run(
        [sys.executable, "-c", code, "run", str(file), *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "figure runs/" in done.stdout


def test_help_is_quick_to_import():
    code = (
        "import sys, orchestrator.cli.main\n"
        "heavy = {'numba', 'xarray', 'scipy', 'matplotlib', 'discretisedfield', 'rich'}\n"
        "heavy |= {'numpy', 'pydantic', 'jinja2', 'threadpoolctl', 'h5py', 'PIL', 'tree_sitter'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_a_small_script_starts_without_what_it_does_not_need(tmp_path):
    (tmp_path / "small.mx3").write_text(
        "SetGridSize(8, 8, 1); SetCellSize(4e-9, 4e-9, 4e-9); Msat = 8e5; Aex = 13e-12\n"
        "alpha = 0.1; m = Uniform(1, 0.1, 0); Run(1e-13); Save(m)\n"
    )
    code = (
        "import atexit, sys\n"
        "heavy = {'scipy.fft', 'scipy.special', 'numpy.testing', 'numpy.f2py', 'click', 'rich'}\n"
        "heavy |= {'pydantic', 'jinja2', 'xarray', 'matplotlib', 'PIL', 'orchestrator.cli.main'}\n"
        "heavy |= {'numba.np.arrayobj', 'numba.cpython.unicode'}  # with which numba compiles\n"
        "atexit.register(lambda: print(sorted(heavy & set(sys.modules)), file=sys.stderr))\n"
        "from orchestrator.__main__ import main; main()"
    )
    command = [sys.executable, "-c", code, "mx3", "-f", "small.mx3"]
    for _ in range(2):  # the first may have to compile
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert done.stderr == "[]\n"
    assert (tmp_path / "small.out" / "m000000.ovf").exists()


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (InputError("no such engine"), 2, "orchestrator: no such engine"),
        (FileNotFoundError(2, "gone", "a/file"), 1, "orchestrator: a/file: gone"),
        (KeyboardInterrupt(), 1, "Aborted!"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_scripts_that_fail_end_as_other_commands_do(error, code, told, monkeypatch, capsys):
    def fail(arguments):
        assert arguments == ["-f", "some.mx3"]
        raise error

    monkeypatch.setattr(script_command, "main", fail)
    monkeypatch.setattr(sys, "argv", ["orchestrator", "mx3", "-f", "some.mx3"])
    with pytest.raises(SystemExit) as end:
        main()
    gc.unfreeze()
    assert end.value.code == code
    assert capsys.readouterr().err.strip() == told


def test_a_run_folder_goes_on_where_it_is(description, file, tmp_path):
    experiment = Experiment.from_dict(description)
    root = tmp_path / "kept"
    place = Workplace(root, CpuEngine(threads=1), Quiet(), stop=lambda: True)
    with pytest.raises(Interrupted):
        run(experiment, place)
    (folder,) = root.glob("small-*")

    def invoke(*arguments):
        return CliRunner().invoke(cli, [str(a) for a in arguments])

    elsewhere = invoke("run", folder, "--engine", "cpu", "--root", tmp_path / "other")
    assert (elsewhere.exit_code, "goes on where it is" in elsewhere.output) == (2, True)
    done = invoke("run", folder, "--engine", "cpu")
    assert done.exit_code == 0, done.output
    assert is_finished(folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kept", "small.toml"]
    stopped = invoke("stop", folder)
    assert isinstance(stopped.exception, InputError)
    renamed = folder.rename(folder.with_name("other"))
    refused = invoke("run", renamed, "--engine", "cpu")
    assert f"belongs into {folder.name}" in str(refused.exception)
    assert "not a run folder" in str(invoke("run", tmp_path).exception)
