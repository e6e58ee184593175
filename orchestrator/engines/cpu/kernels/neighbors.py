"""Compiled kernels that look at the neighbors of every cell once, see `couplings`."""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.kernels.compiled import compiled

_ZERO = np.float32(0)


@compiled
def couple(cells, periodic, regions, vacuum, table, factors, out):
    size, stride = regions.size, 1
    for axis in range(factors.size):
        n = cells[axis]
        for here in range(size):
            there, joined = here + stride, True
            if here // stride % n == n - 1:
                there, joined = there - n * stride, periodic[axis]
            value = _ZERO
            if joined and not vacuum[here] and not vacuum[there]:
                value = np.float32(factors[axis] * table[regions[here], regions[there]])
            out[axis * size + here] = value
        stride *= n


@compiled
def count_missing(cells, periodic, vacuum, axes, out):
    stride = 1
    for axis in range(axes):
        n = cells[axis]
        for here in range(vacuum.size):
            if vacuum[here]:
                continue
            k = here // stride % n
            for step in (-1, 1):
                there, joined = here + step * stride, True
                if k + step < 0 or k + step == n:
                    there, joined = there - step * n * stride, periodic[axis]
                if not joined or vacuum[there]:
                    out[here] += 1 << 2 * axis
        stride *= n
