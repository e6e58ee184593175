"""Compiled kernels between cells and nodes: tensors, assembly, products in double, currents.

Like `orchestrator.transport.kernels` they work on the rows `first` to `last` of each plane.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from orchestrator.base.compilation import compiled_from

compiled = compiled_from([Path(__file__)], fastmath=True)
exactly = compiled_from([Path(__file__)])
"""Rounds as numpy does and knows NaN."""


@exactly
def find_conducting(first, last, m, tolerance, conducting, wrong):
    """Mask of the vectors m that are not zero, and how many of a row are not of unit length either.

    `m` has shape (nz, ny, nx, 3), `wrong` (nz, ny).
    """
    for z in range(m.shape[0]):
        for y in range(first, last):
            row, mask, count = m[z, y], conducting[z, y], 0
            for x in range(row.shape[0]):
                norm = np.sqrt(
                    row[x, 0] * row[x, 0] + row[x, 1] * row[x, 1] + row[x, 2] * row[x, 2]
                )
                some = norm != 0
                mask[x] = some
                count += some and not abs(norm - 1) <= tolerance
            wrong[z, y] = count


@compiled
def _spread(field, z, y, row):
    """Row (z, y) of a field, or of one that has a single element."""
    if field.size == 1:
        row[:] = field[0, 0, 0]
    else:
        row[:] = field[z, y]


@exactly
def tensors(first, last, m, pairs, across, difference, hall, conducting, symmetric, skew):
    """Conductivity tensors, for rows of cells.

    `m` has shape (nz, ny, nx, 3), `conducting` (nz, ny, nx); `across`, `difference` and `hall` too,
    or they have a single element. `symmetric` has the components `pairs`, `skew` none or those of
    the last axes of m.
    """
    layers, _, length, _ = m.shape
    vector, factor = np.empty((3, length)), np.empty(length)
    diagonal = np.empty(length)
    for z in range(layers):
        for y in range(first, last):
            row, mask = m[z, y], conducting[z, y]
            for c in range(3):
                target = vector[c]
                for x in range(length):
                    target[x] = row[x, c]
            _spread(across, z, y, diagonal)
            for x in range(length):
                diagonal[x] = diagonal[x] if mask[x] else 0.0
            _spread(difference, z, y, factor)
            for s in range(pairs.shape[0]):
                a, b, target = vector[pairs[s, 0]], vector[pairs[s, 1]], symmetric[s, z, y]
                for x in range(length):
                    target[x] = a[x] * b[x] * factor[x]
                if pairs[s, 0] == pairs[s, 1]:
                    for x in range(length):
                        target[x] += diagonal[x]
            _spread(hall, z, y, factor)
            for s in range(skew.shape[0]):
                a, target = vector[3 - skew.shape[0] + s], skew[s, z, y]
                for x in range(length):
                    target[x] = a[x] * factor[x]


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
def _row(coefficients, low, steps, u, z, y, out):
    """Row (z, y) of a matrix times a nodal field.

    The matrix is given by half of its neighbors, `coefficients` of shape (H, Z, Y, X), and is
    symmetric (`low` = 1) or antisymmetric (-1). Beyond the grid they are zero, so neighbors there
    may be taken from its other side.
    """
    layers, rows, length = u.shape
    own, right, here = coefficients[0, z, y], coefficients[1, z, y], u[z, y]
    end = length - 1
    out[0] = own[0] * here[0] + right[0] * here[1]
    for x in range(1, end):
        out[x] = own[x] * here[x] + right[x] * here[x + 1] + low * right[x - 1] * here[x - 1]
    out[end] = own[end] * here[end] + low * right[end - 1] * here[end - 1]
    for g in range(steps.shape[0]):
        dz, dy = steps[g]
        up, along = (z + dz) % layers, (y + dy) % rows
        down, back = (z - dz) % layers, (y - dy) % rows
        c, w, v = 2 + 3 * g, u[up, along], u[down, back]
        a0, a1, a2 = coefficients[c, z, y], coefficients[c + 1, z, y], coefficients[c + 2, z, y]
        b0, b1 = coefficients[c, down, back], coefficients[c + 1, down, back]
        b2 = coefficients[c + 2, down, back]
        out[0] += a1[0] * w[0] + a2[0] * w[1] + low * (b0[1] * v[1] + b1[0] * v[0])
        for x in range(1, end):
            out[x] += (
                a0[x] * w[x - 1]
                + a1[x] * w[x]
                + a2[x] * w[x + 1]
                + low * (b0[x + 1] * v[x + 1] + b1[x] * v[x] + b2[x - 1] * v[x - 1])
            )
        out[end] += a0[end] * w[end - 1] + a1[end] * w[end]
        out[end] += low * (b1[end] * v[end] + b2[end - 1] * v[end - 1])


@compiled
def _image(symmetric, skew, sign, steps, u, z, y, out, spare):
    """Row (z, y) of (S + sign T) u; `spare` is another row."""
    _row(symmetric, 1.0, steps, u, z, y, out)
    if sign != 0:
        _row(skew, -1.0, steps, u, z, y, spare)
        for x in range(out.size):
            out[x] += sign * spare[x]


@compiled
def multiply(first, last, symmetric, skew, sign, steps, u, out):
    """out = (S + sign T) u for a matrix given by half of its neighbors, for rows of nodes.

    `symmetric` and `skew`, shape (H, Z, Y, X), hold the parts S and T of the elements (p, p + o)
    for half of the offsets o; `steps`, shape (1 or 4, 2), the rows (z, y) from p to p + o of those
    after the first two; `u` has shape (K, Z, Y, X).
    """
    count, layers, _, length = u.shape
    spare = np.empty(length)
    for z in range(layers):
        for y in range(first, last):
            for k in range(count):
                _image(symmetric, skew, sign, steps, u[k], z, y, out[k, z, y], spare)


@compiled
def load(first, last, symmetric, skew, sign, steps, u, source, factor, free, scale, f, grid, sums):
    """f = scale (factor source - (S + sign T) u) on the free nodes, for rows of nodes.

    `f` is a field as `orchestrator.transport.layout` says and `grid` its own, `sums`, shape
    (Z, Y, K), u_k^T (S + sign T) u_k.
    """
    count, layers, _, length = u.shape
    image, spare = np.empty(length), np.empty(length)
    for z in range(layers):
        for y in range(first, last):
            inside = free[z, y]
            for k in range(count):
                _image(symmetric, skew, sign, steps, u[k], z, y, image, spare)
                values, given, total = u[k, z, y], source[k, z, y], 0.0
                target = f[(z + grid[0]) * grid[2] + y + 1, k, 1 : length + 1]
                for x in range(length):
                    total += values[x] * image[x]
                sums[z, y, k] = total
                for x in range(length):
                    r = scale * (factor * given[x] - image[x])
                    target[x] = r if inside[x] else 0.0


@compiled
def energies(first, last, symmetric, skew, sign, steps, v, u, sums):
    """v_k^T (S + sign T) u_l of all k and l in `sums`, shape (Z, Y, K, K), for rows of nodes."""
    count, layers, _, length = u.shape
    image, spare = np.empty(length), np.empty(length)
    for z in range(layers):
        for y in range(first, last):
            for l in range(count):
                _image(symmetric, skew, sign, steps, u[l], z, y, image, spare)
                for k in range(count):
                    values, total = v[k, z, y], 0.0
                    for x in range(length):
                        total += values[x] * image[x]
                    sums[z, y, k, l] = total


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
