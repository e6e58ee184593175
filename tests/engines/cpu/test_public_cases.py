"""Small scripts after public reports of mumax3's users, with their right values.

`relax_autosave` follows issue 327 of mumax/3, `shift_after_pbc` 191, `pbc_after_loadregions` 345,
`minimize` 90 and 171, `neuro_crop_average` a published test script.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from orchestrator.engines.cpu.main import main

CASES = Path(__file__).parent / "public_cases"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """What a case prints, line by line, in a folder where it is called script.mx3."""

    def lines(name: str) -> list[str]:
        monkeypatch.chdir(tmp_path)
        Path("script.mx3").write_text((CASES / f"{name}.mx3").read_text())
        assert main(["script.mx3"]) == 0
        captured = capsys.readouterr()
        printed = captured.out.splitlines() + captured.err.splitlines()
        return [line.removeprefix("//") for line in printed if line.startswith("//")]

    return lines


def numbers(line: str) -> list[float]:
    return [float(x) for x in re.findall(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?", line)]


def test_relax_writes_nothing_of_its_own_way(run):
    printed = run("relax_autosave")
    assert "after relax 0" in printed
    times = np.loadtxt("script.out/table.txt")[:, 0]
    assert times[0] == 0 and (np.diff(times) > 0).all()
    assert times[-1] == pytest.approx(1e-11, rel=1e-6)
    assert 4 <= len(times) <= 11
    assert len(list(Path("script.out").glob("m*.ovf"))) == len(times)
    steps = np.diff(times)[1:-1]
    assert (steps >= 0.99e-12).all()  # one row each period, or each step where steps are longer


def test_the_same_mesh_once_more_changes_nothing(run):
    first, second = (numbers(line) for line in run("shift_after_pbc") if line[0] in "01")
    assert first[1:4] == [0, 0, 1]
    assert first[4] == pytest.approx(3 / 32)
    assert first[1:] == second[1:]


def test_loaded_regions_stay(run):
    values = [numbers(line) for line in run("pbc_after_loadregions") if line[0].isdigit()]
    assert values == [[1], [1]]


def test_a_minimize_that_climbs_says_so_once(run):
    printed = run("minimize")
    start, climbed, relaxed = (
        next(numbers(line)[-1] for line in printed if line.startswith(word))
        for word in ("start", "minimize", "relax")
    )
    assert start == pytest.approx(1.06e-19, rel=0.01)
    assert climbed == pytest.approx(3.28e-19, rel=0.01)
    assert relaxed == pytest.approx(-3.28e-19, rel=0.01)
    (warning,) = [line for line in printed if line.startswith("WARNING")]
    assert "Minimize" in warning
    assert numbers(warning)[:2] == pytest.approx([climbed, start], rel=1e-3)


def test_averages_of_crops_have_their_components(run):
    printed = run("neuro_crop_average")
    words = next(line for line in printed if line.startswith("SW:"))
    assert numbers(words) == pytest.approx([1 / 3, 2 / 3], rel=1e-6)
    average = next(line for line in printed if line.startswith("["))
    assert numbers(average) == pytest.approx([1 / 3, 2 / 3, 2 / 3], rel=1e-6)
    header, row = Path("script.out/table.txt").read_text().splitlines()
    assert len(header.split("\t")) == len(row.split("\t")) == 7
