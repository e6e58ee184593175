"""`orchestrator mx3`: flags, exit codes, files, interruption."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from orchestrator.engines.cpu.main import UsageError, main, parse_arguments
from orchestrator.ovf.files import read_ovf, write_ovf

HEAD = """SetGridSize(4, 3, 1)
SetCellSize(1e-9, 2e-9, 3e-9)
EnableDemag = false
Msat = 1e6
Aex = 10e-12
alpha = 0.1
m = uniform(1, 0, 0)
"""


def run(folder: Path, text: str, *flags: str) -> int:
    (folder / "s.mx3").write_text(HEAD + text)
    return main([*flags, str(folder / "s.mx3")])


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("Exit()\nprint(1/0)", 0, ""),
        ('Expect("a", 1, 1.5, 1)', 0, ""),
        ('Expect("a", 1, 1.5, 0.1)', 1, "a :  have:  1  want:  1.5 ± 0.1"),
        ('ExpectV("v", vector(1,2,3), vector(1,2,4), 0.1)', 1, "v[2]"),
        ("undefined()", 1, "s.mx3: script line 8: undefined(): undefined: undefined"),
        ('m.LoadFile("none.ovf")', 1, "none.ovf: cannot be read"),
        ("DefRegion(300, universe())", 1, "region 300 does not exist"),
        ("m.setCell(9, 0, 0, vector(0,0,1))", 2, "outside the mesh"),
        ("i := 1\ni = 0.5", 2, "script line 9: i = 0.5: can not use 0.5 as int"),
        ("FilenameFormat = `%d`", 2, "FilenameFormat"),
        ("Run(inf)", 1, "can not run for"),
    ],
)
def test_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, code: int, message: str
) -> None:
    assert run(tmp_path, text) == code
    assert message in capsys.readouterr().err


def test_files_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = """
    TableAdd(E_total)
    TableAddVar(2*t, "twice", "s")
    TableAutoSave(1e-13)
    AutoSave(m, 2e-13)
    B_ext = vector(0, 0, 1)
    Run(4e-13)
    Save(m.comp(2))
    SaveAs(crop(m, 0, 2, 0, 1, 0, 1), "part")
    Fprintln("notes.txt", "t", t)
    print(m)
    """
    assert run(tmp_path, text) == 0
    out = tmp_path / "s.out"
    lines = (out / "table.txt").read_text().splitlines()
    assert lines[0] == "# t (s)\tmx ()\tmy ()\tmz ()\tE_total (J)\ttwice (s)"
    rows = np.array([line.split("\t") for line in lines[1:]], float)
    assert rows[0, 0] == 0 and rows[-1, 0] == pytest.approx(4e-13)
    np.testing.assert_allclose(rows[:, 5], 2 * rows[:, 0], rtol=1e-6)
    assert (np.diff(rows[:, 3]) > 0).all()
    assert sorted(p.name for p in out.glob("m0*.ovf")) == [f"m00000{i}.ovf" for i in range(3)]
    assert read_ovf(out / "m_z000000.ovf").data.shape == (1, 3, 4, 1)
    assert read_ovf(out / "part.ovf").data.shape == (1, 1, 2, 3)
    assert (out / "notes.txt").read_text() == "t 4e-13\n"
    shown = capsys.readouterr().out
    assert "Run(4e-13)" in shown.splitlines()
    assert (out / "log.txt").read_text() == shown


@pytest.mark.parametrize("form", ["OVF1_TEXT", "OVF1_BINARY", "OVF2_TEXT", "OVF2_BINARY"])
def test_every_format_reads_back(tmp_path: Path, form: str) -> None:
    text = f'm = RandomMag()\nSaveAs(m, "a")\nOutputFormat = {form}\nSaveAs(m, "b")\nSave(m)'
    assert run(tmp_path, text, "-v=false") == 0
    a, b = (read_ovf(tmp_path / "s.out" / f"{name}.ovf") for name in "ab")
    np.testing.assert_array_equal(a.data, b.data)
    assert b.cell_size == (1e-9, 2e-9, 3e-9) and b.time == 0


def test_flags() -> None:
    options = parse_arguments(["-o", "x", "-f", "-v=false", "--threads=2", "a.mx3", "-f"])
    assert options.scripts == ["a.mx3", "-f"]
    chosen = {k: options.flags[k] for k in ("o", "f", "v", "threads")}
    assert chosen == {"o": "x", "f": True, "v": False, "threads": 2}
    for wrong in (["-nope"], ["-o"], ["-v=perhaps"], ["-gpu", "x"]):
        with pytest.raises(UsageError):
            parse_arguments(wrong)
    assert main(["-nope"]) == 2


@pytest.mark.parametrize(("dialect", "field"), [("3.10", 0.0), ("3.11", 0.8)])
def test_faces_of_one_layer_by_dialect(tmp_path: Path, dialect: str, field: float) -> None:
    """From 3.11 on the faces of one layer with Dbulk add D^2/(Aex Msat) (mx, my, 0)."""
    text = (
        "SetPBC(1, 1, 0)\nDbulk = 2e-3\nMsat = 4e5\nAex = 12.5e-12\n"
        f'ExpectV("B", B_exch.average(), vector({field}, 0, 0), 1e-6)'
    )
    assert run(tmp_path, text, "-dialect", dialect) == 0
    assert run(tmp_path, text, "-dialect", "3.9") == 2


def test_vet_checks_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "Run(1e-3)", "-vet") == 0
    assert run(tmp_path, "Walk(1)", "-vet") == 1
    assert "undefined: Walk" in capsys.readouterr().out
    assert not (tmp_path / "s.out").exists()


def test_several_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in (("a", "print(1)"), ("b", "oops")):
        (tmp_path / f"{name}.mx3").write_text(text)
    assert main([str(tmp_path / "b.mx3"), str(tmp_path / "a.mx3")]) == 1
    assert "1 OK,  1 failed" in capsys.readouterr().out


def test_force_empties_the_folder(tmp_path: Path) -> None:
    run(tmp_path, 'SaveAs(m, "old")')
    run(tmp_path, "", "-f")
    assert not (tmp_path / "s.out" / "old.ovf").exists()


def test_output_folder_that_can_not_be_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(tmp_path, "", "-o", str(tmp_path / "file" / "out")) == 1
    assert "output folder" in capsys.readouterr().err


def test_maps_of_other_size_are_resampled_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = np.zeros((1, 3, 2, 3))
    data[:, :, 1] = 1
    write_ovf(tmp_path / "j.ovf", data, (1e-9, 1e-9, 1e-9))
    text = f'J.Add(LoadFile("{tmp_path}/j.ovf"), 2)\nprint(J.comp(0).average())'
    assert run(tmp_path, text) == 0
    shown = capsys.readouterr()
    assert "j.ovf has (2, 3, 1) cells, the mesh (4, 3, 1): resampled" in shown.err
    assert shown.out.splitlines()[-1] == "//1"


@pytest.mark.parametrize("damage", ["truncated", "nan", "scalar"])
def test_bad_maps(tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    path = tmp_path / "j.ovf"
    write_ovf(path, np.ones((1, 3, 4, 1 if damage == "scalar" else 3)), (1e-9, 1e-9, 1e-9))
    raw = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(raw[:-80])
    if damage == "nan":
        place = raw.index(b"Binary 4\n") + len(b"Binary 4\n") + 4
        path.write_bytes(raw[:place] + np.array(np.nan, "<f4").tobytes() + raw[place + 4 :])
    assert run(tmp_path, f'J.Add(LoadFile("{path}"), 1)') == (2 if damage == "scalar" else 1)
    words = {"truncated": "truncated", "nan": "NaN", "scalar": "1 components, 3 needed"}
    assert words[damage] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("loop", "number"), [("for {}", signal.SIGINT), ("RunWhile(1 < 2)", signal.SIGTERM)]
)
def test_signals_end_an_endless_loop_cleanly(tmp_path: Path, loop: str, number: int) -> None:
    script = tmp_path / "s.mx3"
    script.write_text(f'{HEAD}i := 0\nTableSave()\nprint("begun")\n{loop}\n')
    code = (
        "import sys; from orchestrator.engines.cpu.main import main; sys.exit(main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    while "begun" not in (line := process.stdout.readline()):
        assert line, process.communicate()
    time.sleep(0.5)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert "interrupted" in errors
    assert "begun" in (tmp_path / "s.out" / "log.txt").read_text()
    assert len((tmp_path / "s.out" / "table.txt").read_text().splitlines()) == 2


def test_an_interrupt_before_the_script_begins_is_no_traceback() -> None:
    code = """
import sys
from orchestrator.__main__ import main

class Interrupt:
    def find_spec(self, name, *_):
        if name == "orchestrator.engines.cpu.main":
            sys.meta_path.remove(self)
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
sys.argv[1:] = ["mx3", "s.mx3"]
main()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.strip()) == (1, "Aborted!")
