"""What a script may read and write: nothing outside its folders unless it is trusted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrator.engines.cpu.main import main
from orchestrator.ovf.files import write_ovf

HEAD = """SetGridSize(4, 4, 1)
SetCellSize(1e-9, 1e-9, 1e-9)
Msat = 1e6
"""

WRITES = [
    'SaveAs(m, "../x.ovf")',
    'SaveAs(m, "link/x.ovf")',
    'SnapshotAs(m, "../x.png")',
    'Fprintln("../x.txt", 1)',
    'Fprintln("{outside}/x.txt", 1)',
    'FilenameFormat = "../%s%06d"\nSave(m)',
    'FilenameFormat = "../%s%06d"\nAutoSave(m, 1e-15)\nFixDt = 1e-15\nRun(1e-15)',
    'FilenameFormat = "../%s%06d"\nSnapshot(m)',
]
READS = [
    'm.LoadFile("{outside}/m.ovf")',
    'm.LoadFile("../outside/m.ovf")',
    'm.LoadFile("inner/linked.ovf")',
    'B_ext.Add(LoadFile("{outside}/m.ovf"), 1)',
    'SetGeom(ImageShape("{outside}/shape.png"))',
    'source("{outside}/more.mx3")',
    'source("../outside/more.mx3")',
    'f := FunctionFromDatafile("{outside}/data.txt", 0, 1, "linear")\nprint(f(0.5))',
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script's folder, which is the working directory, and another beside it."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    (inside / "inner").mkdir(parents=True)
    m = np.zeros((1, 4, 4, 3))
    m[..., 2] = 1
    write_ovf(outside / "m.ovf", m, (1e-9, 1e-9, 1e-9))
    (inside / "inner/linked.ovf").symlink_to(outside / "m.ovf")
    import matplotlib.image

    matplotlib.image.imsave(outside / "shape.png", np.zeros((4, 4)), cmap="gray")
    (outside / "more.mx3").write_text("print(1)\n")
    (outside / "data.txt").write_text("0,0\n1,1\n")
    monkeypatch.chdir(inside)
    return tmp_path


def run(place: Path, text: str, *flags: str) -> int:
    script = place / "inside/s.mx3"
    script.write_text(HEAD + text.replace("{outside}", str(place / "outside")))
    output = place / "inside/s.out"
    output.mkdir(exist_ok=True)
    (output / "link").symlink_to(place / "outside")
    return main(["-v=false", *flags, str(script)])


def files(place: Path) -> set[str]:
    """All but what lies in the output folder."""
    names = {str(path.relative_to(place)) for path in place.rglob("*")}
    return {name for name in names if not name.startswith("inside/s.out")} - {"inside/s.mx3"}


@pytest.mark.parametrize("text", WRITES)
def test_nothing_is_written_outside(
    place: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    before = files(place)
    assert run(place, text) == 2
    assert "not written; a script writes only below its output folder" in capsys.readouterr().err
    assert files(place) == before


@pytest.mark.parametrize("text", WRITES)
def test_trusted_scripts_write_as_in_mumax3(place: Path, text: str) -> None:
    before = files(place)
    assert run(place, text, "-trust") == 0
    assert len(files(place) - before) >= 1


@pytest.mark.parametrize("text", READS)
def test_nothing_is_read_outside(
    place: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert run(place, text) in (1, 2)
    error = capsys.readouterr().err
    assert "not read; a script reads only below" in error
    assert "script line 4" in error


@pytest.mark.parametrize("text", READS)
def test_trusted_scripts_read_as_in_mumax3(place: Path, text: str) -> None:
    assert run(place, text, "-trust") == 0


def test_what_lies_below_the_script_is_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mumax3's names are relative to the working directory: both folders count."""
    (place / "inside/inner/more.mx3").write_text('Fprintln("seen.txt", 1)\n')
    assert run(place, 'source("inner/more.mx3")\nsource("inner/../inner/more.mx3")') == 0
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    (place / "inside/s.out/link").unlink()
    assert run(place, f'source("{place}/inside/inner/more.mx3")', "-f") == 0
    assert (place / "inside/s.out/seen.txt").read_text() == "1\n"


def test_check_alone_reads_nothing_outside(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, 'source("{outside}/more.mx3")', "-vet") == 1
    assert "not read" in capsys.readouterr().out
