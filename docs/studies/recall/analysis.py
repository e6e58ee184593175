"""Does reading disturb the memory? And from where is a pattern recalled?

    python -m docs.studies.recall.analysis RUN_FOLDER

takes the last kept texture of the first training of a run, lets it relax for 5 ns, then holds each
of three inputs for 1 ns at rising voltages, each time from the relaxed texture, and lets it relax
again for 1 ns. Prints by how much the texture then differs from one that was left alone for as long
(largest |dm|), under the current and after it, and the change of the trained pattern's energy. Then
the basins of all starts under both references.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

import orchestrator
from docs.studies.shared import experiment_of, print_header
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.learning.hopfield import all_patterns, basins, energy, inverse, signs
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.plotting.style import new_figure, save
from orchestrator.transport.network import Network

HERE = Path(__file__).parent
VOLTAGES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 2e-2, 5e-2)
HELD = ("+--+", "+-+-", "+++-")


class Reader:
    """A film that is read, on the embedded engine."""

    def __init__(self, experiment: Experiment, folder: Path) -> None:
        self._experiment, self._folder = experiment, folder
        self._scripts = Scripts(experiment.device)
        device = experiment.device
        self.network = Network(device.film, device.resistivity, device.contacts)

    def run(self, m: np.ndarray, block: str) -> np.ndarray:
        """The texture after a block that saves after.ovf."""
        cell = self._experiment.film.cell_size
        write_ovf(self._folder / "m.ovf", m, cell)
        session = CpuEngine().start(self._scripts.setup(), self._folder, "m.ovf")
        try:
            return read_ovf(session.execute(block, "after.ovf").magnetization).data
        finally:
            session.close()

    def relaxed(self, m: np.ndarray, duration: float) -> np.ndarray:
        return self.run(m, self._scripts.relax(duration, "after.ovf"))

    def read(self, m: np.ndarray, v: np.ndarray, duration: float) -> np.ndarray:
        """The texture after voltages have been held, with the current map of the start."""
        j = self.network.solve(m).current_density(v)
        write_ovf(self._folder / "j.ovf", j, self._experiment.film.cell_size, unit="A/m2")
        return self.run(m, self._scripts.pulse(1, v.tolist(), "j.ovf", duration, "after.ovf"))


def largest(change: np.ndarray) -> float:
    return float(np.linalg.norm(change, axis=-1).max())


def disturbance(reader: Reader, m: np.ndarray, trained: str, v0: float) -> dict[str, list[float]]:
    """Print and return the largest |dm| against the read-out voltage."""

    def trained_energy(texture: np.ndarray) -> float:
        g = reader.network.solve(texture).conductance
        return float(energy(g, np.array([v0 * signs(trained)]))[0])

    alone = reader.relaxed(m, 1e-9)
    alone_later = reader.relaxed(alone, 1e-9)
    before = trained_energy(alone_later)
    print(f"1 ns without current: largest |dm| {largest(alone - m):.1e}")
    print_header("input", "V0 (mV)", "under current", "1 ns after it", "change of E")
    curves: dict[str, list[float]] = {}
    for pattern in HELD:
        for voltage in VOLTAGES:
            during = reader.read(m, voltage * signs(pattern), 1e-9)
            after = reader.relaxed(during, 1e-9)
            change = trained_energy(after) / before - 1
            curves.setdefault(pattern, []).append(largest(during - alone))
            print(
                f"| {pattern} | {1e3 * voltage:g} | {largest(during - alone):.1e} | "
                f"{largest(after - alone_later):.1e} | {change:+.1e} |",
                flush=True,
            )
    return curves


def main() -> None:
    run = orchestrator.open_run(sys.argv[1])
    experiment = experiment_of(run)
    trained = str(run.training.to_numpy()[0])
    with tempfile.TemporaryDirectory() as name:
        reader = Reader(experiment, Path(name))
        state = run.magnetization.isel(training=0, snapshot=-1).to_numpy().astype(float)
        m = reader.relaxed(state, 5e-9)
        curves = disturbance(reader, m, trained, experiment.training.amplitude)
        g = reader.network.solve(m).conductance
    figure = new_figure(5, 3.6)
    axes = figure.subplots()
    for pattern, values in curves.items():
        axes.loglog(1e3 * np.array(VOLTAGES), values, "o-", label=f"{{{pattern}}}")
    axes.set(xlabel="read-out voltage V0 (mV)", ylabel="largest |dm| against a film left alone")
    axes.legend()
    save(figure, HERE / "recall.png")
    print_header("reference", "update", "starts that reach the pattern", "attractors")
    for reference in run.reference.to_numpy():
        weights = g - run.conductance_reference.sel(reference=reference).to_numpy()
        for mode in ("asynchronous", "synchronous"):
            found, unsettled = basins(weights, mode, self_term=False, starts=all_patterns(4))
            own = sum(b.starts for b in found if b.attractor in (trained, inverse(trained)))
            parts = [f"{b.attractor}: {b.starts}" for b in found]
            parts += [f"never settle: {unsettled}"] if unsettled else []
            print(f"| {reference} | {mode} | {own} of 16 | {', '.join(parts)} |")


if __name__ == "__main__":
    main()
