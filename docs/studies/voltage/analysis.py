"""How fast, how deep and at what cost E' of the trained pattern falls at each voltage.

    python -m docs.studies.voltage.analysis [--figure FILE] [--memristors CAMPAIGN]
        --trainings CAMPAIGN

prints the tables of the page for the campaign voltage, and the exponent of the rise of |G| for
the campaign memristor. E' is counted from the untrained reference and divided by the pattern's
power in it, which takes V^2 out.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.optimize import curve_fit

from docs.studies.shared import (
    experiment_of,
    mean_and_error,
    open_runs,
    print_header,
    spread,
)
from orchestrator.analysis.cost import drift_speed
from orchestrator.describe.experiment import Experiment
from orchestrator.plotting.style import new_figure, save

WINDOWS = (1e-9, 2e-9, 4e-9, 1e-8, 3e-8)
"""Times from the start over which a mean rate is taken, s."""
FALLS = (0.02, 0.04, 0.06)
"""Falls of the mean E' whose cost is read."""
RESAMPLES = 2000


@dataclass(frozen=True)
class Voltage:
    """The trainings at one voltage, one row for each start.

    Attributes
    ----------
    voltage : float
        V0 at each contact, V.
    seeds : tuple of int
        Starts.
    time : ndarray, shape (pulses,)
        Times at which the textures were read, s; the first is 0.
    change : ndarray, shape (starts, pulses)
        E'/P minus its value before training.
    heat : ndarray, shape (starts, pulses)
        Joule heat until then, J.
    relaxed, rank, last_dm : ndarray, shape (starts,)
        Change after relaxation without current, rank of the pattern, |dm| of the last pulse.
    """

    voltage: float
    seeds: tuple[int, ...]
    time: np.ndarray
    change: np.ndarray
    heat: np.ndarray
    relaxed: np.ndarray
    rank: np.ndarray
    last_dm: np.ndarray

    def rate(self, window: float) -> np.ndarray:
        """Fall of E'/P per time over the first part of the training, 1/s; one for each start."""
        k = int(np.argmin(np.abs(self.time - window)))
        return -self.change[:, k] / self.time[k]


def read_voltages(runs: list[xr.Dataset]) -> list[Voltage]:
    """Runs of one pattern sorted by voltage and start."""
    found: dict[float, list[tuple[int, xr.Dataset]]] = {}
    for run in runs:
        voltage = experiment_of(run).training.voltage
        found.setdefault(voltage, []).append((run.attrs["seed"], run))
    result = []
    for voltage, group in sorted(found.items()):
        group.sort(key=lambda pair: pair[0])
        rows = [one_training(run.isel(training=0)) for _, run in group]
        columns = {key: np.stack([row[key] for row in rows]) for key in rows[0] if key != "time"}
        seeds = tuple(seed for seed, _ in group)
        result.append(Voltage(voltage, seeds, rows[0]["time"], **columns))
    return result


def one_training(run: xr.Dataset) -> dict[str, np.ndarray]:
    ends = run.time_end.to_numpy()
    own = str(run.training.to_numpy())
    power = float(run.reference_power.sel(reference="untrained", input=own))
    share = run.trained_energy.sel(reference="untrained").to_numpy() / power
    relaxed = float(run.energy.sel(reference="untrained", input=own, state="relaxed")) / power
    heat = np.concatenate([[0.0], np.cumsum(run.energy_spent.to_numpy())])[:-1]
    return {
        "time": np.concatenate([[0.0], ends])[:-1],
        "change": share - share[0],
        "heat": heat,
        "relaxed": np.array(relaxed - share[0]),
        "rank": run.trained_rank.sel(reference="untrained").to_numpy(),
        "last_dm": run.max_dm.to_numpy()[-1],
    }


def power_law(x: np.ndarray, y: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Exponent of the least-squares fit of a power law, and its standard error by the y errors."""
    scale = x[-1]
    (_, exponent), covariance = curve_fit(
        lambda v, factor, p: factor * (v / scale) ** p,
        x,
        y,
        (y[-1], 1.0),
        errors,
        absolute_sigma=True,
        maxfev=10000,
    )
    return float(exponent), float(np.sqrt(covariance[1, 1]))


def exponent_of_rates(
    voltages: np.ndarray, rates: np.ndarray, rng: np.random.Generator
) -> tuple[float, float, dict[float, float]]:
    """Exponent of the mean rates against the voltage.

    Parameters
    ----------
    voltages : ndarray, shape (n,)
        V.
    rates : ndarray, shape (n, starts)
        The same starts at each voltage.
    rng : Generator
        Draws the starts again for the error.

    Returns
    -------
    exponent, error : float
        Weighted least squares. The error is that of the fit or half of the range that holds 68 % of
        the resamples, whichever is larger: few starts may agree by chance.
    misfit : dict
        Weighted sum of squares over n - 1, for the exponents 1 and 2 and the best factor.
    """
    mean = rates.mean(axis=1)
    errors = rates.std(axis=1, ddof=1) / np.sqrt(rates.shape[1])
    exponent, of_fit = power_law(voltages, mean, errors)
    drawn = []
    for _ in range(RESAMPLES):
        chosen = rng.integers(rates.shape[1], size=rates.shape[1])
        drawn.append(power_law(voltages, rates[:, chosen].mean(axis=1), errors)[0])
    low, high = np.percentile(drawn, [16, 84])
    misfit = {}
    for fixed in (1.0, 2.0):
        law = voltages**fixed / errors
        left = mean / errors - law * (law @ (mean / errors)) / (law @ law)
        misfit[fixed] = float(left @ left / (len(voltages) - 1))
    return exponent, max(of_fit, float(high - low) / 2), misfit


def print_voltages(groups: list[Voltage], experiment: Experiment) -> None:
    lx, _, lz = experiment.film.lengths
    falls = ("2 ns", "10 ns", "30 ns", "relaxed")
    print_header("V0 (V)", "u (m/s)", "starts", *falls, "last abs(dm)", "lowest input", "heat (nJ)")
    for group in groups:
        cells = []
        for time in (2e-9, 1e-8, group.time[-1]):
            k = int(np.argmin(np.abs(group.time - time)))
            cells.append(percent(group.change[:, k]))
        cells.append(percent(group.relaxed))
        current = group.heat[:, 1].mean() / group.time[1] / group.voltage / 2
        speed = drift_speed(experiment.material, current / (lx * lz))
        dm = " to ".join(f"{x:.1g}" for x in (group.last_dm.min(), group.last_dm.max()))
        print(
            f"| {group.voltage:g} | {speed:.0f} | {len(group.seeds)} | {' | '.join(cells)} | {dm} "
            f"| {int((group.rank == 1).sum())} | {1e9 * group.heat[:, -1].mean():.2f} |"
        )


def percent(values: np.ndarray, digits: int = 1) -> str:
    return mean_and_error(100 * values, f".{digits}f")


def print_rates(voltages: np.ndarray, rates: dict[float, np.ndarray], largest: float) -> None:
    """Mean rates and their exponent.

    Parameters
    ----------
    voltages : ndarray, shape (n,)
        V.
    rates : dict of ndarray, shape (n, starts)
        For each time over which a rate is taken (s), 1/s.
    largest : float
        Largest voltage of the fits, V.
    """
    print()
    columns = [f"{v:g} V" for v in voltages]
    print_header("first (ns)", *columns, "exponent", "misfit with 1", "with 2")
    rng = np.random.default_rng(1)
    for window, rate in rates.items():
        cells = [percent(1e-9 * row, 2) for row in rate]
        chosen = voltages <= largest
        exponent, error, misfit = exponent_of_rates(voltages[chosen], rate[chosen], rng)
        print(
            f"| {1e9 * window:g} | {' | '.join(cells)} | {exponent:.2f} ± {error:.2f} "
            f"| {misfit[1.0]:.1f} | {misfit[2.0]:.1f} |"
        )


def rates_of_memristors(runs: list[xr.Dataset]) -> tuple[np.ndarray, dict[float, np.ndarray]]:
    """Relative rise of |G| along the current per time (1/s), mean of both signs.

    Returns
    -------
    voltages : ndarray, shape (n,)
        At one side, V.
    rates : dict of ndarray, shape (n, starts)
        For each of `WINDOWS`.
    """
    rises: dict[float, dict[int, np.ndarray]] = {}
    for run in runs:
        g = np.abs(run.conductance.isel(contact=0, contact_in=1).to_numpy())
        times = run.time_end.to_numpy()
        rise = []
        for window in WINDOWS:
            k = int(np.argmin(np.abs(times[0] - window)))
            rise.append(np.mean((g[:, k + 1] / g[:, 0] - 1) / times[:, k]))
        voltage = experiment_of(run).training.voltage
        rises.setdefault(voltage, {})[int(run.attrs["seed"])] = np.array(rise)
    voltages = sorted(rises)
    seeds = sorted(set.intersection(*(set(rises[v]) for v in voltages)))
    rates = np.array([[rises[v][seed] for seed in seeds] for v in voltages])
    return np.array(voltages), {w: rates[..., k] for k, w in enumerate(WINDOWS)}


def first_time(times: np.ndarray, falls: np.ndarray, target: float) -> float:
    """Time from which on a curve first reaches a fall; NaN if never."""
    reached = falls >= target
    return float(times[reached.argmax()]) if reached.any() else float("nan")


def print_costs(groups: list[Voltage]) -> None:
    """Time and heat until the mean over the starts has fallen so far, with resampled ranges."""
    print()
    print_header("V0 (V)", *(f"{100 * fall:g} %: ns, pJ" for fall in FALLS))
    rng = np.random.default_rng(2)
    for group in groups:
        cells = []
        n = len(group.seeds)
        for fall in FALLS:
            times = [
                first_time(group.time, -group.change[rng.integers(n, size=n)].mean(axis=0), fall)
                for _ in range(RESAMPLES)
            ]
            time = first_time(group.time, -group.change.mean(axis=0), fall)
            if np.isnan(time):
                cells.append("never")
                continue
            low, high = np.nanpercentile(times, [16, 84])
            heat = np.interp(time, group.time, group.heat.mean(axis=0))
            never = np.isnan(times).mean()
            note = f", never in {100 * never:.0f} %" if never > 0.01 else ""
            cells.append(
                f"{1e9 * time:.1f} ({1e9 * low:.1f} to {1e9 * high:.1f}{note}), {1e12 * heat:.0f}"
            )
        print(f"| {group.voltage:g} | {' | '.join(cells)} |")


def draw(groups: list[Voltage], largest: float, path: Path) -> None:
    figure = new_figure(11, 3.8)
    left, middle, right = figure.subplots(1, 3)
    for group in groups:
        mean = 100 * group.change.mean(axis=0)
        error = 100 * group.change.std(axis=0, ddof=1) / np.sqrt(len(group.seeds))
        label = f"{1e3 * group.voltage:g} mV"
        (line,) = left.plot(1e9 * group.time, mean, label=label)
        left.fill_between(
            1e9 * group.time, mean - error, mean + error, color=line.get_color(), alpha=0.15
        )
        if group.voltage <= largest:
            scaled = 1e9 * group.time * (group.voltage / largest) ** 2
            middle.plot(scaled, mean, color=line.get_color())
    left.set(xlabel="time (ns)", ylabel="change of E'/P (%)", title="mean of the starts")
    middle.set(xlabel=f"time x (V0 / {1e3 * largest:g} mV)² (ns)", xlim=(0, 8), title="scaled")
    volts = 1e3 * np.array([group.voltage for group in groups])
    for k, window in enumerate(WINDOWS[:3]):
        rates = np.array([spread(1e-7 * group.rate(window)) for group in groups])
        label = f"first {1e9 * window:g} ns"
        right.errorbar(volts * 1.04**k, *rates.T, fmt="o", capsize=2, label=label)
    fitted = volts[volts <= 1e3 * largest]
    top = rates[len(fitted) - 1, 0]
    for p, style in ((1, "k--"), (2, "k:")):
        right.plot(fitted, top * (fitted / fitted[-1]) ** p, style, label=f"V^{p}")
    right.set(xscale="log", yscale="log", ylim=(0.05, 5))
    right.set(xlabel="V0 (mV)", ylabel="fall of E'/P (% per ns)", title="first rate")
    right.set_xticks(volts, [f"{v:g}" for v in volts], fontsize=8)
    right.minorticks_off()
    left.legend(fontsize=8)
    right.legend(fontsize=8)
    save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--largest", type=float, default=0.05, help="of the fits, V")
    parser.add_argument("--memristors", nargs="*", type=Path, default=[])
    parser.add_argument("--trainings", nargs="+", type=Path, required=True)
    given = parser.parse_args()
    runs = open_runs(given.trainings)
    experiment = experiment_of(runs[0])
    groups = read_voltages(runs)
    print_voltages(groups, experiment)
    voltages = np.array([group.voltage for group in groups])
    rates = {w: np.array([group.rate(w) for group in groups]) for w in WINDOWS}
    print_rates(voltages, rates, given.largest)
    print_costs(groups)
    if given.memristors:
        print("\nrise of |G| along the current of memristors")
        found = rates_of_memristors(open_runs(given.memristors))
        print_rates(*found, given.largest)
    if given.figure is not None:
        draw(groups, given.largest, given.figure)


if __name__ == "__main__":
    main()
