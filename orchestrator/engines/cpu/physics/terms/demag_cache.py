"""Demagnetizing tensors kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from pathlib import Path

import numpy as np

from orchestrator.base.files import written_whole
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.terms.demag_tensor import demag_tensor

FORMAT = 2
"""Goes up when the integration changes."""


def default_folder() -> Path:
    """The user's folder for tensors, below XDG_CACHE_HOME or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "mumax3-orchestrator" / "demag"


def cached_tensor(mesh: Mesh, accuracy: float, folder: Path | None) -> np.ndarray:
    """`demag_tensor` of a mesh, from a file of the folder where there is one.

    A file that is missing, damaged or of another grid is written anew, whole or not at all; a
    folder that cannot be written costs nothing but the time to compute.
    """

    def compute() -> np.ndarray:
        return demag_tensor(mesh.cells, mesh.cell_size, mesh.pbc, accuracy)

    if folder is None:
        return compute()
    description = json.dumps(
        [FORMAT, mesh.cells, [float(c) for c in mesh.cell_size], mesh.pbc, float(accuracy)]
    )
    name = hashlib.sha256(description.encode()).hexdigest()[:32]
    path = folder / f"{name}.npz"
    tensor = _read(path, description)
    if tensor is None:
        tensor = compute()
        with contextlib.suppress(OSError):
            _write(path, description, tensor)
    return tensor


def _read(path: Path, description: str) -> np.ndarray | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            tensor, found = stored["tensor"], str(stored["description"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    sound = found == description and tensor.dtype == np.float32 and tensor.ndim == 4
    return tensor if sound else None


def _write(path: Path, description: str, tensor: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary, temporary.open("wb") as file:
        np.savez(file, tensor=tensor, description=np.array(description))
