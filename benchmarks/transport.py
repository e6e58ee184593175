"""Conductance matrix of textured films: our solvers, scipy's default path and pyamg.

rho_par / rho_perp = 7, four corner contacts, warm start from textures that differ by 0.05 rad,
three in turn, none of them on the line between the other two.
Every figure is the mean of these three in the shortest of several rounds on one thread, but for `2
threads` of the multigrid solver, which take turns with one and are compared with what two threads
give to arithmetic and to a triad in the same run; `no guess` is the same solver without warm start,
`Hall` it with a Hall angle of 6 degrees, `35 contacts` it with so many. The memory traffic of an
iteration is counted and compared with a STREAM triad in the same run. Each size runs in a process
of its own, whose largest memory with one network is given. Names of sizes as arguments, for example
`512 2048 128x128x8`, choose among them.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from machine import bandwidth, gains
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu, spsolve

from orchestrator.describe.contacts import Contact, CornerContact, contact_grid
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.transport.conductivity import conducting_cells, conductivity
from orchestrator.transport.elements import corners, gradient_products
from orchestrator.transport.host import Host
from orchestrator.transport.multigrid import Multigrid
from orchestrator.transport.network import Network
from orchestrator.transport.threads import Team

SIZES = {
    "200": ((200, 200, 1), ("direct", "multigrid"), ("spsolve", "pyamg")),
    "512": ((512, 512, 1), ("direct", "multigrid"), ("spsolve", "pyamg")),
    "1024": ((1024, 1024, 1), ("multigrid",), ()),
    "2048": ((2048, 2048, 1), ("multigrid",), ()),
    "128x128x8": ((128, 128, 8), ("multigrid",), ("splu",)),
}
OPTIONAL = {"pardiso": "pypardiso"}
PLACES = ("top left", "top right", "bottom right", "bottom left")
RESISTIVITY = Resistivity(rho_par=7e-7, rho_perp=1e-7)
HALL = dataclasses.replace(RESISTIVITY, sigma_ah=1e6)


def texture(cells: tuple[int, int, int], turned: float, shifted: float = 0.0) -> np.ndarray:
    """Wavy stripes, alike in all layers, shape (nz, ny, nx, 3)."""
    nx, ny, nz = cells
    x, y = 0.1 * np.arange(nx), 0.1 * np.arange(ny) + shifted
    angle = x[None, :] + 1.5 * np.sin(y)[:, None] + turned
    layer = np.stack([0.6 * np.sin(angle), 0.8 * np.sin(angle), np.cos(angle)], axis=-1)
    return np.repeat(layer[None], nz, axis=0)


def default_path(
    film: Film, contacts: tuple[CornerContact, ...], m: np.ndarray, solver: str
) -> np.ndarray:
    """G by COO assembly and spsolve for each right-hand side, one splu for all, or pyamg."""
    d = 2 if film.is_2d else 3
    cells = film.array_shape[-d:]
    directions = m.reshape(*cells, 3)[..., :d]
    tensors = np.eye(d) / 1e-7
    tensors = tensors + (1 / 7e-7 - 1 / 1e-7) * directions[..., None] * directions[..., None, :]
    products = gradient_products(film.cell_size[:d])
    element = np.einsum("...ab,abij->...ij", tensors, products, optimize=True)
    node_shape = tuple(n + 1 for n in cells)
    index = np.arange(np.prod(node_shape)).reshape(node_shape)
    nodes = np.stack(
        [
            index[tuple(slice(o, o + n) for o, n in zip(corner, cells, strict=True))]
            for corner in corners(d)
        ],
        axis=-1,
    )
    rows, columns = np.broadcast_arrays(nodes[..., :, None], nodes[..., None, :])
    size = index.size
    matrix = coo_array((element.ravel(), (rows.ravel(), columns.ravel())), (size, size)).tocsr()
    lifts = np.stack([contact.nodes(film).ravel() for contact in contacts], axis=1).astype(float)
    free = np.flatnonzero(~lifts.any(axis=1))
    inner, rhs = matrix[free][:, free], -(matrix[free] @ lifts[:, :-1])
    potentials = lifts[:, :-1].copy()
    if solver == "spsolve":
        inner = inner.tocsc()
        potentials[free] = np.stack([spsolve(inner, b) for b in rhs.T], axis=1)
    elif solver == "splu":
        potentials[free] = splu(inner.tocsc()).solve(rhs)
    else:
        import pyamg

        hierarchy = pyamg.smoothed_aggregation_solver(inner)
        for k, b in enumerate(rhs.T):
            potentials[free, k] = hierarchy.solve(b, tol=1e-6, accel="cg")
    thickness = film.cell_size[2] if film.is_2d else 1.0
    return thickness * potentials.T @ (matrix @ potentials)


def shortest(
    function: Callable[[int], object],
    seconds: float = 6.0,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Shortest of up to twelve runs within some seconds; one of seconds is not repeated."""
    times: list[float] = []
    while not times or (sum(times) < seconds and len(times) < 12):
        start = clock()
        function(len(times))
        times.append(clock() - start)
    return min(times)


def per_texture(network: Network, textures: list[np.ndarray], seconds: float = 6.0) -> float:
    """Mean time of a solve in the shortest of several rounds; textures take unlike many cycles."""

    def once(_: int) -> None:
        for m in textures:
            network.solve(m)

    return shortest(once, seconds) / len(textures)


def iteration(network: Network, m: np.ndarray) -> dict[str, float]:
    """Seconds of CPU time, bytes and bandwidth of an iteration, and bandwidth of a triad, bytes/s.

    Conjugate gradients read or write 13 fields of K potentials and the matrix once, the cycle on
    each level 9 fields (11 in films of several layers), the matrix three times and the inverse
    diagonal three times.
    """
    network.solve(m)
    geometry, k = network._geometry, len(network.contacts) - 1
    conducting = conducting_cells(m, network.media)
    multigrid = Multigrid(geometry.free, geometry.spacing[::-1], k, Host(Team(1)))
    multigrid.update(network._assemble(conductivity(m, network.media, conducting)))
    ops, level = multigrid.ops, multigrid.finest
    level.f[...] = multigrid.field() + 1
    x, p, q = multigrid.work
    share = np.full(k, 1e-3)

    def once(_: int) -> None:
        multigrid.cycle()
        ops.dot(level, level.f, level.u)
        ops.turn(level, p, level.u, share)
        ops.product(level, p, q)
        ops.descend(level, x, level.f, p, q, share)

    once(0)
    seconds = shortest(once, 2.0, time.process_time)
    halves, fields = level.a.shape[1], 9 if network.film.is_2d else 11
    size = 4 * level.a[:, 0].size * (halves + 13 * k)
    size += sum(
        4 * one.a[:, 0].size * (3 * halves + 3 + fields * k) for one in multigrid.levels[:-1]
    )
    return {"seconds": seconds, "bytes": size, "triad": bandwidth(size // 3)}


def measure(name: str) -> dict[str, object]:
    """Times in s of one size, errors and memory."""
    cells, ours, others = SIZES[name]
    film = Film(cells, (2e-9, 2e-9, 1e-6 if cells[2] == 1 else 2e-9))
    contacts = tuple(CornerContact(place, place, 48e-9) for place in PLACES)
    textures = [texture(cells, 0.0), texture(cells, 0.05), texture(cells, 0.025, 0.04)]
    times, errors = {}, {}
    installed = [s for s, package in OPTIONAL.items() if importlib.util.find_spec(package)]
    reference, memory = None, 0.0
    v = [1.0, -0.5, 0.25, 0.0]

    def of_multigrid(resistivity: Resistivity, many: tuple[Contact, ...], **how: Any) -> float:
        other = Network(film, resistivity, many, "multigrid", **({"threads": 1} | how))
        for m in textures:
            other.solve(m)
        return per_texture(other, textures)

    for solver in (*ours, *installed):
        network = Network(film, RESISTIVITY, contacts, solver, threads=1)
        for m in textures:
            network.solve(m)
        times[solver] = per_texture(network, textures)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        network.solve(textures[1])
        state = network.solve(textures[0])
        g, j = state.conductance, state.current_density(v)
        if solver == "direct":
            reference = g, j
        elif reference is not None:
            errors[solver] = (
                np.abs(g - reference[0]).max() / np.abs(g).max(),
                np.linalg.norm(j - reference[1]) / np.linalg.norm(j),
            )
        if solver == "multigrid":
            times["no guess"] = of_multigrid(RESISTIVITY, contacts, warm_start=False)
            pair = Network(film, RESISTIVITY, contacts, solver, threads=2)
            for m in textures:
                pair.solve(m)
            times["2 threads"] = np.inf
            for _ in range(3):
                for which, one in ((solver, network), ("2 threads", pair)):
                    times[which] = min(times[which], per_texture(one, textures, 2.0))
            del pair
            times["Hall"] = of_multigrid(HALL, contacts)
    if "direct" in ours:
        part = 0.05 * film.cells[0] * film.cell_size[0]
        many = contact_grid(film, 5, 7, size=part, margin=part)
        times["35 contacts"] = of_multigrid(RESISTIVITY, many)
        times["35 contacts, Hall"] = of_multigrid(HALL, many)
    for solver in others:
        if solver != "pyamg" or importlib.util.find_spec("pyamg"):
            times[solver] = shortest(
                lambda k, solver=solver: default_path(film, contacts, textures[k % 3], solver)
            )
            found = default_path(film, contacts, textures[0], solver)
            errors[solver] = (np.abs(found - g[:-1, :-1]).max() / np.abs(g).max(), None)
    traffic = iteration(network, textures[0]) if "multigrid" in ours else {}
    gained = gains(traffic["bytes"]) if traffic else ()
    missing = [s for s, package in OPTIONAL.items() if s not in installed]
    missing += [s for s in others if s == "pyamg" and not importlib.util.find_spec(s)]
    return {
        "times": times, "errors": errors, "memory": memory, "traffic": traffic, "gains": gained,
        "missing": missing
    }  # fmt: skip


def show(name: str, result: dict) -> None:
    """Print what was measured."""
    cells, _, others = SIZES[name]
    times, memory = result["times"], result["memory"]
    print(f"{name}: {np.prod(cells):,} cells, one network took at most {memory:.2f} GiB")
    for solver, seconds in times.items():
        line = f"  {solver:>17} {seconds:8.3f} s"
        if solver not in others:
            line += "".join(
                f", {other} / this {times[other] / seconds:.0f}"
                for other in others
                if other in times
            )
        if solver == "2 threads":
            arithmetic, triad = result["gains"]
            line += (
                f", {times['multigrid'] / seconds:.2f} times as fast as one "
                f"(arithmetic {arithmetic:.2f}, triad {triad:.2f} times)"
            )
        if solver == "multigrid" and "direct" in times:
            line += f", direct / this {times['direct'] / seconds:.1f}"
        if solver in result["errors"]:
            g, j = result["errors"][solver]
            line += f"; G differs by {g:.0e}" + (f", j by {j:.0e}" if j is not None else "")
        print(line, flush=True)
    if traffic := result["traffic"]:
        rate = traffic["bytes"] / traffic["seconds"]
        print(
            f"  an iteration takes {1e3 * traffic['seconds']:.2f} ms and moves "
            f"{traffic['bytes'] / 1e6:.0f} MB: {rate / 1e9:.1f} GB/s, "
            f"{100 * rate / traffic['triad']:.0f} % of a triad's {traffic['triad'] / 1e9:.1f} GB/s"
        )
    for solver in result["missing"]:
        print(f"  {solver}: skipped, it is not installed", flush=True)


def main(names: list[str]) -> None:
    """Measure each size in a process of its own."""
    growing = {}
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    environment = os.environ | dict.fromkeys(threads, "1")
    for name in names:
        command = [sys.executable, __file__, "--measure", name]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
        result = json.loads(done.stdout.splitlines()[-1])
        show(name, result)
        growing[name] = result["times"].get("multigrid")
    for small, large in (("512", "1024"), ("1024", "2048"), ("512", "2048")):
        if small in growing and large in growing:
            ratio = growing[large] / growing[small]
            power = np.log(ratio) / np.log((int(large) / int(small)) ** 2)
            print(f"growth from {small} to {large}: {ratio:.1f} times, cells^{power:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(sys.argv[2]), default=float))
    else:
        main(sys.argv[1:] or list(SIZES))
