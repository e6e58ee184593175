"""Compiled kernels: effective field and torque of the local terms, one pass over the cells.

Fields are flat views of component-first arrays (3, nz, ny, nx) float32. The discretization is
mumax3's: seven-point exchange, DMI edges by ghost cells unless the boundary is open, Zhang-Li
torque by central differences. A cell with m = 0 is vacuum. Rows are split into runs of cells with
equal neighborhoods, along which all constants are numbers and the loops vectorize.

Compiled code is cached on disk by the file of the function that is called: after a change in
`kernels_field`, `kernels_torque`, `kernels_crowded` or `columns` alone, touch this file.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from orchestrator.engines.cpu import columns, kernels_crowded, kernels_field, kernels_torque
from orchestrator.engines.cpu.kernels_field import is_vacuum

_ZERO = np.float32(0)
_ONE = np.float32(1)
_ABSENT = -1

EXCHANGE, ANISOTROPY, EXTERNAL = 1, 2, 4
LANDAU, TRANSFER = 1, 2


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _look_around(t, m, row, x, at, region):
    """Offsets and regions of the neighbors of the run at x: -x, +x, -y, +y, -z, +z.

    Beyond the edge the offset is the cell's own; there and in vacuum the region is _ABSENT.
    """
    nx, ny = t.shape[0], t.shape[1]
    z = row // ny
    here, stride = row * nx + x, 1
    for axis in range(3):
        n = t.shape[axis]
        k = x if axis == 0 else row - z * ny if axis == 1 else z
        for ahead in range(2):
            there = here + (stride if ahead else -stride)
            if k == (n - 1 if ahead else 0):
                there = here - (n - 1) * stride if ahead else here + (n - 1) * stride
                if not t.periodic[axis]:
                    at[2 * axis + ahead], region[2 * axis + ahead] = here, _ABSENT
                    continue
            at[2 * axis + ahead] = there
            region[2 * axis + ahead] = _ABSENT if is_vacuum(m, there) else t.regions[there]
        stride *= n


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _set_exchange(t, m, o, n, at, region, r, h, s):
    """h = field of exchange and DMI in a run of region r."""
    size = np.uint64(m.size // 3)
    inverse_ms = np.float64(t.material[r, columns.INVERSE_MS])
    gx = gy = gz = 0.0
    if t.kind != 0 and t.closed and t.dmi[r, r] != _ZERO:
        d = np.float64(t.dmi[r, r])
        f = 0.5 * d * d / t.stiffness[r, r] * inverse_ms
        for face in range(6):
            axis = face // 2
            if region[face] != _ABSENT or (axis == 2 and (t.kind == 2 or not t.z_faces)):
                continue
            untouched = axis if t.kind == 1 else 1 - axis
            gx += f if untouched != 0 else 0.0
            gy += f if untouched != 1 else 0.0
            gz += f if untouched != 2 else 0.0
    kernels_field.start(h, s, m, size, o, n, np.float32(gx), np.float32(gy), np.float32(gz))
    _add_faces(t, m, o, n, at, region, r, h, s, inverse_ms)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _add_pointwise(t, m, parts, o, n, r, h, s):
    """h += field of the chosen parts that need no neighbors."""
    size = np.uint64(m.size // 3)
    if parts & EXTERNAL:
        bx, by, bz = (
            t.material[r, columns.B],
            t.material[r, columns.B + 1],
            t.material[r, columns.B + 2],
        )
        if bx != _ZERO or by != _ZERO or bz != _ZERO:
            kernels_field.add_uniform(h, s, n, bx, by, bz)
        if t.field.size != 0:
            kernels_field.add_map(h, s, t.field, size, o, n)
    if parts & ANISOTROPY:
        k1, k2 = t.material[r, columns.KU1], t.material[r, columns.KU2]
        if k1 != _ZERO or k2 != _ZERO:
            ux, uy, uz = (
                t.material[r, columns.U],
                t.material[r, columns.U + 1],
                t.material[r, columns.U + 2],
            )
            kernels_field.add_uniaxial(h, s, m, size, o, n, k1, k2, ux, uy, uz)
        k1, k2, k3 = (
            t.material[r, columns.KC1],
            t.material[r, columns.KC2],
            t.material[r, columns.KC3],
        )
        if k1 != _ZERO or k2 != _ZERO or k3 != _ZERO:
            u, v, w = (
                t.material[r, columns.C1 : columns.C1 + 3],
                t.material[r, columns.C2 : columns.C2 + 3],
                t.material[r, columns.C3 : columns.C3 + 3],
            )
            kernels_field.add_cubic(h, s, m, size, o, n, k1, k2, k3, u, v, w)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _end_of_region(t, m, row, x):
    """End of the cells from x on that are alike, whatever their neighbors, in a crowded row."""
    nx = t.shape[0]
    here = row * nx + x
    end = x + 1
    if x == 0:
        return end
    empty, r = is_vacuum(m, here), t.regions[here]
    while end < nx - 1 and t.regions[row * nx + end] == r and is_vacuum(m, row * nx + end) == empty:
        end += 1
    return end


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _add_faces(t, m, o, n, at, region, r, h, s, inverse_ms):
    """Exchange and DMI with the neighbors of a run."""
    size = np.uint64(m.size // 3)
    for axis in range(3):
        if axis == 2 and not t.z_faces:
            continue
        behind, ahead = region[2 * axis], region[2 * axis + 1]
        per_length = t.per_length[axis]
        w = 2 * per_length * per_length * inverse_ms
        ap = np.float32(w * t.stiffness[r, ahead]) if ahead != _ABSENT else _ZERO
        aq = np.float32(w * t.stiffness[r, behind]) if behind != _ABSENT else _ZERO
        p, q = np.uint64(at[2 * axis + 1]), np.uint64(at[2 * axis])
        if t.kind == 0 or (t.kind == 2 and axis == 2):
            kernels_field.add_exchange(h, s, m, size, o, p, q, n, ap, aq)
            continue
        w = inverse_ms * per_length
        dp = np.float32(w * t.dmi[r, ahead]) if ahead != _ABSENT else _ZERO
        dq = np.float32(-w * t.dmi[r, behind]) if behind != _ABSENT else _ZERO
        if t.kind == 1:
            i, j, k = np.uint64((axis + 1) % 3), np.uint64((axis + 2) % 3), np.uint64(axis)
        else:
            i, j, k = np.uint64(axis), np.uint64(2), np.uint64(1 - axis)
        kernels_field.add_chiral_exchange(h, s, m, size, o, p, q, i, j, k, n, ap, aq, dp, dq)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _add_zhang_li(t, m, o, n, at, r, h, s, out):
    """Zhang-Li torque of a run; h is overwritten with (u . grad) m / gamma0."""
    size = np.uint64(m.size // 3)
    kernels_torque.clear(h, s, np.uint64(0), n)
    for axis in range(3):
        if at[2 * axis] == at[2 * axis + 1]:
            continue
        uniform = t.material[r, columns.J + axis]
        p, q = np.uint64(at[2 * axis + 1]), np.uint64(at[2 * axis])
        f = np.float32(t.material[r, columns.ZHANG_LI] * t.per_length[axis])
        if t.current.size != 0:
            j = o + np.uint64(axis) * size
            kernels_torque.add_weighted_derivative(h, s, m, size, p, q, n, f, uniform, t.current, j)
        elif uniform != _ZERO:
            kernels_torque.add_derivative(h, s, m, size, p, q, n, f * uniform)
    a, xi = t.material[r, columns.ALPHA], t.material[r, columns.XI]
    g = -_ONE / (_ONE + a * a)
    kernels_torque.add_cross_products(out, h, s, m, size, o, n, g * (xi - a), g * (_ONE + xi * a))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _add_slonczewski(t, m, o, n, r, out):
    """Slonczewski torque of a run."""
    size = np.uint64(m.size // 3)
    px, py, pz = (
        t.material[r, columns.P],
        t.material[r, columns.P + 1],
        t.material[r, columns.P + 2],
    )
    f, secondary = t.material[r, columns.SLONCZEWSKI], t.material[r, columns.SECONDARY]
    kernels_torque.add_slonczewski(
        out, m, size, o, n, t.material[r, columns.J + 2], t.current, o + size + size, t.layer,
        px, py, pz, o, f, t.material[r, columns.LAMBDA2], secondary, t.material[r, columns.ALPHA],
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def torque(t, m, parts, extra, first, last, out):
    """Torque in T of the rows `first` to `last` (rows counted over z and y); dm/dt = gamma torque.

    Parameters
    ----------
    t : Tables
    m, out : ndarray, shape (3 N,)
    parts : int
        Sum of LANDAU and TRANSFER, the torques of the field and of the current.
    extra : ndarray, shape (3 N,) or (0,)
        Field in T besides the local terms.
    """
    nx, size = t.shape[0], np.uint64(m.size // 3)
    s = np.uint64(nx)
    h, row_h = np.empty(3 * nx, np.float32), np.empty(3 * nx, np.float32)
    work = np.empty(kernels_crowded.ROWS * nx + kernels_crowded.PADDING, np.float32)
    at, region = np.empty(6, np.int64), np.empty(6, np.int64)
    for row in range(first, last):
        run, x = t.rows[row], np.int64(0)
        crowded = t.rows[row + 1] - run > t.crowded
        if crowded and parts & LANDAU:
            kernels_crowded.set_row_exchange(t, m, row, work, row_h)
        while x < nx:
            run += 1
            begin = x
            if crowded:
                x = _end_of_region(t, m, row, begin)
            else:
                x = np.int64(t.starts[run]) if run < t.rows[row + 1] else nx
            n, o = np.uint64(x - begin), np.uint64(row * nx + begin)
            r = t.regions[o]
            if is_vacuum(m, o) or t.material[r, columns.FROZEN] != _ZERO:
                kernels_torque.clear(out, size, o, n)
                continue
            _look_around(t, m, row, begin, at, region)
            if parts & LANDAU:
                b = row_h[begin:] if crowded else h
                if not crowded:
                    _set_exchange(t, m, o, n, at, region, r, b, s)
                _add_pointwise(t, m, ANISOTROPY | EXTERNAL, o, n, r, b, s)
                if extra.size != 0:
                    kernels_field.add_map(b, s, extra, size, o, n)
                a = t.material[r, columns.ALPHA]
                g = -_ONE / (_ONE + a * a) if t.precess else _ZERO
                d = g * a if t.precess else -_ONE
                kernels_torque.set_landau(out, b, s, m, size, o, n, g, d)
            else:
                kernels_torque.clear(out, size, o, n)
            if parts & TRANSFER and t.zhang_li:
                _add_zhang_li(t, m, o, n, at, r, h, s, out)
            if parts & TRANSFER and t.slonczewski:
                _add_slonczewski(t, m, o, n, r, out)


@njit(cache=True, nogil=True, error_model="numpy")
def local_field(t, m, parts, first, last, out):
    """Field in T of some rows, from a sum of EXCHANGE (with DMI), ANISOTROPY and EXTERNAL."""
    nx, size = t.shape[0], np.uint64(m.size // 3)
    s = np.uint64(nx)
    h = np.empty(3 * nx, np.float32)
    at, region = np.empty(6, np.int64), np.empty(6, np.int64)
    for row in range(first, last):
        for run in range(t.rows[row], t.rows[row + 1]):
            x = np.int64(t.starts[run])
            end = np.int64(t.starts[run + 1]) if run + 1 < t.rows[row + 1] else nx
            n, o = np.uint64(end - x), np.uint64(row * nx + x)
            r = t.regions[o]
            empty = is_vacuum(m, o)
            if parts & EXCHANGE and not empty:
                _look_around(t, m, row, x, at, region)
                _set_exchange(t, m, o, n, at, region, r, h, s)
            else:
                kernels_torque.clear(h, s, np.uint64(0), n)
            _add_pointwise(t, m, EXTERNAL & parts if empty else parts, o, n, r, h, s)
            kernels_torque.clear(out, size, o, n)
            kernels_field.add_map(out[o:], size, h, s, np.uint64(0), n)
