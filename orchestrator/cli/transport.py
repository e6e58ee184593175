"""`orchestrator transport`: resistances and current maps of saved magnetizations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.base.errors import InputError
from orchestrator.base.units import scale_for
from orchestrator.cli.options import THREADS, TRANSPORT_SOLVER, Input

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

    from orchestrator.measure.circuit import Circuit
    from orchestrator.measure.measurement import Measurement

FORMATS = ("ovf", "vtk", "nc", "png", "pdf", "svg")
_WIDTH = 80
_DIGITS = 6
"""Of the resistances of a series, whose changes are small."""
_MOST_STATES = 40
"""Of a longer series so many states are printed."""


@click.command()
@click.argument("magnetizations", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--contacts",
    type=Input("transport"),
    help="TOML file of contacts and resistivities; no film and no material is needed.",
)
@click.option(
    "--device", type=Input("experiments"), help="Experiment whose film and contacts are meant."
)
@click.option(
    "--voltages",
    help="V, one for each contact, '.' for a floating one ('1 0 . -1'), or by name "
    "('left=1,right=0').  [default: 1 V from the first to the last, others floating]",
)
@click.option(
    "--currents",
    help="A into the film, given as the voltages are; without any, the last contact is grounded.",
)
@click.option(
    "--regions",
    type=click.Path(path_type=Path),
    help="OVF file of mumax3's `regions`, for resistivities by number.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder to write into."
)
@click.option(
    "--format",
    "formats",
    metavar="LIST",
    help=f"What to write, of {','.join(FORMATS)}.  [default: ovf,vtk,nc,png; of a series nc,png]",
)
@THREADS
@TRANSPORT_SOLVER
def transport(
    magnetizations: tuple[Path, ...],
    contacts: Path | None,
    device: Path | None,
    voltages: str | None,
    currents: str | None,
    regions: Path | None,
    output: Path | None,
    formats: str | None,
    threads: int | None,
    transport_solver: str,
) -> None:
    """Conductances, currents and current maps of MAGNETIZATIONS.

    One OVF file of mumax3, OOMMF, mumax+, BORIS or Ubermag; or a series: several files, or the
    `.out` folder of a mumax3 run, with the columns of its table.txt.
    """
    from orchestrator.measure.measure import prepare
    from orchestrator.transport.solvers import check_solver

    check_solver(transport_solver)
    chosen = _formats(formats, output, len(magnetizations) > 1 or magnetizations[0].is_dir())
    circuit, drive = prepare(_circuit(contacts, device), voltages, currents, regions)
    options = {"solver": transport_solver, "threads": threads}
    if len(magnetizations) > 1 or magnetizations[0].is_dir():
        _series(magnetizations, circuit, drive, output, chosen, options)
    else:
        _single(magnetizations[0], circuit, drive, output, chosen, options)


def _circuit(contacts: Path | None, device: Path | None) -> Circuit:
    from orchestrator.measure.circuit import Circuit

    if (contacts is None) == (device is None):
        raise click.UsageError("give either --contacts or --device")
    return Circuit.from_toml(contacts or device or Path())


def _formats(given: str | None, output: Path | None, series: bool) -> tuple[str, ...]:
    if given is None:
        return () if output is None else ("nc", "png") if series else ("ovf", "vtk", "nc", "png")
    if output is None:
        raise click.UsageError("--format needs --output, the folder to write into")
    words = tuple(word.strip() for word in given.split(","))
    if wrong := [word for word in words if word not in FORMATS]:
        raise click.UsageError(f"--format: {wrong[0]!r} is none of {', '.join(FORMATS)}")
    return words


def _single(
    path: Path,
    circuit: Circuit,
    drive: Any,
    output: Path | None,
    formats: tuple[str, ...],
    options: dict[str, Any],
) -> None:
    from orchestrator.measure.measure import measure_texture
    from orchestrator.measure.output import write_dataset, write_fields, written_together
    from orchestrator.measure.textures import read_texture

    measurement = measure_texture(read_texture(path), circuit, drive, **options)
    if output is None:
        _print_measurement(measurement)
        return
    with written_together(output) as stage:
        write_fields(measurement, stage, formats)
        if "nc" in formats:
            write_dataset(measurement, stage)
        if kinds := _pictures(formats):
            from orchestrator.plotting.style import save
            from orchestrator.plotting.transport import measurement_figure

            figure = measurement_figure(measurement)
            for kind in kinds:
                save(figure, stage / f"transport.{kind}")
        names = sorted(file.name for file in stage.iterdir())
    _print_measurement(measurement)
    _print_files(output, names)


def _series(
    magnetizations: tuple[Path, ...],
    circuit: Circuit,
    drive: Any,
    output: Path | None,
    formats: tuple[str, ...],
    options: dict[str, Any],
) -> None:
    from orchestrator.base.netcdf import write_netcdf
    from orchestrator.measure.measure import file_series, find_series
    from orchestrator.measure.output import DATASET, write_fields, written_together
    from orchestrator.measure.series import measured, series_dataset

    given = magnetizations[0] if len(magnetizations) == 1 else list(magnetizations)
    folder, files = find_series(given) or (None, [])
    if any(path.is_dir() for path in files):
        raise InputError("give one folder, or files; several folders are several series")
    series = file_series(folder, files, circuit, drive, **options)
    if output is None:
        dataset = series_dataset(measured(series.files, series.probe), series.table)
        _print_series(dataset, series.not_joined)
        return
    with written_together(output) as stage:

        def kept() -> Iterator[Measurement]:
            for measurement in measured(series.files, series.probe):
                stem = Path(measurement.texture.source).stem
                write_fields(measurement, stage, formats, f"_{stem}")
                yield measurement

        dataset = series_dataset(kept(), series.table)
        if "nc" in formats:
            write_netcdf(dataset, stage / DATASET, {})
        if kinds := _pictures(formats):
            from orchestrator.plotting.style import save
            from orchestrator.plotting.transport import series_figure

            figure = series_figure(dataset)
            for kind in kinds:
                save(figure, stage / f"resistance.{kind}")
        names = sorted(file.name for file in stage.iterdir())
    _print_series(dataset, series.not_joined)
    _print_files(output, names)


def _pictures(formats: tuple[str, ...]) -> list[str]:
    return [kind for kind in formats if kind in ("png", "pdf", "svg")]


def _print_files(folder: Path, names: list[str]) -> None:
    for name in names:
        click.echo(f"wrote {folder / name}")


def _print_measurement(measurement: Measurement) -> None:
    names = measurement.contact_names
    cells = " x ".join(map(str, measurement.film.cells))
    time = measurement.texture.time
    at = "" if time is None else f", t = {time:g} s"
    click.echo(f"{measurement.texture.source}: {cells} cells{at}\n")
    v, i = scale_for(measurement.voltages, "V"), scale_for(measurement.currents, "A")
    width = max(8, *map(len, names))
    click.echo(f"{'contact':{width}} {'voltage ' + v.unit:>14} {'current ' + i.unit:>14}")
    for name, voltage, current in zip(
        names, measurement.voltages, measurement.currents, strict=True
    ):
        click.echo(f"{name:{width}} {v(voltage):>14} {i(current):>14}")
    power = scale_for(measurement.power, "W")
    click.echo(f"\npower {power(measurement.power)} {power.unit}")
    _print_matrix("conductance", measurement.conductance, names, "S", width)
    _print_matrix("resistance between two contacts", measurement.resistances, names, "ohm", width)


def _print_matrix(
    title: str, matrix: np.ndarray, names: tuple[str, ...], unit: str, width: int
) -> None:
    scale = scale_for(matrix, unit)
    column = max(9, *(len(name) + 1 for name in names))
    if width + column * len(names) > _WIDTH:
        click.echo(f"\n{title}: {len(names)} contacts are too many to print; --output keeps it")
        return
    click.echo(f"\n{title} ({scale.unit})")
    click.echo(" " * width + "".join(f"{name:>{column}}" for name in names))
    for name, row in zip(names, matrix, strict=True):
        shown = "".join(
            f"{scale(value) if math.isfinite(value) else 'inf':>{column}}" for value in row
        )
        click.echo(f"{name:{width}}{shown}")


def _print_series(dataset: xr.Dataset, not_joined: str) -> None:
    from orchestrator.plotting.transport import swept

    first, last = str(dataset.contact.values[0]), str(dataset.contact.values[-1])
    r = dataset.resistance.sel(contact=first, contact_in=last).to_numpy()
    current = dataset.current.sel(contact=first).to_numpy()
    power, over = dataset.power.to_numpy(), swept(dataset)
    columns: list[tuple[str, np.ndarray, str]] = []
    if over == "t" or float(dataset.t.max() - dataset.t.min()) > 0:
        columns.append(("t", dataset.t.to_numpy(), "s"))
    if over != "t":
        columns.append((over, dataset[over].to_numpy(), dataset[over].attrs["units"]))
    columns += [(f"R({first}, {last})", r, "ohm"), (f"I({first})", current, "A")]
    columns.append(("power", power, "W"))
    scales = [
        scale_for(values, unit, _DIGITS if unit == "ohm" else 4) for _, values, unit in columns
    ]
    heads = [f"{name} {scale.unit}" for (name, _, _), scale in zip(columns, scales, strict=True)]
    widths = [max(11, len(head) + 2) for head in heads]
    room = max(12, _WIDTH - sum(widths))
    click.echo(
        f"{'file':{room}}" + "".join(f"{h:>{w}}" for h, w in zip(heads, widths, strict=True))
    )
    count = len(r)
    steps = min(count, _MOST_STATES) - 1
    shown = sorted({round(k * (count - 1) / max(1, steps)) for k in range(steps + 1)})
    for k in shown:
        name = Path(str(dataset.file.values[k])).name[-room + 1 :]
        cells = [
            f"{scale(values[k]) if math.isfinite(values[k]) else '':>{width}}"
            for (_, values, _), scale, width in zip(columns, scales, widths, strict=True)
        ]
        click.echo(f"{name:{room}}" + "".join(cells))
    if len(shown) < count:
        click.echo(f"{len(shown)} of {count} states shown")
    low, high = float(r.min()), float(r.max())
    change = f", a change of {100 * (high - low) / low:.3g} %" if math.isfinite(high) else ""
    click.echo(f"\nR({first}, {last}) from {low:.6g} to {high:.6g} ohm{change}")
    if not_joined:
        click.echo(f"table.txt is not joined: {not_joined}")
