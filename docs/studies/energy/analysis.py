"""What training and reading cost, from finished runs.

    python -m docs.studies.energy.analysis [--figure FILE] --trainings RUN ... --memristors RUN ...

prints the tables of the page: heat of the trainings of four-node networks, and what it takes to
turn the stripes of memristors of several voltages and sizes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

from docs.studies.shared import experiment_of
from orchestrator import open_run
from orchestrator.analysis.cost import (
    adiabatic_heating,
    drift_speed,
    period_time,
    reached,
    readout_heat,
    training_heat,
)
from orchestrator.learning.hopfield import signs
from orchestrator.plotting.style import new_figure, save

SHARE = 0.015
"""Rise of |G| along the current that counts as turned, relative to its first value."""
READ_VOLTAGES = (5e-3, 1e-3, 1e-4)
READ_TIME = 1e-9


def print_trainings(runs: list[xr.Dataset]) -> None:
    print(
        "| pattern | trainings | mean power (mW) | heat (nJ) | for reading at "
        + " | ".join(f"{1e3 * v:g} mV (fJ)" for v in READ_VOLTAGES)
        + " | heating (K) |"
    )
    rows: dict[str, list[list[float]]] = {}
    for run in runs:
        experiment = experiment_of(run)
        heats = training_heat(run).to_numpy()
        for k, pattern in enumerate(run.training.to_numpy()):
            g = run.conductance_state[k, 2].to_numpy()
            if not np.isfinite(g).all():
                continue
            own = signs(pattern)
            reads = [float(readout_heat(g, v * own, READ_TIME)) for v in READ_VOLTAGES]
            heating = adiabatic_heating(float(heats[k]), experiment.film)
            duration = float(run.duration[k].sum())
            row = [1e3 * heats[k] / duration, 1e9 * heats[k], *(1e15 * r for r in reads), heating]
            rows.setdefault(
                min(pattern, str(pattern).translate(str.maketrans("+-", "-+"))), []
            ).append(row)
    for pattern, values in sorted(rows.items()):
        mean = np.mean(values, axis=0)
        print(f"| `{pattern}` | {len(values)} | " + " | ".join(f"{x:.3g}" for x in mean) + " |")


def memristor_rows(runs: list[xr.Dataset]) -> list[dict[str, float]]:
    rows = []
    for run in runs:
        experiment = experiment_of(run)
        lx, _, lz = experiment.film.lengths
        for k in range(len(run.training)):
            g = np.abs(run.conductance[k, :, 0, 1].to_numpy())
            if not np.isfinite(g).all():
                continue
            ends = run.time_end[k].to_numpy()
            starts = np.concatenate([[0.0], ends[:-1]])
            heat = np.concatenate([[0.0], np.cumsum(run.energy_spent[k].to_numpy())])[:-1]
            time = reached(starts, g, g[0] * (1 + SHARE))
            v = experiment.training.amplitude
            j = 2 * v * g[0] / (lx * lz)
            material = experiment.material
            rows.append(
                {
                    "voltage": v,
                    "length": lx,
                    "time": time,
                    "energy": float(np.interp(time, starts, heat)) if np.isfinite(time) else np.nan,
                    "speed": drift_speed(material, j),
                    "period": period_time(material, j),
                    "rise": float(g.max() / g[0] - 1),
                    "power": float(run.power[k].mean()),
                }
            )
    return rows


def print_memristors(rows: list[dict[str, float]]) -> None:
    print(
        "\n| L (nm) | V at each side (V) | trainings | u (m/s) | time of a period (ns) "
        "| largest rise of G | "
        f"time to +{100 * SHARE:g} % (ns) | in periods | heat until then (pJ) | power (mW) |"
    )
    for key in sorted({(r["length"], r["voltage"]) for r in rows}):
        chosen = [r for r in rows if (r["length"], r["voltage"]) == key]
        mean = {name: np.mean([r[name] for r in chosen]) for name in chosen[0]}
        times = [f"{1e9 * r['time']:.1f}" for r in chosen]
        heats = [f"{1e12 * r['energy']:.0f}" for r in chosen]
        print(
            f"| {1e9 * key[0]:.0f} | {key[1]:g} | {len(chosen)} | {mean['speed']:.1f} | "
            f"{1e9 * mean['period']:.1f} | {100 * mean['rise']:.1f} % | {', '.join(times)} | "
            f"{np.mean([r['time'] / r['period'] for r in chosen]):.1f} | {', '.join(heats)} | "
            f"{1e3 * mean['power']:.3g} |"
        )


def slope(x: list[float], y: list[float]) -> tuple[float, float]:
    """Exponent of a power law and its standard error, from trainings that have a value."""
    ok = np.isfinite(y)
    design = np.stack([np.log(np.array(x)[ok]), np.ones(ok.sum())], axis=1)
    target = np.log(np.array(y)[ok])
    found, *_ = np.linalg.lstsq(design, target, rcond=None)
    left = target - design @ found
    variance = left @ left / max(ok.sum() - 2, 1) * np.linalg.inv(design.T @ design)
    return float(found[0]), float(np.sqrt(variance[0, 0]))


def draw(rows: list[dict[str, float]], path: Path) -> None:
    figure = new_figure(10, 3.8)
    left, right = figure.subplots(1, 2)
    largest = max(r["length"] for r in rows)
    of_voltage = [r for r in rows if r["length"] == largest]
    fields = np.array([r["voltage"] / r["length"] for r in rows])
    common = np.median(
        [r["voltage"] / r["length"] for r in rows if r["length"] < largest] or fields
    )
    of_size = [r for r, f in zip(rows, fields, strict=True) if abs(f / common - 1) < 1e-6]
    for axes, chosen, name, label in (
        (left, of_voltage, "voltage", "V at each side (V)"),
        (right, of_size, "length", "edge of the film (m)"),
    ):
        x = [r[name] for r in chosen]
        for key, scale, text in (("time", 1e9, "time (ns)"), ("energy", 1e12, "heat (pJ)")):
            y = [scale * r[key] for r in chosen]
            exponent, error = slope(x, y)
            print(f"{text} ~ {name}^({exponent:.2f} +- {error:.2f})")
            axes.loglog(x, y, "o", label=f"{text}, exponent {exponent:.1f} ± {error:.1f}")
        axes.set(xlabel=label, title=f"until G has risen by {100 * SHARE:g} %")
        axes.legend(fontsize=8)
    save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--trainings", nargs="*", type=Path, default=[])
    parser.add_argument("--memristors", nargs="*", type=Path, default=[])
    given = parser.parse_args()
    if given.trainings:
        print_trainings([open_run(path) for path in given.trainings])
    if given.memristors:
        rows = memristor_rows([open_run(path) for path in given.memristors])
        print_memristors(rows)
        if given.figure is not None:
            draw(rows, given.figure)


if __name__ == "__main__":
    main()
