"""What a campaign's plan says."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.base.quantities import duration, size
from orchestrator.campaign.plan import Plan
from orchestrator.campaign.shares import SiteShare
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.status import STATES

if TYPE_CHECKING:
    from rich.console import Console


def print_plan(
    campaign: Campaign, plan: Plan, workers: int, shares: Sequence[SiteShare], console: Console
) -> None:
    """Print the axes, what exists, and the estimates."""
    for axis in campaign.axes:
        values = axis.coordinate
        shown = ", ".join(str(v) for v in values[:6]) + (", ..." if len(values) > 6 else "")
        unit = "" if axis.unit == "1" else f" {axis.unit}"
        console.print(f"{axis.name}: {len(values)} points ({shown}){unit}", highlight=False)
        if axis.until is not None:
            console.print(
                f"  in batches of {axis.until.batch} until the interval of the success rate is "
                f"{axis.until.ci:g} wide",
                highlight=False,
            )
    states = ", ".join(f"{plan.states[s]} {s}" for s in STATES if plan.states[s])
    runs = len(campaign.points)
    most = "at most " if any(axis.until for axis in campaign.axes) else ""
    lines = [
        f"{most}{runs} runs: {states}",
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
        lines += [_at_site(share) for share in shares]
    lines.append(
        f"disk: at most {size(plan.bytes_per_pulse)} for each pulse, {size(plan.bytes / runs)} for "
        f"a run, {size(plan.bytes)} in all"
    )
    for line in lines:
        console.print(line, highlight=False)


def _at_site(share: SiteShare) -> str:
    jobs = "1 job" if share.jobs == 1 else f"{share.jobs} jobs"
    return (
        f"at {share.name}: {duration(share.seconds)} on {share.workers} workers, {jobs}, "
        f"{share.hours:.3g} {share.resource} hours"
    )


def plan_as_json(
    campaign: Campaign, plan: Plan, workers: int, shares: Sequence[SiteShare]
) -> dict[str, Any]:
    """All that a plan says as plain types, times in s and space in bytes.

    Returns
    -------
    dict
        `campaign`, `hash`, `axes` (name, unit, coordinate), `runs` by state, `textures` (needed,
        missing), `seconds` (per_run, in_all, on_these_workers, basis; None where the pace is not
        known), `bytes` (per_pulse, per_run, in_all), `workers`, and `sites` (name, workers,
        seconds, jobs, resource, hours).
    """
    seconds: dict[str, Any] | None = None
    if plan.pace is not None and plan.seconds is not None:
        seconds = {
            "per_run": plan.seconds_per_run,
            "in_all": plan.seconds,
            "on_these_workers": plan.seconds / workers if workers else None,
            "basis": plan.pace.basis,
        }
    return {
        "campaign": campaign.name,
        "hash": campaign.hash,
        "axes": [
            {"name": axis.name, "unit": axis.unit, "coordinate": axis.coordinate}
            for axis in campaign.axes
        ],
        "runs": dict(plan.states),
        "settled": {"needed": plan.textures, "missing": plan.textures_missing},
        "seconds": seconds,
        "bytes": {
            "per_pulse": plan.bytes_per_pulse,
            "per_run": plan.bytes / len(campaign.points),
            "in_all": plan.bytes,
        },
        "workers": workers,
        "sites": [dataclasses.asdict(share) for share in shares] if seconds else [],
    }
