"""What a run has learned, as tables for the terminal and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from rich.markup import escape

from orchestrator.analysis.recall import Recalled, recalls
from orchestrator.analysis.statistics import chosen_inputs
from orchestrator.base.units import scale_for
from orchestrator.describe.sections import SCRIPT
from orchestrator.learning.hopfield import inverse, is_trivial, trained_patterns

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_report(dataset: xr.Dataset, console: Console) -> None:
    """Print energies, conductances and recall of every finished training."""
    for training in dataset.training.to_numpy():
        run = dataset.sel(training=training)
        if run.energy.isnull().any():
            console.print(f"{{{training}}}: not finished")
            continue
        if len(dataset.contact) > 2:
            _print_energies(run, training, console)
            for reference in dataset.reference.to_numpy():
                console.print(_verdict(run, reference), highlight=False)
        if len(dataset.contact) <= 10:
            _print_conductances(run, training, console)
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


def report_as_dict(dataset: xr.Dataset) -> dict[str, Any]:
    """What `print_report` prints, and all inputs, as plain values in SI units."""
    return {
        "hash": dataset.attrs["hash"],
        "contacts": dataset.contact.to_numpy().tolist(),
        "trainings": [
            _training_as_dict(dataset.sel(training=training), training)
            for training in dataset.training.to_numpy().tolist()
        ],
    }


def _training_as_dict(run: xr.Dataset, training: str) -> dict[str, Any]:
    found: dict[str, Any] = {"training": training, "finished": not run.energy.isnull().any()}
    if not found["finished"]:
        return found
    found["conductance_S"] = {
        state: run.conductance_state.sel(state=state).to_numpy().tolist()
        for state in ("before", "after", "relaxed")
    }
    if "probe" in run.dims:
        probes = run.probe_conductance_state.transpose("probe", "state")
        found["probe_conductance_S"] = {
            str(name): dict(zip(run.state.to_numpy().tolist(), row, strict=True))
            for name, row in zip(run.probe.to_numpy(), probes.to_numpy().tolist(), strict=True)
        }
    if len(run.contact) == 2:
        return found
    ranks = run.trained_rank.to_series()
    found["rank"] = {name: None if np.isnan(rank) else int(rank) for name, rank in ranks.items()}
    found["energy_W"] = {
        reference: {
            state: run.energy.sel(reference=reference, state=state).to_series().to_dict()
            for state in run.state.to_numpy().tolist()
        }
        for reference in run.reference.to_numpy().tolist()
    }
    found["recall"] = [one.as_dict() for one in recalls(run, training)]
    return found


def _table(title: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(
        title=f"\n{title}",
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )


def _fits(table: Table, console: Console) -> bool:
    """Whether the table needs no cut and no fold."""
    from rich.measure import Measurement

    unbounded = console.options.update(max_width=10_000)
    return Measurement.get(console, unbounded, table).maximum <= console.width


def _print_energies(run: xr.Dataset, training: str, console: Console) -> None:
    """One table, or where that is too wide one for each reference."""
    references = run.reference.to_numpy().tolist()
    table = _energy_table(run, training, references)
    if _fits(table, console):
        console.print(table)
        return
    for reference in references:
        console.print(_energy_table(run, training, [reference]))


def _energy_table(run: xr.Dataset, training: str, references: Sequence[str]) -> Table:
    half = chosen_inputs(run, training)
    shown = scale_for(run.energy.sel(input=half, state=["before", "relaxed"]).to_numpy(), "W")
    table = _table(f"E' of Eq. (7) for training {{{training}}}, in {shown.unit} and in units of E0")
    table.add_column("input", no_wrap=True)
    for reference in references:
        for column in ("before", "after", "after/E0"):
            table.add_column(f"{reference}\n{column}", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for pattern in half:
        pair = f"{pattern} {inverse(pattern)}"
        cells = [pair if len(pattern) <= 10 else pattern]
        for reference in references:
            chosen = run.sel(reference=reference, input=pattern)
            before = float(chosen.energy.sel(state="before"))
            after = float(chosen.energy.sel(state="relaxed"))
            power = float(chosen.reference_power)
            ratio = "" if is_trivial(pattern) else f"{after / power:+.3f}"
            cells += [shown(before), shown(after), ratio]
        own = pattern in trained_patterns(training)
        mark = "trained" if own else "trivial" if is_trivial(pattern) else ""
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


def _print_conductances(run: xr.Dataset, training: str, console: Console) -> None:
    """The matrix, its columns in as many tables as it takes."""
    names = [str(name) for name in run.contact_in.to_numpy()]
    most = len(names)
    while most > 1 and not _fits(_conductance_table(run, training, names[:most]), console):
        most -= 1
    for first in range(0, len(names), most):
        console.print(_conductance_table(run, training, names[first : first + most]))


def _conductance_table(run: xr.Dataset, training: str, columns: Sequence[str]) -> Table:
    before, after = (run.conductance_state.sel(state=s) for s in ("before", "relaxed"))
    shown = scale_for(np.array([before, after]), "S")
    table = _table(f"conductance matrix in {shown.unit}, before -> after training {{{training}}}")
    table.add_column("contact", overflow="fold")
    for name in columns:
        table.add_column(escape(name), justify="right", overflow="fold")
    rows = (matrix.sel(contact_in=list(columns)).to_numpy() for matrix in (before, after))
    for name, b, a in zip(run.contact.to_numpy(), *rows, strict=True):
        cells = (f"{shown(x)} -> {shown(y)}" for x, y in zip(b, a, strict=True))
        table.add_row(escape(str(name)), *cells)
    return table


def _probe_table(run: xr.Dataset, training: str) -> Table:
    before, after = (
        run.probe_conductance_state.sel(state=s).to_numpy() for s in ("before", "relaxed")
    )
    shown = scale_for(np.array([before, after]), "S")
    table = _table(f"conductance between the contacts of probes, training {{{training}}}")
    for column in ("probe", f"before ({shown.unit})", f"after ({shown.unit})", "change"):
        justify: Any = "left" if column == "probe" else "right"
        table.add_column(column, justify=justify, overflow="fold")
    for name, b, a in zip(run.probe.to_numpy(), before, after, strict=True):
        table.add_row(escape(str(name)), shown(b), shown(a), f"{a / b - 1:+.2%}")
    return table


def _recall_table(run: xr.Dataset, training: str) -> Table:
    table = _table(f"recall of {{{training}}} from {len(run.input)} starts")
    for column in ("reference", "update", "self-term", "reached"):
        table.add_column(column, no_wrap=True)
    table.add_column("attractor: starts (mean sweeps)", overflow="fold")
    for one in recalls(run, training):
        words = "with" if one.self_term else "without"
        reached = "" if one.reached is None else f"{one.reached} of {one.starts}"
        table.add_row(one.reference, one.mode, words, reached, _attractors(one))
    return table


def _attractors(one: Recalled, most: int = 8) -> str:
    parts = []
    for basin in one.basins[:most]:
        trivial = " (trivial)" if is_trivial(basin.attractor) else ""
        parts.append(f"{basin.attractor}{trivial}: {basin.starts} ({basin.steps:.1f})")
    parts += [f"{len(one.basins) - most} more"] if len(one.basins) > most else []
    parts += [f"never settle: {one.unsettled}"] if one.unsettled else []
    return "\n".join(parts)
