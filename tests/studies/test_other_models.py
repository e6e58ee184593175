"""The physics of the study of other models, on small grids."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "studies" / "other_models.py"


@pytest.fixture
def study() -> ModuleType:
    spec = importlib.util.spec_from_file_location("other_models", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small_ring(study, monkeypatch) -> ModuleType:
    monkeypatch.setattr(study, "INNER", 30e-9)
    monkeypatch.setattr(study, "OUTER", 60e-9)
    monkeypatch.setattr(study, "CELL", 5e-9)
    return study


def test_ring_follows_the_exact_resistance_at_every_angle(small_ring):
    """One factor for the stair-step edge; the dependence on the angle of m is exact."""
    network = small_ring.ring_network()
    ratios = []
    for angle in np.radians([0, 30, 45, 90]):
        solved = network.solve(small_ring.ring_texture(angle)).resistance("start", "end")
        ratios.append(solved / small_ring.ring_resistance(angle))
    assert ratios[0] == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-3)


def test_ring_is_a_memristor_of_the_charge(small_ring):
    """The resistance after a charge is the model's, and going back restores it."""
    current = 8e11 * small_ring.THICKNESS * (small_ring.OUTER - small_ring.INNER)
    q, r = small_ring.drive_ring(current, 4, 4e-10)
    angle = small_ring.angle_per_charge() * q[2]
    assert 0.3 < angle < 1.0
    swing = r[0] * (1 - small_ring.RING_AMR.perpendicular / small_ring.RING_AMR.parallel)
    turned = np.arcsin(np.sqrt((r[0] - r[2]) / swing))
    assert turned == pytest.approx(angle, rel=0.15)
    on_grid = small_ring.angle_per_charge_on_grid(whole=False) * q[2]
    assert turned == pytest.approx(on_grid, rel=0.05)
    assert small_ring.angle_per_charge_on_grid(whole=True) * q[2] == pytest.approx(angle, rel=0.05)
    assert r[4] == pytest.approx(r[0], abs=0.01 * (r[0] - r[2]))
    assert r[3] == pytest.approx(r[1], abs=0.02 * (r[0] - r[2]))


def test_current_of_the_uniform_disk_bounds_the_resistance_at_second_order(study):
    """Thomson's principle: any conserved current dissipates more than the solved one."""
    gaps = []
    for amr in (0.02, 0.04):
        disk = study.DiskResistance(amr, cells=40)
        for x0, y0 in ((0.0, 0.0), (40e-9, -30e-9)):
            m = study.vortex(disk.film, disk.inside, x0, y0)
            gap = disk.with_current_of_uniform_disk(m) - disk.solved(m)
            assert gap > 0
        gaps.append(gap / disk.saturated)
    assert gaps[1] / gaps[0] == pytest.approx(4, rel=0.1)


def test_scalar_model_agrees_with_the_tensor_at_small_ratios_only(study):
    differences = []
    for amr in (0.02, 1.5):
        disk = study.DiskResistance(amr, cells=40)
        m = study.vortex(disk.film, disk.inside, 0.0, 0.0)
        excess = disk.solved(m) - disk.saturated
        differences.append(abs(disk.scalar(m) - disk.saturated - excess) / excess)
    assert differences[0] < 0.01
    assert differences[1] > 0.1


@pytest.mark.slow
def test_ellipse_has_the_resistance_of_its_leads_and_two_percent_of_its_own(study):
    """Leads: 100 nm of ruthenium, 160 nm x 5 nm, on both sides; the magnet's share has the AMR."""
    network = study.ellipse_network()
    y, x = np.mgrid[2.5e-9:160e-9:5e-9, 2.5e-9:320e-9:5e-9]
    inside = ((x - 160e-9) / 160e-9) ** 2 + ((y - 80e-9) / 80e-9) ** 2 < 1
    leads = 2 * study.RUTHENIUM * study.EXTENSION / (study.WIDTH * 5e-9)
    r = {}
    for name, direction in (("along", (1, 0, 0)), ("across", (0, 1, 0)), ("normal", (0, 0, 1))):
        m = inside[None, :, :, None] * np.array(direction, float)
        r[name] = network.solve(study.in_leads(m)).resistance("left", "right")
    assert r["normal"] > leads
    assert r["along"] > r["across"]
    assert r["along"] - r["normal"] < 0.02 * (r["normal"] - leads)
    assert r["across"] == pytest.approx(r["normal"], rel=2e-3)
