"""Compiled kernels of the steepest descent, see `minimize`."""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.kernels.compiled import compiled


@compiled
def descend(m, k, h, out):
    """m' for every cell, all (3, N)."""
    for i in range(m.shape[1]):
        square = h * h * (k[0, i] * k[0, i] + k[1, i] * k[1, i] + k[2, i] * k[2, i])
        scale = np.float32(1) / (np.float32(4) + square)
        for c in range(3):
            out[c, i] = scale * ((np.float32(4) - square) * m[c, i] + np.float32(4) * h * k[c, i])


@compiled
def changes(before, torque_before, after, torque_after):
    """dm.dm, dm.dk, dk.dk and the largest |dm|; float64 sums."""
    dm_dm = dm_dk = dk_dk = top = 0.0
    for i in range(before.shape[1]):
        square = 0.0
        for c in range(3):
            dm = after[c, i] - before[c, i]
            dk = torque_before[c, i] - torque_after[c, i]
            square += dm * dm
            dm_dk += dm * dk
            dk_dk += dk * dk
        dm_dm += square
        top = max(top, square)
    return dm_dm, dm_dk, dk_dk, np.sqrt(top)


@compiled
def normalize(m):
    for i in range(m.shape[1]):
        square = m[0, i] * m[0, i] + m[1, i] * m[1, i] + m[2, i] * m[2, i]
        if square > 0:
            scale = np.float32(1) / np.sqrt(square)
            for c in range(3):
                m[c, i] *= scale
