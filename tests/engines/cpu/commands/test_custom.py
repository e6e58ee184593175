"""Quantities made of others, and fields and energies made of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from orchestrator.engines.cpu.language.errors import PanicError, ScriptError
from orchestrator.engines.cpu.physics.energies import energy
from orchestrator.engines.cpu.physics.fields import field
from orchestrator.engines.cpu.script.world import World
from orchestrator.ovf.files import read_ovf

MESH = """SetGridSize(5, 4, 2)
SetCellSize(2e-9, 3e-9, 4e-9)
EnableDemag = false
Msat = 8e5
alpha = 0.2
m = RandomMagSeed(3)
"""


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(axis=-1, keepdims=True)


def shifted(a: np.ndarray, dx: int) -> np.ndarray:
    out = np.zeros_like(a)
    out[:, :, dx:] = a[:, :, :-dx]
    return out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Add(m, b)", lambda m, b: m + b),
        ("Madd(m, b, 2, -3)", lambda m, b: 2 * m - 3 * b),
        ("Mul(m, b)", lambda m, b: m * b),
        ("Mul(Const(2), m)", lambda m, b: 2 * m),
        ("Mul(m, Dot(m, b))", lambda m, b: m * dot(m, b)),
        ("Div(m, b)", lambda m, b: np.where(b == 0, 0, m / np.where(b == 0, 1, b))),
        ("Div(m, Const(4))", lambda m, b: m / 4),
        ("Dot(m, b)", dot),
        ("Cross(m, b)", np.cross),
        ("Normalized(b)", lambda m, b: np.broadcast_to(b / 5, m.shape)),
        ("Shifted(m, 2, 0, 0)", lambda m, b: shifted(m, 2)),
        ("Masked(m, XRange(0, inf))", lambda m, b: m * (np.arange(5) >= 2)[:, None]),
        (
            "MulMV(b, ConstVector(1, 0, 0), m, m)",
            lambda m, b: np.concatenate([dot(b, m), m[..., :1], dot(m, m)], axis=-1),
        ),
    ],
)
def test_algebra_is_that_of_arrays(
    world: World, text: str, expected: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> None:
    world.execute(f'{MESH}b := ConstVector(0, 3, 4)\nSaveAs({text}, "q")')
    m = world.magnet.values().astype(float)
    saved = read_ovf(world.outputs.path("q.ovf")).data
    b = np.array([0.0, 3.0, 4.0])
    np.testing.assert_allclose(saved, expected(m, b), atol=3e-6)


def test_sums_and_averages(world: World, printed: Callable[[str], list[str]]) -> None:
    lines = printed(
        f"{MESH}print(Sum(Const(2)))\nprint(SumVector(ConstVector(1, 2, 3)))\n"
        "SetGeom(xrange(-inf, 0))\nprint(Masked(Const(1), xrange(-inf, -2e-9)))"
    )
    # 40 cells; the average of a custom quantity is over the magnet: 1 column of 2 filled ones.
    assert lines == ["80", "[40 80 120]", "0.5"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Add(m, Const(1))", "Cannot point-wise add 3 components by 1 components"),
        ("Dot(Const(1), m)", "dot product of 1 components by 3"),
        ("Cross(m, Const(1))", "Cross needs 3 components"),
        ("Shifted(m, 0, 0, 0)", "Shifted by 0 cells"),
        ("AddFieldTerm(Const(1))", "AddFieldTerm needs 3 components"),
        ("AddEdensTerm(m)", "AddEdensTerm needs 1 components"),
        ("print(Add(m, CropX(m, 0, 1)))", "m has .5, 4, 2. cells, m_xrange0_ .1, 4, 2."),
    ],
)
def test_what_does_not_fit_is_refused(world: World, text: str, reason: str) -> None:
    with pytest.raises(PanicError, match=reason):
        world.execute(MESH + text)


def trajectory(world: World, text: str) -> np.ndarray:
    world.execute(f"{MESH}{text}\nRun(20e-12)")
    return world.magnet.values()


def test_a_uniform_custom_field_acts_as_an_applied_one(world: World) -> None:
    first = trajectory(world, "B_ext = vector(0.3, 0, 0.5)")
    world.execute("B_ext = vector(0, 0, 0)\nt = 0")
    second = trajectory(world, "AddFieldTerm(ConstVector(0.3, 0, 0.5))")
    np.testing.assert_allclose(second, first, atol=1e-5)
    still = trajectory(world, "RemoveCustomFields()")
    assert np.abs(still - first).max() > 0.1
    np.testing.assert_allclose(trajectory(world, ""), still, atol=1e-6)


def test_a_field_of_m_sees_the_stages_of_a_step(world: World) -> None:
    """Anisotropy as a custom term gives the same motion, field and energy as Ku1."""
    first = trajectory(world, "Ku1 = 4e5\nanisU = vector(0, 0, 1)")
    known, b = energy(world.sim, "E_anis"), field(world.sim, "B_anis")
    custom = """Ku1 = 0
    b := Mul(Const(2*4e5/8e5), Mul(Dot(ConstVector(0,0,1), m), ConstVector(0,0,1)))
    AddFieldTerm(b)
    AddEdensTerm(Mul(Const(-0.5), Dot(b, m_full)))
    """
    second = trajectory(world, custom)
    np.testing.assert_allclose(second, first, atol=1e-5)
    assert energy(world.sim, "E_custom") == pytest.approx(known, rel=1e-5)
    assert energy(world.sim, "E_total") == pytest.approx(known, rel=1e-5)
    np.testing.assert_allclose(field(world.sim, "B_custom"), b, atol=1e-5)


def test_running_average_weighs_steps_by_their_length(
    printed: Callable[[str], list[str]],
) -> None:
    """Each step counts with the value at its end: the mean of t over T is T/2 + dt/2."""
    lines = printed(
        f"{MESH}SetSolver(2)\nFixDt = 1e-13\nB_ext = vector(t*1e12, 0, 0)\n"
        "q := RunningAverage(B_ext)\nRun(1e-12 - 1e-16)\nprint(q)"
    )
    assert float(lines[0].split()[0]) == pytest.approx(0.55, rel=1e-4)


def test_energy_densities_sum_to_the_energies(printed: Callable[[str], list[str]]) -> None:
    volume = 2e-9 * 3e-9 * 4e-9
    lines = printed(
        f"{MESH}Aex = 1e-11\nKu1 = 2e5\nanisU = vector(1, 0, 0)\nB_ext = vector(0, 0.4, 0)\n"
        + "".join(
            f"print(E_{part}.get(), Sum(Edens_{part}))\n"
            for part in ("exch", "anis", "Zeeman", "total")
        )
    )
    rows = np.array([line.split() for line in lines], float)
    np.testing.assert_allclose(rows[:, 0], volume * rows[:, 1], rtol=1e-5)
    assert rows[3, 0] == pytest.approx(rows[:3, 0].sum(), rel=1e-6)


def test_a_term_that_contains_itself_is_an_error(world: World) -> None:
    with pytest.raises(ScriptError, match="recursion"):
        world.execute(f"{MESH}AddFieldTerm(Mul(Const(0.1), B_eff))\nSteps(1)")


def test_fields_can_be_read_cell_by_cell(printed: Callable[[str], list[str]]) -> None:
    lines = printed(f"{MESH}s := m.HostCopy()\nprint(s.get(1, 3, 2, 1), m.getCell(3, 2, 1).y())")
    copied, direct = lines[0].split()
    assert copied == direct
