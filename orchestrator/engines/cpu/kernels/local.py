"""Compiled kernels: effective field and torque of the local terms, one pass over the cells.

Fields are flat views of component-first arrays (3, nz, ny, nx) float32. The discretization is
mumax3's: seven-point exchange, DMI edges by ghost cells unless the boundary is open, Zhang-Li
torque by central differences. The constants of the cells are laid out along each row, so that the
loops over a row vectorize whatever its regions.
"""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.kernels import columns
from orchestrator.engines.cpu.kernels import exchange as kernels_exchange
from orchestrator.engines.cpu.kernels import field as kernels_field
from orchestrator.engines.cpu.kernels import torque as kernels_torque
from orchestrator.engines.cpu.kernels.compiled import compiled

_ZERO = np.float32(0)
_BLOCK = 512
"""Rows are taken together up to so many cells, since each pass over cells has a cost to begin."""

EXCHANGE, ANISOTROPY, EXTERNAL = 1, 2, 4
LANDAU, TRANSFER = 1, 2


@compiled
def _start_columns(material, read, region, c, s):
    """Lay out the constants of a region, one column after the other."""
    for column in range(columns.COUNT):
        if read[column]:
            c[column * s : (column + 1) * s] = material[column, region]


@compiled
def _set_columns(material, varies, regions, o, n, c, s):
    """Lay out the constants that vary between the regions."""
    for column in range(columns.COUNT):
        if varies[column]:
            to = np.uint64(column) * s
            for x in range(n):
                c[to + x] = material[column, regions[o + x]]


@compiled
def _add_pointwise(acts, field, m, parts, o, n, s, c, h):
    """h += field of the chosen parts that need no neighbors."""
    size = np.uint64(m.size // 3)
    if parts & EXTERNAL:
        if acts[columns.B] or acts[columns.B + 1] or acts[columns.B + 2]:
            kernels_field.add_map(h, s, c, s, np.uint64(columns.B) * s, n)
        if field.size != 0:
            kernels_field.add_map(h, s, field, size, o, n)
    if parts & ANISOTROPY:
        if acts[columns.KU1] or acts[columns.KU2]:
            at_k, at_u = np.uint64(columns.KU1) * s, np.uint64(columns.U) * s
            kernels_field.add_uniaxial(h, s, m, size, o, n, c, at_k, at_u)
        if acts[columns.KC1] or acts[columns.KC2] or acts[columns.KC3]:
            at_k, at_axes = np.uint64(columns.KC1) * s, np.uint64(columns.C1) * s
            kernels_field.add_cubic(h, s, m, size, o, n, c, at_k, at_axes)


@compiled
def _add_zhang_li(shape, per_length, periodic, acts, current, m, first, last, s, c, h, out):
    """Zhang-Li torque of rows; h is overwritten with (J . grad) m, up to a factor."""
    nx, size = shape[0], np.uint64(m.size // 3)
    start, end = first * nx, last * nx
    o, number = np.uint64(start), np.uint64(end - start)
    kernels_torque.clear(h, s, np.uint64(0), number)
    for axis in range(3):
        if shape[axis] == 1 or (current.size == 0 and not acts[columns.J + axis]):
            continue
        f = np.float32(per_length[axis])
        j = np.uint64(columns.J + axis) * s
        v = start
        while v < end:
            count, p, q = kernels_exchange.piece(shape, periodic, axis, v, end, False)
            u, n, p, q = np.uint64(v), np.uint64(count), np.uint64(p), np.uint64(q)
            b, at = u - o, np.uint64(axis) * size + u
            kernels_torque.add_derivative(h, b, s, m, size, p, q, n, f, c, j + b, current, at)
            v += count
        if axis == 0 and not periodic[0]:
            kernels_torque.set_ends(h, s, m, size, o, number, np.uint64(nx), f, c, j, current)
    g, d = np.uint64(columns.TRANSFER_FIELD) * s, np.uint64(columns.TRANSFER_DAMPING) * s
    kernels_torque.add_cross_products(out, h, s, m, size, o, number, c, g, d)


@compiled
def _hold(frozen, vacuum, size, o, n, s, c, out):
    """No torque on frozen spins and in vacuum."""
    at = np.uint64(columns.FROZEN) * s
    for x in range(n):
        if (frozen and c[at + x] != _ZERO) or (vacuum.size != 0 and vacuum[o + x]):
            out[o + x] = out[o + size + x] = out[o + size + size + x] = _ZERO


@compiled
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
    starts, rows, material = t.starts, t.rows, t.material
    read, varies, acts = t.read, t.varies, t.acts
    stiffness, dmi, ahead, twist, absent = t.stiffness, t.dmi, t.ahead, t.twist, t.absent
    field, current, layer = t.field, t.current, t.layer
    nx, ny, size = shape[0], shape[1], np.uint64(m.size // 3)
    together = max(1, _BLOCK // nx)
    s = np.uint64(together * nx)
    h, c = (
        np.empty(3 * together * nx, np.float32),
        np.empty(columns.COUNT * together * nx, np.float32),
    )
    at, region = np.empty(6, np.int64), np.empty(6, np.int64)
    axes = 3 if t.z_faces else 2
    _start_columns(material, read, regions[0], c, together * nx)
    end = first
    while end < last:
        row = end
        end = min(row + together, last, row - row % ny + ny)
        o, n = np.uint64(row * nx), np.uint64((end - row) * nx)
        _set_columns(material, varies, regions, o, n, c, s)
        kernels_torque.clear(out, size, o, n)
        if parts & LANDAU:
            following = row
            while following < end:
                here, b = following, np.uint64((following - row) * nx)
                while following < end and rows[following + 1] - rows[following] > t.crowded:
                    following += 1
                if following > here:
                    kernels_exchange.set_by_couplings(
                        shape,
                        periodic,
                        ahead,
                        twist,
                        absent,
                        t.kind,
                        m,
                        here,
                        following,
                        c,
                        h,
                        b,
                        s,
                    )
                    continue
                kernels_exchange.set_by_runs(
                    shape, per_length, periodic, regions, vacuum, starts, rows, material,
                    stiffness, dmi, t.kind, t.closed, axes, m, here, at, region, h, b, s,
                )  # fmt: skip
                following += 1
            _add_pointwise(acts, field, m, ANISOTROPY | EXTERNAL, o, n, s, c, h)
            if extra.size != 0:
                kernels_field.add_map(h, s, extra, size, o, n)
            g, d = np.uint64(columns.PRECESSION) * s, np.uint64(columns.DAMPING) * s
            kernels_torque.add_cross_products(out, h, s, m, size, o, n, c, g, d)
        if parts & TRANSFER and t.zhang_li:
            _add_zhang_li(shape, per_length, periodic, acts, current, m, row, end, s, c, h, out)
        if parts & TRANSFER and t.slonczewski:
            kernels_torque.add_slonczewski(out, m, size, o, n, s, c, current, layer)
        if acts[columns.FROZEN] or vacuum.size != 0:
            _hold(acts[columns.FROZEN], vacuum, size, o, n, s, c, out)


@compiled
def local_field(t, m, parts, first, last, out):
    """Field in T of some rows, from a sum of EXCHANGE (with DMI), ANISOTROPY and EXTERNAL."""
    nx, size = t.shape[0], np.uint64(m.size // 3)
    s = np.uint64(nx)
    h, c = np.empty(3 * nx, np.float32), np.empty(columns.COUNT * nx, np.float32)
    at, region = np.empty(6, np.int64), np.empty(6, np.int64)
    _start_columns(t.material, t.read, t.regions[0], c, nx)
    for row in range(first, last):
        o = np.uint64(row) * s
        _set_columns(t.material, t.varies, t.regions, o, s, c, s)
        kernels_torque.clear(h, s, np.uint64(0), s)
        if parts & EXCHANGE:
            kernels_exchange.set_by_runs(
                t.shape, t.per_length, t.periodic, t.regions, t.vacuum, t.starts, t.rows,
                t.material, t.stiffness, t.dmi, t.kind, t.closed, 3 if t.z_faces else 2,
                m, row, at, region, h, np.uint64(0), s,
            )  # fmt: skip
        _add_pointwise(t.acts, t.field, m, parts, o, s, s, c, h)
        kernels_torque.clear(out, size, o, s)
        kernels_field.add_map(out[o:], size, h, s, np.uint64(0), s)
