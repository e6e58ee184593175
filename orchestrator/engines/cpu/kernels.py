"""Compiled kernels: effective field and torque of the local terms, one pass over the cells.

Fields are component-first, `(3, nz, ny, nx)` float32. The discretization is mumax3's: seven-point
exchange, DMI edges by ghost cells unless `open_bc`, Zhang-Li torque by central differences. A cell
with m = 0 is vacuum. Per-region values come from tables indexed by the cell's region.
"""

from __future__ import annotations

import numpy as np
from numba import njit

NO_DMI, BULK_DMI, INTERFACIAL_DMI = 0, 1, 2

_ZERO = np.float32(0)
_ONE = np.float32(1)
_HALF = np.float32(0.5)


@njit(cache=True, nogil=True, inline="always")
def _neighbor(i, step, n, periodic):
    """Index of the neighbor along one axis, -1 where there is none."""
    k = i + step
    if 0 <= k < n:
        return k
    if periodic:
        return (k + n) % n
    return -1


@njit(cache=True, nogil=True, inline="always")
def _face(
    m, regions, z, y, x, kz, ky, kx, axis, sign, c, m0, r0, stiffness, dmi_table, dmi, open_bc
):
    """Contribution of one face to Ms B: exchange with its neighbor and the DMI term."""
    mx, my, mz = m0
    nx, ny, nz = _ZERO, _ZERO, _ZERO
    r = r0
    if kx >= 0 and ky >= 0 and kz >= 0:
        nx, ny, nz = m[0, kz, ky, kx], m[1, kz, ky, kx], m[2, kz, ky, kx]
        r = regions[kz, ky, kx]
    present = nx != _ZERO or ny != _ZERO or nz != _ZERO
    if not present:
        if open_bc or dmi == 0 or (dmi == 2 and axis == 2):
            return _ZERO, _ZERO, _ZERO
        d = dmi_table[r0, r0]
        if d == _ZERO:
            return _ZERO, _ZERO, _ZERO
        f = _HALF * d * d / stiffness[r0, r0]
        fx, fy, fz = f * mx, f * my, f * mz
        if dmi == 1:
            if axis == 0:
                fx = _ZERO
            elif axis == 1:
                fy = _ZERO
            else:
                fz = _ZERO
        elif axis == 0:
            fy = _ZERO
        else:
            fx = _ZERO
        return fx, fy, fz
    a = np.float32(2) / (c * c) * stiffness[r0, r]
    hx, hy, hz = a * (nx - mx), a * (ny - my), a * (nz - mz)
    if dmi != 0:
        d = sign * dmi_table[r0, r] / c
        if dmi == 1:
            if axis == 0:
                hy += d * nz
                hz -= d * ny
            elif axis == 1:
                hx -= d * nz
                hz += d * nx
            else:
                hx += d * ny
                hy -= d * nx
        elif axis == 0:
            hx += d * nz
            hz -= d * nx
        elif axis == 1:
            hy += d * nz
            hz -= d * ny
    return hx, hy, hz


@njit(cache=True, nogil=True)
def _exchange_at(m, regions, z, y, x, m0, cells, pbc, stiffness, dmi_table, dmi, open_bc, z_faces):
    """Ms B of exchange and DMI in one cell."""
    nz, ny, nx = m.shape[1], m.shape[2], m.shape[3]
    r0 = regions[z, y, x]
    hx, hy, hz = _ZERO, _ZERO, _ZERO
    for s in (-1, 1):
        sign = np.float32(s)
        k = _neighbor(x, s, nx, pbc[0])
        fx, fy, fz = _face(
            m,
            regions,
            z,
            y,
            x,
            z,
            y,
            k,
            0,
            sign,
            cells[0],
            m0,
            r0,
            stiffness,
            dmi_table,
            dmi,
            open_bc,
        )
        hx, hy, hz = hx + fx, hy + fy, hz + fz
        k = _neighbor(y, s, ny, pbc[1])
        fx, fy, fz = _face(
            m,
            regions,
            z,
            y,
            x,
            z,
            k,
            x,
            1,
            sign,
            cells[1],
            m0,
            r0,
            stiffness,
            dmi_table,
            dmi,
            open_bc,
        )
        hx, hy, hz = hx + fx, hy + fy, hz + fz
        if z_faces:
            k = _neighbor(z, s, nz, pbc[2])
            fx, fy, fz = _face(
                m,
                regions,
                z,
                y,
                x,
                k,
                y,
                x,
                2,
                sign,
                cells[2],
                m0,
                r0,
                stiffness,
                dmi_table,
                dmi,
                open_bc,
            )
            hx, hy, hz = hx + fx, hy + fy, hz + fz
    return hx, hy, hz


@njit(cache=True, nogil=True)
def exchange_field(
    m, regions, inverse_ms, cells, pbc, stiffness, dmi_table, dmi, open_bc, z_faces, out
):
    """Field of exchange and DMI in T."""
    nz, ny, nx = m.shape[1], m.shape[2], m.shape[3]
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                m0 = (m[0, z, y, x], m[1, z, y, x], m[2, z, y, x])
                if m0[0] == _ZERO and m0[1] == _ZERO and m0[2] == _ZERO:
                    out[0, z, y, x] = out[1, z, y, x] = out[2, z, y, x] = _ZERO
                    continue
                hx, hy, hz = _exchange_at(
                    m, regions, z, y, x, m0, cells, pbc, stiffness, dmi_table, dmi, open_bc, z_faces
                )
                f = inverse_ms[regions[z, y, x]]
                out[0, z, y, x] = f * hx
                out[1, z, y, x] = f * hy
                out[2, z, y, x] = f * hz


@njit(cache=True, nogil=True, inline="always")
def _difference(m, z, y, x, m0, axis, n, periodic):
    """Undivided difference m(+) - m(-) along an axis, clamped at the box edge."""
    if axis == 0:
        p, q = _neighbor(x, 1, n, periodic), _neighbor(x, -1, n, periodic)
    elif axis == 1:
        p, q = _neighbor(y, 1, n, periodic), _neighbor(y, -1, n, periodic)
    else:
        p, q = _neighbor(z, 1, n, periodic), _neighbor(z, -1, n, periodic)
    px, py, pz = m0
    qx, qy, qz = m0
    if axis == 0:
        if p >= 0:
            px, py, pz = m[0, z, y, p], m[1, z, y, p], m[2, z, y, p]
        if q >= 0:
            qx, qy, qz = m[0, z, y, q], m[1, z, y, q], m[2, z, y, q]
    elif axis == 1:
        if p >= 0:
            px, py, pz = m[0, z, p, x], m[1, z, p, x], m[2, z, p, x]
        if q >= 0:
            qx, qy, qz = m[0, z, q, x], m[1, z, q, x], m[2, z, q, x]
    else:
        if p >= 0:
            px, py, pz = m[0, p, y, x], m[1, p, y, x], m[2, p, y, x]
        if q >= 0:
            qx, qy, qz = m[0, q, y, x], m[1, q, y, x], m[2, q, y, x]
    return px - qx, py - qy, pz - qz


@njit(cache=True, nogil=True)
def torque(
    m,
    regions,
    inverse_ms,
    cells,
    pbc,
    stiffness,
    dmi_table,
    dmi,
    open_bc,
    z_faces,
    ku1,
    ku2,
    axis,
    alpha,
    xi,
    stt,
    j,
    has_j,
    field,
    has_field,
    precess,
    landau,
    zhang_li,
    first,
    last,
    out,
):
    """Torque in T of the rows `first` to `last` (rows counted over z and y); dm/dt = gamma torque.

    `stt` holds muB P / (2 e gamma0 Ms (1 + xi^2)) of each region, `field` a further field in T.
    `landau` and `zhang_li` choose the parts.
    """
    nz, ny, nx = m.shape[1], m.shape[2], m.shape[3]
    for row in range(first, last):
        z, y = row // ny, row % ny
        for x in range(nx):
            mx, my, mz = m[0, z, y, x], m[1, z, y, x], m[2, z, y, x]
            m0 = (mx, my, mz)
            if mx == _ZERO and my == _ZERO and mz == _ZERO:
                out[0, z, y, x] = out[1, z, y, x] = out[2, z, y, x] = _ZERO
                continue
            r = regions[z, y, x]
            a = alpha[r]
            tx, ty, tz = _ZERO, _ZERO, _ZERO
            if landau:
                f = inverse_ms[r]
                hx, hy, hz = _exchange_at(
                    m,
                    regions,
                    z,
                    y,
                    x,
                    m0,
                    cells,
                    pbc,
                    stiffness,
                    dmi_table,
                    dmi,
                    open_bc,
                    z_faces,
                )
                k1, k2 = ku1[r], ku2[r]
                if k1 != _ZERO or k2 != _ZERO:
                    ux, uy, uz = axis[r, 0], axis[r, 1], axis[r, 2]
                    s = mx * ux + my * uy + mz * uz
                    k = np.float32(2) * k1 * s + np.float32(4) * k2 * s * s * s
                    hx, hy, hz = hx + k * ux, hy + k * uy, hz + k * uz
                bx, by, bz = f * hx, f * hy, f * hz
                if has_field:
                    bx += field[0, z, y, x]
                    by += field[1, z, y, x]
                    bz += field[2, z, y, x]
                cx, cy, cz = my * bz - mz * by, mz * bx - mx * bz, mx * by - my * bx
                dx, dy, dz = my * cz - mz * cy, mz * cx - mx * cz, mx * cy - my * cx
                if precess:
                    g = -_ONE / (_ONE + a * a)
                    tx, ty, tz = g * (cx + a * dx), g * (cy + a * dy), g * (cz + a * dz)
                else:
                    tx, ty, tz = -dx, -dy, -dz
            if zhang_li and has_j:
                jx, jy, jz = j[0, z, y, x], j[1, z, y, x], j[2, z, y, x]
                hx, hy, hz = _ZERO, _ZERO, _ZERO
                b = stt[r]
                if jx != _ZERO:
                    px, py, pz = _difference(m, z, y, x, m0, 0, nx, pbc[0])
                    k = b * jx / cells[0]
                    hx, hy, hz = hx + k * px, hy + k * py, hz + k * pz
                if jy != _ZERO:
                    px, py, pz = _difference(m, z, y, x, m0, 1, ny, pbc[1])
                    k = b * jy / cells[1]
                    hx, hy, hz = hx + k * px, hy + k * py, hz + k * pz
                if jz != _ZERO:
                    px, py, pz = _difference(m, z, y, x, m0, 2, nz, pbc[2])
                    k = b * jz / cells[2]
                    hx, hy, hz = hx + k * px, hy + k * py, hz + k * pz
                cx, cy, cz = my * hz - mz * hy, mz * hx - mx * hz, mx * hy - my * hx
                dx, dy, dz = my * cz - mz * cy, mz * cx - mx * cz, mx * cy - my * cx
                x1 = xi[r]
                g = -_ONE / (_ONE + a * a)
                p, q = _ONE + x1 * a, x1 - a
                tx += g * (p * dx + q * cx)
                ty += g * (p * dy + q * cy)
                tz += g * (p * dz + q * cz)
            out[0, z, y, x] = tx
            out[1, z, y, x] = ty
            out[2, z, y, x] = tz


@njit(cache=True, nogil=True)
def combine(m0, stages, weights, h, first, last, out):
    """out = (m0 + h sum_k weights[k] stages[k]) / |.| cell by cell; vacuum stays zero."""
    ny, nx = m0.shape[2], m0.shape[3]
    for row in range(first, last):
        z, y = row // ny, row % ny
        for x in range(nx):
            vx, vy, vz = m0[0, z, y, x], m0[1, z, y, x], m0[2, z, y, x]
            sx, sy, sz = _ZERO, _ZERO, _ZERO
            for k in range(weights.shape[0]):
                w = weights[k]
                if w != _ZERO:
                    sx += w * stages[k, 0, z, y, x]
                    sy += w * stages[k, 1, z, y, x]
                    sz += w * stages[k, 2, z, y, x]
            vx, vy, vz = vx + h * sx, vy + h * sy, vz + h * sz
            norm = np.sqrt(vx * vx + vy * vy + vz * vz)
            f = _ONE / norm if norm > _ZERO else _ZERO
            out[0, z, y, x] = f * vx
            out[1, z, y, x] = f * vy
            out[2, z, y, x] = f * vz


@njit(cache=True, nogil=True)
def largest(stages, weights, first, last):
    """Largest length over the cells of sum_k weights[k] stages[k]; NaN if there is one."""
    ny, nx = stages.shape[3], stages.shape[4]
    top = _ZERO
    for row in range(first, last):
        z, y = row // ny, row % ny
        for x in range(nx):
            sx, sy, sz = _ZERO, _ZERO, _ZERO
            for k in range(weights.shape[0]):
                w = weights[k]
                if w != _ZERO:
                    sx += w * stages[k, 0, z, y, x]
                    sy += w * stages[k, 1, z, y, x]
                    sz += w * stages[k, 2, z, y, x]
            s = sx * sx + sy * sy + sz * sz
            if not s <= top:
                top = s
                if s != s:
                    return s
    return np.sqrt(top)
