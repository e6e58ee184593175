"""The mumax3 binary and the GPUs of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    """One GPU as nvidia-smi tells it; memory in MiB."""

    index: int
    name: str
    total_mib: int
    free_mib: int
    driver: str


def find_mumax3(binary: str | None = None) -> str | None:
    """Path of the mumax3 binary: the given one, else the environment's MUMAX3, else PATH."""
    return shutil.which(binary or os.environ.get("MUMAX3") or "mumax3")


def find_gpus() -> list[Gpu]:
    """All NVIDIA GPUs that CUDA_VISIBLE_DEVICES leaves, in the order of mumax3's -gpu."""
    fields = "index,name,memory.total,memory.free,driver_version"
    try:
        listing = subprocess.run(
            ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    gpus = []
    for line in listing.strip().splitlines():
        values = [value.strip() for value in line.split(",")]
        if len(values) == 5 and values[0].isdigit():
            total, free = (int(v) if v.isdigit() else 0 for v in values[2:4])
            gpus.append(Gpu(int(values[0]), values[1], total, free, values[4]))
    return _visible(gpus)


def _visible(gpus: list[Gpu]) -> list[Gpu]:
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return gpus
    names = [name.strip() for name in chosen.split(",") if name.strip()]
    if not all(name.isdigit() for name in names):
        return gpus  # names by UUID: nvidia-smi lists them in another order
    by_index = {gpu.index: gpu for gpu in gpus}
    return [by_index[int(name)] for name in names if int(name) in by_index]
