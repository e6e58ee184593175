"""Passes over cells in a row that add one part of the effective field.

The cells are n from flat offset `o` on. Fields are flat arrays of 3 N floats, all x components
first; the buffer `h` holds the field of a row, its components `s` floats apart and the cells from
offset `b` on, and `c` the constants of the cells, column by column. Offsets are unsigned, which
spares the check for negative indices and lets the loops vectorize.
"""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.kernels.compiled import compiled

_ZERO = np.float32(0)
_TWO = np.float32(2)
_FOUR = np.float32(4)


@compiled
def start(h, b, s, m, size, o, n, gx, gy, gz):
    """h = g m, with a factor for each component: the term of missing neighbors."""
    for x in range(n):
        h[b + x] = gx * m[o + x]
    for x in range(n):
        h[b + s + x] = gy * m[o + size + x]
    for x in range(n):
        h[b + s + s + x] = gz * m[o + size + size + x]


@compiled
def add_map(h, s, field, size, o, n):
    """h += field."""
    for x in range(n):
        h[x] += field[o + x]
    for x in range(n):
        h[s + x] += field[o + size + x]
    for x in range(n):
        h[s + s + x] += field[o + size + size + x]


@compiled
def add_exchange(h, b, s, m, size, o, p, q, n, ap, aq):
    """h += ap (m_p - m) + aq (m_q - m), with the neighbors' runs at p and q."""
    for c in range(3):
        k = np.uint64(c)
        to, here, ahead, behind = b + k * s, o + k * size, p + k * size, q + k * size
        for x in range(n):
            v = m[here + x]
            h[to + x] += ap * (m[ahead + x] - v) + aq * (m[behind + x] - v)


@compiled
def add_chiral_exchange(h, b, s, m, size, o, p, q, i, j, k, n, ap, aq, dp, dq):
    """Exchange, and DMI that couples components i and j: h_i += d m_j, h_j -= d m_i."""
    to_i, to_j, to_k = b + i * s, b + j * s, b + k * s
    o_i, o_j, o_k = o + i * size, o + j * size, o + k * size
    p_i, p_j, p_k = p + i * size, p + j * size, p + k * size
    q_i, q_j, q_k = q + i * size, q + j * size, q + k * size
    for x in range(n):
        vi, vj, vk = m[o_i + x], m[o_j + x], m[o_k + x]
        pi, pj, pk = m[p_i + x], m[p_j + x], m[p_k + x]
        qi, qj, qk = m[q_i + x], m[q_j + x], m[q_k + x]
        h[to_i + x] += ap * (pi - vi) + aq * (qi - vi) + (dp * pj + dq * qj)
        h[to_j + x] += ap * (pj - vj) + aq * (qj - vj) - (dp * pi + dq * qi)
        h[to_k + x] += ap * (pk - vk) + aq * (qk - vk)


@compiled
def add_coupled(h, b, s, m, size, o, p, q, n, ahead, at):
    """Exchange by cell, without 1 / Ms: the coupling with p stands with the cell, that with q at q.

    Couplings start at offset `at` of `ahead`.
    """
    at_p, at_q = at + o, at + q
    for c in range(3):
        k = np.uint64(c)
        to, o_k, p_k, q_k = b + k * s, o + k * size, p + k * size, q + k * size
        for x in range(n):
            v = m[o_k + x]
            h[to + x] += ahead[at_p + x] * (m[p_k + x] - v) + ahead[at_q + x] * (m[q_k + x] - v)


@compiled
def add_chiral_coupled(h, b, s, m, size, o, p, q, i, j, k, n, ahead, at, twist):
    """As `add_coupled`, with DMI from `twist` that couples components i and j."""
    to_i, to_j, to_k = b + i * s, b + j * s, b + k * s
    o_i, o_j, o_k = o + i * size, o + j * size, o + k * size
    p_i, p_j, p_k = p + i * size, p + j * size, p + k * size
    q_i, q_j, q_k = q + i * size, q + j * size, q + k * size
    at_p, at_q = at + o, at + q
    for x in range(n):
        ap, aq, dp, dq = ahead[at_p + x], ahead[at_q + x], twist[at_p + x], twist[at_q + x]
        vi, vj, vk = m[o_i + x], m[o_j + x], m[o_k + x]
        pi, pj, pk = m[p_i + x], m[p_j + x], m[p_k + x]
        qi, qj, qk = m[q_i + x], m[q_j + x], m[q_k + x]
        h[to_i + x] += ap * (pi - vi) + aq * (qi - vi) + (dp * pj - dq * qj)
        h[to_j + x] += ap * (pj - vj) + aq * (qj - vj) - (dp * pi - dq * qi)
        h[to_k + x] += ap * (pk - vk) + aq * (qk - vk)


@compiled
def scale(h, b, s, n, c, at):
    """h *= c, from offset `at` of c."""
    b1, b2 = b + s, b + s + s
    for x in range(n):
        f = c[at + x]
        h[b + x] *= f
        h[b1 + x] *= f
        h[b2 + x] *= f


@compiled
def add_ghosts(h, b, s, m, size, o, n, c, at, absent, kind):
    """Add the term of missing neighbors, whose numbers `absent` has; see `couplings`."""
    b1, b2, o1, o2 = b + s, b + s + s, o + size, o + size + size
    for x in range(n):
        f = c[at + x]
        count = np.int32(absent[o + x])
        nx, ny, nz = count & 3, (count >> 2) & 3, count >> 4
        kx, ky, kz = (ny + nz, nx + nz, nx + ny) if kind == 1 else (nx, ny, nx + ny)
        gx = f * np.float32(kx) if kx != 0 else _ZERO
        gy = f * np.float32(ky) if ky != 0 else _ZERO
        gz = f * np.float32(kz) if kz != 0 else _ZERO
        h[b + x] += gx * m[o + x]
        h[b1 + x] += gy * m[o1 + x]
        h[b2 + x] += gz * m[o2 + x]


@compiled
def add_uniaxial(h, s, m, size, o, n, c, at_k, at_u):
    """Uniaxial anisotropy: h += (2 k1 (m.u) + 4 k2 (m.u)^3) u; k in T."""
    s2, o1, o2, at_v, at_w, at_k2 = (
        s + s,
        o + size,
        o + size + size,
        at_u + s,
        at_u + s + s,
        at_k + s,
    )
    for x in range(n):
        ux, uy, uz = c[at_u + x], c[at_v + x], c[at_w + x]
        a = m[o + x] * ux + m[o1 + x] * uy + m[o2 + x] * uz
        f = _TWO * c[at_k + x] * a + _FOUR * c[at_k2 + x] * a * a * a
        h[x] += f * ux
        h[s + x] += f * uy
        h[s2 + x] += f * uz


@compiled
def add_cubic(h, s, m, size, o, n, c, at_k, at_axes):
    """Cubic anisotropy with axes u, v, w: minus the gradient of its energy density; k in T.

    The density is k1 (a2 b2 + b2 c2 + c2 a2) + k2 a2 b2 c2 + k3 (a4 b4 + b4 c4 + c4 a4), where
    a2 is the square of a = m.u, and so on.
    """
    s2, o1, o2 = s + s, o + size, o + size + size
    at_v, at_w = at_axes + s + s2, at_axes + s2 + s2 + s2
    for x in range(n):
        mx, my, mz = m[o + x], m[o1 + x], m[o2 + x]
        k1, k2, k3 = c[at_k + x], c[at_k + s + x], c[at_k + s2 + x]
        ux, uy, uz = c[at_axes + x], c[at_axes + s + x], c[at_axes + s2 + x]
        vx, vy, vz = c[at_v + x], c[at_v + s + x], c[at_v + s2 + x]
        wx, wy, wz = c[at_w + x], c[at_w + s + x], c[at_w + s2 + x]
        a = mx * ux + my * uy + mz * uz
        b = mx * vx + my * vy + mz * vz
        d = mx * wx + my * wy + mz * wz
        a2, b2, d2 = a * a, b * b, d * d
        a4, b4, d4 = a2 * a2, b2 * b2, d2 * d2
        fa = -_TWO * a * (k1 * (b2 + d2) + k2 * b2 * d2 + _TWO * k3 * a2 * (b4 + d4))
        fb = -_TWO * b * (k1 * (d2 + a2) + k2 * d2 * a2 + _TWO * k3 * b2 * (d4 + a4))
        fd = -_TWO * d * (k1 * (a2 + b2) + k2 * a2 * b2 + _TWO * k3 * d2 * (a4 + b4))
        h[x] += fa * ux + fb * vx + fd * wx
        h[s + x] += fa * uy + fb * vy + fd * wy
        h[s2 + x] += fa * uz + fb * vz + fd * wz
