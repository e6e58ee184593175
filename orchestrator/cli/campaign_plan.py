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
    lines = [
        f"{len(campaign.points)} runs: {states}",
        f"{plan.textures} settled textures, of which {plan.textures_missing} are to be computed",
        f"time: about {duration(plan.seconds)} on one worker, "
        f"{duration(plan.seconds / workers)} on {workers} ({plan.pace.basis})",
        f"disk: at most {size(plan.bytes_per_pulse)} for each pulse, {size(plan.bytes)} in all",
    ]
    for line in lines:
        console.print(line, highlight=False)
