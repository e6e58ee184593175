"""The solver for GPUs without one: its kernels compiled as C++, its arrays those of numpy."""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import gc
import logging
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest

from benchmarks.transport_cuda import film_of, phases, texture
from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Disc, Rectangle
from orchestrator.describe.contacts import CornerContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Region, Resistivity, Underlayer
from orchestrator.transport import solvers
from orchestrator.transport.assembly import Assembler
from orchestrator.transport.conductivity import Conductivity, Media, conducting_cells, conductivity
from orchestrator.transport.device import SOURCE, Device
from orchestrator.transport.device_film import DeviceFilm, DeviceState
from orchestrator.transport.geometry import find_geometry
from orchestrator.transport.host import Host
from orchestrator.transport.layout import DIRECT
from orchestrator.transport.multigrid import Multigrid, memory
from orchestrator.transport.network import Network
from orchestrator.transport.state import NetworkState
from orchestrator.transport.threads import Team
from tests.transport.foreign import Foreign, ForeignArray
from tests.transport.textures import holes, perforated

CORNERS = tuple(
    CornerContact(c, c, 24e-9) for c in ("top left", "top right", "bottom right", "bottom left")
)
RESISTIVITY = Resistivity(rho_par=5e-7, rho_perp=2e-7)
VOLTAGES = [1.0, -0.5, 0.25, 0.0]
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
        if not isinstance(value, (int, np.float32)):
            assert isinstance(value, ForeignArray)
            assert value.flags.c_contiguous
            return ctypes.c_void_p(value.ctypes.data)
        return ctypes.c_float(value) if isinstance(value, np.float32) else ctypes.c_int(value)

    def launch(halves: int, name: str, threads: int, *args) -> None:
        getattr(library(halves), name)(ctypes.c_longlong(threads), *map(argument, args))

    return Device(Foreign(), launch, lambda: FREE)


@pytest.fixture
def cuda(device, monkeypatch):
    """The solver `cuda` on this device."""
    monkeypatch.setattr(sys.modules[Device.__module__], "cuda_device", lambda: device)


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
        j, expected = found.current_density(VOLTAGES), exact.current_density(VOLTAGES)
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
        a, b = device.numbers(a), np.asarray(b)
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
            inside = source.layout.nodal(getattr(source, name))
            inside[...] = rng.normal(size=inside.shape)
            if not coarser:
                getattr(source, name)[...] *= free
            getattr(target, name)[...] = device.upload(getattr(source, name))
        device.prolong(below, level)
        host.ops.prolong(lower, other)
        same(level.u, other.u)
        device.restrict(level, below)
        host.ops.restrict(other, lower)
        if vacuum or cells[2] > 1:  # elsewhere processors keep three rows of it only
            same(level.r, other.r)
        same(below.f, lower.f)
        for backward in (False, True):
            device.smooth(level, backward)
            host.ops.smooth(other, backward)
            same(level.u, other.u)


REGIONS = (
    Region("pad", Rectangle((0.0, 0.0), (60e-9, 200e-9)), "metal", rho=1e-7),
    Region("hole", Disc((100e-9, 60e-9), 20e-9), "vacuum"),
    Region("soft", Rectangle((130e-9, 0.0), (200e-9, 200e-9)), "magnet",
           resistivity=Resistivity(rho_par=3e-7, rho_perp=4e-7)),
)  # fmt: skip


@pytest.mark.parametrize("regions", [(), REGIONS])
@pytest.mark.parametrize("cells", [(47, 38, 1), (31, 29, 6)], ids=lambda cells: f"{len(cells)}")
@pytest.mark.parametrize("sigma_ah", [0.0, 3e5])
def test_tensors_matrix_and_currents_agree_with_those_of_processors(
    device, textured, cells, regions, sigma_ah
):
    film = Film(cells, (4e-9, 5e-9, 3e-9))
    media = Media.of(film, Resistivity(rho_par=5e-7, rho_perp=2e-7, sigma_ah=sigma_ah), regions)
    m = textured(film)
    m[:, 5:9, 11:15] = 0
    conducting = conducting_cells(m, media)
    geometry = find_geometry(film, CORNERS, conducting)
    assembler = Assembler(geometry.cells, geometry.spacing, geometry.thickness)
    there = DeviceFilm(device, geometry, media, assembler)
    expected = conductivity(m, media, conducting)
    sigma, fits = there.conductivity(device.upload(m))
    assert fits

    def same(a, b):
        np.testing.assert_allclose(device.numbers(a), b, rtol=1e-12, atol=1e-13 * np.abs(b).max())

    same(sigma.symmetric, expected.symmetric)
    stencil, matrix = there.assemble(sigma), assembler(expected)
    same(stencil.symmetric, matrix.symmetric)
    if sigma_ah:
        same(sigma.hall, expected.hall)
        same(stencil.skew, matrix.skew)
    phi = np.random.default_rng(1).normal(size=(3, *geometry.nodes))
    solved = (film, CORNERS, geometry, expected, matrix, phi, phi)
    v = [0.3, 0.7, -0.4, 0.0]
    j = there.currents(device.upload(np.tensordot(v[:3], phi, axes=1)), sigma)
    same(j, NetworkState(*solved).current_density(v))
    fields = device.upload(phi)
    for transpose in (False, True):
        same(stencil.apply(fields, transpose), matrix.apply(phi, transpose))
    same(stencil.energies(fields, fields), matrix.energies(phi, phi))


def test_textures_that_do_not_fit_the_geometry_are_told(device, textured):
    film = Film((30, 20, 1), (4e-9, 4e-9, 3e-9))
    media = Media.of(film, RESISTIVITY, REGIONS[:2])
    m = textured(film)
    m[0, 12, 18] = 0
    geometry = find_geometry(film, CORNERS, conducting_cells(m, media))
    assembler = Assembler(geometry.cells, geometry.spacing, geometry.thickness)
    there = DeviceFilm(device, geometry, media, assembler)

    def fits(place, value):
        other = m.copy()
        other[0][place] = value
        return there.conductivity(device.upload(other))[1]

    magnet, empty, metal, vacuum = (2, 20), (12, 18), (5, 5), (15, 25)
    assert media.metal[0][metal]
    assert media.vacuum[0][vacuum]
    x = (1.0, 0.0, 0.0)
    assert fits(magnet, x) and fits(metal, x) and fits(vacuum, x)
    assert fits(metal, 0.0) and fits(vacuum, 0.0)
    assert not fits(magnet, 0.0) and not fits(empty, x)
    for wrong in (np.nan, (1.01, 0, 0), np.inf):
        assert not any(fits(place, wrong) for place in (magnet, empty, metal, vacuum))


def test_a_pulse_moves_the_texture_up_and_conductances_and_currents_down(
    cuda, textured, monkeypatch
):
    film = Film((60, 50, 1), (4e-9, 4e-9, 2e-9))
    network = Network(film, RESISTIVITY, CORNERS, "cuda")
    textures = [textured(film, seed).astype(np.float32) for seed in range(4)]
    recent = [network.solve(m).guess() for m in textures[1::-1]]
    copies = [guess.copy() for guess in recent]
    up, down = [], []
    asarray, get = Foreign.asarray, ForeignArray.get

    def counted_asarray(values):
        if not isinstance(values, ForeignArray):
            up.append(np.size(values))
        return asarray(values)

    def counted_get(array):
        down.append(array.size)
        return get(array)

    monkeypatch.setattr(Foreign, "asarray", staticmethod(counted_asarray))
    monkeypatch.setattr(ForeignArray, "get", counted_get)
    state = network.solve(textures[3], recent)
    j = state.current_density(VOLTAGES)
    conductance = state.conductance
    assert max(up) == textures[3].size
    assert sum(up) < textures[3].size + DIRECT**2 + 1000
    assert max(down) == j.size
    assert sum(down) < j.size + 10 * DIRECT + 1000
    guess = state.guess()
    assert down[-1] == guess.size
    with pytest.raises(ValueError, match="read-only"):
        guess[:] = 0
    again = network.solve(textures[3], copies)
    assert sum(up) > 2 * textures[3].size + 2 * guess.size
    np.testing.assert_array_equal(again.conductance, conductance)


def test_the_benchmark_tells_the_phases_of_a_pulse(cuda):
    network = Network(*film_of(60), "cuda")
    expected = network.solve(texture(60, 0.0)).conductance
    spent = phases(network, texture(60, 0.1), wait=lambda: None)
    assert list(spent) == ["up", "matrix", "solution", "down", "G and j"]
    assert min(spent.values()) > 0
    assert spent["solution"] > spent["up"]
    found = network.solve(texture(60, 0.0)).conductance  # the network is as before
    assert np.abs(found - expected).max() <= 1e-8 * np.abs(expected).max()


@pytest.mark.parametrize("cells", [(60, 50, 1), (30, 27, 6)], ids=["layer", "layers"])
@pytest.mark.parametrize("sigma_ah", [0.0, 3e5])
def test_states_on_the_device_answer_as_others_do(cuda, textured, cells, sigma_ah):
    film = Film(cells, (4e-9, 4e-9, 2e-9))
    contacts = (*CORNERS[:3], CornerContact("bottom left", "bottom left", 24e-9, resistance=5.0))
    options = {"regions": REGIONS, "underlayer": Underlayer(rho=3e-7, thickness=2e-9)}
    resistivity = dataclasses.replace(RESISTIVITY, sigma_ah=sigma_ah)
    networks = [Network(film, resistivity, contacts, s, **options) for s in ("cuda", "direct")]
    m, later = textured(film, 1), textured(film, 2)
    later[:, 20:22, 4:9] = 0  # other cells conduct
    for given in (m, later, later, m):
        found, exact = (network.solve(given) for network in networks)
        scale = np.abs(exact.conductance).max()
        assert np.abs(found.conductance - exact.conductance).max() <= 1e-8 * scale
        for name in (
            "potential",
            "adjoint_potential",
            "current_density",
            "power_density",
            "underlayer_current_density",
            "underlayer_power_density",
        ):
            field, expected = (getattr(state, name)(VOLTAGES) for state in (found, exact))
            assert type(field) is np.ndarray
            assert np.linalg.norm(field - expected) <= 2e-4 * np.linalg.norm(expected), name
        assert found.guess().dtype == np.float32
        assert np.abs(found.guess() - exact.guess()).max() < 1e-3
    again = networks[0].solve(m, [found.guess()])
    assert np.abs(again.conductance - exact.conductance).max() <= 1e-8 * scale

    sigma = conductivity(m, networks[0].media, conducting_cells(m, networks[0].media))
    sigma = Conductivity(sigma.symmetric)
    given, exact = (network.solve_conductivity(sigma) for network in networks)
    assert np.abs(given.conductance - exact.conductance).max() <= 1e-8 * scale

    again = networks[0].solve(m)  # the network of its own media again
    assert np.abs(again.conductance - networks[1].solve(m).conductance).max() <= 1e-8 * scale

    m[0, 3, 3] *= 2
    with pytest.raises(InputError, match=r"m has 1 vectors .* \(3, 3, 0\)"):
        networks[0].solve(m)


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
@pytest.mark.parametrize("cells", [(120, 100, 1), (26, 23, 8)])
def test_memory_is_counted(cuda, cells, sigma_ah, vacuum, textured):
    film = Film(cells, (4e-9, 4e-9, 2e-9))
    pad = Region("pad", Rectangle((0.0, 0.0), (40e-9, 40e-9)), "metal", rho=2e-7)
    resistivity = dataclasses.replace(RESISTIVITY, sigma_ah=sigma_ah)
    network = Network(film, resistivity, CORNERS, "cuda", regions=(pad,))
    gc.collect()
    before = Foreign.most = Foreign.held
    for seed in range(3):
        m = textured(film, seed)
        m[~perforated(cells).any(axis=-1)] *= not vacuum
        state = network.solve(m)
        state.guess()
        state.current_density(VOLTAGES)
    nodes = film.node_shape[-2 if film.is_2d else -3 :]
    counted = memory(nodes, film.cell_size[::-1][-len(nodes) :], 3, vacuum, bool(sigma_ah))
    assert 0.85 < (Foreign.most - before) / counted < 1


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


def test_auto_solves_large_films_on_the_gpu(cuda, device, textured, monkeypatch):
    monkeypatch.setattr(solvers, "SMALLEST_CUDA", 1000)
    monkeypatch.setattr(solvers, "_cuda_if_possible", lambda: device)
    film = Film((60, 50, 1), (4e-9, 4e-9, 2e-9))
    found, expected = (
        Network(film, RESISTIVITY, CORNERS, name).solve(textured(film)) for name in ("auto", "cuda")
    )
    assert isinstance(found, DeviceState)
    np.testing.assert_array_equal(found.conductance, expected.conductance)
