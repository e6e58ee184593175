"""Kernels against a plain float64 evaluation, cell by cell and face by face.

The evaluation is written from the literal definitions: ghost cells with their vectors, not the
terms that they reduce to, and one cell at a time.
"""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.base.constants import (
    BOHR_MAGNETON,
    ELEMENTARY_CHARGE,
    GAMMA0,
    REDUCED_PLANCK,
)
from orchestrator.engines.cpu.kernels import local as kernels
from orchestrator.engines.cpu.physics import energies, fields
from orchestrator.engines.cpu.physics.field_term import FieldTerm
from orchestrator.engines.cpu.physics.make import make_simulation
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.stepper import steps
from orchestrator.engines.cpu.physics.tables.segments import find_segments

TOLERANCE = 3e-6


def value(sim, name):
    known = sim.material.parameters if name in sim.material.parameters else sim.material.excitations
    return known[name].values(sim.clock.time).astype(float)


def mean(a, b):
    """Coupling between two regions."""
    if a * b >= 0:
        return 0.0 if a == 0 or b == 0 else 2 / (1 / a + 1 / b)
    return np.sign(a + b) * np.sqrt(np.sqrt(-a * b) * abs(a + b) / 2)


def neighbor(sim, cell, axis, step):
    """Index of a neighbor, or None beyond the edge. Axes x, y, z; cells are (z, y, x)."""
    at = list(cell)
    at[2 - axis] += step
    n = sim.state.mesh.shape[2 - axis]
    if not 0 <= at[2 - axis] < n:
        if not sim.state.mesh.pbc[axis]:
            return None
        at[2 - axis] %= n
    return tuple(at)


def exchange_field(sim, m, cell, msat):
    """Exchange and DMI in T, by faces."""
    r = sim.state.regions[cell]
    a, bulk, interfacial = (value(sim, n)[:, 0] for n in ("Aex", "Dbulk", "Dind"))
    dmi = bulk if bulk.any() else interfacial
    total = np.zeros(3)
    for axis in range(3):
        flat = axis == 2 and sim.state.mesh.shape[0] == 1
        if flat and not (
            bulk.any() and not sim.settings.OpenBC and sim.settings.dmi_faces == "3.11"
        ):
            continue
        c = sim.state.mesh.cell_size[axis]
        for step in (-1, 1):
            normal = np.zeros(3)
            normal[axis] = step
            twist = np.cross((0, 0, 1), normal) if interfacial.any() else -normal
            there = neighbor(sim, cell, axis, step)
            absent = there is None or not m[there].any()
            other = r if absent else sim.state.regions[there]
            stiffness, d = mean(a[r], a[other]), mean(dmi[r], dmi[other])
            if interfacial.any() and axis == 2:
                d = 0.0
            if absent:
                if sim.settings.OpenBC or d == 0:
                    continue
                ghost = m[cell] - c * d / (2 * stiffness) * np.cross(twist, m[cell])
            else:
                ghost = m[there]
            total += 2 * stiffness / c**2 * (ghost - m[cell]) + d / c * np.cross(twist, ghost)
    return total / msat


def anisotropy_field(sim, m0, r, msat):
    def unit(name):
        v = value(sim, name)[r]
        return v / np.linalg.norm(v) if v.any() else v

    ku1, ku2, kc1, kc2, kc3 = (value(sim, n)[r, 0] for n in ("Ku1", "Ku2", "Kc1", "Kc2", "Kc3"))
    u = unit("anisU")
    field = (2 * ku1 * (m0 @ u) + 4 * ku2 * (m0 @ u) ** 3) * u
    axes = np.array([unit("anisC1"), unit("anisC2"), np.cross(unit("anisC1"), unit("anisC2"))])
    a = axes @ m0
    for i in range(3):
        b, c = a[(i + 1) % 3], a[(i + 2) % 3]
        slope = 2 * kc1 * a[i] * (b**2 + c**2) + 2 * kc2 * a[i] * b**2 * c**2
        slope += 4 * kc3 * a[i] ** 3 * (b**4 + c**4)
        field = field - slope * axes[i]
    return field / msat


def torque(sim, extra=None):
    """Torque of the present magnetization in T, (nz, ny, nx, 3) float64."""
    m = sim.state.m.astype(float)
    out = np.zeros_like(m)
    current, external, layer = (
        np.moveaxis(
            sim.material.excitations[n].evaluate(sim.state.regions, sim.clock.time), 0, -1
        ).astype(float)
        for n in ("J", "B_ext", "FixedLayer")
    )
    for cell in np.ndindex(sim.state.mesh.shape):
        r, m0 = sim.state.regions[cell], m[cell]
        msat = value(sim, "Msat")[r, 0]
        if not m0.any() or value(sim, "FrozenSpins")[r, 0]:
            continue
        alpha, xi, pol = (value(sim, n)[r, 0] for n in ("alpha", "xi", "Pol"))
        field = exchange_field(sim, m, cell, msat) + anisotropy_field(sim, m0, r, msat)
        field = field + external[cell] + (0 if extra is None else extra[cell])
        precession = np.cross(m0, field)
        result = -(precession + alpha * np.cross(m0, precession)) / (1 + alpha**2)
        if current.any():
            u = BOHR_MAGNETON * pol / (ELEMENTARY_CHARGE * GAMMA0 * msat * (1 + xi**2))
            h = np.zeros(3)
            for axis in range(3):
                ends = [neighbor(sim, cell, axis, s) or cell for s in (1, -1)]
                slope = (m[ends[0]] - m[ends[1]]) / (2 * sim.state.mesh.cell_size[axis])
                h += u * current[cell][axis] * slope
            turn = np.cross(m0, h)
            result -= ((1 + xi * alpha) * np.cross(m0, turn) + (xi - alpha) * turn) / (1 + alpha**2)
        p = layer[cell]
        if current[cell][2] and p.any():
            p = p / np.linalg.norm(p)
            lam, prime, d = (
                value(sim, n)[r, 0] for n in ("Lambda", "EpsilonPrime", "FreeLayerThickness")
            )
            d = (
                d or sim.state.mesh.cells[2] * sim.state.mesh.cell_size[2]
            ) * sim.settings.FixedLayerPosition
            beta = REDUCED_PLANCK / ELEMENTARY_CHARGE * current[cell][2] / (d * msat)
            a = beta * pol * lam**2 / (lam**2 + 1 + (lam**2 - 1) * (p @ m0))
            b = beta * prime
            turn = np.cross(p, m0)
            result += ((a + alpha * b) * np.cross(m0, turn) + (b - alpha * a) * turn) / (
                1 + alpha**2
            )
        out[cell] = result
    return out


def magnet(cells, pbc=(0, 0, 0), seed=0, regions=1, vacuum=0.0, **values):
    """A random state with all kinds of anisotropy and torque; parameters differ by region."""
    rng = np.random.default_rng(seed)
    sim = make_simulation(threads=1)
    sim.settings.EnableDemag = False
    sim.set_mesh(Mesh(cells, (2e-9, 3e-9, 2.5e-9), pbc))
    shape = sim.state.mesh.shape
    defaults = {
        "Msat": 6e5, "Aex": 1.2e-11, "Ku1": 4e5, "Ku2": 1e5, "Kc1": 3e5, "Kc2": -2e5, "Kc3": 1e5,
        "alpha": 0.2, "xi": 0.3, "Pol": 0.6, "Lambda": 1.5, "EpsilonPrime": 0.1,
        "anisU": (1.0, 2.0, -1.0), "anisC1": (1.0, 0.0, 1.0), "anisC2": (0.0, 1.0, 0.0),
        "J": (2e12, -3e12, 4e12), "B_ext": (0.1, -0.2, 0.3), "FixedLayer": (1.0, 0.5, 2.0),
    } | values  # fmt: skip
    sim.state.set_regions(rng.integers(0, regions, shape))
    for name, given_value in defaults.items():
        known = (
            sim.material.parameters if name in sim.material.parameters else sim.material.excitations
        )
        for region in range(regions):
            factor = 1 + 0.3 * region if np.isscalar(given_value) else 1
            known[name].set_region(region, np.asarray(given_value) * factor)
    sim.state.set_geometry(rng.random(shape) >= vacuum)
    sim.state.set_m(rng.normal(size=(*shape, 3)))
    return sim, rng


def assert_close(actual, expected):
    scale = np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE * scale)


@given(
    cells=st.tuples(st.integers(1, 7), st.integers(1, 5), st.integers(1, 4)),
    pbc=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    regions=st.sampled_from([1, 1, 3]),
    vacuum=st.sampled_from([0.0, 0.0, 0.3]),
    dmi=st.sampled_from(["", "Dbulk", "Dind"]),
    open_faces=st.booleans(),
    faces=st.sampled_from(["3.10", "3.11"]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_torque_agrees_with_float64(cells, pbc, regions, vacuum, dmi, open_faces, faces, seed):
    values = {dmi: -2e-3} if dmi else {}
    sim, rng = magnet(cells, pbc, seed, regions, vacuum, **values)
    sim.settings.OpenBC, sim.settings.dmi_faces = open_faces, faces
    for name, scale in (("J", 1e12), ("B_ext", 0.3), ("FixedLayer", 1.0)):
        if rng.random() < 0.5:
            sim.material.excitations[name].add(
                scale * rng.normal(size=(*sim.state.mesh.shape, 3)), 0.5
            )
    expected = torque(sim)
    for crowding in (1, 10**6):  # all rows by runs, all rows by cells
        sim.tables.crowding = crowding
        assert_close(fields.field(sim, "torque"), expected)
    assert_close(fields.field(sim, "LLtorque") + fields.field(sim, "STTorque"), expected)


@pytest.mark.parametrize("regions", [1, 2])
@pytest.mark.parametrize("nz", [1, 3])
def test_long_rows_agree_with_float64(regions, nz):
    """Rows long enough for the vector loops, with runs of many lengths."""
    sim, rng = magnet((53, 4, nz), (0, 0, 1), 5, 1, Dbulk=3e-3)
    blocks = np.repeat(rng.integers(0, regions, (nz, 4, 11)), 5, axis=2)[..., :53]
    sim.state.set_regions(blocks)
    for name in ("Msat", "Aex", "Dbulk", "Ku1"):
        sim.material.parameters[name].set_region(
            1, 1.4 * sim.material.parameters[name].get_region(0)
        )
    expected, results = torque(sim), []
    for crowding in (1, 10**6):
        sim.tables.crowding = crowding
        results.append(fields.field(sim, "torque"))
        assert_close(results[-1], expected)
    np.testing.assert_allclose(*results, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("dmi", ["", "Dbulk", "Dind"])
@pytest.mark.parametrize(("cells", "pbc"), [((19, 7, 1), (1, 0, 0)), ((9, 4, 3), (0, 1, 1))])
def test_many_regions_agree_with_float64(cells, pbc, dmi):
    """Grains of all 256 regions, every constant different in each; some frozen, some empty."""
    sim, rng = magnet(cells, pbc, 11, 1, 0.1, **({dmi: 3e-3} if dmi else {}))
    sim.state.set_regions(rng.integers(0, 256, sim.state.mesh.shape))
    for known in (sim.material.parameters, sim.material.excitations):
        for name in set(known) - {"NoDemagSpins", "Temp", "FrozenSpins", "FreeLayerThickness"}:
            for region in range(256):
                mean_value = np.asarray(known[name].get_region(0))
                spread = rng.uniform(0.5, 1.5, mean_value.shape) if region else 1.0
                known[name].set_region(region, mean_value * spread)
    for region in range(0, 256, 9):
        sim.material.parameters["FrozenSpins"].set_region(region, 1)
        sim.material.parameters["FreeLayerThickness"].set_region(region, 1e-9)
    sim.material.excitations["J"].add(1e12 * rng.normal(size=(*sim.state.mesh.shape, 3)))
    expected = torque(sim)
    results = []
    for crowding in (1, 10**6):
        sim.tables.crowding = crowding
        assert (np.diff(sim.tables.current().rows) > cells[0] // crowding).all() == (crowding > 1)
        results.append(fields.field(sim, "torque"))
        assert_close(results[-1], expected)
    np.testing.assert_allclose(*results, rtol=0, atol=1e-6 * np.abs(expected).max())
    held = sim.state.vacuum | (sim.cell_values("FrozenSpins") != 0)
    assert held.any() and not results[-1][held].any()


@pytest.mark.parametrize("crowding", [1, 10**6])
def test_scaled_couplings_between_all_grains(crowding):
    """Cells that have neighbors of other regions only: exchange and DMI scale with the coupling."""
    sim = make_simulation(threads=1)
    sim.settings.EnableDemag, sim.settings.OpenBC = False, True
    sim.set_mesh(Mesh((30, 6, 2), (2e-9, 3e-9, 2.5e-9), (0, 1, 0)))
    sim.state.set_m(np.random.default_rng(4).normal(size=(*sim.state.mesh.shape, 3)))
    for name, given_value in (("Msat", 6e5), ("Aex", 1.2e-11), ("Dind", 2e-3), ("alpha", 0.2)):
        sim.material.parameters[name].set(given_value)
    one = fields.field(sim, "torque")
    z, y, x = np.indices(sim.state.mesh.shape)
    sim.state.set_regions((x + 2 * y + 3 * z) % 6)
    sim.tables.crowding = crowding
    for first in range(6):
        for second in range(first):
            for coupling in (sim.material.exchange_coupling, sim.material.dind_coupling):
                coupling.scale(first, second, 0.3)
    scale = np.abs(one).max()
    np.testing.assert_allclose(fields.field(sim, "torque"), 0.3 * one, rtol=0, atol=1e-6 * scale)
    for first in range(6):
        for second in range(first):
            for coupling in (sim.material.exchange_coupling, sim.material.dind_coupling):
                coupling.fix(first, second, 0.0)
    assert not fields.field(sim, "torque").any()


@pytest.mark.parametrize("regions", [1, 250])
@pytest.mark.parametrize("pbc", [(0, 0, 0), (1, 1, 1)])
def test_rows_in_any_portions_have_the_same_torque(pbc, regions):
    """Bit by bit, so that the number of threads does not matter."""
    sim, rng = magnet((70, 11, 2), pbc, 6, 1, 0.05, Dbulk=2e-3)
    for name in sim.material.parameters:
        for region in range(1, 256):
            sim.material.parameters[name].set_region(
                region, sim.material.parameters[name].get_region(0)
            )
    sim.state.set_regions(rng.integers(0, regions, sim.state.mesh.shape))
    whole, tables = fields.field(sim, "torque"), sim.tables.current()
    assert_close(whole, torque(sim))
    m, no_field = sim.state.components.reshape(-1), np.zeros(0, np.float32)
    for edges in ((0, 1, 2, 22), (0, 10, 13, 22), (0, 21, 22)):
        out = np.full_like(m, np.nan)
        for first, last in pairwise(edges):
            kernels.torque(tables, m, kernels.LANDAU | kernels.TRANSFER, no_field, first, last, out)
        np.testing.assert_array_equal(
            np.moveaxis(out.reshape(sim.state.components.shape), 0, -1), whole
        )


def test_fields_agree_with_float64():
    sim, _ = magnet((9, 5, 3), (1, 0, 0), 3, 2, 0.2, Dbulk=2e-3)
    m = sim.state.m.astype(float)
    exchange, anisotropy = np.zeros_like(m), np.zeros_like(m)
    for cell in zip(*np.nonzero(~sim.state.vacuum), strict=True):
        r = sim.state.regions[cell]
        msat = value(sim, "Msat")[r, 0]
        exchange[cell] = exchange_field(sim, m, cell, msat)
        anisotropy[cell] = anisotropy_field(sim, m[cell], r, msat)
    assert_close(fields.field(sim, "B_exch"), exchange)
    assert_close(fields.field(sim, "B_anis"), anisotropy)
    external = np.moveaxis(
        sim.material.excitations["B_ext"].evaluate(sim.state.regions, 0.0), 0, -1
    )
    assert_close(fields.field(sim, "B_eff"), exchange + anisotropy + external)


def test_a_term_enters_field_torque_and_energy():
    sim, rng = magnet((6, 5, 2), seed=1)
    extra = rng.normal(size=(3, *sim.state.mesh.shape)).astype(np.float32)
    before = energies.energy(sim, "E_total")
    used = []

    def add(m, out):
        used.append(m)
        out += extra

    sim.terms["custom"] = FieldTerm("custom", add, is_active=lambda: bool(used), energy_factor=1)
    assert not fields.field(sim, "B_custom").any()
    used.append(None)
    np.testing.assert_array_equal(fields.field(sim, "B_custom"), np.moveaxis(extra, 0, -1))
    assert_close(fields.field(sim, "torque"), torque(sim, np.moveaxis(extra, 0, -1)))
    moment = 6e5 * sim.state.mesh.cell_volume
    energy = -moment * float((np.moveaxis(extra, 0, -1).astype(float) * sim.state.m).sum())
    assert energies.energy(sim, "E_custom") == pytest.approx(energy, rel=1e-6)
    assert energies.energy(sim, "E_total") - before == pytest.approx(energy, rel=1e-5)
    sim.terms["custom"].while_relaxing = False
    sim.relaxing = True
    assert not sim.active_terms()


@given(
    cells=st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 3)),
    pbc=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_along_a_run_the_neighborhood_is_the_same(cells, pbc, seed):
    rng = np.random.default_rng(seed)
    shape = cells[::-1]
    regions = np.cumsum(rng.random(shape) < 0.3, axis=-1).astype(np.uint8)
    vacuum = rng.random(shape) < 0.1
    segments = find_segments(regions, vacuum, pbc)
    kind = np.where(vacuum, -1, regions.astype(int))

    def around(z, y, x):
        found = [kind[z, y, x]]
        for axis, step in ((0, -1), (0, 1), (1, -1), (1, 1), (2, -1), (2, 1)):
            at = [z, y, x]
            at[axis] += step
            inside = 0 <= at[axis] < shape[axis]
            if not inside and pbc[2 - axis]:
                at[axis] %= shape[axis]
                found.append(kind[tuple(at)] + (1000 if axis == 2 else 0))
            else:
                found.append(kind[tuple(at)] if inside else -1)
        return found

    for row in range(shape[0] * shape[1]):
        starts = segments.starts[segments.rows[row] : segments.rows[row + 1]]
        assert starts[0] == 0
        for first, last in zip(starts, [*starts[1:], shape[2]], strict=True):
            cell = around(row // shape[1], row % shape[1], first)
            for x in range(first, last):
                assert around(row // shape[1], row % shape[1], x) == cell


def test_every_change_takes_effect_at_once():
    sim, rng = magnet((6, 5, 2), (0, 1, 0), 8, 2, 0.1, Dind=1e-3)
    mask = rng.normal(size=(*sim.state.mesh.shape, 3))
    changes = [
        *((name, lambda t, v=v: v * (1 + t)) for name, v in (("Ku1", 9e5), ("alpha", 0.5))),
        *((name, 0.7 * value(sim, name)[1]) for name in ("Msat", "Aex", "Dind", "Lambda", "J")),
        *((name, lambda t: (t, 1, 2 - t)) for name in ("anisU", "anisC1", "B_ext", "FixedLayer")),
    ]
    before = None
    for name, new in changes:
        known = (
            sim.material.parameters if name in sim.material.parameters else sim.material.excitations
        )
        known[name].set_region(1, new)
        after = fields.field(sim, "torque")
        assert_close(after, torque(sim))
        assert before is None or (after != before).any(), name
        before = after
    for name in sim.material.excitations:
        sim.material.excitations[name].add(mask, lambda t: 1 + t)
        sim.material.excitations[name].add(mask, 0.5)
        assert_close(fields.field(sim, "torque"), torque(sim))
    sim.clock.time = 0.5
    assert_close(fields.field(sim, "torque"), torque(sim))
    for setting, new in (
        ("OpenBC", True), ("DoPrecess", False), ("FixedLayerPosition", -1),
        ("DisableZhangLiTorque", True), ("DisableSlonczewskiTorque", True),
    ):  # fmt: skip
        before = fields.field(sim, "torque")
        setattr(sim.settings, setting, new)
        assert (fields.field(sim, "torque") != before).any(), setting
    sim.state.set_regions(np.zeros_like(sim.state.regions))
    assert (fields.field(sim, "torque") != before).any()
    sim.state.set_geometry(rng.random(sim.state.mesh.shape) > 0.5)
    assert not fields.field(sim, "torque")[sim.state.geometry == 0].any()


@pytest.mark.parametrize(("regions", "most"), [(1, 48), (256, 50)])
def test_memory_per_cell(regions, most):
    """RK45 with maps of current and field, each with a multiplier: floats per cell."""
    steps(magnet((4, 4, 4), Dbulk=2e-3)[0], 1)
    tracemalloc.start()
    try:
        sim, rng = magnet((128, 128, 16), (0, 0, 0), 2, 1, Dbulk=2e-3)
        sim.state.set_regions(rng.integers(0, regions, sim.state.mesh.shape))
        mask = rng.normal(size=(*sim.state.mesh.shape, 3)).astype(np.float32)
        sim.material.excitations["J"].add(mask, lambda t: 1e10 + t)
        sim.material.excitations["B_ext"].add(mask, 2.0)
        del mask
        tracemalloc.reset_peak()
        steps(sim, 3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak / 4 / sim.state.regions.size < most
