"""Passes over a run of cells that add one part of the effective field.

A run is n cells from flat offset `o` on. Fields are flat arrays of 3 N floats, all x components
first; the buffer `h` holds the field of the run, its components `s` floats apart. Offsets are
unsigned, which spares the check for negative indices and lets the loops vectorize.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_ZERO = np.float32(0)
_TWO = np.float32(2)
_FOUR = np.float32(4)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def is_vacuum(m, o):
    """Whether m is zero in the cell at offset o."""
    size = m.size // 3
    return m[o] == _ZERO and m[o + size] == _ZERO and m[o + size + size] == _ZERO


@njit(cache=True, nogil=True, error_model="numpy")
def start(h, s, m, size, o, n, gx, gy, gz):
    """h = g m, with a factor for each component: the term of missing neighbors."""
    for x in range(n):
        h[x] = gx * m[o + x]
    for x in range(n):
        h[s + x] = gy * m[o + size + x]
    for x in range(n):
        h[s + s + x] = gz * m[o + size + size + x]


@njit(cache=True, nogil=True, error_model="numpy")
def add_uniform(h, s, n, bx, by, bz):
    """h += b."""
    for x in range(n):
        h[x] += bx
    for x in range(n):
        h[s + x] += by
    for x in range(n):
        h[s + s + x] += bz


@njit(cache=True, nogil=True, error_model="numpy")
def add_map(h, s, field, size, o, n):
    """h += field."""
    for x in range(n):
        h[x] += field[o + x]
    for x in range(n):
        h[s + x] += field[o + size + x]
    for x in range(n):
        h[s + s + x] += field[o + size + size + x]


@njit(cache=True, nogil=True, error_model="numpy")
def add_exchange(h, s, m, size, o, p, q, n, ap, aq):
    """h += ap (m_p - m) + aq (m_q - m), with the neighbors' runs at p and q."""
    for c in range(3):
        k = np.uint64(c)
        to, here, ahead, behind = k * s, o + k * size, p + k * size, q + k * size
        for x in range(n):
            v = m[here + x]
            h[to + x] += ap * (m[ahead + x] - v) + aq * (m[behind + x] - v)


@njit(cache=True, nogil=True, error_model="numpy")
def add_chiral_exchange(h, s, m, size, o, p, q, i, j, k, n, ap, aq, dp, dq):
    """Exchange, and DMI that couples components i and j: h_i += d m_j, h_j -= d m_i."""
    to_i, to_j, to_k = i * s, j * s, k * s
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


@njit(cache=True, nogil=True, error_model="numpy")
def add_varied_exchange(h, s, m, size, o, p, q, i, j, k, n, factors, at):
    """As `add_chiral_exchange`, with factors by cell: runs of aq, ap and, 6 n behind, of dq, dp."""
    to_i, to_j, to_k = i * s, j * s, k * s
    o_i, o_j, o_k = o + i * size, o + j * size, o + k * size
    p_i, p_j, p_k = p + i * size, p + j * size, p + k * size
    q_i, q_j, q_k = q + i * size, q + j * size, q + k * size
    at_aq, at_ap = at, at + n
    at_dq, at_dp = at + n * np.uint64(6), at + n * np.uint64(7)
    for x in range(n):
        aq, ap, dq, dp = (
            factors[at_aq + x],
            factors[at_ap + x],
            factors[at_dq + x],
            factors[at_dp + x],
        )
        vi, vj, vk = m[o_i + x], m[o_j + x], m[o_k + x]
        pi, pj, pk = m[p_i + x], m[p_j + x], m[p_k + x]
        qi, qj, qk = m[q_i + x], m[q_j + x], m[q_k + x]
        h[to_i + x] += ap * (pi - vi) + aq * (qi - vi) + (dp * pj + dq * qj)
        h[to_j + x] += ap * (pj - vj) + aq * (qj - vj) - (dp * pi + dq * qi)
        h[to_k + x] += ap * (pk - vk) + aq * (qk - vk)


@njit(cache=True, nogil=True, error_model="numpy")
def add_uniaxial(h, s, m, size, o, n, k1, k2, ux, uy, uz):
    """Uniaxial anisotropy: h += (2 k1 (m.u) + 4 k2 (m.u)^3) u; k in T."""
    s2, o1, o2 = s + s, o + size, o + size + size
    for x in range(n):
        a = m[o + x] * ux + m[o1 + x] * uy + m[o2 + x] * uz
        f = _TWO * k1 * a + _FOUR * k2 * a * a * a
        h[x] += f * ux
        h[s + x] += f * uy
        h[s2 + x] += f * uz


@njit(cache=True, nogil=True, error_model="numpy")
def add_cubic(h, s, m, size, o, n, k1, k2, k3, u, v, w):
    """Cubic anisotropy with axes u, v, w: minus the gradient of its energy density; k in T.

    The density is k1 (a2 b2 + b2 c2 + c2 a2) + k2 a2 b2 c2 + k3 (a4 b4 + b4 c4 + c4 a4), where
    a2 is the square of a = m.u, and so on.
    """
    s2, o1, o2 = s + s, o + size, o + size + size
    for x in range(n):
        mx, my, mz = m[o + x], m[o1 + x], m[o2 + x]
        a = mx * u[0] + my * u[1] + mz * u[2]
        b = mx * v[0] + my * v[1] + mz * v[2]
        c = mx * w[0] + my * w[1] + mz * w[2]
        a2, b2, c2 = a * a, b * b, c * c
        a4, b4, c4 = a2 * a2, b2 * b2, c2 * c2
        fa = -_TWO * a * (k1 * (b2 + c2) + k2 * b2 * c2 + _TWO * k3 * a2 * (b4 + c4))
        fb = -_TWO * b * (k1 * (c2 + a2) + k2 * c2 * a2 + _TWO * k3 * b2 * (c4 + a4))
        fc = -_TWO * c * (k1 * (a2 + b2) + k2 * a2 * b2 + _TWO * k3 * c2 * (a4 + b4))
        h[x] += fa * u[0] + fb * v[0] + fc * w[0]
        h[s + x] += fa * u[1] + fb * v[1] + fc * w[1]
        h[s2 + x] += fa * u[2] + fb * v[2] + fc * w[2]
