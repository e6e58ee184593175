"""Compiled kernels of the steppers: weighted sums of stages and their largest vector.

They go through the cells in blocks that stay in the first-level cache, three stages at a time.
"""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.kernels.compiled import compiled

_ZERO = np.float32(0)
_ONE = np.float32(1)
_BLOCK = 512


@compiled
def _used(weights):
    """Indices of the weights that are not zero, the last one repeated up to a multiple of 3."""
    found = np.zeros(weights.size + 3, np.int64)
    count = 0
    for k in range(weights.size):
        if weights[k] != _ZERO:
            found[count] = k
            count += 1
    padded = (count + 2) // 3 * 3
    for k in range(count, padded):
        found[k] = found[count - 1]
    return found, count, padded


@compiled
def _add_stages(to, at, stages, size, o, n, weights, h, found, count, padded):
    """to += h sum_k weights[k] stages[k] for n numbers from offset o of each stage."""
    for k in range(0, padded, 3):
        a = np.uint64(found[k]) * size + o
        b = np.uint64(found[k + 1]) * size + o
        c = np.uint64(found[k + 2]) * size + o
        wa = h * weights[found[k]]
        wb = h * weights[found[k + 1]] if k + 1 < count else _ZERO
        wc = h * weights[found[k + 2]] if k + 2 < count else _ZERO
        for x in range(n):
            to[at + x] += wa * stages[a + x] + wb * stages[b + x] + wc * stages[c + x]


@compiled
def combine(m0, stages, weights, h, normalize, first, last, out):
    """out = m0 + h sum_k weights[k] stages[k], normalized if asked for; vacuum stays zero."""
    nx = m0.shape[3]
    start, state, sums = m0.reshape(-1), stages.reshape(-1), out.reshape(-1)
    cells, size = np.uint64(m0.size // 3), np.uint64(m0.size)
    found, count, padded = _used(weights)
    for begin in range(first * nx, last * nx, _BLOCK):
        n = np.uint64(min(_BLOCK, last * nx - begin))
        o = np.uint64(begin)
        for c in range(3):
            at = np.uint64(c) * cells + o
            for x in range(n):
                sums[at + x] = start[at + x]
            _add_stages(sums, at, state, size, at, n, weights, h, found, count, padded)
        if normalize:
            p, q = o + cells, o + cells + cells
            for x in range(n):
                a, b, c = sums[o + x], sums[p + x], sums[q + x]
                square = a * a + b * b + c * c
                f = _ONE / np.sqrt(square) if square > _ZERO else _ZERO
                sums[o + x], sums[p + x], sums[q + x] = f * a, f * b, f * c


@compiled
def largest(stages, weights, first, last):
    """Largest length over the cells of sum_k weights[k] stages[k]; NaN if there is one."""
    nx = stages.shape[4]
    state = stages.reshape(-1)
    size = np.uint64(state.size // stages.shape[0])
    cells, block = size // np.uint64(3), np.uint64(_BLOCK)
    found, count, padded = _used(weights)
    sums = np.empty(3 * _BLOCK, np.float32)
    squares = np.zeros(_BLOCK, np.float32)
    bits = squares.view(np.int32)
    top = np.zeros(1, np.int32)
    for begin in range(first * nx, last * nx, _BLOCK):
        n = np.uint64(min(_BLOCK, last * nx - begin))
        sums[:] = _ZERO
        for c in range(3):
            at = np.uint64(c) * block
            o = np.uint64(c) * cells + np.uint64(begin)
            _add_stages(sums, at, state, size, o, n, weights, _ONE, found, count, padded)
        for x in range(n):
            a, b, c = sums[x], sums[block + x], sums[block + block + x]
            squares[x] = a * a + b * b + c * c
        # as integers, positive floats have the same order, NaN above all
        most = np.int32(0)
        for x in range(n):
            most = max(most, np.int32(bits[x] & np.int32(0x7FFFFFFF)))
        top[0] = max(top[0], most)
    return np.sqrt(top.view(np.float32)[0])
