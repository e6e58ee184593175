"""What a run has learned, as tables for the terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from rich.markup import escape

from orchestrator.analysis.statistics import chosen_inputs
from orchestrator.base.units import scale_for
from orchestrator.describe.sections import SCRIPT
from orchestrator.learning.hopfield import (
    Mode,
    basins,
    inverse,
    is_trivial,
    trained_patterns,
    weight_matrix,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MODES: tuple[Mode, ...] = ("asynchronous", "synchronous")


def print_report(dataset: xr.Dataset, console: Console) -> None:
    """Print energies, conductances and recall of every finished training."""
    for training in dataset.training.to_numpy():
        run = dataset.sel(training=training)
        if run.energy.isnull().any():
            console.print(f"{{{training}}}: not finished")
            continue
        if len(dataset.contact) > 2:
            console.print(_energy_table(run, training))
            for reference in dataset.reference.to_numpy():
                console.print(_verdict(run, reference), highlight=False)
        if len(dataset.contact) <= 10:
            console.print(_conductance_table(run, training))
        if "probe" in dataset.dims:
            console.print(_probe_table(run, training))
        if len(dataset.contact) > 2:
            console.print(_recall_table(run, training))
    if len(dataset.contact) == 2:
        console.print("two contacts have one input besides the trivial one: no energies, no recall")
    seconds = dataset.wall_time.sum(["training", "pulse"])
    total = float(seconds.sum())
    if total:
        shares = [f"{s} {float(seconds.sel(stage=s)) / total:.0%}" for s in ("transport", "files")]
        engine = float(seconds.sel(stage="engine")) / total
        console.print(f"training took {total:.1f} s: engine {engine:.0%}, {', '.join(shares)}")


def _energy_table(run: xr.Dataset, training: str) -> Table:
    from rich.table import Table

    half = chosen_inputs(run, training)
    shown = scale_for(run.energy.sel(input=half, state=["before", "relaxed"]).to_numpy(), "W")
    title = f"E' of Eq. (7) for training {{{training}}}, in {shown.unit} and in units of E0"
    table = Table(title=title)
    table.add_column("input", no_wrap=True)
    for reference in run.reference.to_numpy():
        for column in ("before", "after", "after/E0"):
            table.add_column(f"{reference}\n{column}", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for pattern in half:
        pair = f"{pattern} {inverse(pattern)}"
        cells = [pair if len(pattern) <= 10 else pattern]
        for reference in run.reference.to_numpy():
            chosen = run.sel(reference=reference, input=pattern)
            before = float(chosen.energy.sel(state="before"))
            after = float(chosen.energy.sel(state="relaxed"))
            power = float(chosen.reference_power)
            ratio = "" if is_trivial(pattern) else f"{after / power:+.3f}"
            cells += [shown(before), shown(after), ratio]
        own = pattern in trained_patterns(training)
        mark = "<- trained" if own else "trivial" if is_trivial(pattern) else ""
        table.add_row(*cells, mark, style="bold" if own else None)
    return table


def _verdict(run: xr.Dataset, reference: str) -> str:
    rank = float(run.trained_rank.sel(reference=reference))
    if np.isnan(rank) and run.training == SCRIPT:
        return f"reference {reference}: no rank: no pattern was named to be learned"
    if np.isnan(rank):
        return f"reference {reference}: no rank: the pattern is trivial, or the film has no weights"
    others = len({max(p, inverse(p)) for p in run.input.to_numpy() if not is_trivial(p)})
    lowest = "the lowest" if rank == 1 else f"number {rank:.0f}"
    return (
        f"reference {reference}: the trained pattern is {lowest} of {others} non-trivial "
        "inputs (a pattern and its inverse counted once)"
    )


def _conductance_table(run: xr.Dataset, training: str) -> Table:
    from rich.table import Table

    before, after = (run.conductance_state.sel(state=s).to_numpy() for s in ("before", "relaxed"))
    shown = scale_for(np.array([before, after]), "S")
    title = f"conductance matrix in {shown.unit}, before -> after training {{{training}}}"
    table = Table(title=title)
    table.add_column("contact")
    for name in run.contact_in.to_numpy():
        table.add_column(escape(str(name)), justify="right")
    for k, name in enumerate(run.contact.to_numpy()):
        pairs = zip(before[k], after[k], strict=True)
        table.add_row(escape(str(name)), *(f"{shown(b)} -> {shown(a)}" for b, a in pairs))
    return table


def _probe_table(run: xr.Dataset, training: str) -> Table:
    from rich.table import Table

    before, after = (
        run.probe_conductance_state.sel(state=s).to_numpy() for s in ("before", "relaxed")
    )
    shown = scale_for(np.array([before, after]), "S")
    table = Table(title=f"conductance between the contacts of probes, training {{{training}}}")
    for column in ("probe", f"before ({shown.unit})", f"after ({shown.unit})", "change"):
        table.add_column(column, justify="left" if column == "probe" else "right")
    for name, b, a in zip(run.probe.to_numpy(), before, after, strict=True):
        table.add_row(escape(str(name)), shown(b), shown(a), f"{a / b - 1:+.2%}")
    return table


def _recall_table(run: xr.Dataset, training: str) -> Table:
    from rich.table import Table

    count = len(run.input)
    table = Table(title=f"recall of {{{training}}} from {count} starts")
    attractors = "attractors: starts (mean sweeps)"
    for column in ("reference", "update", "self-term", "reaches the pattern", attractors):
        table.add_column(column)
    drive = json.loads(run.attrs["description"])["training"].get("drive", "voltage")
    after = weight_matrix(run.conductance_state.sel(state="relaxed").to_numpy(), drive)
    for reference in run.reference.to_numpy():
        weights = after - weight_matrix(
            run.conductance_reference.sel(reference=reference).to_numpy(), drive
        )
        for mode in MODES:
            for self_term in (False, True):
                found, unsettled = basins(
                    weights, mode, self_term=self_term, starts=run.input.to_numpy()
                )
                own = trained_patterns(training)
                reached = sum(b.starts for b in found if b.attractor in own)
                parts = []
                for b in found[:8]:
                    trivial = " (trivial)" if is_trivial(b.attractor) else ""
                    parts.append(f"{b.attractor}{trivial}: {b.starts} ({b.steps:.1f})")
                parts += [f"{len(found) - 8} more"] if len(found) > 8 else []
                parts += [f"never settle: {unsettled}"] if unsettled else []
                words = "with" if self_term else "without"
                reaches = f"{reached} of {count}" if own else ""
                table.add_row(reference, mode, words, reaches, ", ".join(parts))
    return table
