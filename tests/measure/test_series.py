"""Known answers for series: R(t) of files, R(H) with the columns of a table."""

from __future__ import annotations

import numpy as np
import pytest

import orchestrator
from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import SideContact
from orchestrator.describe.media import Resistivity
from orchestrator.measure.circuit import Circuit
from orchestrator.ovf.files import write_ovf
from orchestrator.transport.multigrid import Multigrid

PAR, PERP = 2.5e-7, 2e-7
BAR = Circuit(
    (SideContact("left", side="left"), SideContact("right", side="right")),
    Resistivity(rho_par=PAR, rho_perp=PERP),
)
CELL = (5e-9, 5e-9, 1e-8)
SQUARES = 2 / 1e-8
ANGLES = np.radians([0, 30, 60, 90])


def resistance(angle):
    """Of a bar with m at an angle to the current, which flows along x (edges let none across).

    With j_y = 0 on average but E_y shorted only at the ends, long bars have rho_perp +
    (rho_par - rho_perp) cos^2; at 0 and 90 degrees it is exact.
    """
    return (PERP + (PAR - PERP) * np.cos(angle) ** 2) * SQUARES


def save(folder, times, angles=ANGLES):
    for k, (angle, time) in enumerate(zip(angles, times, strict=True)):
        m = np.zeros((1, 8, 16, 3))
        m[:] = np.cos(angle), np.sin(angle), 0
        write_ovf(folder / f"m{k:06d}.ovf", m, CELL, title="m", unit="1", time=time)


def test_a_folder_of_mumax3_gives_one_dataset_with_times(tmp_path):
    save(tmp_path, [0, 1e-9, 2e-9, 3e-9])
    write_ovf(tmp_path / "B_demag000000.ovf", np.ones((1, 8, 16, 3)), CELL, title="B_demag")
    results = orchestrator.transport(tmp_path, BAR, "1 0")
    np.testing.assert_allclose(results.t, [0, 1e-9, 2e-9, 3e-9])
    assert results.t.attrs["units"] == "s"
    r = results.resistance.sel(contact="left", contact_in="right")
    np.testing.assert_allclose(r[[0, 3]], resistance(ANGLES[[0, 3]]), rtol=1e-9)
    assert (np.diff(r) < 0).all()
    np.testing.assert_allclose(results.current.sel(contact="left"), 1 / r, rtol=1e-9)
    np.testing.assert_allclose(results.power, 1 / r, rtol=1e-9)
    assert [name.rpartition("/")[2] for name in results.file.values][-1] == "m000003.ovf"
    assert "no table.txt" in results.attrs["table"]
    one = orchestrator.transport(tmp_path / "m000001.ovf", BAR)
    np.testing.assert_allclose(results.conductance[1], one.conductance, rtol=1e-9)
    listed = orchestrator.transport([tmp_path / f"m{k:06d}.ovf" for k in (3, 0)], BAR)
    np.testing.assert_allclose(listed.resistance[:, 0, 1], r[[3, 0]], rtol=1e-9)


TABLE = "# t (s)\tmx ()\tB_extx (T)\n"


def test_the_table_is_interpolated_in_time(tmp_path):
    save(tmp_path, [0, 1e-9, 2e-9, 3e-9])
    rows = [(0, 1, 0), (0, 1, 0.1), (1.5e-9, 1, 0.25), (3e-9, 1, 0.4), (3.5e-9, 1, 0.45)]
    (tmp_path / "table.txt").write_text(
        TABLE + "".join("\t".join(map(str, row)) + "\n" for row in rows) + "4e-9\t1"
    )
    results = orchestrator.transport(tmp_path, BAR)
    np.testing.assert_allclose(results.B_extx, [0.1, 0.2, 0.3, 0.4])
    assert results.B_extx.attrs["units"] == "T"
    assert "table" not in results.attrs


def test_a_quasi_static_loop_is_joined_row_by_row(tmp_path):
    save(tmp_path, [0, 0, 0, 0])
    fields = [0.1, 0.2, 0.3, 0.2]
    (tmp_path / "table.txt").write_text(TABLE + "".join(f"0\t1\t{b}\n" for b in fields))
    results = orchestrator.transport(tmp_path, BAR)
    np.testing.assert_allclose(results.B_extx, fields)
    loop = results.swap_dims(t="B_extx").resistance[:, 0, 1]
    assert loop.dims == ("B_extx",)
    (tmp_path / "table.txt").write_text(TABLE + "".join(f"0\t1\t{b}\n" for b in fields[:3]))
    results = orchestrator.transport(tmp_path, BAR)
    assert "has 3 rows for 4 saved states" in results.attrs["table"]
    assert "B_extx" not in results.coords


def test_a_file_of_another_grid_is_named_before_anything_is_solved(tmp_path):
    save(tmp_path, [0, 1e-9, 2e-9, 3e-9])
    write_ovf(tmp_path / "m000002.ovf", np.ones((1, 4, 16, 3)), CELL)
    with pytest.raises(InputError, match=r"m000002.ovf: it has 16 x 4 x 1 cells, the film 16 x 8"):
        orchestrator.transport(tmp_path, BAR)


def test_folders_without_magnetizations_say_what_they_hold(tmp_path):
    with pytest.raises(InputError, match=r"no saved m .*no \*\.ovf at all"):
        orchestrator.transport(tmp_path, BAR)
    write_ovf(tmp_path / "j000000.ovf", np.ones((1, 8, 16, 3)), CELL)
    with pytest.raises(InputError, match=r"it holds j000000\.ovf"):
        orchestrator.transport(tmp_path, BAR)


def test_arrays_and_fields_in_a_list_are_a_series():
    m = np.zeros((1, 8, 16, 3))
    m[..., 0] = 1
    results = orchestrator.transport([m, m[..., [1, 0, 2]]], BAR, cell_size=CELL)
    np.testing.assert_allclose(results.resistance[:, 0, 1], resistance(ANGLES[[0, 3]]), rtol=1e-9)


def test_each_texture_starts_from_those_before_and_agrees_with_itself_alone(monkeypatch):
    cycles, cycle = [], Multigrid.cycle
    monkeypatch.setattr(Multigrid, "cycle", lambda self: cycles.append(cycle(self)))
    y, x = np.mgrid[:60, :64]
    angle = 3 * np.sin(0.2 * x + 0.1 * y) * np.cos(0.13 * y)
    textures = [
        np.stack([np.cos(angle + turn), np.sin(angle + turn), 0 * angle], axis=-1)[None]
        for turn in (0.0, 0.02, 0.04, 0.06)
    ]

    def measured(textures):
        cycles.clear()
        results = orchestrator.transport(textures, BAR, cell_size=CELL, threads=1)
        return results.conductance.values, len(cycles)

    series, together = measured(textures)
    again, _ = measured(textures)
    np.testing.assert_array_equal(again, series)
    alone, counts = zip(*(measured([m]) for m in textures), strict=True)
    assert together < 0.7 * sum(counts)
    np.testing.assert_allclose(series, np.concatenate(alone), rtol=1e-8)
