"""The film as a memristor: voltages, signs, retention and loops.

    python docs/studies/memristor.py LOOP_FOLDER RUN_FOLDER...

takes the run of data/experiments/memristor_loop.toml and the runs of data/campaigns/memristor.toml,
prints the table of the page and draws memristor.png beside this file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import xarray as xr

import orchestrator
from orchestrator.plotting.style import new_figure, save

HERE = Path(__file__).parent


def along(run: xr.Dataset) -> np.ndarray:
    """|G| between the driven sides, S, against the pulse."""
    return np.abs(run.conductance.isel(contact=0, contact_in=1).to_numpy())


def amplitude(dataset: xr.Dataset) -> float:
    """Voltage between the driven sides, V."""
    return 2 * json.loads(dataset.attrs["description"])["training"]["voltage"]


def main() -> None:
    loop = orchestrator.open_run(sys.argv[1]).isel(training=0)
    runs = sorted((orchestrator.open_run(path) for path in sys.argv[2:]), key=amplitude)
    figure = new_figure(10, 3.8)
    left, right = figure.subplots(1, 2)
    print("| V (V) | sign | 0 | 10 ns | 25 ns | 50 ns | 20 ns later | across | last abs(dm) |")
    print("|---|" + "---|" * 8)
    for dataset in runs:
        for training, style in (("+-", "-"), ("-+", "--")):
            run = dataset.sel(training=training)
            g, across = along(run), np.abs(run.probe_conductance.isel(probe=0).to_numpy())
            ends = np.abs(run.conductance_state.isel(contact=0, contact_in=1).to_numpy())
            cells = [f"{x:.3f}" for x in (g[0], g[50], g[125], ends[1], ends[2])]
            change = f"{across[0]:.3f} -> {across[-1]:.3f}"
            sign = "+" if training == "+-" else "-"
            last = float(run.max_dm[-1])
            print(
                f"| {amplitude(dataset):g} | {sign} | {' | '.join(cells)} | {change} | {last:.1e} |"
            )
            label = f"{sign}{amplitude(dataset):g} V"
            left.plot(1e9 * run.time - 0.2, g, style, label=label)
    left.set(xlabel="time (ns)", ylabel="|G| along (S)")
    left.legend(fontsize=7)
    voltage = 2 * loop.voltage.isel(contact=0).to_numpy()
    half = len(voltage) // 2
    right.plot(voltage[:half], along(loop)[:half], label="first 50 ns")
    right.plot(voltage[half:], along(loop)[half:], label="second 50 ns")
    right.set(xlabel="voltage (V)", ylabel="|G| along (S)")
    right.legend()
    save(figure, HERE / "memristor.png")


if __name__ == "__main__":
    main()
