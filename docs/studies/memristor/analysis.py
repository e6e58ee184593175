"""The film as a memristor: voltages, signs, retention, saturation and loops.

    python -m docs.studies.memristor.analysis best CAMPAIGN --root FOLDER
    python -m docs.studies.memristor.analysis trainings CAMPAIGN [--figure FILE]
    python -m docs.studies.memristor.analysis long CAMPAIGN --best BEST [--figure FILE]
    python -m docs.studies.memristor.analysis loops CAMPAIGN [--figure FILE]

`best` relaxes stripes across the current in the film of a run and drives them: the largest |G| that
aligned stripes allow. The others print the tables of the page from the folders of the campaigns
memristor, memristor_long and memristor_loops, or from some of their runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib import colormaps

from docs.studies.shared import experiment_of, mean_and_error, open_runs, print_header, spread
from orchestrator import open_run
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.ovf.files import write_ovf
from orchestrator.plotting.style import new_figure, save
from orchestrator.run.execute import run
from orchestrator.run.workplace import Workplace

VOLTAGES = (0.025, 0.05, 0.1, 0.15, 0.2)
"""Between the contacts, V."""


def along(conductance: xr.DataArray) -> np.ndarray:
    """|G| between the driven sides, S."""
    return np.abs(conductance.isel(contact=0, contact_in=1).to_numpy())


def across(training: xr.Dataset) -> np.ndarray:
    """|G| between the other two sides, S, against the pulse."""
    return np.abs(training.probe_conductance.isel(probe=0).to_numpy())


def amplitude(dataset: xr.Dataset) -> float:
    """Voltage between the driven sides, V."""
    return 2 * experiment_of(dataset).training.amplitude


def shown(values: np.ndarray, digits: int = 2) -> str:
    return mean_and_error(np.asarray(values), f".{digits}f")


def mean_over_signs(values: dict[int, list[np.ndarray]]) -> np.ndarray:
    """One row for each start: the mean of its trainings."""
    return np.array([np.mean(rows, axis=0) for _, rows in sorted(values.items())])


# The best that stripes across the current allow.


def helix(experiment: Experiment, periods: float, phase: float) -> np.ndarray:
    """Stripes across x: m turns in the plane normal to x, in the sense that Dbulk > 0 favors."""
    film = experiment.film
    x = film.cell_coordinates()[0] / film.lengths[0]
    angle = np.broadcast_to(2 * np.pi * periods * x + phase, film.array_shape)
    return np.stack([np.zeros_like(angle), -np.sin(angle), np.cos(angle)], axis=-1)


class Silent:
    """A tracker that shows nothing."""

    def stage(self, title: str, duration: float, done: float = 0.0) -> None: ...

    def progress(self, progress: object) -> None: ...

    def pulse(self, pattern: str, record: object) -> None: ...


def run_helix(
    experiment: Experiment, root: Path, periods: float, phase: float, voltage: float, pulses: int
) -> xr.Dataset:
    """Stripes across the current: 2 ns without current, then `pulses` at a voltage.

    Parameters
    ----------
    experiment : Experiment
        A memristor, whose film and contacts are taken.
    root : Path
        Where the run folder is.
    periods, phase : float
        Of the stripes over the length of the film, and at its left edge.
    voltage : float
        Between the contacts, V.
    """
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "helix.ovf"
        write_ovf(path, helix(experiment, periods, phase), experiment.film.cell_size)
        start = dataclasses.replace(
            experiment.start,
            m0=str(path),
            m0_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            settle_time=2e-9,
            settle_alpha=1.0,
        )
        training = dataclasses.replace(
            experiment.training,
            patterns=("+-",),
            voltage=voltage / 2,
            pulses=pulses,
            relax_time=0.0,
        )
        driven = dataclasses.replace(
            experiment, name="memristor_helix", start=start, training=training
        )
        place = Workplace(root, CpuEngine(1), Silent(), lambda: False)
        return open_run(run(driven, place))


def print_best(experiment: Experiment, root: Path) -> None:
    print_header("periods", "phase", "along (S)", "across (S)")
    for periods in (5.0, 5.5, 6.0, 6.5):
        for phase in (0.0, np.pi / 2):
            training = run_helix(experiment, root, periods, phase, 0.05, 1).isel(training=0)
            g, other = along(training.conductance)[0], across(training)[0]
            print(f"| {periods:g} | {np.degrees(phase):.0f} | {g:.3f} | {other:.3f} |")
    print()
    print_header("V (V)", "0", "2 ns", "5 ns", "10 ns", "20 ns", "last abs(dm)")
    for voltage in VOLTAGES:
        training = run_helix(experiment, root, 6.0, 0.0, voltage, 101).isel(training=0)
        g = along(training.conductance)
        cells = [f"{g[k]:.3f}" for k in (0, 10, 25, 50, 100)]
        print(f"| {voltage:g} | {' | '.join(cells)} | {float(training.max_dm[-1]):.1e} |")


# Trainings of both signs.


def read_trainings(runs: list[xr.Dataset]) -> dict[float, dict[str, dict[int, dict]]]:
    """Curves of each voltage, sign of the left contact and start."""
    found: dict[float, dict[str, dict[int, dict]]] = {}
    for dataset in runs:
        for pattern in dataset.training.to_numpy():
            training = dataset.sel(training=pattern)
            ends = along(training.conductance_state)
            if not np.isfinite(ends).all():
                continue
            curves = {
                "along": np.append(along(training.conductance), ends[1]),
                "across": across(training),
                "ends": ends,
                "last": float(training.max_dm[-1]),
                "time": np.append(0.0, training.time_end.to_numpy()),
            }
            signs = found.setdefault(amplitude(dataset), {"+": {}, "-": {}})
            signs[str(pattern)[0]][int(dataset.attrs["seed"])] = curves
    return dict(sorted(found.items()))


def print_trainings(found: dict[float, dict[str, dict[int, dict]]]) -> None:
    times = ("0", "10 ns", "25 ns", "50 ns", "20 ns later", "across, 0", "50 ns")
    print_header("V (V)", "sign", "starts", *times, "kept", "last abs(dm)")
    for voltage, signs in found.items():
        for sign in ("+", "-", "both"):
            chosen = signs.items() if sign == "both" else [(sign, signs[sign])]
            by_start: dict[int, list[dict]] = {}
            for _, curves in chosen:
                for seed, curve in curves.items():
                    by_start.setdefault(seed, []).append(curve)
            g = mean_over_signs({s: [c["along"] for c in cs] for s, cs in by_start.items()})
            ends = mean_over_signs({s: [c["ends"] for c in cs] for s, cs in by_start.items()})
            other = mean_over_signs({s: [c["across"] for c in cs] for s, cs in by_start.items()})
            last = [c["last"] for cs in by_start.values() for c in cs]
            kept, error = retention(ends)
            cells = [shown(g[:, k]) for k in (0, 50, 125, 250)]
            cells += [shown(ends[:, 2]), shown(other[:, 0]), shown(other[:, -1])]
            print(
                f"| {voltage:g} | {sign} | {len(g)} | {' | '.join(cells)} "
                f"| {kept:.2f} ± {error:.2f} | {min(last):.0e} to {max(last):.0e} |"
            )
    print("\n|G| along after 50 ns, the sign + minus the sign -, spread of the starts:")
    for voltage, signs in found.items():
        both = sorted(set(signs["+"]) & set(signs["-"]))
        gaps = [signs["+"][s]["along"][-1] - signs["-"][s]["along"][-1] for s in both]
        typical = np.sqrt(np.mean(np.square(gaps)))
        print(f"{voltage:g} V: {shown(np.array(gaps))} S, root mean square {typical:.2f} S")


def retention(ends: np.ndarray) -> tuple[float, float]:
    """Share of the change that is left after relaxation, and its error by leaving out starts.

    Parameters
    ----------
    ends : ndarray, shape (starts, 3)
        |G| before, after and relaxed.
    """
    change, left = ends[:, 1] - ends[:, 0], ends[:, 2] - ends[:, 0]
    n = len(ends)
    without = np.array([np.delete(left, k).sum() / np.delete(change, k).sum() for k in range(n)])
    error = np.sqrt((n - 1) * without.var())
    return float(left.sum() / change.sum()), float(error)


def draw_trainings(found: dict[float, dict[str, dict[int, dict]]], path: Path) -> None:
    """Mean of both signs with its standard error, and the mean of each sign, thin."""
    figure = new_figure(9, 3.6)
    panels = figure.subplots(1, 2)
    for axes, name in zip(panels, ("along", "across"), strict=True):
        for k, (voltage, signs) in enumerate(found.items()):
            starts: dict[int, list[np.ndarray]] = {}
            for sign, style in (("+", "-"), ("-", "--")):
                curves = [c[name] for c in signs[sign].values()]
                time = 1e9 * next(iter(signs[sign].values()))["time"][: len(curves[0])]
                axes.plot(time, np.mean(curves, axis=0), style, color=f"C{k}", lw=0.6)
                for seed, curve in signs[sign].items():
                    starts.setdefault(seed, []).append(curve[name])
            mean, error = spread(mean_over_signs(starts))
            axes.plot(time, mean, color=f"C{k}", lw=2, label=f"{voltage:g} V")
            some = slice(6 * k, None, 25)
            axes.errorbar(time[some], mean[some], error[some], fmt="none", color=f"C{k}", capsize=2)
        axes.set(xlabel="time (ns)", ylabel=f"|G| {name} (S)")
    panels[0].legend(fontsize=8)
    save(figure, path)


# Long trainings: saturation.


def print_long(runs: list[xr.Dataset], best: float) -> None:
    starts = {int(d.attrs["seed"]): d.isel(training=0) for d in runs}
    maze = np.mean([[along(d.conductance)[0], across(d)[0]] for d in starts.values()])
    print(f"maze {maze:.3f} S (mean of {len(starts)} starts, along and across), best {best:.3f} S")
    times = ("10 ns", "50 ns", "100 ns", "150 ns", "200 ns", "relaxed", "last 50 ns: mean, sd")
    print_header("alpha", "V (V)", "start", *times, "abs(dm) of a pulse, last 20 ns")
    for dataset in sorted(runs, key=lambda d: (experiment_of(d).material.alpha, amplitude(d))):
        training = dataset.isel(training=0)
        g = np.append(along(training.conductance), along(training.conductance_state)[1])
        aligned = (g - maze) / (best - maze)
        relaxed = (along(training.conductance_state)[2] - maze) / (best - maze)
        cells = [f"{aligned[k]:.2f}" for k in (50, 250, 500, 750, -1)]
        moving = training.max_dm.to_numpy()[-100:]
        print(
            f"| {experiment_of(dataset).material.alpha:g} | {amplitude(dataset):g} "
            f"| {dataset.attrs['seed']} | {' | '.join(cells)} | {relaxed:.2f} "
            f"| {aligned[-250:].mean():.2f}, {aligned[-250:].std():.2f} "
            f"| {moving.min():.0e} to {moving.max():.0e} |"
        )


def draw_long(runs: list[xr.Dataset], best: float, path: Path) -> None:
    """All starts against time, and the textures of the first one at the end."""
    kinds = sorted({case(dataset) for dataset in runs})
    first = min(int(d.attrs["seed"]) for d in runs)
    colors = colormaps["RdBu_r"].resampled(8)
    figure = new_figure(10, 5.2)
    grid = figure.add_gridspec(2, len(kinds), height_ratios=(1.1, 1))
    axes = figure.add_subplot(grid[0, :])
    for dataset in runs:
        training, k = dataset.isel(training=0), kinds.index(case(dataset))
        alpha, voltage = kinds[k]
        is_first = dataset.attrs["seed"] == first
        time = 1e9 * np.append(0.0, training.time_end.to_numpy()[:-1])
        g = along(training.conductance)
        label = f"alpha {alpha:g}, {voltage:g} V" if is_first else None
        axes.plot(time, g, "-" if is_first else "--", color=f"C{k}", lw=1, label=label)
        if is_first:
            below = figure.add_subplot(grid[1, k])
            lx, ly, _ = (1e9 * length for length in experiment_of(dataset).film.lengths)
            mz = training.magnetization.isel(snapshot=-1, z=0).sel(component="z")
            below.imshow(
                mz,
                origin="lower",
                extent=(0, lx, 0, ly),
                cmap=colors,
                vmin=-1,
                vmax=1,
                interpolation="nearest",
            )
            below.set(title=f"alpha {alpha:g}, {voltage:g} V", xlabel="x (nm)", ylabel="y (nm)")
    axes.axhline(best, color="k", ls=":", label="stripes across the current")
    axes.set(xlabel="time (ns)", ylabel="|G| along (S)")
    axes.legend(fontsize=8, ncol=5)
    save(figure, path)


def case(dataset: xr.Dataset) -> tuple[float, float]:
    """Damping and voltage."""
    return experiment_of(dataset).material.alpha, amplitude(dataset)


# Loops.


def lobes(voltage: np.ndarray, g: np.ndarray, period: int) -> np.ndarray:
    """Mean difference of the falling and the rising branch in each half period, S.

    The signed area between the branches over the amplitude: positive where |G| is larger on the way
    back to zero.

    Parameters
    ----------
    voltage, g : ndarray, shape (pulses + 1,)
        Of a triangle that begins and ends at zero.
    period : int
        Pulses in a period.

    Returns
    -------
    ndarray, shape (2 pulses / period,)
    """
    size, half = np.abs(voltage), period // 2
    pieces = range(0, len(g) - half, half)
    return np.array(
        [-np.trapezoid(g[k : k + half + 1], size[k : k + half + 1]) for k in pieces]
    ) / (size.max())


def read_loops(runs: list[xr.Dataset]) -> dict[float, tuple[np.ndarray, np.ndarray, int]]:
    """Voltage, |G| of all starts (starts, pulses + 1), and period, for each amplitude."""
    found: dict[float, list[tuple[int, np.ndarray, np.ndarray, int]]] = {}
    for dataset in runs:
        training = dataset.isel(training=0)
        g = np.append(along(training.conductance), along(training.conductance_state)[1])
        if np.isfinite(g).all():
            voltage = np.append(2 * training.voltage.isel(contact=0).to_numpy(), 0.0)
            row = (int(dataset.attrs["seed"]), voltage, g, experiment_of(dataset).training.period)
            found.setdefault(amplitude(dataset), []).append(row)
    result = {}
    for key, rows in sorted(found.items()):
        rows.sort(key=lambda row: row[0])
        result[key] = rows[0][1], np.array([row[2] for row in rows]), rows[0][3]
    return result


def print_loops(loops: dict[float, tuple[np.ndarray, np.ndarray, int]]) -> None:
    print_header(
        "amplitude (V)",
        "starts",
        "area/amplitude of the half periods (S)",
        "mean of the last two",
        "G at zero voltage, every half period (S)",
        "gap at zero in the last period: of the mean",
        "root mean square of single starts",
    )
    for voltage, (v, g, period) in loops.items():
        half = period // 2
        areas = np.array([lobes(v, row, period) for row in g])
        zeros = g[:, ::half]
        gap = zeros[:, -2] - (zeros[:, -1] + zeros[:, -3]) / 2
        print(
            f"| {voltage:g} | {len(g)} | {', '.join(shown(a, 3) for a in areas.T)} "
            f"| {shown(areas[:, -2:].mean(axis=1), 3)} | {', '.join(shown(z) for z in zeros.T)} "
            f"| {shown(gap, 3)} | {np.sqrt((gap**2).mean()):.3f} |"
        )


def draw_loops(loops: dict[float, tuple[np.ndarray, np.ndarray, int]], path: Path) -> None:
    """Mean resistance in the last period with its standard error."""
    figure = new_figure(10, 3.4)
    panels = figure.subplots(1, len(loops), squeeze=False)[0]
    for (voltage, (v, g, period)), axes in zip(loops.items(), panels, strict=True):
        mean, error = spread(1e3 / g)
        first = len(v) - 1 - period
        turns = first + np.round(np.array([0, 0.25, 0.5, 0.75, 1]) * period).astype(int)
        for k, style in enumerate(("C0-", "C0--", "C1-", "C1--")):
            part = slice(turns[k], turns[k + 1] + 1)
            axes.plot(v[part], mean[part], style, label="away from zero" if k == 0 else "back")
            axes.errorbar(v[part][6::12], mean[part][6::12], error[part][6::12], fmt=f"C{k // 2}.")
        axes.set(title=f"{voltage:g} V", xlabel="voltage (V)")
    handles, labels = panels[0].get_legend_handles_labels()
    panels[0].legend(handles[:2], labels[:2], fontsize=8)
    panels[0].set(ylabel="resistance (mΩ)")
    save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("best", "trainings", "long", "loops"):
        command = commands.add_parser(name)
        command.add_argument("runs", nargs=1 if name == "best" else "+", type=Path)
        command.add_argument("--figure", type=Path)
        if name == "best":
            command.add_argument("--root", type=Path, default=Path("runs"))
        if name == "long":
            command.add_argument("--best", type=float, required=True, help="S")
    given = parser.parse_args()
    runs = open_runs(given.runs)
    if given.command == "best":
        print_best(experiment_of(runs[0]), given.root)
    elif given.command == "trainings":
        found = read_trainings(runs)
        print_trainings(found)
        if given.figure is not None:
            draw_trainings(found, given.figure)
    elif given.command == "long":
        print_long(runs, given.best)
        if given.figure is not None:
            draw_long(runs, given.best, given.figure)
    else:
        loops = read_loops(runs)
        print_loops(loops)
        if given.figure is not None:
            draw_loops(loops, given.figure)


if __name__ == "__main__":
    main()
