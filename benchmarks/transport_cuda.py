"""The transport solver on a GPU against the one for processors, checked and timed.

Prints a table: films of 512^2 and 1024^2 cells (or others) with four contacts, first solution and
solutions from the potentials of the two textures before, milliseconds of wall-clock time of a
whole pulse's transport (G and current density), of at least five; how far G and j agree; memory.

    python benchmarks/transport_cuda.py [512 1024 2048]
"""

from __future__ import annotations

import os
import statistics
import sys
import time

import numpy as np

from orchestrator.describe.contacts import CornerContact
from orchestrator.describe.film import Film
from orchestrator.describe.media import Resistivity
from orchestrator.transport.network import Network

PLACES = ("top left", "top right", "bottom right", "bottom left")
RESISTIVITY = Resistivity(rho_par=2.5e-7, rho_perp=1e-7)
VOLTAGES = [1.0, -0.5, 0.25, 0.0]


def texture(n: int, turned: float) -> np.ndarray:
    """Wavy stripes that turn, shape (1, n, n, 3)."""
    x = 0.1 * np.arange(n)
    angle = x[None, :] + 1.5 * np.sin(x)[:, None] + turned
    return np.stack([0.6 * np.sin(angle), 0.8 * np.sin(angle), np.cos(angle)], axis=-1)[None]


def timed(network: Network, m: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Seconds, G and j of one texture."""
    start = time.perf_counter()
    state = network.solve(m)
    j = state.current_density(VOLTAGES)
    return time.perf_counter() - start, state.conductance, j


def measure(
    n: int, solver: str, threads: int | None
) -> tuple[float, float, list[tuple[np.ndarray, np.ndarray]]]:
    """Median seconds cold and warm, and G and j of three textures."""
    film = Film((n, n, 1), (2e-9, 2e-9, 1e-8))
    contacts = tuple(CornerContact(place, place, 48e-9) for place in PLACES)
    cold = Network(film, RESISTIVITY, contacts, solver, warm_start=False, threads=threads)
    warm = Network(film, RESISTIVITY, contacts, solver, threads=threads)
    textures = [texture(n, 0.03 * k) for k in range(8)]
    first = [timed(cold, m) for m in textures[:5]]
    later = [timed(warm, m) for m in textures]
    seconds = [statistics.median(s for s, _, _ in found) for found in (first[1:], later[3:])]
    return seconds[0], seconds[1], [(g, j) for _, g, j in later[:3]]


def card() -> str:
    """Name of the GPU."""
    import cupy

    name = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["name"]
    return f"{name.decode()}, CuPy {cupy.__version__}"


def used() -> float:
    """GPU memory that CuPy holds, GiB."""
    import cupy

    pool = cupy.get_default_memory_pool()
    total = pool.total_bytes() / 2**30
    pool.free_all_blocks()
    return float(total)


def main(sizes: list[int]) -> None:
    """Print the table."""
    cores = len(os.sched_getaffinity(0))
    print(f"{card()}; {cores} cores")
    print("  cells  solver                 cold ms   warm ms   GiB   G differs   j differs")
    for n in sizes:
        reference = None
        for solver, threads in (
            ("multigrid", 1),
            ("multigrid", 2),
            ("multigrid", min(cores, 8)),
            ("cuda", 1),
        ):
            cold, warm, found = measure(n, solver, threads)
            memory, errors = "", ""
            if reference is None:
                reference = found
            if solver == "cuda":
                memory = f"{used():5.2f}"
                g = max(
                    np.abs(a - b).max() / np.abs(b).max()
                    for (a, _), (b, _) in zip(found, reference, strict=True)
                )
                j = max(
                    np.linalg.norm(a - b) / np.linalg.norm(b)
                    for (_, a), (_, b) in zip(found, reference, strict=True)
                )
                errors = f"{g:11.1e} {j:11.1e}"
                assert g <= 1e-8, "G differs by more than 1e-8"
                assert j <= 1e-4, "j differs by more than 1e-4"
            label = solver if solver == "cuda" else f"{solver}, {threads} threads"
            times = f"{1e3 * cold:9.1f} {1e3 * warm:9.1f}"
            print(f"{n:>5}^2  {label:<21} {times} {memory:>5} {errors}", flush=True)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [512, 1024])
