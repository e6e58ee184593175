"""Figures of the materials: signs of the feedback, and learning against the AMR ratio.

    python -m docs.studies.materials.analysis MATERIALS_CAMPAIGN AMR_CAMPAIGN AMR_CURRENT_CAMPAIGN

takes the campaigns of data/campaigns/materials.toml, amr.toml and amr_current.toml. Draws
materials.png and amr.png beside this file and prints the table of the AMR ratios.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import xarray as xr

from docs.studies.shared import REFERENCES, print_header, with_all_references
from orchestrator.plotting.style import new_figure, save

HERE = Path(__file__).parent


def own_energy(campaign: xr.Dataset, training: int, pattern: str) -> xr.DataArray:
    """E'/E0 of a training's pattern against the saturated film."""
    relative = (campaign.energy / campaign.reference_power).isel(training=training)
    return relative.sel(input=pattern, reference="saturated", drop=True)


def change_of_power(campaign: xr.Dataset, training: int, pattern: str) -> xr.DataArray:
    """By how much the training changed the power of its pattern, relative to that before."""
    own = campaign.energy.isel(training=training).sel(input=pattern, reference="own", drop=True)
    power = (
        campaign.reference_power.isel(training=training)
        if ("training" in campaign.reference_power.dims)
        else campaign.reference_power
    )
    return -own.sel(state="relaxed", drop=True) / power.sel(
        input=pattern, reference="own", drop=True
    )


def draw_signs(campaign: xr.Dataset) -> None:
    """Change of E'/E0 by training for each material and pattern, one panel a drive."""
    labels = [str(label) for label in campaign.material.to_numpy()]
    y = np.arange(len(labels))[::-1]
    figure = new_figure(10, 3.8)
    panels = figure.subplots(1, campaign.sizes["drive"], sharey=True, sharex=True)
    for axes, drive in zip(panels, campaign.drive.to_numpy(), strict=True):
        chosen = campaign.sel(drive=drive)
        for k, pattern in enumerate(campaign.training.to_numpy()):
            own = own_energy(chosen, k, pattern)
            change = own.sel(state="relaxed") - own.sel(state="before")
            mean = change.mean("seed").to_numpy()
            place = y + 0.2 - 0.4 * k
            axes.barh(
                place, mean, 0.36, xerr=change.std("seed"), color=f"C{k}", label=f"{{{pattern}}}"
            )
            lowest = (chosen.trained_rank.isel(training=k) == 1).sum("seed")
            for row, value in enumerate(mean):
                counts = "/".join(str(n) for n in lowest.isel(material=row).to_numpy())
                side = "left" if value < 0 else "right"
                axes.annotate(
                    counts, (0, place[row]), (4 if value < 0 else -4, 0), fontsize=8,
                    textcoords="offset points", ha=side, va="center",
                )  # fmt: skip
        axes.axvline(0, color="k", linewidth=0.8)
        title = "fixed voltages, weights G" if drive == "voltage" else "fixed currents, weights R"
        axes.set(title=title, xlabel="change of E'/E0 by training (learned: < 0)")
    panels[0].set_yticks(y, labels)
    panels[0].legend(loc="lower left", fontsize=8)
    save(figure, HERE / "materials.png")


def print_ratios(name: str, campaign: xr.Dataset) -> None:
    pattern = str(campaign.training.to_numpy()[0])
    own, power = own_energy(campaign, 0, pattern), change_of_power(campaign, 0, pattern)
    current = np.abs(campaign.current.isel(training=0, pulse=0)).mean("contact")
    for a in campaign.amr.to_numpy():
        each = own.sel(amr=a)
        before, relaxed = each.sel(state="before"), each.sel(state="relaxed")
        fall, gain = before - relaxed, power.sel(amr=a)
        lowest = (campaign.trained_rank.isel(training=0).sel(amr=a) == 1).sum("seed").to_numpy()
        print(
            f"| {name} | {100 * float(a):.0f} % | {float(current.sel(amr=a).mean()):.3f} | "
            f"{float(before.mean()):+.3f} | {float(relaxed.mean()):+.3f} ± "
            f"{float(relaxed.std()):.3f} | {100 * float((fall / before).mean()):.0f} ± "
            f"{100 * float((fall / before).std()):.0f} % | {100 * float(gain.mean()):+.1f} ± "
            f"{100 * float(gain.std()):.1f} % | {', '.join(map(str, lowest))} |"
        )


def draw_ratios(campaigns: dict[str, xr.Dataset]) -> None:
    figure = new_figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    for k, (name, campaign) in enumerate(campaigns.items()):
        pattern = str(campaign.training.to_numpy()[0])
        own, a = own_energy(campaign, 0, pattern), 100 * campaign.amr.to_numpy()
        order = np.argsort(a)
        for state, style in (("before", "o:"), ("relaxed", "o-")):
            each = own.sel(state=state)
            left.errorbar(
                a[order], each.mean("seed")[order], each.std("seed")[order], fmt=style,
                color=f"C{k}", markerfacecolor="w" if state == "before" else None,
                label=f"{name}, {state}",
            )  # fmt: skip
        gain = 100 * change_of_power(campaign, 0, pattern)
        right.errorbar(
            a[order], gain.mean("seed")[order], gain.std("seed")[order], fmt="o-", label=name
        )
    left.set(xlabel="AMR ratio (%)", ylabel="E'/E0 of the trained pattern")
    right.set(xlabel="AMR ratio (%)", ylabel="change of its power by training (%)")
    for axes in (left, right):
        axes.axhline(0, color="k", linewidth=0.5)
        axes.legend(fontsize=8)
    save(figure, HERE / "amr.png")


def main() -> None:
    materials, ratios, equal = map(with_all_references, sys.argv[1:4])
    draw_signs(materials)
    energies = ("E'/E0 before", "relaxed", "fall of E'", "change of power")
    lowest = "lowest: " + ", ".join(REFERENCES)
    print_header("series", "a", "current (A)", *energies, lowest)
    campaigns = {"0.05 V": ratios, "equal current": equal}
    for name, campaign in campaigns.items():
        print_ratios(name, campaign)
    draw_ratios(campaigns)


if __name__ == "__main__":
    main()
