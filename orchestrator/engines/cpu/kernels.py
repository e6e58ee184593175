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


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def _torque_at(
    m, regions, z, y, x, inverse_ms, cells, pbc, stiffness, dmi_table, dmi, open_bc, z_faces,
    ku1, ku2, axis, alpha, xi, stt, j, has_j, field, has_field, precess, landau, zhang_li, out,
):  # fmt: skip
    """Torque of one cell, whatever its neighbors."""
    nz, ny, nx = m.shape[1], m.shape[2], m.shape[3]
    mx, my, mz = m[0, z, y, x], m[1, z, y, x], m[2, z, y, x]
    m0 = (mx, my, mz)
    if mx == _ZERO and my == _ZERO and mz == _ZERO:
        out[0, z, y, x] = out[1, z, y, x] = out[2, z, y, x] = _ZERO
        return
    r = regions[z, y, x]
    a = alpha[r]
    tx, ty, tz = _ZERO, _ZERO, _ZERO
    if landau:
        hx, hy, hz = _exchange_at(
            m, regions, z, y, x, m0, cells, pbc, stiffness, dmi_table, dmi, open_bc, z_faces
        )
        ux, uy, uz = axis[r, 0], axis[r, 1], axis[r, 2]
        s = mx * ux + my * uy + mz * uz
        k = np.float32(2) * ku1[r] * s + np.float32(4) * ku2[r] * s * s * s
        f = inverse_ms[r]
        bx, by, bz = f * (hx + k * ux), f * (hy + k * uy), f * (hz + k * uz)
        if has_field:
            bx += field[0, z, y, x]
            by += field[1, z, y, x]
            bz += field[2, z, y, x]
        tx, ty, tz = _landau(mx, my, mz, bx, by, bz, a, precess)
    if zhang_li and has_j:
        hx, hy, hz = _ZERO, _ZERO, _ZERO
        b = stt[r]
        jx, jy, jz = j[0, z, y, x], j[1, z, y, x], j[2, z, y, x]
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
        px, py, pz = _zhang_li(mx, my, mz, hx, hy, hz, a, xi[r])
        tx, ty, tz = tx + px, ty + py, tz + pz
    out[0, z, y, x] = tx
    out[1, z, y, x] = ty
    out[2, z, y, x] = tz


@njit(cache=True, nogil=True, inline="always")
def _landau(mx, my, mz, bx, by, bz, a, precess):
    """Landau-Lifshitz torque -(m x B + a m x (m x B)) / (1 + a^2), or its damping part alone."""
    cx, cy, cz = my * bz - mz * by, mz * bx - mx * bz, mx * by - my * bx
    dx, dy, dz = my * cz - mz * cy, mz * cx - mx * cz, mx * cy - my * cx
    g = -_ONE / (_ONE + a * a) if precess else _ZERO
    d = g * a if precess else -_ONE
    return g * cx + d * dx, g * cy + d * dy, g * cz + d * dz


@njit(cache=True, nogil=True, inline="always")
def _zhang_li(mx, my, mz, hx, hy, hz, a, xi):
    """Zhang-Li torque of h = (u . grad) m / gamma0."""
    cx, cy, cz = my * hz - mz * hy, mz * hx - mx * hz, mx * hy - my * hx
    dx, dy, dz = my * cz - mz * cy, mz * cx - mx * cz, mx * cy - my * cx
    g = -_ONE / (_ONE + a * a)
    p, q = g * (_ONE + xi * a), g * (xi - a)
    return p * dx + q * cx, p * dy + q * cy, p * dz + q * cz


@njit(cache=True, nogil=True, error_model="numpy")
def _torque_row(
    m, z, y, r, inverse_ms, cells, stiffness, dmi_table, dmi, ku1, ku2, axis, alpha, xi, stt,
    j, has_j, field, has_field, precess, out,
):  # fmt: skip
    """Torque of a row's inner cells in a film of one region without vacuum, without z faces."""
    nx = m.shape[3]
    a, x1, b, f = alpha[r], xi[r], stt[r], inverse_ms[r]
    wx = f * np.float32(2) / (cells[0] * cells[0]) * stiffness[r, r]
    wy = f * np.float32(2) / (cells[1] * cells[1]) * stiffness[r, r]
    bulk = f * dmi_table[r, r] if dmi == 1 else _ZERO
    interfacial = f * dmi_table[r, r] if dmi == 2 else _ZERO
    bdx, bdy = bulk / cells[0], bulk / cells[1]
    idx, idy = interfacial / cells[0], interfacial / cells[1]
    k1, k2 = np.float32(2) * f * ku1[r], np.float32(4) * f * ku2[r]
    ux, uy, uz = axis[r, 0], axis[r, 1], axis[r, 2]
    sx, sy = b / cells[0], b / cells[1]
    m_x, m_y, m_z = m[0, z], m[1, z], m[2, z]
    here_x, here_y, here_z = m_x[y], m_y[y], m_z[y]
    up_x, up_y, up_z = m_x[y + 1], m_y[y + 1], m_z[y + 1]
    down_x, down_y, down_z = m_x[y - 1], m_y[y - 1], m_z[y - 1]
    out_x, out_y, out_z = out[0, z, y], out[1, z, y], out[2, z, y]
    zj, yj = (z, y) if has_j else (0, 0)
    j_x, j_y = j[0, zj, yj], j[1, zj, yj]
    zf, yf = (z, y) if has_field else (0, 0)
    f_x, f_y, f_z = field[0, zf, yf], field[1, zf, yf], field[2, zf, yf]
    for x in range(1, nx - 1):
        mx, my, mz = here_x[x], here_y[x], here_z[x]
        rx, ry, rz = here_x[x + 1], here_y[x + 1], here_z[x + 1]
        lx, ly, lz = here_x[x - 1], here_y[x - 1], here_z[x - 1]
        tx, ty, tz = up_x[x], up_y[x], up_z[x]
        vx, vy, vz = down_x[x], down_y[x], down_z[x]
        bx = wx * ((rx - mx) + (lx - mx)) + wy * ((tx - mx) + (vx - mx))
        by = wx * ((ry - my) + (ly - my)) + wy * ((ty - my) + (vy - my))
        bz = wx * ((rz - mz) + (lz - mz)) + wy * ((tz - mz) + (vz - mz))
        dxx, dxy, dxz = rx - lx, ry - ly, rz - lz
        dyx, dyy, dyz = tx - vx, ty - vy, tz - vz
        bx += idx * dxz - bdy * dyz
        by += bdx * dxz + idy * dyz
        bz += bdy * dyx - bdx * dxy - idx * dxx - idy * dyy
        s = mx * ux + my * uy + mz * uz
        k = k1 * s + k2 * s * s * s
        bx, by, bz = bx + k * ux, by + k * uy, bz + k * uz
        if has_field:
            bx += f_x[x]
            by += f_y[x]
            bz += f_z[x]
        ox, oy, oz = _landau(mx, my, mz, bx, by, bz, a, precess)
        if has_j:
            p, q = sx * j_x[x], sy * j_y[x]
            px, py, pz = _zhang_li(
                mx, my, mz, p * dxx + q * dyx, p * dxy + q * dyy, p * dxz + q * dyz, a, x1
            )
            ox, oy, oz = ox + px, oy + py, oz + pz
        out_x[x], out_y[x], out_z[x] = ox, oy, oz


@njit(cache=True, nogil=True, error_model="numpy")
def torque(
    m, regions, inverse_ms, cells, pbc, stiffness, dmi_table, dmi, open_bc, z_faces,
    ku1, ku2, axis, alpha, xi, stt, j, has_j, field, has_field, precess, landau, zhang_li,
    uniform, first, last, out,
):  # fmt: skip
    """Torque in T of the rows `first` to `last` (rows counted over z and y); dm/dt = gamma torque.

    `stt` holds muB P / (2 e gamma0 Ms (1 + xi^2)) of each region, `field` a further field in T.
    `landau` and `zhang_li` choose the parts; `uniform` says that there is one region, no vacuum
    and no neighbor along z.
    """
    ny, nx = m.shape[2], m.shape[3]
    for row in range(first, last):
        z, y = row // ny, row % ny
        step = 1
        if uniform and landau and zhang_li and 0 < y < ny - 1 and nx > 2:
            _torque_row(
                m, z, y, regions[z, y, 0], inverse_ms, cells, stiffness, dmi_table, dmi, ku1, ku2,
                axis, alpha, xi, stt, j, has_j, field, has_field, precess, out,
            )  # fmt: skip
            step = nx - 1
        for x in range(0, nx, step):
            _torque_at(
                m, regions, z, y, x, inverse_ms, cells, pbc, stiffness, dmi_table, dmi, open_bc,
                z_faces, ku1, ku2, axis, alpha, xi, stt, j, has_j, field, has_field, precess,
                landau, zhang_li, out,
            )  # fmt: skip


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
