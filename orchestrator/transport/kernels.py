"""Compiled kernels of the multigrid solver for processors.

Fields and matrices lie in memory as `orchestrator.transport.layout` says. Every kernel works on
the rows `first` to `last` of each plane, so that threads share the work without touching one
another's rows: results are the same bits for any division. `grid` is `Layout.grid`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from orchestrator.base.compilation import compiled_from

compiled = compiled_from([Path(__file__)], fastmath=True)


@compiled
def _in_plane(a, u, f, factor, k, i, n, target):
    """target = factor f - (A u), neighbors in the plane alone, for row i of field k."""
    diagonal, own = a[i, 0], a[i, 1]
    a0, a1, a2 = a[i, 2], a[i, 3], a[i, 4]
    b0, b1, b2 = a[i - 1, 2], a[i - 1, 3], a[i - 1, 4]
    t, w, v, source = u[i, k], u[i + 1, k], u[i - 1, k], f[i, k]
    for x in range(1, n + 1):
        target[x] = factor * source[x] - (
            diagonal[x] * t[x]
            + own[x] * t[x + 1]
            + own[x - 1] * t[x - 1]
            + a0[x] * w[x - 1]
            + a1[x] * w[x]
            + a2[x] * w[x + 1]
            + b0[x + 1] * v[x + 1]
            + b1[x] * v[x]
            + b2[x - 1] * v[x - 1]
        )


@compiled
def _between_planes(a, u, k, i, plane, n, target):
    """target -= the neighbors in the planes above and below, for row i of field k."""
    for g in range(3):
        c = 5 + 3 * g
        up, low = i + plane - 1 + g, i - plane + 1 - g
        w, v = u[up, k], u[low, k]
        a0, a1, a2 = a[i, c], a[i, c + 1], a[i, c + 2]
        b0, b1, b2 = a[low, c], a[low, c + 1], a[low, c + 2]
        for x in range(1, n + 1):
            target[x] -= (
                a0[x] * w[x - 1]
                + a1[x] * w[x]
                + a2[x] * w[x + 1]
                + b0[x + 1] * v[x + 1]
                + b1[x] * v[x]
                + b2[x - 1] * v[x - 1]
            )


@compiled
def _relax(a, inverse, u, f, i, plane, n, colors, fresh, alone, acc, new):
    """Gauss-Seidel on row i, the nodes of the first of two colors and then those of the second.

    `plane`: rows of a plane, 0 in two dimensions. `fresh`: the row's values are taken as zero;
    `alone`: those of other rows too.
    """
    own, weight, before, after = a[i, 1], inverse[i, 0], colors[0], colors[1]
    a0, a1, a2 = a[i, 2], a[i, 3], a[i, 4]
    b0, b1, b2 = a[i - 1, 2], a[i - 1, 3], a[i - 1, 4]
    for k in range(u.shape[1]):
        row, source, w, v = u[i, k], f[i, k], u[i + 1, k], u[i - 1, k]
        known = source if alone else acc
        if not alone:
            for x in range(1, n + 1):
                acc[x] = source[x] - (
                    a0[x] * w[x - 1]
                    + a1[x] * w[x]
                    + a2[x] * w[x + 1]
                    + b0[x + 1] * v[x + 1]
                    + b1[x] * v[x]
                    + b2[x - 1] * v[x - 1]
                )
            if plane > 0:
                _between_planes(a, u, k, i, plane, n, acc)
        if fresh:
            for x in range(1, n + 1):
                new[x] = before[x] * weight[x] * known[x]
        else:
            for x in range(1, n + 1):
                rest = known[x] - own[x] * row[x + 1] - own[x - 1] * row[x - 1]
                new[x] = row[x] + before[x] * (weight[x] * rest - row[x])
        for x in range(1, n + 1):
            rest = known[x] - own[x] * new[x + 1] - own[x - 1] * new[x - 1]
            row[x] = new[x] + after[x] * (weight[x] * rest - new[x])


@compiled
def smooth(first, last, a, inverse, u, f, grid, parity, backward, fresh, edges):
    """Part of a Gauss-Seidel sweep: rows of odd y and then those of even y, or `backward`.

    Of the planes z of one parity (-1: of all): without `edges` all rows whose neighbors are among
    `first` to `last`, with `edges` the others, which lie between the rows of two threads. `fresh`:
    u is taken as zero (in three dimensions it must be).
    """
    z0, z1, plane, ny, n = grid
    acc, new = np.empty(n + 3, u.dtype), np.zeros(n + 3, u.dtype)
    ahead = 0 if backward else 1
    colors = np.zeros((2, n + 3), u.dtype)
    colors[1 - ahead, 1::2] = 1
    colors[ahead, 2::2] = 1
    between = plane if z0 > 0 else 0
    for z in range(z0, z1):
        if parity >= 0 and (z - z0) % 2 != parity:
            continue
        base = z * plane
        alone = fresh and parity <= 0
        for y in range(first, last + 1):
            if y % 2 != ahead and y < last:
                continue
            if y < last and not edges:
                _relax(a, inverse, u, f, base + y, between, n, colors, fresh, alone, acc, new)
            before = y - 1
            if before < first or before % 2 == ahead:
                continue
            edge = (before == first and first > 1) or (before == last - 1 and last <= ny)
            if edge == edges:
                _relax(a, inverse, u, f, base + before, between, n, colors, fresh, False, acc, new)


@compiled
def residual(first, last, a, u, f, grid, out):
    """out = f - A u."""
    z0, z1, plane, _, n = grid
    one = f.dtype.type(1)
    for z in range(z0, z1):
        for y in range(first, last):
            for k in range(u.shape[1]):
                i = z * plane + y
                _in_plane(a, u, f, one, k, i, n, out[i, k])
                if z0 > 0:
                    _between_planes(a, u, k, i, plane, n, out[i, k])


@compiled
def product(first, last, a, u, grid, out, dots):
    """out = -A u, and the sums of -u times out over each row in `dots`, shape (rows, K)."""
    z0, z1, plane, _, n = grid
    none = u.dtype.type(0)
    for z in range(z0, z1):
        for y in range(first, last):
            i = z * plane + y
            for k in range(u.shape[1]):
                _in_plane(a, u, u, none, k, i, n, out[i, k])
                if z0 > 0:
                    _between_planes(a, u, k, i, plane, n, out[i, k])
                values, target = u[i, k], out[i, k]
                total = none
                for x in range(1, n + 1):
                    total -= target[x] * values[x]
                dots[i, k] = total


@compiled
def subtract_skew(first, last, t, sign, u, grid, out):
    """out -= sign T u for an antisymmetric matrix T, whose half with positive sign is `t`."""
    z0, z1, plane, _, n = grid
    for z in range(z0, z1):
        for y in range(first, last):
            i = z * plane + y
            for k in range(u.shape[1]):
                row, target, own = u[i, k], out[i, k], t[i, 1]
                for x in range(1, n + 1):
                    target[x] -= sign * (own[x] * row[x + 1] - own[x - 1] * row[x - 1])
                for g in range(4 if z0 > 0 else 1):
                    c, rows = 2 + 3 * g, 1 if g == 0 else plane - 2 + g
                    a0, a1, a2 = t[i, c], t[i, c + 1], t[i, c + 2]
                    b0, b1, b2 = t[i - rows, c], t[i - rows, c + 1], t[i - rows, c + 2]
                    w, v = u[i + rows, k], u[i - rows, k]
                    for x in range(1, n + 1):
                        target[x] -= sign * (
                            a0[x] * w[x - 1]
                            + a1[x] * w[x]
                            + a2[x] * w[x + 1]
                            - b0[x + 1] * v[x + 1]
                            - b1[x] * v[x]
                            - b2[x - 1] * v[x - 1]
                        )


@compiled
def dot(first, last, u, v, grid, dots):
    """Sums of u times v over each row in `dots`, shape (rows, K)."""
    z0, z1, plane, _, n = grid
    for z in range(z0, z1):
        for y in range(first, last):
            i = z * plane + y
            for k in range(u.shape[1]):
                left, right = u[i, k], v[i, k]
                total = left[0] * 0
                for x in range(1, n + 1):
                    total += left[x] * right[x]
                dots[i, k] = total


@compiled
def descend(first, last, x, r, p, q, factors, grid):
    """x += factors p and r += factors q, one factor for each field."""
    z0, z1, plane, _, n = grid
    for z in range(z0, z1):
        for y in range(first, last):
            i = z * plane + y
            for k in range(x.shape[1]):
                factor = factors[k]
                to, direction = x[i, k], p[i, k]
                for j in range(1, n + 1):
                    to[j] += factor * direction[j]
                left, change = r[i, k], q[i, k]
                for j in range(1, n + 1):
                    left[j] += factor * change[j]


@compiled
def turn(first, last, p, z_field, factors, grid):
    """p = factors p + z, one factor for each field."""
    z0, z1, plane, _, n = grid
    for z in range(z0, z1):
        for y in range(first, last):
            i = z * plane + y
            for k in range(p.shape[1]):
                factor, to, new = factors[k], p[i, k], z_field[i, k]
                for j in range(1, n + 1):
                    to[j] = factor * to[j] + new[j]


@compiled
def restrict(first, last, fine, fine_grid, coarse, coarse_grid, factors):
    """Sum of a fine field weighted with the coarse nodes' hat functions, for coarse rows."""
    fz, fy, fx = factors
    fz0, _, fine_plane, _, fine_n = fine_grid
    z0, z1, plane, _, n = coarse_grid
    line = np.zeros(fine.shape[2], fine.dtype)
    half = np.array([0.5, 1.0, 0.5], dtype=fine.dtype)
    for z in range(z0, z1):
        for y in range(first, last):
            base = (fz * (z - z0) + fz0) * fine_plane + fy * (y - 1) + 1
            for k in range(fine.shape[1]):
                line[:] = fine[base, k]
                for dz in range(1 - fz, fz):
                    for dy in range(1 - fy, fy):
                        if dz != 0 or dy != 0:
                            row = fine[base + dz * fine_plane + dy, k]
                            weight = half[dz + 1] * half[dy + 1]
                            for x in range(1, fine_n + 1):
                                line[x] += weight * row[x]
                target = coarse[z * plane + y, k]
                if fx == 1:
                    target[1 : n + 1] = line[1 : n + 1]
                else:
                    for x in range(n):
                        c = 2 * x + 1
                        target[x + 1] = line[c] + half[0] * (line[c - 1] + line[c + 1])


@compiled
def restrict_residual(first, last, a, u, f, fine_grid, coarse, coarse_grid, factors):
    """`restrict` of f - A u in two dimensions, three rows of which are kept at a time."""
    _, fy, fx = factors
    ny, fine_n = fine_grid[3:]
    n = coarse_grid[4]
    one = f.dtype.type(1)
    half = one / 2
    rows = np.zeros((3, u.shape[1], u.shape[2]), f.dtype)
    line = np.empty(u.shape[2], f.dtype)
    line[0] = line[fine_n + 1 :] = 0
    found = 0
    for y in range(first, last):
        base = fy * (y - 1) + 1
        for i in range(max(base + 1 - fy, found), base + fy):
            for k in range(u.shape[1]):
                if 1 <= i <= ny:
                    _in_plane(a, u, f, one, k, i, fine_n, rows[i % 3, k])
                else:
                    rows[i % 3, k] = 0
        found = base + fy
        for k in range(u.shape[1]):
            here = rows[base % 3, k]
            if fy == 1:
                for x in range(1, fine_n + 1):
                    line[x] = here[x]
            else:
                low, high = rows[(base - 1) % 3, k], rows[(base + 1) % 3, k]
                for x in range(1, fine_n + 1):
                    line[x] = here[x] + half * low[x] + half * high[x]
            target = coarse[y, k]
            if fx == 1:
                for x in range(1, n + 1):
                    target[x] = line[x]
            else:
                for x in range(n):
                    c = 2 * x + 1
                    target[x + 1] = line[c] + half * (line[c - 1] + line[c + 1])


@compiled
def prolong(first, last, coarse, coarse_grid, fine, fine_grid, factors, inverse):
    """Add the interpolated coarse field to a fine one on the free nodes, for fine rows."""
    fz, fy, fx = factors
    z0, z1, plane, _, n = fine_grid
    cz0, _, coarse_plane, _, _ = coarse_grid
    line = np.empty(coarse.shape[2], coarse.dtype)
    spread = np.zeros(fine.shape[2] + 2, coarse.dtype)
    half = coarse.dtype.type(0.5)
    one = half + half
    for z in range(z0, z1):
        zc, odd_z = divmod(z - z0, fz)
        for y in range(first, last):
            yc, odd_y = divmod(y - 1, fy)
            base = (zc + cz0) * coarse_plane + yc + 1
            weight = (half if odd_z else one) * (half if odd_y else one)
            free = inverse[z * plane + y, 0]
            for k in range(fine.shape[1]):
                line[:] = 0
                for dz in range(odd_z + 1):
                    for dy in range(odd_y + 1):
                        row = coarse[base + dz * coarse_plane + dy, k]
                        for x in range(line.size):
                            line[x] += weight * row[x]
                target = fine[z * plane + y, k]
                if fx == 1:
                    for x in range(1, n + 1):
                        target[x] += line[x] if free[x] > 0 else 0 * half
                else:
                    for x in range((n + 1) // 2):
                        spread[2 * x + 1] = line[x + 1]
                        spread[2 * x + 2] = half * (line[x + 1] + line[x + 2])
                    for x in range(1, n + 1):
                        target[x] += spread[x] if free[x] > 0 else 0 * half


@compiled
def coarsen(first, last, a, fine_plane, b, coarse_grid, starts, strides, places, weights):
    """Galerkin product along one axis, see `galerkin_terms`, for coarse rows.

    `starts` and `strides` along z, y and x take a coarse node to the fine one at its place.
    """
    z0, z1, plane, _, n = coarse_grid
    for z in range(z0, z1):
        for y in range(first, last):
            base = (starts[0] + strides[0] * (z - z0)) * fine_plane + 1 + strides[1] * (y - 1)
            target = b[z * plane + y]
            target[:] = 0
            for t in range(weights.size):
                row = base + places[t, 2]
                if row < 0:
                    continue
                weight = weights[t]
                source, to = a[row, places[t, 1]], target[places[t, 0]]
                dx = places[t, 3]
                if strides[2] == 1:
                    values = source[1 + dx : 1 + dx + n]
                    for x in range(n):
                        to[x + 1] += weight * values[x]
                else:
                    low = 1 if dx < -1 else 0
                    high = min(n, (source.size - 2 - dx) // 2 + 1)
                    values, coarse = source[2 * low + 1 + dx :], to[low + 1 : high + 1]
                    for x in range(high - low):
                        coarse[x] += weight * values[2 * x]


@compiled
def invert_diagonal(first, last, a, inverse, grid):
    """Inverse diagonal, zero where there is none."""
    z0, z1, plane, _, n = grid
    for z in range(z0, z1):
        for y in range(first, last):
            source, target = a[z * plane + y, 0], inverse[z * plane + y, 0]
            for x in range(1, n + 1):
                target[x] = 1 / source[x] if source[x] > 0 else 0 * source[x]


@compiled
def fill(first, last, stencil, free, offsets, scale, a, grid):
    """Coefficients between free nodes of a stencil, shape (H, Z, Y, X), times `scale`."""
    z0, z1, plane, _, n = grid
    for z in range(z1 - z0):
        for y in range(first - 1, last - 1):
            row = (z + z0) * plane + y + 1
            for h in range(offsets.shape[0]):
                zq, yq, dx = z + offsets[h, 0], y + offsets[h, 1], offsets[h, 2]
                target = a[row, h]
                if not (0 <= zq < free.shape[0] and 0 <= yq < free.shape[1]):
                    target[:] = 0
                    continue
                low, high = max(0, -dx), n - max(0, dx)
                here, there = free[z, y, low:high], free[zq, yq, low + dx : high + dx]
                source, values = stencil[h, z, y, low:high], target[1 + low : 1 + high]
                for x in range(source.size):
                    values[x] = scale * source[x] if here[x] & there[x] else 0.0


@compiled
def add(first, last, potentials, x, grid):
    """Add a field to nodal fields of shape (K, Z, Y, X) and clear it."""
    z0, z1, plane, _, n = grid
    for z in range(z1 - z0):
        for y in range(first - 1, last - 1):
            for k in range(potentials.shape[0]):
                target, values = potentials[k, z, y], x[(z + z0) * plane + y + 1, k]
                for j in range(n):
                    target[j] += values[j + 1]
                values[:] = 0


@compiled
def place(first, last, values, free, field, grid):
    """A field from nodal fields of shape (K, Z, Y, X), zero where nodes are not free."""
    z0, z1, plane, _, n = grid
    for z in range(z1 - z0):
        for y in range(first - 1, last - 1):
            inside = free[z, y]
            for k in range(values.shape[0]):
                source, target = values[k, z, y], field[(z + z0) * plane + y + 1, k]
                for x in range(n):
                    target[x + 1] = source[x] if inside[x] else 0 * source[x]
