"""Outputs of an engine, checked before they count."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np

from orchestrator.base.errors import EngineError, InputError
from orchestrator.base.vectors import squared_lengths
from orchestrator.ovf.files import OvfField, read_ovf

_NO_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"[^"]*"|`[^`]*`', re.DOTALL)
_RUN = re.compile(r"\bRun\s*\(\s*([^()]*?)\s*\)", re.IGNORECASE)
_OWN_WAY = re.compile(r"\b(RunWhile|Steps|for|if|source)\b|\bt\s*[-+]?=", re.IGNORECASE)


def collect(
    source: Path,
    target: Path,
    shape: tuple[int, int, int],
    *,
    unit_length: bool,
    start: float | None = None,
    block: str = "",
) -> OvfField:
    """Check an OVF file that an engine has saved, and move it to its final place.

    Parameters
    ----------
    source, target : Path
        Both on the same file system; `target` appears whole, but is not synced.
    shape : (nz, ny, nx)
        The grid that the field must have.
    unit_length : bool
        Whether the vectors must have length 1 (0 in vacuum).
    start : float, optional
        Time (s) at which `block` began; its header must then state the block's end.
    block : str
        The script that saved it.

    Raises
    ------
    EngineError
        If the file is missing, truncated, of another grid or time, or holds NaN.
    """
    try:
        field = read_ovf(source, lengths=False)  # the grid is compared below
    except InputError as error:
        raise EngineError(f"the engine left no usable output: {error}") from None
    if field.data.shape[:3] != shape:
        nz, ny, nx = field.data.shape[:3]
        raise EngineError(
            f"{source}: {nx} x {ny} x {nz} cells, expected {shape[2]} x {shape[1]} x {shape[0]}"
        )
    with np.errstate(over="ignore"):
        squares = squared_lengths(field.data)
    if not np.isfinite(squares).all() and not np.isfinite(field.data).all():
        raise EngineError(f"{source}: holds NaN or infinite values")
    if unit_length:
        length = np.sqrt(squares)
        wrong = (np.abs(length - 1) > 1e-3) & (length != 0)
        if wrong.any():
            raise EngineError(f"{source}: magnetization of length {length[wrong].flat[0]:g}")
    if start is not None:
        check_time(field, source, start, block)
    os.replace(source, target)
    return field


TABLE = "table.txt"
"""The table that engines write."""
_OF_THE_ENGINE = frozenset({"log.txt", "gui", "references.bib", TABLE})


def keep_rest(out: Path, folder: Path, rows_from: int = 0) -> int:
    """Move what else a block has written into a folder; of the table, the rows of the block.

    Parameters
    ----------
    out : Path
        The engine's output folder.
    folder : Path
        Made if it is not there.
    rows_from : int
        Bytes of the table that are there from earlier blocks.

    Returns
    -------
    int
        Bytes of the table now.

    Raises
    ------
    EngineError
        If something cannot be moved.
    """
    try:
        folder.mkdir(exist_ok=True)
        for path in sorted(out.iterdir()):
            if path.name not in _OF_THE_ENGINE:
                shutil.move(path, folder / path.name)
        table = out / TABLE
        if not table.exists():
            return 0
        content = table.read_bytes()
        head, newline, _ = content.partition(b"\n")
        own = content if rows_from == 0 else head + newline + content[rows_from:]
        if own != head + newline or rows_from == 0:
            (folder / TABLE).write_bytes(own)
    except OSError as error:
        raise EngineError(f"{error.filename}: cannot be kept ({error.strerror})") from None
    return len(content)


def asked_duration(block: str) -> float | None:
    """Simulated time (s) that a block asks for, where it is a plain sequence of `Run(number)`."""
    text = _NO_CODE.sub("", block)
    try:
        durations = [float(argument) for argument in _RUN.findall(text)]
    except ValueError:
        return None
    return None if _OWN_WAY.search(text) else sum(durations)


def check_time(field: OvfField, path: Path, start: float, block: str) -> None:
    """Compare the simulated time in a header with what a block that began at `start` had to reach.

    A run ends at its time to rounding, or later by one time step; the time itself is the sum of
    all steps in float64.

    Raises
    ------
    EngineError
        If the header states no time, or one that is too early or much too late.
    """
    if field.time is None:
        raise EngineError(f"{path}: states no simulated time")
    asked = asked_duration(block)
    if asked is not None:
        end, rounding = start + asked, 1e-9 * (start + asked)
        if not end - rounding <= field.time <= end + 0.01 * asked + 1e-13 + rounding:
            raise EngineError(
                f"{path}: saved at t = {field.time:g} s, the block had to end at {end:g} s"
            )
