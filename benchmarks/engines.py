"""Pulses per minute of the process engine and of the live engine.

`python benchmarks/engines.py [MUMAX3]`: 50 ps pulses on a film of 100 x 100 cells, through the
command MUMAX3, or the embedded engine's command line where none is given. Both engines have to end
with the same magnetization.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from orchestrator.describe.contacts import SideContact
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Resistivity
from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.live import LiveEngine
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf

STAND_IN = [sys.executable, "-m", "orchestrator", "mx3"]
FILM = Film((100, 100, 1), (5e-9, 5e-9, 1e-6))
DEVICE = Device(
    FILM,
    Material(Ms=4.9e5, Aex=1e-11, alpha=0.5, Dbulk=2e-3, Ku1=1e5, P=0.5),
    Resistivity(mean=5e-7, amr_ratio=1.5, amr_convention="mean"),
    (SideContact("left", "left"), SideContact("right", "right")),
)
PULSE = 50e-12
PULSES = 10


def measure(engine: Mumax3Engine, settled: np.ndarray) -> tuple[list[float], np.ndarray]:
    """Wall-clock seconds of each pulse, and the last magnetization."""
    scripts = Scripts(DEVICE)
    engine.probe()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_ovf(folder / "m0.ovf", settled, FILM.cell_size)
        j = np.zeros((*FILM.array_shape, 3))
        j[..., 0] = 1e12
        write_ovf(folder / "j.ovf", j, FILM.cell_size, title="j", unit="A/m2")
        session = engine.start(scripts.setup(), folder, "m0.ovf")
        seconds = []
        for n in range(1, PULSES + 1):
            begin = time.perf_counter()
            block = scripts.pulse(n, [0.1, -0.1], "j.ovf", PULSE, f"m{n}.ovf")
            session.execute(block, f"m{n}.ovf")
            seconds.append(time.perf_counter() - begin)
        session.close()
        return seconds, read_ovf(folder / f"m{PULSES}.ovf").data


def settle(command: list[str]) -> np.ndarray:
    """A texture relaxed for 0.5 ns from random directions."""
    rng = np.random.default_rng(1)
    m0 = rng.normal(size=(*FILM.array_shape, 3))
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_ovf(folder / "m0.ovf", m0, FILM.cell_size)
        scripts = Scripts(DEVICE)
        session = Mumax3Engine(command).start(scripts.setup(), folder, "m0.ovf")
        return read_ovf(
            session.execute(scripts.relax(5e-10, "m1.ovf"), "m1.ovf").magnetization
        ).data


def main() -> None:
    command = sys.argv[1:] or STAND_IN
    if command == STAND_IN:
        print("mumax3: not run, its command was not given; the embedded engine stands in")
    settled = settle(command)
    rates, ends = [], []
    for kind in (Mumax3Engine, LiveEngine):
        engine = kind(command)
        seconds, end = measure(engine, settled)
        later = np.array(seconds[1:])
        rates.append(60 / later.mean())
        ends.append(end)
        print(
            f"{engine.mode:8} {rates[-1]:7.1f} pulses/min  "
            f"(first {seconds[0]:.2f} s, then {later.mean():.3f} s, best {later.min():.3f} s)"
        )
    print(f"live / process: {rates[1] / rates[0]:.1f}, same bits: {np.array_equal(*ends)}")


if __name__ == "__main__":
    main()
