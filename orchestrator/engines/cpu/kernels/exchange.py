"""Exchange and DMI of a row, by runs of cells with equal neighborhoods or by couplings.

Along a run all constants are numbers. In a row of many short runs it costs less to read the
coupling of every cell with the next one, see `couplings`, and to go over the row at once.

Arguments are the arrays of `Tables` one by one: each use of a tuple's array would count its
references, which costs more than the work on a short row.
"""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.kernels import columns
from orchestrator.engines.cpu.kernels import field as kernels_field
from orchestrator.engines.cpu.kernels import torque as kernels_torque
from orchestrator.engines.cpu.kernels.compiled import compiled

_ZERO = np.float32(0)
_ABSENT = -1


@compiled
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


@compiled
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


@compiled
def _turned(kind, axis):
    """The components that DMI couples across faces along an axis, and the third one."""
    if kind == 1:
        return np.uint64((axis + 1) % 3), np.uint64((axis + 2) % 3), np.uint64(axis)
    return np.uint64(axis), np.uint64(2), np.uint64(1 - axis)


@compiled
def set_by_runs(
    shape, per_length, periodic, regions, vacuum, starts, rows, material, stiffness, dmi,
    kind, closed, axes, m, row, at, region, h, to, s,
):  # fmt: skip
    """h from `to` on = field of exchange and DMI in a row; `at`, `region`: scratch space of 6."""
    nx, size = shape[0], np.uint64(m.size // 3)
    for run in range(rows[row], rows[row + 1]):
        x = np.int64(starts[run])
        end = np.int64(starts[run + 1]) if run + 1 < rows[row + 1] else nx
        n, o, b = np.uint64(end - x), np.uint64(row * nx + x), to + np.uint64(x)
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


@compiled
def piece(shape, periodic, axis, v, end, joined):
    """Cells from v on whose neighbors along an axis lie at equal distances.

    Returns
    -------
    tuple of int
        Number of cells before `end`, offsets of the neighbors ahead and behind. Beyond the edge
        these are the first cells at the other end if `joined` or the axis is periodic, else the
        cells themselves. Along an open x axis edges do not end a piece, unless at the end of all.
    """
    nx, ny, nz = shape[0], shape[1], shape[2]
    stride = 1 if axis == 0 else nx if axis == 1 else nx * ny
    length, last = shape[axis], nx * ny * nz - 1
    k = v // stride % length
    if axis == 0 and not periodic[0] and v != 0 and v != last:
        return min(end, last) - v, v + 1, v - 1
    ahead = v + stride if k < length - 1 else v - (length - 1) * stride
    behind = v - stride if k > 0 else v + (length - 1) * stride
    if not joined and not periodic[axis]:
        ahead, behind = max(ahead, v), min(behind, v)
    if k == 0 or k == length - 1:
        return min(end - v, stride - v % stride), ahead, behind
    return min(end - v, (length - 1 - k) * stride - v % stride), ahead, behind


@compiled
def set_by_couplings(
    shape, periodic, ahead, twist, absent, kind, m, first, last, c, h, b, s
):  # fmt: skip
    """h from b on = field of exchange and DMI in rows of two or more cells; `c`: constants."""
    nx, size = shape[0], np.uint64(m.size // 3)
    start, end = first * nx, last * nx
    o, number = np.uint64(start), np.uint64(end - start)
    kernels_torque.clear(h, s, b, number)
    for axis in range(3 if shape[2] > 1 else 2):
        at = np.uint64(axis) * size
        v = start
        while v < end:
            count, p, q = piece(shape, periodic, axis, v, end, True)
            u, n, p, q = np.uint64(v), np.uint64(count), np.uint64(p), np.uint64(q)
            to = b + (u - o)
            if kind == 0 or (kind == 2 and axis == 2):
                kernels_field.add_coupled(h, to, s, m, size, u, p, q, n, ahead, at)
            else:
                i, j, k = _turned(kind, axis)
                kernels_field.add_chiral_coupled(
                    h, to, s, m, size, u, p, q, i, j, k, n, ahead, at, twist
                )
            v += count
    kernels_field.scale(h, b, s, number, c, np.uint64(columns.INVERSE_MS) * s + b)
    if absent.size != 0:
        at = np.uint64(columns.GHOST) * s + b
        kernels_field.add_ghosts(h, b, s, m, size, o, number, c, at, absent, kind)
