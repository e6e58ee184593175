"""Outputs of an engine, checked before they count."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from orchestrator.errors import EngineError, InputError
from orchestrator.mx3.ovf import OvfField, read_ovf


def collect(
    source: Path, target: Path, shape: tuple[int, int, int], *, unit_length: bool
) -> OvfField:
    """Check an OVF file that an engine has saved, and move it to its final place.

    Parameters
    ----------
    source, target : Path
        Both on the same file system; `target` appears whole, after an fsync.
    shape : (nz, ny, nx)
        The grid that the field must have.
    unit_length : bool
        Whether the vectors must have length 1 (0 in vacuum).

    Raises
    ------
    EngineError
        If the file is missing, truncated, of another grid, or holds NaN.
    """
    try:
        field = read_ovf(source)
    except InputError as error:
        raise EngineError(f"the engine left no usable output: {error}") from None
    if field.data.shape[:3] != shape:
        nz, ny, nx = field.data.shape[:3]
        raise EngineError(
            f"{source}: {nx} x {ny} x {nz} cells, expected {shape[2]} x {shape[1]} x {shape[0]}"
        )
    if not np.isfinite(field.data).all():
        raise EngineError(f"{source}: holds NaN or infinite values")
    if unit_length:
        length = np.linalg.norm(field.data, axis=-1)
        wrong = (np.abs(length - 1) > 1e-3) & (length != 0)
        if wrong.any():
            raise EngineError(f"{source}: magnetization of length {length[wrong].flat[0]:g}")
    with open(source, "rb") as file:
        os.fsync(file.fileno())
    os.replace(source, target)
    return field
