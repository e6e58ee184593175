"""Bad numbers, grids, files and disks: a message that names the cause, and nothing half done."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from orchestrator.engines.cpu.language.errors import FatalError, PanicError, ScriptError
from orchestrator.engines.cpu.script.limits import check_memory
from orchestrator.engines.cpu.script.world import World
from orchestrator.ovf.files import read_ovf, write_ovf

HEAD = """SetGridSize(4, 3, 1)
SetCellSize(1e-9, 2e-9, 3e-9)
EnableDemag = false
Msat = 1e6
alpha = 0.1
m = uniform(1, 0, 0)
"""
CODE = "import sys; from orchestrator.engines.cpu.main import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SetGridSize(1000000, 1000000, 1)", "1.86e\\+05 GiB of memory, this machine has"),
        ("Msat = 1/0", "Msat can not be \\+Inf"),
        ("alpha.SetRegion(1, 0/0)", "alpha can not be NaN"),
        ("B_ext = vector(0, 0/0, 0)", "B_ext can not be \\[0 NaN 0\\]"),
        ("B_ext = vector(0, 1/t, 0)\nRun(1e-12)", "B_ext can not be \\[0 \\+Inf 0\\]"),
        ("B_ext = vector(1/(t-1e-13), 0, 0)\nFixDt = 1e-13\nRun(1e-12)", "B_ext can not be"),
        ("J.Add(NewVectorMask(4, 3, 1), 1/t)\nRun(1e-12)", "J.Add's multiplier can not be \\+Inf"),
        ("m = uniform(0/0, 0, 0)", "m can not be NaN"),
        ("MaxErr = 0", "MaxErr must be more than 0, not 0"),
        ("FixDt = -1e-12", "FixDt must be at least 0, not -1e-12"),
        ("MinDt = 0/0", "MinDt must be at least 0, not NaN"),
        ('SaveAs(m, "no/such")', "out/no/such.ovf: No such file or directory"),
        ('Fprintln("nonexistent/x", 1)', "out/nonexistent/x: No such file or directory"),
        ('m.LoadFile("out")', "out: cannot be read \\(Is a directory\\)"),
        ("SetSolver(9)", "there is no solver 9"),
    ],
)
def test_unusable_values(world: World, text: str, reason: str) -> None:
    with pytest.raises(FatalError, match=reason) as caught:
        world.execute(HEAD + text)
    assert caught.value.line is not None and caught.value.line >= 7


@pytest.mark.parametrize(
    "text",
    [
        "SetCellSize(0, 1e-9, 1e-9)",
        "SetCellSize(1e-9, 1/0, 1e-9)",
        "SetGridSize(0, 1, 1)",
        "NewVectorMask(0, 1, 1)",
        "CropLayer(m, 7)",
        "m.region(300)",
        "randInt(0)",
    ],
)
def test_illegal_arguments(world: World, text: str) -> None:
    with pytest.raises(PanicError):
        world.execute(HEAD + text)


def test_memory_of_the_demagnetizing_field_counts() -> None:
    present = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    side = int((present / 400) ** (1 / 3))
    check_memory((side, side, side))
    with pytest.raises(FatalError, match="with the demagnetizing field"):
        check_memory((side, side, side), demag=True)


@pytest.mark.parametrize("kind", ["m", "regions", "geom"])
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "scalar or vector", "nan"])
def test_unusable_files(world: World, tmp_path: Path, kind: str, damage: str) -> None:
    path = tmp_path / "a.ovf"
    wrong = damage == "scalar or vector"
    components = 1 if (kind == "m") == wrong else 3
    # Regions are the first component of any file: there the number is wrong.
    data = np.full((1, 3, 4, components), 300.0 if kind == "regions" and wrong else 1.0)
    write_ovf(path, data, (1e-9, 1e-9, 1e-9))
    raw = path.read_bytes()
    if damage == "nan":
        place = raw.index(b"Binary 4\n") + len(b"Binary 4\n") + 4
        path.write_bytes(raw[:place] + np.array(np.nan, "<f4").tobytes() + raw[place + 4 :])
    elif damage == "truncated":
        path.write_bytes(raw[: len(raw) - 60 - 4 * components])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "missing":
        path.unlink()
    call = {
        "m": 'm.LoadFile("a.ovf")',
        "regions": 'regions.LoadFile("a.ovf")',
        "geom": 'ext_InitGeomFromOVF("a.ovf")',
    }[kind]
    with pytest.raises(ScriptError, match=r"a\.ovf"):
        world.execute(HEAD + call)


def limited(folder: Path, text: str, size: int) -> subprocess.CompletedProcess[str]:
    """Run a script where no file can have more than some bytes, as on a full disk."""
    (folder / "s.mx3").write_text(HEAD + text)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    # The compiled code is there already: it could not be written under the limit.
    return subprocess.run(
        [sys.executable, "-B", "-c", CODE, "-v=false", str(folder / "s.mx3")],
        capture_output=True, text=True, preexec_fn=limit, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("form", ["OVF2_BINARY", "OVF1_TEXT", "DUMP"])
def test_full_disk_leaves_no_half_file(tmp_path: Path, form: str) -> None:
    text = (
        f'SetGridSize(40, 40, 1)\nSaveAs(CropX(m, 0, 1), "small")\nOutputFormat = {form}\n'
        'print("so far")\nSaveAs(m, "big")\nprint("never")'
    )
    done = limited(tmp_path, text, 8192)
    out = tmp_path / "s.out"
    extension = "dump" if form == "DUMP" else "ovf"
    assert done.returncode == 1
    assert f'script line 11: SaveAs(m, "big"): {out}/big.{extension}: File too large' in done.stderr
    assert sorted(p.name for p in out.iterdir()) == ["log.txt", "small.ovf"]
    assert read_ovf(out / "small.ovf").data.shape == (1, 40, 1, 3)
    assert "so far" in (out / "log.txt").read_text()


def test_full_disk_at_a_table_row_and_at_the_log(tmp_path: Path) -> None:
    rows = limited(tmp_path, "for i := 0; i < 1000; i++ { TableSave() }", 4096)
    assert rows.returncode == 1
    assert "TableSave(): " in rows.stderr and "table.txt: File too large" in rows.stderr
    written = (tmp_path / "s.out" / "table.txt").read_text().splitlines()
    assert len(written) > 50 and written[0].startswith("# t (s)")
    text = 'for i := 0; i < 2000; i++ { print("line", i) }\nSaveAs(CropX(m, 0, 1), "after")'
    log = limited(tmp_path, text, 8192)
    assert log.returncode == 0, log.stderr
    assert "no more log" in log.stderr and "//line 1999" in log.stdout
    assert (tmp_path / "s.out" / "after.ovf").exists()


def test_output_folder_removed_during_the_run(world: World) -> None:
    world.execute(HEAD)
    shutil.rmtree(world.outputs.folder)
    with pytest.raises(FatalError, match=r"m000000\.ovf: No such file or directory"):
        world.execute("Save(m)")
    with pytest.raises(FatalError, match=r"table\.txt: No such file or directory"):
        world.execute("TableSave()")
