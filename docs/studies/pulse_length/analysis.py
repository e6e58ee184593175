"""How the result of continuous training converges as its pulses get shorter.

    python -m docs.studies.pulse_length.analysis CAMPAIGN_FOLDER

takes the campaign of data/campaigns/pulse_length.toml. Prints the difference of the final
conductance matrix from the limit that the two shortest lengths extrapolate to, the order between
successive lengths and the error that step doubling estimates, and draws pulse_length.png beside
this file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import xarray as xr

import orchestrator
from docs.studies.shared import print_header
from orchestrator.plotting.style import new_figure, save

HERE = Path(__file__).parent


def final(campaign: xr.Dataset, label: str) -> np.ndarray:
    """G after the last pulse for all seeds, shape (seeds, N, N)."""
    chosen = campaign.sel(pulses=label).isel(training=0).sel(state="after")
    return chosen.conductance_state.to_numpy()


def number(campaign: xr.Dataset, label: str) -> np.ndarray:
    """Pulses that the trainings took."""
    durations = campaign.sel(pulses=label).isel(training=0).duration.to_numpy()
    return np.isfinite(durations).sum(axis=-1)


def difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Relative difference of conductance matrices, one per seed."""
    return np.linalg.norm(a - b, axis=(1, 2)) / np.linalg.norm(b, axis=(1, 2))


def main() -> None:
    campaign = orchestrator.open_campaign(sys.argv[1])
    labels = [str(label) for label in campaign.pulses.values]
    fixed = [label for label in labels if label.endswith("ps")]
    lengths = np.array([float(label.split()[0]) for label in fixed])
    best = 2 * final(campaign, fixed[-1]) - final(campaign, fixed[-2])
    print_header("pulses", "number", "error of G", "order", "step doubling")
    errors, previous = {}, None
    for k, label in enumerate(labels[: len(fixed)]):
        g = final(campaign, label)
        doubled = difference(g, previous) if previous is not None else np.full(len(g), np.nan)
        errors[label] = difference(g, best)
        order = np.log2(errors[labels[k - 1]] / errors[label]) if k > 0 else None
        print_line(label, number(campaign, label), errors[label], order, doubled)
        previous = g
    for label in labels[len(fixed) :]:
        errors[label] = difference(final(campaign, label), best)
        print_line(label, number(campaign, label), errors[label], None, np.full(len(best), np.nan))
    draw(campaign, fixed, [label for label in labels if label not in fixed], lengths, errors)


def print_line(
    label: str, count: np.ndarray, error: np.ndarray, order: np.ndarray | None, doubled: np.ndarray
) -> None:
    def joined(values: np.ndarray, style: str) -> str:
        return ", ".join(format(v, style) for v in values) if np.isfinite(values).all() else ""

    rates = "" if order is None else joined(order, ".2f")
    cells = [label, joined(count, "d"), joined(error, ".1e"), rates, joined(doubled, ".1e")]
    print(f"| {' | '.join(cells)} |")


def draw(
    campaign: xr.Dataset,
    fixed: list[str],
    adaptive: list[str],
    lengths: np.ndarray,
    errors: dict[str, np.ndarray],
) -> None:
    figure = new_figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    for seed in range(campaign.sizes["seed"]):
        values = [errors[label][seed] for label in fixed]
        left.loglog(lengths, values, "o-", label=f"start {int(campaign.seed[seed])}")
        style = {"color": f"C{seed}"}
        right.loglog(number_of(campaign, fixed, seed), values, "o-", **style)
        for line, word in (("x--", "|dm|"), ("+:", "|dI|")):
            labels = [label for label in adaptive if word in label]
            counts = number_of(campaign, labels, seed)
            right.loglog(counts, [errors[label][seed] for label in labels], line, **style)
    left.loglog(lengths, 1e-2 * lengths / lengths[0], "k:", label="first order")
    left.set(xlabel="pulse length (ps)", ylabel="relative error of G")
    left.legend()
    right.set(
        xlabel="number of pulses\n(o fixed, x by the change of m, + by that of the currents)",
        ylabel="relative error of G",
    )
    save(figure, HERE / "pulse_length.png")


def number_of(campaign: xr.Dataset, labels: list[str], seed: int) -> list[int]:
    return [int(number(campaign, label)[seed]) for label in labels]


if __name__ == "__main__":
    main()
