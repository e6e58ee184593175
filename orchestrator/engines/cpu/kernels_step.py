"""Compiled kernels of the steppers: weighted sums of stages and their largest vector."""

from __future__ import annotations

import numpy as np
from numba import njit

_ZERO = np.float32(0)
_ONE = np.float32(1)


@njit(cache=True, nogil=True, error_model="numpy")
def combine(m0, stages, weights, h, normalize, first, last, out):
    """out = m0 + h sum_k weights[k] stages[k], normalized if asked for; vacuum stays zero."""
    ny, nx = m0.shape[2], m0.shape[3]
    for row in range(first, last):
        z, y = row // ny, row % ny
        out_x, out_y, out_z = out[0, z, y], out[1, z, y], out[2, z, y]
        out_x[:] = m0[0, z, y]
        out_y[:] = m0[1, z, y]
        out_z[:] = m0[2, z, y]
        for k in range(weights.shape[0]):
            w = h * weights[k]
            if w != _ZERO:
                a, b, c = stages[k, 0, z, y], stages[k, 1, z, y], stages[k, 2, z, y]
                for x in range(nx):
                    out_x[x] += w * a[x]
                    out_y[x] += w * b[x]
                    out_z[x] += w * c[x]
        if not normalize:
            continue
        for x in range(nx):
            square = out_x[x] * out_x[x] + out_y[x] * out_y[x] + out_z[x] * out_z[x]
            f = _ONE / np.sqrt(square) if square > _ZERO else _ZERO
            out_x[x] *= f
            out_y[x] *= f
            out_z[x] *= f


@njit(cache=True, nogil=True, error_model="numpy")
def largest(stages, weights, first, last):
    """Largest length over the cells of sum_k weights[k] stages[k]; NaN if there is one."""
    ny, nx = stages.shape[3], stages.shape[4]
    total = np.empty((3, nx), np.float32)
    top = _ZERO
    for row in range(first, last):
        z, y = row // ny, row % ny
        total[:] = _ZERO
        for k in range(weights.shape[0]):
            w = weights[k]
            if w != _ZERO:
                for c in range(3):
                    stage, sums = stages[k, c, z, y], total[c]
                    for x in range(nx):
                        sums[x] += w * stage[x]
        for x in range(nx):
            square = total[0, x] ** 2 + total[1, x] ** 2 + total[2, x] ** 2
            if square > top or square != square:
                top = square
                if square != square:
                    return square
    return np.sqrt(top)
