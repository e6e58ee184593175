"""Compiled kernels of the demagnetizing field, see `demag`."""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.kernels.compiled import compiled

XX, YY, ZZ, YZ, XZ, XY = range(6)
"""The order of the tensor's components."""


@compiled
def magnetize(m, moment, regions, fill, out):
    """mu0 M of every cell."""
    _, nz, ny, nx = m.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                size = moment[regions[z, y, x]] * fill[z, y, x]
                for c in range(3):
                    out[c, z, y, x] = size * m[c, z, y, x]


@compiled
def add_where_felt(field, moment, regions, out):
    _, nz, ny, nx = out.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                if moment[regions[z, y, x]] != 0:
                    for c in range(3):
                        out[c, z, y, x] += field[c, z, y, x]


@compiled
def multiply(wave, kernel):
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
