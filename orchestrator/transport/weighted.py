"""Kernels for interpolation that knows where the film conducts.

Films with holes and slits need it: interpolation by halves carries corrections across them, however
narrow they are. Here a node between two coarse ones takes them by the conductances towards them
(J. Dendy, J. Comput. Phys. 48, 366 (1982)), one axis after the other: first along x on the fine
grid, then along y on what is left, then along z. `w` holds the share of the lower neighbor; the
other one has the rest. Beside contacts, whose nodes are not free, both have a half.

Like `orchestrator.transport.kernels` they work on the rows `first` to `last` of each plane.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from orchestrator.base.compilation import compiled_from

compiled = compiled_from([Path(__file__)], fastmath=True)

SHARES = np.array([[1.0, -1.0], [1.0, 0.0], [0.0, 1.0]], np.float32)
"""Share of a fine node in a coarse one, a + b w: one before it, at its place, one after it."""


@compiled
def weigh(first, last, a, grid, offsets, axis, w):
    """Shares along an axis of the nodes between two coarse ones.

    `offsets`, shape (H, 3): half_offsets as (z, y, x).
    """
    z0, z1, plane, _, n = grid
    for z in range(z0, z1):
        for y in range(first, last):
            if (axis == 0 and (z - z0) % 2 == 0) or (axis == 1 and y % 2 == 1):
                continue
            i, target = z * plane + y, w[z * plane + y, 0]
            for x in range(2, n + 1, 2) if axis == 2 else range(1, n + 1):
                diagonal = a[i, 0, x]
                total, low, high = diagonal, 0 * diagonal, 0 * diagonal
                for h in range(1, offsets.shape[0]):
                    rows, dx = offsets[h, 0] * plane + offsets[h, 1], offsets[h, 2]
                    there, back = a[i, h, x], a[i - rows, h, x - dx]
                    total += there + back
                    if offsets[h, axis] > 0:
                        high -= there
                        low -= back
                    elif offsets[h, axis] < 0:
                        low -= there
                        high -= back
                low, high = max(low, 0 * low), max(high, 0 * high)
                inside = total < 1e-4 * diagonal and low + high > 1e-6 * diagonal
                target[x] = low / (low + high) if inside else 0.5


@compiled
def restrict(first, last, fine, fine_grid, coarse, coarse_grid, factors, shares, w0, w1, w2):
    """Sum of a fine field weighted with the shares of coarse nodes, for coarse rows."""
    fz, fy, fx = factors
    fz0, _, fine_plane, _, _ = fine_grid
    z0, z1, plane, _, n = coarse_grid
    none = np.zeros(coarse.shape[2], coarse.dtype)
    line = np.zeros(coarse.shape[2], coarse.dtype)
    for z in range(z0, z1):
        for y in range(first, last):
            for k in range(fine.shape[1]):
                line[:] = 0
                for dz in range(1 - fz, fz):
                    zf = fz * (z - z0) + fz0 + dz
                    pz, qz = shares[dz + 1]
                    across = w0[zf * plane + y, 0] if dz != 0 else none
                    for dy in range(1 - fy, fy):
                        i = zf * fine_plane + fy * (y - 1) + 1 + dy
                        py, qy = shares[dy + 1]
                        along = w1[i, 0] if dy != 0 else none
                        row = fine[i, k]
                        if fx == 1:
                            for x in range(1, n + 1):
                                share = (pz + qz * across[x]) * (py + qy * along[x])
                                line[x] += share * row[x]
                        else:
                            wx = w2[i, 0]
                            for x in range(1, n + 1):
                                c = 2 * x - 1
                                value = row[c] + row[c - 1] - wx[c - 1] * row[c - 1]
                                value += wx[c + 1] * row[c + 1]
                                share = (pz + qz * across[x]) * (py + qy * along[x])
                                line[x] += share * value
                coarse[z * plane + y, k, 1 : n + 1] = line[1 : n + 1]


@compiled
def prolong(
    first, last, coarse, coarse_grid, fine, fine_grid, factors, shares, inverse, w0, w1, w2
):
    """Add the interpolated coarse field to a fine one on the free nodes, for fine rows."""
    fz, fy, fx = factors
    z0, z1, plane, _, n = fine_grid
    cz0, _, coarse_plane, _, _ = coarse_grid
    none = np.zeros(coarse.shape[2], coarse.dtype)
    line = np.zeros(coarse.shape[2], coarse.dtype)
    for z in range(z0, z1):
        zc, odd_z = divmod(z - z0, fz)
        for y in range(first, last):
            yc, odd_y = divmod(y - 1, fy)
            i = z * plane + y
            free, wx = inverse[i, 0], w2[i % w2.shape[0], 0]
            for k in range(fine.shape[1]):
                line[:] = 0
                for dy in range(odd_y + 1):
                    py, qy = shares[1 + odd_y - 2 * dy]
                    along = w1[i, 0] if odd_y else none
                    for dz in range(odd_z + 1):
                        pz, qz = shares[1 + odd_z - 2 * dz]
                        across = w0[z * coarse_plane + yc + 1 + dy, 0] if odd_z else none
                        row = coarse[(zc + cz0 + dz) * coarse_plane + yc + 1 + dy, k]
                        for x in range(line.size):
                            share = (pz + qz * across[x]) * (py + qy * along[x])
                            line[x] += share * row[x]
                target = fine[i, k]
                if fx == 1:
                    for x in range(1, n + 1):
                        target[x] += line[x] if free[x] > 0 else 0 * line[x]
                else:
                    for x in range(1, n + 1, 2):
                        here = line[x // 2 + 1]
                        target[x] += here if free[x] > 0 else 0 * here
                    for x in range(2, n + 1, 2):
                        low, high = line[x // 2], line[x // 2 + 1]
                        value = high + wx[x] * (low - high)
                        target[x] += value if free[x] > 0 else 0 * value


@compiled
def coarsen(first, last, a, fine_plane, b, coarse_grid, starts, strides, places, ends, shares, w):
    """Galerkin product along one axis, see `galerkin_terms`, for coarse rows.

    `starts` and `strides` along z, y and x take a coarse node to the fine one at its place.
    """
    z0, z1, plane, _, n = coarse_grid
    size = a.shape[2]
    for z in range(z0, z1):
        for y in range(first, last):
            base = (starts[0] + strides[0] * (z - z0)) * fine_plane + 1 + strides[1] * (y - 1)
            target = b[z * plane + y]
            target[:] = 0
            for t in range(places.shape[0]):
                row, p, q = base + places[t, 2], base + ends[t, 1], base + ends[t, 4]
                if min(row, p, q) < 0 or max(row, p, q) >= a.shape[0]:
                    continue
                source, to = a[row, places[t, 1]], target[places[t, 0]]
                own, other = w[p, 0], w[q, 0]
                p0, p1 = shares[ends[t, 0] + 1]
                q0, q1 = shares[ends[t, 3] + 1]
                dx, dp, dq = places[t, 3], ends[t, 2], ends[t, 5]
                lowest, highest = min(dx, dp, dq), max(dx, dp, dq)
                step = strides[2]
                for x in range(n):
                    c = step * x + 1
                    if c + lowest >= 0 and c + highest < size:
                        share = (p0 + p1 * own[c + dp]) * (q0 + q1 * other[c + dq])
                        to[x + 1] += share * source[c + dx]
