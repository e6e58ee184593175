"""Arrays that scripts load, make and fill: `LoadFile`, `NewSlice`, `NewVectorMask`."""

from __future__ import annotations

import math

import numpy as np

from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import Numbers, Vector
from orchestrator.engines.cpu.output.files import fatal
from orchestrator.engines.cpu.script.limits import check_bytes
from orchestrator.ovf.files import read_ovf


class Slice:
    """Values on a grid, (nz, ny, nx, components) float32, and where they come from."""

    def __init__(self, data: np.ndarray, origin: str = "slice") -> None:
        self.data = data
        self.origin = origin

    def __str__(self) -> str:
        return str(self.data.tolist())

    def _index(self, component: int, ix: int, iy: int, iz: int) -> tuple[int, int, int, int]:
        index = (iz, iy, ix, component)
        if any(not 0 <= i < n for i, n in zip(index, self.data.shape, strict=True)):
            raise PanicError(
                f"slice index out of bounds: component {component}, cell ({ix}, {iy}, {iz}) "
                f"of {self.data.shape[3]} components, {self.data.shape[2::-1]} cells"
            )
        return index

    @exposed
    def get(self, component: int, ix: int, iy: int, iz: int) -> float:
        return float(self.data[self._index(component, ix, iy, iz)])

    @exposed
    def set(self, component: int, ix: int, iy: int, iz: int, value: float) -> None:
        self.data[self._index(component, ix, iy, iz)] = value

    @exposed
    def set_scalar(self, ix: int, iy: int, iz: int, value: float) -> None:
        self.set(0, ix, iy, iz, value)

    @exposed
    def set_vector(self, ix: int, iy: int, iz: int, value: Vector) -> None:
        for component, number in enumerate(value.components):
            self.set(component, ix, iy, iz, number)

    @exposed
    def n_comp(self) -> int:
        return int(self.data.shape[3])

    @exposed
    def len(self) -> int:
        return math.prod(self.data.shape[:3])

    @exposed
    def size(self) -> Numbers:
        return Numbers(self.data.shape[2::-1])

    @exposed
    def comp(self, component: int) -> Slice:
        self._index(component, 0, 0, 0)
        return Slice(self.data[..., component : component + 1], self.origin)


def empty_slice(components: int, nx: int, ny: int, nz: int) -> Slice:
    """A slice of zeros.

    Raises
    ------
    PanicError
        If a count is not positive.
    FatalError
        If this machine has not the memory.
    """
    if min(components, nx, ny, nz) < 1:
        raise PanicError(f"illegal argument: slice of {components} x ({nx}, {ny}, {nz})")
    check_bytes(f"a slice of {components} x ({nx}, {ny}, {nz})", 4 * components * nx * ny * nz)
    return Slice(np.zeros((nz, ny, nx, components), np.float32))


def load_slice(path: str) -> Slice:
    """The data of an OVF or dump file, float32.

    Raises
    ------
    FatalError
        If the file cannot be used.
    """
    with fatal(path), np.errstate(over="ignore"):
        data = read_ovf(path, lengths=False, checksum=False).data
        return Slice(data.astype(np.float32, copy=False), path)
