"""Planar and anomalous Hall effect on E'.

    python docs/studies/hall.py RUN_FOLDER [FIELD_T ...]

recomputes the conductances of the kept textures of a run with an anomalous Hall term and with a
scalar conductivity that has no planar Hall effect. With fields, the first texture settles for 2 ns
in each of them, along the film's normal, on the embedded engine.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

import orchestrator
from orchestrator.device import Resistivity
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.experiment import Experiment
from orchestrator.learning.hopfield import energy, signs
from orchestrator.mx3.ovf import read_ovf, write_ovf
from orchestrator.mx3.script import Scripts
from orchestrator.transport.conductivity import Conductivity
from orchestrator.transport.network import Network

HALL_ANGLES = (0.001, 0.01, 0.05)
FORMS = ("resistivities", "conductivities")
INPUTS = ("+++-", "++-+", "++--", "+-++", "+-+-", "+--+", "+---")


def energies(experiment: Experiment, resistivity: Resistivity, m: np.ndarray) -> np.ndarray:
    """E' in W of the non-trivial inputs against the film saturated along its normal."""
    network = Network(experiment.film, resistivity, experiment.contacts)
    up = np.zeros_like(m)
    up[..., 2] = 1
    weights = network.solve(m).conductance - network.solve(up).conductance
    return energy(weights, experiment.training.amplitude * np.array([signs(p) for p in INPUTS]))


def energies_without_planar_hall(experiment: Experiment, m: np.ndarray, form: str) -> np.ndarray:
    """The same for a current that stays along the field, a problem of its own for every input.

    `form` says how the scalar conductivity follows from the angle between j and m: that of the
    resistivities, 1 / (j.rho.j), or that of the conductivities, j.sigma.j.
    """
    device = experiment.device
    network = Network(device.film, device.resistivity, device.contacts)
    across, along = 1 / device.resistivity.perpendicular, 1 / device.resistivity.parallel
    up = np.zeros_like(m)
    up[..., 2] = 1
    saturated = network.solve(up)
    result = []
    for pattern in INPUTS:
        v = experiment.training.amplitude * signs(pattern)
        state = network.solve(m)
        power, mixed = [state.power(v)], None
        while len(power) < 3 or abs(power[-1] / power[-2] - 1) > 1e-5:
            j = state.current_density(v)
            square = np.einsum("...i,...i->...", j, j)
            cosine = np.einsum("...i,...i->...", j, m) ** 2 / np.where(square > 0, square, 1)
            if form == "resistivities":
                sigma = 1 / ((1 - cosine) / across + cosine / along)
            else:
                sigma = across + (along - across) * cosine
            mixed = sigma if len(power) == 1 else np.sqrt(mixed * sigma)
            plane = mixed[0]
            tensor = Conductivity(np.stack([plane, plane, np.zeros_like(plane)]))
            state = network.solve_conductivity(tensor)
            power.append(state.power(v))
        result.append(saturated.power(v) - power[-1])
    return np.array(result)


def in_field(experiment: Experiment, m: np.ndarray, field: float) -> np.ndarray:
    """The texture after 2 ns in a field (T) along the normal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_ovf(folder / "m.ovf", m, experiment.film.cell_size)
        session = CpuEngine().start(Scripts(experiment.device).setup(), folder, "m.ovf")
        block = (
            f'{{\n\tB_ext = vector(0, 0, {field!r})\n\tRun(2e-9)\n\tSaveAs(m, "after.ovf")\n}}\n'
        )
        after = read_ovf(session.execute(block, "after.ovf").magnetization).data
        session.close()
    return after


def print_changes(experiment: Experiment, m: np.ndarray, label: str) -> None:
    plain = experiment.resistivity
    sigma = 1 / plain.perpendicular
    base = energies(experiment, plain, m)
    row = [f"{m[..., 2].mean():+.3f}"]
    for angle in HALL_ANGLES:
        changed = energies(experiment, dataclasses.replace(plain, sigma_ah=angle * sigma), m)
        row.append(f"{np.abs(changed / base - 1).max():.1e}")
    for form in FORMS:
        scalar = energies_without_planar_hall(experiment, m, form)
        ratio = scalar / base
        lowest = INPUTS[int(np.argmin(scalar))]
        row.append(f"{ratio.min():.2f} to {ratio.max():.2f}, {lowest}")
    lowest = INPUTS[int(np.argmin(base))]
    print(f"| {label} | " + " | ".join([*row, lowest]) + " |", flush=True)


def main() -> None:
    run = orchestrator.open_run(sys.argv[1])
    experiment = Experiment.from_dict(json.loads(run.attrs["description"]))
    columns = [f"AHE {angle:g}" for angle in HALL_ANGLES]
    print(
        "| texture | mean m_z | "
        + " | ".join(columns)
        + " | "
        + " | ".join(f"E' ratio, lowest: {form}" for form in FORMS)
        + " | lowest |"
    )
    print("|---|" + "---|" * (len(columns) + 4))
    untrained = run.magnetization.isel(training=0, snapshot=0).to_numpy().astype(float)
    print_changes(experiment, untrained, "untrained")
    for k in range(min(3, len(run.training))):
        state = run.magnetization.isel(training=k, snapshot=-1)
        label = f"trained {{{run.training.to_numpy()[k]}}}"
        print_changes(experiment, state.to_numpy().astype(float), label)
    for field in map(float, sys.argv[2:]):
        m = in_field(experiment, untrained, field)
        print_changes(experiment, m, f"untrained, {field:g} T")


if __name__ == "__main__":
    main()
