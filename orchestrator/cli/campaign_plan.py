"""What a campaign's plan says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.campaign.plan import Plan
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.status import STATES
from orchestrator.cli.quantities import duration, size

if TYPE_CHECKING:
    from rich.console import Console


def print_plan(campaign: Campaign, plan: Plan, workers: int, console: Console) -> None:
    """Print the axes, what exists, and the estimates."""
    for axis in campaign.axes:
        values = axis.coordinate
        shown = ", ".join(str(v) for v in values[:6]) + (", ..." if len(values) > 6 else "")
        unit = "" if axis.unit == "1" else f" {axis.unit}"
        console.print(f"{axis.name}: {len(values)} points ({shown}){unit}", highlight=False)
    states = ", ".join(f"{plan.states[s]} {s}" for s in STATES if plan.states[s])
    runs = len(campaign.points)
    lines = [
        f"{runs} runs: {states}",
        f"{plan.textures} settled textures, of which {plan.textures_missing} are to be computed",
    ]
    if plan.pace is None or plan.seconds is None or plan.seconds_per_run is None:
        lines.append("time: not known before a run has finished; --trial measures it")
    else:
        shared = f", {duration(plan.seconds / workers)} on {workers}" if workers else ""
        lines.append(
            f"time: about {duration(plan.seconds_per_run)} a run, {duration(plan.seconds)} in all "
            f"on one worker{shared} ({plan.pace.basis})"
        )
    lines.append(
        f"disk: at most {size(plan.bytes_per_pulse)} for each pulse, {size(plan.bytes / runs)} for "
        f"a run, {size(plan.bytes)} in all"
    )
    for line in lines:
        console.print(line, highlight=False)
