"""How much memory of the GPU a simulation needs, estimated before it starts."""

from __future__ import annotations

import math

from orchestrator.engines.mumax3.diagnosis import EngineFault
from orchestrator.engines.mumax3.features import Features
from orchestrator.engines.mumax3.hardware import Gpu

CONTEXT = 500 * 2**20
"""CUDA context, kernels and small buffers, bytes."""
VECTOR = 12
"""A vector of three float32."""
_STAGES = {-1: 3, 1: 1, 2: 2, 3: 4, 4: 4, 5: 7, 6: 8}


def bytes_per_cell(features: Features) -> int:
    """Bytes for each cell of the mesh, the demagnetizing field left out.

    One vector each for m, its copy before the step, the effective field, two buffers of the
    current, its map and a buffer for reductions; one for each stage of the stepper; regions and
    geometry.
    """
    vectors = 7 + _STAGES.get(features.solver, 8)
    return vectors * VECTOR + 1 + 4


def demag_bytes(cells: tuple[int, int, int], pbc: tuple[int, int, int]) -> int:
    """Bytes of the demagnetizing field's convolution.

    On the padded mesh (twice the cells along each axis that is neither periodic nor of one cell):
    three transforms of complex numbers for half the modes with real input beside them, a work area,
    and the kernel's six real components on an eighth of the modes or more.
    """
    pairs = zip(cells, pbc, strict=True)
    padded = math.prod(n if n == 1 or images else 2 * n for n, images in pairs)
    return padded * (3 * (4 + 4) + 8 + 6)


def memory_needed(features: Features) -> int | None:
    """Bytes on the GPU, about; None where the setup does not state its grid in numbers."""
    if features.cells is None:
        return None
    needed = CONTEXT + math.prod(features.cells) * bytes_per_cell(features)
    return needed + (demag_bytes(features.cells, features.pbc) if features.demag else 0)


def check_memory(features: Features, gpu: Gpu) -> None:
    """Refuse what cannot fit.

    Raises
    ------
    EngineFault
        With the need and what is free; of the kind `memory` if others hold what is missing, else
        `size`.
    """
    needed = memory_needed(features)
    if needed is None or needed <= gpu.free_mib * 2**20:
        return
    demag = " with demagnetizing field" if features.demag else ""
    nx, ny, nz = features.cells or (0, 0, 0)
    raise EngineFault(
        "memory" if needed <= gpu.total_mib * 2**20 else "size",
        f"{nx} x {ny} x {nz} cells{demag} need about {needed / 2**30:.2f} GiB on the GPU; "
        f"GPU {gpu.index} ({gpu.name}) has {gpu.free_mib / 1024:.2f} GiB free of "
        f"{gpu.total_mib / 1024:.2f} GiB",
    )
