"""Compiled kernels between cells and nodes: assembly, products in double precision, currents.

Like `orchestrator.transport.kernels` they work on the rows `first` to `last` of each plane.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from orchestrator.base.compilation import compiled_from

compiled = compiled_from([Path(__file__)], fastmath=True)


@compiled
def assemble(first, last, integrals, corners, sigma, out):
    """Sum of the element matrices, for rows of nodes.

    `integrals`, shape (C, P), holds the element matrices of unit components of the conductivity at
    P pairs of corners; `corners`, shape (P, 4), the number of the offset between the two corners
    and the place (z, y, x) of the first in the cell; `sigma` has shape (C, Z, Y, X), `out` shape
    (H, Z + 1 or 1, Y + 1, X + 1).
    """
    layers, rows, length = sigma.shape[1:]
    for z in range(out.shape[1]):
        for y in range(first, last):
            out[:, z, y] = 0
            for p in range(corners.shape[0]):
                zc, yc, dx = z - corners[p, 1], y - corners[p, 2], corners[p, 3]
                if not (0 <= zc < layers and 0 <= yc < rows):
                    continue
                target = out[corners[p, 0], z, y, dx : dx + length]
                if sigma.shape[0] == 3:
                    c0, c1, c2 = integrals[0, p], integrals[1, p], integrals[2, p]
                    s0, s1, s2 = sigma[0, zc, yc], sigma[1, zc, yc], sigma[2, zc, yc]
                    for x in range(length):
                        target[x] += c0 * s0[x] + c1 * s1[x] + c2 * s2[x]
                else:
                    for c in range(sigma.shape[0]):
                        factor, source = integrals[c, p], sigma[c, zc, yc]
                        for x in range(length):
                            target[x] += factor * source[x]


@compiled
def multiply(first, last, symmetric, skew, sign, offsets, u, out):
    """out = (S + sign T) u for a matrix given by half of its neighbors, for rows of nodes.

    `symmetric` and `skew`, shape (H, Z, Y, X), hold the parts S and T of the elements (p, p + o)
    for the offsets o, shape (H, 3), the first of which is zero; `u` has shape (K, Z, Y, X).
    """
    count, layers, rows, length = u.shape
    for z in range(layers):
        for y in range(first, last):
            own = symmetric[0, z, y]
            for k in range(count):
                here, mine = u[k, z, y], out[k, z, y]
                for x in range(length):
                    mine[x] = own[x] * here[x]
            for h in range(1, offsets.shape[0]):
                dz, dy, dx = offsets[h]
                begin, end = max(0, -dx), length - max(0, dx)
                if z + dz < layers and 0 <= y + dy < rows:
                    s = symmetric[h, z, y, begin:end]
                    t = skew[h, z, y, begin:end] if sign != 0 else s
                    for k in range(count):
                        values = u[k, z + dz, y + dy, begin + dx : end + dx]
                        mine = out[k, z, y, begin:end]
                        for x in range(end - begin):
                            mine[x] += (s[x] + sign * t[x]) * values[x]
                if z >= dz and 0 <= y - dy < rows:
                    s = symmetric[h, z - dz, y - dy, begin:end]
                    t = skew[h, z - dz, y - dy, begin:end] if sign != 0 else s
                    for k in range(count):
                        values = u[k, z - dz, y - dy, begin:end]
                        mine = out[k, z, y, begin + dx : end + dx]
                        for x in range(end - begin):
                            mine[x] += (s[x] - sign * t[x]) * values[x]


@compiled
def currents(first, last, phi, gradient, sigma, pairs, hall, hall_pairs, out):
    """j = -Sigma times the average gradient, for rows of cells.

    `phi` has shape (Z, Y, X) of the nodes, `gradient` (d, 2^d), `sigma` and `hall` (components,
    *cells) with their index pairs, `out` (nz, ny, nx, 3).
    """
    d, corners = gradient.shape
    layers, _, length, _ = out.shape
    slopes, flow = np.empty((d, length)), np.empty((3, length))
    for z in range(layers):
        for y in range(first, last):
            slopes[:] = 0
            flow[:] = 0
            for c in range(corners):
                row = phi[z + c // 4, y + c // 2 % 2, c % 2 : c % 2 + length]
                for b in range(d):
                    factor, slope = gradient[b, c], slopes[b]
                    for x in range(length):
                        slope[x] += factor * row[x]
            for s in range(pairs.shape[0]):
                a, b, row = pairs[s, 0], pairs[s, 1], sigma[s, z, y]
                for x in range(length):
                    flow[a, x] -= row[x] * slopes[b, x]
                if a != b:
                    for x in range(length):
                        flow[b, x] -= row[x] * slopes[a, x]
            for s in range(hall_pairs.shape[0]):
                a, b, row = hall_pairs[s, 0], hall_pairs[s, 1], hall[s, z, y]
                for x in range(length):
                    flow[a, x] -= row[x] * slopes[b, x]
                for x in range(length):
                    flow[b, x] += row[x] * slopes[a, x]
            for x in range(length):
                for a in range(3):
                    out[z, y, x, a] = flow[a, x]
