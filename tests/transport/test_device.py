"""The solver for GPUs without one: its kernels compiled as C++, its arrays those of numpy."""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import logging
import shutil
import subprocess
import sys
import tracemalloc
import types

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import CornerContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.transport import solvers
from orchestrator.transport.assembly import Assembler
from orchestrator.transport.conductivity import conducting_cells, conductivity
from orchestrator.transport.device import SOURCE, Device
from orchestrator.transport.geometry import find_geometry
from orchestrator.transport.host import Host
from orchestrator.transport.multigrid import Multigrid, memory
from orchestrator.transport.network import Network
from orchestrator.transport.threads import Team
from tests.transport.textures import holes, perforated

CORNERS = tuple(
    CornerContact(c, c, 24e-9) for c in ("top left", "top right", "bottom right", "bottom left")
)
RESISTIVITY = Resistivity(rho_par=5e-7, rho_perp=2e-7)
FREE = 10**8
COMPILER = shutil.which("g++") or shutil.which("clang++")


@pytest.fixture(scope="session")
def device(tmp_path_factory):
    if COMPILER is None:
        pytest.skip("no C++ compiler")
    folder = tmp_path_factory.mktemp("device")

    @functools.cache
    def library(halves: int) -> ctypes.CDLL:
        target = folder / f"device{halves}.so"
        options = ["-O1", "-shared", "-fPIC", "-Wno-unknown-pragmas", f"-DHALVES={halves}"]
        subprocess.run([COMPILER, *options, "-x", "c++", SOURCE, "-o", target], check=True)
        return ctypes.CDLL(str(target))

    def argument(value):
        if isinstance(value, np.ndarray):
            assert value.flags.c_contiguous
            return ctypes.c_void_p(value.ctypes.data)
        return ctypes.c_float(value) if isinstance(value, np.float32) else ctypes.c_int(value)

    def launch(halves: int, name: str, threads: int, *args) -> None:
        getattr(library(halves), name)(ctypes.c_longlong(threads), *map(argument, args))

    return Device(np, launch, lambda: FREE)


@pytest.fixture
def cuda(device, monkeypatch):
    """The solver `cuda` on this device."""
    monkeypatch.setitem(
        solvers.SOLVERS,
        "cuda",
        lambda geometry, team: solvers.iterative_solver(geometry, device),
    )
    monkeypatch.setattr(solvers, "_cuda", lambda: device)


@pytest.mark.parametrize(
    ("cells", "sigma_ah"),
    [
        ((90, 77, 1), 0.0),
        ((64, 128, 1), 0.0),
        ((33, 26, 12), 0.0),
        ((40, 36, 3), 0.0),
        ((90, 77, 1), 1e6),
        ((33, 26, 5), 1e6),
    ],
)
def test_solutions_agree_with_those_of_processors(cuda, cells, sigma_ah, textured):
    film = Film(cells, (4e-9, 4e-9, 2e-9))
    resistivity = dataclasses.replace(RESISTIVITY, sigma_ah=sigma_ah)
    networks = [Network(film, resistivity, CORNERS, s) for s in ("cuda", "multigrid", "direct")]
    first, second = textured(film, 1), textured(film, 2)
    first[:, 10:14, 5:20] = second[:, 10:14, 5:20] = 0
    for m in (
        first,
        second,
        (first + second) / (1e-30 + np.linalg.norm(first + second, axis=-1))[..., None],
    ):
        found, host, exact = (network.solve(m) for network in networks)
        scale = np.abs(exact.conductance).max()
        assert np.abs(found.conductance - exact.conductance).max() <= 1e-8 * scale
        assert np.abs(found.conductance - host.conductance).max() <= 1e-8 * scale
        v = [1.0, -0.5, 0.25, 0.0]
        j, expected = found.current_density(v), exact.current_density(v)
        assert np.linalg.norm(j - expected) <= 1e-4 * np.linalg.norm(expected)


TEXTURES = {"holes": (holes(150), 1e-8), "perforated": (perforated((40, 37, 12)), 4e-9)}


@pytest.mark.parametrize(("m", "thickness"), TEXTURES.values(), ids=TEXTURES)
def test_holes_and_slits_cost_no_more_iterations_than_on_processors(
    cuda, m, thickness, monkeypatch
):
    film = Film((*m.shape[2::-1],), (4e-9, 4e-9, thickness))
    cycles, cycle = [], Multigrid.cycle
    monkeypatch.setattr(Multigrid, "cycle", lambda self: cycles.append(cycle(self)))
    found, counts = {}, {}
    for solver in ("cuda", "multigrid", "direct"):
        cycles.clear()
        found[solver] = Network(film, RESISTIVITY, CORNERS, solver).solve(m)
        counts[solver] = len(cycles)
    assert counts["cuda"] == counts["multigrid"] <= 9
    exact = found["direct"].conductance
    assert np.abs(found["cuda"].conductance - exact).max() <= 1e-8 * np.abs(exact).max()


@pytest.mark.parametrize("vacuum", [True, False])
@pytest.mark.parametrize(
    "cells", [(61, 48, 1), (60, 49, 1), (26, 31, 12), (27, 30, 5)], ids=lambda cells: f"{cells}"
)
@pytest.mark.parametrize("thickness", [4e-9, 1.2e-8])
def test_every_kernel_agrees_with_that_for_processors(device, textured, cells, thickness, vacuum):
    film = Film(cells, (4e-9, 4e-9, thickness))
    m = perforated(cells) if vacuum else textured(film)
    network = Network(film, RESISTIVITY, CORNERS, "direct")
    conducting = conducting_cells(m, network.media)
    geometry = find_geometry(film, CORNERS, conducting)
    assembler = Assembler(geometry.cells, geometry.spacing, geometry.thickness)
    stencil = assembler(conductivity(m, network.media, conducting))
    found, host = (
        Multigrid(geometry.free, geometry.spacing[::-1], 2, ops, vacuum)
        for ops in (device, Host(Team(1)))
    )
    assert found.finest.weights or not vacuum
    for multigrid in (found, host):
        multigrid.update(stencil)

    def same(a, b):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=3e-6 * np.abs(b).max())

    rng = np.random.default_rng(3)
    for level, other in zip(found.levels, host.levels, strict=True):
        for w, expected in zip(level.weights, other.weights, strict=True):
            same(w, expected)
        same(level.a, other.a)
        same(level.inverse, other.inverse)
    for k, (level, other) in enumerate(zip(found.levels[:-1], host.levels, strict=False)):
        below, lower = found.levels[k + 1], host.levels[k + 1]
        free = other.inverse > 0
        for name, coarser in (("u", False), ("f", False), ("u", True)):
            target, source = (below, lower) if coarser else (level, other)
            inside = target.layout.nodal(getattr(target, name))
            inside[...] = rng.normal(size=inside.shape)
            if not coarser:
                getattr(target, name)[...] *= free
            getattr(source, name)[...] = getattr(target, name)
        device.prolong(below, level)
        host.ops.prolong(lower, other)
        same(level.u, other.u)
        device.restrict(level, below)
        host.ops.restrict(other, lower)
        same(level.r, other.r)
        same(below.f, lower.f)
        for backward in (False, True):
            device.smooth(level, backward)
            host.ops.smooth(other, backward)
            same(level.u, other.u)


def test_without_cupy_the_solver_is_refused_by_name(textured, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    film = Film((30, 30, 1), (4e-9, 4e-9, 5e-9))
    with pytest.raises(InputError, match=r"'cuda' needs CuPy and a GPU .* auto, direct, multigrid"):
        Network(film, RESISTIVITY, CORNERS[:2], "cuda").solve(textured(film))


def test_auto_without_a_working_gpu_says_so_once(textured, monkeypatch, caplog):
    broken = types.ModuleType("cupy")
    broken.__spec__ = types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "cupy", broken)
    monkeypatch.setattr(solvers, "SMALLEST_CUDA", 100)
    monkeypatch.setattr(
        solvers, "_cuda_if_possible", functools.cache(solvers._cuda_if_possible.__wrapped__)
    )
    film = Film((30, 30, 1), (4e-9, 4e-9, 5e-9))
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            Network(film, RESISTIVITY, CORNERS).solve(textured(film))
    (record,) = [r for r in caplog.records if "solved on processors" in r.message]
    assert "needs CuPy and a GPU" in record.message


@pytest.mark.parametrize("vacuum", [True, False])
@pytest.mark.parametrize("sigma_ah", [0.0, 3e5])
@pytest.mark.parametrize("cells", [(200, 180, 1), (40, 36, 12)])
def test_memory_is_counted(device, cells, sigma_ah, vacuum, textured):
    film = Film(cells, (4e-9, 4e-9, 2e-9))
    m = perforated(cells) if vacuum else textured(film)
    resistivity = dataclasses.replace(RESISTIVITY, sigma_ah=sigma_ah)
    network = Network(film, resistivity, CORNERS, "multigrid")
    network.solve(m)
    geometry, stencil = (
        network._geometry,
        network._assemble(conductivity(m, network.media, m.any(axis=-1))),
    )
    start = np.zeros((3, *geometry.nodes))
    start[geometry.units] = 1
    direction = np.ones_like(start, np.float32)
    tracemalloc.start()
    try:
        solvers.iterative_solver(geometry, device)(stencil)(None, start, direction)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    held = start.nbytes + stencil.symmetric.nbytes  # those of the host, which a GPU has in copies
    if sigma_ah:
        held += stencil.skew.nbytes
    counted = memory(geometry.nodes, geometry.spacing[::-1], 3, vacuum, bool(sigma_ah))
    assert 0.8 < (most + held) / counted < 1


def test_auto_leaves_memory_to_mumax3(device, textured, monkeypatch, caplog):
    monkeypatch.setattr(solvers, "SMALLEST_CUDA", 1000)
    monkeypatch.setattr(solvers, "_cuda_if_possible", lambda: device)
    small, large = (
        find_geometry(film, CORNERS, np.ones(film.array_shape, bool))
        for film in (Film((60, 50, 1), (4e-9, 4e-9, 2e-9)), Film((600, 500, 1), (4e-9, 4e-9, 2e-9)))
    )
    assert solvers.chosen("auto", small) == "cuda"
    assert solvers.chosen("auto", large) == "multigrid"
    (record,) = caplog.records
    assert "of the GPU and mumax3 up to 0.1 GiB, of which 0.1 GiB are free" in record.message
