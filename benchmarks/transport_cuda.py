"""The transport solver on a GPU against the one for processors, checked and timed.

Prints a table: films of 512^2 and 1024^2 cells (or others) with four contacts, first solution and
solutions from the potentials of the two textures before, milliseconds of wall-clock time of a
whole pulse's transport (G and current density), of at least five; how far G and j agree; memory.
Below it what the phases of a warm pulse take on the GPU: m up, tensors and matrix, solution, G and
j, and their way down.

    python benchmarks/transport_cuda.py [512 1024 2048]
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

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
    m = np.stack([0.6 * np.sin(angle), 0.8 * np.sin(angle), np.cos(angle)], axis=-1)[None]
    return m.astype(np.float32)  # as mumax3 writes it


def film_of(n: int) -> tuple[Film, Resistivity, tuple[CornerContact, ...]]:
    """A square film with contacts in its corners."""
    contacts = tuple(CornerContact(place, place, 48e-9) for place in PLACES)
    return Film((n, n, 1), (2e-9, 2e-9, 1e-8)), RESISTIVITY, contacts


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
    cold = Network(*film_of(n), solver, warm_start=False, threads=threads)
    warm = Network(*film_of(n), solver, threads=threads)
    textures = [texture(n, 0.03 * k) for k in range(8)]
    first = [timed(cold, m) for m in textures[:5]]
    later = [timed(warm, m) for m in textures]
    seconds = [statistics.median(s for s, _, _ in found) for found in (first[1:], later[3:])]
    return seconds[0], seconds[1], [(g, j) for _, g, j in later[:3]]


def phases(network: Network, m: np.ndarray, wait: Callable[[], None]) -> dict[str, float]:
    """Seconds of the phases of a pulse on a GPU, of a network that was solved before.

    `wait` returns when the GPU has done what it was told.
    """
    there = network._there
    assert there is not None
    spent = dict.fromkeys(("up", "matrix", "solution", "down", "G and j"), 0.0)
    inside: list[str] = []

    def watch(owner: Any, name: str, phase: str) -> None:
        function = getattr(owner, name)

        def timed_function(*arguments: Any) -> Any:
            if inside:  # in another phase
                return function(*arguments)
            wait()
            inside.append(phase)
            start = time.perf_counter()
            result = function(*arguments)
            wait()
            spent[phase] += time.perf_counter() - start
            inside.pop()
            return result

        setattr(owner, name, timed_function)

    watched = (
        (there.device, "upload", "up"),
        (there, "conductivity", "matrix"),
        (network, "_assemble", "matrix"),
        (network, "_unit_potentials", "solution"),
        (there.device, "numbers", "down"),
    )
    kept = network._assemble
    for owner, name, phase in watched:
        watch(owner, name, phase)
    try:
        total, _, _ = timed(network, m)
    finally:
        for owner, name, _ in watched:
            delattr(owner, name)
        network._assemble = kept
    spent["G and j"] = total - sum(spent.values())
    return spent


def measure_phases(n: int) -> dict[str, float]:
    """Median seconds of the phases of five warm pulses."""
    import cupy

    network = Network(*film_of(n), "cuda")
    for k in range(3):
        timed(network, texture(n, 0.03 * k))
    found = [
        phases(network, texture(n, 0.03 * k), cupy.cuda.Device().synchronize) for k in range(3, 8)
    ]
    return {phase: statistics.median(each[phase] for each in found) for phase in found[0]}


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
    try:
        print(f"{card()}; {cores} cores")
    except (ImportError, RuntimeError) as error:
        print(f"transport on a GPU: skipped, {error}")
        return
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
        parts = (f"{phase} {1e3 * s:.1f}" for phase, s in measure_phases(n).items())
        print(f"         cuda warm, ms: {', '.join(parts)}", flush=True)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [512, 1024])
