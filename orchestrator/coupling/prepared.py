"""A script prepared on an engine: what the engine reports of it, and the state before any pulse.

The folder of a prepared script, named by the script's digest and the engine, lies beside the
settled textures:

    ROOT/textures/setup-DIGEST-ENGINE/
        note.json           schedules, seed, checksums of the fields
        setup.mx3           what an engine executes wherever it starts
        inputs/             files that the script reads
        m.ovf               magnetization before the first pulse
        geom.ovf, regions.ovf, Msat.ovf, ...
        out/                what the script has written so far
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from orchestrator.base.errors import EngineError, InputError, RunFolderError
from orchestrator.base.files import checksum, synced
from orchestrator.coupling.script import INPUTS, PERIODS, Schedule, Script
from orchestrator.engines.collect import collect, keep_rest
from orchestrator.engines.cpu.language.errors import ScriptError
from orchestrator.engines.mumax3.diagnosis import EngineFault
from orchestrator.engines.session import Engine
from orchestrator.mx3.origins import Rendered
from orchestrator.ovf.files import OvfField, read_ovf

T = TypeVar("T")

FIELDS = ("m", "geom", "regions", "Msat", "Aex", "alpha", "Pol", "xi", "J")
"""Quantities that the engine reports after the preparation."""
OUT = "out"
"""Folder of what the script itself has written."""
_NOTE = "note.json"
_SETUP = "setup.mx3"
_REPORT = "couple_{}.ovf"


@dataclass(frozen=True)
class Timed:
    """A schedule with its times.

    Attributes
    ----------
    schedule : Schedule
        What is written.
    start, period : float
        s, as the engine understood the script.
    """

    schedule: Schedule
    start: float
    period: float


@dataclass(frozen=True)
class Prepared:
    """A script that an engine has prepared, in its folder.

    Attributes
    ----------
    folder : Path
        See the module.
    name : str
        Name of the script's file.
    setup : Rendered
        What an engine executes wherever it starts.
    timed : tuple of Timed
        What goes on over all pulses.
    thermal : str or None
        Seed of the thermal field, an expression of the script's; None without temperature.
    adds_field : bool
        Whether the script adds maps to B_ext.
    """

    folder: Path
    name: str
    setup: Rendered
    timed: tuple[Timed, ...]
    thermal: str | None
    adds_field: bool

    @property
    def has_table(self) -> bool:
        """Whether rows of the table are written over the pulses."""
        return any(timed.schedule.function == "tableautosave" for timed in self.timed)

    def field(self, name: str) -> OvfField:
        """One of `FIELDS`, as the engine has saved it."""
        return read_ovf(self.folder / f"{name}.ovf")

    def cells(self, name: str) -> np.ndarray:
        """A scalar of `FIELDS`, shape (nz, ny, nx)."""
        return self.field(name).data[..., 0]

    def copy_inputs(self, folder: Path) -> None:
        """Put the files that the script reads where it will be executed."""
        if (self.folder / INPUTS).is_dir():
            shutil.copytree(self.folder / INPUTS, folder / INPUTS, dirs_exist_ok=True)


def prepared_folder(root: Path, digest: str, engine: str) -> Path:
    """Where the prepared script of a digest lies."""
    return root / "textures" / f"setup-{digest}-{engine}"


def prepare(
    script: Script,
    engine: Engine,
    root: Path,
    use: Callable[[Prepared], T],
) -> T:
    """Prepare a script on an engine, unless that has been done under this root.

    Parameters
    ----------
    script : Script
        The script.
    engine : Engine
        The one that will run.
    root : Path
        Folder of the run folders.
    use : callable
        What is made of it. Nothing is kept of a script with which that fails.

    Raises
    ------
    InputError
        If the script is refused, has no magnetic cells, or holds a current in the plane; then
        nothing is written.
    EngineError
        If the engine fails.
    RunFolderError
        If what was prepared is damaged.
    """
    folder = prepared_folder(root, script.digest, engine.name)
    if (folder / _NOTE).exists():
        return use(load(folder))
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        fields = _play(script, engine, work)
        _check(script, fields)
        made = use(load(work / "made"))
        _put_in_place(work / "made", folder)
    return made


def load(folder: Path) -> Prepared:
    """A prepared script from its folder.

    Raises
    ------
    RunFolderError
        If it is missing or damaged.
    """
    try:
        note = json.loads((folder / _NOTE).read_text())
        setup = (folder / _SETUP).read_text()
        damaged = [name for name, crc in note["files"].items() if checksum(folder / name) != crc]
        timed = tuple(
            Timed(Schedule(**found["schedule"]), found["start"], found["period"])
            for found in note["timed"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunFolderError(
            f"{folder}: not a prepared script ({error}); delete it, and it is prepared again"
        ) from None
    if damaged:
        raise RunFolderError(
            f"{folder / damaged[0]}: damaged (its checksum is wrong); delete {folder}, and it is "
            "made again"
        )
    located = Rendered.of_file(setup, note["name"])
    return Prepared(
        folder, note["name"], located, timed, note["thermal"], note.get("adds_field", False)
    )


def _play(script: Script, engine: Engine, work: Path) -> dict[str, OvfField]:
    """Execute the preparation; what it reports, and a folder `made` for the prepared script."""
    for name, content in script.inputs.items():
        (work / INPUTS).mkdir(exist_ok=True)
        (work / INPUTS / name).write_bytes(content)
    saved = "".join(f'SaveAs({name}, "{_REPORT.format(name)}")\n' for name in FIELDS)
    report = f"OutputFormat = OVF2_BINARY\n{saved}"
    text = Rendered.of_file(script.preparation, script.name)
    try:
        out = engine.play(text.followed_by(f"{report}Flush()\n", "the report"), work)
    except ScriptError as error:
        error.script = ""
        raise InputError(f"{script.path}: {error}") from None
    except EngineFault as fault:
        if fault.kind == "script":
            raise InputError(f"{script.path}: {fault}") from None
        raise
    made = work / "made"
    made.mkdir()
    shape = _shape(script, out)
    fields = {
        name: collect(
            out / _REPORT.format(name), made / f"{name}.ovf", shape, unit_length=name == "m"
        )
        for name in FIELDS
    }
    with synced([made / f"{name}.ovf" for name in FIELDS]):
        notes = _read_periods(out / PERIODS)
    (out / PERIODS).unlink(missing_ok=True)
    keep_rest(out, made / OUT)
    if script.inputs:
        shutil.copytree(work / INPUTS, made / INPUTS)
    (made / _SETUP).write_text(script.setup)
    timed = [{"schedule": asdict(s), **_times(script, s, notes)} for s in script.schedules]
    note = {
        "name": script.name,
        "thermal": script.thermal,
        "adds_field": script.adds_field,
        "timed": timed,
        "files": {f"{name}.ovf": field.crc32 for name, field in fields.items()}
        | {name: checksum(made / name) for name in _texts(script)},
    }
    (made / _NOTE).write_text(json.dumps(note, indent=1) + "\n")
    return fields


def _texts(script: Script) -> list[str]:
    """What the setup consists of, in the folder of the prepared script."""
    return [_SETUP, *(f"{INPUTS}/{name}" for name in script.inputs)]


def _shape(script: Script, out: Path) -> tuple[int, int, int]:
    try:
        nz, ny, nx = read_ovf(out / _REPORT.format("geom"), lengths=False).data.shape[:3]
    except InputError as error:
        raise EngineError(f"{script.path}: the engine left no usable report: {error}") from None
    return nz, ny, nx


def _read_periods(path: Path) -> dict[int, tuple[float, float]]:
    if not path.exists():
        return {}
    rows = [line.split() for line in path.read_text().splitlines()]
    return {int(row[0]): (float(row[1]), float(row[2])) for row in rows}


def _times(script: Script, schedule: Schedule, notes: dict[int, tuple[float, float]]) -> Any:
    if schedule.number not in notes:
        raise EngineError(
            f"{script.path}: the engine told no period of {schedule.function} {schedule.quantity}"
        )
    start, period = notes[schedule.number]
    if not 0 <= period < math.inf:
        what = f"{schedule.function} {schedule.quantity}".strip()
        raise InputError(
            f"{script.path}: the period of {what} must be zero or positive (s), got {period:g}"
        )
    return {"start": start, "period": period}


def _check(script: Script, fields: dict[str, OvfField]) -> None:
    """Refuse a film that has no magnetic cells, or a current in its plane."""
    inside = fields["geom"].data[..., 0] > 0
    magnetic = inside & (fields["Msat"].data[..., 0] > 0)
    if not magnetic.any():
        why = "Msat is 0 in all cells of the geometry" if inside.any() else "the geometry is empty"
        raise InputError(f"{script.path}: no magnetic cell: {why}")
    if np.any(fields["J"].data[..., :2]):
        raise InputError(
            f"{script.path}: J has components in the plane, which are those of the contacts"
        )


def _put_in_place(made: Path, folder: Path) -> None:
    """Let a finished folder appear under its name, whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.copytree(made, temporary)
    try:
        os.replace(temporary, folder)
    except OSError:  # another process has prepared it meanwhile
        if not (folder / _NOTE).exists():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
