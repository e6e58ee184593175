"""Pictures of fields, and dump files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.output.pictures import colors_of, grays_of, image_of
from orchestrator.engines.cpu.script.world import World
from orchestrator.ovf.files import read_ovf

MESH = "SetGridSize(6, 4, 1)\nSetCellSize(1e-9, 1e-9, 1e-9)\nEnableDemag = false\n"


@pytest.mark.parametrize(
    ("direction", "color"),
    [
        ((1, 0, 0), (255, 0, 0)),
        ((-1, 0, 0), (0, 255, 255)),
        ((np.cos(2 * np.pi / 3), np.sin(2 * np.pi / 3), 0), (0, 255, 0)),
        ((np.cos(2 * np.pi / 3), -np.sin(2 * np.pi / 3), 0), (0, 0, 255)),
        ((0, 0, 1), (255, 255, 255)),
        ((0, 0, -1), (0, 0, 0)),
        ((0, 0, 0), (128, 128, 128)),
    ],
)
def test_colors_of_directions(
    direction: tuple[float, float, float], color: tuple[int, int, int]
) -> None:
    np.testing.assert_allclose(colors_of(np.array(direction)).astype(int), color, atol=1)


def test_numbers_are_grays_and_y_points_up() -> None:
    data = np.zeros((2, 3, 4, 1))
    data[:, 2, 0] = 5
    image = image_of(data)
    assert image.size == (4, 3)
    assert image.getpixel((0, 0)) == (255, 255, 255) and image.getpixel((0, 2)) == (0, 0, 0)
    assert (grays_of(np.ones((2, 2))) == 128).all()


def test_scripts_save_pictures(world: World) -> None:
    world.execute(
        f"{MESH}m = uniform(1, 0, 0)\nm.setInShape(yrange(0, inf), uniform(0, 0, 1))\n"
        'Snapshot(m)\nSnapshotFormat = "png"\nSnapshot(m)\nSave(m)\n'
        'SnapshotAs(m.comp(2), "up.gif")\nSnapshotAs(m, "last")\nAutoSnapshot(geom, 1e-15)\n'
        "Msat = 1e6\nalpha = 1\nSteps(2)"
    )
    names = sorted(path.name for path in world.outputs.folder.iterdir())
    assert {"m000000.jpg", "m000001.png", "m000002.ovf", "up.gif", "last.png"} <= set(names)
    assert "geom000001.png" in names
    image = Image.open(world.outputs.path("m000001.png")).convert("RGB")
    assert image.size == (6, 4)
    assert image.getpixel((0, 0)) == (255, 255, 255) and image.getpixel((0, 3)) == (255, 0, 0)


@pytest.mark.parametrize("text", ['SnapshotFormat = "bmp"', 'SnapshotAs(m, "a.tiff")'])
def test_other_pictures_are_refused(world: World, text: str) -> None:
    with pytest.raises(PanicError, match="pictures are gif, jpeg, jpg, png"):
        world.execute(MESH + text)


def test_dump_files_read_back(world: World, tmp_path: Path) -> None:
    world.execute(
        f'{MESH}m = RandomMag()\nOutputFormat = DUMP\nSave(m)\nSaveAs(geom, "g")\n'
        "m2 := LoadFile(`out/m000000.dump`)\nExpect(`n`, m2.nComp(), 3, 0)\n"
        "ExpectV(`m`, vector(m2.get(0,2,1,0), m2.get(1,2,1,0), m2.get(2,2,1,0)), "
        "m.getCell(2,1,0), 0)"
    )
    read = read_ovf(world.outputs.path("m000000.dump")).data
    np.testing.assert_array_equal(read, world.magnet.values())
    assert read_ovf(world.outputs.path("g.dump")).data.shape == (1, 4, 6, 1)
