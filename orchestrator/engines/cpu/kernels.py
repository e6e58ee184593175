"""Compiled kernels: effective field and torque of the local terms, one pass over the cells.

Fields are flat views of component-first arrays (3, nz, ny, nx) float32. The discretization is
mumax3's: seven-point exchange, DMI edges by ghost cells unless the boundary is open, Zhang-Li
torque by central differences. The constants of the cells are laid out along each row, so that the
loops over a row vectorize whatever its regions.

Compiled code is cached on disk by the file of the function that is called: after a change in
`kernels_field`, `kernels_torque`, `kernels_exchange` or `columns` alone, touch this file.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from orchestrator.engines.cpu import columns, kernels_exchange, kernels_field, kernels_torque

_ZERO = np.float32(0)

EXCHANGE, ANISOTROPY, EXTERNAL = 1, 2, 4
LANDAU, TRANSFER = 1, 2


@njit(cache=True, nogil=True, error_model="numpy")
def _start_columns(material, region, c, nx):
    """Lay out the constants of a region along a row, one column after the other."""
    for column in range(columns.COUNT):
        c[column * nx : (column + 1) * nx] = material[column, region]


@njit(cache=True, nogil=True, error_model="numpy")
def _set_columns(material, varies, regions, row, c, nx):
    """Lay out the constants that vary between the regions."""
    n, o = np.uint64(nx), np.uint64(row * nx)
    for column in range(columns.COUNT):
        if varies[column]:
            to = np.uint64(column) * n
            for x in range(n):
                c[to + x] = material[column, regions[o + x]]


@njit(cache=True, nogil=True, error_model="numpy")
def _add_pointwise(acts, field, m, parts, o, s, c, h):
    """h += field of the chosen parts that need no neighbors."""
    size = np.uint64(m.size // 3)
    if parts & EXTERNAL:
        if acts[columns.B] or acts[columns.B + 1] or acts[columns.B + 2]:
            kernels_field.add_map(h, s, c, s, np.uint64(columns.B) * s, s)
        if field.size != 0:
            kernels_field.add_map(h, s, field, size, o, s)
    if parts & ANISOTROPY:
        if acts[columns.KU1] or acts[columns.KU2]:
            at_k, at_u = np.uint64(columns.KU1) * s, np.uint64(columns.U) * s
            kernels_field.add_uniaxial(h, s, m, size, o, s, c, at_k, at_u)
        if acts[columns.KC1] or acts[columns.KC2] or acts[columns.KC3]:
            at_k, at_axes = np.uint64(columns.KC1) * s, np.uint64(columns.C1) * s
            kernels_field.add_cubic(h, s, m, size, o, s, c, at_k, at_axes)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_zhang_li(shape, per_length, periodic, acts, current, m, row, c, h, out):
    """Zhang-Li torque of a row; h is overwritten with (J . grad) m, up to a factor."""
    size, s, one = np.uint64(m.size // 3), np.uint64(shape[0]), np.uint64(1)
    o = np.uint64(row) * s
    last = o + s - one
    kernels_torque.clear(h, s, np.uint64(0), s)
    for axis in range(3):
        if shape[axis] == 1 or (current.size == 0 and not acts[columns.J + axis]):
            continue
        f = np.float32(per_length[axis])
        for part in range(3 if axis == 0 else 1):
            v, n = o, s
            if axis > 0:
                p, beside = kernels_exchange.row_beside(shape, periodic, row, axis, 1)
                p = p if beside else o
                q, beside = kernels_exchange.row_beside(shape, periodic, row, axis, -1)
                q = q if beside else o
            elif part == 0:
                n, p, q = one, o + one, (last if periodic[0] else o)
            elif part == 1:
                v, n, p, q = o + one, s - one - one, o + one + one, o
            else:
                v, n, p, q = last, one, (o if periodic[0] else last), last - one
            b = v - o
            j, at = np.uint64(columns.J + axis) * s + b, np.uint64(axis) * size + v
            kernels_torque.add_derivative(h, b, s, m, size, p, q, n, f, c, j, current, at)
    g, d = np.uint64(columns.TRANSFER_FIELD) * s, np.uint64(columns.TRANSFER_DAMPING) * s
    kernels_torque.add_cross_products(out, h, s, m, size, o, s, c, g, d)


@njit(cache=True, nogil=True, error_model="numpy")
def _hold(frozen, vacuum, size, o, s, c, out):
    """No torque on frozen spins and in vacuum."""
    at = np.uint64(columns.FROZEN) * s
    for x in range(s):
        if (frozen and c[at + x] != _ZERO) or (vacuum.size != 0 and vacuum[o + x]):
            out[o + x] = out[o + size + x] = out[o + size + size + x] = _ZERO


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
    shape, per_length, periodic, regions, vacuum = (
        t.shape, t.per_length, t.periodic, t.regions, t.vacuum
    )  # fmt: skip
    starts, rows, material, varies, acts = t.starts, t.rows, t.material, t.varies, t.acts
    stiffness, dmi, ahead, twist, absent = t.stiffness, t.dmi, t.ahead, t.twist, t.absent
    field, current, layer = t.field, t.current, t.layer
    nx, size = shape[0], np.uint64(m.size // 3)
    s = np.uint64(nx)
    h, c = np.empty(3 * nx, np.float32), np.empty(columns.COUNT * nx, np.float32)
    at, region = np.empty(6, np.int64), np.empty(6, np.int64)
    axes = 3 if t.z_faces else 2
    _start_columns(material, regions[0], c, nx)
    for row in range(first, last):
        o = np.uint64(row) * s
        _set_columns(material, varies, regions, row, c, nx)
        kernels_torque.clear(out, size, o, s)
        if parts & LANDAU:
            if rows[row + 1] - rows[row] > t.crowded:
                kernels_exchange.set_by_couplings(
                    shape, periodic, ahead, twist, absent, t.kind, m, row, c, h
                )
            else:
                kernels_exchange.set_by_runs(
                    shape, per_length, periodic, regions, vacuum, starts, rows, material,
                    stiffness, dmi, t.kind, t.closed, axes, m, row, at, region, h,
                )  # fmt: skip
            _add_pointwise(acts, field, m, ANISOTROPY | EXTERNAL, o, s, c, h)
            if extra.size != 0:
                kernels_field.add_map(h, s, extra, size, o, s)
            g, d = np.uint64(columns.PRECESSION) * s, np.uint64(columns.DAMPING) * s
            kernels_torque.add_cross_products(out, h, s, m, size, o, s, c, g, d)
        if parts & TRANSFER and t.zhang_li:
            _add_zhang_li(shape, per_length, periodic, acts, current, m, row, c, h, out)
        if parts & TRANSFER and t.slonczewski:
            kernels_torque.add_slonczewski(out, m, size, o, s, s, c, current, layer)
        if acts[columns.FROZEN] or vacuum.size != 0:
            _hold(acts[columns.FROZEN], vacuum, size, o, s, c, out)


@njit(cache=True, nogil=True, error_model="numpy")
def local_field(t, m, parts, first, last, out):
    """Field in T of some rows, from a sum of EXCHANGE (with DMI), ANISOTROPY and EXTERNAL."""
    nx, size = t.shape[0], np.uint64(m.size // 3)
    s = np.uint64(nx)
    h, c = np.empty(3 * nx, np.float32), np.empty(columns.COUNT * nx, np.float32)
    at, region = np.empty(6, np.int64), np.empty(6, np.int64)
    _start_columns(t.material, t.regions[0], c, nx)
    for row in range(first, last):
        o = np.uint64(row) * s
        _set_columns(t.material, t.varies, t.regions, row, c, nx)
        kernels_torque.clear(h, s, np.uint64(0), s)
        if parts & EXCHANGE:
            kernels_exchange.set_by_runs(
                t.shape, t.per_length, t.periodic, t.regions, t.vacuum, t.starts, t.rows,
                t.material, t.stiffness, t.dmi, t.kind, t.closed, 3 if t.z_faces else 2,
                m, row, at, region, h,
            )  # fmt: skip
        _add_pointwise(t.acts, t.field, m, parts, o, s, c, h)
        kernels_torque.clear(out, size, o, s)
        kernels_field.add_map(out[o:], size, h, s, np.uint64(0), s)
