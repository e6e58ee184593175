"""Crops of crops, components and regions of parts: their cells, averages and names."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.engines.cpu.language.errors import CompileError, PanicError, ScriptError
from orchestrator.engines.cpu.script.world import World
from orchestrator.ovf.files import read_ovf

FILM = """
SetGridSize(8, 6, 2)
SetCellSize(2e-9, 2e-9, 2e-9)
Msat = 1e6
m = RandomMagSeed(5)
DefRegion(1, xrange(0, inf))
DefRegionCell(2, 1, 1, 0)
DefRegionCell(2, 3, 4, 1)
"""


def average(values: np.ndarray) -> list[float]:
    return list(values.astype(float).reshape(-1, values.shape[-1]).mean(axis=0))


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("CropX(CropX(m, 2, 8), 1, 3)", lambda m, r: m[:, :, 3:5]),
        ("CropLayer(CropY(m, 1, 5), 1)", lambda m, r: m[1:, 1:5]),
        ("Crop(Crop(m, 1, 7, 1, 5, 0, 2), 0, 2, 1, 2, 1, 2)", lambda m, r: m[1:, 2:3, 1:3]),
        ("Crop(m, 2, 6, 0, 3, 0, 1).Comp(1)", lambda m, r: m[:1, :3, 2:6, 1:2]),
        ("CropX(m.Comp(2), 4, 8)", lambda m, r: m[:, :, 4:, 2:]),
        ("CropRegion(m, 2)", lambda m, r: m[:, 1:5, 1:4]),
        ("CropRegion(CropX(m, 2, 8), 2)", lambda m, r: m[1:, 4:5, 3:4]),
        ("CropRegion(CropX(CropY(m, 2, 6), 1, 8), 2)", lambda m, r: m[1:, 4:5, 3:4]),
        ("m.Region(1).Comp(0)", lambda m, r: m[r == 1][:, :1]),
        ("m.Comp(0).Region(1)", lambda m, r: m[r == 1][:, :1]),
        ("CropY(m, 0, 2).Region(2)", lambda m, r: m[:1, 1:2, 1:2]),
        ("CropY(m, 3, 6).Comp(2).Region(1)", lambda m, r: m[:, 3:, 4:, 2:]),
        ("Dot(CropX(m, 0, 2), CropX(m, 0, 2))", lambda m, r: np.ones((1, 1))),
    ],
)
def test_parts_of_parts_have_the_average_of_their_cells(world: World, printed, part, expected):
    world.execute(FILM)
    (line,) = printed(f"print({part})")
    values = expected(world.magnet.values(), world.space.regions())
    assert [float(x) for x in line.split()] == pytest.approx(average(values), rel=1e-5)
    if not part.startswith("Dot"):
        (line,) = printed(f"print({part}.Average())")
        numbers = line.strip("[]").split()
        assert [float(x) for x in numbers] == pytest.approx(average(values), rel=1e-5)


def test_crops_count_in_the_cells_of_what_they_crop(world: World) -> None:
    world.execute(FILM + "c := CropX(m, 2, 8)")
    for wrong in ("CropX(c, 2, 7)", "CropX(c, 5, 5)", "CropRegion(CropX(m, 0, 1), 2)"):
        with pytest.raises(PanicError, match="illegal argument"):
            world.execute(wrong)
    world.execute("SetGridSize(4, 6, 2)")
    with pytest.raises(ScriptError, match=r"part of \(8, 6, 2\) cells"):
        world.execute("print(c)")


def test_saved_crops_of_crops(world: World) -> None:
    world.execute(FILM + "Save(CropLayer(CropX(m, 2, 5), 1))\nSave(CropY(m, 1, 3).Comp(2))")
    saved = {p.name: read_ovf(p).data for p in world.outputs.folder.glob("*.ovf")}
    m = world.magnet.values()
    np.testing.assert_array_equal(saved["m_xrange2-5__zrange1_000000.ovf"], m[1:, :, 2:5])
    np.testing.assert_array_equal(saved["m_yrange1-3__z000000.ovf"], m[:, 1:3, :, 2:])


def test_masks_of_crops_and_fields_of_crops(world: World, printed) -> None:
    world.execute(FILM + "m = uniform(0, 0, 1)")
    assert printed("print(Sum(Masked(CropX(m.Comp(2), 2, 6), xrange(-2e-9, inf))))") == ["36"]
    with pytest.raises(PanicError, match="cells"):
        world.execute("AddFieldTerm(CropX(m, 0, 2))\nprint(B_custom)")


def test_quantities_of_one_operator_are_saved_and_tabled_each(world: World) -> None:
    world.execute(
        FILM + "EnableDemag = false\na := Mul(Const(2), m)\nb := Mul(Const(3), m)\n"
        "TableAdd(a)\nTableAdd(b)\nAutoSave(a, 1e-13)\nAutoSave(b, 1e-13)\n"
        "AutoSave(m.Comp(0), 1e-13)\nAutoSave(m.Comp(0), 0)\nTableAutoSave(1e-13)\nRun(2e-13)"
    )
    names = sorted(p.name for p in world.outputs.folder.glob("unnamed*.ovf"))
    lengths = [
        float(np.linalg.norm(read_ovf(world.outputs.path(name)).data, axis=-1).mean())
        for name in names
    ]
    assert lengths == pytest.approx([2, 3] * 3, rel=1e-5)
    assert not list(world.outputs.folder.glob("m_x*"))
    names, rows = world.record.table.read()
    assert len(names) == 10
    np.testing.assert_allclose(rows[:, 7:] / rows[:, 4:7], 1.5, rtol=1e-5)
    world.execute("AutoSave(a, 0)\nRun(1e-13)")
    last = max(world.outputs.folder.glob("unnamed*.ovf"))
    assert np.linalg.norm(read_ovf(last).data[0, 0, 0]) == pytest.approx(3, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a := CustomQuantity(NewScalarMask(1, 1, 1))", "CustomQuantity .*comes with mumax3.12"),
        ("FudgeShift = true", "EdgeCarryShift"),
        ("Nx = 256", r"Nx .*amumax.*SetGridSize\(nx, ny, nz\)"),
        ("dx = 1e-9", r"amumax.*SetCellSize\(cx, cy, cz\)"),
        ("Tx = 1e-6", "amumax.*SetGridSize and SetCellSize"),
        ("PBCx = 3", r"amumax.*SetPBC"),
        ("SaveOvfAs(m, `a`)", "amumax's name for SaveAs"),
    ],
)
def test_names_of_other_versions_are_refused_with_those_of_this_one(world, text, words):
    with pytest.raises(CompileError, match=words):
        world.execute(text)
    world.execute("Nx := 3\nprint(Nx)")  # as a variable it is free
