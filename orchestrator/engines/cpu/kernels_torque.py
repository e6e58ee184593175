"""Passes over a run of cells that set or add one part of the torque; see `kernels_field`."""

from __future__ import annotations

import numpy as np
from numba import njit

_ONE = np.float32(1)


@njit(cache=True, nogil=True, error_model="numpy")
def clear(out, size, o, n):
    """out = 0."""
    for c in range(3):
        to = o + np.uint64(c) * size
        for x in range(n):
            out[to + x] = np.float32(0)


@njit(cache=True, nogil=True, error_model="numpy")
def set_landau(out, h, s, m, size, o, n, g, d):
    """out = g m x h + d m x (m x h)."""
    s2, o1, o2 = s + s, o + size, o + size + size
    for x in range(n):
        mx, my, mz = m[o + x], m[o1 + x], m[o2 + x]
        bx, by, bz = h[x], h[s + x], h[s2 + x]
        cx, cy, cz = my * bz - mz * by, mz * bx - mx * bz, mx * by - my * bx
        out[o + x] = g * cx + d * (my * cz - mz * cy)
        out[o1 + x] = g * cy + d * (mz * cx - mx * cz)
        out[o2 + x] = g * cz + d * (mx * cy - my * cx)


@njit(cache=True, nogil=True, error_model="numpy")
def add_cross_products(out, h, s, m, size, o, n, g, d):
    """out += g m x h + d m x (m x h)."""
    s2, o1, o2 = s + s, o + size, o + size + size
    for x in range(n):
        mx, my, mz = m[o + x], m[o1 + x], m[o2 + x]
        bx, by, bz = h[x], h[s + x], h[s2 + x]
        cx, cy, cz = my * bz - mz * by, mz * bx - mx * bz, mx * by - my * bx
        out[o + x] += g * cx + d * (my * cz - mz * cy)
        out[o1 + x] += g * cy + d * (mz * cx - mx * cz)
        out[o2 + x] += g * cz + d * (mx * cy - my * cx)


@njit(cache=True, nogil=True, error_model="numpy")
def add_derivative(h, s, m, size, p, q, n, f):
    """h += f (m_p - m_q)."""
    for c in range(3):
        k = np.uint64(c)
        to, ahead, behind = k * s, p + k * size, q + k * size
        for x in range(n):
            h[to + x] += f * (m[ahead + x] - m[behind + x])


@njit(cache=True, nogil=True, error_model="numpy")
def add_weighted_derivative(h, s, m, size, p, q, n, f, uniform, current, at):
    """h += f (uniform + current) (m_p - m_q), with the current of the run at offset `at`."""
    s2, p1, p2, q1, q2 = s + s, p + size, p + size + size, q + size, q + size + size
    for x in range(n):
        w = f * (uniform + current[at + x])
        h[x] += w * (m[p + x] - m[q + x])
        h[s + x] += w * (m[p1 + x] - m[q1 + x])
        h[s2 + x] += w * (m[p2 + x] - m[q2 + x])


@njit(cache=True, nogil=True, error_model="numpy")
def add_slonczewski(out, m, size, o, n, j, jz, at_j, p, px, py, pz, at_p, f, l2, beta_prime, a):
    """Slonczewski torque of the perpendicular current j + jz[at_j + x].

    With fixed layer p (the uniform part plus that at offset `at_p`, of any length), f the torque
    in T per current density over polarization, l2 the square of Lambda, `beta_prime` the secondary
    term's f, and damping a. Maps of length 0 are none.
    """
    g = _ONE / (_ONE + a * a)
    o1, o2 = o + size, o + size + size
    for x in range(n):
        current = j
        if jz.size != 0:
            current += jz[at_j + x]
        qx, qy, qz = px, py, pz
        if p.size != 0:
            qx += p[at_p + x]
            qy += p[at_p + size + x]
            qz += p[at_p + size + size + x]
        length = np.sqrt(qx * qx + qy * qy + qz * qz)
        if current == np.float32(0) or length == np.float32(0):
            continue
        qx, qy, qz = qx / length, qy / length, qz / length
        mx, my, mz = m[o + x], m[o1 + x], m[o2 + x]
        angle = l2 + _ONE + (l2 - _ONE) * (qx * mx + qy * my + qz * mz)
        primary = current * f * l2 / angle
        secondary = current * beta_prime
        c, d = g * (primary + a * secondary), g * (secondary - a * primary)
        ex, ey, ez = qy * mz - qz * my, qz * mx - qx * mz, qx * my - qy * mx
        out[o + x] += c * (my * ez - mz * ey) + d * ex
        out[o1 + x] += c * (mz * ex - mx * ez) + d * ey
        out[o2 + x] += c * (mx * ey - my * ex) + d * ez
