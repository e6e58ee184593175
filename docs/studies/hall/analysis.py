"""Planar and anomalous Hall effect on E'.

    python -m docs.studies.hall.analysis RUN_FOLDER [FIELD_T ...]

recomputes the conductances of the kept textures of a run with an anomalous Hall term and with a
scalar conductivity that has no planar Hall effect. With fields, the first texture settles for 2 ns
in each of them, along the film's normal, on the embedded engine. Draws hall.png beside this file.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from pathlib import Path

import numpy as np

import orchestrator
from docs.studies.shared import experiment_of, print_header
from orchestrator.describe.device import Device
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.learning.hopfield import energy, signs
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.plotting.style import new_figure, save
from orchestrator.transport.conductivity import Conductivity
from orchestrator.transport.network import Network

HERE = Path(__file__).parent
HALL_ANGLES = (0.001, 0.01, 0.05)
FORMS = ("resistivities", "conductivities")
INPUTS = ("+++-", "++-+", "++--", "+-++", "+-+-", "+--+", "+---")


def energies(device: Device, m: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """E' in W of inputs (V, one per row) against the film saturated along its normal."""
    network = Network(device.film, device.resistivity, device.contacts)
    return energy(network.solve(m).conductance - network.solve(normal(m)).conductance, inputs)


def normal(m: np.ndarray) -> np.ndarray:
    """The texture saturated along the film's normal."""
    return np.broadcast_to(np.array([0.0, 0.0, 1.0]), m.shape)


def with_hall_angle(device: Device, angle: float) -> Device:
    """The device with an anomalous Hall conductivity in units of that across m."""
    plain = device.resistivity
    hall = dataclasses.replace(plain, sigma_ah=angle / plain.perpendicular)
    return dataclasses.replace(device, resistivity=hall)


def antisymmetric_part(device: Device, m: np.ndarray) -> np.ndarray:
    """(G - G^T)/2 in S, which enters the outputs I = G V but not V^T G V."""
    g = Network(device.film, device.resistivity, device.contacts).solve(m).conductance
    return (g - g.T) / 2


def energies_without_planar_hall(
    device: Device, m: np.ndarray, inputs: np.ndarray, form: str
) -> np.ndarray:
    """The same for a current that stays along the field, a problem of its own for every input.

    `form` says how the scalar conductivity follows from the angle between j and m: that of the
    resistivities, 1 / (j.rho.j), or that of the conductivities, j.sigma.j.
    """
    network = Network(device.film, device.resistivity, device.contacts)
    across, along = 1 / device.resistivity.perpendicular, 1 / device.resistivity.parallel
    saturated = network.solve(normal(m))
    result = []
    for v in inputs:
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


@dataclasses.dataclass(frozen=True)
class Effects:
    """What the two effects do to a texture.

    Attributes
    ----------
    mean_mz : float
        Mean m_z.
    energies : ndarray, shape (inputs,)
        E' (W) of the tensor without anomalous Hall effect.
    changes : ndarray, shape (angles,)
        Largest relative change of an E' at each Hall angle.
    outputs : float
        Largest element of the antisymmetric part of G at the last angle over the largest of G'.
    scalar : dict of ndarray
        E' (W) for each form of a scalar conductivity.
    """

    mean_mz: float
    energies: np.ndarray
    changes: np.ndarray
    outputs: float
    scalar: dict[str, np.ndarray]


def effects(experiment: Experiment, m: np.ndarray) -> Effects:
    device = experiment.device
    inputs = experiment.training.amplitude * np.array([signs(p) for p in INPUTS])
    base = energies(device, m, inputs)
    changed = [energies(with_hall_angle(device, angle), m, inputs) for angle in HALL_ANGLES]
    network = Network(device.film, device.resistivity, device.contacts)
    weights = network.solve(m).conductance - network.solve(normal(m)).conductance
    odd = antisymmetric_part(with_hall_angle(device, HALL_ANGLES[-1]), m)
    return Effects(
        float(m[..., 2].mean()),
        base,
        np.array([np.abs(e / base - 1).max() for e in changed]),
        float(np.abs(odd).max() / np.abs(weights).max()),
        {form: energies_without_planar_hall(device, m, inputs, form) for form in FORMS},
    )


def line(label: str, found: Effects) -> str:
    row = [label, f"{found.mean_mz:+.3f}", *(f"{change:.1e}" for change in found.changes)]
    row.append(f"{100 * found.outputs:.1f} %")
    for form in FORMS:
        ratio = found.scalar[form] / found.energies
        row.append(f"{ratio.min():.2f} to {ratio.max():.2f}")
    lowest = [INPUTS[int(np.argmin(e))] for e in (found.energies, *found.scalar.values())]
    return "| " + " | ".join([*row, ", ".join(lowest)]) + " |"


def draw(found: dict[str, Effects]) -> None:
    figure = new_figure(10, 3.8)
    left, right = figure.subplots(1, 2)
    for label, each in found.items():
        left.loglog(HALL_ANGLES, each.changes, "o-", label=label)
    angles = np.array(HALL_ANGLES[:2])
    left.loglog(angles, 10 * angles**2, "k:", label="second order")
    left.set(xlabel="anomalous Hall angle", ylabel="largest relative change of an E'")
    left.legend(fontsize=8)
    trained = next(label for label in found if label.startswith("trained"))
    each, x = found[trained], np.arange(len(INPUTS))
    series = {"tensor": each.energies} | {
        "no planar Hall: 1/(j.rho.j)": each.scalar["resistivities"],
        "no planar Hall: j.sigma.j": each.scalar["conductivities"],
    }
    for k, (label, values) in enumerate(series.items()):
        right.bar(x + 0.27 * (k - 1), 1e3 * values, 0.27, label=label)
    right.set_xticks(x, [f"{{{p}}}" for p in INPUTS], rotation=45)
    right.set(ylabel="E' against the saturated film (mW)", title=trained)
    right.set_ylim(0, 1.4e3 * max(values.max() for values in series.values()))
    right.legend(fontsize=8)
    save(figure, HERE / "hall.png")


def main() -> None:
    run = orchestrator.open_run(sys.argv[1])
    experiment = experiment_of(run)
    columns = ["texture", "mean m_z", *(f"AHE {angle:g}" for angle in HALL_ANGLES)]
    columns += [
        f"antisymmetric at {HALL_ANGLES[-1]:g}",
        *(f"without PHE: {form}" for form in FORMS),
    ]
    print_header(*columns, "lowest")
    untrained = run.magnetization.isel(training=0, snapshot=0).to_numpy().astype(float)
    textures = {"untrained": untrained}
    for k in range(min(3, len(run.training))):
        state = run.magnetization.isel(training=k, snapshot=-1)
        textures[f"trained {{{run.training.to_numpy()[k]}}}"] = state.to_numpy().astype(float)
    for field in map(float, sys.argv[2:]):
        textures[f"untrained, {field:g} T"] = in_field(experiment, untrained, field)
    found = {}
    for label, m in textures.items():
        found[label] = effects(experiment, m)
        print(line(label, found[label]), flush=True)
    draw(found)


if __name__ == "__main__":
    main()
