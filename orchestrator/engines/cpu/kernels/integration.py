"""Compiled kernels of the demagnetizing tensor, see `demag_tensor`."""

from __future__ import annotations

import math

from orchestrator.engines.cpu.kernels.compiled import compiled
from orchestrator.engines.cpu.kernels.convolution import XY, XZ, YZ


@compiled
def integrate_line(y, z, size, accuracy, line):
    """The tensor between a cell and those at (x, y, z), x = 0, 1, ..., into `line`."""
    shortest = min(size[0], min(size[1], size[2]))
    gap_y, gap_z = max(y - 1, 0) * size[1], max(z - 1, 0) * size[2]
    for x in range(line.shape[1]):
        gap_x = max(x - 1, 0) * size[0]
        gap = math.sqrt(gap_x * gap_x + gap_y * gap_y + gap_z * gap_z)
        piece = (gap if gap > 0 else shortest) / accuracy
        at = (x, y, z)
        for source in range(3):
            v, w = (source + 1) % 3, (source + 2) % 3
            along, across, third = _integrate_faces(
                at[source] * size[source], at[v] * size[v], at[w] * size[w],
                size[source], size[v], size[w], piece,
            )  # fmt: skip
            line[source, x] = along
            if source == 0:
                line[XY, x] = across
                line[XZ, x] = third
            elif source == 1:
                line[YZ, x] = across


@compiled
def _pieces(length, piece):
    return int(max(length / piece, 1.0) + 0.5)


@compiled
def _multiplicity(k, n):
    """In how many ways k = 2 i - j with i < n, j < 2 n."""
    low, high = (k + 1) // 2, (2 * n - 1 + k) // 2
    return min(n - 1, high) - max(0, low) + 1


@compiled
def _integrate_faces(u, v, w, cu, cv, cw, piece):
    """Mean field (u, v, w) in a cell at (u, v, w), of charges on the two faces normal to u."""
    nu, nv, nw = _pieces(cu, piece), _pieces(cv, piece), _pieces(cw, piece)
    fu, fv, fw = 0.0, 0.0, 0.0
    for i in range(1 - 2 * nv, 2 * nv - 1):
        rv = v + cv * (i + 0.5) / (2 * nv)
        mv = _multiplicity(i, nv)
        for j in range(1 - 2 * nw, 2 * nw - 1):
            rw = w + cw * (j + 0.5) / (2 * nw)
            weight = mv * _multiplicity(j, nw)
            flat = rv * rv + rw * rw
            for k in range(nu):
                middle = u + cu * ((k + 0.5) / nu - 0.5)
                near, far = middle - 0.5 * cu, middle + 0.5 * cu
                square = near * near + flat
                positive = weight / (square * math.sqrt(square))
                square = far * far + flat
                negative = weight / (square * math.sqrt(square))
                fu += near * positive - far * negative
                fv += rv * (positive - negative)
                fw += rw * (positive - negative)
    scale = cv * cw / (4 * math.pi * nu * (2.0 * nv * nv) * (2.0 * nw * nw))
    return fu * scale, fv * scale, fw * scale
