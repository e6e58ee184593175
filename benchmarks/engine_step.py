"""Time of one RK45 step of the embedded engine: exchange, Dbulk, Ku1, Zhang-Li from a map.

Times are CPU time of the one thread: wall-clock time on a machine with nothing else to do. Films
of grains, with an anisotropy of its own in each of 256 regions, or with all of Msat, alpha, anisU
and the coupling between grains besides, are timed in turn with the film of one region.
With `--peers` the same steps are timed with magnum.np, on the same machine in the same run, one
thread each, and six right-hand sides of neuralmag beside a whole step of ours, both without
current: neuralmag has no Zhang-Li torque. Its cells are those of its default scheme, with the
magnetization at their corners. Each goes into an environment of its own in build/ at the first
use: magnumnp with a CPU build of torch, neuralmag with jax, 1.2 GB. One that cannot be installed
or does not run is named with the reason.

The roofline of a step is the time in which a STREAM triad on arrays as large moves its bytes: six
torques, each of which reads m and j and writes a stage, and the sums of stages, none twice.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
import venv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from machine import bandwidth

from orchestrator.engines.cpu.geometry.grains import Tessellation
from orchestrator.engines.cpu.physics.make import make_simulation
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.physics.stepper import steps

MATERIAL = {"Msat": 4.9e5, "Aex": 1e-11, "alpha": 0.3, "Dbulk": 2e-3, "Ku1": 1e5, "Pol": 0.5}
CELL_SIZE = (4e-9, 4e-9, 4e-9)
GRIDS = ((100, 100, 1), (200, 200, 1), (512, 512, 1), (200, 200, 8))
GRAINY = ((64, 64, 1), (512, 512, 1))
GRAIN_SIZE = 14e-9
BYTES = 12 * (6 * 3 + sum(2 + stage for stage in range(1, 7)) + 7)
"""Of a cell in a step: torques, sums of one to six stages, and the error of seven."""
ARRAYS = 12 * 10
"""Bytes of a cell: m before and now, j, seven stages."""
STEPS = 40
ROUNDS = 7
BUILD = Path(__file__).parents[1] / "build"
TORCH = "torch==2.13.0+cpu"
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"


def film(cells: tuple[int, int, int], grains: str = "", *, current: bool = True) -> Simulation:
    """A film that has made some steps, of one region or of grains that differ in "Ku1" or "all"."""
    sim = make_simulation(threads=1)
    sim.set_mesh(Mesh(cells, CELL_SIZE, (0, 0, 1)))
    sim.settings.EnableDemag = False
    for name, value in MATERIAL.items():
        sim.material.parameters[name].set(value)
    sim.material.parameters["anisU"].set((0, 0, 1))
    rng = np.random.default_rng(1)
    if grains:
        x, y = (np.arange(n) * c for n, c in zip(cells[:2], CELL_SIZE[:2], strict=True))
        sim.state.set_regions(Tessellation(GRAIN_SIZE, 256, 1).region_of(*np.meshgrid(x, y))[None])
        for region in range(256):
            sim.material.parameters["Ku1"].set_region(region, 1e5 * (1 + 0.8 * rng.normal()))
    if grains == "all":
        for region in range(256):
            axis = (*rng.normal(scale=0.1, size=2), 1)
            sim.material.parameters["anisU"].set_region(region, axis)
            for name in ("Msat", "alpha"):
                sim.material.parameters[name].set_region(
                    region, MATERIAL[name] * rng.uniform(0.9, 1.1)
                )
            for other in range(region):
                sim.material.exchange_coupling.scale(region, other, 0.9)
    shape = (*sim.state.mesh.shape, 3)
    sim.state.set_m(rng.normal(size=shape))
    if current:
        sim.material.excitations["J"].add(1e10 * rng.normal(size=shape))
    steps(sim, 20)
    return sim


def seconds_per_step(sim: Simulation, count: int = STEPS) -> float:
    """Median time of a step on one thread."""
    moments: list[float] = []
    sim.post_step.append(lambda: moments.append(time.process_time()))
    steps(sim, count + 1)
    sim.post_step.pop()
    return float(np.median(np.diff(moments)))


def print_cost_of_grains(cells: tuple[int, int, int]) -> None:
    """Time of a step of films of grains over that of one region; median of the rounds."""
    films = [film(cells, grains) for grains in ("", "Ku1", "all")]
    times = np.array([[seconds_per_step(sim, STEPS // 4) for sim in films] for _ in range(ROUNDS)])
    ratios = np.median(times[:, 1:] / times[:, :1], axis=0)
    name = " x ".join(map(str, cells))
    print(f"{name:>14}: grains {ratios[0]:.2f} times as long as one region, ", end="")
    print(f"with all constants different {ratios[1]:.2f} times", flush=True)


class Peer:
    """Another program in an environment of its own in build/.

    Parameters
    ----------
    name : str
        What it is called.
    module : str
        Its module, after which its folder is named.
    program : str
        The script beside this one that times a step.
    wanted : sequence of str
        What is installed.
    index : str
        Where else pip looks if the package index does not have all of it; "" for nowhere.
    """

    def __init__(
        self, name: str, module: str, program: str, wanted: Sequence[str], index: str = ""
    ) -> None:
        self.name = name
        self._program = Path(__file__).with_name(program)
        self._python = BUILD / module / "bin" / "python"
        self.runs = self._is_there(module) or self._install(BUILD / module, wanted, index)

    def _is_there(self, module: str) -> bool:
        found = [str(self._python), "-c", f"import {module}"]
        return self._python.exists() and not subprocess.run(found, capture_output=True).returncode

    def _install(self, folder: Path, wanted: Sequence[str], index: str) -> bool:
        print(f"installing {' '.join(wanted)} into {folder}", flush=True)
        venv.create(folder, with_pip=True)
        pip = [str(self._python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for where in ([], ["--extra-index-url", index]) if index else ([],):
            done = subprocess.run([*pip, *where, *wanted], capture_output=True, text=True)
            if done.returncode == 0:
                return True
        self._skip("it cannot be installed", done.stderr)
        return False

    def _skip(self, how: str, said: str) -> None:
        self.runs = False
        reason = (said.strip() or "without a word").splitlines()[-1]
        print(f"{self.name}: skipped, {how}: {reason}", flush=True)

    def seconds_per_step(self, cells: tuple[int, int, int]) -> float | None:
        """Median time of a step on one thread; None where it does not run."""
        if not self.runs:
            return None
        case = {"cells": cells, "cell_size": CELL_SIZE, **MATERIAL}
        one = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        done = subprocess.run(
            [str(self._python), str(self._program)],
            input=json.dumps(case), capture_output=True, text=True, env=os.environ | one,
        )  # fmt: skip
        if done.returncode != 0:
            self._skip("it does not run", done.stderr)
            return None
        return float(done.stdout.splitlines()[-1])


def peers() -> tuple[Peer, Peer]:
    """magnum.np and neuralmag, installed if need be."""
    return (
        Peer("magnum.np", "magnumnp", "magnum_step.py", [TORCH, "magnumnp"], CPU_WHEELS),
        Peer("neuralmag", "neuralmag", "neuralmag_step.py", ["neuralmag", "jax", "diffrax"]),
    )


def main() -> None:
    """Print a line for each grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true", help="time magnum.np and neuralmag as well")
    others = peers() if parser.parse_args().peers else None
    for cells in GRIDS:
        own = seconds_per_step(film(cells))
        name = " x ".join(map(str, cells))
        line = f"{name:>14}: {1e3 * own:7.2f} ms per step, "
        count = int(np.prod(cells))
        least = BYTES * count / bandwidth(ARRAYS * count)
        line += (
            f"{1e6 * own / count:.3f} us per cell and step, {own / least:.1f} times the roofline"
        )
        if others is not None:
            magnum, neuralmag = (peer.seconds_per_step(cells) for peer in others)
            if magnum is not None:
                line += f"; magnum.np {1e3 * magnum:.0f} ms, {magnum / own:.0f} times as long"
            if neuralmag is not None:
                still = seconds_per_step(film(cells, current=False))
                line += f"; without current {1e3 * still:.2f} ms, neuralmag's right-hand sides "
                line += f"{1e3 * neuralmag:.0f} ms, {neuralmag / still:.0f} times as long"
        print(line, flush=True)
    for cells in GRAINY:
        print_cost_of_grains(cells)


if __name__ == "__main__":
    main()
