"""Exchange of a row whose neighborhood changes from cell to cell: coefficients by cell.

In a row of many short runs it costs less to look up the coefficients of every cell and face, and
to go over the row at once, than to start the loops anew for each run.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from orchestrator.engines.cpu import columns, kernels_field
from orchestrator.engines.cpu.kernels_field import is_vacuum

_ZERO = np.float32(0)
_EXCHANGE, _CHIRAL, _GHOST, _PADDED = 0, 6, 12, 15
ROWS = 18
"""Floats of scratch space per cell of a row, beside PADDING."""
PADDING = 6


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _row_beside(t, row, face):
    """First cell of the row beside a face along y or z; -1 where there is none."""
    nx, ny, nz = t.shape[0], t.shape[1], t.shape[2]
    z = row // ny
    y = row - z * ny
    step = 2 * (face % 2) - 1
    k, n = (y + step, ny) if face < 4 else (z + step, nz)
    if k < 0 or k >= n:
        if not t.periodic[face // 2]:
            return -1
        k = n - 1 if k < 0 else 0
    return (z * ny + k) * nx if face < 4 else (k * ny + y) * nx


@njit(cache=True, nogil=True, error_model="numpy")
def _look_up(t, m, row, face, beside, work):
    """Coefficients of one face of all cells in a row; missing neighbors add to the ghost term."""
    nx, axis = t.shape[0], face // 2
    sign = np.float32(2 * (face % 2) - 1)
    length = np.float32(t.per_length[axis])
    closed = t.kind != 0 and t.closed and not (axis == 2 and t.kind == 2)
    untouched = axis if t.kind == 1 else 1 - axis
    for x in range(nx):
        here = row * nx + x
        work[(_EXCHANGE + face) * nx + x] = work[(_CHIRAL + face) * nx + x] = _ZERO
        if is_vacuum(m, here):
            continue
        if axis > 0:
            there = beside + x if beside >= 0 else -1
        elif face == 0:
            there = here - 1 if x > 0 else here + nx - 1 if t.periodic[0] else -1
        else:
            there = here + 1 if x < nx - 1 else here - nx + 1 if t.periodic[0] else -1
        r = t.regions[here]
        inverse_ms = t.material[r, columns.INVERSE_MS]
        if there >= 0 and not is_vacuum(m, there):
            other = t.regions[there]
            w = length * inverse_ms
            work[(_EXCHANGE + face) * nx + x] = np.float32(2) * length * w * t.stiffness[r, other]
            if t.kind == 1 or (t.kind == 2 and axis < 2):
                work[(_CHIRAL + face) * nx + x] = sign * w * t.dmi[r, other]
        elif closed and t.dmi[r, r] != _ZERO:
            d = np.float64(t.dmi[r, r])
            f = np.float32(0.5 * d * d / t.stiffness[r, r] * inverse_ms)
            for c in range(3):
                if c != untouched:
                    work[(_GHOST + c) * nx + x] += f


@njit(cache=True, nogil=True, error_model="numpy")
def set_row_exchange(t, m, row, work, h):
    """h = field of exchange and DMI in a row; `work` has ROWS nx + PADDING floats."""
    nx, size = t.shape[0], np.uint64(m.size // 3)
    n = np.uint64(nx)
    work[_GHOST * nx : (_GHOST + 3) * nx] = _ZERO
    around = np.empty(6, np.int64)
    for face in range(6 if t.z_faces else 4):
        around[face] = _row_beside(t, row, face) if face > 1 else -1
        _look_up(t, m, row, face, around[face], work)
    padded, stride = _PADDED * nx, nx + 2
    for c in range(3):
        own, to = c * (m.size // 3) + row * nx, padded + c * stride
        for x in range(nx):
            v = m[own + x]
            work[to + 1 + x] = v
            h[c * nx + x] = work[(_GHOST + c) * nx + x] * v
        work[to] = m[own + nx - 1]
        work[to + nx + 1] = m[own]
    o = np.uint64(row * nx)
    for axis in range(3 if t.z_faces else 2):
        i, j, k = np.uint64(0), np.uint64(1), np.uint64(2)
        if t.kind == 1:
            i, j, k = np.uint64((axis + 1) % 3), np.uint64((axis + 2) % 3), np.uint64(axis)
        elif t.kind == 2 and axis < 2:
            i, j, k = np.uint64(axis), np.uint64(2), np.uint64(1 - axis)
        at = np.uint64((_EXCHANGE + 2 * axis) * nx)
        if axis == 0:
            first = np.uint64(padded)
            one = np.uint64(1)
            kernels_field.add_varied_exchange(
                h, n, work, np.uint64(stride), first + one, first + one + one, first, i, j, k, n,
                work, at,
            )  # fmt: skip
            continue
        p = np.uint64(around[2 * axis + 1]) if around[2 * axis + 1] >= 0 else o
        q = np.uint64(around[2 * axis]) if around[2 * axis] >= 0 else o
        kernels_field.add_varied_exchange(h, n, m, size, o, p, q, i, j, k, n, work, at)
