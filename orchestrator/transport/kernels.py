"""Compiled kernels for matrices that couple direct neighbors on a regular grid.

Nodal fields carry a border of zeros, one node before and two after the grid along each axis, so a
neighbor is a constant step away in the flattened field and no kernel asks for the boundary. The
coefficients of all neighbors, shape (3^d, size), are ordered like the offsets (-1, 0, 1)^d, the
last axis (x) fastest; `steps` holds the steps to the middle neighbor of each group of three along
x, `rows` the flat index of the first node of every row of the grid, and `length` its length.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, fastmath=True)
def residual(a, u, f, steps, rows, length, out):
    """out = f - A u for fields of shape (K, size)."""
    acc = np.empty(length, u.dtype)
    for start in rows:
        for k in range(u.shape[0]):
            acc[:] = f[k, start : start + length]
            for g in range(steps.size):
                p = start + steps[g]
                left = u[k, p - 1 : p - 1 + length]
                middle = u[k, p : p + length]
                right = u[k, p + 1 : p + 1 + length]
                a0 = a[3 * g, start : start + length]
                a1 = a[3 * g + 1, start : start + length]
                a2 = a[3 * g + 2, start : start + length]
                for x in range(length):
                    acc[x] -= a0[x] * left[x] + a1[x] * middle[x] + a2[x] * right[x]
            out[k, start : start + length] = acc


@njit(cache=True, fastmath=True)
def smooth(a, inverse, u, f, steps, rows, length, backward):
    """One Gauss-Seidel sweep, row by row, in each row the even and then the odd nodes.

    `inverse`, shape (2, size), holds the inverse diagonal of the even and of the odd nodes, zero
    elsewhere. `backward` reverses the order, which gives the adjoint sweep.
    """
    acc = np.empty(length, u.dtype)
    change = np.empty(length, u.dtype)
    own = steps.size // 2
    for i in range(rows.size):
        start = rows[rows.size - 1 - i] if backward else rows[i]
        b0 = a[3 * own, start : start + length]
        b1 = a[3 * own + 1, start : start + length]
        b2 = a[3 * own + 2, start : start + length]
        for k in range(u.shape[0]):
            acc[:] = f[k, start : start + length]
            for g in range(steps.size):
                if g != own:
                    p = start + steps[g]
                    left = u[k, p - 1 : p - 1 + length]
                    middle = u[k, p : p + length]
                    right = u[k, p + 1 : p + 1 + length]
                    a0 = a[3 * g, start : start + length]
                    a1 = a[3 * g + 1, start : start + length]
                    a2 = a[3 * g + 2, start : start + length]
                    for x in range(length):
                        acc[x] -= a0[x] * left[x] + a1[x] * middle[x] + a2[x] * right[x]
            left = u[k, start - 1 : start - 1 + length]
            middle = u[k, start : start + length]
            right = u[k, start + 1 : start + 1 + length]
            for half in range(2):
                color = 1 - half if backward else half
                weight = inverse[color, start : start + length]
                for x in range(length):
                    known = b0[x] * left[x] + b1[x] * middle[x] + b2[x] * right[x]
                    change[x] = weight[x] * (acc[x] - known)
                for x in range(length):
                    middle[x] += change[x]


@njit(cache=True, fastmath=True)
def restrict(fine, coarse, factors):
    """Sum of a fine field weighted with the coarse nodes' hat functions.

    Shapes (K, Z, Y, X) with borders; `factors` is 2 for each axis that is coarsened, else 1.
    """
    fz, fy, fx = factors
    line = np.empty(fine.shape[3], fine.dtype)
    half = np.array([0.5, 1.0, 0.5], dtype=fine.dtype)
    border_z = 1 if fine.shape[1] > 1 else 0
    for k in range(fine.shape[0]):
        for z in range(border_z, max(1, coarse.shape[1] - 2 * border_z)):
            for y in range(1, coarse.shape[2] - 2):
                line[:] = 0
                zf, yf = fz * (z - border_z) + border_z, fy * (y - 1) + 1
                for dz in range(1 - fz, fz):
                    for dy in range(1 - fy, fy):
                        row = fine[k, zf + dz, yf + dy]
                        weight = half[dz + 1] * half[dy + 1]
                        for x in range(line.size):
                            line[x] += weight * row[x]
                target = coarse[k, z, y]
                if fx == 1:
                    target[1 : target.size - 2] = line[1 : target.size - 2]
                else:
                    for x in range(target.size - 3):
                        c = 2 * x + 1
                        target[x + 1] = line[c] + half[0] * (line[c - 1] + line[c + 1])


@njit(cache=True, fastmath=True)
def prolong(coarse, fine, factors, free):
    """Add the interpolated coarse field to a fine one on the free nodes (1, else 0)."""
    fz, fy, fx = factors
    line = np.empty(coarse.shape[3], coarse.dtype)
    border_z = 1 if fine.shape[1] > 1 else 0
    half = coarse.dtype.type(0.5)
    for k in range(fine.shape[0]):
        for z in range(border_z, max(1, fine.shape[1] - 2 * border_z)):
            z0, odd_z = divmod(z - border_z, fz)
            for y in range(1, fine.shape[2] - 2):
                y0, odd_y = divmod(y - 1, fy)
                line[:] = 0
                weight = (half if odd_z else half + half) * (half if odd_y else half + half)
                for dz in range(odd_z + 1):
                    for dy in range(odd_y + 1):
                        row = coarse[k, z0 + border_z + dz, y0 + 1 + dy]
                        for x in range(line.size):
                            line[x] += weight * row[x]
                target = fine[k, z, y]
                active = free[z, y]
                n = target.size - 3
                if fx == 1:
                    for x in range(1, n + 1):
                        target[x] += active[x] * line[x]
                else:
                    for x in range((n + 1) // 2):
                        target[2 * x + 1] += active[2 * x + 1] * line[x + 1]
                    for x in range(n // 2):
                        average = half * (line[x + 1] + line[x + 2])
                        target[2 * x + 2] += active[2 * x + 2] * average


@njit(cache=True, fastmath=True)
def coarsen_axis(a, b):
    """Galerkin product with linear interpolation along one axis.

    `a` has shape (G, 3, H, P, n, Q): groups of neighbor offsets and of nodes before, along and
    after the axis; `b` the same with the coarse number of nodes.
    """
    half = np.array([0.5, 1.0, 0.5], dtype=a.dtype)
    for g in range(a.shape[0]):
        for h in range(a.shape[2]):
            for out in range(-1, 2):
                for p in range(a.shape[3]):
                    for i in range(1, b.shape[4] - 2):
                        target = b[g, out + 1, h, p, i]
                        target[:] = 0
                        for s in range(-1, 2):
                            for t in range(-1, 2):
                                offset = 2 * out + t - s
                                if -1 <= offset <= 1:
                                    weight = half[s + 1] * half[t + 1]
                                    row = a[g, offset + 1, h, p, 2 * i - 1 + s]
                                    for q in range(target.size):
                                        target[q] += weight * row[q]


@njit(cache=True, fastmath=True)
def multiply(symmetric, skew, sign, offsets, u, out):
    """out += (S + sign T) u for a matrix given by half of its neighbors, without borders.

    `symmetric` and `skew`, shape (H, Z, Y, X), hold the parts S and T of the elements (p, p + o)
    for the offsets o, shape (H, 3), the first of which is zero; `u` has shape (K, Z, Y, X).
    """
    count, layers, rows, length = u.shape
    for z in range(layers):
        for y in range(rows):
            for k in range(count):
                here, mine = u[k, z, y], out[k, z, y]
                own = symmetric[0, z, y]
                for x in range(length):
                    mine[x] += own[x] * here[x]
            for h in range(1, offsets.shape[0]):
                zq, yq, dx = z + offsets[h, 0], y + offsets[h, 1], offsets[h, 2]
                if not (0 <= zq < layers and 0 <= yq < rows):
                    continue
                first, last = max(0, -dx), length - max(0, dx)
                s = symmetric[h, z, y, first:last]
                t = skew[h, z, y, first:last] if sign != 0 else s
                for k in range(count):
                    u_p, u_q = u[k, z, y, first:last], u[k, zq, yq, first + dx : last + dx]
                    out_p = out[k, z, y, first:last]
                    out_q = out[k, zq, yq, first + dx : last + dx]
                    for x in range(last - first):
                        out_p[x] += (s[x] + sign * t[x]) * u_q[x]
                    for x in range(last - first):
                        out_q[x] += (s[x] - sign * t[x]) * u_p[x]


@njit(cache=True, fastmath=True)
def product(a, u, steps, rows, length, out):
    """out = A u for fields of shape (K, size)."""
    acc = np.empty(length, u.dtype)
    for start in rows:
        for k in range(u.shape[0]):
            acc[:] = 0
            for g in range(steps.size):
                p = start + steps[g]
                left = u[k, p - 1 : p - 1 + length]
                middle = u[k, p : p + length]
                right = u[k, p + 1 : p + 1 + length]
                a0 = a[3 * g, start : start + length]
                a1 = a[3 * g + 1, start : start + length]
                a2 = a[3 * g + 2, start : start + length]
                for x in range(length):
                    acc[x] += a0[x] * left[x] + a1[x] * middle[x] + a2[x] * right[x]
            out[k, start : start + length] = acc


@njit(cache=True, fastmath=True)
def add_multiple(y, factors, x):
    """y += factors x for fields of shape (K, size) and one factor for each."""
    for k in range(y.shape[0]):
        factor, source, target = factors[k], x[k], y[k]
        for i in range(source.size):
            target[i] += factor * source[i]


@njit(cache=True, fastmath=True)
def multiply_and_add(y, factors, x):
    """y = factors y + x for fields of shape (K, size) and one factor for each."""
    for k in range(y.shape[0]):
        factor, source, target = factors[k], x[k], y[k]
        for i in range(source.size):
            target[i] = factor * target[i] + source[i]
