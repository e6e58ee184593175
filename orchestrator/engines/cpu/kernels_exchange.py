"""Exchange and DMI of a row, by runs of cells with equal neighborhoods or by couplings.

Along a run all constants are numbers. In a row of many short runs it costs less to read the
coupling of every cell with the next one, see `couplings`, and to go over the row at once.

Arguments are the arrays of `Tables` one by one: each use of a tuple's array would count its
references, which costs more than the work on a short row.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from orchestrator.engines.cpu import columns, kernels_field, kernels_torque

_ZERO = np.float32(0)
_ABSENT = -1


@njit(cache=True, nogil=True, error_model="numpy")
def row_beside(shape, periodic, row, axis, step):
    """First cell of the next row along y or z, around the edge; whether it is beside."""
    nx, ny, nz = shape[0], shape[1], shape[2]
    z = row // ny
    y = row - z * ny
    k, n = (y + step, ny) if axis == 1 else (z + step, nz)
    inside = periodic[axis] or 0 <= k < n
    k = n - 1 if k < 0 else 0 if k == n else k
    return np.uint64((z * ny + k) * nx if axis == 1 else (k * ny + y) * nx), inside


@njit(cache=True, nogil=True, error_model="numpy")
def _look_around(shape, periodic, regions, vacuum, row, x, at, region):
    """Offsets and regions of the neighbors of the run at x: -x, +x, -y, +y, -z, +z.

    Beyond the edge and in vacuum the region is _ABSENT.
    """
    nx, ny = shape[0], shape[1]
    z = row // ny
    here, stride = row * nx + x, 1
    for axis in range(3):
        n = shape[axis]
        k = x if axis == 0 else row - z * ny if axis == 1 else z
        for ahead in range(2):
            there, outside = here + (stride if ahead else -stride), False
            if k == (n - 1 if ahead else 0):
                there = here - (n - 1) * stride if ahead else here + (n - 1) * stride
                outside = not periodic[axis]
            at[2 * axis + ahead] = there
            absent = outside or (vacuum.size != 0 and vacuum[there])
            region[2 * axis + ahead] = _ABSENT if absent else regions[there]
        stride *= n


@njit(cache=True, nogil=True, error_model="numpy")
def _add_faces(
    per_length, inverse_ms, stiffness, dmi, kind, axes, m, o, n, at, region, r, h, b, s
):  # fmt: skip
    """Exchange and DMI with the neighbors of a run."""
    size = np.uint64(m.size // 3)
    for axis in range(axes):
        behind, ahead = region[2 * axis], region[2 * axis + 1]
        w = 2 * per_length[axis] * per_length[axis] * inverse_ms
        ap = np.float32(w * stiffness[r, ahead]) if ahead != _ABSENT else _ZERO
        aq = np.float32(w * stiffness[r, behind]) if behind != _ABSENT else _ZERO
        p, q = np.uint64(at[2 * axis + 1]), np.uint64(at[2 * axis])
        if kind == 0 or (kind == 2 and axis == 2):
            kernels_field.add_exchange(h, b, s, m, size, o, p, q, n, ap, aq)
            continue
        w = inverse_ms * per_length[axis]
        dp = np.float32(w * dmi[r, ahead]) if ahead != _ABSENT else _ZERO
        dq = np.float32(-w * dmi[r, behind]) if behind != _ABSENT else _ZERO
        i, j, k = _turned(kind, axis)
        kernels_field.add_chiral_exchange(h, b, s, m, size, o, p, q, i, j, k, n, ap, aq, dp, dq)


@njit(cache=True, nogil=True, error_model="numpy")
def _turned(kind, axis):
    """The components that DMI couples across faces along an axis, and the third one."""
    if kind == 1:
        return np.uint64((axis + 1) % 3), np.uint64((axis + 2) % 3), np.uint64(axis)
    return np.uint64(axis), np.uint64(2), np.uint64(1 - axis)


@njit(cache=True, nogil=True, error_model="numpy")
def set_by_runs(
    shape, per_length, periodic, regions, vacuum, starts, rows, material, stiffness, dmi,
    kind, closed, axes, m, row, at, region, h,
):  # fmt: skip
    """h = field of exchange and DMI in a row; `at` and `region` are scratch space of 6."""
    nx, size = shape[0], np.uint64(m.size // 3)
    s = np.uint64(nx)
    for run in range(rows[row], rows[row + 1]):
        x = np.int64(starts[run])
        end = np.int64(starts[run + 1]) if run + 1 < rows[row + 1] else nx
        n, o, b = np.uint64(end - x), np.uint64(row * nx + x), np.uint64(x)
        if vacuum.size != 0 and vacuum[o]:
            kernels_torque.clear(h, s, b, n)
            continue
        r = regions[o]
        _look_around(shape, periodic, regions, vacuum, row, x, at, region)
        gx = gy = gz = _ZERO
        f = material[columns.GHOST, r]
        if closed and f != _ZERO:
            for face in range(2 * (min(axes, 2) if kind == 2 else axes)):
                if region[face] != _ABSENT:
                    continue
                untouched = face // 2 if kind == 1 else 1 - face // 2
                gx += f if untouched != 0 else _ZERO
                gy += f if untouched != 1 else _ZERO
                gz += f if untouched != 2 else _ZERO
        kernels_field.start(h, b, s, m, size, o, n, gx, gy, gz)
        inverse_ms = np.float64(material[columns.INVERSE_MS, r])
        _add_faces(
            per_length, inverse_ms, stiffness, dmi, kind, axes, m, o, n, at, region, r, h, b, s
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def set_by_couplings(shape, periodic, ahead, twist, absent, kind, m, row, c, h):
    """h = field of exchange and DMI in a row of two or more cells, whose constants are in `c`."""
    nx, size = shape[0], np.uint64(m.size // 3)
    s, o, one = np.uint64(nx), np.uint64(row * nx), np.uint64(1)
    last = o + s - one
    kernels_torque.clear(h, s, np.uint64(0), s)
    for axis in range(3 if shape[2] > 1 else 2):
        at = np.uint64(axis) * size
        for part in range(3 if axis == 0 else 1):
            v, n = o, s
            if axis > 0:
                p, q = (
                    row_beside(shape, periodic, row, axis, 1)[0],
                    row_beside(shape, periodic, row, axis, -1)[0],
                )
            elif part == 0:
                n, p, q = one, o + one, last
            elif part == 1:
                v, n, p, q = o + one, s - one - one, o + one + one, o
            else:
                v, n, p, q = last, one, o, last - one
            b = v - o
            if kind == 0 or (kind == 2 and axis == 2):
                kernels_field.add_coupled(h, b, s, m, size, v, p, q, n, ahead, at)
            else:
                i, j, k = _turned(kind, axis)
                kernels_field.add_chiral_coupled(
                    h, b, s, m, size, v, p, q, i, j, k, n, ahead, at, twist
                )
    kernels_field.scale(h, s, s, c, np.uint64(columns.INVERSE_MS) * s)
    if absent.size != 0:
        at = np.uint64(columns.GHOST) * s
        kernels_field.add_ghosts(h, s, m, size, o, s, c, at, absent, kind)
