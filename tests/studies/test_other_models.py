"""The physics of the study of other models, on small grids."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest


@pytest.fixture
def disk_study(load_study) -> ModuleType:
    return load_study("other_models.disk")


@pytest.fixture
def ellipse(load_study) -> ModuleType:
    return load_study("other_models.ellipse")


def test_current_of_the_uniform_disk_bounds_the_resistance_at_second_order(disk_study):
    """Thomson's principle: any conserved current dissipates more than the solved one."""
    gaps = []
    for amr in (0.02, 0.04):
        disk = disk_study.DiskResistance(amr, cells=40)
        for x0, y0 in ((0.0, 0.0), (40e-9, -30e-9)):
            m = disk_study.vortex(disk.film, disk.inside, x0, y0)
            gap = disk.with_current_of_uniform_disk(m) - disk.solved(m)
            assert gap > 0
        gaps.append(gap / disk.saturated)
    assert gaps[1] / gaps[0] == pytest.approx(4, rel=0.1)


def test_scalar_model_agrees_with_the_tensor_at_small_ratios_only(disk_study):
    differences = []
    for amr in (0.02, 1.5):
        disk = disk_study.DiskResistance(amr, cells=40)
        m = disk_study.vortex(disk.film, disk.inside, 0.0, 0.0)
        excess = disk.solved(m) - disk.saturated
        differences.append(abs(disk.scalar(m) - disk.saturated - excess) / excess)
    assert differences[0] < 0.01
    assert differences[1] > 0.1


def test_ellipse_has_the_resistance_of_its_leads_and_two_percent_of_its_own(ellipse):
    """Leads: 100 nm of ruthenium, 160 nm x 5 nm, on both sides; the magnet's share has the AMR."""
    network = ellipse.ellipse_network()
    leads = 2 * ellipse.RUTHENIUM * ellipse.EXTENSION / (ellipse.WIDTH * 5e-9)
    r = {}
    for name, direction in (("along", (1, 0, 0)), ("across", (0, 1, 0)), ("normal", (0, 0, 1))):
        m = ellipse.in_leads(ellipse.uniform_ellipse(direction))
        r[name] = network.solve(m).resistance("left", "right")
    assert r["normal"] > leads
    assert r["along"] > r["across"]
    assert r["along"] - r["normal"] < 0.02 * (r["normal"] - leads)
    assert r["across"] == pytest.approx(r["normal"], rel=2e-3)


def test_fine_cells_of_transport_hold_the_same_ellipse(ellipse):
    m = ellipse.uniform_ellipse((1, 0, 0), "any corner")
    coarse, fine = ellipse.in_leads(m), ellipse.in_leads(m, 2.5e-9)
    assert fine.shape == (*ellipse.ellipse_network(2.5e-9).film.array_shape, 3)
    assert fine[..., 0].sum() == 8 * coarse[..., 0].sum()
    np.testing.assert_array_equal(fine[::2, ::2, ::2], coarse)
    counts = [ellipse.ellipse_mask(r).sum() for r in ("all corners", "center", "any corner")]
    assert counts[0] < counts[1] < counts[2]
    assert counts[1] == pytest.approx(np.pi / 4 * 64 * 32, rel=0.01)
