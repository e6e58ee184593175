"""How far a small current moves a film with grains, and whether it goes back.

    python -m docs.studies.pinning.analysis CAMPAIGN_FOLDER

takes the campaign of data/campaigns/pinning.toml. The untrained texture of each of its runs relaxes
for 10 ns more, then the first pattern is held for 2 ns at rising voltages, each time from that
texture, and the current rests for 2 ns. Prints by how much the texture then differs from one that
was left alone for as long (root mean square of |dm| over the cells), under the current and after
it; what is kept is the ratio of the two. Runs that have not finished are left out. Draws
pinning.png beside this file, with the fall of E' by training.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

import orchestrator
from docs.studies.shared import print_header
from orchestrator.describe.conditions import Conditions
from orchestrator.describe.device import Device
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.learning.hopfield import signs
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.plotting.style import new_figure, save
from orchestrator.transport.network import Network

HERE = Path(__file__).parent
VOLTAGES = (3e-4, 1e-3, 3e-3, 1e-2, 2e-2, 5e-2)
HOLD = 2e-9
THRESHOLD = 0.25
"""Share of the displacement that is kept at the threshold."""


@dataclass(frozen=True)
class Response:
    """Root mean squares of |dm| against a film left alone.

    Attributes
    ----------
    during, after : float
        At the end of the current, and after as long without it.
    current_density : float
        Root mean square over the cells, A/m2.
    """

    during: float
    after: float
    current_density: float

    @property
    def kept(self) -> float:
        """Share of the displacement that is left without current."""
        return self.after / self.during


class PinnedFilm:
    """A film with grains, on the embedded engine."""

    def __init__(self, device: Device, conditions: Conditions, folder: Path) -> None:
        self._cell_size, self._folder = device.film.cell_size, folder
        self._scripts = Scripts(device, conditions=conditions)
        self._network = Network(device.film, device.resistivity, device.contacts)

    def run(self, m: np.ndarray, blocks: list[str]) -> list[np.ndarray]:
        """The textures after each of some blocks that save after.ovf."""
        write_ovf(self._folder / "m.ovf", m, self._cell_size)
        session = CpuEngine().start(self._scripts.setup(), self._folder, "m.ovf")
        try:
            saved = (session.execute(block, "after.ovf").magnetization for block in blocks)
            return [read_ovf(path).data for path in saved]
        finally:
            session.close()

    def alone(self, m: np.ndarray, *durations: float) -> list[np.ndarray]:
        """The textures after times without current."""
        relax = [self._scripts.relax(t, "after.ovf", number=k) for k, t in enumerate(durations)]
        return self.run(m, relax)

    def response(
        self, m: np.ndarray, v: np.ndarray, hold: float, alone: list[np.ndarray]
    ) -> Response:
        """What voltages do that are held, and then not, against the textures left alone."""
        j = self._network.solve(m).current_density(v)
        write_ovf(self._folder / "j.ovf", j, self._cell_size, unit="A/m2")
        pulse = self._scripts.pulse(1, v.tolist(), "j.ovf", hold, "after.ovf")
        moved = self.run(m, [pulse, self._scripts.relax(hold, "after.ovf", number=2)])
        during, after = (root_mean_square(a - b) for a, b in zip(moved, alone, strict=True))
        return Response(during, after, root_mean_square(j))


def root_mean_square(vectors: np.ndarray) -> float:
    """Of the lengths of vectors, shape (..., 3)."""
    return float(np.sqrt((vectors**2).sum(axis=-1).mean()))


def threshold(kept: np.ndarray) -> float:
    """Voltage (V) from which more than THRESHOLD is kept; 0 where that is so at all voltages."""
    below = np.flatnonzero(kept < THRESHOLD)
    if len(below) == 0:
        return 0.0
    last = below[-1]
    if last == len(kept) - 1:
        return float("inf")
    pair = slice(last, last + 2)
    return float(np.exp(np.interp(THRESHOLD, kept[pair], np.log(VOLTAGES[pair]))))


def responses(folder: Path) -> tuple[list[Response], float]:
    """Of the untrained texture of a run at all voltages, and its own drift over HOLD."""
    description = json.loads((folder / "description.json").read_text())
    experiment = Experiment.from_dict(description["experiment"])
    pattern = signs(experiment.training.patterns[0])
    with tempfile.TemporaryDirectory() as name:
        film = PinnedFilm(experiment.device, experiment.conditions, Path(name))
        (m,) = film.alone(read_ovf(folder / "1" / "m_000000.ovf").data, 10e-9)
        alone = film.alone(m, HOLD, HOLD)
        found = [film.response(m, v * pattern, HOLD, alone) for v in VOLTAGES]
    return found, root_mean_square(alone[0] - m)


def falls(campaign: xr.Dataset) -> xr.DataArray:
    """By how much of itself E' of the trained pattern fell, against the saturated film."""
    parts = []
    for k, pattern in enumerate(campaign.training.to_numpy()):
        own = campaign.energy.isel(training=k).sel(input=pattern, reference="saturated", drop=True)
        parts.append(1 - own.sel(state="relaxed", drop=True) / own.sel(state="before", drop=True))
    return xr.concat(parts, campaign.training)


def main() -> None:
    campaign = orchestrator.open_campaign(sys.argv[1]).load()
    print_header("grains", "drift", "V0 (mV)", "j (A/m2)", "under current", "after it", "kept")
    kept, during = {}, {}
    for label in campaign.grains.to_numpy():
        runs = campaign.sel(grains=label)
        runs = runs.isel(seed=runs.status.to_numpy() == "finished")
        if runs.sizes["seed"] == 0:
            continue
        found = [responses(Path(str(folder))) for folder in runs.folder.to_numpy()]
        drift = np.mean([own for _, own in found])
        kept[label] = np.array([[r.kept for r in each] for each, _ in found])
        during[label] = np.array([[r.during for r in each] for each, _ in found])
        after = kept[label] * during[label]
        density = np.mean([[r.current_density for r in each] for each, _ in found], axis=0)
        for k, v in enumerate(VOLTAGES):
            print(
                f"| {label} | {drift:.1e} | {1e3 * v:g} | {density[k]:.1e} | "
                f"{during[label][:, k].mean():.1e} | {after[:, k].mean():.1e} | "
                f"{', '.join(f'{share:.2f}' for share in kept[label][:, k])} |",
                flush=True,
            )
        limits = ", ".join(f"{1e3 * threshold(each):.1f}" for each in kept[label])
        print(f"| {label} | threshold of the starts (mV): {limits} |||||", flush=True)
    draw(campaign, during, kept)


def draw(campaign: xr.Dataset, during: dict[str, np.ndarray], kept: dict[str, np.ndarray]) -> None:
    figure = new_figure(12, 3.8)
    left, middle, right = figure.subplots(1, 3)
    millivolts = 1e3 * np.array(VOLTAGES)
    for label, values in kept.items():
        (drawn,) = left.loglog(millivolts, during[label].mean(axis=0), "o-", label=label)
        after = (values * during[label]).mean(axis=0)
        left.loglog(millivolts, after, "o--", color=drawn.get_color(), markerfacecolor="w")
        middle.semilogx(millivolts, np.median(values, axis=0), color=drawn.get_color())
        middle.semilogx(millivolts, values.T, ".", color=drawn.get_color())
    left.set(
        title="full: under current, dashed: 2 ns after it", xlabel="voltage (mV)", ylabel="rms |dm|"
    )
    middle.set(title="share that is kept", xlabel="voltage (mV)", ylim=(0, None))
    middle.axhline(THRESHOLD, color="k", linestyle=":")
    left.legend(title="grains, spread of Ku1", fontsize=8)
    fall = falls(campaign)
    x = np.arange(campaign.sizes["grains"])
    for k, pattern in enumerate(campaign.training.to_numpy()):
        own = 100 * fall.sel(training=pattern)
        right.errorbar(
            x + 0.1 * k, own.mean("seed"), own.std("seed"), fmt="o", label=f"{{{pattern}}}"
        )
    right.axhline(0, color="k", linewidth=0.5)
    right.set_xticks(x, [str(g).replace(", ", "\n") for g in campaign.grains.to_numpy()])
    right.set(title="fall of E' by training (%)")
    right.legend(loc="lower left")
    save(figure, HERE / "pinning.png")


if __name__ == "__main__":
    main()
