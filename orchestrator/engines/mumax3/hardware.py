"""The mumax3 binary and the GPUs of this machine.

GPUs are counted as nvidia-smi counts them, by PCI bus, and mumax3 is told to do the same
(`CUDA_DEVICE_ORDER`), so that one number means one card everywhere.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.base.errors import InputError

ORDER = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
"""Environment in which CUDA counts GPUs as nvidia-smi does."""
VISIBLE = "CUDA_VISIBLE_DEVICES"
_QUERY = "--query-gpu=index,name,memory.total,memory.free,driver_version,uuid"
_LISTED = re.compile(r"^GPU (\d+):|^\s+MIG\s+(\S+)\s+Device\s+\d+:\s*\(UUID:\s*(MIG-[^)\s]+)\)")


@dataclass(frozen=True)
class Gpu:
    """One GPU, or one MIG device of it, as nvidia-smi tells it; memory in MiB.

    nvidia-smi states no free memory of a MIG device; all of its memory is taken to be free.
    """

    index: int
    name: str
    total_mib: int
    free_mib: int
    driver: str
    uuid: str = ""
    mig: bool = False

    @property
    def visible_as(self) -> str:
        """What names it alone in CUDA_VISIBLE_DEVICES."""
        return self.uuid if self.mig else str(self.index)

    def __str__(self) -> str:
        return f"{self.name}, {self.total_mib / 1024:.1f} GiB"


def find_mumax3(binary: str | None = None) -> str | None:
    """Absolute path of the mumax3 binary: the given one, else $MUMAX3, else the one on PATH."""
    found = shutil.which(binary or os.environ.get("MUMAX3") or "mumax3")
    return None if found is None else os.path.abspath(found)


def find_gpus() -> list[Gpu]:
    """All NVIDIA GPUs that CUDA_VISIBLE_DEVICES leaves, in the order of mumax3's -gpu.

    Where a GPU is divided (MIG), its devices stand in its place.
    """
    gpus = []
    for line in _nvidia_smi(_QUERY, "--format=csv,noheader,nounits").strip().splitlines():
        values = [value.strip() for value in line.split(",")]
        if len(values) >= 5 and values[0].isdigit():
            total, free = (int(v) if v.isdigit() else 0 for v in values[2:4])
            uuid = values[5] if len(values) > 5 else ""
            gpus.append(Gpu(int(values[0]), values[1], total, free, values[4], uuid))
    if not gpus:
        return []
    divided = _mig_devices()
    parts = [part for gpu in gpus for part in _divide(gpu, divided) or [gpu]]
    chosen = os.environ.get(VISIBLE)
    return parts if chosen is None else _visible(parts, gpus, chosen)


def choose_gpus(names: Sequence[str]) -> list[tuple[int, Gpu]]:
    """GPUs by number or UUID, each with its number among the visible ones.

    Raises
    ------
    InputError
        If one of them does not exist; with the list of what there is.
    """
    gpus = find_gpus()
    chosen = []
    for name in names:
        index = int(name) if name.isdecimal() else -1
        found = gpus[index : index + 1] if index >= 0 else _by_uuid(gpus, name)
        if len(found) != 1:
            raise InputError(f"gpus: there is no GPU {name!r}; {overview(gpus)}")
        chosen.append((gpus.index(found[0]), found[0]))
    return chosen


def check_index(gpus: Sequence[Gpu], gpu: int) -> None:
    """Refuse the number of a GPU that nvidia-smi does not show, where it shows any.

    Raises
    ------
    InputError
        With the list of what there is.
    """
    if gpus and gpu >= len(gpus):
        raise InputError(f"there is no GPU {gpu}: {overview(gpus)}")


def overview(gpus: Sequence[Gpu]) -> str:
    """What nvidia-smi shows, in one line."""
    if not gpus:
        return "nvidia-smi shows no GPU"
    listed = "; ".join(f"{k}: {gpu}" for k, gpu in enumerate(gpus))
    return f"nvidia-smi shows {len(gpus)} ({listed})"


def place_of(gpu: int) -> tuple[int, dict[str, str]]:
    """The value of mumax3's -gpu for a GPU, and the environment in which it means that GPU.

    CUDA shows a process one MIG device at most, which then is number 0.
    """
    gpus = find_gpus()
    if gpu < len(gpus) and gpus[gpu].mig:
        return 0, ORDER | {VISIBLE: gpus[gpu].visible_as}
    return gpu, dict(ORDER)


def _nvidia_smi(*arguments: str) -> str:
    command = ["nvidia-smi", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _mig_devices() -> dict[int, list[tuple[str, str]]]:
    """Profile and UUID of the MIG devices of each GPU that has some."""
    found: dict[int, list[tuple[str, str]]] = {}
    index = -1
    for line in _nvidia_smi("-L").splitlines():
        if match := _LISTED.match(line):
            if match[1]:
                index = int(match[1])
            else:
                found.setdefault(index, []).append((match[2], match[3]))
    return found


def _divide(gpu: Gpu, divided: dict[int, list[tuple[str, str]]]) -> list[Gpu]:
    parts = []
    for profile, uuid in divided.get(gpu.index, []):
        size = re.search(r"(\d+)gb", profile)
        memory = 1024 * int(size[1]) if size else gpu.total_mib
        name = f"{gpu.name} MIG {profile}"
        mig = replace(gpu, name=name, total_mib=memory, free_mib=memory, uuid=uuid, mig=True)
        parts.append(mig)
    return parts


def _visible(parts: list[Gpu], gpus: list[Gpu], chosen: str) -> list[Gpu]:
    """What CUDA makes of CUDA_VISIBLE_DEVICES: all up to the first name that it does not know."""
    visible: list[Gpu] = []
    for name in (part.strip() for part in chosen.split(",")):
        found = [part for part in parts if name == str(part.index)][:1]
        if not found:
            owners = [gpu.index for gpu in _by_uuid(gpus, name)]
            found = _by_uuid(parts, name) or [p for p in parts if p.index in owners][:1]
        if len(found) != 1:
            break
        visible += found
    return visible


def _by_uuid(gpus: Sequence[Gpu], name: str) -> list[Gpu]:
    """Those whose UUID begins with a name such as `GPU-8932f937`."""
    return [gpu for gpu in gpus if name[:4] in ("GPU-", "MIG-") and gpu.uuid.startswith(name)]
