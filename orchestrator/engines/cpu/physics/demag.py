"""The demagnetizing field: a convolution of the magnetization with the grid's tensor.

B(r) = sum_r' K(r - r') mu0 Ms f m(r'), with f the filled fraction of a cell, by Fourier transforms
of the zero-padded magnetization in float32. The transformed tensor is real and stored for
wave numbers >= 0; the other ones follow from its parity.

Cells of a region where NoDemagSpins is not zero, or Msat is, neither make a field nor feel it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from orchestrator.engines.cpu.physics.constants import MU0
from orchestrator.engines.cpu.physics.demag_cache import cached_tensor
from orchestrator.engines.cpu.physics.demag_kernel import ODD, XX, XY, XZ, YY, YZ, ZZ, padded_length
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.parameters import RegionParameter
from orchestrator.engines.cpu.physics.simulation import CELLS_PER_THREAD, Simulation
from orchestrator.engines.cpu.physics.terms import FieldTerm


def install(sim: Simulation) -> None:
    """Give a simulation the field, NoDemagSpins, DemagAccuracy and a folder for tensors."""
    sim.parameters["NoDemagSpins"] = RegionParameter(1, "")
    field = DemagField(sim)
    sim.terms["demag"] = FieldTerm("demag", field.add, field.is_active)


class DemagField:
    """The field of a simulation; the tensor is made when it is first needed."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._convolution: Convolution | None = None
        self._made_for: tuple[Mesh, float] | None = None

    def is_active(self) -> bool:
        """Whether EnableDemag is set and anything is magnetic."""
        sim = self._sim
        return sim.EnableDemag and bool(sim.parameters["Msat"].values(sim.time).any())

    def add(self, m: np.ndarray, out: np.ndarray) -> None:
        """Add the field in T of a magnetization, both (3, nz, ny, nx)."""
        sim = self._sim
        assert sim.mesh is not None
        key = (sim.mesh, sim.DemagAccuracy)
        if self._convolution is None or key != self._made_for:
            tensor = cached_tensor(*key, sim.demag_cache)
            self._convolution = Convolution(sim.mesh, tensor)
            self._made_for = key
        silent = sim.parameters["NoDemagSpins"].values(sim.time)[:, 0] != 0
        moment = MU0 * sim.parameters["Msat"].values(sim.time)[:, 0].astype(float)
        moment = np.where(silent, 0, moment).astype(np.float32)
        source = np.empty_like(m)
        _magnetize(m, moment, sim.regions, sim.geometry, source)
        workers = max(1, min(sim.threads, sim.regions.size // CELLS_PER_THREAD))
        field = self._convolution(source, workers)
        _add_where_felt(field, moment, sim.regions, out)


class Convolution:
    """Convolution of fields on a mesh with a tensor of `demag_tensor`."""

    def __init__(self, mesh: Mesh, tensor: np.ndarray) -> None:
        self._shape = mesh.shape
        nx, ny, nz = (padded_length(n, p) for n, p in zip(mesh.cells, mesh.pbc, strict=True))
        self._padded = (nz, ny, nx)
        self._kernel = _transformed(tensor, self._padded)

    def __call__(self, source: np.ndarray, threads: int = 1) -> np.ndarray:
        """Convolve (3, nz, ny, nx) float32."""
        from scipy.fft import fft, ifft, irfft, rfft

        (nz, ny, nx), (pz, py, px) = self._shape, self._padded
        wave = rfft(source, px, axis=3, workers=threads)
        if py > 1:
            wave = fft(wave, py, axis=2, overwrite_x=True, workers=threads)
        if pz > 1:
            wave = fft(wave, pz, axis=1, overwrite_x=True, workers=threads)
        _multiply(wave, self._kernel)
        if pz > 1:
            wave = ifft(wave, axis=1, overwrite_x=True, workers=threads)[:, :nz]
        if py > 1:
            wave = ifft(wave, axis=2, overwrite_x=True, workers=threads)[:, :, :ny]
        return np.asarray(irfft(wave, px, axis=3, workers=threads)[..., :nx])


def _transformed(tensor: np.ndarray, padded: tuple[int, int, int]) -> np.ndarray:
    """Fourier transform of the tensor for wave numbers >= 0, (6, hz, hy, hx) float32."""
    from scipy.fft import rfftn

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


@njit(cache=True, nogil=True)
def _magnetize(m, moment, regions, fill, out):
    """mu0 M of every cell."""
    _, nz, ny, nx = m.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                size = moment[regions[z, y, x]] * fill[z, y, x]
                for c in range(3):
                    out[c, z, y, x] = size * m[c, z, y, x]


@njit(cache=True, nogil=True)
def _add_where_felt(field, moment, regions, out):
    _, nz, ny, nx = out.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                if moment[regions[z, y, x]] != 0:
                    for c in range(3):
                        out[c, z, y, x] += field[c, z, y, x]


@njit(cache=True, nogil=True)
def _multiply(wave, kernel):
    """Multiply every wave by its tensor, in place."""
    _, pz, py, hx = wave.shape
    for z in range(pz):
        kz, mirrored_z = (pz - z, True) if 2 * z > pz else (z, False)
        for y in range(py):
            ky, mirrored_y = (py - y, True) if 2 * y > py else (y, False)
            sign_yz = np.float32(-1 if mirrored_y != mirrored_z else 1)
            sign_xz = np.float32(-1 if mirrored_z else 1)
            sign_xy = np.float32(-1 if mirrored_y else 1)
            for x in range(hx):
                mx, my, mz = wave[0, z, y, x], wave[1, z, y, x], wave[2, z, y, x]
                yz = sign_yz * kernel[YZ, kz, ky, x]
                xz = sign_xz * kernel[XZ, kz, ky, x]
                xy = sign_xy * kernel[XY, kz, ky, x]
                wave[0, z, y, x] = kernel[XX, kz, ky, x] * mx + xy * my + xz * mz
                wave[1, z, y, x] = xy * mx + kernel[YY, kz, ky, x] * my + yz * mz
                wave[2, z, y, x] = xz * mx + yz * my + kernel[ZZ, kz, ky, x] * mz
