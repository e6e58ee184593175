"""What a training does to the conductances: pairs with equal and with different voltage.

    python -m docs.studies.natural_learning.analysis RUN_FOLDER...

takes finished runs of four-node networks (such as those of data/campaigns/inputs14.toml), prints
the tables of the page and draws natural_learning.png beside this file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy import stats

import orchestrator
from docs.studies.shared import print_header
from orchestrator.learning.hopfield import signs
from orchestrator.plotting.style import new_figure, save

HERE = Path(__file__).parent
KINDS = ("different voltage", "equal voltage")


def main() -> None:
    change: dict[str, list[float]] = {kind: [] for kind in KINDS}
    history: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    totals, spreads, step_pairs = [], [], []
    for path in sys.argv[1:]:
        run = orchestrator.open_run(path)
        state = run.conductance_state.to_numpy()
        finished = np.isfinite(state).all(axis=(1, 2, 3))
        upper = np.triu_indices(state.shape[-1], 1)
        for k in np.flatnonzero(finished):
            before, after = (np.abs(state[k, s][upper]) for s in (0, 2))
            v = signs(str(run.training.values[k]))
            different = np.not_equal.outer(v, v)[upper]
            pulses = np.abs(run.conductance[k].to_numpy()[:, upper[0], upper[1]])
            for kind, mask in zip(KINDS, (different, ~different), strict=True):
                change[kind] += list((after / before - 1)[mask])
                history[kind].append((pulses / pulses[0] - 1)[:, mask].mean(axis=1))
            totals.append(after.sum() / before.sum() - 1)
            spreads.append(np.std(after / before - 1))
            step_pairs.append((pulses[1:] - pulses[:-1]).mean(axis=0) / before)
    print_header("pairs", "number", "mean change of abs(G)", "rise", "fall", "p (sign test)")
    for kind, values in change.items():
        x = np.array(values)
        p = stats.binomtest(int((x > 0).sum()), len(x)).pvalue
        error = x.std(ddof=1) / np.sqrt(len(x))
        print(
            f"| {kind} | {len(x)} | {x.mean():+.3f} ± {error:.3f} | "
            f"{(x > 0).sum()} | {(x < 0).sum()} | {p:.1e} |"
        )
    total = np.array(totals)
    error = total.std(ddof=1) / np.sqrt(len(total))
    print(
        f"sum of all abs(G_ij): {total.mean():+.3f} ± {error:.3f}, from {total.min():+.3f} "
        f"to {total.max():+.3f}; spread between pairs {np.mean(spreads):.3f}"
    )
    correlation = stats.spearmanr(*competing(step_pairs))
    print(
        "a pair against those that share a contact: "
        f"rank correlation {correlation.statistic:+.2f}, p = {correlation.pvalue:.1e}"
    )
    figure = new_figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    left.hist([change[kind] for kind in KINDS], bins=15, label=KINDS)
    left.axvline(0, color="k", linewidth=0.5)
    left.set(xlabel="relative change of |G_ij| by training", ylabel="pairs")
    left.legend()
    for kind, curves in history.items():
        mean = np.mean(curves, axis=0)
        error = np.std(curves, axis=0) / np.sqrt(len(curves))
        pulse = np.arange(1, len(mean) + 1)
        right.plot(pulse, mean, label=kind)
        right.fill_between(pulse, mean - error, mean + error, alpha=0.3)
    right.set(xlabel="pulse", ylabel="mean relative change of |G_ij|")
    right.legend()
    save(figure, HERE / "natural_learning.png")


def competing(rates: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean rate of one pair against the mean of the pairs that share a contact with it."""
    first, second = np.triu_indices(4, 1)
    own, others = [], []
    for rate in rates:
        for k in range(len(first)):
            shared = [
                q
                for q in range(len(first))
                if q != k and {first[q], second[q]} & {first[k], second[k]}
            ]
            own.append(rate[k])
            others.append(rate[shared].mean())
    return np.array(own), np.array(others)


if __name__ == "__main__":
    main()
