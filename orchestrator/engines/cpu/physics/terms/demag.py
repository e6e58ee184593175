"""The demagnetizing field: a convolution of the magnetization with the grid's tensor.

B(r) = sum_r' K(r - r') mu0 Ms f m(r'), with f the filled fraction of a cell, by Fourier transforms
of the zero-padded magnetization in float32. The transformed tensor is real and stored for
wave numbers >= 0; the other ones follow from its parity.

Cells of a region where NoDemagSpins is not zero, or Msat is, neither make a field nor feel it.
"""

from __future__ import annotations

import numpy as np

from orchestrator.base.constants import MU0
from orchestrator.engines.cpu.kernels.convolution import add_where_felt, magnetize, multiply
from orchestrator.engines.cpu.physics.field_term import FieldTerm
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.physics.term_kind import TermKind
from orchestrator.engines.cpu.physics.terms.demag_cache import cached_tensor
from orchestrator.engines.cpu.physics.terms.demag_tensor import ODD, padded_length
from orchestrator.engines.cpu.physics.terms.fourier import fft, ifft, irfft, rfft, rfftn


class DemagField:
    """The field of a simulation; the tensor is made when it is first needed."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._convolution: Convolution | None = None
        self._made_for: tuple[Mesh, float] | None = None

    def is_active(self) -> bool:
        """Whether EnableDemag is set and anything is magnetic."""
        sim = self._sim
        return sim.settings.EnableDemag and sim.material.parameters["Msat"].any(sim.clock.time)

    def add(self, m: np.ndarray, out: np.ndarray) -> None:
        """Add the field in T of a magnetization, both (3, nz, ny, nx)."""
        sim, state = self._sim, self._sim.state
        key = (state.grid(), sim.settings.DemagAccuracy)
        if self._convolution is None or key != self._made_for:
            tensor = cached_tensor(*key, sim.settings.demag_cache)
            self._convolution = Convolution(key[0], tensor)
            self._made_for = key
        silent = sim.values("NoDemagSpins") != 0
        moment = MU0 * sim.values("Msat").astype(float)
        moment = np.where(silent, 0, moment).astype(np.float32)
        source = np.empty_like(m)
        magnetize(m, moment, state.regions, state.geometry, source)
        field = self._convolution(source, sim.workers.useful(state.regions.size))
        add_where_felt(field, moment, state.regions, out)


class Convolution:
    """Convolution of fields on a mesh with a tensor of `demag_tensor`."""

    def __init__(self, mesh: Mesh, tensor: np.ndarray) -> None:
        self._shape = mesh.shape
        nx, ny, nz = (padded_length(n, p) for n, p in zip(mesh.cells, mesh.pbc, strict=True))
        self._padded = (nz, ny, nx)
        self._kernel = _transformed(tensor, self._padded)

    def __call__(self, source: np.ndarray, threads: int = 1) -> np.ndarray:
        """Convolve (3, nz, ny, nx) float32."""
        (nz, ny, nx), (pz, py, px) = self._shape, self._padded
        wave = rfft(source, px, 3, threads)
        if py > 1:
            wave = fft(wave, py, 2, threads)
        if pz > 1:
            wave = fft(wave, pz, 1, threads)
        multiply(wave, self._kernel)
        if pz > 1:
            wave = ifft(wave, 1, threads)[:, :nz]
        if py > 1:
            wave = ifft(wave, 2, threads)[:, :, :ny]
        return irfft(wave, px, 3, threads)[..., :nx]


def _transformed(tensor: np.ndarray, padded: tuple[int, int, int]) -> np.ndarray:
    """Fourier transform of the tensor for wave numbers >= 0, (6, hz, hy, hx) float32."""
    halves = [length // 2 + 1 for length in padded]
    kernel = np.empty((6, *halves), np.float32)
    for component in range(6):
        whole = tensor[component].astype(float)
        for axis, length in enumerate(padded):
            whole = _unfolded(whole, axis, length, odd=bool(ODD[2 - axis, component]))
        # An odd number of odd axes does not occur, so that the transform is real.
        wave = rfftn(whole).real
        kernel[component] = wave[: halves[0], : halves[1]]
    return kernel


def _unfolded(half: np.ndarray, axis: int, length: int, *, odd: bool) -> np.ndarray:
    """Separations of both signs along an axis, those of no pair of cells zero."""
    count = half.shape[axis]
    whole = np.zeros([length if k == axis else n for k, n in enumerate(half.shape)])
    target, source = np.moveaxis(whole, axis, 0), np.moveaxis(half, axis, 0)
    target[:count] = source
    negative = np.arange(1, min(count, (length + 1) // 2))
    target[length - negative] = -source[negative] if odd else source[negative]
    return whole


def _make(sim: Simulation) -> FieldTerm:
    field = DemagField(sim)
    return FieldTerm("demag", field.add, field.is_active)


DEMAG = TermKind("demag", _make, parameters={"NoDemagSpins": ""})
