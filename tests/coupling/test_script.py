"""Which lines of a script become the setup of a coupled run, and which are refused."""

from __future__ import annotations

import pytest

from orchestrator.base.errors import InputError
from orchestrator.coupling.script import read_script

HEAD = "SetGridSize(8, 4, 1)\nSetCellSize(4e-9, 4e-9, 4e-9)\nMsat = 8e5\n"
"""Three lines, so that what follows stands on line 4."""


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def test_the_setup_ends_with_the_first_run_and_keeps_its_line_numbers(script):
    given = script.path.read_text().splitlines()
    setup = lines_of(script.setup)
    assert setup[: given.index("save(m)")] == [line.strip() for line in given[:23]]
    assert setup[given.index("TableAdd(E_total)")] == "TableAdd(E_total)"
    statements = [line.lower() for line in setup if not line.startswith("//")]
    assert not any("save" in line or "run" in line for line in statements)


def test_what_writes_once_is_prepared_and_what_writes_by_itself_is_scheduled(script):
    assert "save(m)" in lines_of(script.preparation)
    assert [(s.function, s.quantity) for s in script.schedules] == [
        ("tableautosave", ""),
        ("autosave", "m"),
        ("autosave", "m.comp(2)"),
    ]
    assert script.has_table
    assert script.thermal is None


def test_each_line_that_is_not_simply_setup_is_told(script):
    told = "\n".join(script.notes)
    assert "two_materials.mx3:27: TableAutoSave(2e-12): goes on over all pulses" in told
    assert "two_materials.mx3:30: Run(1e-9): left out, the pulses take its place" in told
    assert "two_materials.mx3:31: TableSave(): left out, it comes after the run" in told


def test_relaxing_is_done_once_and_statements_on_one_line_are_told_apart(write):
    script = read_script(write(HEAD + "alpha = 1; relax(); alpha = 0.02\nminimize()\nrun(1e-9)\n"))
    assert lines_of(script.preparation)[3:5] == ["alpha = 1; relax(); alpha = 0.02", "minimize()"]
    assert script.setup.splitlines()[3].replace(" ", "") == "alpha=1;;alpha=0.02"
    assert "minimize" not in script.setup
    assert [note.split(": ")[0] for note in script.notes] == [
        "their.mx3:4",
        "their.mx3:5",
        "their.mx3:6",
    ]


def test_a_script_without_a_run_is_all_setup(write):
    script = read_script(write(HEAD + "m = Uniform(1, 0, 0)"))
    assert script.setup == script.preparation == HEAD + "m = Uniform(1, 0, 0)\n"


def test_a_temperature_needs_seeds(write):
    assert read_script(write(HEAD + "Temp = 300\n")).thermal == "0"
    assert read_script(write(HEAD + "Temp.SetRegion(1, 300)\nThermSeed(5)\n")).thermal == "5"


def test_the_last_schedule_of_a_quantity_counts(write):
    text = (
        HEAD + "AutoSave(m, 1e-9)\nautosave(M, 1e-12)\nAutoSnapshot(m, 2e-12)\nTableAutoSave(1)\n"
    )
    schedules = read_script(write(text)).schedules
    assert [(s.function, s.number) for s in schedules] == [
        ("autosnapshot", 2),
        ("tableautosave", 3),
    ]


def test_what_a_schedule_writes_is_part_of_what_a_script_is_known_by(write):
    schedules = ("AutoSave(m, 1e-12)", "AutoSave(B_ext, 1e-12)", "AutoSnapshot(m, 1e-12)")
    digests = [read_script(write(f"{HEAD}{line}\n")).digest for line in schedules]
    digests.append(read_script(write(HEAD + "TableAutoSave(1e-12)\n")).digest)
    assert len(set(digests)) == 4


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("J = vector(1e12, 0, 0)", "current in the plane"),
        ("jx := 1e12\nJ = vector(jx, 0, 0)", "current in the plane"),
        ("J.SetRegion(1, vector(0, 1, 0))", "current in the plane"),
        ('J.Add(LoadFile("j.ovf"), 1)', "J.Add is theirs"),
        ("for i:=0; i<9; i++ {\nB_ext = vector(i*1e-3, 0, 0)\nrelax()\n}", "top level only"),
        ("if true { Run(1e-9) }", "top level only"),
        ("for i:=0; i<9; i++ { save(m) }", "writes within a loop"),
        ("ext_centerWall(0)", "moves the window"),
        ("SetPBC(4, 0, 0)", "open lateral boundaries"),
        ("t = 1e-9", "begins at 0"),
        ("if true { ThermSeed(7) }", "counts its seed"),
        ("DisableZhangLiTorque = true", "act on nothing"),
        ('FilenameFormat = "%s%02d"', "numbered over all pulses"),
        ("OutputFormat = DUMP", "OVF2_BINARY"),
        ("mz := m.average()", "depends on the magnetization"),
        ("B_ext = vector(0, 0, 0.1*m.comp(2).average())", "depends on the magnetization"),
        ("print(rand())", "random numbers after it"),
        ("randSeed(now())", "differs each time"),
        ("E0 := E_total.get()", "depends on the magnetization"),
        ('name := "j.ovf"\nm.LoadFile(name)', "must be a plain string"),
        ('m.LoadFile("../m0.ovf")', "below its own folder"),
        ("AutoSave(m)", "takes 2 arguments"),
        ("run(1e-9)\nB_ext = vector(1, 0, 0)\nrun(1e-9)", "comes after the first run"),
        ("run(1e-9)\nSetGridSize(16, 4, 1)", "comes after the first run"),
        ("run(1e-9)\nrelax()", "comes after the first run"),
    ],
)  # fmt: skip
def test_what_cannot_be_coupled_is_refused_with_its_line(write, lines, words):
    path = write(HEAD + lines + "\n")
    first = 4 + next(k for k, line in enumerate(lines.split("\n")) if _matters(line))
    with pytest.raises(InputError, match=words) as refused:
        read_script(path)
    assert str(refused.value).startswith(f"{path}:{first}: ")
    assert "\n" not in str(refused.value)


def _matters(line: str) -> bool:
    """Whether a line of the cases is the one that is refused."""
    return not line.startswith(("jx :=", "name :=", "run(", "for i", "B_ext = vector(i")) or (
        line.endswith("{ save(m) }")
    )


@pytest.mark.parametrize(
    "lines",
    [
        "J = vector(0, 0, -1e10)",
        "E_total.get()",
        "t = 0",
        "for i:=0; i<2; i++ {\nfor j:=0; j<2; j++ { DefRegion(2*i+j, XRange(0, inf)) }\n}",
        "J.SetRegion(0, vector(0, 0.0, 5e9*sin(1e9*t)))",
        "SetPBC(0, 0, 1)",
        "x := Msat.average()",
        "AddFieldTerm(Mul(Const(1e-3), m))\nAddEdensTerm(Dot(m, ConstVector(0, 0, 1)))",
        "for i:=0; i<4; i++ {\nDefRegion(i, XRange(i*8e-9, (i+1)*8e-9))\nprint(i)\n}",
        "ext_makegrains(2e-8, 200, 1)",
        "run(1e-9)\nsave(m)\nprint(m.average())\nrun(1e-9)",
    ],
)
def test_what_is_left_alone(write, lines):
    read_script(write(HEAD + lines + "\n"))


def test_a_syntax_error_has_its_line(write):
    path = write(HEAD + "m = Uniform(1, 0\n")
    with pytest.raises(InputError, match=r"their\.mx3:4: column"):
        read_script(path)


def test_files_that_a_script_reads_are_part_of_what_it_is_known_by(write, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "film.mx3").write_text('SetGeom(ImageShape("mask.png"))\nMsat = 8e5\n')
    (tmp_path / "parts" / "mask.png").write_bytes(b"one")
    path = write('source("parts/film.mx3")\nm.LoadFile("m0.ovf")\n')
    (tmp_path / "m0.ovf").write_bytes(b"a texture")
    script = read_script(path)
    assert sorted(script.inputs.values(), key=len)[:2] == [b"one", b"a texture"]
    sourced, loaded = script.setup.splitlines()
    for line, stem in ((sourced, "film_"), (loaded, "m0_")):
        assert f'("inputs/{stem}' in line
    film = next(v for k, v in script.inputs.items() if k.startswith("film_"))
    assert film.startswith(b'SetGeom(ImageShape("inputs/mask_')

    (tmp_path / "parts" / "mask.png").write_bytes(b"two")
    assert read_script(path).digest != script.digest
    (tmp_path / "parts" / "mask.png").write_bytes(b"one")
    assert read_script(path).digest == script.digest


def test_a_sourced_file_holds_setup_only(write, tmp_path):
    (tmp_path / "part.mx3").write_text("alpha = 1\nrelax()\n")
    path = write('source("part.mx3")\n')
    with pytest.raises(InputError, match=r"part\.mx3:2: `relax\(\)` cannot be coupled"):
        read_script(path)
    (tmp_path / "part.mx3").write_text('source("part.mx3")\n')
    with pytest.raises(InputError, match="sources itself"):
        read_script(path)


def test_a_file_that_is_missing_is_named(write, tmp_path):
    path = write(HEAD + 'm.LoadFile("nowhere.ovf")\n')
    with pytest.raises(InputError, match=r"their\.mx3:4: .*nowhere\.ovf: cannot be read"):
        read_script(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_script(tmp_path / "no.mx3")
