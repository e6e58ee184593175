"""Geometric nested dissection: an elimination order of the nodes of a regular grid.

A. George, "Nested dissection of a regular finite element mesh", SIAM J. Numer. Anal. 10 (1973).
"""

from __future__ import annotations

import numpy as np

LEAF = 24
"""Boxes of at most this many nodes are not divided any further."""


def nested_dissection(shape: tuple[int, ...]) -> np.ndarray:
    """Flat indices of the nodes of a grid in the order of their elimination.

    The longest axis is halved by a separating plane of nodes, which comes last; both halves are
    divided in the same way. Boxes of equal shape share one result.

    Parameters
    ----------
    shape : tuple of int
        Number of nodes along the array axes.
    """
    known: dict[tuple[int, ...], np.ndarray] = {}
    order = _order(tuple(shape), known)
    return np.ravel_multi_index(tuple(order.T), shape)


def _order(shape: tuple[int, ...], known: dict[tuple[int, ...], np.ndarray]) -> np.ndarray:
    if shape not in known:
        axis = int(np.argmax(shape))
        n = shape[axis]
        if np.prod(shape) <= LEAF or n < 3:
            known[shape] = np.argwhere(np.ones(shape, bool))
        else:
            middle = n // 2
            parts = []
            for start, length in ((0, middle), (middle + 1, n - middle - 1), (middle, 1)):
                part = _order((*shape[:axis], length, *shape[axis + 1 :]), known).copy()
                part[:, axis] += start
                parts.append(part)
            known[shape] = np.concatenate(parts)
    return known[shape]
