"""Magnetoelastic coupling against its energy density written down by hand."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.engines.cpu.language.errors import PanicError, ScriptError
from orchestrator.engines.cpu.physics.energies import energy, energy_density
from orchestrator.engines.cpu.physics.fields import field
from orchestrator.engines.cpu.physics.make import make_simulation
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.relax import relax
from orchestrator.engines.cpu.script.world import World

B1, B2, MSAT = -8.8e6, 5.1e6, 5e5
STRAIN = {"exx": 1.1e-3, "eyy": -4e-4, "ezz": 7e-4, "exy": 3e-4, "exz": -9e-4, "eyz": 6e-4}


def magnet(cells=(4, 3, 2), **values):
    sim = make_simulation(threads=1)
    sim.set_mesh(Mesh(cells, (2e-9, 2e-9, 2e-9)))
    sim.settings.EnableDemag = False
    known = sim.material.regional()
    for name, value in ({"Msat": MSAT, "alpha": 0.5, "B1": B1, "B2": B2} | values).items():
        known[name].set(value)
    sim.state.set_m(np.random.default_rng(1).normal(size=(*sim.state.mesh.shape, 3)))
    return sim


def by_hand(m, e, b1=B1, b2=B2):
    """The density in J/m3 of directions m."""
    x, y, z = np.moveaxis(m.astype(float), -1, 0)
    along = e["exx"] * x**2 + e["eyy"] * y**2 + e["ezz"] * z**2
    shear = e["exy"] * x * y + e["exz"] * x * z + e["eyz"] * y * z
    return b1 * along + 2 * b2 * shear


def test_energy_is_that_of_the_formula_and_counts_in_the_total():
    sim = magnet(**STRAIN)
    expected = by_hand(sim.state.m, STRAIN)
    np.testing.assert_allclose(energy_density(sim, "Edens_mel"), expected, rtol=2e-5, atol=1e-2)
    assert energy(sim, "E_mel") == pytest.approx(expected.sum() * 8e-27, rel=1e-5)
    assert energy(sim, "E_total") == pytest.approx(energy(sim, "E_mel"), rel=1e-6)


def test_field_is_minus_the_gradient():
    sim = magnet(**STRAIN)
    m, b = sim.state.m.astype(float), field(sim, "B_mel")
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 1e-4
        slope = (by_hand(m + step, STRAIN) - by_hand(m - step, STRAIN)) / 2e-4
        np.testing.assert_allclose(b[..., axis], -slope / MSAT, rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(field(sim, "B_eff"), b)


def test_regions_and_maps_of_the_strain_and_cells_without_moment():
    sim = magnet(exx=1e-3)
    regions = np.zeros(sim.state.mesh.shape, np.uint8)
    regions[..., 2:] = 1
    regions[..., 3:] = 2
    sim.state.set_regions(regions)
    sim.material.parameters["B1"].set_region(1, 2 * B1)
    sim.material.parameters["Msat"].set_region(2, 0.0)
    ramp = np.arange(24.0).reshape(*regions.shape, 1) * 1e-4
    sim.material.excitations["exx"].add(ramp, lambda t: 1 + t)
    for time in (0.0, 1.0):
        sim.clock.time = time
        e = dict.fromkeys(STRAIN, 0) | {"exx": 1e-3 + (1 + time) * ramp[..., 0]}
        expected = by_hand(sim.state.m, e, np.where(regions == 1, 2 * B1, B1))
        expected[regions == 2] = 0
        np.testing.assert_allclose(energy_density(sim, "Edens_mel"), expected, rtol=1e-5, atol=1e-2)


def test_tension_turns_m_along_its_axis():
    """B1 < 0, as in iron: tension along y makes y easy, with a field of 2 |B1| e / Ms."""
    sim = magnet((1, 1, 1), eyy=1e-3, B2=0.0)
    sim.state.set_m(np.array([[[[1.0, 0.2, 0.1]]]]))
    relax(sim)
    np.testing.assert_allclose(sim.state.m[0, 0, 0], [0, 1, 0], atol=1e-3)
    np.testing.assert_allclose(
        field(sim, "B_mel")[0, 0, 0], [0, 2 * 8.8e6 * 1e-3 / MSAT, 0], rtol=1e-5, atol=1e-5
    )


def test_scripts_know_its_names(world: World, printed) -> None:
    lines = printed(
        """
        SetGridSize(2, 1, 1)
        SetCellSize(1e-9, 1e-9, 1e-9)
        Msat = 1e6
        m = uniform(1, 0, 0)
        print(E_mel, B_mel.average())
        B1 = 1e6
        exx = 1e-3
        DefRegion(1, xrange(0, inf))
        exx.SetRegion(1, 3e-3)
        print(E_mel, Edens_mel.average(), B_mel.Comp(0).average())
        s := NewScalarMask(2, 1, 1)
        s.Set(0, 0, 0, 0, 2e-3)
        exx.Add(s, 2)
        print(exx.average())
        exx.RemoveExtraTerms()
        eyz = 1e-9 * t
        print(exx.average(), exx.isUniform(), eyz.average())
        """
    )
    rows = [line.replace("[", "").replace("]", "").split() for line in lines]
    values = [[float(x) for x in row] for row in rows[:3]]
    assert values[0] == [0, 0, 0, 0]
    assert values[1] == pytest.approx([4e-24, 2000, -4e-3], rel=1e-6)
    assert values[2] == pytest.approx([4e-3], rel=1e-6)
    assert rows[-1][1:] == ["false", "0"]
    with pytest.raises(PanicError, match="3 components, 1 needed"):
        world.execute("exy.Add(NewVectorMask(2, 1, 1), 1)")
    with pytest.raises(ScriptError, match="F_mel is not supported"):
        world.execute("save(F_mel)")
