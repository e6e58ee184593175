"""Passes over cells in a row that set or add one part of the torque; see `field`."""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.kernels import columns
from orchestrator.engines.cpu.kernels.compiled import compiled

_ZERO = np.float32(0)
_ONE = np.float32(1)


@compiled
def clear(out, size, o, n):
    """out = 0."""
    for c in range(3):
        to = o + np.uint64(c) * size
        for x in range(n):
            out[to + x] = _ZERO


@compiled
def add_cross_products(out, h, s, m, size, o, n, c, at_g, at_d):
    """out += g m x h + d m x (m x h)."""
    s2, o1, o2 = s + s, o + size, o + size + size
    for x in range(n):
        g, d = c[at_g + x], c[at_d + x]
        mx, my, mz = m[o + x], m[o1 + x], m[o2 + x]
        bx, by, bz = h[x], h[s + x], h[s2 + x]
        cx, cy, cz = my * bz - mz * by, mz * bx - mx * bz, mx * by - my * bx
        out[o + x] += g * cx + d * (my * cz - mz * cy)
        out[o1 + x] += g * cy + d * (mz * cx - mx * cz)
        out[o2 + x] += g * cz + d * (mx * cy - my * cx)


@compiled
def add_derivative(h, b, s, m, size, p, q, n, f, c, at_uniform, current, at):
    """h += f (uniform + current) (m_p - m_q), with the current at offset `at`, if there is one."""
    b1, b2, p1, p2, q1, q2 = b + s, b + s + s, p + size, p + size + size, q + size, q + size + size
    if current.size == 0:
        for x in range(n):
            w = f * c[at_uniform + x]
            h[b + x] += w * (m[p + x] - m[q + x])
            h[b1 + x] += w * (m[p1 + x] - m[q1 + x])
            h[b2 + x] += w * (m[p2 + x] - m[q2 + x])
        return
    for x in range(n):
        w = f * (c[at_uniform + x] + current[at + x])
        h[b + x] += w * (m[p + x] - m[q + x])
        h[b1 + x] += w * (m[p1 + x] - m[q1 + x])
        h[b2 + x] += w * (m[p2 + x] - m[q2 + x])


@compiled
def set_ends(h, s, m, size, o, n, nx, f, c, at_uniform, current):
    """h = one-sided derivative along x in the first and last cells of rows."""
    for row in range(n // nx):
        for end in range(2):
            b = row * nx + (nx - np.uint64(1) if end == 1 else np.uint64(0))
            p = b if end == 1 else b + np.uint64(1)
            q = b if end == 0 else b - np.uint64(1)
            w = c[at_uniform + b]
            if current.size != 0:
                w += current[o + b]
            for k in range(3):
                at = np.uint64(k) * size + o
                h[np.uint64(k) * s + b] = f * w * (m[at + p] - m[at + q])


@compiled
def add_slonczewski(out, m, size, o, n, s, c, current, layer):
    """Slonczewski torque of the current along z and the fixed layer, each with its map, if any.

    The torque in T is that of m x (p x m) and p x m; the fixed layer p gets length 1.
    """
    j, px, alpha = (
        np.uint64(columns.J + 2) * s,
        np.uint64(columns.P) * s,
        np.uint64(columns.ALPHA) * s,
    )
    primary, lambda2 = np.uint64(columns.SLONCZEWSKI) * s, np.uint64(columns.LAMBDA2) * s
    prime = np.uint64(columns.SECONDARY) * s
    py, pz, o1, o2 = px + s, px + s + s, o + size, o + size + size
    for x in range(n):
        jz = c[j + x]
        if current.size != 0:
            jz += current[o2 + x]
        qx, qy, qz = c[px + x], c[py + x], c[pz + x]
        if layer.size != 0:
            qx += layer[o + x]
            qy += layer[o1 + x]
            qz += layer[o2 + x]
        length = np.sqrt(qx * qx + qy * qy + qz * qz)
        inverse = _ONE / length if length > _ZERO else _ZERO
        jz = jz if length > _ZERO else _ZERO
        qx, qy, qz = qx * inverse, qy * inverse, qz * inverse
        mx, my, mz = m[o + x], m[o1 + x], m[o2 + x]
        a, l2 = c[alpha + x], c[lambda2 + x]
        angle = l2 + _ONE + (l2 - _ONE) * (qx * mx + qy * my + qz * mz)
        first, second = jz * c[primary + x] * l2 / angle, jz * c[prime + x]
        g = _ONE / (_ONE + a * a)
        along, across = g * (first + a * second), g * (second - a * first)
        ex, ey, ez = qy * mz - qz * my, qz * mx - qx * mz, qx * my - qy * mx
        out[o + x] += along * (my * ez - mz * ey) + across * ex
        out[o1 + x] += along * (mz * ex - mx * ez) + across * ey
        out[o2 + x] += along * (mx * ey - my * ex) + across * ez
